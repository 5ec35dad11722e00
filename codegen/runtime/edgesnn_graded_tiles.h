/* SPDX-License-Identifier: MIT-0
 *
 * Multiplies rows of weights by what channels send, two weights at a time, and adds the sums to
 * currents: the inner loop of edgesnn_graded.h, which says why it is exact.
 *
 * A tile is 16 neurons, four words a row. Their 16-bit lanes stay in eight registers while the
 * list is walked. Assembly, since compilers find room for fewer.
 *
 * Where words are multiplied whole, and once more with their odd bytes alone, the sums of the even
 * bytes are whole - (odd << 8): exact, since all of it wraps in 32 bits.
 */
#ifndef EDGESNN_GRADED_TILES_H
#define EDGESNN_GRADED_TILES_H

#include "edgesnn_base.h"

/* Row of weights of a channel, and what it sends. */
struct edgesnn_send {
    const uint32_t *row;
    int32_t value;
};

#if defined(__ARM_ARCH_ISA_THUMB) && defined(__GNUC__) && !defined(EDGESNN_PORTABLE) && \
    !defined(EDGESNN_COMPACT)
#define EDGESNN_GRADED_THUMB __ARM_ARCH_ISA_THUMB
#else
#define EDGESNN_GRADED_THUMB 0
#endif

#if EDGESNN_GRADED_THUMB == 2

/* Bytes 1 and 3 of a word as lanes; a lane to a current. */
#if defined(__ARM_FEATURE_SIMD32)
#define EDGESNN_GRADED_ODD(from) "uxtb16  lr, " from ", ror #8\n"
#define EDGESNN_GRADED_LOW(current, lanes) "sxtah   " current ", " current ", " lanes "\n"
#else
#define EDGESNN_GRADED_ODD(from)                                                                   \
    "lsr.w   lr, " from ", #8\n"                                                                   \
    "and.w   lr, lr, #0x00ff00ff\n"
#define EDGESNN_GRADED_LOW(current, lanes)                                                         \
    "sxth.w  lr, " lanes "\n"                                                                      \
    "add.w   " current ", " current ", lr\n"
#endif
/* Four weights of each of two words r10, r11 times r7, to the sums of 8 neurons. */
#define EDGESNN_GRADED_WORDS(whole0, odd0, whole1, odd1)                                           \
    EDGESNN_GRADED_ODD("r10")                                                                      \
    "mla     " whole0 ", r10, r7, " whole0 "\n"                                                    \
    "mla     " odd0 ", lr, r7, " odd0 "\n"                                                         \
    EDGESNN_GRADED_ODD("r11")                                                                      \
    "mla     " whole1 ", r11, r7, " whole1 "\n"                                                    \
    "mla     " odd1 ", lr, r7, " odd1 "\n"
/* The row and the value of the send at r12, and its second and third word. */
#define EDGESNN_GRADED_NEXT                                                                        \
    "ldr.w   r6, [r12]\n"                                                                          \
    "ldr.w   r7, [r12, #4]\n"                                                                      \
    "ldr.w   r10, [r6, #4]\n"                                                                      \
    "ldr.w   r11, [r6, #8]\n"
/* A send of which those are there, and on to those of the next one. Its first word comes last, so
 * that its load moves the row on; the row is stored in the shadow of that load. */
#define EDGESNN_GRADED_SEND                                                                        \
    EDGESNN_GRADED_WORDS("r2", "r3", "r4", "r5")                                                   \
    "ldr.w   r10, [r6, #12]\n"                                                                     \
    "ldr.w   r11, [r6], #16\n"                                                                     \
    "str.w   r6, [r12], #8\n"                                                                      \
    EDGESNN_GRADED_WORDS("r8", "r9", "r0", "r1")                                                   \
    EDGESNN_GRADED_NEXT
/* Sums of four neurons to their currents at r12. */
#define EDGESNN_GRADED_CURRENTS(whole, odd)                                                        \
    "ldm.w   r12, {r6, r7, r10, r11}\n"                                                            \
    "sub.w   " whole ", " whole ", " odd ", lsl #8\n"                                              \
    EDGESNN_GRADED_LOW("r7", odd)                                                                  \
    EDGESNN_GRADED_LOW("r6", whole)                                                                \
    "add.w   " odd ", " odd ", #0x8000\n"                                                          \
    "add.w   " whole ", " whole ", #0x8000\n"                                                      \
    "add.w   r11, r11, " odd ", asr #16\n"                                                         \
    "add.w   r10, r10, " whole ", asr #16\n"                                                       \
    "str.w   r6, [r12], #16\n"                                                                     \
    "str     r7, [r12, #-12]\n"                                                                    \
    "str     r10, [r12, #-8]\n"                                                                    \
    "str     r11, [r12, #-4]\n"

