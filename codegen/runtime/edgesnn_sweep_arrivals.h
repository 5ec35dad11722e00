/* SPDX-License-Identifier: MIT-0
 *
 * Pieces of assembly by which sweeps (edgesnn_sweep.h) add what arrives at a tile; registers as in
 * edgesnn_sweep_parts.h.
 */
#ifndef EDGESNN_SWEEP_ARRIVALS_H
#define EDGESNN_SWEEP_ARRIVALS_H

#include "edgesnn_nibbles.h"
#include "edgesnn_sweep_parts.h"

/* Other currents of a tile, before its events. */
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
    "ldr.w   r2, " EDGESNN_SWEEP_EVENTS "\n"                                                       \
    "ldr.w   r0, [lr]\n"                                                                           \
    "mov.w   r1, r0\n"                                                                             \
    "bx      r2\n"

/* An event of 8 bits a weight on Cortex-M7, which issues an ADD beside a DSP instruction, but no
 * second one of these: words are summed whole in the first register of two, their odd bytes in the
 * second. Sums begin with zero; up to 256 events fit (255 * 256 < 2^16). */
#define EDGESNN_EVENT8_PAIRED(place, next)                                                         \
    "ldmia.w " place "!, {" next ", r2, r3, r12}\n"                                                \
    "uxtab16 r5, r5, " next ", ror #8\n"                                                           \
    "add.w   r4, r4, " next "\n"                                                                   \
    "uxtab16 r7, r7, r2, ror #8\n"                                                                 \
    "ldr.w   " next ", [lr, #4]\n"                                                                 \
    "uxtab16 r9, r9, r3, ror #8\n"                                                                 \
    "str.w   " place ", [lr], #4\n"                                                                \
    "uxtab16 r11, r11, r12, ror #8\n"                                                              \
    "add.w   r6, r6, r2\n"                                                                         \
    "add.w   r8, r8, r3\n"                                                                         \
    "add.w   r10, r10, r12\n"

/* The even bytes' sums: whole - (odd << 8), exactly, since additions of 32 bits wrap. */
#define EDGESNN_SWEEP_EVEN                                                                         \
    "sub.w   r4, r4, r5, lsl #8\n"                                                                 \
    "sub.w   r6, r6, r7, lsl #8\n"                                                                 \
    "sub.w   r8, r8, r9, lsl #8\n"                                                                 \
    "sub.w   r10, r10, r11, lsl #8\n"

/* Leaked membranes into sums that began with zero; and so the start of those that saturate. */
#define EDGESNN_SWEEP_JOIN_PAIR(at, sum)                                                           \
    "ldr.w   r12, [r0, #" at "]\n"                                                                 \
    "smlawb  lr, r1, r12, r2\n"                                                                    \
    "smlawt  r12, r1, r12, r2\n"                                                                   \
    "pkhbt   r12, lr, r12, lsl #16\n"                                                              \
    "sadd16  " sum ", " sum ", r12\n"

#define EDGESNN_SWEEP_JOIN                                                                         \
    EDGESNN_SWEEP_JOIN_PAIR("0", "r4")                                                             \
    EDGESNN_SWEEP_JOIN_PAIR("4", "r5")                                                             \
    EDGESNN_SWEEP_JOIN_PAIR("8", "r6")                                                             \
    EDGESNN_SWEEP_JOIN_PAIR("12", "r7")                                                            \
    EDGESNN_SWEEP_JOIN_PAIR("16", "r8")                                                            \
    EDGESNN_SWEEP_JOIN_PAIR("20", "r9")                                                            \
    EDGESNN_SWEEP_JOIN_PAIR("24", "r10")                                                           \
    EDGESNN_SWEEP_JOIN_PAIR("28", "r11")

#define EDGESNN_SWEEP_JOIN_START                                                                   \
    "sadd16  r4, r4, r2\n"                                                                         \
    "sadd16  r5, r5, r2\n"                                                                         \
    "sadd16  r6, r6, r2\n"                                                                         \
    "sadd16  r7, r7, r2\n"                                                                         \
    "sadd16  r8, r8, r2\n"                                                                         \
    "sadd16  r9, r9, r2\n"                                                                         \
    "sadd16  r10, r10, r2\n"                                                                       \
    "sadd16  r11, r11, r2\n"

/* A tile's arrivals begin with a drive, label 8, or else with events, or where there are none with
 * label 4. */
