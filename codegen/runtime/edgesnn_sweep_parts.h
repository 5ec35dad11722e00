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

/* The stack of sweeps: r0 to r3 as they came, the end of the membranes, r4 to r11 and lr as they
 * came, then the arguments behind the first four. */
#define EDGESNN_SWEEP_LIST "[sp, #56]"
#define EDGESNN_SWEEP_COUNT "[sp, #60]" /* of places; then where a tile's arrivals begin */
#define EDGESNN_SWEEP_DRIVE "[sp, #64]"
#define EDGESNN_SWEEP_LAST "[sp, #68]"
#define EDGESNN_SWEEP_BITS "[sp, #72]" /* and behind it what the reset takes */
#define EDGESNN_SWEEP_FIRE "[sp, #80]"
#define EDGESNN_SWEEP_EVENTS "[sp, #84]" /* where events behind a drive begin */

#define EDGESNN_SWEEP_PUSH                                                                         \
    "push    {r4-r11, lr}\n"                                                                       \
    "ldr.w   r4, [sp, #48]\n"                                                                      \
    "push.w  {r0-r4}\n"

#define EDGESNN_SWEEP_POP                                                                          \
    "add.w   sp, sp, #20\n"                                                                        \
    "pop     {r4-r11, pc}\n"

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

/* Whether there is any mark: the condition NE. The first spares lr, which behind arrivals is the
 * end of the membranes. */
#define EDGESNN_SWEEP_MARKS_ALONE                                                                  \
    "orr.w   r12, r4, r5\n"                                                                        \
    "orr.w   r12, r12, r6\n"                                                                       \
    "orr.w   r12, r12, r7\n"                                                                       \
    "orr.w   r12, r12, r8\n"                                                                       \
    "orr.w   r12, r12, r9\n"                                                                       \
    "orr.w   r12, r12, r10\n"                                                                      \
    "orr.w   r12, r12, r11\n"                                                                      \
    "tst.w   r12, #0x80008000\n"

#define EDGESNN_SWEEP_MARKS_PAIRED                                                                 \
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

/* One pair of a tile with marks, which come to the register `marks` and, `to` bits down, to r12.
 * Twice the marks is zero, and the GE flags say which lanes carried. Where there are none the reset
 * is passed over, but not on cores that foretell branches and issue two instructions a cycle. */
#if defined(EDGESNN_DUAL_ISSUE)
#define EDGESNN_SWEEP_FIRE_PAIR(marks, sum, to, reset)                                             \
    "and.w   " marks ", " sum ", #0x80008000\n"                                                    \
    "orr.w   r12, r12, " marks ", lsr #" to "\n"                                                   \
    "uadd16  " marks ", " marks ", " marks "\n"                                                    \
    reset
#else
#define EDGESNN_SWEEP_FIRE_PAIR(marks, sum, to, reset)                                             \
    "ands.w  " marks ", " sum ", #0x80008000\n"                                                    \
    "beq.w   1f\n"                                                                                 \
    "orr.w   r12, r12, " marks ", lsr #" to "\n"                                                   \
    "uadd16  " marks ", " marks ", " marks "\n"                                                    \
    reset                                                                                          \
    "1:\n"
#endif

/* What a plain sum becomes: the membrane less the threshold, or zero, where there is a mark. r2 is
 * the threshold, or `level` less it; or else what `level` makes zero of. */
#if defined(EDGESNN_DUAL_ISSUE)
#define EDGESNN_SWEEP_PLAIN_LESS(sum, at, to)                                                      \
    EDGESNN_SWEEP_FIRE_PAIR("r0", sum, to, "sel     r0, r2, r3\n")                                 \
    "sadd16  " sum ", " sum ", r0\n"
#else
#define EDGESNN_SWEEP_PLAIN_LESS(sum, at, to)                                                      \
    EDGESNN_SWEEP_FIRE_PAIR("r0", sum, to,                                                         \
                            "sel     r0, r2, r0\n"                                                 \
                            "ssub16  " sum ", " sum ", r0\n")                                      \
    "sadd16  " sum ", " sum ", r3\n"
#endif

#define EDGESNN_SWEEP_PLAIN_ZERO(sum, at, to)                                                      \
    EDGESNN_SWEEP_FIRE_PAIR("r0", sum, to, "sel     " sum ", r2, " sum "\n")                       \
    "sadd16  " sum ", " sum ", r3\n"

