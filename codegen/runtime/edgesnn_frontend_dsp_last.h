/* SPDX-License-Identifier: MIT-0
 *
 * The last stage and the powers, and how the stages are called, of edgesnn_frontend_dsp.h.
 */
#ifndef EDGESNN_FRONTEND_DSP_LAST_H
#define EDGESNN_FRONTEND_DSP_LAST_H

#include "edgesnn_frontend_dsp_eights.h"
#include "edgesnn_frontend_dsp_stages.h"

/* Powers in two bins from points low + 1, high, where re and im turn by the word `turn`: "smlsd"
 * and "smladx", or "smlsdx" and "smlad" for i times its conjugate. To low, and to even. */
#define EDGESNN_FRONTEND_SPLIT(low, high, even, turn, round, re, im)                               \
    "shadd16 " even ", " low ", " high "\n"                                                        \
    "shsub16 " low ", " low ", " high "\n"                                                         \
    "pkhbt   " high ", " low ", " even "\n"                                                        \
    "pkhbt   " even ", " even ", " low "\n"                                                        \
    re "    " low ", " high ", " turn ", " round "\n"                                              \
    im "    " high ", " high ", " turn ", " round "\n"                                             \
    "asr.w   " low ", " low ", #15\n"                                                              \
    "pkhbt   " high ", " low ", " high ", lsl #1\n"                                                \
    "sadd16  " low ", " even ", " high "\n"                                                        \
    "ssub16  " even ", " even ", " high "\n"                                                       \
    "smuad   " low ", " low ", " low "\n"                                                          \
    "smuad   " even ", " even ", " even "\n"

/* The same of two pairs side by side, which turn by `turn` and by i times its conjugate. */
#define EDGESNN_FRONTEND_SPLIT_2(low, high, even, low2, high2, even2, turn, round)                 \
    "shadd16 " even ", " low ", " high "\n"                                                        \
    "shadd16 " even2 ", " low2 ", " high2 "\n"                                                     \
    "shsub16 " low ", " low ", " high "\n"                                                         \
    "shsub16 " low2 ", " low2 ", " high2 "\n"                                                      \
    "pkhbt   " high ", " low ", " even "\n"                                                        \
    "pkhbt   " high2 ", " low2 ", " even2 "\n"                                                     \
    "pkhbt   " even ", " even ", " low "\n"                                                        \
    "smlsd   " low ", " high ", " turn ", " round "\n"                                             \
    "pkhbt   " even2 ", " even2 ", " low2 "\n"                                                     \
    "smlsdx  " low2 ", " high2 ", " turn ", " round "\n"                                           \
    "smladx  " high ", " high ", " turn ", " round "\n"                                            \
    "asr.w   " low ", " low ", #15\n"                                                              \
    "smlad   " high2 ", " high2 ", " turn ", " round "\n"                                          \
    "asr.w   " low2 ", " low2 ", #15\n"                                                            \
    "pkhbt   " high ", " low ", " high ", lsl #1\n"                                                \
    "pkhbt   " high2 ", " low2 ", " high2 ", lsl #1\n"                                             \
    "sadd16  " low ", " even ", " high "\n"                                                        \
    "ssub16  " even ", " even ", " high "\n"                                                       \
    "sadd16  " low2 ", " even2 ", " high2 "\n"                                                     \
    "smuad   " low ", " low ", " low "\n"                                                          \
    "ssub16  " even2 ", " even2 ", " high2 "\n"                                                    \
    "smuad   " even ", " even ", " even "\n"                                                       \
    "smuad   " low2 ", " low2 ", " low2 "\n"                                                       \
    "smuad   " even2 ", " even2 ", " even2 "\n"

/* Butterfly 0, with flags mi where sums are halved, and the powers in bins q, 2q and 3q; r2 goes on
 * to the next entry. */
