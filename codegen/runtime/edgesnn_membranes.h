/* SPDX-License-Identifier: MIT-0
 *
 * Spiking layers in lanes (docs/SPEC.md section 4), sixteen neurons at a time: their sums stay in
 * registers while events are added, and all sixteen are tested at once.
 *
 * `acc` is the sum of all currents and the bias, `kept` the leaked membrane less the adaptation
 * current. A layer is in one of two forms, as the bounds (edgesnn/network/bounds.py) allow:
 *     plain      u and u - level are proven to fit int16. Sums begin with kept + bias - level;
 *                their sign is the comparison.
 *     saturates  acc and kept are proven to fit int16, so that QADD16 of the two is the law's
 *                sat16. Sums begin with the bias.
 * Adaptive layers for which neither is proven are those of edgesnn_adaptive.h.
 * `level` is the least u that fires. Neurons that only fill the last tile stay at zero and never
 * fire. Resets are few: they are done one by one, behind the tiles.
 */
#ifndef EDGESNN_MEMBRANES_H
#define EDGESNN_MEMBRANES_H

#if !defined(__GNUC__)
#include <string.h>
#endif

#include "edgesnn_layer.h"
#include "edgesnn_nibbles.h"
#include "edgesnn_sweep.h"

/* Pair `pair` times a parameter in units of 2^-8, rounded down, plus `further` each: a sum. */
EDGESNN_INLINE uint32_t edgesnn_leak_pair(const struct edgesnn_parameter *decay, uint32_t pair,
                                          uint32_t v, int32_t further)
{
    return decay->each != NULL ? edgesnn_leak_each(v, decay->each[pair], further)
                               : edgesnn_leak(v, decay->all, further);
}

/* A pair's membranes leaked and less its adaptation currents, plus `further` each: a sum. */
EDGESNN_INLINE uint32_t edgesnn_kept_pair(const struct edgesnn_membranes *layer, uint32_t pair,
                                          int32_t further, uint32_t v, uint32_t a)
{
    const uint32_t sum = edgesnn_leak_pair(&layer->decay, pair, v, further);
    return layer->adaptive ? edgesnn_subtract_sums(sum, edgesnn_sum_of(a)) : sum;
}

/* The sum of pair `pair` before its events, `shared` being what all neurons get. */
EDGESNN_INLINE uint32_t edgesnn_begin_pair(const struct edgesnn_membranes *layer, uint32_t pair,
                                           int32_t shared, uint32_t v, uint32_t a)
{
    const uint32_t sum = layer->saturates ? edgesnn_both(shared)
                                          : edgesnn_kept_pair(layer, pair, shared, v, a);
    if (layer->start.each == NULL) {
        return sum;
    }
    return edgesnn_add_sums(sum, edgesnn_sum_of(layer->start.each[pair]));
}

/* From a sum to the membrane before the reset; the sum becomes lanes of which those that are not
 * negative fire. */
EDGESNN_INLINE uint32_t edgesnn_end_pair(const struct edgesnn_membranes *layer, uint32_t pair,
                                         uint32_t v, uint32_t a, uint32_t *sum)
{
    const uint32_t level = edgesnn_pair_of(&layer->level, pair);
    uint32_t u;
    if (layer->saturates) {
        const uint32_t kept = edgesnn_lanes_of(edgesnn_kept_pair(layer, pair, 0, v, a));
        u = edgesnn_add_saturating(kept, edgesnn_lanes_of(*sum));
        *sum = edgesnn_subtract_saturating(u, level);
    } else {
        u = edgesnn_lanes_of(edgesnn_add_sums(*sum, edgesnn_sum_of(level)));
        *sum = edgesnn_lanes_of(*sum);
    }
    return u;
}

/* One bit a neuron from the sign bits of a tile's lanes: set where the lane is not negative. */
EDGESNN_INLINE uint32_t edgesnn_fired(const uint32_t *above)
{
    uint32_t spread = 0;
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        spread |= (~above[pair] & EDGESNN_SIGNS) >> (15u - 2u * pair);
    }
    return (spread & 0x5555u) | (spread >> 15 & 0xaaaau);
}

EDGESNN_INLINE void edgesnn_add_drive(const uint32_t *drive, uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        sum[pair] = edgesnn_add_sums(sum[pair], edgesnn_sum_of(drive[pair]));
    }
}

/* The sums of a tile before it receives anything; `first` is its first pair. */
EDGESNN_INLINE void edgesnn_begin_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                       int32_t shared, const struct edgesnn_cells *cells,
                                       uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        const uint32_t a = layer->adaptive ? cells->a[first + pair] : 0;
        sum[pair] = edgesnn_begin_pair(layer, first + pair, shared, cells->v[first + pair], a);
    }
}

