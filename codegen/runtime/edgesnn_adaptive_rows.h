/* SPDX-License-Identifier: MIT-0
 *
 * What adaptive layers receive from rows of weights, as lanes: a sum a neuron, for
 * edgesnn_adaptive_pairs.h. The rows are those of edgesnn_rows.h and edgesnn_nibbles.h, which say
 * why byte sums and wrapping lanes are exact.
 */
#ifndef EDGESNN_ADAPTIVE_ROWS_H
#define EDGESNN_ADAPTIVE_ROWS_H

#include "edgesnn_membranes.h"

/* What edgesnn_list_spikes does, as one copy for all layers of several groups. `room` is what is
 * left of the list's last chunk. */
EDGESNN_SHARED void edgesnn_list_more(const struct edgesnn_rows *rows, const uint32_t *bitmap,
                                      uint32_t words, uint32_t first, struct edgesnn_list *list)
{
    const uint32_t chunk = rows->bits == 4u ? EDGESNN_CHUNK : 1u << 31;
    const uint32_t full = list->count != 0 && rows->bits == 4u ? (list->count - 1u) / EDGESNN_CHUNK
                                                                : 0;
    const uint32_t step = edgesnn_place_of_row(rows, 1) - edgesnn_place_of_row(rows, 0);
    uint32_t *place = &list->place[list->count + full], begun = 0;
    uint32_t room = chunk - (list->count - full * chunk);
    uint32_t start = edgesnn_place_of_row(rows, first);
    uint32_t *const before = place;
    for (const uint32_t *const end = bitmap + words; bitmap < end; bitmap++, start += 32u * step) {
        for (uint32_t bits = *bitmap; bits != 0; bits &= bits - 1u) {
            if (room == 0) {
                *place++ = EDGESNN_NOWHERE;
                begun++;
                room = chunk;
            }
            *place++ = start + edgesnn_lowest_bit(bits) * step;
            room--;
        }
    }
    *place = EDGESNN_NOWHERE;
    list->count += (uint32_t)(place - before) - begun;
}

/* Sums of `tiles` tiles to be made of `count` events, at least one, of four bits a weight; each
 * begins with the lanes of `start`. */
struct edgesnn_hearing {
    uint32_t *sum;
    uint32_t *place;
    uint32_t count;
    uint32_t start;
    uint32_t tiles;
};

/* Where there is no edgesnn_hear_nibbles, tiles are made one by one (edgesnn_adaptive.h). */
#if EDGESNN_DSP && !defined(EDGESNN_PORTABLE)

/* A pair of events, whose places are in r9 and r10, which get those of the next pair. Byte sums are
 * in r0 and r1, those of the upper nibbles in r2 and r3; r11 is one, lr the mask. */
#define EDGESNN_HEAR_PAIR                                                                          \
    "ldr.w   r5, [r9, #4]\n"                                                                       \
    "ldr.w   r7, [r10, #4]\n"                                                                      \
    "ldr.w   r4, [r9], #8\n"                                                                       \
    "ldr.w   r6, [r10], #8\n"                                                                      \
    "str     r9, [r12], #4\n"                                                                      \
    "and.w   r8, lr, r7, lsr #4\n"                                                                 \
    "umaal   r1, r7, r5, r11\n"                                                                    \
    "str     r10, [r12], #4\n"                                                                     \
    "and.w   r5, lr, r5, lsr #4\n"                                                                 \
    "and.w   r7, lr, r6, lsr #4\n"                                                                 \
    "umaal   r3, r8, r5, r11\n"                                                                    \
    "ldr.w   r9, [r12]\n"                                                                          \
    "ldr.w   r10, [r12, #4]\n"                                                                     \
    "umaal   r0, r6, r4, r11\n"                                                                    \
    "and.w   r4, lr, r4, lsr #4\n"                                                                 \
    "umaal   r2, r7, r4, r11\n"