#define EDGESNN_FRONTEND_LAST_0(q)                                                                 \
    "ldr.w   r5, [r0, #" q "]\n"                                                                   \
    "ldr.w   r6, [r0, #2 * " q "]\n"                                                               \
    "ldr.w   r7, [r0, #3 * " q "]\n"                                                               \
    "ldr.w   r4, [r0]\n"                                                                           \
    "ldr.w   r10, [r2, #4]\n"                                                                      \
    "mov.w   lr, #32768\n"                                                                         \
    EDGESNN_FRONTEND_TURNS("r5", "r6", "r7", "r8", "r9", "r10", "r10", "r10", "lr",                \
                           "shadd16 r4, r4, r3\n")                                                 \
    EDGESNN_FRONTEND_INNER_SUMS("r4", "r5", "r6", "r7", "r8", "r9")                                \
    "ittt    mi\n"                                                                                 \
    "shsub16mi r6, r9, r8\n"                                                                       \
    "shsaxmi r8, r4, r7\n"                                                                         \
    "shasxmi r7, r4, r7\n"                                                                         \
    "ittt    pl\n"                                                                                 \
    "ssub16pl r6, r9, r8\n"                                                                        \
    "ssaxpl  r8, r4, r7\n"                                                                         \
    "sasxpl  r7, r4, r7\n"                                                                         \
    "mov.w   r12, #0x10001\n"                                                                      \
    "sadd16  r8, r8, r12\n"                                                                        \
    "sadd16  r9, r6, r12\n"                                                                        \
    "ldr.w   r3, [r2, #28]\n"                                                                      \
    "ldr.w   r11, [r2], #32\n"                                                                     \
    "mov.w   lr, #16384\n"                                                                         \
    EDGESNN_FRONTEND_SPLIT("r8", "r7", "r4", "r11", "lr", "smlsd", "smladx")                       \
    EDGESNN_FRONTEND_SPLIT("r9", "r6", "r7", "r3", "lr", "smlsdx", "smlad")                        \
    "str.w   r8, [r0, #" q "]\n"                                                                   \
    "str.w   r7, [r0, #2 * " q "]\n"                                                               \
    "str.w   r4, [r0, #3 * " q "]\n"

/* Butterflies k at r0 and q - k at r1, by entry r2, up to their inner sums; flags become mi where
 * the outer ones are halved, as [sp] says. Where they meet, k = q / 2, both do the same. */
#define EDGESNN_FRONTEND_LAST_INNER(q)                                                             \
    "ldr.w   r10, [r2, #4]\n"                                                                      \
    "ldr.w   r3, [r0, #" q "]\n"                                                                   \
    "ldr.w   r11, [r2, #8]\n"                                                                      \
    "ldr.w   r5, [r0, #2 * " q "]\n"                                                               \
    "ldr.w   r12, [r2, #12]\n"                                                                     \
    "ldr.w   r6, [r0, #3 * " q "]\n"                                                               \
    "ldr.w   r7, [r0]\n"                                                                           \
    "ldr.w   r8, [sp]\n"                                                                           \
    "mov.w   lr, #32768\n"                                                                         \
    EDGESNN_FRONTEND_TURNS("r3", "r5", "r6", "r4", "r9", "r10", "r11", "r12", "lr",                \
                           "shadd16 r7, r7, r8\n")                                                 \
    EDGESNN_FRONTEND_INNER_SUMS("r7", "r3", "r5", "r6", "r4", "r9")                                \
    "ldr.w   r12, [r2, #16]\n"                                                                     \
    "ldr.w   r3, [r1, #" q "]\n"                                                                   \
    "ldr.w   r5, [r1, #2 * " q "]\n"                                                               \
    "ldr.w   r11, [r1]\n"                                                                          \
    "smlsd   r10, r3, r12, lr\n"                                                                   \
    "smladx  r3, r3, r12, lr\n"                                                                    \
    "shadd16 r11, r11, r8\n"                                                                       \
    "lsls.w  r8, r8, #30\n"                                                                        \
    "ldr.w   r12, [r2, #20]\n"                                                                     \
    "ldr.w   r8, [r1, #3 * " q "]\n"                                                               \
    "pkhtb   r3, r3, r10, asr #16\n"                                                               \
    "smlsd   r10, r5, r12, lr\n"                                                                   \
    "smladx  r5, r5, r12, lr\n"                                                                    \
    "ldr.w   r12, [r2, #24]\n"                                                                     \
    "pkhtb   r5, r5, r10, asr #16\n"                                                               \
    "smlsd   r10, r8, r12, lr\n"                                                                   \
    "smladx  r8, r8, r12, lr\n"                                                                    \
    "sadd16  r12, r11, r5\n"                                                                       \
    "ssub16  r11, r11, r5\n"                                                                       \
    "pkhtb   r8, r8, r10, asr #16\n"                                                               \
    "sadd16  r10, r3, r8\n"                                                                        \
    "ssub16  r8, r3, r8\n"

