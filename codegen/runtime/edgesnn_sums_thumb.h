/* SPDX-License-Identifier: MIT-0
 *
 * Sums of rows in Thumb-1 assembly, for cores without the DSP extension: Armv6-M has eight
 * registers for arithmetic, but LDM into them takes a cycle a word and one more, and ADD of one of
 * them to r8 ... r12 and r14 one cycle. So sums live up there. Those of bytes are in
 * edgesnn_bytes_thumb.h, those of any weights and the list of events here.
 *
 * Unrolled loops are entered in their middle by computed addresses, so that what they are made of
 * has to have the same size on all cores. Cycles are those of Cortex-M0+ with memory that does not
 * wait.
 */
#ifndef EDGESNN_SUMS_THUMB_H
#define EDGESNN_SUMS_THUMB_H

#include "edgesnn_lanes.h"

/* What edgesnn_sum_lanes is told. */
struct edgesnn_summing {
    uint32_t tiles;  /*  0: of 16 neurons */
    uint32_t *place; /*  4: where the rows of the events begin */
    uint32_t *end;   /*  8: of those places, of which there is at least one */
    uint32_t *sums;  /* 12: what is made */
    uint32_t mask;   /* 16: 0x00ff00ff */
};

#if defined(__thumb__) && defined(__GNUC__) && !EDGESNN_DSP && !defined(__ARM_BIG_ENDIAN)
#define EDGESNN_THUMB 1

#define EDGESNN_SAVE                                                                               \
    ".syntax unified\n"                                                                            \
    "push {r4-r7, lr}\n"                                                                           \
    "mov r4, r8\n"                                                                                 \
    "mov r5, r9\n"                                                                                 \
    "mov r6, r10\n"                                                                                \
    "mov r7, r11\n"                                                                                \
    "push {r4-r7}\n"

#define EDGESNN_RESTORE                                                                            \
    "pop {r4-r7}\n"                                                                                \
    "mov r8, r4\n"                                                                                 \
    "mov r9, r5\n"                                                                                 \
    "mov r10, r6\n"                                                                                \
    "mov r11, r7\n"                                                                                \
    "pop {r4-r7, pc}\n"

#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define EDGESNN_THUMB2 0
#else
#define EDGESNN_THUMB2 1
#endif

/* A word of four bytes into two sums: whole words, and their odd bytes as lanes. Eight bytes of
 * code either way. */
#if EDGESNN_THUMB2
#define EDGESNN_SPLIT(word, mask, whole, odd)                                                      \
    "add " whole ", " word "\n"                                                                    \
    "and.w " word ", " mask ", " word ", lsr #8\n"                                                 \
    "add " odd ", " word "\n"
#else
#define EDGESNN_SPLIT(word, mask, whole, odd)                                                      \
    "add " whole ", " word "\n"                                                                    \
    "lsrs " word ", " word ", #8\n"                                                                \
    "ands " word ", " word ", " mask "\n"                                                          \
    "add " odd ", " word "\n"
#endif

/* The even lanes of a sum of whole words, its odd ones taken off modulo 2^32. */
#define EDGESNN_EVEN(even, odd, whole)                                                             \
    "lsls " even ", " odd ", #8\n"                                                                 \
    "rsbs " even ", " even ", #0\n"                                                                \
    "add " even ", " whole "\n"

#define EDGESNN_LIST_BEGIN                                                                         \
    ".syntax unified\n"                                                                            \
    "push {r4-r7, lr}\n"                                                                           \
    "ldr r5, [sp, #20]\n"                                                                          \
    "ldr r7, [sp, #24]\n"                                                                          \
    "mov r12, r2\n"                                                                                \
    "lsls r2, r5, #5\n"                                                                            \
    "mov lr, r2\n"                                                                                 \
    "ldr r6, 4f\n"

/* The lowest bit of r4 out of it, and by how many bytes its row is behind the word's first. */
#define EDGESNN_LOWEST_BIT                                                                         \
    "rsbs r2, r4, #0\n"                                                                            \
    "ands r2, r2, r4\n"                                                                            \
    "eors r4, r4, r2\n"
#define EDGESNN_ROW_OF_BIT                                                                         \
    "muls r2, r6, r2\n"                                                                            \
    "lsrs r2, r2, #27\n"                                                                           \
    "ldrb r2, [r7, r2]\n"                                                                          \
    "muls r2, r5, r2\n"

#define EDGESNN_LIST_STEP                                                                          \
    EDGESNN_ROW_OF_BIT                                                                             \
    "adds r3, r3, r2\n"                                                                            \
    "stmia r0!, {r3}\n"                                                                            \
    "rsbs r3, r2, #0\n"                                                                            \
    "subs r3, #32\n"

#define EDGESNN_LIST_END                                                                           \
    "pop {r4-r7, pc}\n"                                                                            \
    ".p2align 2\n"                                                                                 \
    "4:\n"                                                                                         \
    ".word 0x077cb531\n"

/* Append the places of the rows of a bitmap's spikes to a list, whose new end is returned: `base`
 * is the place of the first neuron's row, and rows are `stride` bytes apart. 17 cycles a spike:
 * Armv6-M has no CLZ, so a bit's number comes from a table (edgesnn_position). */
