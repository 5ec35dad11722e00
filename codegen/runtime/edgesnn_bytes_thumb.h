/* SPDX-License-Identifier: MIT-0
 *
 * Sums of rows of small weights in Thumb-1 assembly, four to an addition (edgesnn_sums_thumb.h).
 *
 * What bounds them on Armv6-M: of the registers eight hold sums (r4, r5, and the six that only MOV,
 * ADD and CMP reach), four take what is loaded, two walk. So an event and a tile of 32 neurons,
 * which are eight words, take 10 cycles to load and 8 to add: 0.5625 a synapse. Nine sums and loads
 * by three would be 21 for 36 neurons, ten and loads by two 25 for 40: 0.58 and 0.63. To find the
 * row takes 3: a list that says by how much each row is behind the one before is the same for all
 * tiles, where addresses would have to be written anew for each (4), or take a register from the
 * sums. 21 in all, 0.656 a synapse.
 */
#ifndef EDGESNN_BYTES_THUMB_H
#define EDGESNN_BYTES_THUMB_H

#include "edgesnn_sums_thumb.h"

/* Of the chunks that a call takes (edgesnn_byte_rows.h), which it keeps on its stack, eight words
 * each. */
#define EDGESNN_FOLDED 8u

/* Events of a chunk: one, and `groups` passes through an unrolled loop over EDGESNN_GROUP; bytes of
 * a row that are a tile. */
#define EDGESNN_GROUP 17u
#define EDGESNN_CHUNK_EVENTS(groups) (1u + EDGESNN_GROUP * (groups))
#define EDGESNN_ROW_TILE 32u

/* Bytes of code that fold a chunk. */
#define EDGESNN_FOLD_SIZE 36u

/* Ends a list: byte sums are made of one chunk, lanes of any other number. */
#define EDGESNN_LAST(chunks) (64u * (chunks) + 1u)
#define EDGESNN_LAST_OF_ONE 1u

/* In a step to the first event of a chunk of several groups. */
#define EDGESNN_NEW_CHUNK 2u

#if EDGESNN_THUMB
/* A row's tile, four words and four: sums of words 0, 1 ... are in r12, r10, r8, r9, r11, r14, r4
 * and r5. */
#define EDGESNN_EVENT                                                                              \
    "ldmia r7!, {r0}\n"                                                                            \
    "adds r6, r6, r0\n"                                                                            \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    "add r12, r0\n"                                                                                \
    "add r10, r1\n"                                                                                \
    "add r8, r2\n"                                                                                 \
    "add r9, r3\n"                                                                                 \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    "add r11, r0\n"                                                                                \
    "add lr, r1\n"                                                                                 \
    "adds r4, r4, r2\n"                                                                            \
    "adds r5, r5, r3\n"

/* A chunk's first, whose words the sums begin with. */
#define EDGESNN_FIRST_EVENT                                                                        \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    "mov r12, r0\n"                                                                                \
    "mov r10, r1\n"                                                                                \
    "mov r8, r2\n"                                                                                 \
    "mov r9, r3\n"                                                                                 \
    "ldmia r6!, {r2-r5}\n"                                                                         \
    "mov r11, r2\n"                                                                                \
    "mov lr, r3\n"

/* Words 0, 2, 3, 1 and 4, 6, 7, 5 of a chunk's sums, upward from the stack's end. */
#define EDGESNN_PUSH_CHUNK                                                                         \
    "mov r0, r8\n"                                                                                 \
    "mov r1, r9\n"                                                                                 \
    "mov r2, r10\n"                                                                                \
    "mov r3, r11\n"                                                                                \
    "push {r0-r5, lr}\n"                                                                           \
    "mov r0, r12\n"                                                                                \
    "push {r0}\n"

/* On the stack: 0 the list from its second row on, 4 where the first row's tile begins, 8 where
 * sums go, 12 where they end, 16 where the first chunk enters the loop over events, 20 and where
 * the second enters the fold, 24 the mask. */
