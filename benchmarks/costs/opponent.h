/* SPDX-License-Identifier: Apache-2.0
 *
 * The opponent: fully connected leaky layers computed densely, at a cost that does not depend on
 * spikes. Written to be as fast as a dense kernel gets on a core with the DSP extension, without
 * any trick that skips zeros.
 *
 * Four postsynaptic neurons at a time: a tile of weights is four words, one a neuron, of four
 * presynaptic neurons each, so that every word of presynaptic values serves four neurons. The
 * sums go straight from their registers into the membranes.
 *
 * Two kernels. One multiplies int8 weights with 16-bit values: SXTB16 and SMLAD, two products an
 * instruction, as libraries for int8 networks do. The other knows that values are spikes: weights
 * carry a bias of 128, spikes are byte masks, and USADA8 adds four masked weights at once; the
 * bias of all spikes together is taken off at the end.
 */
#ifndef OPPONENT_H
#define OPPONENT_H

#include <arm_acle.h>
#include <stdint.h>
#include <string.h>

#include "edgesnn_base.h"

#define OPPONENT_INLINE static inline __attribute__((always_inline))

/* `inputs` is a multiple of 8, `neurons` of 4; `weight` has inputs * neurons / 4 words. */
struct opponent_layer {
    const uint32_t *weight;
    uint32_t inputs;
    uint32_t neurons;
    int32_t decay;
    int32_t threshold;
};

/* Sums of four neurons. */
struct opponent_sums {
    int32_t of[4];
};

/* One word of weights of each of four neurons in r4, r5, r6, r8, values in `even` and `odd`: two
 * products an instruction. Interleaved, so that no result is used in the next cycle (Cortex-M33). */
#define OPPONENT_MULTIPLY(even, odd)                                                               \
    "ldmia %[w]!, {r4, r5, r6, r8}\n"                                                              \
    "sxtb16 r12, r4\n"                                                                             \
    "sxtb16 r4, r4, ror #8\n"                                                                      \
    "smlad %[a], r12, " even ", %[a]\n"                                                            \
    "sxtb16 r12, r5\n"                                                                             \
    "sxtb16 r5, r5, ror #8\n"                                                                      \
    "smlad %[b], r12, " even ", %[b]\n"                                                            \
    "smlad %[a], r4, " odd ", %[a]\n"                                                              \
    "sxtb16 r12, r6\n"                                                                             \
    "sxtb16 r6, r6, ror #8\n"                                                                      \
    "smlad %[c], r12, " even ", %[c]\n"                                                            \
    "smlad %[b], r5, " odd ", %[b]\n"                                                              \
    "sxtb16 r12, r8\n"                                                                             \
    "sxtb16 r8, r8, ror #8\n"                                                                      \
    "smlad %[d], r12, " even ", %[d]\n"                                                            \
    "smlad %[c], r6, " odd ", %[c]\n"                                                              \
    "smlad %[d], r8, " odd ", %[d]\n"

/* The values of four presynaptic neurons are two words: 0 and 2, then 1 and 3. */
OPPONENT_INLINE struct opponent_sums opponent_multiply(const uint32_t *weight,
                                                       const uint32_t *value, uint32_t inputs)
{
    int32_t a = 0, b = 0, c = 0, d = 0;
    __asm__(".p2align 2\n"
            "0:\n"
            "ldmia %[v]!, {r9, r10}\n" OPPONENT_MULTIPLY("r9", "r10")
            "ldmia %[v]!, {r9, r10}\n" OPPONENT_MULTIPLY("r9", "r10")
            "cmp %[v], %[end]\n"
            "bne 0b\n"
            : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [w] "+r"(weight),
              [v] "+r"(value)
            : [end] "r"(value + inputs / 2u)
            : "r4", "r5", "r6", "r8", "r9", "r10", "r12", "cc", "memory");
    return (struct opponent_sums){{a, b, c, d}};
}

/* One word of biased weights of each of four neurons, masked and added up. */
#define OPPONENT_MASK(mask)                                                                        \
    "ldmia %[w]!, {r4, r5, r6, r8}\n"                                                              \
    "and r4, " mask "\n"                                                                           \
    "and r5, " mask "\n"                                                                           \
    "usada8 %[a], r4, %[zero], %[a]\n"                                                             \
    "and r6, " mask "\n"                                                                           \
    "usada8 %[b], r5, %[zero], %[b]\n"                                                             \
    "and r8, " mask "\n"                                                                           \
    "usada8 %[c], r6, %[zero], %[c]\n"                                                             \
    "usada8 %[d], r8, %[zero], %[d]\n"

/* The values of four presynaptic neurons are a word of bytes, 255 for a spike; `bias` is what all
 * of them add too much. */
