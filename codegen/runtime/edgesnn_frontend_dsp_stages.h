/* SPDX-License-Identifier: MIT-0
 *
 * The second and the third stage of edgesnn_frontend_dsp.h.
 */
#ifndef EDGESNN_FRONTEND_DSP_STAGES_H
#define EDGESNN_FRONTEND_DSP_STAGES_H

#include "edgesnn_frontend_dsp.h"

/* A butterfly's points at r0, and its outputs there, and on to the next block. Offsets in bytes;
 * a step of 256 does not fit into one instruction, so half of it is taken when a is loaded. */
#define EDGESNN_FRONTEND_LOADS(q1, q2, q3, skip)                                                   \
    "ldr.w   r5, [r0, #" q1 "]\n"                                                                  \
    "ldr.w   r6, [r0, #" q2 "]\n"                                                                  \
    "ldr.w   r7, [r0, #" q3 "]\n"                                                                  \
    "ldr.w   r4, [r0] " skip "\n"
#define EDGESNN_FRONTEND_STORES(q1, q2, q3, step)                                                  \
    "str.w   r8, [r0, #" q1 "]\n"                                                                  \
    "str.w   r6, [r0, #" q2 "]\n"                                                                  \
    "str.w   r7, [r0, #" q3 "]\n"                                                                  \
    "str     r5, [r0], #" step "\n"
#define EDGESNN_FRONTEND_LOADS_64 EDGESNN_FRONTEND_LOADS("64", "128", "192", ", #128")
#define EDGESNN_FRONTEND_STORES_64                                                                 \
    "str     r8, [r0, #-64]\n"                                                                     \
    "str.w   r7, [r0, #64]\n"                                                                      \
    "str     r5, [r0, #-128]\n"                                                                    \
    "str     r6, [r0], #128\n"

/* One butterfly in memory; its outputs' edges go to r3. */
#define EDGESNN_FRONTEND_WATCHED(loads, stores)                                                    \
    loads                                                                                          \
    EDGESNN_FRONTEND_BUTTERFLY("r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r1",      \
                               "shadd16 r4, r4, r2\n", "h")                                        \
    stores                                                                                         \
    "eor.w   r4, r5, r5, lsl #1\n"                                                                 \
    "eor.w   r9, r8, r8, lsl #1\n"                                                                 \
    "orr.w   r3, r3, r4\n"                                                                         \
    "eor.w   r4, r6, r6, lsl #1\n"                                                                 \
    "orr.w   r3, r3, r9\n"                                                                         \
    "eor.w   r9, r7, r7, lsl #1\n"                                                                 \
    "orr.w   r3, r3, r4\n"                                                                         \
    "orr.w   r3, r3, r9\n"

/* The first stage with twiddles, 16 blocks, `size` bytes in all; returns the edges of its result.
 * Twiddle by twiddle, two blocks a turn. 37 cycles a butterfly on Cortex-M4. */
#define EDGESNN_FRONTEND_SECOND_STAGE(size, q1, q2, q3, step)                                      \
    __asm__ volatile(                                                                              \
        "push    {r1, r4-r11, lr}\n"                                                               \
        "add.w   lr, r0, #" size "\n"                                                              \
        "movs    r3, #0\n"                                                                         \
        "mov.w   r1, #32768\n"                                                                     \
        "mov.w   r2, #0x30003\n"                                                                   \
        ".balign 4\n"                                                                              \
        "1:\n"                                                                                     \
        "ldr.w   r4, [sp]\n"                                                                       \
        "ldr.w   r11, [r4, #4]\n"                                                                  \
        "ldr.w   r12, [r4, #8]\n"                                                                  \
        "ldr.w   r10, [r4], #48\n"                                                                 \
        "str.w   r4, [sp]\n"                                                                       \
        "2:\n"                                                                                     \
        EDGESNN_FRONTEND_WATCHED(EDGESNN_FRONTEND_LOADS(q1, q2, q3, ""),                           \
                                 EDGESNN_FRONTEND_STORES(q1, q2, q3, step))                        \
        EDGESNN_FRONTEND_WATCHED(EDGESNN_FRONTEND_LOADS(q1, q2, q3, ""),                           \
                                 EDGESNN_FRONTEND_STORES(q1, q2, q3, step))                        \
        "cmp.w   r0, lr\n"                                                                         \
        "blo.w   2b\n"                                                                             \
        "subw    r0, r0, #" size " - 4\n"                                                          \
        "subw    r4, lr, #" size " - " size " / 64\n"                                              \
        "cmp.w   r0, r4\n"                                                                         \
        "blo.w   1b\n"                                                                             \
        "mov     r0, r3\n"                                                                         \
        "pop     {r1, r4-r11, pc}\n")