/* Chunk after chunk (label 2), each an odd event, then two pairs a turn of which the first may be
 * left out; byte sums are then widened into the tile's eight lanes (label 6). 19.5 cycles a pair
 * of events and tile on Cortex-M4, 0.61 a synapse, and some 60 a chunk and tile: widening takes 30
 * of them. Frame: 0 sums, 4 places, 8 count, 12 tiles, 20 where the lanes so far are, 24 events
 * that are left less 16, 28 what lanes begin with. */
EDGESNN_NAKED void edgesnn_hear_nibbles(EDGESNN_UNUSED const struct edgesnn_hearing *hearing)
{
    __asm__ volatile(
        "push    {r4-r11, lr}\n"
        "sub     sp, sp, #60\n"
        "ldm.w   r0, {r1-r5}\n"
        "stm.w   sp, {r1-r3, r5}\n"
        "mov     r5, r4\n"
        "add     r0, sp, #28\n"
        "stm     r0!, {r4, r5}\n"
        "stm     r0!, {r4, r5}\n"
        "stm     r0!, {r4, r5}\n"
        "stm     r0!, {r4, r5}\n"
        "1:\n"
        "ldr.w   r12, [sp, #4]\n"
        "ldr.w   r4, [sp, #8]\n"
        "add     r5, sp, #28\n"
        "str     r5, [sp, #20]\n"
        "2:\n"
        "mov.w   r11, #1\n"
        "mov.w   lr, #0x0f0f0f0f\n"
        "ldr.w   r9, [r12]\n"
        "ldr.w   r10, [r12, #4]\n"
        "movs    r0, #0\n"
        "movs    r1, #0\n"
        "movs    r2, #0\n"
        "movs    r3, #0\n"
        "subs    r4, r4, #16\n"
        "str     r4, [sp, #24]\n"
        "bpl.w   4f\n"
        "lsls    r5, r4, #31\n"
        "beq     3f\n"
        "ldr.w   r1, [r9, #4]\n"
        "ldr.w   r0, [r9], #8\n"
        "str     r9, [r12], #4\n"
        "and.w   r3, lr, r1, lsr #4\n"
        "and.w   r2, lr, r0, lsr #4\n"
        "ldr.w   r9, [r12]\n"
        "ldr.w   r10, [r12, #4]\n"
        "cmp.w   r9, #0\n"
        "beq.w   6f\n"
        "3:\n"
        "lsls    r5, r4, #30\n"
        "bmi.w   5f\n"
        ".balign 4\n"
        "4:\n" EDGESNN_HEAR_PAIR
        "5:\n" EDGESNN_HEAR_PAIR
        "cmp.w   r9, #0\n"
        "bne.w   4b\n"
        "6:\n"
        "ldr.w   lr, [sp, #20]\n"
        "sub.w   r0, r0, r2, lsl #4\n"
        "sub.w   r1, r1, r3, lsl #4\n"
        "ldm.w   lr, {r4-r11}\n"
        "ldr.w   lr, [sp]\n"
        "uxtab16 r4, r4, r0\n"
        "uxtab16 r5, r5, r0, ror #8\n"
        "uxtab16 r6, r6, r2\n"
        "uxtab16 r7, r7, r2, ror #8\n"
        "uxtab16 r8, r8, r1\n"
        "uxtab16 r9, r9, r1, ror #8\n"
        "uxtab16 r10, r10, r3\n"
        "uxtab16 r11, r11, r3, ror #8\n"
        "stm.w   lr, {r4-r11}\n"
        "ldr     r4, [sp, #24]\n"
        "str.w   lr, [sp, #20]\n"
        "add.w   r12, r12, #4\n"
        "cmp     r4, #0\n"
        "bgt.w   2b\n"
        "ldr     r5, [sp, #12]\n"
        "add.w   lr, lr, #32\n"
        "subs    r5, r5, #1\n"
        "str.w   lr, [sp]\n"
        "str     r5, [sp, #12]\n"
        "bne.w   1b\n"
        "add     sp, sp, #60\n"
        "pop     {r4-r11, pc}\n");
}

#define EDGESNN_HEARS 1
#else
#define EDGESNN_HEARS 0
#endif

#endif
