/* SPDX-License-Identifier: MIT-0
 *
 * The list of events of adaptive layers.
 */
#ifndef EDGESNN_ADAPTIVE_ROWS_H
#define EDGESNN_ADAPTIVE_ROWS_H

#include "edgesnn_membranes.h"

/* What edgesnn_list_spikes does, as one copy for all layers of several groups. `room` is what is
 * left of the list's last chunk. */
EDGESNN_SHARED void edgesnn_list_more(const struct edgesnn_rows *rows, const uint32_t *bitmap,
                                      uint32_t words, uint32_t first, struct edgesnn_list *list)
{
    const uint32_t chunk = rows->bits == 4u ? EDGESNN_CHUNK : 1u << 31;
    const uint32_t full = list->count != 0 && rows->bits == 4u ? (list->count - 1u) / EDGESNN_CHUNK
                                                                : 0;
    const uint32_t step = edgesnn_place_of_row(rows, 1) - edgesnn_place_of_row(rows, 0);
    uint32_t *place = &list->place[list->count + full], begun = 0;
    uint32_t room = chunk - (list->count - full * chunk);
    uint32_t start = edgesnn_place_of_row(rows, first);
    uint32_t *const before = place;
    for (const uint32_t *const end = bitmap + words; bitmap < end; bitmap++, start += 32u * step) {
        for (uint32_t bits = *bitmap; bits != 0; bits &= bits - 1u) {
            if (room == 0) {
                *place++ = EDGESNN_NOWHERE;
                begun++;
                room = chunk;
            }
            *place++ = start + edgesnn_lowest_bit(bits) * step;
            room--;
        }
    }
    *place = EDGESNN_NOWHERE;
    list->count += (uint32_t)(place - before) - begun;
}

#endif
