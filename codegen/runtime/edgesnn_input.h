/* SPDX-License-Identifier: MIT-0
 *
 * Graded input (docs/SPEC.md sections 2 and 3): what the synapses see, and its currents.
 */
#ifndef EDGESNN_INPUT_H
#define EDGESNN_INPUT_H

#include "edgesnn_events.h"
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

#if EDGESNN_DSP && defined(__ARM_FEATURE_UNALIGNED) && !defined(EDGESNN_PORTABLE) && \
    !defined(EDGESNN_COMPACT)
/* Four channels at a time, `fours` times, which is not 0; `least` is delta + 1 in each byte. Of the
 * two differences, modulo 2^8, the GE flags of SSUB8 choose the modulus of the change, and those of
 * USUB8 tell where that is at least delta + 1. r9 is a word of the bitmap, filled from above; a bit
 * before it falls out when it is full. 19 cycles for four channels on Cortex-M4. */
EDGESNN_NAKED void edgesnn_encode_fours(
    EDGESNN_UNUSED const int8_t *features, EDGESNN_UNUSED const int8_t *before,
    EDGESNN_UNUSED int8_t *now, EDGESNN_UNUSED uint32_t *bitmap, EDGESNN_UNUSED uint32_t fours,
    EDGESNN_UNUSED uint32_t least)
{
    __asm__ volatile(
        "push    {r4-r10, lr}\n"
        "ldrd    r4, r5, [sp, #32]\n"
        "movw    r7, #0x0201\n"
        "movt    r7, #0x0804\n"
        "mov.w   r8, #0\n"
        "mov.w   r9, #0x80000000\n"
        ".balign 4\n"
        "1:\n"
        "ldr.w   r6, [r0], #4\n"
        "ldr.w   r12, [r1], #4\n"
        "ssub8   lr, r12, r6\n"
        "ssub8   r10, r6, r12\n"
        "sel     lr, r10, lr\n"
        "usub8   lr, lr, r5\n"
        "sel     lr, r7, r8\n"
        "sel     r6, r6, r12\n"
        "usad8   lr, lr, r8\n"
        "str.w   r6, [r2], #4\n"
        "lsrs.w  r9, r9, #4\n"
        "orr.w   r9, r9, lr, lsl #28\n"
        "bcs.n   3f\n"
        "2:\n"
        "subs    r4, r4, #1\n"
        "bne.n   1b\n"
        "rbit    r6, r9\n"
        "clz     r6, r6\n"
        "lsr.w   r9, r9, #1\n"
        "lsrs.w  r9, r9, r6\n"
        "it      ne\n"
        "strne.w r9, [r3]\n"
        "pop     {r4-r10, pc}\n"
        "3:\n"
        "str.w   r9, [r3], #4\n"
        "mov.w   r9, #0x80000000\n"
        "b.n     2b\n");
}
#else
EDGESNN_INLINE void edgesnn_encode_fours(const int8_t *features, const int8_t *before, int8_t *now,
                                         uint32_t *bitmap, uint32_t fours, uint32_t least)
{
    const int32_t delta = (int32_t)(least & 0xffu) - 1;
    for (uint32_t channel = 0; channel < 4u * fours; channel++) {
        if (edgesnn_encode_channel(features, before, now, channel, delta)) {
            bitmap[channel / 32u] |= 1u << channel % 32u;
        }
    }
}
#endif

/* A step of delta encoding, and a bitmap of the channels that are sent. A `delta` of 255, which
 * nothing exceeds, has no next number in a byte. */
EDGESNN_SHARED void edgesnn_encode_delta(const int8_t *features, const int8_t *before, int8_t *now,
                                         uint32_t *bitmap, uint32_t channels, uint32_t delta)
{
    const uint32_t fours = delta < 255u ? channels / 4u : 0;
    edgesnn_clear_bitmap(bitmap, EDGESNN_WORDS(channels));
    if (fours != 0) {
        edgesnn_encode_fours(features, before, now, bitmap, fours, (delta + 1u) * 0x01010101u);
    }
    for (uint32_t channel = 4u * fours; channel < channels; channel++) {
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
 * the currents' own memory. `neurons` is a multiple of 16. */
#if EDGESNN_DSP && !defined(EDGESNN_PORTABLE) && !defined(EDGESNN_COMPACT)
/* To the lanes up to `end`, 3.6 cycles a neuron on Cortex-M4. */
EDGESNN_NAKED void edgesnn_pack_up_to(
    EDGESNN_UNUSED const int32_t *current, EDGESNN_UNUSED uint32_t *lanes,
    EDGESNN_UNUSED const uint32_t *end, EDGESNN_UNUSED uint32_t shift)
{
    __asm__ volatile(
        "push    {r4-r11, lr}\n"
        ".balign 4\n"
        "1:\n"
        "ldm.w   r0!, {r4-r11}\n"
        "asr.w   r4, r4, r3\n"
        "asr.w   r5, r5, r3\n"
        "asr.w   r6, r6, r3\n"
        "asr.w   r7, r7, r3\n"
        "asr.w   r8, r8, r3\n"
        "asr.w   r9, r9, r3\n"
        "asr.w   r10, r10, r3\n"
        "asr.w   r11, r11, r3\n"
        "pkhbt   r4, r4, r5, lsl #16\n"
        "pkhbt   r5, r6, r7, lsl #16\n"
        "pkhbt   r6, r8, r9, lsl #16\n"
        "pkhbt   r7, r10, r11, lsl #16\n"
        "stm.w   r1!, {r4-r7}\n"
        "cmp     r1, r2\n"
        "bne.n   1b\n"
        "pop     {r4-r11, pc}\n");
}

EDGESNN_INLINE void edgesnn_pack_currents(const int32_t *current, uint32_t *lanes,
                                          uint32_t neurons, uint32_t shift)
{
    edgesnn_pack_up_to(current, lanes, &lanes[neurons / 2u], shift);
}
#else
EDGESNN_INLINE void edgesnn_pack_currents(const int32_t *current, uint32_t *lanes,
                                          uint32_t neurons, uint32_t shift)
{
    for (uint32_t pair = 0; pair < neurons / 2u; pair++) {
        const int32_t low = current[2u * pair] >> shift, high = current[2u * pair + 1u] >> shift;
        lanes[pair] = edgesnn_join(low, high);
    }
}
#endif

#endif
