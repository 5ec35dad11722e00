/* SPDX-License-Identifier: MIT-0
 *
 * Rows of four bits a weight on cores with the DSP extension, in assembly alone: UMAAL with a
 * factor of one adds two events at once, low = a * 1 + low + b.
 *
 * r0 and r1 are the whole sums of the tile's first word and those of its upper nibbles, r2 and r3
 * the same of its second word; then the byte sums, of which r0 and r1 belong to the first four
 * pairs of neurons. r11 is one, r12 the mask of lower nibbles, lr where the list is read.
 *
 * Cycles on Cortex-M4: 17.75 a pair of events and tile, 0.55 a synapse: 5 to load four words, 8 to
 * add them, 4 for the list and a quarter of the loop. After sixteen events byte sums are widened
 * into lanes in memory, 0.2 a synapse more: 8 additions, 18 to load and store lanes, the rest to
 * begin anew. Loads and additions alone would be 0.375.
 */
#ifndef EDGESNN_NIBBLES_DSP_H
#define EDGESNN_NIBBLES_DSP_H

#include "edgesnn_rows.h"

/* A pair of events; r8 and r9 hold their places. The first store runs in the shadow of a load. */
#define EDGESNN_NIBBLE_PAIR                                                                        \
    "ldr.w   r5, [r8, #4]\n"                                                                       \
    "ldr.w   r7, [r9, #4]\n"                                                                       \
    "ldr.w   r4, [r8], #8\n"                                                                       \
    "ldr.w   r6, [r9], #8\n"                                                                       \
    "str.w   r8, [lr], #4\n"                                                                       \
    "and.w   r10, r12, r7, lsr #4\n"                                                               \
    "umaal   r2, r7, r5, r11\n"                                                                    \
    "str.w   r9, [lr], #4\n"                                                                       \
    "and.w   r5, r12, r5, lsr #4\n"                                                                \
    "and.w   r7, r12, r6, lsr #4\n"                                                                \
    "umaal   r3, r10, r5, r11\n"                                                                   \
    "ldr.w   r8, [lr]\n"                                                                           \
    "ldr.w   r9, [lr, #4]\n"                                                                       \
    "umaal   r0, r6, r4, r11\n"                                                                    \
    "and.w   r4, r12, r4, lsr #4\n"                                                                \
    "umaal   r1, r7, r4, r11\n"

/* The single event of an odd number, with which sums begin. */
#define EDGESNN_NIBBLE_SINGLE                                                                      \
    "ldr.w   r8, [lr]\n"                                                                           \
    "ldr.w   r2, [r8, #4]\n"                                                                       \
    "ldr.w   r0, [r8], #8\n"                                                                       \
    "str.w   r8, [lr], #4\n"                                                                       \
    "and.w   r3, r12, r2, lsr #4\n"                                                                \
    "and.w   r1, r12, r0, lsr #4\n"

#define EDGESNN_NIBBLE_NONE                                                                        \
    "mov.w   r0, #0\n"                                                                             \
    "mov.w   r1, #0\n"                                                                             \
    "mov.w   r2, #0\n"                                                                             \
    "mov.w   r3, #0\n"

#define EDGESNN_NIBBLE_CONSTANTS                                                                   \
    "mov.w   r11, #1\n"                                                                            \
    "mov.w   r12, #0x0f0f0f0f\n"

/* Whole sums to byte sums. */
#define EDGESNN_NIBBLE_BYTES                                                                       \
    "sub.w   r0, r0, r1, lsl #4\n"                                                                 \
    "sub.w   r2, r2, r3, lsl #4\n"

/* A word of byte sums into two pairs of lanes, and all of them into r4 to r11. */
#define EDGESNN_NIBBLE_WIDEN_WORD(even, odd, word)                                                 \
    "uxtab16 " even ", " even ", " word "\n"                                                       \
    "uxtab16 " odd ", " odd ", " word ", ror #8\n"

#define EDGESNN_NIBBLE_WIDEN                                                                       \
    EDGESNN_NIBBLE_WIDEN_WORD("r4", "r5", "r0")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r6", "r7", "r1")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r8", "r9", "r2")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r10", "r11", "r3")

/* From the arguments of edgesnn_hear4 to its stack: the list (0), `sums` of the tile at work (4),
 * `end` (8), `shared` in both lanes (12), events of the last chunk (16), where it begins (20) and
 * where its first pair is added (24): label 3, further by a pair's 64 bytes for each that is
 * missing of the first turn; label 4 where it has none. */