#define EDGESNN_SUM_BEGIN                                                                          \
    EDGESNN_SAVE                                                                                   \
    "lsls r4, r1, #1\n" /* 24 bytes of code an event */                                            \
    "adds r4, r4, r1\n"                                                                            \
    "lsls r4, r4, #3\n"                                                                            \
    "adr r5, 13f\n"                                                                                \
    "subs r5, r5, r4\n"                                                                            \
    "ldr r4, [sp, #36]\n"                                                                          \
    "adr r6, 16f\n"                                                                                \
    "subs r6, r6, r4\n"                                                                            \
    "movs r7, #0xff\n" /* 0x00ff00ff */                                                            \
    "lsls r4, r7, #16\n"                                                                           \
    "adds r7, r7, r4\n"                                                                            \
    "push {r5-r7}\n"                                                                               \
    "ldmia r0!, {r1}\n"                                                                            \
    "push {r0-r3}\n"

#define EDGESNN_BEGIN_TILE                                                                         \
    "ldr r7, [sp, #0]\n"                                                                           \
    "ldr r6, [sp, #4]\n"                                                                           \
    EDGESNN_FIRST_EVENT                                                                            \
    "str r6, [sp, #4]\n"                                                                           \
    "ldr r0, [sp, #16]\n"                                                                          \
    "mov pc, r0\n"

/* Tiles, and what is left of the list's end in r0 once it is reached: bytes of all chunks. */
#define EDGESNN_SUM_EVENTS(group, first)                                                           \
    ".p2align 2\n"                                                                                 \
    "10:\n" /* a tile */                                                                           \
    EDGESNN_BEGIN_TILE                                                                             \
    "11:\n" /* a further chunk */                                                                  \
    EDGESNN_PUSH_CHUNK                                                                             \
    EDGESNN_FIRST_EVENT                                                                            \
    "12:\n" /* aligned, as 10 is */                                                                \
    ".rept 17\n"                                                                                   \
    EDGESNN_EVENT                                                                                  \
    ".endr\n"                                                                                      \
    "13:\n" group                                                                                  \
    "ldmia r7!, {r0}\n"                                                                            \
    "adds r6, r6, r0\n" first                                                                      \
    "lsrs r0, r0, #1\n"                                                                            \
    "bcs 14f\n"                                                                                    \
    "b 11b\n"

#define EDGESNN_SUM_END                                                                            \
    "14:\n"                                                                                        \
    "bne 20f\n"                                                                                    \
    "ldr r0, [sp, #8]\n"                                                                           \
    "mov r1, r12\n"                                                                                \
    "mov r2, r10\n"                                                                                \
    "mov r3, r8\n"                                                                                 \
    "stmia r0!, {r1-r3}\n"                                                                         \
    "mov r1, r9\n"                                                                                 \
    "mov r2, r11\n"                                                                                \
    "mov r3, lr\n"                                                                                 \
    "stmia r0!, {r1-r5}\n"                                                                         \
    "str r0, [sp, #8]\n"                                                                           \
    "21:\n"                                                                                        \
    "ldr r1, [sp, #12]\n"                                                                          \
    "cmp r0, r1\n"                                                                                 \
    "beq 24f\n"                                                                                    \
    "b 10b\n"                                                                                      \
    "24:\n"                                                                                        \
    "add sp, #28\n"                                                                                \
    EDGESNN_RESTORE                                                                                \
    "20:\n"                                                                                        \
    "movs r6, r0\n"                                                                                \
    EDGESNN_PUSH_CHUNK                                                                             \
    "add r6, sp\n" /* where the stack ended */                                                     \
    "ldr r4, [r6, #8]\n"                                                                           \
    "ldr r5, [r6, #20]\n"                                                                          \
    "ldr r7, [r6, #24]\n"                                                                          \
    "push {r4-r7}\n"                                                                               \
    "add r6, sp, #16\n"                                                                            \
    "15:\n" /* four words of each chunk */                                                         \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    EDGESNN_BEGIN_SPLIT("r0", "r8", "mov r12, r0\n")                                               \
    EDGESNN_BEGIN_SPLIT("r1", "r9", "mov lr, r1\n")                                                \
    EDGESNN_BEGIN_SPLIT("r2", "r10", "movs r4, r2\n")                                              \
    EDGESNN_BEGIN_SPLIT("r3", "r11", "movs r5, r3\n")                                              \
    "adds r6, #16\n"                                                                               \
    "ldr r0, [sp, #4]\n"                                                                           \
    "mov pc, r0\n"                                                                                 \
    ".p2align 2\n"                                                                                 \
    ".rept 7\n"                                                                                    \
    "ldmia r6!, {r0-r3}\n"                                                                         \
    EDGESNN_SPLIT("r0", "r7", "r8", "r12")                                                         \
    EDGESNN_SPLIT("r1", "r7", "r9", "lr")                                                          \
    EDGESNN_SPLIT("r2", "r7", "r10", "r4")                                                         \
    EDGESNN_SPLIT("r3", "r7", "r11", "r5")                                                         \
    "adds r6, #16\n"                                                                               \
    ".endr\n"                                                                                      \
    "16:\n"                                                                                        \
    "ldr r7, [sp, #0]\n"                                                                           \
    "mov r1, r12\n"                                                                                \
    EDGESNN_EVEN("r0", "r1", "r8")                                                                 \
    EDGESNN_EVEN("r2", "r5", "r11")                                                                \
    "stmia r7!, {r0-r2, r5}\n"                                                                     \
    "mov r1, lr\n"                                                                                 \
    EDGESNN_EVEN("r0", "r1", "r9")                                                                 \
    EDGESNN_EVEN("r2", "r4", "r10")                                                                \
    "stmia r7!, {r0-r2, r4}\n"                                                                     \
    "ldr r0, [sp, #8]\n"                                                                           \
    "cmp r0, r6\n"                                                                                 \
    "bne 17f\n"                                                                                    \
    "str r7, [sp, #0]\n"                                                                           \
    "ldr r7, [sp, #12]\n"                                                                          \
    "add r6, sp, #32\n"                                                                            \
    "b 15b\n"                                                                                      \
    "17:\n"                                                                                        \
    "mov sp, r0\n"                                                                                 \
    "str r7, [sp, #8]\n"                                                                           \
    "ldr r1, [sp, #12]\n"                                                                          \
    "cmp r7, r1\n"                                                                                 \
    "beq 18f\n"                                                                                    \
    EDGESNN_BEGIN_TILE                                                                             \
    "18:\n"                                                                                        \
    "b 24b\n"

