/* SPDX-License-Identifier: MIT-0
 *
 * Membranes of edgesnn_words.h in Thumb-1 assembly, four neurons at a time. For each of them
 *
 *     margin = floor((margin * decay + constant) / 2^8) + sum,
 *     constant = level * decay + 2^8 * (bias - level)
 *
 * which is the law's u - level, since the margin was v - level and the constant's second term is a
 * multiple of 2^8. Its sign is the comparison, and the flag that the last instruction sets: a
 * neuron that does not fire spends one cycle on it, one that does leaves the loop for a moment.
 *
 * On Cortex-M0+ four neurons that are alike take 27.5 cycles without sums (6.9 each: 10 loading and
 * storing, 12 arithmetic, 4 testing, 1.5 the loop) and 41 with sums of bytes or lanes, of which 12
 * load and add these; with parameters of their own 43 and 60. A spike takes 13 or 14 more. Where
 * membranes may saturate the test takes 7 in place of 4, and a spike some 60.
 */
#ifndef EDGESNN_QUADS_THUMB_H
#define EDGESNN_QUADS_THUMB_H

#include "edgesnn_sums_thumb.h"

struct edgesnn_words;

/* Sums to be added: none, a byte each, a halfword each, or a word each. */
enum edgesnn_summed {
    EDGESNN_NOTHING_SUMMED,
    EDGESNN_BYTES_SUMMED,
    EDGESNN_LANES_SUMMED,
    EDGESNN_WORDS_SUMMED
};

#if EDGESNN_THUMB
/* Functions are told where margins, sums and the bitmap of spikes are, which is all zero, what all
 * neurons get (`constant`, for neurons that are alike; else what is to be added to each sum), and
 * of the layer what struct edgesnn_words begins with.
 *
 * Registers: r0-r3 margins, r4 decay and r12 again, r5 free, r6 sums, r7 behind the margins, r8
 * constant, r9 the end, r10 as below, r11 what is less. */
#define EDGESNN_QUAD_BEGIN(bits)                                                                   \
    EDGESNN_SAVE                                                                                   \
    "ldr r4, [sp, #36]\n" bits                                                                     \
    "ldmia r4, {r4-r6}\n"                                                                          \
    "adds r4, r4, r0\n"                                                                            \
    "mov r9, r4\n"                                                                                 \
    "mov r8, r3\n"                                                                                 \
    "mov r11, r5\n"                                                                                \
    "mov r12, r6\n"                                                                                \
    "movs r7, r0\n"                                                                                \
    "movs r4, r6\n"                                                                                \
    "movs r6, r1\n"

/* Eight neurons, whose spikes are a byte of the bitmap, are a turn of the loop. So the byte's
 * address is that of their sums by 2^`shift`, and r10. */
#define EDGESNN_QUAD_BITS(from, shift)                                                             \
    "lsrs r5, " from ", #" shift "\n"                                                              \
    "subs r2, r2, r5\n"                                                                            \
    "mov r10, r2\n"

#define EDGESNN_LEAK_QUAD                                                                          \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    ".irp word, r0, r1, r2, r3\n"                                                                  \
    "muls \\word, r4, \\word\n"                                                                    \
    "add \\word, r8\n"                                                                             \
    "asrs \\word, \\word, #8\n"                                                                    \
    ".endr\n"

/* On to label `fires` where the last result is not negative. */
#define EDGESNN_TEST(fires, back)                                                                  \
    "bpl " fires "f\n" back ":\n"
#define EDGESNN_TEST_BACK(fires, back)                                                             \
    "bpl " fires "b\n" back ":\n"
#define EDGESNN_NO_TEST(fires, back)

#define EDGESNN_ADD_SUM(load, from, at, word)                                                      \
    load " r5, [" from ", #" at "]\n"                                                              \
    "adds " word ", " word ", r5\n"

/* What quad 0 or 1 of a turn was sent. Bytes 0, 2, 1 and 3 of a word belong to one neuron after
 * another. */
