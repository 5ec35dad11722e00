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

/* A layer: for each pair its parameters, and behind those of all pairs a word of jumps each; for
 * `strict` and `keep` see struct edgesnn_pairs. */
struct edgesnn_adaptive {
    const uint32_t *table;
    uint32_t tiles;
    uint32_t strict;
    uint32_t keep;
};

/* The sums of all tiles, each of which begins with `start`, where they stand. */
EDGESNN_INLINE void edgesnn_hear_tiles(uint32_t tiles, uint32_t start,
                                       const struct edgesnn_arrivals *arrivals, uint32_t *sums)
{
    const struct edgesnn_list *const events = &arrivals->events;
    uint32_t *const end = &sums[EDGESNN_TILE_PAIRS * tiles];
    for (uint32_t *sum = sums; sum < end; sum++) {
        *sum = start;
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
EDGESNN_SHARED const uint32_t *edgesnn_hear(uint32_t tiles, const struct edgesnn_arrivals *arrivals,
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

/* `count` pairs from `first` on. */
EDGESNN_SHARED void edgesnn_step_span(const struct edgesnn_adaptive *layer, uint32_t first,
                                      uint32_t count, const uint32_t *sum,
                                      const struct edgesnn_cells *cells)
{
    const uint32_t all = EDGESNN_TILE_PAIRS * layer->tiles;
    const struct edgesnn_pairs pairs = {
        .table = &layer->table[EDGESNN_PAIR_WORDS * first],
        .v = &cells->v[first],
        .a = &cells->a[first],
        .sum = &sum[first],
        .end = &sum[first + count],
        .jump = &layer->table[EDGESNN_PAIR_WORDS * all + first],
        .strict = layer->strict,
        .keep = layer->keep,
        .spikes = (uint8_t *)cells->spikes + first / 4u,
    };
    edgesnn_step_pairs(&pairs);
}

/* A whole step, tile by tile; true where the state changed. */
static inline bool edgesnn_watch_tiles(const struct edgesnn_adaptive *layer, const uint32_t *sum,
                                       const struct edgesnn_cells *cells)
{
    uint32_t changed = 0;
    for (uint32_t tile = 0; tile < layer->tiles; tile++) {
        const uint32_t first = EDGESNN_TILE_PAIRS * tile;
        uint32_t before[2u * EDGESNN_TILE_PAIRS];
        for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
            before[2u * pair] = cells->v[first + pair];
            before[2u * pair + 1u] = cells->a[first + pair];
        }
        edgesnn_step_span(layer, first, EDGESNN_TILE_PAIRS, sum, cells);
        for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
            changed |= before[2u * pair] ^ cells->v[first + pair];
            changed |= before[2u * pair + 1u] ^ cells->a[first + pair];
        }
    }
    return changed != 0;
}

/* One step of a layer; see edgesnn_step_membranes. `sums` has room for a word a pair. */
EDGESNN_SHARED void edgesnn_step_adaptive(const struct edgesnn_adaptive *layer,
                                          const struct edgesnn_arrivals *arrivals, bool quiet,
                                          const struct edgesnn_cells *cells)
{
    const uint32_t words = EDGESNN_WORDS(EDGESNN_TILE * layer->tiles);
    edgesnn_clear_bitmap(cells->spikes, words);
    if (quiet && *cells->rests == EDGESNN_RESTS) {
        return;
    }
    const uint32_t *const sum = edgesnn_hear(layer->tiles, arrivals, cells->sums);
    if (quiet && *cells->rests == 0) {
        const bool changed = edgesnn_watch_tiles(layer, sum, cells);
        const bool rests = !changed && !edgesnn_any_spike(cells->spikes, words);
        *cells->rests = rests ? EDGESNN_RESTS : EDGESNN_PATIENCE;
    } else {
        edgesnn_step_span(layer, 0, EDGESNN_TILE_PAIRS * layer->tiles, sum, cells);
        *cells->rests = (uint8_t)(quiet ? *cells->rests - 1u : EDGESNN_PATIENCE);
    }
}

#endif
