/* SPDX-License-Identifier: MIT-0
 *
 * Adaptive neurons of any kind in lanes: with a drive of their currents by the membrane, and where
 * the leaked membrane less the adaptation current is not proven to fit int16 but in practice does.
 *
 * Each step ends by working that difference out for the next one: what lies `ahead`. While it
 * fits, the clamps of the law are single saturating additions: that of u, which adds all currents
 * (proven to fit), and that of the new adaptation current, whose terms are its memory and the
 * drive. Neurons that fire, whose current has a third term, are done one by one, and so are all
 * neurons in a step after one whose difference did not fit. All layers of a network share this
 * code; on Cortex-M4 a neuron takes some 17 cycles.
 */
#ifndef EDGESNN_ADAPTIVE_H
#define EDGESNN_ADAPTIVE_H

#include "edgesnn_membranes.h"

/* The table of a layer: for each tile these parameters behind each other, each as eight lanes. */
#define EDGESNN_BIAS 0u
#define EDGESNN_DECAY 8u
#define EDGESNN_LEVEL 16u
#define EDGESNN_MEMORY 24u
#define EDGESNN_COUPLING 32u
#define EDGESNN_THRESHOLD 40u
#define EDGESNN_JUMP 48u
#define EDGESNN_TABLE_WORDS 56u

struct edgesnn_adaptive {
    const uint32_t *table;
    uint32_t tiles;
    bool reset_to_zero;
};

/* One tile: its parameters and its part of the state. */
struct edgesnn_adaptive_tile {
    const uint32_t *table;
    uint32_t *v;
    uint32_t *a;
    uint32_t *ahead;
    bool reset_to_zero;
};

/* The adaptation current after a step that began with `a` and left the membrane at `v`. */
EDGESNN_INLINE int32_t edgesnn_adapted(const struct edgesnn_adaptive_tile *tile, uint32_t neuron,
                                       int32_t a, int32_t v, bool fires)
{
    const int32_t memory = a * edgesnn_lane(&tile->table[EDGESNN_MEMORY], neuron) >> 8;
    const int32_t drive = v * edgesnn_lane(&tile->table[EDGESNN_COUPLING], neuron) >> 8;
    const int32_t jump = fires ? edgesnn_lane(&tile->table[EDGESNN_JUMP], neuron) : 0;
    return edgesnn_saturate16(memory + drive + jump);
}

/* The membrane of a neuron that fired at `u`. */
EDGESNN_INLINE int32_t edgesnn_after_reset(const struct edgesnn_adaptive_tile *tile,
                                           uint32_t neuron, int32_t u)
{
    return tile->reset_to_zero ? 0 : u - edgesnn_lane(&tile->table[EDGESNN_THRESHOLD], neuron);
}

/* What the next step begins with, of pair `pair`. */
EDGESNN_INLINE void edgesnn_look_ahead(const struct edgesnn_adaptive_tile *tile, uint32_t pair,
                                       uint32_t v, uint32_t a, struct edgesnn_noted *noted)
{
    const uint32_t leaked = edgesnn_leak_each(v, tile->table[EDGESNN_DECAY + pair], 0);
    tile->ahead[pair] = edgesnn_difference(edgesnn_lanes_of(leaked), a, noted);
}

/* The law word for word: one neuron, `acc` being all its currents. True where it fires. */
EDGESNN_INLINE bool edgesnn_step_far(const struct edgesnn_adaptive_tile *tile, uint32_t neuron,
                                     int32_t acc)
{
    const int32_t v = edgesnn_lane(tile->v, neuron), a = edgesnn_lane(tile->a, neuron);
    const int32_t leaked = v * edgesnn_lane(&tile->table[EDGESNN_DECAY], neuron) >> 8;
    const int32_t u = edgesnn_saturate16(leaked + acc - a);
    const bool fires = u >= edgesnn_lane(&tile->table[EDGESNN_LEVEL], neuron);
    const int32_t kept = fires ? edgesnn_after_reset(tile, neuron, u) : u;
    edgesnn_set_lane(tile->v, neuron, kept);
    edgesnn_set_lane(tile->a, neuron, edgesnn_adapted(tile, neuron, a, kept, fires));
    return fires;
}

