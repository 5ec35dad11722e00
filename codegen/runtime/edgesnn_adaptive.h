/* SPDX-License-Identifier: MIT-0
 *
 * Adaptive neurons of any kind in lanes: with a drive of their currents by the membrane, and
 * whatever u and a are clamped to. First the sums of all currents but the bias, tile by tile, then
 * membranes, adaptation currents and spikes, pair by pair (edgesnn_adaptive_pairs.h, which says why
 * that is the law). All layers of a network share this code.
 */
#ifndef EDGESNN_ADAPTIVE_H
#define EDGESNN_ADAPTIVE_H

#include "edgesnn_adaptive_pairs.h"
#include "edgesnn_membranes.h"

/* The sums of all tiles, each of which begins with `start`, where they stand. */
EDGESNN_INLINE void edgesnn_hear_tiles(uint32_t tiles, uint32_t start,
                                       const struct edgesnn_arrivals *arrivals, uint32_t *sums)
{
    const struct edgesnn_list *const events = &arrivals->events;
    uint32_t *const end = &sums[EDGESNN_TILE_PAIRS * tiles];
    for (uint32_t *sum = sums; sum < end; sum += EDGESNN_TILE_PAIRS) {
        EDGESNN_UNROLL
        for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
            sum[pair] = start;
        }
    }
    for (uint32_t *sum = sums; events->count != 0 && sum < end; sum += EDGESNN_TILE_PAIRS) {
        if (EDGESNN_DSP || arrivals->rows->bits == 8u) {
            edgesnn_add_rows8(arrivals->rows, events, sum);
        } else {
            edgesnn_add_rows4(arrivals->rows, events, (uint32_t)(sum - sums) / EDGESNN_TILE_PAIRS,
                              sum);
        }
    }
    for (uint32_t *sum = sums; !EDGESNN_DSP && sum < end; sum++) {
        *sum = edgesnn_lanes_of(*sum);
    }
}

/* The sums of `tiles` tiles as lanes: `sums`, or currents that there already are. */
EDGESNN_INLINE const uint32_t *edgesnn_hear(uint32_t tiles, const struct edgesnn_arrivals *arrivals,
                                            uint32_t *sums)
{
    const struct edgesnn_list *const events = &arrivals->events;
    const int32_t bias = events->count != 0 ? arrivals->rows->bias * (int32_t)events->count : 0;
    const uint32_t start = edgesnn_both(-bias);
    if (events->count == 0 && arrivals->drive == NULL && arrivals->kept != NULL) {
        return arrivals->kept;
    }
#if EDGESNN_DSP && !defined(EDGESNN_COMPACT)
    if (events->count != 0 && arrivals->rows->bits == 4u) {
        edgesnn_hear_rows4(events->place, events->count, sums, &sums[EDGESNN_TILE_PAIRS * tiles],
                           start);
    } else {
        edgesnn_hear_tiles(tiles, start, arrivals, sums);
    }
#else
    edgesnn_hear_tiles(tiles, start, arrivals, sums);
#endif
    edgesnn_add_lanes_of(arrivals->kept, EDGESNN_TILE_PAIRS * tiles, sums);
    edgesnn_add_lanes_of(arrivals->drive, EDGESNN_TILE_PAIRS * tiles, sums);
    return sums;
}

/* Quads: two pairs, a bit each in `still` where their step, were nothing to arrive, changes
 * nothing. Their bits are set when a quiet step was watched to be the identity without a spike, and
 * cleared by any arrival. */
#define EDGESNN_TILE_QUADS 4u

/* A step of the quads that are not still, run by run; in compact code of all, which is the same. */
static inline void edgesnn_step_awake(const struct edgesnn_adaptive *layer,
                                      const struct edgesnn_cells *cells, const uint32_t *sum)
{
#if defined(EDGESNN_COMPACT)
    edgesnn_step_pairs(layer, cells, sum, EDGESNN_SPAN(0, layer->pairs));
#else
    const uint32_t quads = layer->pairs / 2u;
    for (uint32_t word = 0; word < EDGESNN_WORDS(quads); word++) {
        const uint32_t left = quads - 32u * word;
        uint32_t awake = ~cells->still[word] & (left < 32u ? (1u << left) - 1u : ~0u);
        while (awake != 0) {
            const uint32_t first = edgesnn_lowest_bit(awake);
            const uint32_t beyond = awake + (1u << first);
            const uint32_t end = beyond != 0 ? edgesnn_lowest_bit(beyond) : 32u;
            edgesnn_step_pairs(layer, cells, sum,
                               EDGESNN_SPAN(64u * word + 2u * first, 64u * word + 2u * end));
            awake &= beyond;
        }
    }
#endif
}

