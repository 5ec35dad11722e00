/* SPDX-License-Identifier: MIT-0
 *
 * Dense synapses: rows by presynaptic neuron, added several weights at a time in one register.
 *
 * Weights are stored with a bias that makes them non-negative (128, 8 or 2 for 8, 4 or 2 bits).
 * Masked out of a word, they are the lanes of a 32-bit integer with room above each, so that one
 * ADD serves all lanes and no carry leaves its lane as long as
 *     8 bits in 16-bit lanes: 255 * 64 events < 2^16,
 *     4 bits in  8-bit lanes:  15 * 17 events < 2^8,
 *     2 bits in  8-bit lanes:   3 * 64 events < 2^8.
 * The bias of all events together is taken off at the end, which is exact. A tile's lanes stay in
 * registers while the rows of a batch of events are added. Rows are padded to whole tiles with
 * weights of zero; `current` has room for them, and padding adds zero. No event, no work.
 */
#ifndef EDGESNN_DENSE_H
#define EDGESNN_DENSE_H

#include "edgesnn_events.h"

/* The biased weights of neuron `n` are words `n * words` and up, the first in the lowest bits. */
struct edgesnn_dense {
    const uint32_t *weight;
    uint32_t words;
};

_Static_assert(255u * EDGESNN_BATCH < 1u << 16, "a batch must not overflow a 16-bit lane");
_Static_assert(3u * EDGESNN_BATCH < 1u << 8, "a batch must not overflow an 8-bit lane");

/* Most events of 4-bit weights before an 8-bit lane might overflow. */
#define EDGESNN_NIBBLE_BATCH 17u

/* lanes + bytes 0 and 2 of `word`, in 16-bit lanes. */
EDGESNN_INLINE uint32_t edgesnn_add_even(uint32_t lanes, uint32_t word)
{
#if defined(__ARM_FEATURE_SIMD32) && defined(__GNUC__)
    __asm__("uxtab16 %0, %0, %1" : "+r"(lanes) : "r"(word));
    return lanes;
#else
    return lanes + (word & 0x00ff00ffu);
#endif
}

/* lanes + bytes 1 and 3 of `word`, in 16-bit lanes. */
EDGESNN_INLINE uint32_t edgesnn_add_odd(uint32_t lanes, uint32_t word)
{
#if defined(__ARM_FEATURE_SIMD32) && defined(__GNUC__)
    __asm__("uxtab16 %0, %0, %1, ror #8" : "+r"(lanes) : "r"(word));
    return lanes;
#else
    return lanes + (word >> 8 & 0x00ff00ffu);
#endif
}

/* Add two 16-bit lanes, less `bias`, to currents 0 and 2. */
EDGESNN_INLINE void edgesnn_spread_halves(uint32_t lanes, int32_t bias, int32_t *current)
{
    current[0] += (int32_t)(lanes & 0xffffu) - bias;
    current[2] += (int32_t)(lanes >> 16) - bias;
}

/* Add four 8-bit lanes, less `bias`, to every `step`-th current. */
EDGESNN_INLINE void edgesnn_spread_bytes(uint32_t lanes, int32_t bias, uint32_t step,
                                         int32_t *current)
{
    current[0] += (int32_t)(lanes & 0xffu) - bias;
    current[step] += (int32_t)(lanes >> 8 & 0xffu) - bias;
    current[2u * step] += (int32_t)(lanes >> 16 & 0xffu) - bias;
    current[3u * step] += (int32_t)(lanes >> 24) - bias;
}

/* Where the rows of `count` neurons begin. */
EDGESNN_INLINE void edgesnn_find_rows(const struct edgesnn_dense *group, const uint16_t *neuron,
                                      uint32_t count, const uint32_t **row)
{
    for (uint32_t event = 0; event < count; event++) {
        row[event] = &group->weight[neuron[event] * group->words];
    }
}

/* Eight neurons a tile: two words of four weights. */
EDGESNN_INLINE void edgesnn_dense8(const struct edgesnn_dense *group,
                                   const struct edgesnn_events *events, int32_t *current)
{
    const int32_t bias = 128 * (int32_t)events->count;
    const uint32_t *row[EDGESNN_BATCH];
    edgesnn_find_rows(group, events->neuron, events->count, row);
    for (uint32_t tile = 0; tile < group->words; tile += 2, current += 8) {
        uint32_t even0 = 0, odd0 = 0, even1 = 0, odd1 = 0;
        for (uint32_t event = 0; event < events->count; event++) {
            const uint32_t *word = &row[event][tile];
            even0 = edgesnn_add_even(even0, word[0]);
            odd0 = edgesnn_add_odd(odd0, word[0]);
            even1 = edgesnn_add_even(even1, word[1]);
            odd1 = edgesnn_add_odd(odd1, word[1]);
        }
        edgesnn_spread_halves(even0, bias, current);
        edgesnn_spread_halves(odd0, bias, current + 1);
        edgesnn_spread_halves(even1, bias, current + 4);
        edgesnn_spread_halves(odd1, bias, current + 5);
    }
}