/* Their outputs, a0 .. a3 to r3 .. r6 and b0 .. b3 to r7 .. r10. */
#define EDGESNN_FRONTEND_LAST_OUTER(h)                                                             \
    EDGESNN_FRONTEND_OUTER_SUMS("r9", "r7", "r4", "r6", "r3", "r5", h)                             \
    "s" h "add16 r7, r12, r10\n"                                                                   \
    "s" h "sub16 r9, r12, r10\n"                                                                   \
    "s" h "asx r10, r11, r8\n"                                                                     \
    "s" h "sax r8, r11, r8\n"

/* Among them are all that the powers in bins k and q - k and q, 2q, 3q beyond need: nothing is
 * stored in between. Flags become hi behind the last entry. */
#define EDGESNN_FRONTEND_LAST_POWERS(q)                                                            \
    "mov.w   r12, #0x10001\n"                                                                      \
    "sadd16  r3, r3, r12\n"                                                                        \
    "sadd16  r8, r8, r12\n"                                                                        \
    "sadd16  r7, r7, r12\n"                                                                        \
    "sadd16  r4, r4, r12\n"                                                                        \
    "ldr.w   r12, [r2, #28]\n"                                                                     \
    "mov.w   lr, #16384\n"                                                                         \
    EDGESNN_FRONTEND_SPLIT("r3", "r10", "r11", "r12", "lr", "smlsd", "smladx")                     \
    "str     r3, [r0], #4\n"                                                                       \
    "str.w   r11, [r1, #3 * " q "]\n"                                                              \
    EDGESNN_FRONTEND_SPLIT("r8", "r5", "r11", "r12", "lr", "smlsdx", "smlad")                      \
    "ldr     r12, [r2], #32\n"                                                                     \
    "str.w   r8, [r1, #" q "]\n"                                                                   \
    "str.w   r11, [r0, #2 * " q " - 4]\n"                                                          \
    EDGESNN_FRONTEND_SPLIT_2("r7", "r6", "r11", "r4", "r9", "r3", "r12", "lr")                     \
    "str     r7, [r1], #-4\n"                                                                      \
    "str.w   r11, [r0, #3 * " q " - 4]\n"                                                          \
    "str.w   r4, [r0, #" q " - 4]\n"                                                               \
    "cmp.w   r0, r1\n"                                                                             \
    "str.w   r3, [r1, #2 * " q " + 4]\n"

/* The last stage, sums halved where `half`, then the transform of the real signal from that of its
 * packed half, and its powers, in place: z[k] becomes the power in bin k, 1 <= k < 4q. What closes
 * the loop chooses among the outer sums: 128 or 129 cycles a turn on Cortex-M4. Two statements,
 * since C99 promises strings of 4095 characters only. */
