/* SPDX-License-Identifier: MIT-0
 *
 * Stored synapses only (rows by presynaptic neuron), and one-to-one synapses.
 * Weights are packed `8 / bits` to a byte, the first in the lowest bits.
 */
#ifndef EDGESNN_SPARSE_H
#define EDGESNN_SPARSE_H

#include "edgesnn_events.h"

/* The signed field of `bits` bits that begins at bit `at`. */
EDGESNN_INLINE int32_t edgesnn_field(uint32_t word, uint32_t at, uint32_t bits)
{
    return (int32_t)(word << (32u - bits - at)) >> (32u - bits);
}

/* The signed weight `index` of a packed table. */
EDGESNN_INLINE int32_t edgesnn_weight(const uint8_t *weight, uint32_t bits, uint32_t index)
{
    const uint32_t in_byte = 8u / bits;
    return edgesnn_field(weight[index / in_byte], index % in_byte * bits, bits);
}

/* Synapses of neuron `n` are `first[n]` up to `first[n + 1]`. Exactly one of each pair of
 * tables is there: the narrow one where its entries fit. */
struct edgesnn_sparse {
    const uint8_t *weight;
    const uint16_t *first16;
    const uint32_t *first32;
    const uint8_t *post8;
    const uint16_t *post16;
    uint32_t bits;
};

EDGESNN_INLINE uint32_t edgesnn_first_synapse(const struct edgesnn_sparse *group, uint32_t neuron)
{
    return group->first16 != NULL ? group->first16[neuron] : group->first32[neuron];
}

EDGESNN_INLINE void edgesnn_sparse(const struct edgesnn_sparse *group,
                                   const struct edgesnn_events *events, bool graded,
                                   int32_t *current)
{
    for (uint32_t event = 0; event < events->count; event++) {
        const uint32_t neuron = events->neuron[event];
        const uint32_t end = edgesnn_first_synapse(group, neuron + 1u);
        const int32_t value = edgesnn_value(events, event, graded);
        for (uint32_t synapse = edgesnn_first_synapse(group, neuron); synapse < end; synapse++) {
            const uint32_t post =
                group->post8 != NULL ? group->post8[synapse] : group->post16[synapse];
            current[post] += edgesnn_weight(group->weight, group->bits, synapse) * value;
        }
    }
}

/* A synapse from each presynaptic neuron to its twin; one weight a channel of `sites` neurons. */
struct edgesnn_identity {
    const uint8_t *weight;
    uint32_t bits;
    uint32_t sites;
};

EDGESNN_INLINE void edgesnn_identity(const struct edgesnn_identity *group,
                                     const struct edgesnn_events *events, bool graded,
                                     int32_t *current)
{
    for (uint32_t event = 0; event < events->count; event++) {
        const uint32_t neuron = events->neuron[event];
        const int32_t weight = edgesnn_weight(group->weight, group->bits, neuron / group->sites);
        current[neuron] += weight * edgesnn_value(events, event, graded);
    }
}

#endif