/* Eight neurons a tile: one word of eight weights. `count` is at most EDGESNN_NIBBLE_BATCH. */
EDGESNN_INLINE void edgesnn_dense4_few(const struct edgesnn_dense *group, const uint16_t *neuron,
                                       uint32_t count, int32_t *current)
{
    const int32_t bias = 8 * (int32_t)count;
    const uint32_t *row[EDGESNN_NIBBLE_BATCH];
    edgesnn_find_rows(group, neuron, count, row);
    for (uint32_t tile = 0; tile < group->words; tile++, current += 8) {
        uint32_t even = 0, odd = 0;
        for (uint32_t event = 0; event < count; event++) {
            const uint32_t word = row[event][tile];
            even += word & 0x0f0f0f0fu;
            odd += word >> 4 & 0x0f0f0f0fu;
        }
        edgesnn_spread_bytes(even, bias, 2, current);
        edgesnn_spread_bytes(odd, bias, 2, current + 1);
    }
}

EDGESNN_INLINE void edgesnn_dense4(const struct edgesnn_dense *group,
                                   const struct edgesnn_events *events, int32_t *current)
{
    for (uint32_t first = 0; first < events->count; first += EDGESNN_NIBBLE_BATCH) {
        const uint32_t left = events->count - first;
        const uint32_t count = left < EDGESNN_NIBBLE_BATCH ? left : EDGESNN_NIBBLE_BATCH;
        edgesnn_dense4_few(group, &events->neuron[first], count, current);
    }
}

/* Sixteen neurons a tile: one word of sixteen weights. */
EDGESNN_INLINE void edgesnn_dense2(const struct edgesnn_dense *group,
                                   const struct edgesnn_events *events, int32_t *current)
{
    const int32_t bias = 2 * (int32_t)events->count;
    const uint32_t *row[EDGESNN_BATCH];
    edgesnn_find_rows(group, events->neuron, events->count, row);
    for (uint32_t tile = 0; tile < group->words; tile++, current += 16) {
        uint32_t lanes0 = 0, lanes1 = 0, lanes2 = 0, lanes3 = 0;
        for (uint32_t event = 0; event < events->count; event++) {
            const uint32_t word = row[event][tile];
            lanes0 += word & 0x03030303u;
            lanes1 += word >> 2 & 0x03030303u;
            lanes2 += word >> 4 & 0x03030303u;
            lanes3 += word >> 6 & 0x03030303u;
        }
        edgesnn_spread_bytes(lanes0, bias, 4, current);
        edgesnn_spread_bytes(lanes1, bias, 4, current + 1);
        edgesnn_spread_bytes(lanes2, bias, 4, current + 2);
        edgesnn_spread_bytes(lanes3, bias, 4, current + 3);
    }
}

/* Graded events and weights of `bits` bits, 4 or 2, one multiplication a synapse. */
EDGESNN_INLINE void edgesnn_dense_graded(const struct edgesnn_dense *group, uint32_t bits,
                                         const struct edgesnn_events *events, int32_t *current)
{
    const int32_t bias = 1 << (bits - 1u);
    for (uint32_t event = 0; event < events->count; event++) {
        const uint32_t *row = &group->weight[events->neuron[event] * group->words];
        int32_t *target = current;
        for (uint32_t tile = 0; tile < group->words; tile++) {
            for (uint32_t at = 0; at < 32u; at += bits) {
                const uint32_t biased = row[tile] >> at & ((1u << bits) - 1u);
                *target++ += ((int32_t)biased - bias) * events->value[event];
            }
        }
    }
}

EDGESNN_INLINE void edgesnn_graded4(const struct edgesnn_dense *group,
                                    const struct edgesnn_events *events, int32_t *current)
{
    edgesnn_dense_graded(group, 4, events, current);
}

EDGESNN_INLINE void edgesnn_graded2(const struct edgesnn_dense *group,
                                    const struct edgesnn_events *events, int32_t *current)
{
    edgesnn_dense_graded(group, 2, events, current);
}

#endif