/* Add the sends at r0, of which each row moves on, to currents of as many halves of tiles as bits 1
 * and up of r1 say, a single one as a whole; lanes begin at r3. Two a turn; bit 0 of r1 leaves the
 * first of the first turn out. 21.5 cycles a send and tile, and 85 a tile besides, on Cortex-M4:
 * 1.34 a synapse. What bounds it is the multiplier (half a cycle), unpacking (a quarter), words and
 * the list (half of one), and the turn (a tenth). A last half takes 15 a send, and 58. */
EDGESNN_NAKED void edgesnn_add_turns(
    EDGESNN_UNUSED struct edgesnn_send *send, EDGESNN_UNUSED uint32_t halves,
    EDGESNN_UNUSED int32_t *current, EDGESNN_UNUSED uint32_t bias)
{
    __asm__ volatile(
        "push    {r0-r11, lr}\n"
        "sub     sp, sp, #4\n"
        ".balign 4\n"
        "1:\n"
        "ldr.w   lr, [sp, #8]\n"
        "ldr.w   r1, [sp, #16]\n"
        "ldr.w   r12, [sp, #4]\n"
        "add.w   r0, r1, r1, lsl #8\n"
        "mov     r3, r1\n"
        "mov     r5, r1\n"
        "mov     r9, r1\n"
        "mov     r2, r0\n"
        "mov     r4, r0\n"
        "mov     r8, r0\n"
        "lsls.w  lr, lr, #31\n"
        EDGESNN_GRADED_NEXT
        "bmi.w   3f\n"
        ".balign 4\n"
        "2:\n" EDGESNN_GRADED_SEND
        "3:\n" EDGESNN_GRADED_SEND
        "cmp.w   r7, #0\n"
        "bne.w   2b\n"
        "ldr.w   r12, [sp, #12]\n"
        EDGESNN_GRADED_CURRENTS("r0", "r1")
        EDGESNN_GRADED_CURRENTS("r2", "r3")
        "4:\n"
        EDGESNN_GRADED_CURRENTS("r4", "r5")
        EDGESNN_GRADED_CURRENTS("r8", "r9")
        "ldr     r6, [sp, #8]\n"
        "str.w   r12, [sp, #12]\n"
        "subs    r6, r6, #4\n"
        "str     r6, [sp, #8]\n"
        "cmp     r6, #4\n"
        "bge.w   1b\n"
        "cmp     r6, #2\n"
        "blt.n   7f\n"
        "ldr     r5, [sp, #16]\n" /* half a tile is left */
        "ldr.w   r12, [sp, #4]\n"
        "mov     r9, r5\n"
        "add.w   r4, r5, r5, lsl #8\n"
        "mov     r8, r4\n"
        ".balign 4\n"
        "5:\n"
        "ldm.w   r12!, {r6, r7}\n"
        "ldrd    r10, r11, [r6]\n"
        "cbz     r7, 6f\n"
        EDGESNN_GRADED_WORDS("r4", "r5", "r8", "r9")
        "b.n     5b\n"
        "6:\n"
        "ldr.w   r12, [sp, #12]\n"
        "b.n     4b\n"
        "7:\n"
        "add     sp, sp, #20\n"
        "pop     {r4-r11, pc}\n");
}

EDGESNN_INLINE void edgesnn_add_tiles(struct edgesnn_send *send, uint32_t count, uint32_t halves,
                                      int32_t *current, uint32_t bias)
{
    edgesnn_add_turns(send, halves << 1 | (count & 1u), current, bias);
}

#elif EDGESNN_GRADED_THUMB == 1

/* Four weights of a word at r1 times r2, to the lanes of 4 neurons; r5 is the mask. */
#define EDGESNN_GRADED_WORD(even, odd)                                                             \
    "ldm     r1!, {r4}\n"                                                                          \
    "movs    r3, r4\n"                                                                             \
    "ands    r3, r5\n"                                                                             \
    "muls    r3, r2, r3\n"                                                                         \
    "lsrs    r4, r4, #8\n"                                                                         \
    "ands    r4, r5\n"                                                                             \
    "muls    r4, r2, r4\n"                                                                         \
    "add     " even ", r3\n"                                                                       \
    "add     " odd ", r4\n"
/* Lanes to the currents `low` and `low` + 8 bytes at r0; r2 is 2^15. */
#define EDGESNN_GRADED_CURRENTS(lanes, low, high)                                                  \
    "mov     r3, " lanes "\n"                                                                      \
    "sxth    r4, r3\n"                                                                             \
    "ldr     r1, [r0, #" low "]\n"                                                                 \
    "adds    r1, r1, r4\n"                                                                         \
    "str     r1, [r0, #" low "]\n"                                                                 \
    "adds    r3, r3, r2\n"                                                                         \
    "asrs    r3, r3, #16\n"                                                                        \
    "ldr     r1, [r0, #" high "]\n"                                                                \
    "adds    r1, r1, r3\n"                                                                         \
    "str     r1, [r0, #" high "]\n"

