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

#include "edgesnn_nibbles.h"

/* The stack of functions with arrivals: r0 to r3, r4 to r11 and lr as they came, then the
 * arguments behind the first four. */
#define EDGESNN_SWEEP_LIST "[sp, #52]"
#define EDGESNN_SWEEP_COUNT "[sp, #56]" /* of places; then where the first event is added */
#define EDGESNN_SWEEP_DRIVE "[sp, #60]"
#define EDGESNN_SWEEP_LAST "[sp, #64]"
#define EDGESNN_SWEEP_BITS "[sp, #68]"

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
    "and.w   lr, " sum ", #0x80008000\n"                                                           \
    "orr.w   r12, lr, r12, lsr #2\n"

/* Marks as one bit a neuron, into the bitmap: those of pair k come to bits 2k + 1 of each half. */
#define EDGESNN_SWEEP_EMIT(bits)                                                                   \
    "and.w   r12, r4, #0x80008000\n"                                                               \
    EDGESNN_SWEEP_GATHER("r5")                                                                     \
    EDGESNN_SWEEP_GATHER("r6")                                                                     \
    EDGESNN_SWEEP_GATHER("r7")                                                                     \
    EDGESNN_SWEEP_GATHER("r8")                                                                     \
    EDGESNN_SWEEP_GATHER("r9")                                                                     \
    EDGESNN_SWEEP_GATHER("r10")                                                                    \
    EDGESNN_SWEEP_GATHER("r11")                                                                    \
    "uxth.w  lr, r12\n"                                                                            \
    "lsr.w   r12, r12, #16\n"                                                                      \
    "orr.w   r12, r12, lr, lsr #1\n"                                                               \
    "ldr.w   lr, " bits "\n"                                                                       \
    "add.w   lr, lr, r0, lsr #4\n"                                                                 \
    "strh.w  r12, [lr]\n"

/* On to the next tile, or back to the caller. */
#define EDGESNN_SWEEP_NEXT                                                                         \
    "ldr.w   r12, " EDGESNN_SWEEP_LAST "\n"                                                        \
    "str.w   r0, [sp]\n"                                                                           \
    "cmp.w   r0, r12\n"                                                                            \
    "bne.w   1b\n"                                                                                 \
    "add.w   sp, sp, #16\n"                                                                        \
    "pop     {r4-r11, pc}\n"

/* Other currents of a tile, behind its events. */
#define EDGESNN_SWEEP_ADD_DRIVE                                                                    \
    "8:\n"                                                                                         \
    "ldr.w   r12, " EDGESNN_SWEEP_DRIVE "\n"                                                       \
    "ldmia.w r12!, {r0-r3}\n"                                                                      \
    "sadd16  r4, r4, r0\n"                                                                         \
    "sadd16  r5, r5, r1\n"                                                                         \
    "sadd16  r6, r6, r2\n"                                                                         \
    "sadd16  r7, r7, r3\n"                                                                         \
    "ldmia.w r12!, {r0-r3}\n"                                                                      \
    "str.w   r12, " EDGESNN_SWEEP_DRIVE "\n"                                                       \
    "sadd16  r8, r8, r0\n"                                                                         \
    "sadd16  r9, r9, r1\n"                                                                         \
    "sadd16  r10, r10, r2\n"                                                                       \
    "sadd16  r11, r11, r3\n"                                                                       \
    "b.w     4b\n"

/* Where there are no events label 8 begins. */
#define EDGESNN_SWEEP_BEGIN8                                                                       \
    "push    {r0-r11, lr}\n"                                                                       \
    "ldr.w   r6, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    "adr.w   r8, 8f\n"                                                                             \
    "orr.w   r8, r8, #1\n"                                                                         \
    "cmp.w   r6, #0\n"                                                                             \
    EDGESNN_FIRST_EVENT8("r7", "r6", "r9")                                                         \
    "it      eq\n"                                                                                 \
    "moveq   r7, r8\n"                                                                             \
    "str.w   r7, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    ".balign 4\n"

/* Everything that arrives at a tile. */
#define EDGESNN_SWEEP_ARRIVALS8                                                                    \
    "ldr.w   lr, " EDGESNN_SWEEP_LIST "\n"                                                         \
    "ldr.w   r2, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    "ldr.w   r0, [lr]\n"                                                                           \
    "mov.w   r1, r0\n"                                                                             \
    "bx      r2\n"                                                                                 \
    EDGESNN_EVENTS8("1") /* EDGESNN_SWEEP_DRIVEN */                                                \
    "beq.w   8f\n"                                                                                 \
    "4:\n"                                                                                         \
    "ldmia.w sp, {r0-r3}\n"

/* Where the first pair of up to sixteen events of 4 bits a weight is added, instead of a drive:
 * label 3, 64 bytes further for each pair that is missing of the first turn, or label 4. */
#define EDGESNN_SWEEP_BEGIN4                                                                       \
    "push    {r0-r11, lr}\n"                                                                       \
    "ldr.w   r4, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    "lsr.w   r4, r4, #1\n"                                                                         \
    "rsb.w   r5, r4, #0\n"                                                                         \
    "and.w   r5, r5, #3\n"                                                                         \
    "adr.w   r6, 3f\n"                                                                             \
    "add.w   r6, r6, r5, lsl #6\n"                                                                 \
    "adr.w   r5, 4f\n"                                                                             \
    "cmp.w   r4, #0\n"                                                                             \
    "it      eq\n"                                                                                 \
    "moveq   r6, r5\n"                                                                             \
    "orr.w   r6, r6, #1\n"                                                                         \
    "str.w   r6, " EDGESNN_SWEEP_DRIVE "\n"                                                        \
    ".balign 4\n"