#define EDGESNN_ADD_QUAD(load, from, first, second, third, fourth, test0, test1, test2, test3)     \
    EDGESNN_ADD_SUM(load, from, first, "r0") test0                                                 \
    EDGESNN_ADD_SUM(load, from, second, "r1") test1                                                \
    EDGESNN_ADD_SUM(load, from, third, "r2") test2                                                 \
    EDGESNN_ADD_SUM(load, from, fourth, "r3") test3

#define EDGESNN_ADD_BYTES(from, quad, test0, test1, test2, test3)                                  \
    EDGESNN_ADD_QUAD("ldrb", from, "4*" quad, "4*" quad "+2", "4*" quad "+1", "4*" quad "+3",      \
                     test0, test1, test2, test3)
#define EDGESNN_ADD_LANES(from, quad, test0, test1, test2, test3)                                  \
    EDGESNN_ADD_QUAD("ldrh", from, "8*" quad, "8*" quad "+2", "8*" quad "+4", "8*" quad "+6",      \
                     test0, test1, test2, test3)
#define EDGESNN_ADD_WORDS(from, quad, test0, test1, test2, test3)                                  \
    EDGESNN_ADD_QUAD("ldr", from, "16*" quad, "16*" quad "+4", "16*" quad "+8", "16*" quad "+12",  \
                     test0, test1, test2, test3)

#define EDGESNN_STORE_QUAD                                                                         \
    "subs r7, r7, #16\n"                                                                           \
    "stmia r7!, {r0-r3}\n"

#define EDGESNN_TURN_END                                                                           \
    "cmp r7, r9\n"                                                                                 \
    "bne 10b\n"

/* The loop over eights of neurons that were sent something. */
#define EDGESNN_QUAD_LOOP(add, size, test)                                                         \
    "10:\n" EDGESNN_LEAK_QUAD                                                                      \
    add("r6", "0", test("11", "21"), test("12", "22"), test("13", "23"), test("14", "24"))         \
    EDGESNN_STORE_QUAD EDGESNN_LEAK_QUAD                                                           \
    add("r6", "1", test("31", "41"), test("32", "42"), test("33", "43"), test("34", "44"))         \
    EDGESNN_STORE_QUAD                                                                             \
    "adds r6, #" size "\n" EDGESNN_TURN_END

/* The same where nothing was summed; r6 walks behind r7. */
#define EDGESNN_LEAK_WORD(word, test)                                                              \
    "muls " word ", r4, " word "\n"                                                                \
    "add " word ", r8\n"                                                                           \
    "asrs " word ", " word ", #8\n" test

#define EDGESNN_LEAK_ALONE(test0, test1, test2, test3)                                             \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    EDGESNN_LEAK_WORD("r0", test0) EDGESNN_LEAK_WORD("r1", test1) EDGESNN_LEAK_WORD("r2", test2)   \
    EDGESNN_LEAK_WORD("r3", test3)                                                                 \
    "stmia r6!, {r0-r3}\n"

#define EDGESNN_LEAK_LOOP(test)                                                                    \
    "mov r6, r7\n"                                                                                 \
    "10:\n"                                                                                        \
    EDGESNN_LEAK_ALONE(test("11", "21"), test("12", "22"), test("13", "23"), test("14", "24"))     \
    EDGESNN_LEAK_ALONE(test("31", "41"), test("32", "42"), test("33", "43"), test("34", "44"))     \
    EDGESNN_TURN_END

/* A neuron fires: bit `bit` of the byte at `place`, and its reset. */
#define EDGESNN_FIRE(word, bit, place, at, reset, fires, back)                                     \
    fires ":\n" place "add r4, r10\n"                                                              \
    "ldrb r5, [r4, #" at "]\n"                                                                     \
    "adds r5, #" bit "\n"                                                                          \
    "strb r5, [r4, #" at "]\n"                                                                     \
    "mov r4, r11\n" reset(word, "r4")                                                              \
    "mov r4, r12\n"                                                                                \
    "b " back "\n"

