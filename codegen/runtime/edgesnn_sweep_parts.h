/* SPDX-License-Identifier: MIT-0
 *
 * Pieces of assembly that edgesnn_sweep.h is made of, for cores with the DSP extension.
 *
 * r4 to r11 hold the sums of a tile, and then its membranes; r0 is where its membranes are, r1 the
 * decay times 2^8, r2 `further` and r3 `level`. A *mark* is the sign bit of a lane: it is set
 * where the neuron fires.
 */
#ifndef EDGESNN_SWEEP_PARTS_H
#define EDGESNN_SWEEP_PARTS_H

#include "edgesnn_rows.h"

/* The stack of functions with arrivals: r0 to r3, r4 to r11 and lr as they came, then the
 * arguments behind the first four. */
#define EDGESNN_SWEEP_LIST "[sp, #52]"
#define EDGESNN_SWEEP_COUNT "[sp, #56]" /* of places; then where the first event is added */
#define EDGESNN_SWEEP_DRIVE "[sp, #60]"
#define EDGESNN_SWEEP_LAST "[sp, #64]"
#define EDGESNN_SWEEP_BITS "[sp, #68]"
#define EDGESNN_SWEEP_FIRE "[sp, #72]"
#define EDGESNN_SWEEP_RESET "[sp, #76]"

/* What stands behind the last place where there is a drive too. No place is as small. */
#define EDGESNN_SWEEP_DRIVEN 1u

/* Two pairs of membranes leaked, plus `further` each; two registers are `free`. On Cortex-M33
 * nothing uses what was made in the cycle before. */
#define EDGESNN_SWEEP_LEAK_PAIRS(first, second, decay, further, free, spare)                       \
    "smlawb  " free ", " decay ", " first ", " further "\n"                                        \
    "smlawb  " spare ", " decay ", " second ", " further "\n"                                      \
    "smlawt  " first ", " decay ", " first ", " further "\n"                                       \
    "smlawt  " second ", " decay ", " second ", " further "\n"                                     \
    "pkhbt   " first ", " free ", " first ", lsl #16\n"                                            \
    "pkhbt   " second ", " spare ", " second ", lsl #16\n"

#define EDGESNN_SWEEP_LEAK                                                                         \
    EDGESNN_SWEEP_LEAK_PAIRS("r4", "r5", "r1", "r2", "r12", "lr")                                  \
    EDGESNN_SWEEP_LEAK_PAIRS("r6", "r7", "r1", "r2", "r12", "lr")                                  \
    EDGESNN_SWEEP_LEAK_PAIRS("r8", "r9", "r1", "r2", "r12", "lr")                                  \
    EDGESNN_SWEEP_LEAK_PAIRS("r10", "r11", "r1", "r2", "r12", "lr")

/* Whether there is any mark: the condition NE. */
#define EDGESNN_SWEEP_MARKS                                                                        \
    "orr.w   r12, r4, r5\n"                                                                        \
    "orr.w   lr, r6, r7\n"                                                                         \
    "orr.w   r12, r12, r8\n"                                                                       \
    "orr.w   lr, lr, r9\n"                                                                         \
    "orr.w   r12, r12, r10\n"                                                                      \
    "orr.w   lr, lr, r11\n"                                                                        \
    "orr.w   r12, r12, lr\n"                                                                       \
    "tst.w   r12, #0x80008000\n"

/* Plain sums to membranes. */
#define EDGESNN_SWEEP_TO_MEMBRANES                                                                 \
    "sadd16  r4, r4, r3\n"                                                                         \
    "sadd16  r5, r5, r3\n"                                                                         \
    "sadd16  r6, r6, r3\n"                                                                         \
    "sadd16  r7, r7, r3\n"                                                                         \
    "sadd16  r8, r8, r3\n"                                                                         \
    "sadd16  r9, r9, r3\n"                                                                         \
    "sadd16  r10, r10, r3\n"                                                                       \
    "sadd16  r11, r11, r3\n"

/* The beginning of sums that saturate. */
#define EDGESNN_SWEEP_START                                                                        \
    "mov.w   r4, r2\n"                                                                             \
    "mov.w   r5, r2\n"                                                                             \
    "mov.w   r6, r2\n"                                                                             \
    "mov.w   r7, r2\n"                                                                             \
    "mov.w   r8, r2\n"                                                                             \
    "mov.w   r9, r2\n"                                                                             \
    "mov.w   r10, r2\n"                                                                            \
    "mov.w   r11, r2\n"

