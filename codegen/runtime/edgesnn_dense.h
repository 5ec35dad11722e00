/* SPDX-License-Identifier: MIT-0
 *
 * Dense synapses: rows by presynaptic neuron, in tiles of four or eight postsynaptic neurons.
 *
 * A tile's sums stay in registers while the rows of all events of a batch are added, so that the
 * currents are loaded and stored once a batch. Rows are padded with zero weights to whole tiles;
 * `current` has room for them, and padding adds zero. No event, no work.
 *
 * Exact: |current| stays below 2^24 (proven when the network is made), in any order of sums.
 */
#ifndef EDGESNN_DENSE_H
#define EDGESNN_DENSE_H

#include "edgesnn_events.h"

/* Four int8 weights a word, the first in the lowest byte; row `n` begins at word `n * tiles`. */
struct edgesnn_dense8 {
    const uint32_t *weight;
    uint32_t tiles;
};

/* Eight 4-bit weights a word, the first in the lowest nibble. */
struct edgesnn_dense4 {
    const uint32_t *weight;
    uint32_t tiles;
};

/* Eight 2-bit (ternary) weights a half word, the first in the lowest two bits. */
struct edgesnn_dense2 {
    const uint16_t *weight;
    uint32_t tiles;
};

/* The signed lane of `bits` bits that begins at bit `at`. */
EDGESNN_INLINE int32_t edgesnn_lane(uint32_t word, uint32_t at, uint32_t bits)
{
    return (int32_t)(word << (32u - bits - at)) >> (32u - bits);
}

/* What event `event` sends: 1 for a spike. */
EDGESNN_INLINE int32_t edgesnn_value(const struct edgesnn_events *events, uint32_t event,
                                     bool graded)
{
    return graded ? events->value[event] : 1;
}

EDGESNN_INLINE void edgesnn_dense8(const struct edgesnn_dense8 *group,
                                   const struct edgesnn_events *events, bool graded,
                                   int32_t *current)
{
    for (uint32_t tile = 0; tile < group->tiles; tile++, current += 4) {
        int32_t sum0 = current[0], sum1 = current[1], sum2 = current[2], sum3 = current[3];
        for (uint32_t event = 0; event < events->count; event++) {
            const uint32_t lanes = group->weight[events->neuron[event] * group->tiles + tile];
            const int32_t value = edgesnn_value(events, event, graded);
            sum0 += (int8_t)lanes * value;
            sum1 += (int8_t)(lanes >> 8) * value;
            sum2 += (int8_t)(lanes >> 16) * value;
            sum3 += (int8_t)(lanes >> 24) * value;
        }
        current[0] = sum0;
        current[1] = sum1;
        current[2] = sum2;
        current[3] = sum3;
    }
}

/* Eight sums of a tile, kept in registers. */
struct edgesnn_sums {
    int32_t lane0, lane1, lane2, lane3, lane4, lane5, lane6, lane7;
};

/* Add the eight lanes of `bits` bits of `word`, times `value`. */
EDGESNN_INLINE void edgesnn_add_lanes(struct edgesnn_sums *sums, uint32_t word, uint32_t bits,
                                      int32_t value)
{
    sums->lane0 += edgesnn_lane(word, 0, bits) * value;
    sums->lane1 += edgesnn_lane(word, bits, bits) * value;
    sums->lane2 += edgesnn_lane(word, 2u * bits, bits) * value;
    sums->lane3 += edgesnn_lane(word, 3u * bits, bits) * value;
    sums->lane4 += edgesnn_lane(word, 4u * bits, bits) * value;
    sums->lane5 += edgesnn_lane(word, 5u * bits, bits) * value;
    sums->lane6 += edgesnn_lane(word, 6u * bits, bits) * value;
    sums->lane7 += edgesnn_lane(word, 7u * bits, bits) * value;
}

EDGESNN_INLINE void edgesnn_add_sums(const struct edgesnn_sums *sums, int32_t *current)
{
    current[0] += sums->lane0;
    current[1] += sums->lane1;
    current[2] += sums->lane2;
    current[3] += sums->lane3;
    current[4] += sums->lane4;
    current[5] += sums->lane5;
    current[6] += sums->lane6;
    current[7] += sums->lane7;
}

EDGESNN_INLINE void edgesnn_dense4(const struct edgesnn_dense4 *group,
                                   const struct edgesnn_events *events, bool graded,
                                   int32_t *current)
{
    for (uint32_t tile = 0; tile < group->tiles; tile++, current += 8) {
        struct edgesnn_sums sums = {0};
        for (uint32_t event = 0; event < events->count; event++) {
            const uint32_t lanes = group->weight[events->neuron[event] * group->tiles + tile];
            edgesnn_add_lanes(&sums, lanes, 4, edgesnn_value(events, event, graded));
        }
        edgesnn_add_sums(&sums, current);
    }
}

EDGESNN_INLINE void edgesnn_dense2(const struct edgesnn_dense2 *group,
                                   const struct edgesnn_events *events, bool graded,
                                   int32_t *current)
{
    for (uint32_t tile = 0; tile < group->tiles; tile++, current += 8) {
        struct edgesnn_sums sums = {0};
        for (uint32_t event = 0; event < events->count; event++) {
            const uint32_t lanes = group->weight[events->neuron[event] * group->tiles + tile];
            edgesnn_add_lanes(&sums, lanes, 2, edgesnn_value(events, event, graded));
        }
        edgesnn_add_sums(&sums, current);
    }
}

#endif