/* Reset by subtraction, and to zero. */
#define EDGESNN_SUBTRACT(word, less) "subs " word ", " word ", " less "\n"
#define EDGESNN_TO_ZERO(word, less) "rsbs " word ", " less ", #0\n"

#define EDGESNN_FOUR_FIRE(first, second, third, fourth, place, at, reset, tens, back, way)         \
    EDGESNN_FIRE("r0", first, place, at, reset, tens "1", back "1" way)                            \
    EDGESNN_FIRE("r1", second, place, at, reset, tens "2", back "2" way)                           \
    EDGESNN_FIRE("r2", third, place, at, reset, tens "3", back "3" way)                            \
    EDGESNN_FIRE("r3", fourth, place, at, reset, tens "4", back "4" way)

#define EDGESNN_FIRES(place0, at0, place1, at1, reset, way)                                        \
    EDGESNN_FOUR_FIRE("1", "2", "4", "8", place0, at0, reset, "1", "2", way)                       \
    EDGESNN_FOUR_FIRE("16", "32", "64", "128", place1, at1, reset, "3", "4", way)

#define EDGESNN_QUADS(name, ...)                                                                   \
    EDGESNN_NAKED void name(int32_t *margin EDGESNN_UNUSED, const uint32_t *sums EDGESNN_UNUSED,   \
                            uint32_t *spikes EDGESNN_UNUSED, int32_t constant EDGESNN_UNUSED,      \
                            const struct edgesnn_words *layer EDGESNN_UNUSED)                      \
    {                                                                                              \
        __asm__ volatile(__VA_ARGS__);                                                             \
    }

/* Neurons that are alike and whose membranes cannot leave 16 bits in this step. */
#define EDGESNN_SUMMED_QUADS(name, add, size, shift, reset)                                        \
    EDGESNN_QUADS(name, EDGESNN_QUAD_BEGIN(EDGESNN_QUAD_BITS("r1", shift))                         \
                  EDGESNN_QUAD_LOOP(add, size, EDGESNN_TEST) EDGESNN_RESTORE                       \
                  EDGESNN_FIRES("lsrs r4, r6, #" shift "\n", "0",                                  \
                                "lsrs r4, r6, #" shift "\n", "0", reset, "b"))

/* Of margins, the first four's address is rounded down to a turn's, and the second four's is that
 * of the next turn, wherever the first turn begins. */
#define EDGESNN_LEAKED_QUADS(name, reset)                                                          \
    EDGESNN_QUADS(name, EDGESNN_QUAD_BEGIN("subs r2, #1\n" EDGESNN_QUAD_BITS("r0", "5"))           \
                  EDGESNN_LEAK_LOOP(EDGESNN_TEST) EDGESNN_RESTORE                                  \
                  EDGESNN_FIRES("lsrs r4, r6, #5\n", "1", "lsrs r4, r7, #5\n", "0", reset, "b"))

EDGESNN_LEAKED_QUADS(edgesnn_step_nothing, EDGESNN_SUBTRACT)
EDGESNN_SUMMED_QUADS(edgesnn_step_bytes, EDGESNN_ADD_BYTES, "8", "3", EDGESNN_SUBTRACT)
EDGESNN_SUMMED_QUADS(edgesnn_step_lanes, EDGESNN_ADD_LANES, "16", "4", EDGESNN_SUBTRACT)
EDGESNN_SUMMED_QUADS(edgesnn_step_long_sums, EDGESNN_ADD_WORDS, "32", "5", EDGESNN_SUBTRACT)
EDGESNN_LEAKED_QUADS(edgesnn_zero_nothing, EDGESNN_TO_ZERO)
EDGESNN_SUMMED_QUADS(edgesnn_zero_bytes, EDGESNN_ADD_BYTES, "8", "3", EDGESNN_TO_ZERO)
EDGESNN_SUMMED_QUADS(edgesnn_zero_lanes, EDGESNN_ADD_LANES, "16", "4", EDGESNN_TO_ZERO)
EDGESNN_SUMMED_QUADS(edgesnn_zero_long_sums, EDGESNN_ADD_WORDS, "32", "5", EDGESNN_TO_ZERO)