/* One tile by the law; the bits of those that fire. */
EDGESNN_INLINE uint32_t edgesnn_far_tile(const struct edgesnn_adaptive_tile *tile,
                                         const uint32_t *sum, struct edgesnn_noted *noted)
{
    uint32_t acc[EDGESNN_TILE_PAIRS], fired = 0;
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        acc[pair] = edgesnn_lanes_of(sum[pair]);
    }
    for (uint32_t neuron = 0; neuron < EDGESNN_TILE; neuron++) {
        if (edgesnn_step_far(tile, neuron, edgesnn_lane(acc, neuron))) {
            fired |= 1u << neuron;
        }
    }
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        edgesnn_look_ahead(tile, pair, tile->v[pair], tile->a[pair], noted);
    }
    noted->changed = 1u;
    return fired;
}

/* New adaptation currents of a tile but for the jumps, and what they leave ahead. Pairs share
 * nothing, so that the loop is not unrolled: it stands here three times. */
EDGESNN_INLINE void edgesnn_couple_tile(const struct edgesnn_adaptive_tile *tile, bool watched,
                                        struct edgesnn_noted *noted)
{
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        const uint32_t v = tile->v[pair], a = tile->a[pair];
        const uint32_t memory = edgesnn_leak_each(a, tile->table[EDGESNN_MEMORY + pair], 0);
        const uint32_t drive = edgesnn_leak_each(v, tile->table[EDGESNN_COUPLING + pair], 0);
        const uint32_t next =
            edgesnn_add_saturating(edgesnn_lanes_of(memory), edgesnn_lanes_of(drive));
        noted->changed |= watched ? a ^ next : 0;
        tile->a[pair] = next;
        edgesnn_look_ahead(tile, pair, v, next, noted);
    }
}

/* The same of a tile in which `fired` did: their membranes are reset, their currents jump. */
EDGESNN_INLINE void edgesnn_jump_tile(const struct edgesnn_adaptive_tile *tile, uint32_t fired,
                                      struct edgesnn_noted *noted)
{
    int32_t next[EDGESNN_TILE];
    for (uint32_t bits = fired; bits != 0; bits &= bits - 1u) {
        const uint32_t neuron = edgesnn_lowest_bit(bits);
        const int32_t v = edgesnn_after_reset(tile, neuron, edgesnn_lane(tile->v, neuron));
        edgesnn_set_lane(tile->v, neuron, v);
        next[neuron] = edgesnn_adapted(tile, neuron, edgesnn_lane(tile->a, neuron), v, true);
    }
    edgesnn_couple_tile(tile, false, noted);
    for (uint32_t bits = fired; bits != 0; bits &= bits - 1u) {
        const uint32_t neuron = edgesnn_lowest_bit(bits), pair = neuron / 2u;
        edgesnn_set_lane(tile->a, neuron, next[neuron]);
        edgesnn_look_ahead(tile, pair, tile->v[pair], tile->a[pair], noted);
    }
    noted->changed = 1u;
}

/* Membranes before the reset; the bits of those that fire. */
EDGESNN_INLINE uint32_t edgesnn_fire_tile(const struct edgesnn_adaptive_tile *tile, bool watched,
                                          uint32_t *sum, struct edgesnn_noted *noted)
{
    uint32_t below = EDGESNN_SIGNS;
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        const uint32_t u = edgesnn_add_saturating(tile->ahead[pair], edgesnn_lanes_of(sum[pair]));
        noted->changed |= watched ? tile->v[pair] ^ u : 0;
        tile->v[pair] = u;
        sum[pair] = edgesnn_subtract_saturating(u, tile->table[EDGESNN_LEVEL + pair]);
        below &= sum[pair];
    }
    return EDGESNN_RARELY(below != EDGESNN_SIGNS) ? edgesnn_fired(sum) : 0u;
}

/* One tile in lanes; the bits of those that fire. */
EDGESNN_INLINE uint32_t edgesnn_near_tile(const struct edgesnn_adaptive_tile *tile, bool watched,
                                          uint32_t *sum, struct edgesnn_noted *noted)
{
    const uint32_t fired = edgesnn_fire_tile(tile, watched, sum, noted);
    if (EDGESNN_RARELY(fired != 0)) {
        edgesnn_jump_tile(tile, fired, noted);
    } else {
        edgesnn_couple_tile(tile, watched, noted);
    }
    return fired;
}