/* Sums of a tile with all its events. */
EDGESNN_INLINE void edgesnn_sum_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                     int32_t shared, const struct edgesnn_arrivals *arrivals,
                                     const struct edgesnn_cells *cells, uint32_t *sum)
{
    edgesnn_begin_tile(layer, first, shared, cells, sum);
    if (arrivals->rows->bits == 4u) {
        edgesnn_add_rows4(arrivals->rows, &arrivals->events, first / EDGESNN_TILE_PAIRS, sum);
    } else {
        edgesnn_add_rows8(arrivals->rows, &arrivals->events, sum);
    }
}

/* Test a tile's sums and store its membranes before the reset; one bit a neuron that fires. */
EDGESNN_INLINE uint32_t edgesnn_end_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                         bool watched, const struct edgesnn_cells *cells,
                                         uint32_t *sum, struct edgesnn_noted *noted)
{
    uint32_t below = EDGESNN_SIGNS;
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        uint32_t *const v = &cells->v[first + pair];
        const uint32_t a = layer->adaptive ? cells->a[first + pair] : 0;
        const uint32_t u = edgesnn_end_pair(layer, first + pair, *v, a, &sum[pair]);
        noted->changed |= watched ? *v ^ u : 0;
        *v = u;
        below &= sum[pair];
    }
    return EDGESNN_RARELY(below != EDGESNN_SIGNS) ? edgesnn_fired(sum) : 0u;
}

/* The adaptation currents of the next step, but for the jumps of neurons that fire. */
EDGESNN_INLINE void edgesnn_adapt_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                       bool watched, const struct edgesnn_cells *cells,
                                       struct edgesnn_noted *noted)
{
    EDGESNN_UNROLL
    for (uint32_t pair = first; pair < first + EDGESNN_TILE_PAIRS; pair++) {
        uint32_t *const a = &cells->a[pair];
        const uint32_t next =
            edgesnn_lanes_of(edgesnn_leak_pair(&layer->adaptation_decay, pair, *a, 0));
        noted->changed |= watched ? *a ^ next : 0;
        *a = next;
    }
}

EDGESNN_INLINE void edgesnn_reset_membrane(const struct edgesnn_membranes *layer, uint32_t neuron,
                                           uint32_t *v)
{
    const int32_t threshold = edgesnn_one_of(&layer->threshold, neuron);
    edgesnn_set_lane(v, neuron, layer->reset_to_zero ? 0 : edgesnn_lane(v, neuron) - threshold);
}

EDGESNN_INLINE void edgesnn_jump(const struct edgesnn_membranes *layer, uint32_t neuron,
                                 uint32_t *a)
{
    const int32_t next =
        edgesnn_lane(a, neuron) + edgesnn_one_of(&layer->adaptation_jump, neuron);
    edgesnn_set_lane(a, neuron, layer->adaptation_saturates ? edgesnn_saturate16(next) : next);
}

/* Reset all neurons that fired, and let their adaptation currents jump; true where any did. */
EDGESNN_INLINE bool edgesnn_reset(const struct edgesnn_membranes *layer,
                                  const struct edgesnn_cells *cells)
{
    uint32_t any = 0;
    for (uint32_t word = 0; word < EDGESNN_WORDS(EDGESNN_TILE * layer->tiles); word++) {
        any |= cells->spikes[word];
        for (uint32_t bits = cells->spikes[word]; bits != 0; bits &= bits - 1u) {
            const uint32_t neuron = 32u * word + edgesnn_lowest_bit(bits);
            edgesnn_reset_membrane(layer, neuron, cells->v);
            if (layer->adaptive) {
                edgesnn_jump(layer, neuron, cells->a);
            }
        }
    }
    return any != 0;
}

/* The bits of the tile whose first pair is `first`, into a bitmap. Where the number of tiles is
 * odd nothing is ever written behind the last one. A memcpy would be a call on Armv6-M, where
 * nothing tells the compiler that halves are aligned. */
EDGESNN_INLINE void edgesnn_store_bits(uint32_t *bitmap, uint32_t first, uint32_t bits)
{
#if defined(__GNUC__)
    ((edgesnn_half *)bitmap)[first / EDGESNN_TILE_PAIRS] = (int16_t)bits;
#else
    const uint16_t half = (uint16_t)bits;
    memcpy((unsigned char *)bitmap + first / 4u, &half, sizeof half);
#endif
}