/* One pair that saturates, its membranes in register `v`; `next` gets those of the pair at
 * `ahead`. The sum becomes marks. Seven cycles on Cortex-M4, where the store runs in the shadow of
 * the load before it. */
#define EDGESNN_SWEEP_SETTLE_PAIR(v, next, sum, at, ahead)                                         \
    "smulwb  " next ", r1, " v "\n"                                                                \
    "smulwt  " v ", r1, " v "\n"                                                                   \
    "pkhbt   " v ", " next ", " v ", lsl #16\n"                                                    \
    "qadd16  " v ", " v ", " sum "\n"                                                              \
    "ldr.w   " next ", [r0, #" ahead "]\n"                                                         \
    "str.w   " v ", [r0, #" at "]\n"                                                               \
    "qsub16  " sum ", r3, " v "\n"

#define EDGESNN_SWEEP_SETTLE                                                                       \
    "ldr.w   r2, [r0]\n"                                                                           \
    EDGESNN_SWEEP_SETTLE_PAIR("r2", "r12", "r4", "0", "4")                                         \
    EDGESNN_SWEEP_SETTLE_PAIR("r12", "r2", "r5", "4", "8")                                         \
    EDGESNN_SWEEP_SETTLE_PAIR("r2", "r12", "r6", "8", "12")                                        \
    EDGESNN_SWEEP_SETTLE_PAIR("r12", "r2", "r7", "12", "16")                                       \
    EDGESNN_SWEEP_SETTLE_PAIR("r2", "r12", "r8", "16", "20")                                       \
    EDGESNN_SWEEP_SETTLE_PAIR("r12", "r2", "r9", "20", "24")                                       \
    EDGESNN_SWEEP_SETTLE_PAIR("r2", "r12", "r10", "24", "28")                                      \
    EDGESNN_SWEEP_SETTLE_PAIR("r12", "r2", "r11", "28", "28")

#define EDGESNN_SWEEP_GATHER(sum)                                                                  \
    "and.w   r1, " sum ", #0x80008000\n"                                                           \
    "orr.w   r12, r1, r12, lsr #2\n"

/* Marks as one bit a neuron, into the bitmap: those of pair k come to bits 2k + 1 of each half.
 * Then r1 is zero and r2 what the reset takes. */
#define EDGESNN_SWEEP_EMIT                                                                         \
    "and.w   r12, r4, #0x80008000\n"                                                               \
    EDGESNN_SWEEP_GATHER("r5")                                                                     \
    EDGESNN_SWEEP_GATHER("r6")                                                                     \
    EDGESNN_SWEEP_GATHER("r7")                                                                     \
    EDGESNN_SWEEP_GATHER("r8")                                                                     \
    EDGESNN_SWEEP_GATHER("r9")                                                                     \
    EDGESNN_SWEEP_GATHER("r10")                                                                    \
    EDGESNN_SWEEP_GATHER("r11")                                                                    \
    "uxth.w  r2, r12\n"                                                                            \
    "lsr.w   r12, r12, #16\n"                                                                      \
    "orr.w   r12, r12, r2, lsr #1\n"                                                               \
    "ldr.w   r1, " EDGESNN_SWEEP_BITS "\n"                                                         \
    "ldr.w   r2, " EDGESNN_SWEEP_RESET "\n"                                                        \
    "add.w   r1, r1, r0, lsr #4\n"                                                                 \
    "strh.w  r12, [r1]\n"                                                                          \
    "mov.w   r1, #0\n"

/* A tile with marks: to the function that the caller names, and back to label 6. */
#define EDGESNN_SWEEP_FIRED                                                                        \
    "7:\n"                                                                                         \
    "ldr.w   r12, " EDGESNN_SWEEP_FIRE "\n"                                                        \
    "blx     r12\n"                                                                                \
    "ldrd    r1, r2, [sp, #4]\n"                                                                   \
    "b.w     6b\n"

/* On all sums of a tile. */
#define EDGESNN_SWEEP_EACH(pair)                                                                   \
    pair("r4", "0")                                                                                \
    pair("r5", "4")                                                                                \
    pair("r6", "8")                                                                                \
    pair("r7", "12")                                                                               \
    pair("r8", "16")                                                                               \
    pair("r9", "20")                                                                               \
    pair("r10", "24")                                                                              \
    pair("r11", "28")