/* Byte sums of a tile's events in r0 to r3. */
#define EDGESNN_SWEEP_EVENTS4                                                                      \
    "ldr.w   r4, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    "ldr.w   lr, " EDGESNN_SWEEP_LIST "\n"                                                         \
    EDGESNN_NIBBLE_CONSTANTS                                                                       \
    "lsls.w  r4, r4, #31\n"                                                                        \
    "beq.w   2f\n"                                                                                 \
    EDGESNN_NIBBLE_SINGLE                                                                          \
    "b.w     5f\n"                                                                                 \
    "2:\n"                                                                                         \
    EDGESNN_NIBBLE_NONE                                                                            \
    "5:\n"                                                                                         \
    "ldr.w   r4, " EDGESNN_SWEEP_DRIVE "\n"                                                        \
    "ldr.w   r8, [lr]\n"                                                                           \
    "ldr.w   r9, [lr, #4]\n"                                                                       \
    "bx      r4\n"                                                                                 \
    ".balign 4\n"                                                                                  \
    "3:\n"                                                                                         \
    ".rept   4\n"                                                                                  \
    EDGESNN_NIBBLE_PAIR                                                                            \
    ".endr\n"                                                                                      \
    "cmp.w   r8, #0\n"                                                                             \
    "bne.w   3b\n"                                                                                 \
    ".balign 4\n"                                                                                  \
    "4:\n"                                                                                         \
    EDGESNN_NIBBLE_BYTES

/* Membranes leaked, plus byte sums: four pairs, then the others. */
#define EDGESNN_SWEEP_LEAK4                                                                        \
    "ldmia.w sp, {r4, r8, r9}\n"                                                                   \
    "mov.w   r12, r4\n"                                                                            \
    "ldmia.w r12!, {r4-r7}\n"                                                                      \
    EDGESNN_SWEEP_LEAK_PAIRS("r4", "r5", "r8", "r9", "r10", "r11")                                 \
    EDGESNN_SWEEP_LEAK_PAIRS("r6", "r7", "r8", "r9", "r10", "r11")                                 \
    EDGESNN_NIBBLE_WIDEN_WORD("r4", "r5", "r0")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r6", "r7", "r1")                                                    \
    "mov.w   r0, r8\n"                                                                             \
    "mov.w   r1, r9\n"                                                                             \
    "ldmia.w r12, {r8-r11}\n"                                                                      \
    EDGESNN_SWEEP_LEAK_PAIRS("r8", "r9", "r0", "r1", "r12", "lr")                                  \
    EDGESNN_SWEEP_LEAK_PAIRS("r10", "r11", "r0", "r1", "r12", "lr")                                \
    EDGESNN_NIBBLE_WIDEN_WORD("r8", "r9", "r2")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r10", "r11", "r3")                                                  \
    "ldmia.w sp, {r0-r3}\n"

#define EDGESNN_SWEEP_COMPARE(at, v)                                                               \
    "ldr.w   lr, [r0, #" at "]\n"                                                                  \
    "eor.w   lr, lr, " v "\n"                                                                      \
    "orr.w   r12, r12, lr\n"

/* Bits in which membranes will change, among those noted on the stack. */
#define EDGESNN_SWEEP_WATCH                                                                        \
    "ldr.w   r12, [sp, #44]\n"                                                                     \
    EDGESNN_SWEEP_COMPARE("0", "r4")                                                               \
    EDGESNN_SWEEP_COMPARE("4", "r5")                                                               \
    EDGESNN_SWEEP_COMPARE("8", "r6")                                                               \
    EDGESNN_SWEEP_COMPARE("12", "r7")                                                              \
    EDGESNN_SWEEP_COMPARE("16", "r8")                                                              \
    EDGESNN_SWEEP_COMPARE("20", "r9")                                                              \
    EDGESNN_SWEEP_COMPARE("24", "r10")                                                             \
    EDGESNN_SWEEP_COMPARE("28", "r11")                                                             \
    "str.w   r12, [sp, #44]\n"

/* All tiles of a plain layer at which nothing arrives. The stack holds r4 to r11 and lr, then the
 * arguments behind the first four. */
#define EDGESNN_SWEEP_QUIET(watch, leave)                                                          \
    "push    {r4-r11, lr}\n"                                                                       \
    "1:\n"                                                                                         \
    "ldmia.w r0, {r4-r11}\n"                                                                       \
    EDGESNN_SWEEP_LEAK                                                                             \
    EDGESNN_SWEEP_MARKS                                                                            \
    "bne.w   7f\n"                                                                                 \
    "6:\n"                                                                                         \
    EDGESNN_SWEEP_TO_MEMBRANES                                                                     \
    watch                                                                                          \
    "stmia.w r0!, {r4-r11}\n"                                                                      \
    "ldr.w   r12, [sp, #36]\n"                                                                     \
    "cmp.w   r0, r12\n"                                                                            \
    "bne.w   1b\n"                                                                                 \
    leave                                                                                          \
    "pop     {r4-r11, pc}\n"                                                                       \
    "7:\n"                                                                                         \
    EDGESNN_SWEEP_EMIT("[sp, #40]")                                                                \
    "b.w     6b\n"

#endif