/* The same of membranes that are in memory, only the marks being here. */
#define EDGESNN_SWEEP_SETTLED_LESS(mark, at, to)                                                   \
    EDGESNN_SWEEP_FIRE_PAIR(mark, mark, to,                                                        \
                            "ldr.w   r3, [r0, #" at "]\n"                                          \
                            "sel     " mark ", r2, " mark "\n"                                     \
                            "ssub16  r3, r3, " mark "\n"                                           \
                            "str.w   r3, [r0, #" at "]\n")

#define EDGESNN_SWEEP_SETTLED_ZERO(mark, at, to)                                                   \
    EDGESNN_SWEEP_FIRE_PAIR(mark, mark, to,                                                        \
                            "ldr.w   r3, [r0, #" at "]\n"                                          \
                            "sel     r3, " mark ", r3\n"                                           \
                            "str.w   r3, [r0, #" at "]\n")

/* A tile with marks: its pairs, whose marks come to bits 2k + 1 of each half of r12, and then one
 * bit a neuron into the bitmap. Leaves r0 to r3 to be loaded again. */
#define EDGESNN_SWEEP_FIRE_TILE(pair)                                                              \
    "ldrd    r1, r2, " EDGESNN_SWEEP_BITS "\n"                                                     \
    "add.w   r1, r1, r0, lsr #4\n"                                                                 \
    "mov.w   r12, #0\n"                                                                            \
    pair("r4", "0", "14")                                                                          \
    pair("r5", "4", "12")                                                                          \
    pair("r6", "8", "10")                                                                          \
    pair("r7", "12", "8")                                                                          \
    pair("r8", "16", "6")                                                                          \
    pair("r9", "20", "4")                                                                          \
    pair("r10", "24", "2")                                                                         \
    pair("r11", "28", "0")                                                                         \
    "lsr.w   r2, r12, #1\n"                                                                        \
    "orr.w   r12, r2, r12, lsr #16\n"                                                              \
    "strh.w  r12, [r1]\n"                                                                          \
    "bx      lr\n"

/* To the function for it that the caller names, and back to label 6. */
#define EDGESNN_SWEEP_FIRED                                                                        \
    "7:\n"                                                                                         \
    "ldr.w   r12, " EDGESNN_SWEEP_FIRE "\n"                                                        \
    "blx     r12\n"                                                                                \
    "ldmia.w sp, {r0-r3, lr}\n"                                                                    \
    "b.w     6b\n"

/* On to the next tile, or back to the caller. */
#define EDGESNN_SWEEP_NEXT_BEFORE(end)                                                             \
    "str.w   r0, [sp]\n"                                                                           \
    "cmp.w   r0, " end "\n"                                                                        \
    "bne.w   1b\n"                                                                                 \
    EDGESNN_SWEEP_POP

/* A core that issues two instructions a cycle waits for the longer chain, and not for the load. */
#if defined(EDGESNN_DUAL_ISSUE)
#define EDGESNN_SWEEP_MARKS EDGESNN_SWEEP_MARKS_PAIRED
#define EDGESNN_SWEEP_NEXT                                                                         \
    "ldr.w   r12, " EDGESNN_SWEEP_LAST "\n"                                                        \
    EDGESNN_SWEEP_NEXT_BEFORE("r12")
#else
#define EDGESNN_SWEEP_MARKS EDGESNN_SWEEP_MARKS_ALONE
#define EDGESNN_SWEEP_NEXT EDGESNN_SWEEP_NEXT_BEFORE("lr")
#endif

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
    EDGESNN_SWEEP_PUSH                                                                             \
    "1:\n"                                                                                         \
    "ldmia.w r0, {r4-r11}\n"                                                                       \
    EDGESNN_SWEEP_LEAK                                                                             \
    EDGESNN_SWEEP_MARKS_PAIRED                                                                     \
    "bne.w   7f\n"                                                                                 \
    EDGESNN_SWEEP_TO_MEMBRANES                                                                     \
    "6:\n"                                                                                         \
    watch                                                                                          \
    "stmia.w r0!, {r4-r11}\n"                                                                      \
    "ldr.w   r12, " EDGESNN_SWEEP_LAST "\n"                                                        \
    "str.w   r0, [sp]\n"                                                                           \
    "cmp.w   r0, r12\n"                                                                            \
    "bne.w   1b\n"                                                                                 \
    leave                                                                                          \
    EDGESNN_SWEEP_POP                                                                              \
    EDGESNN_SWEEP_FIRED

#endif
