/* SPDX-License-Identifier: MIT-0
 *
 * Dense synapses of graded channels with int8 weights, two channels at a time: on cores with the
 * DSP extension one SMLAD multiplies and adds both.
 *
 * As in edgesnn_dense.h a tile's four sums stay in registers, rows are padded with zero weights,
 * and pairs of channels that send nothing cost nothing. Exact: an odd last channel is paired with
 * a value of zero, and products of 9-bit changes and int8 weights are far from 32 bits.
 */
#ifndef EDGESNN_PAIRED_H
#define EDGESNN_PAIRED_H

#include "edgesnn_events.h"

/* Events of pairs of channels: the first channel's value in the low half. */
struct edgesnn_pairs {
    uint32_t count;
    uint16_t pair[EDGESNN_BATCH];
    uint32_t value[EDGESNN_BATCH];
};

/* Row `p` begins at word `2 * p * tiles` and holds two words a tile. With channels a, b and
 * postsynaptic neurons n, n + 1, a word's bytes are, the lowest first: a to n, a to n + 1,
 * b to n, b to n + 1. */
struct edgesnn_paired8 {
    const uint32_t *weight;
    uint32_t tiles;
};

/* What graded channel `channel` sends; nothing where there is no such channel. */
EDGESNN_INLINE int32_t edgesnn_sent(const struct edgesnn_graded *source, uint32_t channel)
{
    if (channel >= source->channels) {
        return 0;
    }
    return source->now[channel] - (source->before != NULL ? source->before[channel] : 0);
}

/* Take the next batch of pairs that send something; false where none is left. */
EDGESNN_INLINE bool edgesnn_gather_pairs(struct edgesnn_graded *source, struct edgesnn_pairs *pairs)
{
    uint32_t count = 0;
    for (; source->next < source->channels && count < EDGESNN_BATCH; source->next += 2u) {
        const int32_t first = edgesnn_sent(source, source->next);
        const int32_t second = edgesnn_sent(source, source->next + 1u);
        if ((first | second) != 0) {
            pairs->pair[count] = (uint16_t)(source->next / 2u);
            pairs->value[count++] = ((uint32_t)first & 0xffffu) | (uint32_t)second << 16;
        }
    }
    pairs->count = count;
    return count != 0;
}

/* sum + a * (low half of values) + b * (high half of values), for a, b in bytes `at` and
 * `at + 2` of `weights`; `at` is 0 or 1. */
EDGESNN_INLINE int32_t edgesnn_add_pair(int32_t sum, uint32_t weights, uint32_t at, uint32_t values)
{
#if defined(__ARM_FEATURE_SIMD32) && defined(__GNUC__)
    uint32_t pair;
    if (at == 0) {
        __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(weights));
    } else {
        __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(weights));
    }
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(pair), "r"(values));
    return sum;
#else
    const int32_t first = (int8_t)(weights >> 8u * at), second = (int8_t)(weights >> (8u * at + 16u));
    return sum + first * (int16_t)values + second * (int16_t)(values >> 16);
#endif
}

EDGESNN_INLINE void edgesnn_paired8(const struct edgesnn_paired8 *group,
                                    const struct edgesnn_pairs *pairs, int32_t *current)
{
    const uint32_t *row[EDGESNN_BATCH];
    for (uint32_t event = 0; event < pairs->count; event++) {
        row[event] = &group->weight[2u * pairs->pair[event] * group->tiles];
    }
    for (uint32_t tile = 0; tile < group->tiles; tile++, current += 4) {
        int32_t sum0 = current[0], sum1 = current[1], sum2 = current[2], sum3 = current[3];
        for (uint32_t event = 0; event < pairs->count; event++) {
            const uint32_t *word = &row[event][2u * tile];
            const uint32_t value = pairs->value[event];
            sum0 = edgesnn_add_pair(sum0, word[0], 0, value);
            sum1 = edgesnn_add_pair(sum1, word[0], 1, value);
            sum2 = edgesnn_add_pair(sum2, word[1], 0, value);
            sum3 = edgesnn_add_pair(sum3, word[1], 1, value);
        }
        current[0] = sum0;
        current[1] = sum1;
        current[2] = sum2;
        current[3] = sum3;
    }
}

#endif
