/* SPDX-License-Identifier: MIT-0
 *
 * Spiking layers in lanes (docs/SPEC.md section 4), sixteen neurons at a time: their sums stay in
 * registers while events are added, and all sixteen are tested at once.
 *
 * Exact where the bounds (edgesnn/network/bounds.py) prove for every neuron and any input, that
 *     without `saturates`: u and u - level fit int16. Sums begin with the leaked membrane and
 *                          bias - level (`start`); their sign is the comparison;
 *     with `saturates`:    acc fits int16, and so does the leaked membrane less the adaptation.
 *                          Sums begin with the bias, and QADD16 of the two is the law's sat16.
 * `level` is the least u that fires. Neurons that only fill the last tile stay at zero and never
 * fire. Resets are few: they are done one by one, behind the tiles.
 */
#ifndef EDGESNN_MEMBRANES_H
#define EDGESNN_MEMBRANES_H

#include "edgesnn_rows.h"

struct edgesnn_membranes {
    uint32_t tiles;
    struct edgesnn_parameter start;
    struct edgesnn_parameter decay;
    struct edgesnn_parameter level;
    struct edgesnn_parameter threshold;
    struct edgesnn_parameter adaptation_decay;
    struct edgesnn_parameter adaptation_jump;
    bool saturates;
    bool adaptive;
    bool reset_to_zero;
    bool adaptation_saturates;
};

/* What a layer receives in one step: events into `rows`, and lanes of other currents, those of
 * this step alone (`drive`) and those that are kept from step to step (`kept`). Each may be NULL. */
struct edgesnn_arrivals {
    const struct edgesnn_rows *rows;
    struct edgesnn_list events;
    const uint32_t *drive;
    const uint32_t *kept;
};

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

/* The sums of a tile before it receives its events; `first` is its first pair. */
EDGESNN_INLINE void edgesnn_begin_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                       int32_t shared, const uint32_t *v, const uint32_t *a,
                                       uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        const uint32_t own = layer->adaptive ? a[pair] : 0;
        sum[pair] = edgesnn_begin_pair(layer, first + pair, shared, v[pair], own);
    }
}

/* Test a tile's sums and store its membranes before the reset; one bit a neuron that fires. */
EDGESNN_INLINE uint32_t edgesnn_end_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                         bool watched, uint32_t *sum, uint32_t *v,
                                         const uint32_t *a, uint32_t *changed)
{
    uint32_t below = EDGESNN_SIGNS;
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        const uint32_t own = layer->adaptive ? a[pair] : 0;
        const uint32_t u = edgesnn_end_pair(layer, first + pair, v[pair], own, &sum[pair]);
        *changed |= watched ? v[pair] ^ u : 0;
        v[pair] = u;
        below &= sum[pair];
    }
    return EDGESNN_RARELY(below != EDGESNN_SIGNS) ? edgesnn_fired(sum) : 0u;
}

/* The adaptation currents of the next step, but for the jumps of neurons that fire. */
EDGESNN_INLINE void edgesnn_adapt_tile(const struct edgesnn_membranes *layer, uint32_t first,
                                       bool watched, uint32_t *a, uint32_t *changed)
{
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        const struct edgesnn_parameter *const decay = &layer->adaptation_decay;
        const uint32_t next = edgesnn_lanes_of(edgesnn_leak_pair(decay, first + pair, a[pair], 0));
        *changed |= watched ? a[pair] ^ next : 0;
        a[pair] = next;
    }
}

EDGESNN_INLINE void edgesnn_add_drive(const uint32_t *drive, uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        sum[pair] = edgesnn_add_sums(sum[pair], edgesnn_sum_of(drive[pair]));
    }
}

/* A layer's step up to the reset: `spikes` gets who fires. Where `watched`, which is for steps
 * without events, returns bits in which the state changed; else 0. */