/* What a plain sum becomes: the membrane less the threshold, or zero, where there is a mark. */
#define EDGESNN_SWEEP_PLAIN_LESS(sum, at)                                                          \
    "sadd16  r12, " sum ", r1\n"                                                                   \
    "sel     r12, r3, r2\n"                                                                        \
    "sadd16  " sum ", " sum ", r12\n"

#define EDGESNN_SWEEP_PLAIN_ZERO(sum, at)                                                          \
    "sadd16  r12, " sum ", r3\n"                                                                   \
    "sadd16  r2, " sum ", r1\n"                                                                    \
    "sel     " sum ", r12, r1\n"

/* The same of membranes that are in memory, only the marks being here. */
#define EDGESNN_SWEEP_SETTLED_LESS(mark, at)                                                       \
    "sadd16  r12, " mark ", r1\n"                                                                  \
    "sel     r12, r1, r2\n"                                                                        \
    "ldr.w   " mark ", [r0, #" at "]\n"                                                            \
    "ssub16  " mark ", " mark ", r12\n"                                                            \
    "str.w   " mark ", [r0, #" at "]\n"

#define EDGESNN_SWEEP_SETTLED_ZERO(mark, at)                                                       \
    "sadd16  r12, " mark ", r1\n"                                                                  \
    "ldr.w   r12, [r0, #" at "]\n"                                                                 \
    "sel     r12, r12, r1\n"                                                                       \
    "str.w   r12, [r0, #" at "]\n"

/* On to the next tile, or back to the caller. */
#define EDGESNN_SWEEP_NEXT                                                                         \
    "ldr.w   r12, " EDGESNN_SWEEP_LAST "\n"                                                        \
    "str.w   r0, [sp]\n"                                                                           \
    "cmp.w   r0, r12\n"                                                                            \
    "bne.w   1b\n"                                                                                 \
    "add.w   sp, sp, #16\n"                                                                        \
    "pop     {r4-r11, pc}\n"

#define EDGESNN_SWEEP_COMPARE(at, v)                                                               \
    "ldr.w   lr, [r0, #" at "]\n"                                                                  \
    "eor.w   lr, lr, " v "\n"                                                                      \
    "orr.w   r12, r12, lr\n"

/* Bits in which membranes will change, among those noted where a list would be. */
#define EDGESNN_SWEEP_WATCH                                                                        \
    "ldr.w   r12, " EDGESNN_SWEEP_LIST "\n"                                                        \
    EDGESNN_SWEEP_COMPARE("0", "r4")                                                               \
    EDGESNN_SWEEP_COMPARE("4", "r5")                                                               \
    EDGESNN_SWEEP_COMPARE("8", "r6")                                                               \
    EDGESNN_SWEEP_COMPARE("12", "r7")                                                              \
    EDGESNN_SWEEP_COMPARE("16", "r8")                                                              \
    EDGESNN_SWEEP_COMPARE("20", "r9")                                                              \
    EDGESNN_SWEEP_COMPARE("24", "r10")                                                             \
    EDGESNN_SWEEP_COMPARE("28", "r11")                                                             \
    "str.w   r12, " EDGESNN_SWEEP_LIST "\n"

/* All tiles of a plain layer at which nothing arrives. */
#define EDGESNN_SWEEP_QUIET(watch, leave)                                                          \
    "push    {r0-r11, lr}\n"                                                                       \
    "1:\n"                                                                                         \
    "ldmia.w r0, {r4-r11}\n"                                                                       \
    EDGESNN_SWEEP_LEAK                                                                             \
    EDGESNN_SWEEP_MARKS                                                                            \
    "bne.w   7f\n"                                                                                 \
    EDGESNN_SWEEP_TO_MEMBRANES                                                                     \
    "6:\n"                                                                                         \
    watch                                                                                          \
    "stmia.w r0!, {r4-r11}\n"                                                                      \
    "ldr.w   r12, " EDGESNN_SWEEP_LAST "\n"                                                        \
    "cmp.w   r0, r12\n"                                                                            \
    "bne.w   1b\n"                                                                                 \
    leave                                                                                          \
    "add.w   sp, sp, #16\n"                                                                        \
    "pop     {r4-r11, pc}\n"                                                                       \
    EDGESNN_SWEEP_FIRED

#endif