/* Sixteen neurons a turn, for layers of whole sixteens: a cycle less for each four. */
#define EDGESNN_TESTED_QUAD(add, quad, test, tens, back)                                           \
    EDGESNN_LEAK_QUAD                                                                              \
    add("r6", quad, test(tens "1", back "1"), test(tens "2", back "2"), test(tens "3", back "3"),  \
        test(tens "4", back "4"))                                                                  \
    EDGESNN_STORE_QUAD

#define EDGESNN_SIXTEENS(name, add, size, shift, place, reset)                                     \
    EDGESNN_QUADS(name, EDGESNN_QUAD_BEGIN(EDGESNN_QUAD_BITS("r1", shift))                         \
                  "b 10f\n" EDGESNN_FIRES(place, "0", place, "0", reset, "f")                      \
                  "10:\n" EDGESNN_TESTED_QUAD(add, "0", EDGESNN_TEST_BACK, "1", "2")               \
                  EDGESNN_TESTED_QUAD(add, "1", EDGESNN_TEST_BACK, "3", "4")                       \
                  EDGESNN_TESTED_QUAD(add, "2", EDGESNN_TEST, "5", "6")                            \
                  EDGESNN_TESTED_QUAD(add, "3", EDGESNN_TEST, "7", "8")                            \
                  "adds r6, #" size "\n" EDGESNN_TURN_END EDGESNN_RESTORE                          \
                  EDGESNN_FOUR_FIRE("1", "2", "4", "8", place, "1", reset, "5", "6", "b")          \
                  EDGESNN_FOUR_FIRE("16", "32", "64", "128", place, "1", reset, "7", "8", "b"))

#define EDGESNN_BYTE_SIXTEENS(name, reset)                                                         \
    EDGESNN_SIXTEENS(name, EDGESNN_ADD_BYTES, "16", "3", "lsrs r4, r6, #3\n", reset)
#define EDGESNN_LANE_SIXTEENS(name, reset)                                                         \
    EDGESNN_SIXTEENS(name, EDGESNN_ADD_LANES, "32", "4", "lsrs r4, r6, #4\n", reset)

EDGESNN_BYTE_SIXTEENS(edgesnn_step_byte_sixteens, EDGESNN_SUBTRACT)
EDGESNN_BYTE_SIXTEENS(edgesnn_zero_byte_sixteens, EDGESNN_TO_ZERO)
EDGESNN_LANE_SIXTEENS(edgesnn_step_lane_sixteens, EDGESNN_SUBTRACT)
EDGESNN_LANE_SIXTEENS(edgesnn_zero_lane_sixteens, EDGESNN_TO_ZERO)

/* Neurons that have no threshold: a readout, of scores. */
#define EDGESNN_SCORED_QUADS(name, add, size)                                                      \
    EDGESNN_QUADS(name, EDGESNN_QUAD_BEGIN("") EDGESNN_QUAD_LOOP(add, size, EDGESNN_NO_TEST)       \
                  EDGESNN_RESTORE)

EDGESNN_QUADS(edgesnn_score_nothing, EDGESNN_QUAD_BEGIN("") EDGESNN_LEAK_LOOP(EDGESNN_NO_TEST)
              EDGESNN_RESTORE)
EDGESNN_SCORED_QUADS(edgesnn_score_bytes, EDGESNN_ADD_BYTES, "8")
EDGESNN_SCORED_QUADS(edgesnn_score_lanes, EDGESNN_ADD_LANES, "16")
EDGESNN_SCORED_QUADS(edgesnn_score_long_sums, EDGESNN_ADD_WORDS, "32")
#endif

#endif
