/* SPDX-License-Identifier: MIT-0
 *
 * Checked layers: adaptive neurons whose leaked membrane less the adaptation current is not proven
 * to fit int16, but in practice does (edgesnn_membranes.h).
 *
 * Each step ends by working that difference out for the next one. While it fits, the clamps of the
 * law are single saturating additions: that of u, and that of the new adaptation current, whose
 * terms are its memory and the membrane's drive. Neurons that fire, whose current has a third
 * term, are done one by one.
 */
#ifndef EDGESNN_ADAPTIVE_H
#define EDGESNN_ADAPTIVE_H

#include "edgesnn_membranes.h"

/* The adaptation current after a step that began with `a` and left the membrane at `v`. */
EDGESNN_INLINE int32_t edgesnn_adapted(const struct edgesnn_membranes *layer, uint32_t neuron,
                                       int32_t a, int32_t v, bool fires)
{
    const int32_t memory = a * edgesnn_one_of(&layer->adaptation_decay, neuron) >> 8;
    const int32_t drive = v * edgesnn_one_of(&layer->adaptation_coupling, neuron) >> 8;
    const int32_t jump = fires ? edgesnn_one_of(&layer->adaptation_jump, neuron) : 0;
    return edgesnn_saturate16(memory + drive + jump);
}

/* The law word for word: one neuron, `acc` being all its currents. True where it fires. */
EDGESNN_INLINE bool edgesnn_step_far(const struct edgesnn_membranes *layer, uint32_t neuron,
                                     int32_t acc, const struct edgesnn_cells *cells)
{
    const int32_t v = edgesnn_lane(cells->v, neuron), a = edgesnn_lane(cells->a, neuron);
    const int32_t leaked = v * edgesnn_one_of(&layer->decay, neuron) >> 8;
    const int32_t u = edgesnn_saturate16(leaked + acc - a);
    const bool fires = u >= edgesnn_one_of(&layer->level, neuron);
    edgesnn_set_lane(cells->v, neuron, u);
    if (fires) {
        edgesnn_reset_membrane(layer, neuron, cells->v);
    }
    const int32_t kept = edgesnn_lane(cells->v, neuron);
    edgesnn_set_lane(cells->a, neuron, edgesnn_adapted(layer, neuron, a, kept, fires));
    return fires;
}

/* What the next step begins with, of pair `pair`. */
EDGESNN_INLINE uint32_t edgesnn_look_ahead(const struct edgesnn_membranes *layer, uint32_t pair,
                                           uint32_t v, uint32_t a, struct edgesnn_noted *noted)
{
    const uint32_t leaked = edgesnn_lanes_of(edgesnn_leak_pair(&layer->decay, pair, v, 0));
    return edgesnn_difference(leaked, a, noted);
}

/* One tile by the law; the bits of those that fire. */
EDGESNN_INLINE uint32_t edgesnn_far_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                         const uint32_t *sum, const struct edgesnn_cells *cells,
                                         struct edgesnn_noted *noted)
{
    uint32_t acc[EDGESNN_TILE_PAIRS], fired = 0;
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        acc[pair] = edgesnn_lanes_of(sum[pair]);
    }
    for (uint32_t each = 0; each < EDGESNN_TILE; each++) {
        const bool fires =
            edgesnn_step_far(layer, 2u * first + each, edgesnn_lane(acc, each), cells);
        fired |= fires ? 1u << each : 0u;
    }
    for (uint32_t pair = first; pair < first + EDGESNN_TILE_PAIRS; pair++) {
        cells->ahead[pair] =
            edgesnn_look_ahead(layer, pair, cells->v[pair], cells->a[pair], noted);
    }
    return fired;
}

/* New adaptation currents of a tile that nobody in it fired for, and what they leave ahead. */
EDGESNN_INLINE void edgesnn_couple_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                        bool watched, const struct edgesnn_cells *cells,
                                        struct edgesnn_noted *noted)
{
    EDGESNN_UNROLL
    for (uint32_t pair = first; pair < first + EDGESNN_TILE_PAIRS; pair++) {
        const uint32_t v = cells->v[pair], a = cells->a[pair];
        const uint32_t memory =
            edgesnn_lanes_of(edgesnn_leak_pair(&layer->adaptation_decay, pair, a, 0));
        const uint32_t drive =
            edgesnn_lanes_of(edgesnn_leak_pair(&layer->adaptation_coupling, pair, v, 0));
        const uint32_t next = edgesnn_add_saturating(memory, drive);
        noted->changed |= watched ? a ^ next : 0;
        cells->a[pair] = next;
        cells->ahead[pair] = edgesnn_look_ahead(layer, pair, v, next, noted);
    }
}

