/* SPDX-License-Identifier: MIT-0
 *
 * Sums of rows of small weights in Thumb-1 assembly, four to an addition (edgesnn_sums_thumb.h).
 */
#ifndef EDGESNN_BYTES_THUMB_H
#define EDGESNN_BYTES_THUMB_H

#include "edgesnn_sums_thumb.h"

#if EDGESNN_THUMB
#define EDGESNN_FIRST_EVENT                                                                        \
    "ldr r6, [r7]\n"                                                                               \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    "mov r8, r0\n"                                                                                 \
    "mov r9, r1\n"                                                                                 \
    "mov r10, r2\n"                                                                                \
    "mov r11, r3\n"                                                                                \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    "mov r12, r0\n"                                                                                \
    "mov lr, r1\n"                                                                                 \
    "stmia r7!, {r6}\n"

#define EDGESNN_FURTHER_EVENTS                                                                     \
    ".rept 17\n"                                                                                   \
    "ldr r6, [r7]\n"                                                                               \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    "add r8, r0\n"                                                                                 \
    "add r9, r1\n"                                                                                 \
    "add r10, r2\n"                                                                                \
    "add r11, r3\n"                                                                                \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    "add r12, r0\n"                                                                                \
    "add lr, r1\n"                                                                                 \
    "adds r4, r4, r2\n"                                                                            \
    "adds r5, r5, r3\n"                                                                            \
    "stmia r7!, {r6}\n"                                                                            \
    ".endr\n"

#define EDGESNN_SUM_BEGIN                                                                          \
    EDGESNN_SAVE                                                                                   \
    "ldmia r0!, {r1-r7}\n"                                                                         \
    "push {r1-r7}\n"                                                                               \
    "ldmia r0!, {r1-r7}\n"                                                                         \
    "push {r1-r7}\n"                                                                               \
    "b 10f\n"                                                                                      \
    ".p2align 2\n"                                                                                 \
    "12:\n" /* the last 18 events of a tile or fewer */                                            \
    "lsls r1, r0, #2\n"                                                                            \
    "lsls r0, r0, #1\n"                                                                            \
    "adds r0, r0, r1\n"                                                                            \
    "adr r5, 15f\n"                                                                                \
    "subs r5, r5, r0\n"                                                                            \
    "adds r5, #24\n"                                                                               \
    "str r5, [sp, #8]\n"                                                                           \
    "13:\n"                                                                                        \
    EDGESNN_FIRST_EVENT                                                                            \
    "mov r6, r5\n"                                                                                 \
    "movs r4, r2\n"                                                                                \
    "movs r5, r3\n"                                                                                \
    "mov pc, r6\n"

#define EDGESNN_SUM_CHUNK                                                                          \
    "10:\n" /* a tile */                                                                           \
    "ldr r7, [sp, #32]\n"                                                                          \
    "11:\n" /* a chunk */                                                                          \
    "ldr r0, [sp, #36]\n"                                                                          \
    "subs r0, r0, r7\n"                                                                            \
    "cmp r0, #72\n"                                                                                \
    "bls 12b\n"                                                                                    \
    ".p2align 2\n"                                                                                 \
    EDGESNN_FIRST_EVENT                                                                            \
    "movs r4, r2\n"                                                                                \
    "movs r5, r3\n"                                                                                \
    ".p2align 2\n"                                                                                 \
    EDGESNN_FURTHER_EVENTS                                                                         \
    "15:\n"

