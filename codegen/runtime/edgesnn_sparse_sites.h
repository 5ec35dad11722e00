/* SPDX-License-Identifier: MIT-0
 *
 * Stored synapses of spikes onto up to 256 neurons whose currents are lanes: halfwords in memory,
 * proven to fit, so that sums may wrap in them.
 */
#ifndef EDGESNN_SPARSE_SITES_H
#define EDGESNN_SPARSE_SITES_H

#include "edgesnn_lanes.h"
#include "edgesnn_sparse.h"

/* Words of two synapses: postsynaptic neuron and weight of the first, a byte each, then those of
 * the second. Words of neuron `n` are `first[n]` up to `first[n + 1]`; exactly one of the tables
 * is there. A neuron stands in a row once; an odd row ends with a weight of zero onto one that is
 * not in it. */
struct edgesnn_sparse_sites {
    const uint32_t *synapse;
    const uint16_t *first16;
    const uint32_t *first32;
};

#if defined(__GNUC__)
typedef int16_t edgesnn_lane16 __attribute__((may_alias));
#else
typedef int16_t edgesnn_lane16;
#endif

EDGESNN_INLINE void edgesnn_add_synapse(uint32_t synapse, edgesnn_lane16 *lane)
{
    edgesnn_lane16 *const at = &lane[synapse & 0xffu];
    *at = (int16_t)(uint16_t)(*at + (int8_t)(synapse >> 8 & 0xffu));
}

EDGESNN_INLINE void edgesnn_add_two(uint32_t synapses, edgesnn_lane16 *lane)
{
    edgesnn_add_synapse(synapses, lane);
    edgesnn_add_synapse(synapses >> 16, lane);
}

#if EDGESNN_DSP
/* `pairs` times two words, at least one. All four lanes of a turn are loaded before one is stored,
 * since they differ: 28 cycles on Cortex-M4, 7 a synapse, of which a quarter are loads, a quarter
 * addresses and a seventh stores. Returns where the rest is. */
EDGESNN_INLINE const uint32_t *edgesnn_add_fours(const uint32_t *synapse, uint32_t pairs,
                                                 edgesnn_lane16 *lane)
{
    uint32_t v, w, a, b, c, d, x, y, z;
    __asm__ volatile(".balign 4\n"
                     "1:\n\t"
                     "ldr.w %[w], [%[synapse], #4]\n\t"
                     "ldr.w %[v], [%[synapse]], #8\n\t"
                     "ubfx %[c], %[w], #0, #8\n\t"
                     "ubfx %[d], %[w], #16, #8\n\t"
                     "ubfx %[a], %[v], #0, #8\n\t"
                     "ubfx %[b], %[v], #16, #8\n\t"
                     "add.w %[c], %[lane], %[c], lsl #1\n\t"
                     "add.w %[d], %[lane], %[d], lsl #1\n\t"
                     "add.w %[a], %[lane], %[a], lsl #1\n\t"
                     "add.w %[b], %[lane], %[b], lsl #1\n\t"
                     "ldrh.w %[x], [%[c]]\n\t"
                     "ldrh.w %[y], [%[d]]\n\t"
                     "ldrh.w %[z], [%[a]]\n\t"
                     "sxtab %[x], %[x], %[w], ror #8\n\t"
                     "add.w %[y], %[y], %[w], asr #24\n\t"
                     "ldrh.w %[w], [%[b]]\n\t"
                     "sxtab %[z], %[z], %[v], ror #8\n\t"
                     "add.w %[w], %[w], %[v], asr #24\n\t"
                     "strh.w %[x], [%[c]]\n\t"
                     "strh.w %[y], [%[d]]\n\t"
                     "strh.w %[z], [%[a]]\n\t"
                     "strh.w %[w], [%[b]]\n\t"
                     "subs.w %[pairs], %[pairs], #1\n\t"
                     "bne.w 1b\n\t"
                     : [v] "=&r"(v), [w] "=&r"(w), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c),
                       [d] "=&r"(d), [x] "=&r"(x), [y] "=&r"(y), [z] "=&r"(z),
                       [synapse] "+r"(synapse), [pairs] "+r"(pairs)
                     : [lane] "r"(lane)
                     : "cc", "memory");
    return synapse;
}
#else
EDGESNN_INLINE const uint32_t *edgesnn_add_fours(const uint32_t *synapse, uint32_t pairs,
                                                 edgesnn_lane16 *lane)
{
    for (const uint32_t *const end = synapse + 2u * pairs; synapse < end; synapse++) {
        edgesnn_add_two(*synapse, lane);
    }
    return synapse;
}
#endif

EDGESNN_SHARED void edgesnn_sparse_sites(const struct edgesnn_sparse_sites *group,
                                         const struct edgesnn_events *events, uint32_t *sums)
{
    edgesnn_lane16 *const lane = (edgesnn_lane16 *)sums;
    const bool narrow = group->first16 != NULL;
    for (uint32_t event = 0; event < events->count; event++) {
        const uint32_t n = events->neuron[event];
        const uint32_t begin = narrow ? group->first16[n] : group->first32[n];
        const uint32_t words = (narrow ? group->first16[n + 1u] : group->first32[n + 1u]) - begin;
        const uint32_t *synapse = &group->synapse[begin];
        if (words >= 2u) {
            synapse = edgesnn_add_fours(synapse, words / 2u, lane);
        }
        if (words % 2u != 0) {
            edgesnn_add_two(*synapse, lane);
        }
    }
}

#endif