#define EDGESNN_SWEEP_BEGIN8                                                                       \
    EDGESNN_SWEEP_PUSH                                                                             \
    "ldr.w   r6, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    "ldr.w   r5, " EDGESNN_SWEEP_DRIVE "\n"                                                        \
    "adr.w   r8, 4f\n"                                                                             \
    "cmp.w   r6, #0\n"                                                                             \
    EDGESNN_FIRST_EVENT8("r7", "r6", "r9", "7")                                                    \
    "it      eq\n"                                                                                 \
    "addeq.w r7, r8, #1\n"                                                                         \
    "cbz     r5, 2f\n"                                                                             \
    "str.w   r7, " EDGESNN_SWEEP_EVENTS "\n"                                                       \
    "adr.w   r7, 8f\n"                                                                             \
    "add.w   r7, r7, #1\n"                                                                         \
    "2:\n"                                                                                         \
    "str.w   r7, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    ".balign 4\n"

/* Everything that arrives at a tile; then lr is the end of the membranes. */
#define EDGESNN_SWEEP_ARRIVALS8(event)                                                             \
    "ldrd    lr, r2, " EDGESNN_SWEEP_LIST "\n"                                                     \
    "ldr.w   r0, [lr]\n"                                                                           \
    "mov.w   r1, r0\n"                                                                             \
    "bx      r2\n"                                                                                 \
    EDGESNN_EVENTS8(event, "4", "0")                                                               \
    "4:\n"                                                                                         \
    "ldmia.w sp, {r0-r3, lr}\n"

/* Places of events of 4 bits a weight, instead of those of 8: where the list is read from, where
 * the first pair is added, and a single event's place or zero; then where in rows a tile is, and
 * r12 of edgesnn_nibbles_dsp.h. */
#define EDGESNN_SWEEP_OFFSET "[sp, #84]"
#define EDGESNN_SWEEP_CHUNKS "[sp, #88]"

#define EDGESNN_SWEEP_BEGIN4                                                                       \
    EDGESNN_SWEEP_PUSH                                                                             \
    "ldr.w   r0, " EDGESNN_SWEEP_LIST "\n"                                                         \
    "ldr.w   r1, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    EDGESNN_NIBBLE_BEGIN                                                                           \
    "str.w   r10, " EDGESNN_SWEEP_LIST "\n"                                                        \
    "str.w   r7, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    "str.w   r8, " EDGESNN_SWEEP_DRIVE "\n"                                                        \
    "str.w   r9, " EDGESNN_SWEEP_CHUNKS "\n"                                                       \
    "add.w   r0, r0, r1, lsl #2\n"                                                                 \
    "str.w   sp, [r0, #4]\n"                                                                       \
    ".balign 4\n"

/* Byte sums of a tile's events. */
#define EDGESNN_SWEEP_EVENTS4                                                                      \
    "ldr.w   r9, " EDGESNN_SWEEP_OFFSET "\n"                                                       \
    "ldr.w   r4, " EDGESNN_SWEEP_COUNT "\n"                                                        \
    "ldr.w   r5, " EDGESNN_SWEEP_DRIVE "\n"                                                        \
    "ldr.w   r12, " EDGESNN_SWEEP_CHUNKS "\n"                                                      \
    "ldr.w   lr, " EDGESNN_SWEEP_LIST "\n"                                                         \
    "add.w   r10, r9, #8\n"                                                                        \
    "str.w   r10, " EDGESNN_SWEEP_OFFSET "\n"                                                      \
    EDGESNN_NIBBLE_CHUNKS

/* Membranes leaked, plus byte sums: four pairs, then the others; and the chunks on the stack. */
#define EDGESNN_SWEEP_LEAK4                                                                        \
    "ldr.w   lr, " EDGESNN_NIBBLE_BEHIND "\n"                                                      \
    "push.w  {lr}\n"                                                                               \
    "ldmia.w lr, {r4, r8, r9}\n"                                                                   \
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
    "pop.w   {lr}\n"                                                                               \
    "cmp     sp, lr\n"                                                                             \
    "beq     8f\n"                                                                                 \
    EDGESNN_NIBBLE_TAKE_BACK("lr")                                                                 \
    "8:\n"                                                                                         \
    "ldmia.w sp, {r0-r3, lr}\n"

#endif