#define EDGESNN_SUM_END                                                                            \
    "18:\n" /* the chunk's sums */                                                                 \
    "ldr r6, [sp, #0]\n"                                                                           \
    "mov r0, r8\n"                                                                                 \
    "mov r1, r9\n"                                                                                 \
    "mov r2, r10\n"                                                                                \
    "mov r3, r11\n"                                                                                \
    "stmia r6!, {r0-r3}\n"                                                                         \
    "mov r2, r12\n"                                                                                \
    "mov r3, lr\n"                                                                                 \
    "stmia r6!, {r2-r5}\n"                                                                         \
    "str r6, [sp, #0]\n"                                                                           \
    "ldr r1, [sp, #4]\n"                                                                           \
    "cmp r1, #0\n"                                                                                 \
    "bne 21f\n"                                                                                    \
    "20:\n" /* the tile's end */                                                                   \
    "ldr r1, [sp, #28]\n"                                                                          \
    "subs r1, r1, #1\n"                                                                            \
    "beq 22f\n"                                                                                    \
    "str r1, [sp, #28]\n"                                                                          \
    "b 10b\n"                                                                                      \
    "21:\n" /* chunks are folded where there is room for no more, and at the end */                \
    "cmp r6, r1\n"                                                                                 \
    "beq 23f\n"                                                                                    \
    "ldr r0, [sp, #36]\n"                                                                          \
    "cmp r0, r7\n"                                                                                 \
    "beq 23f\n"                                                                                    \
    "b 11b\n"                                                                                      \
    "22:\n"                                                                                        \
    "add sp, #56\n"                                                                                \
    EDGESNN_RESTORE

#define EDGESNN_SUM_FOLD                                                                           \
    "23:\n"                                                                                        \
    "str r7, [sp, #8]\n"                                                                           \
    "ldr r0, [sp, #48]\n"                                                                          \
    "str r0, [sp, #16]\n"                                                                          \
    "subs r1, r6, r0\n" /* 32 n */                                                                 \
    "lsrs r0, r1, #3\n"                                                                            \
    "adds r0, r0, r1\n" /* 36 n */                                                                 \
    "adr r1, 25f\n"                                                                                \
    "subs r1, r1, r0\n"                                                                            \
    "str r1, [sp, #12]\n"                                                                          \
    "24:\n" /* four words of each */                                                               \
    "ldr r7, [sp, #44]\n"                                                                          \
    "ldr r0, [sp, #24]\n"                                                                          \
    "cmp r0, #0\n"                                                                                 \
    "bne 28f\n"                                                                                    \
    "mov r8, r0\n"                                                                                 \
    "mov r9, r0\n"                                                                                 \
    "mov r10, r0\n"                                                                                \
    "mov r11, r0\n"                                                                                \
    "mov r12, r0\n"                                                                                \
    "mov lr, r0\n"                                                                                 \
    "movs r4, r0\n"                                                                                \
    "movs r5, r0\n"                                                                                \
    "29:\n"                                                                                        \
    "ldr r7, [sp, #52]\n"                                                                          \
    "ldr r6, [sp, #16]\n"                                                                          \
    "ldr r0, [sp, #12]\n"                                                                          \
    "mov pc, r0\n"                                                                                 \
    "28:\n" /* on top of an earlier fold */                                                        \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    "mov r8, r0\n"                                                                                 \
    "mov r12, r1\n"                                                                                \
    "mov r9, r2\n"                                                                                 \
    "mov lr, r3\n"                                                                                 \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    "mov r10, r0\n"                                                                                \
    "movs r4, r1\n"                                                                                \
    "mov r11, r2\n"                                                                                \
    "movs r5, r3\n"                                                                                \
    "b 29b\n"                                                                                      \
    ".p2align 2\n"                                                                                 \
    ".rept 8\n"                                                                                    \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    EDGESNN_SPLIT("r0", "r7", "r8", "r12")                                                         \
    EDGESNN_SPLIT("r1", "r7", "r9", "lr")                                                          \
    EDGESNN_SPLIT("r2", "r7", "r10", "r4")                                                         \
    EDGESNN_SPLIT("r3", "r7", "r11", "r5")                                                         \
    "adds r6, r6, #16\n"                                                                           \
    ".endr\n"                                                                                      \
    "25:\n"                                                                                        \
    "ldr r7, [sp, #44]\n"                                                                          \
    "mov r0, r8\n"                                                                                 \
    "mov r1, r12\n"                                                                                \
    "mov r2, r9\n"                                                                                 \
    "mov r3, lr\n"                                                                                 \
    "stmia r7!, {r0-r3}\n"                                                                         \
    "mov r0, r10\n"                                                                                \
    "movs r1, r4\n"                                                                                \
    "mov r2, r11\n"                                                                                \
    "movs r3, r5\n"                                                                                \
    "stmia r7!, {r0-r3}\n"                                                                         \
    "str r7, [sp, #44]\n"                                                                          \
    "ldr r1, [sp, #48]\n"                                                                          \
    "movs r2, r1\n"                                                                                \
    "adds r2, #16\n"                                                                               \
    "ldr r0, [sp, #16]\n"                                                                          \
    "cmp r0, r2\n"                                                                                 \
    "beq 26f\n"                                                                                    \
    "str r2, [sp, #16]\n"                                                                          \
    "b 24b\n"                                                                                      \
    "26:\n"                                                                                        \
    "str r1, [sp, #0]\n"                                                                           \
    "ldr r7, [sp, #8]\n"                                                                           \
    "ldr r0, [sp, #36]\n"                                                                          \
    "movs r2, #0\n"                                                                                \
    "cmp r0, r7\n"                                                                                 \
    "beq 27f\n"                                                                                    \
    "movs r2, #1\n"                                                                                \
    "str r2, [sp, #24]\n"                                                                          \
    "ldr r1, [sp, #44]\n" /* more chunks of the same tile */                                       \
    "subs r1, #64\n"                                                                               \
    "str r1, [sp, #44]\n"                                                                          \
    "b 11b\n"                                                                                      \
    "27:\n"                                                                                        \
    "str r2, [sp, #24]\n"                                                                          \
    "b 20b\n"