OPPONENT_INLINE struct opponent_sums opponent_mask(const uint32_t *weight, const uint32_t *value,
                                                   uint32_t inputs, uint32_t bias)
{
    uint32_t a = 0u - bias, b = a, c = a, d = a;
    __asm__(".p2align 2\n"
            "0:\n"
            "ldmia %[v]!, {r9, r10}\n" OPPONENT_MASK("r9") OPPONENT_MASK("r10")
            "cmp %[v], %[end]\n"
            "bne 0b\n"
            : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [w] "+r"(weight),
              [v] "+r"(value)
            : [end] "r"(value + inputs / 4u), [zero] "r"(0)
            : "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
    return (struct opponent_sums){{(int32_t)a, (int32_t)b, (int32_t)c, (int32_t)d}};
}

/* One step of a membrane; all ones where it fires, else zero. */
OPPONENT_INLINE uint32_t opponent_fire(const struct opponent_layer *layer, int32_t sum, int16_t *v)
{
    const int32_t u = edgesnn_saturate16((*v * layer->decay >> 8) + sum);
    const int32_t fires = (layer->threshold - 1 - u) >> 31;
    *v = (int16_t)(u - (layer->threshold & fires));
    return (uint32_t)fires;
}

/* Spikes of four neurons as two words of 16-bit values, 1 each. */
OPPONENT_INLINE void opponent_fire_values(const struct opponent_layer *layer,
                                          const struct opponent_sums *sum, int16_t *v,
                                          uint32_t *value)
{
    const uint32_t s0 = opponent_fire(layer, sum->of[0], &v[0]);
    const uint32_t s1 = opponent_fire(layer, sum->of[1], &v[1]);
    const uint32_t s2 = opponent_fire(layer, sum->of[2], &v[2]);
    const uint32_t s3 = opponent_fire(layer, sum->of[3], &v[3]);
    value[0] = (s0 & 1u) | (s2 & 0x10000u);
    value[1] = (s1 & 1u) | (s3 & 0x10000u);
}

/* Spikes of four neurons as a word of byte masks; how many there are. */
OPPONENT_INLINE uint32_t opponent_fire_masks(const struct opponent_layer *layer,
                                             const struct opponent_sums *sum, int16_t *v,
                                             uint32_t *value)
{
    const uint32_t s0 = opponent_fire(layer, sum->of[0], &v[0]);
    const uint32_t s1 = opponent_fire(layer, sum->of[1], &v[1]);
    const uint32_t s2 = opponent_fire(layer, sum->of[2], &v[2]);
    const uint32_t s3 = opponent_fire(layer, sum->of[3], &v[3]);
    *value = (s0 & 0xffu) | (s1 & 0xff00u) | (s2 & 0xff0000u) | (s3 & 0xff000000u);
    return 0u - s0 - s1 - s2 - s3;
}

OPPONENT_INLINE void opponent_layer_values(const struct opponent_layer *layer,
                                           const uint32_t *from, int16_t *v, uint32_t *to)
{
    const uint32_t *weight = layer->weight;
    for (uint32_t at = 0; at < layer->neurons; at += 4, v += 4, to += 2) {
        const struct opponent_sums sums = opponent_multiply(weight, from, layer->inputs);
        opponent_fire_values(layer, &sums, v, to);
        weight += layer->inputs;
    }
}

/* `count` of the presynaptic neurons fired; how many of these did. */
OPPONENT_INLINE uint32_t opponent_layer_masks(const struct opponent_layer *layer,
                                              const uint32_t *from, uint32_t count, int16_t *v,
                                              uint32_t *to)
{
    const uint32_t *weight = layer->weight;
    uint32_t fired = 0;
    for (uint32_t at = 0; at < layer->neurons; at += 4, v += 4, to++) {
        const struct opponent_sums sums =
            opponent_mask(weight, from, layer->inputs, 128u * count);
        fired += opponent_fire_masks(layer, &sums, v, to);
        weight += layer->inputs;
    }
    return fired;
}

OPPONENT_INLINE void opponent_score(const struct opponent_layer *layer,
                                    const struct opponent_sums *sum, int32_t *y)
{
    for (uint32_t at = 0; at < 4; at++) {
        y[at] = edgesnn_saturate24((y[at] * layer->decay >> 8) + sum->of[at]);
    }
}

OPPONENT_INLINE void opponent_readout_values(const struct opponent_layer *layer,
                                             const uint32_t *from, int32_t *y)
{
    const uint32_t *weight = layer->weight;
    for (uint32_t at = 0; at < layer->neurons; at += 4, weight += layer->inputs) {
        const struct opponent_sums sums = opponent_multiply(weight, from, layer->inputs);
        opponent_score(layer, &sums, &y[at]);
    }
}

OPPONENT_INLINE void opponent_readout_masks(const struct opponent_layer *layer,
                                            const uint32_t *from, uint32_t count, int32_t *y)
{
    const uint32_t *weight = layer->weight;
    for (uint32_t at = 0; at < layer->neurons; at += 4, weight += layer->inputs) {
        const struct opponent_sums sums =
            opponent_mask(weight, from, layer->inputs, 128u * count);
        opponent_score(layer, &sums, &y[at]);
    }
}

/* Features of 0 and 1 as 16-bit values. */
OPPONENT_INLINE void opponent_take_values(const int8_t *feature, uint32_t inputs, uint32_t *to)
{
    for (uint32_t at = 0; at < inputs; at += 4, to += 2) {
        uint32_t four;
        memcpy(&four, &feature[at], sizeof four);
        to[0] = four & 0x00ff00ffu;
        to[1] = four >> 8 & 0x00ff00ffu;
    }
}

/* Features of 0 and 1 as byte masks; how many are 1. */
OPPONENT_INLINE uint32_t opponent_take_masks(const int8_t *feature, uint32_t inputs, uint32_t *to)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < inputs; at += 4, to++) {
        uint32_t four;
        memcpy(&four, &feature[at], sizeof four);
        *to = four * 255u;
        count = __usada8(four, 0, count);
    }
    return count;
}

#endif