/* What all neurons of a layer get in this step, or lose: the bias of its rows is taken off. */
EDGESNN_INLINE int32_t edgesnn_shared(const struct edgesnn_membranes *layer,
                                      const struct edgesnn_arrivals *arrivals, bool watched)
{
    const int32_t start = layer->start.each != NULL ? 0 : layer->start.all;
    if (watched || arrivals->rows == NULL) {
        return start;
    }
    return start - arrivals->rows->bias * (int32_t)arrivals->events.count;
}

/* Everything that a tile receives, summed. */
EDGESNN_INLINE void edgesnn_gather_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                        int32_t shared, const struct edgesnn_arrivals *arrivals,
                                        bool watched, const struct edgesnn_cells *cells,
                                        uint32_t *sum)
{
    if (watched || arrivals->rows == NULL) {
        edgesnn_begin_tile(layer, first, shared, cells, sum);
    } else {
        edgesnn_sum_tile(layer, first, shared, arrivals, cells, sum);
    }
    if (arrivals->kept != NULL) {
        edgesnn_add_drive(&arrivals->kept[first], sum);
    }
    if (!watched && arrivals->drive != NULL) {
        edgesnn_add_drive(&arrivals->drive[first], sum);
    }
}

/* A step of a layer up to the reset. Where `watched`, which is for steps
 * without events, returns bits in which the state changed; else 0. */
EDGESNN_STEP uint32_t edgesnn_step_tiles(const struct edgesnn_membranes *layer,
                                           const struct edgesnn_arrivals *arrivals, bool watched,
                                           const struct edgesnn_cells *cells)
{
    const int32_t shared = edgesnn_shared(layer, arrivals, watched);
    struct edgesnn_noted noted = {0};
    const uint32_t pairs = EDGESNN_TILE_PAIRS * layer->tiles;
    for (uint32_t first = 0; first < pairs; first += EDGESNN_TILE_PAIRS) {
        uint32_t sum[EDGESNN_TILE_PAIRS];
        edgesnn_gather_tile(layer, first, shared, arrivals, watched, cells, sum);
        const uint32_t fired = edgesnn_end_tile(layer, first, watched, cells, sum, &noted);
        if (layer->adaptive) {
            edgesnn_adapt_tile(layer, first, watched, cells, &noted);
        }
        edgesnn_store_bits(cells->spikes, first, fired);
    }
    return noted.changed;
}

/* A whole step. Where `watched`, not 0 if the state changed or a neuron fired. */
EDGESNN_INLINE uint32_t edgesnn_step_whole(const struct edgesnn_membranes *layer,
                                           const struct edgesnn_arrivals *arrivals, bool watched,
                                           const struct edgesnn_cells *cells)
{
    const uint32_t words = EDGESNN_WORDS(EDGESNN_TILE * layer->tiles);
    const bool unwatched = layer->calm < 0 || arrivals->kept != NULL;
    if (edgesnn_can_sweep(layer, arrivals) && !(watched && unwatched)) {
        const uint32_t changed = edgesnn_sweep(layer, arrivals, watched, cells);
        return changed | (watched && edgesnn_any_spike(cells->spikes, words));
    }
    const uint32_t changed = edgesnn_step_tiles(layer, arrivals, watched, cells);
    return changed | edgesnn_reset(layer, cells);
}

/* What `rests` counts: quiet steps until the next one that is watched, and EDGESNN_RESTS. Watching
 * costs, and membranes take their time to settle. */
#define EDGESNN_RESTS 0xffu
#define EDGESNN_PATIENCE 7u

/* One step of a layer, `quiet` where nothing arrives but what arrived in the last step too. Such
 * a step that changes nothing is the identity, and so is every quiet step after it: the layer
 * rests, and they are skipped. */
EDGESNN_INLINE void edgesnn_step_membranes(const struct edgesnn_membranes *layer,
                                           const struct edgesnn_arrivals *arrivals, bool quiet,
                                           const struct edgesnn_cells *cells)
{
    if (quiet && *cells->rests == EDGESNN_RESTS) {
        edgesnn_clear_bitmap(cells->spikes, EDGESNN_WORDS(EDGESNN_TILE * layer->tiles));
    } else if (quiet && *cells->rests == 0) {
        const uint32_t moved = edgesnn_step_whole(layer, arrivals, true, cells);
        *cells->rests = moved == 0 ? EDGESNN_RESTS : EDGESNN_PATIENCE;
    } else {
        (void)edgesnn_step_whole(layer, arrivals, false, cells);
        *cells->rests = (uint8_t)(quiet ? *cells->rests - 1u : EDGESNN_PATIENCE);
    }
}

#endif
