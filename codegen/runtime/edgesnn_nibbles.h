/* SPDX-License-Identifier: MIT-0
 *
 * Dense rows of four bits a weight, two weights to a byte, added without unpacking them.
 *
 * A word holds eight biased weights of 0 ... 14. Words are summed whole, and once more with the
 * upper nibbles alone: odd += (word >> 4) & 0x0f0f0f0f. The lower nibbles' sums are then
 * whole - (odd << 4), which is exact since additions of 32 bits wrap. Eighteen events fit a
 * byte (18 * 14 = 252); after sixteen the sums are widened into lanes. With the DSP extension
 * that is assembly (edgesnn_nibbles_dsp.h).
 */
#ifndef EDGESNN_NIBBLES_H
#define EDGESNN_NIBBLES_H

#include "edgesnn_rows.h"

#if defined(EDGESNN_COMPACT)
/* Add the rows of all events to the sums of the next tile, which is `tile`. */
EDGESNN_INLINE void edgesnn_add_rows4(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t tile,
                                      uint32_t *sum)
{
    (void)tile;
    edgesnn_add_rows(rows, events, sum);
}
#elif EDGESNN_DSP
#include "edgesnn_nibbles_dsp.h"

/* Add the rows of all events to the sums of tile `tile`. */
EDGESNN_INLINE void edgesnn_add_rows4(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t tile,
                                      uint32_t *sum)
{
    (void)rows;
    if (events->count != 0) {
        edgesnn_hear4(events->place, events->count, sum, &sum[EDGESNN_TILE_PAIRS], sum, 0,
                      8u * tile);
    }
}
#else
#define EDGESNN_NIBBLE_WORDS 2u /* of weights a tile */

/* Events that are summed before they are widened. */
#define EDGESNN_CHUNK 16u

/* Byte sums of one tile: byte 0 of a word belongs to a neuron, bytes 2, 1, 3 to the next ones. */
struct edgesnn_bytes {
    uint32_t word[4];
};

EDGESNN_INLINE void edgesnn_widen(const struct edgesnn_bytes *bytes, uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t at = 0; at < 4u; at++) {
        sum[2u * at] = edgesnn_add_even_bytes(sum[2u * at], bytes->word[at]);
        sum[2u * at + 1u] = edgesnn_add_odd_bytes(sum[2u * at + 1u], bytes->word[at]);
    }
}

/* Events `first` up to `first + EDGESNN_CHUNK` of a list. */
EDGESNN_INLINE struct edgesnn_list edgesnn_chunk(const struct edgesnn_list *events, uint32_t first)
{
    const uint32_t left = events->count - first;
    const uint32_t count = left < EDGESNN_CHUNK ? left : EDGESNN_CHUNK;
    return (struct edgesnn_list){&events->place[first], count};
}

#define EDGESNN_NEXT_NIBBLES (EDGESNN_NEXT_TILE * EDGESNN_NIBBLE_WORDS / EDGESNN_TILE_WORDS)

/* Add one event to the whole sums and to those of the upper nibbles. */
EDGESNN_INLINE void edgesnn_add_nibbles(const struct edgesnn_rows *rows, uint32_t *place,
                                        uint32_t *whole, uint32_t *odd)
{
    const uint32_t *const word = edgesnn_words_at(rows, *place);
    EDGESNN_UNROLL
    for (uint32_t at = 0; at < EDGESNN_NIBBLE_WORDS; at++) {
        whole[at] += word[at];
        odd[at] += word[at] >> 4 & 0x0f0f0f0fu;
    }
    *place += EDGESNN_NEXT_NIBBLES;
}

EDGESNN_INLINE void edgesnn_add_nibble_events(const struct edgesnn_rows *rows,
                                              const struct edgesnn_list *events, uint32_t *whole,
                                              uint32_t *odd)
{
    for (uint32_t event = 0; event < events->count; event++) {
        edgesnn_add_nibbles(rows, &events->place[event], whole, odd);
    }
}

/* Byte sums of the rows of up to EDGESNN_CHUNK events onto one tile. */
EDGESNN_INLINE struct edgesnn_bytes edgesnn_sum_nibbles(const struct edgesnn_rows *rows,
                                                        const struct edgesnn_list *events)
{
    uint32_t whole[EDGESNN_NIBBLE_WORDS] = {0}, odd[EDGESNN_NIBBLE_WORDS] = {0};
    edgesnn_add_nibble_events(rows, events, whole, odd);
    return (struct edgesnn_bytes){
        {whole[0] - (odd[0] << 4), odd[0], whole[1] - (odd[1] << 4), odd[1]}};
}

/* Add the rows of all events to the sums of the next tile, which is `tile`. */
EDGESNN_INLINE void edgesnn_add_rows4(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t tile,
                                      uint32_t *sum)
{
    (void)tile;
    for (uint32_t next = 0; next < events->count; next += EDGESNN_CHUNK) {
        const struct edgesnn_list chunk = edgesnn_chunk(events, next);
        const struct edgesnn_bytes bytes = edgesnn_sum_nibbles(rows, &chunk);
        edgesnn_widen(&bytes, sum);
    }
}
#endif

#endif