EDGESNN_INLINE void edgesnn_bias_tile(const uint32_t *bias, int32_t shared, uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        sum[pair] = edgesnn_add_sums(edgesnn_both(shared), edgesnn_sum_of(bias[pair]));
    }
}

/* All currents of the tile whose first pair is `first`. */
EDGESNN_INLINE void edgesnn_hear_tile(const uint32_t *bias, uint32_t first, int32_t shared,
                                      const struct edgesnn_arrivals *arrivals, uint32_t *sum)
{
    const struct edgesnn_list *const events = &arrivals->events;
    const uint32_t bits = events->count != 0 ? arrivals->rows->bits : 0;
    edgesnn_bias_tile(bias, shared, sum);
    if (bits == 8u) {
        edgesnn_add_rows8(arrivals->rows, events, sum);
    } else if (bits == 4u) {
        for (uint32_t next = 0; next < events->count; next += EDGESNN_CHUNK) {
            const struct edgesnn_list chunk = edgesnn_chunk(events, next);
            const struct edgesnn_bytes bytes = edgesnn_sum_nibbles(arrivals->rows, &chunk);
            edgesnn_widen(&bytes, sum);
        }
    }
    if (arrivals->kept != NULL) {
        edgesnn_add_drive(&arrivals->kept[first], sum);
    }
    if (arrivals->drive != NULL) {
        edgesnn_add_drive(&arrivals->drive[first], sum);
    }
}

/* A whole step of a layer; bits in which the state changed, where it is `watched`. */
EDGESNN_SHARED uint32_t edgesnn_step_tables(const struct edgesnn_adaptive *layer,
                                            const struct edgesnn_arrivals *arrivals, bool watched,
                                            const struct edgesnn_cells *cells)
{
    const uint32_t count = arrivals->events.count;
    const int32_t shared = count != 0 ? -(arrivals->rows->bias * (int32_t)count) : 0;
    const uint32_t *table = layer->table;
    const bool was_far = *cells->far != 0;
    struct edgesnn_noted noted = {0, 0};
    edgesnn_look_anew();
    for (uint32_t first = 0; first < EDGESNN_TILE_PAIRS * layer->tiles;
         first += EDGESNN_TILE_PAIRS, table += EDGESNN_TABLE_WORDS) {
        const struct edgesnn_adaptive_tile tile = {table, &cells->v[first], &cells->a[first],
                                                   &cells->ahead[first], layer->reset_to_zero};
        uint32_t sum[EDGESNN_TILE_PAIRS], fired;
        edgesnn_hear_tile(&table[EDGESNN_BIAS], first, shared, arrivals, sum);
        if (EDGESNN_RARELY(was_far)) {
            fired = edgesnn_far_tile(&tile, sum, &noted);
        } else if (EDGESNN_RARELY(watched)) {
            fired = edgesnn_near_tile(&tile, true, sum, &noted);
        } else {
            fired = edgesnn_near_tile(&tile, false, sum, &noted);
        }
        edgesnn_store_bits(cells->spikes, first, fired);
    }
    *cells->far = edgesnn_saw_far(&noted);
    return noted.changed;
}

/* One step of a layer; see edgesnn_step_membranes. */
EDGESNN_INLINE void edgesnn_step_adaptive(const struct edgesnn_adaptive *layer,
                                          const struct edgesnn_arrivals *arrivals, bool quiet,
                                          const struct edgesnn_cells *cells)
{
    if (quiet && *cells->rests == EDGESNN_RESTS) {
        edgesnn_clear_bitmap(cells->spikes, EDGESNN_WORDS(EDGESNN_TILE * layer->tiles));
    } else if (quiet && *cells->rests == 0) {
        const bool changes = edgesnn_step_tables(layer, arrivals, true, cells) != 0;
        *cells->rests = changes ? EDGESNN_PATIENCE : EDGESNN_RESTS;
    } else {
        (void)edgesnn_step_tables(layer, arrivals, false, cells);
        *cells->rests = (uint8_t)(quiet ? *cells->rests - 1u : EDGESNN_PATIENCE);
    }
}

#endif
