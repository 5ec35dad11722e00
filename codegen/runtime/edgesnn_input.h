/* SPDX-License-Identifier: MIT-0
 *
 * Graded input (docs/SPEC.md sections 2 and 3): what the synapses see, and its currents.
 */
#ifndef EDGESNN_INPUT_H
#define EDGESNN_INPUT_H

#include "edgesnn_lanes.h"

/* Direct encoding with a history: the synapses see the features as they are. */
EDGESNN_INLINE void edgesnn_keep_features(const int8_t *features, int8_t *now, uint32_t channels)
{
    for (uint32_t channel = 0; channel < channels; channel++) {
        now[channel] = features[channel];
    }
}

/* Delta encoding: a channel is sent when it differs by more than `delta` from what was sent. True
 * where it is. */
EDGESNN_INLINE bool edgesnn_encode_channel(const int8_t *features, const int8_t *before,
                                           int8_t *now, uint32_t channel, int32_t delta)
{
    const int32_t change = features[channel] - before[channel];
    const bool moves = change > delta || change < -delta;
    now[channel] = moves ? features[channel] : before[channel];
    return moves;
}

#if defined(__ARM_FEATURE_SIMD32) && defined(__ARM_FEATURE_UNALIGNED) && defined(__GNUC__)
/* Four channels at once, one bit each. In bytes that 128 was added to, one of the two saturated
 * differences is the modulus of the change and the other zero; USUB8 sets a GE flag where it is at
 * least delta + 1. */
EDGESNN_INLINE uint32_t edgesnn_encode_four(const int8_t *features, const int8_t *before,
                                            int8_t *now, uint32_t least)
{
    uint32_t new, old, up, down, bits;
    __builtin_memcpy(&new, features, sizeof new);
    __builtin_memcpy(&old, before, sizeof old);
    const uint32_t one = new ^ 0x80808080u, other = old ^ 0x80808080u;
    __asm__("uqsub8 %0, %1, %2" : "=r"(up) : "r"(one), "r"(other));
    __asm__("uqsub8 %0, %1, %2" : "=r"(down) : "r"(other), "r"(one));
    __asm__("usub8 %0, %3, %4\n\t"
            "sel %1, %5, %2\n\t"
            "sel %0, %6, %7"
            : "=&r"(bits), "=&r"(new)
            : "r"(old), "r"(up | down), "r"(least), "1"(new), "r"(0x08040201u), "r"(0u));
    __asm__("usad8 %0, %0, %1" : "+r"(bits) : "r"(0u));
    __builtin_memcpy(now, &new, sizeof new);
    return bits;
}
#else
EDGESNN_INLINE uint32_t edgesnn_encode_four(const int8_t *features, const int8_t *before,
                                            int8_t *now, uint32_t least)
{
    const int32_t delta = (int32_t)(least & 0xffu) - 1;
    uint32_t bits = 0;
    for (uint32_t channel = 0; channel < 4u; channel++) {
        bits |= (uint32_t)edgesnn_encode_channel(features, before, now, channel, delta) << channel;
    }
    return bits;
}
#endif

/* A step of delta encoding, and a bitmap of the channels that are sent. A `delta` of 255, which
 * nothing exceeds, has no next number in a byte. */
EDGESNN_SHARED void edgesnn_encode_delta(const int8_t *features, const int8_t *before, int8_t *now,
                                         uint32_t *bitmap, uint32_t channels, uint32_t delta)
{
    const uint32_t least = (delta + 1u) * 0x01010101u;
    for (uint32_t word = 0; word < EDGESNN_WORDS(channels); word++) {
        bitmap[word] = 0;
    }
    uint32_t channel = 0;
    for (; channel + 4u <= channels && delta < 255u; channel += 4u) {
        const uint32_t bits =
            edgesnn_encode_four(&features[channel], &before[channel], &now[channel], least);
        bitmap[channel / 32u] |= bits << channel % 32u;
    }
    for (; channel < channels; channel++) {
        if (edgesnn_encode_channel(features, before, now, channel, (int32_t)delta)) {
            bitmap[channel / 32u] |= 1u << channel % 32u;
        }
    }
}

/* Currents are zero between layers; to be restored where their memory served another purpose.
 * gcc would call memset, which newlib has in a loop of three instructions a word. */
EDGESNN_INLINE void edgesnn_clear_currents(int32_t *current, uint32_t neurons)
{
    EDGESNN_UNROLL
    for (uint32_t neuron = 0; neuron < neurons; neuron++) {
#if defined(__GNUC__)
        __asm__ volatile("");
#endif
        current[neuron] = 0;
    }
}

/* current = floor(graded / 2^shift), all of a layer's currents being zero before. */
EDGESNN_INLINE void edgesnn_shift_graded(const int32_t *graded, int32_t *current, uint32_t neurons,
                                         uint32_t shift)
{
    for (uint32_t neuron = 0; neuron < neurons; neuron++) {
        current[neuron] = graded[neuron] >> shift;
    }
}

/* Currents, floor(current / 2^shift), as lanes; a lane holds a current modulo 2^16. `lanes` may be
 * the currents' own memory. `neurons` is even. */
EDGESNN_INLINE void edgesnn_pack_currents(const int32_t *current, uint32_t *lanes,
                                          uint32_t neurons, uint32_t shift)
{
    for (uint32_t pair = 0; pair < neurons / 2u; pair++) {
        const int32_t low = current[2u * pair] >> shift, high = current[2u * pair + 1u] >> shift;
        lanes[pair] = edgesnn_join(low, high);
    }
}

#endif
