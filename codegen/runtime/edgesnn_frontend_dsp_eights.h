/* SPDX-License-Identifier: MIT-0
 *
 * The first two stages of 128 points of edgesnn_frontend_dsp.h in one.
 */
#ifndef EDGESNN_FRONTEND_DSP_EIGHTS_H
#define EDGESNN_FRONTEND_DSP_EIGHTS_H

#include "edgesnn_frontend_dsp.h"

/* Samples x under their window values, at `low` behind r1 and r0, and those 64 words on, at `high`:
 * their sum to s, their difference to x. */
#define EDGESNN_FRONTEND_PAIR(low, high, s, x, y)                                                  \
    "ldr.w   " y ", [r1" high "\n"                                                                 \
    "ldr.w   r10, [r0" high "\n"                                                                   \
    "ldr.w   " x ", [r1" low "\n"                                                                  \
    "ldr.w   r9, [r0" low "\n"                                                                     \
    EDGESNN_FRONTEND_WINDOWED(x, "r9", y, "r10")                                                   \
    "sadd16  " s ", " x ", " y "\n"                                                                \
    "ssub16  " x ", " x ", " y "\n"

/* The last pair of four, for which there are only r9 to r12: to r11 and r9. */
#define EDGESNN_FRONTEND_WINDOWED_ONE(x, w, t)                                                     \
    "smlabb  " t ", " x ", " w ", r8\n"                                                            \
    "smlatt  " x ", " x ", " w ", r8\n"                                                            \
    "asr.w   " t ", " t ", r3\n"                                                                   \
    "asr.w   " x ", " x ", r3\n"                                                                   \
    "pkhbt   " x ", " t ", " x ", lsl #16\n"
#define EDGESNN_FRONTEND_LAST_PAIR                                                                 \
    "ldr.w   r9, [r1, #188]\n"                                                                     \
    "ldr.w   r10, [r0, #188]\n"                                                                    \
    EDGESNN_FRONTEND_WINDOWED_ONE("r9", "r10", "r11")                                              \
    "ldr.w   r10, [r1, #444]\n"                                                                    \
    "ldr.w   r11, [r0, #444]\n"                                                                    \
    EDGESNN_FRONTEND_WINDOWED_ONE("r10", "r11", "r12")                                             \
    "sadd16  r11, r9, r10\n"                                                                       \
    "ssub16  r9, r9, r10\n"

/* b W^0 / 2 is b halved toward zero: b + 1 is halved where b is negative. r12 has 0x10001. */
#define EDGESNN_FRONTEND_HALVED(b)                                                                 \
    "and.w   r10, r12, " b ", lsr #15\n"                                                           \
    "shadd16 " b ", " b ", r10\n"

/* The butterfly of the four sums r2, r7, lr, r11, to z, z + 2 .. at r2; its edges to r7. What the
 * other needs of the same constants is done beside it: a is halved, and c W^2 = -i c takes one
 * difference. */
#define EDGESNN_FRONTEND_EIGHT_SUMS                                                                \
    "mov.w   r12, #0x10001\n"                                                                      \
    EDGESNN_FRONTEND_HALVED("r7")                                                                  \
    EDGESNN_FRONTEND_HALVED("lr")                                                                  \
    EDGESNN_FRONTEND_HALVED("r11")                                                                 \
    "shsax   r6, r12, r6\n"                                                                        \
    "mov.w   r12, #0x30003\n"                                                                      \
    "shadd16 r2, r2, r12\n"                                                                        \
    "shadd16 r4, r4, r12\n"                                                                        \
    EDGESNN_FRONTEND_INNER_SUMS("r2", "r7", "lr", "r11", "r10", "r12")                             \
    EDGESNN_FRONTEND_OUTER_SUMS("r12", "r2", "r10", "r11", "r7", "lr", "h")                        \
    "ldr.w   r2, [sp]\n"                                                                           \
    "str.w   r7, [r2]\n"                                                                           \
    "str.w   r10, [r2, #8]\n"                                                                      \
    "str.w   lr, [r2, #16]\n"                                                                      \
    "str.w   r11, [r2, #24]\n"                                                                     \
    "eor.w   r7, r7, r7, lsl #1\n"                                                                 \
    "eor.w   r10, r10, r10, lsl #1\n"                                                              \
    "eor.w   lr, lr, lr, lsl #1\n"                                                                 \
    "orr.w   r7, r7, r10\n"                                                                        \
    "eor.w   r11, r11, r11, lsl #1\n"                                                              \
    "orr.w   r7, r7, lr\n"                                                                         \
    "orr.w   r7, r7, r11\n"