/* A step of a tile; returns bits of its quads that are still, as those behind the last one are. */
static inline uint32_t edgesnn_watch_tile(const struct edgesnn_adaptive *layer,
                                          const struct edgesnn_cells *cells, const uint32_t *sum,
                                          uint32_t tile)
{
    const uint32_t first = EDGESNN_TILE_PAIRS * tile, next = first + EDGESNN_TILE_PAIRS;
    const uint32_t *const v = &cells->v[first], *const a = &cells->a[first];
    uint32_t before[2u * EDGESNN_TILE_PAIRS], still = 0;
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        before[2u * pair] = v[pair];
        before[2u * pair + 1u] = a[pair];
    }
    edgesnn_step_pairs(layer, cells, sum,
                       EDGESNN_SPAN(first, next < layer->pairs ? next : layer->pairs));
    const uint32_t fired = cells->spikes[tile / 2u] >> 16u * (tile % 2u);
    for (uint32_t quad = 0; quad < EDGESNN_TILE_QUADS; quad++) {
        const uint32_t *const was = &before[4u * quad];
        const uint32_t changed = (was[0] ^ v[2u * quad]) | (was[1] ^ a[2u * quad]) |
                                 (was[2] ^ v[2u * quad + 1u]) | (was[3] ^ a[2u * quad + 1u]) |
                                 (fired >> 4u * quad & 0xfu);
        still |= (uint32_t)(changed == 0) << quad;
    }
    return still;
}

/* A step of the tiles that are not still; returns what `rests` becomes. Where no further quad
 * turned out to be still, the next watch is put off. */
static inline uint8_t edgesnn_watch_tiles(const struct edgesnn_adaptive *layer,
                                          const struct edgesnn_cells *cells, const uint32_t *sum)
{
    uint32_t awake = 0, settled = 0;
    for (uint32_t tile = 0; tile < layer->tiles; tile++) {
        uint32_t *const still = &cells->still[tile / 8u];
        const uint32_t at = EDGESNN_TILE_QUADS * (tile % 8u), before = *still >> at & 0xfu;
        if (before != 0xfu) {
            const uint32_t now = edgesnn_watch_tile(layer, cells, sum, tile);
            *still ^= (before ^ now) << at;
            awake |= now ^ 0xfu;
            settled |= before ^ now;
        }
    }
    return awake == 0 ? EDGESNN_RESTS : settled != 0 ? EDGESNN_PATIENCE : 2u * EDGESNN_PATIENCE;
}

/* One step of a layer; see edgesnn_step_membranes. `sums` has room for a word a pair. */
EDGESNN_SHARED void edgesnn_step_adaptive(const struct edgesnn_adaptive *layer,
                                          const struct edgesnn_arrivals *arrivals, bool quiet,
                                          const struct edgesnn_cells *cells)
{
    edgesnn_clear_bitmap(cells->spikes, EDGESNN_WORDS(EDGESNN_TILE * layer->tiles));
    if (quiet && *cells->rests == EDGESNN_RESTS) {
        return;
    }
    const uint32_t *const sum = edgesnn_hear(layer->tiles, arrivals, cells->sums);
    if (!quiet) {
        edgesnn_clear_bitmap(cells->still, EDGESNN_WORDS(layer->pairs / 2u));
        edgesnn_step_pairs(layer, cells, sum, EDGESNN_SPAN(0, layer->pairs));
        *cells->rests = EDGESNN_PATIENCE;
    } else if (*cells->rests != 0) {
        edgesnn_step_awake(layer, cells, sum);
        --*cells->rests;
    } else {
        *cells->rests = edgesnn_watch_tiles(layer, cells, sum);
    }
}

#endif