#define EDGESNN_FRONTEND_LAST_STAGE(q)                                                             \
    __asm__ volatile(                                                                              \
        "mov.w   r3, #0x10001\n"                                                                   \
        "add.w   r3, r3, r2, lsl #1\n"                                                             \
        "add.w   r3, r3, r2, lsl #17\n"                                                            \
        "push    {r3-r11, lr}\n"                                                                   \
        "lsls.w  r12, r3, #30\n"                                                                   \
        "mov.w   r2, r1\n"                                                                         \
        EDGESNN_FRONTEND_LAST_0(q)                                                                 \
        "addw    r1, r0, #" q " - 4\n"                                                             \
        "add.w   r0, r0, #4\n"                                                                     \
        "b.w     3f\n");                                                                           \
    __asm__ volatile(                                                                              \
        ".balign 4\n"                                                                              \
        "1:\n"                                                                                     \
        EDGESNN_FRONTEND_LAST_OUTER("")                                                            \
        "2:\n"                                                                                     \
        EDGESNN_FRONTEND_LAST_POWERS(q)                                                            \
        "bhi.w   4f\n"                                                                             \
        "3:\n"                                                                                     \
        EDGESNN_FRONTEND_LAST_INNER(q)                                                             \
        "bpl.w   1b\n"                                                                             \
        EDGESNN_FRONTEND_LAST_OUTER("h")                                                           \
        "b.w     2b\n"                                                                             \
        "4:\n"                                                                                     \
        "pop     {r3-r11, pc}\n")

#if EDGESNN_FRONTEND_512
EDGESNN_NAKED void edgesnn_frontend_last_stage_256(
    EDGESNN_UNUSED uint32_t *z, EDGESNN_UNUSED const uint32_t *last, EDGESNN_UNUSED uint32_t half) {
    EDGESNN_FRONTEND_LAST_STAGE("256");
}
#endif

#if EDGESNN_FRONTEND_256
EDGESNN_NAKED void edgesnn_frontend_last_stage_128(
    EDGESNN_UNUSED uint32_t *z, EDGESNN_UNUSED const uint32_t *last, EDGESNN_UNUSED uint32_t half) {
    EDGESNN_FRONTEND_LAST_STAGE("128");
}
#endif

/* ---- what the stages are called by ----------------------------------------------------- */

/* Samples to the result of the first two stages; returns its edges. */
EDGESNN_INLINE uint32_t edgesnn_frontend_first_stages(const struct edgesnn_frontend_tables *t,
                                                     const uint32_t *samples, uint32_t *z,
                                                     uint32_t points, uint32_t headroom) {
#if EDGESNN_FRONTEND_512
    if (points == 256) {
        edgesnn_frontend_first_stage_4(t, samples, z, headroom);
        return edgesnn_frontend_second_stage_256(z, t->twiddle);
    }
#endif
#if EDGESNN_FRONTEND_256
    if (points == 128) {
        return edgesnn_frontend_first_stages_128(t, samples, z, headroom);
    }
#endif
    return 0;
}

EDGESNN_INLINE void edgesnn_frontend_third_stage(uint32_t *z, uint32_t points,
                                                const uint32_t *twiddle, bool half) {
#if EDGESNN_FRONTEND_512
    if (points == 256) {
        (half ? edgesnn_frontend_third_stage_256_halved
              : edgesnn_frontend_third_stage_256_whole)(z, twiddle);
    }
#endif
#if EDGESNN_FRONTEND_256
    if (points == 128) {
        (half ? edgesnn_frontend_third_stage_128_halved
              : edgesnn_frontend_third_stage_128_whole)(z, twiddle);
    }
#endif
}

EDGESNN_INLINE void edgesnn_frontend_last_stage(uint32_t *z, uint32_t points,
                                               const uint32_t *twiddle, const uint32_t *last,
                                               bool half) {
    (void)twiddle;
#if EDGESNN_FRONTEND_512
    if (points == 256) {
        edgesnn_frontend_last_stage_256(z, last, half);
    }
#endif
#if EDGESNN_FRONTEND_256
    if (points == 128) {
        edgesnn_frontend_last_stage_128(z, last, half);
    }
#endif
}

#endif