EDGESNN_NAKED uint32_t *edgesnn_list_bits(uint32_t *list EDGESNN_UNUSED,
                                          const uint32_t *bitmap EDGESNN_UNUSED,
                                          const uint32_t *end EDGESNN_UNUSED,
                                          const uint32_t *base EDGESNN_UNUSED,
                                          uint32_t stride EDGESNN_UNUSED,
                                          const uint8_t *position EDGESNN_UNUSED)
{
    __asm__ volatile(
        EDGESNN_LIST_BEGIN
        "1:\n"
        "ldmia r1!, {r4}\n"
        "cmp r4, #0\n"
        "beq 3f\n"
        "2:\n"
        EDGESNN_LOWEST_BIT
        EDGESNN_ROW_OF_BIT
        "adds r2, r2, r3\n"
        "stmia r0!, {r2}\n"
        "cmp r4, #0\n"
        "bne 2b\n"
        "3:\n"
        "add r3, lr\n"
        "cmp r1, r12\n"
        "bne 1b\n"
        EDGESNN_LIST_END);
}

/* The same for edgesnn_sum_bytes, which asks for the first row's place and then by how much each
 * row begins behind the first tile, 32 bytes, of the one before. In `ahead`, and again in the upper
 * half of what is returned, is how far `base`, and then the row behind the bitmap's, is beyond the
 * tile of the last row that is listed. 19 cycles a spike. */
EDGESNN_NAKED uint64_t edgesnn_list_steps(uint32_t *list EDGESNN_UNUSED,
                                          const uint32_t *bitmap EDGESNN_UNUSED,
                                          const uint32_t *end EDGESNN_UNUSED,
                                          uint32_t ahead EDGESNN_UNUSED,
                                          uint32_t stride EDGESNN_UNUSED,
                                          const uint8_t *position EDGESNN_UNUSED)
{
    __asm__ volatile(
        EDGESNN_LIST_BEGIN
        "1:\n"
        "ldmia r1!, {r4}\n"
        "cmp r4, #0\n"
        "beq 3f\n"
        "2:\n"
        EDGESNN_LOWEST_BIT
        "beq 5f\n"
        EDGESNN_LIST_STEP
        "b 2b\n"
        "5:\n"
        EDGESNN_LIST_STEP
        "3:\n"
        "add r3, lr\n"
        "cmp r1, r12\n"
        "bne 1b\n"
        "movs r1, r3\n"
        EDGESNN_LIST_END);
}

/* Sums of the rows of up to 257 events of eight bits a weight, in the form of a fold above.
 *
 * An event costs 25 cycles a tile of 16 neurons, 1.56 a synapse: 6 loading, 16 adding (the floor
 * would be 1.31), 3 for the list. */
EDGESNN_NAKED void edgesnn_sum_lanes(struct edgesnn_summing *job EDGESNN_UNUSED)
{
    __asm__ volatile(
    EDGESNN_SAVE
            "push {r0}\n"
        "movs r5, #0\n"
        "ldr r4, [r0, #16]\n"
        "10:\n" /* a tile, at r5 from the rows' beginnings */
        "ldr r6, [sp]\n"
        "ldr r7, [r6, #4]\n"
        "movs r2, #0\n"
        "movs r3, #0\n"
        "mov r8, r2\n"
        "mov r9, r2\n"
        "mov r10, r2\n"
        "mov r11, r2\n"
        "mov r12, r2\n"
        "mov lr, r2\n"
        "11:\n" /* 16 events or fewer */
        "ldr r0, [r6, #8]\n"
        "subs r0, r0, r7\n"
        "cmp r0, #64\n"
        "bls 12f\n"
        "movs r0, #64\n"
        "12:\n" /* 10 times as many bytes of code */
        "lsls r1, r0, #2\n"
        "adds r0, r0, r1\n"
        "lsls r0, r0, #1\n"
        "adr r1, 13f\n"
        "subs r1, r1, r0\n"
        "mov pc, r1\n"
        ".p2align 2\n"
        ".rept 16\n"
        "ldmia r7!, {r6}\n"
        "adds r6, r6, r5\n"
        "ldmia r6!, {r0, r1}\n"
        EDGESNN_SPLIT("r0", "r4", "r8", "r12")
        EDGESNN_SPLIT("r1", "r4", "r9", "lr")
        "ldmia r6!, {r0, r1}\n"
        EDGESNN_SPLIT("r0", "r4", "r10", "r2")
        EDGESNN_SPLIT("r1", "r4", "r11", "r3")
        ".endr\n"
        "13:\n"
        "ldr r6, [sp]\n"
        "ldr r0, [r6, #8]\n"
        "cmp r0, r7\n"
        "beq 14f\n"
        "b 11b\n"
        "14:\n"
        "ldr r7, [r6, #12]\n"
        "mov r1, r12\n"
        EDGESNN_EVEN("r0", "r1", "r8")
        "stmia r7!, {r0, r1}\n"
        "mov r1, lr\n"
        EDGESNN_EVEN("r0", "r1", "r9")
        "stmia r7!, {r0, r1}\n"
        EDGESNN_EVEN("r0", "r2", "r10")
        "stmia r7!, {r0, r2}\n"
        EDGESNN_EVEN("r0", "r3", "r11")
        "stmia r7!, {r0, r3}\n"
        "str r7, [r6, #12]\n"
        "adds r5, #16\n"
        "ldr r0, [r6, #0]\n"
        "subs r0, r0, #1\n"
        "str r0, [r6, #0]\n"
        "beq 15f\n"
        "b 10b\n"
        "15:\n"
        "add sp, #4\n"
        EDGESNN_RESTORE);
}
#else
#define EDGESNN_THUMB 0
#endif

#endif