/* Byte sums of the rows of all events: one word for four neurons where one chunk holds them. Else
 * two, to which the sums of all chunks are added: whole words modulo 2^32, and their odd bytes as
 * lanes.
 *
 * Biased weights are at most 14, so that 18 events fit a byte (18 * 14 = 252). Odd lanes are exact
 * up to 65,535; the even ones are whole - (odd << 8) modulo 2^32.
 *
 * An event costs 22 cycles a tile of 32 neurons, 0.69 a synapse: 10 loading, 8 adding, of which the
 * floor of 0.56 consists, and 4 for the list. A chunk of 18 events that is folded costs some 90
 * besides, 0.16 a synapse, of which the fold is half: 5.5 a word. */
EDGESNN_NAKED void edgesnn_sum_bytes(struct edgesnn_summing *job EDGESNN_UNUSED)
{
    __asm__ volatile(
        EDGESNN_SUM_BEGIN
        EDGESNN_SUM_CHUNK
        EDGESNN_SUM_END
        EDGESNN_SUM_FOLD);
}

/* The same of weights so small that several groups of events fit a chunk. */
EDGESNN_NAKED void edgesnn_sum_small_bytes(struct edgesnn_summing *job EDGESNN_UNUSED)
{
    __asm__ volatile(
        EDGESNN_SUM_BEGIN
    "19:\n" /* a further group of the chunk */
    "ldr r1, [sp, #20]\n"
    "subs r1, r1, #1\n"
    "beq 16f\n"
    "ldr r0, [sp, #36]\n"
    "subs r0, r0, r7\n"
    "beq 16f\n"
    "str r1, [sp, #20]\n"
    "cmp r0, #68\n"
    "bls 17f\n"
    "movs r0, #68\n"
    "17:\n"
    "lsls r1, r0, #2\n"
    "lsls r0, r0, #1\n"
    "adds r0, r0, r1\n"
    "adr r1, 15f\n"
    "subs r1, r1, r0\n"
    "mov pc, r1\n"
    "16:\n"
    "ldr r1, [sp, #40]\n"
    "str r1, [sp, #20]\n"
    "b 18f\n"
        EDGESNN_SUM_CHUNK
    "b 19b\n"
        EDGESNN_SUM_END
        EDGESNN_SUM_FOLD);
}
#endif

#endif