/* A word's sums begin with it: whole, and its odd bytes. */
#define EDGESNN_BEGIN_SPLIT(word, whole, odd)                                                      \
    "mov " whole ", " word "\n"                                                                    \
    "lsrs " word ", " word ", #8\n"                                                                \
    "ands " word ", r7\n" odd

/* Byte sums of the rows of all events where one chunk holds them: a word for four neurons. Else two
 * words of lanes, to which the sums of up to EDGESNN_FOLDED chunks are added: whole words modulo
 * 2^32, and their odd bytes as lanes; the even lanes are whole - (odd << 8).
 *
 * A chunk's biased weights add up to 255 or less in each byte: with weights of up to 14 these are
 * 18 events (18 * 14 = 252). So no byte carries into the next. Odd lanes are exact up to 65,535,
 * and so the even ones, modulo 2^32.
 *
 * An event costs 21 cycles a tile of 32 neurons, as above, and the first one of a chunk two less. A
 * chunk of 18 events that is folded costs 63 besides, 0.11 a synapse: 44 to split its sums and add
 * them, 5.5 a word, 15 to push them, 4 to go on. A tile takes 38 cycles more, and where it is
 * folded another 90. */
EDGESNN_NAKED void edgesnn_sum_bytes(const uint32_t *place EDGESNN_UNUSED,
                                     uint32_t events EDGESNN_UNUSED, uint32_t *sums EDGESNN_UNUSED,
                                     uint32_t *end EDGESNN_UNUSED, uint32_t skipped EDGESNN_UNUSED)
{
    __asm__ volatile(
        EDGESNN_SUM_BEGIN
        EDGESNN_SUM_EVENTS("", "")
        EDGESNN_SUM_END);
}

/* The same of weights so small that several groups of events fit a chunk. */
EDGESNN_NAKED void edgesnn_sum_small_bytes(const uint32_t *place EDGESNN_UNUSED,
                                           uint32_t events EDGESNN_UNUSED,
                                           uint32_t *sums EDGESNN_UNUSED,
                                           uint32_t *end EDGESNN_UNUSED,
                                           uint32_t skipped EDGESNN_UNUSED)
{
    __asm__ volatile(
        EDGESNN_SUM_BEGIN
        EDGESNN_SUM_EVENTS("ldr r0, [r7]\n"
                           "lsls r0, r0, #30\n"
                           "bne 9f\n"
                           "b 12b\n"
                           "9:\n",
                           "subs r6, #2\n")
        EDGESNN_SUM_END);
}
#endif

#endif