#if EDGESNN_FRONTEND_512
EDGESNN_NAKED uint32_t edgesnn_frontend_second_stage_256(
    EDGESNN_UNUSED uint32_t *z, EDGESNN_UNUSED const uint32_t *twiddle) {
    EDGESNN_FRONTEND_SECOND_STAGE("1024", "16", "32", "48", "64");
}
#endif

/* The second, 4 blocks; sums are halved where h is "h". 32 cycles a butterfly on Cortex-M4. */
#define EDGESNN_FRONTEND_UNWATCHED(loads, stores, h, first)                                        \
    loads                                                                                          \
    "mov.w   r8, #" first "\n"                                                                     \
    "shadd16 r4, r4, r8\n"                                                                         \
    EDGESNN_FRONTEND_BUTTERFLY("r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r2", "",  \
                               h)                                                                  \
    stores
#define EDGESNN_FRONTEND_THIRD_STAGE(size, loads, stores, h, first)                                \
    __asm__ volatile(                                                                              \
        "push    {r4-r11, lr}\n"                                                                   \
        "add.w   lr, r0, #" size "\n"                                                              \
        "add.w   r3, r1, #3 * " size " / 16\n"                                                     \
        "mov.w   r2, #32768\n"                                                                     \
        ".balign 4\n"                                                                              \
        "1:\n"                                                                                     \
        "ldr.w   r11, [r1, #4]\n"                                                                  \
        "ldr.w   r12, [r1, #8]\n"                                                                  \
        "ldr.w   r10, [r1], #12\n"                                                                 \
        "2:\n"                                                                                     \
        EDGESNN_FRONTEND_UNWATCHED(loads, stores, h, first)                                        \
        EDGESNN_FRONTEND_UNWATCHED(loads, stores, h, first)                                        \
        "cmp.w   r0, lr\n"                                                                         \
        "blo.w   2b\n"                                                                             \
        "add.w   lr, lr, #4\n"                                                                     \
        "subw    r0, r0, #" size " - 4\n"                                                          \
        "cmp.w   r1, r3\n"                                                                         \
        "blo.w   1b\n"                                                                             \
        "pop     {r4-r11, pc}\n")

#if EDGESNN_FRONTEND_512
EDGESNN_NAKED void edgesnn_frontend_third_stage_256_halved(
    EDGESNN_UNUSED uint32_t *z, EDGESNN_UNUSED const uint32_t *twiddle) {
    EDGESNN_FRONTEND_THIRD_STAGE("1024", EDGESNN_FRONTEND_LOADS_64,
                                 EDGESNN_FRONTEND_STORES_64, "h", "0x30003");
}

EDGESNN_NAKED void edgesnn_frontend_third_stage_256_whole(
    EDGESNN_UNUSED uint32_t *z, EDGESNN_UNUSED const uint32_t *twiddle) {
    EDGESNN_FRONTEND_THIRD_STAGE("1024", EDGESNN_FRONTEND_LOADS_64,
                                 EDGESNN_FRONTEND_STORES_64, "", "0x10001");
}
#endif

#if EDGESNN_FRONTEND_256
EDGESNN_NAKED void edgesnn_frontend_third_stage_128_halved(
    EDGESNN_UNUSED uint32_t *z, EDGESNN_UNUSED const uint32_t *twiddle) {
    EDGESNN_FRONTEND_THIRD_STAGE("512", EDGESNN_FRONTEND_LOADS("32", "64", "96", ""),
                                 EDGESNN_FRONTEND_STORES("32", "64", "96", "128"), "h", "0x30003");
}

EDGESNN_NAKED void edgesnn_frontend_third_stage_128_whole(
    EDGESNN_UNUSED uint32_t *z, EDGESNN_UNUSED const uint32_t *twiddle) {
    EDGESNN_FRONTEND_THIRD_STAGE("512", EDGESNN_FRONTEND_LOADS("32", "64", "96", ""),
                                 EDGESNN_FRONTEND_STORES("32", "64", "96", "128"), "", "0x10001");
}
#endif

#endif