/* The same of a tile in which `fired` did: their membranes are reset, their currents jump. */
EDGESNN_INLINE void edgesnn_jump_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                      bool watched, uint32_t fired,
                                      const struct edgesnn_cells *cells,
                                      struct edgesnn_noted *noted)
{
    int32_t next[EDGESNN_TILE];
    for (uint32_t bits = fired; bits != 0; bits &= bits - 1u) {
        const uint32_t each = edgesnn_lowest_bit(bits), neuron = 2u * first + each;
        edgesnn_reset_membrane(layer, neuron, cells->v);
        next[each] = edgesnn_adapted(layer, neuron, edgesnn_lane(cells->a, neuron),
                                     edgesnn_lane(cells->v, neuron), true);
    }
    edgesnn_couple_tile(layer, first, watched, cells, noted);
    for (uint32_t bits = fired; bits != 0; bits &= bits - 1u) {
        const uint32_t each = edgesnn_lowest_bit(bits), pair = first + each / 2u;
        edgesnn_set_lane(cells->a, 2u * first + each, next[each]);
        cells->ahead[pair] =
            edgesnn_look_ahead(layer, pair, cells->v[pair], cells->a[pair], noted);
    }
}

/* One tile in lanes; the bits of those that fire. */
EDGESNN_INLINE uint32_t edgesnn_near_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                          bool watched, uint32_t *sum,
                                          const struct edgesnn_cells *cells,
                                          struct edgesnn_noted *noted)
{
    const uint32_t fired = edgesnn_end_tile(layer, first, watched, cells, sum, noted);
    if (fired != 0) {
        edgesnn_jump_tile(layer, first, watched, fired, cells, noted);
    } else {
        edgesnn_couple_tile(layer, first, watched, cells, noted);
    }
    return fired;
}

/* A whole step of a checked layer; bits in which the state changed, where that is asked for. */
EDGESNN_INLINE uint32_t edgesnn_step_checked(const struct edgesnn_membranes *layer,
                                             const struct edgesnn_arrivals *arrivals, bool watched,
                                             const struct edgesnn_cells *cells)
{
    const int32_t shared = edgesnn_shared(layer, arrivals, watched);
    const bool was_far = *cells->far != 0;
    struct edgesnn_noted noted = {was_far ? 1u : 0u, 0};
    edgesnn_look_anew();
    const uint32_t pairs = EDGESNN_TILE_PAIRS * layer->tiles;
    for (uint32_t first = 0; first < pairs; first += EDGESNN_TILE_PAIRS) {
        uint32_t sum[EDGESNN_TILE_PAIRS], fired;
        edgesnn_gather_tile(layer, first, shared, arrivals, watched, cells, sum);
        if (EDGESNN_RARELY(was_far)) {
            fired = edgesnn_far_tile(layer, first, sum, cells, &noted);
        } else {
            fired = edgesnn_near_tile(layer, first, watched, sum, cells, &noted);
        }
        noted.changed |= fired;
        edgesnn_store_bits(cells->spikes, first, fired);
    }
    *cells->far = edgesnn_saw_far(&noted);
    return noted.changed;
}

/* One step of a checked layer; see edgesnn_step_membranes. */
EDGESNN_INLINE void edgesnn_step_adaptive(const struct edgesnn_membranes *layer,
                                          const struct edgesnn_arrivals *arrivals, bool quiet,
                                          const struct edgesnn_cells *cells)
{
    if (quiet && *cells->rests == EDGESNN_RESTS) {
        edgesnn_clear_bitmap(cells->spikes, EDGESNN_WORDS(EDGESNN_TILE * layer->tiles));
    } else if (quiet && *cells->rests == 0) {
        const bool changes = edgesnn_step_checked(layer, arrivals, true, cells) != 0;
        *cells->rests = changes ? EDGESNN_PATIENCE : EDGESNN_RESTS;
    } else {
        (void)edgesnn_step_checked(layer, arrivals, false, cells);
        *cells->rests = (uint8_t)(quiet ? *cells->rests - 1u : EDGESNN_PATIENCE);
    }
}

#endif