/* Add the sends at r0, of which each row moves on, to r1 tiles of currents; lanes begin at r3. With
 * the registers that Armv6-M adds to: 52 cycles a send and tile on Cortex-M0+, 3.3
 * a synapse, and 150 a tile besides. */
EDGESNN_NAKED void edgesnn_add_each(
    EDGESNN_UNUSED struct edgesnn_send *send, EDGESNN_UNUSED uint32_t tiles,
    EDGESNN_UNUSED int32_t *current, EDGESNN_UNUSED uint32_t bias)
{
    __asm__ volatile(
        ".syntax unified\n"
        "push    {r4-r7, lr}\n"
        "mov     r4, r8\n"
        "mov     r5, r9\n"
        "mov     r6, r10\n"
        "mov     r7, r11\n"
        "push    {r4-r7}\n"
        "sub     sp, sp, #20\n"
        "str     r0, [sp, #0]\n"
        "str     r1, [sp, #4]\n"
        "str     r2, [sp, #8]\n"
        "str     r3, [sp, #12]\n"
        "movs    r5, #255\n"
        "lsls    r6, r5, #16\n"
        "orrs    r5, r6\n"
        "1:\n"
        "ldr     r0, [sp, #0]\n"
        "ldr     r6, [sp, #12]\n"
        "movs    r7, r6\n"
        "mov     r8, r6\n"
        "mov     r9, r6\n"
        "mov     r10, r6\n"
        "mov     r11, r6\n"
        "mov     r12, r6\n"
        "mov     lr, r6\n"
        "b       3f\n"
        "2:\n"
        "ldr     r1, [r0]\n"
        EDGESNN_GRADED_WORD("r6", "r7")
        EDGESNN_GRADED_WORD("r8", "r9")
        EDGESNN_GRADED_WORD("r10", "r11")
        EDGESNN_GRADED_WORD("r12", "lr")
        "str     r1, [r0]\n"
        "adds    r0, r0, #8\n"
        "3:\n"
        "ldr     r2, [r0, #4]\n"
        "cmp     r2, #0\n"
        "bne     2b\n"
        "ldr     r0, [sp, #8]\n"
        "movs    r2, #128\n"
        "lsls    r2, r2, #8\n"
        EDGESNN_GRADED_CURRENTS("r6", "0", "8")
        EDGESNN_GRADED_CURRENTS("r7", "4", "12")
        EDGESNN_GRADED_CURRENTS("r8", "16", "24")
        EDGESNN_GRADED_CURRENTS("r9", "20", "28")
        EDGESNN_GRADED_CURRENTS("r10", "32", "40")
        EDGESNN_GRADED_CURRENTS("r11", "36", "44")
        EDGESNN_GRADED_CURRENTS("r12", "48", "56")
        EDGESNN_GRADED_CURRENTS("lr", "52", "60")
        "adds    r0, r0, #64\n"
        "str     r0, [sp, #8]\n"
        "ldr     r1, [sp, #4]\n"
        "subs    r1, r1, #1\n"
        "str     r1, [sp, #4]\n"
        "beq     4f\n"
        "b       1b\n"
        "4:\n"
        "add     sp, sp, #20\n"
        "pop     {r4-r7}\n"
        "mov     r8, r4\n"
        "mov     r9, r5\n"
        "mov     r10, r6\n"
        "mov     r11, r7\n"
        "pop     {r4-r7, pc}\n");
}

EDGESNN_INLINE void edgesnn_add_tiles(struct edgesnn_send *send, uint32_t count, uint32_t halves,
                                      int32_t *current, uint32_t bias)
{
    (void)count;
    edgesnn_add_each(send, (halves + 1u) / 2u, current, bias);
}

#else

/* Low and high half of `lanes`, each a signed number, to two currents. */
EDGESNN_INLINE void edgesnn_add_lanes(uint32_t lanes, int32_t *low, int32_t *high)
{
    *low += (int16_t)(uint16_t)(lanes & 0xffffu);
    *high += (int32_t)(lanes + 0x8000u) >> 16;
}

/* Add `count` sends to `halves` halves of tiles of currents; lanes begin at `bias`. */
static inline void edgesnn_add_tiles(const struct edgesnn_send *send, uint32_t count,
                                     uint32_t halves, int32_t *current, uint32_t bias)
{
    for (uint32_t word = 0; word < 2u * halves; word++, current += 4) {
        uint32_t even = bias, odd = bias;
        for (const struct edgesnn_send *each = send; each < &send[count]; each++) {
            even += (each->row[word] & 0x00ff00ffu) * (uint32_t)each->value;
            odd += (each->row[word] >> 8 & 0x00ff00ffu) * (uint32_t)each->value;
        }
        edgesnn_add_lanes(even, &current[0], &current[2]);
        edgesnn_add_lanes(odd, &current[1], &current[3]);
    }
}

#endif

#endif