#define EDGESNN_NIBBLE_BEGIN                                                                       \
    "push    {r4-r11, lr}\n"                                                                       \
    "ldr.w   r4, [sp, #36]\n"                                                                      \
    "sub.w   r5, r1, #1\n"                                                                         \
    "lsr.w   r5, r5, #4\n"                                                                         \
    "mov.w   r6, #68\n"                                                                            \
    "mla     r6, r5, r6, r0\n"                                                                     \
    "sub.w   r5, r1, r5, lsl #4\n"                                                                 \
    "lsr.w   r7, r5, #1\n"                                                                         \
    "rsb.w   r8, r7, #0\n"                                                                         \
    "and.w   r8, r8, #3\n"                                                                         \
    "adr.w   r9, 3f\n"                                                                             \
    "add.w   r9, r9, r8, lsl #6\n"                                                                 \
    "adr.w   r8, 4f\n"                                                                             \
    "cmp.w   r7, #0\n"                                                                             \
    "it      eq\n"                                                                                 \
    "moveq   r9, r8\n"                                                                             \
    "orr.w   r9, r9, #1\n"                                                                         \
    "push    {r0, r2-r6, r9}\n"                                                                    \
    ".balign 4\n"

/* Sums as lanes of all tiles up to `end`, of `shared` and the rows of `count` events, not 0. The
 * last chunk comes first, since it may not be whole. */
EDGESNN_NAKED void edgesnn_hear4(EDGESNN_UNUSED uint32_t *list, EDGESNN_UNUSED uint32_t count,
                                 EDGESNN_UNUSED uint32_t *sums, EDGESNN_UNUSED const uint32_t *end,
                                 EDGESNN_UNUSED uint32_t shared)
{
    __asm__ volatile(
        EDGESNN_NIBBLE_BEGIN
        "1:\n"
        "ldr.w   r4, [sp, #16]\n"
        "ldr.w   lr, [sp, #20]\n"
        EDGESNN_NIBBLE_CONSTANTS
        "lsls.w  r4, r4, #31\n"
        "beq.w   2f\n"
        EDGESNN_NIBBLE_SINGLE
        "b.w     7f\n"
        "2:\n"
        EDGESNN_NIBBLE_NONE
        "7:\n"
        "ldr.w   r4, [sp, #24]\n"
        "ldr.w   r8, [lr]\n"
        "ldr.w   r9, [lr, #4]\n"
        "bx      r4\n"

        "8:\n"
        EDGESNN_NIBBLE_CONSTANTS
        EDGESNN_NIBBLE_NONE
        "ldr.w   r8, [lr]\n"
        "ldr.w   r9, [lr, #4]\n"
        ".balign 4\n"
        "3:\n"
        ".rept   4\n"
        EDGESNN_NIBBLE_PAIR
        ".endr\n"
        "cmp.w   r8, #0\n"
        "bne.w   3b\n"

        ".balign 4\n"
        "4:\n"
        EDGESNN_NIBBLE_BYTES
        "ldr.w   r12, [sp, #4]\n"
        "ldr.w   r4, [sp, #20]\n"
        "cmp.w   lr, r4\n"
        "bhi.w   5f\n"
        "ldmia.w r12, {r4-r11}\n"
        "6:\n"
        EDGESNN_NIBBLE_WIDEN
        "stmia.w r12, {r4-r11}\n"
        "ldr.w   r4, [sp, #20]\n"
        "add.w   lr, lr, #4\n"
        "cmp.w   lr, r4\n"
        "bne.w   8b\n"

        "ldr.w   r4, [sp, #8]\n"
        "add.w   r12, r12, #32\n"
        "str.w   r12, [sp, #4]\n"
        "cmp.w   r12, r4\n"
        "bne.w   1b\n"
        "add.w   sp, sp, #28\n"
        "pop     {r4-r11, pc}\n"

        "5:\n"
        "ldr.w   lr, [sp]\n"
        "ldr.w   r4, [sp, #12]\n"
        "sub.w   lr, lr, #4\n"
        "mov.w   r5, r4\n"
        "mov.w   r6, r4\n"
        "mov.w   r7, r4\n"
        "mov.w   r8, r4\n"
        "mov.w   r9, r4\n"
        "mov.w   r10, r4\n"
        "mov.w   r11, r4\n"
        "b.w     6b\n");
}

#endif