EDGESNN_INLINE uint32_t edgesnn_step_tiles(const struct edgesnn_membranes *layer,
                                           const struct edgesnn_arrivals *arrivals, bool watched,
                                           uint32_t *v, uint32_t *a, uint32_t *spikes)
{
    const struct edgesnn_rows *const rows = arrivals->rows;
    const int32_t start = layer->start.each != NULL ? 0 : layer->start.all;
    const bool listens = !watched && rows != NULL;
    const int32_t biases = listens ? rows->bias * (int32_t)arrivals->events.count : 0;
    uint32_t changed = 0;
    for (uint32_t tile = 0; tile < layer->tiles; tile++) {
        const uint32_t first = EDGESNN_TILE_PAIRS * tile;
        uint32_t sum[EDGESNN_TILE_PAIRS];
        uint32_t *const own_a = layer->adaptive ? &a[first] : NULL;
        edgesnn_begin_tile(layer, first, start - biases, &v[first], own_a, sum);
        if (arrivals->kept != NULL) {
            edgesnn_add_drive(&arrivals->kept[first], sum);
        }
        if (!watched && arrivals->drive != NULL) {
            edgesnn_add_drive(&arrivals->drive[first], sum);
        }
        if (listens) {
            edgesnn_add_rows8(rows, &arrivals->events, sum);
        }
        const uint32_t fired =
            edgesnn_end_tile(layer, first, watched, sum, &v[first], own_a, &changed);
        if (layer->adaptive) {
            edgesnn_adapt_tile(layer, first, watched, own_a, &changed);
        }
        spikes[tile / 2u] = tile % 2u == 0 ? fired : spikes[tile / 2u] | fired << 16;
    }
    return changed;
}

/* Reset one neuron that fired, and let its adaptation current jump. */
EDGESNN_INLINE void edgesnn_reset_neuron(const struct edgesnn_membranes *layer, uint32_t neuron,
                                         uint32_t *v, uint32_t *a)
{
    const int32_t threshold = edgesnn_one_of(&layer->threshold, neuron);
    const int32_t kept = layer->reset_to_zero ? 0 : edgesnn_lane(v, neuron) - threshold;
    edgesnn_set_lane(v, neuron, kept);
    if (layer->adaptive) {
        const int32_t jump = edgesnn_one_of(&layer->adaptation_jump, neuron);
        const int32_t next = edgesnn_lane(a, neuron) + jump;
        edgesnn_set_lane(a, neuron, layer->adaptation_saturates ? edgesnn_saturate16(next) : next);
    }
}

/* Reset all neurons that fired; returns whether any did. */
EDGESNN_INLINE bool edgesnn_reset(const struct edgesnn_membranes *layer, const uint32_t *spikes,
                                  uint32_t *v, uint32_t *a)
{
    uint32_t any = 0;
    for (uint32_t word = 0; word < EDGESNN_WORDS(EDGESNN_TILE * layer->tiles); word++) {
        any |= spikes[word];
        for (uint32_t bits = spikes[word]; bits != 0; bits &= bits - 1u) {
            edgesnn_reset_neuron(layer, 32u * word + edgesnn_lowest_bit(bits), v, a);
        }
    }
    return any != 0;
}

/* One step of a layer, `quiet` where nothing arrives but what arrived in the last step too. Such
 * a step that changes nothing is the identity, and so is every quiet step after it: `rests` says
 * so, and they are skipped. */
EDGESNN_INLINE void edgesnn_step_membranes(const struct edgesnn_membranes *layer,
                                           const struct edgesnn_arrivals *arrivals, bool quiet,
                                           uint8_t *rests, uint32_t *v, uint32_t *a,
                                           uint32_t *spikes)
{
    if (!quiet) {
        (void)edgesnn_step_tiles(layer, arrivals, false, v, a, spikes);
        (void)edgesnn_reset(layer, spikes, v, a);
        *rests = 0;
    } else if (*rests != 0) {
        edgesnn_clear_bitmap(spikes, EDGESNN_WORDS(EDGESNN_TILE * layer->tiles));
    } else {
        const uint32_t changed = edgesnn_step_tiles(layer, arrivals, true, v, a, spikes);
        *rests = !edgesnn_reset(layer, spikes, v, a) && changed == 0;
    }
}

#endif