/* The butterfly of the four differences r4, r5, r6, r9, to z + 1, z + 3 ..; its edges to r7. W^1
 * is (1 - i) sqrt(1/2), and d is turned by W^3 with the same word, its products exchanged. */
#define EDGESNN_FRONTEND_EIGHT_DIFFERENCES                                                         \
    "movw    lr, #23170\n"                                                                         \
    "movt    lr, #65536 - 23170\n"                                                                 \
    "mov.w   r12, #32768\n"                                                                        \
    "smlsd   r10, r5, lr, r12\n"                                                                   \
    "smladx  r5, r5, lr, r12\n"                                                                    \
    "smladx  r11, r9, lr, r12\n"                                                                   \
    "pkhtb   r5, r5, r10, asr #16\n"                                                               \
    "smlsdx  r9, r9, lr, r12\n"                                                                    \
    "pkhtb   r9, r9, r11, asr #16\n"                                                               \
    EDGESNN_FRONTEND_INNER_SUMS("r4", "r5", "r6", "r9", "r10", "r11")                              \
    EDGESNN_FRONTEND_OUTER_SUMS("r11", "r4", "r10", "r9", "r5", "r6", "h")                         \
    "str.w   r5, [r2, #4]\n"                                                                       \
    "str.w   r10, [r2, #12]\n"                                                                     \
    "str.w   r6, [r2, #20]\n"                                                                      \
    "str.w   r9, [r2, #28]\n"                                                                      \
    "eor.w   r5, r5, r5, lsl #1\n"                                                                 \
    "eor.w   r10, r10, r10, lsl #1\n"                                                              \
    "orr.w   r7, r7, r5\n"                                                                         \
    "eor.w   r6, r6, r6, lsl #1\n"                                                                 \
    "orr.w   r7, r7, r10\n"                                                                        \
    "eor.w   r9, r9, r9, lsl #1\n"                                                                 \
    "orr.w   r7, r7, r6\n"                                                                         \
    "orr.w   r7, r7, r9\n"

#if EDGESNN_FRONTEND_256
/* Window, radix-2 stage, and the first stage with twiddles, of 8 points a turn, which nothing
 * but registers holds in between; returns the edges of the result. Samples r1 and window r0 go up
 * in order, blocks of z as the two base-4 digits of their number exchanged. The stack has where
 * to, the edges so far, and the end of z. 141 cycles a turn on Cortex-M4. */
EDGESNN_NAKED uint32_t edgesnn_frontend_first_stages_128(
    EDGESNN_UNUSED const struct edgesnn_frontend_tables *t,
    EDGESNN_UNUSED const uint32_t *samples, EDGESNN_UNUSED uint32_t *z,
    EDGESNN_UNUSED uint32_t headroom) {
    __asm__ volatile(
        "push    {r4-r11, lr}\n"
        "movs    r5, #0\n"
        "add.w   r6, r2, #512\n"
        "push    {r2, r5, r6}\n"
        "ldr.w   r0, [r0]\n"
        "rsb.w   r3, r3, #15\n"
        "mov.w   r8, #1\n"
        "lsl.w   r8, r8, r3\n"
        "lsr.w   r8, r8, #1\n"
        ".balign 4\n"
        "1:\n"
        EDGESNN_FRONTEND_PAIR("], #4", ", #256]", "r2", "r4", "r5")
        EDGESNN_FRONTEND_PAIR(", #60]", ", #316]", "r7", "r5", "r6")
        EDGESNN_FRONTEND_PAIR(", #124]", ", #380]", "lr", "r6", "r12")
        EDGESNN_FRONTEND_LAST_PAIR
        EDGESNN_FRONTEND_EIGHT_SUMS
        EDGESNN_FRONTEND_EIGHT_DIFFERENCES);
    __asm__ volatile(
        "ldr.w   r4, [sp, #4]\n"
        "ldr.w   r5, [sp, #8]\n"
        "add.w   r2, r2, #128\n"
        "orr.w   r7, r7, r4\n"
        "cmp.w   r2, r5\n"
        "str.w   r7, [sp, #4]\n"
        "str.w   r2, [sp]\n"
        "blo.w   1b\n"
        "sub.w   r2, r2, #512 - 32\n"
        "sub.w   r5, r5, #512 - 128\n"
        "str.w   r2, [sp]\n"
        "cmp.w   r2, r5\n"
        "bne.w   1b\n"
        "mov.w   r0, r7\n"
        "add     sp, sp, #12\n"
        "pop     {r4-r11, pc}\n");
}
#endif

#endif
