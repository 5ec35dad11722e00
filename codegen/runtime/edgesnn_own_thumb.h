/* SPDX-License-Identifier: MIT-0
 *
 * Membranes of neurons with parameters of their own (edgesnn_quads_thumb.h), of which r6 walks the
 * table and r12 the sums.
 */
#ifndef EDGESNN_OWN_THUMB_H
#define EDGESNN_OWN_THUMB_H

#include "edgesnn_quads_thumb.h"

#if EDGESNN_THUMB
/* Where nothing is summed, r12 walks as if bytes were. */
#define EDGESNN_OWN_BEGIN(bits)                                                                    \
    EDGESNN_SAVE                                                                                   \
    "ldr r4, [sp, #36]\n" bits                                                                     \
    "ldmia r4, {r4-r7}\n"                                                                          \
    "adds r4, r4, r0\n"                                                                            \
    "mov r9, r4\n"                                                                                 \
    "mov r8, r3\n"                                                                                 \
    "mov r12, r1\n"                                                                                \
    "movs r6, r7\n"                                                                                \
    "movs r7, r0\n"

#define EDGESNN_LEAK_OWN_WORD(word, shared)                                                        \
    "ldmia r6!, {r4, r5}\n"                                                                        \
    "muls " word ", r4, " word "\n"                                                                \
    "adds " word ", " word ", r5\n"                                                                \
    "asrs " word ", " word ", #8\n" shared

#define EDGESNN_SHARE(word) "add " word ", r8\n"

#define EDGESNN_OWN_QUAD(add, quad, test0, test1, test2, test3)                                    \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    EDGESNN_LEAK_OWN_WORD("r0", EDGESNN_SHARE("r0"))                                               \
    EDGESNN_LEAK_OWN_WORD("r1", EDGESNN_SHARE("r1"))                                               \
    EDGESNN_LEAK_OWN_WORD("r2", EDGESNN_SHARE("r2"))                                               \
    EDGESNN_LEAK_OWN_WORD("r3", EDGESNN_SHARE("r3"))                                               \
    "mov r4, r12\n"                                                                                \
    add("r4", quad, test0, test1, test2, test3)                                                    \
    "adds r6, #16\n"

#define EDGESNN_OWN_LOOP(add, size, test)                                                          \
    "10:\n"                                                                                        \
    EDGESNN_OWN_QUAD(add, "0", test("11", "21"), test("12", "22"), test("13", "23"),               \
                     test("14", "24"))                                                             \
    EDGESNN_STORE_QUAD                                                                             \
    EDGESNN_OWN_QUAD(add, "1", test("15", "25"), test("16", "26"), test("17", "27"),               \
                     test("18", "28"))                                                             \
    EDGESNN_STORE_QUAD                                                                             \
    "adds r4, #" size "\n"                                                                         \
    "mov r12, r4\n" EDGESNN_TURN_END

#define EDGESNN_OWN_ALONE(test0, test1, test2, test3)                                              \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    EDGESNN_LEAK_OWN_WORD("r0", test0)                                                             \
    EDGESNN_LEAK_OWN_WORD("r1", test1)                                                             \
    EDGESNN_LEAK_OWN_WORD("r2", test2)                                                             \
    EDGESNN_LEAK_OWN_WORD("r3", test3)                                                             \
    "adds r6, #16\n" EDGESNN_STORE_QUAD

#define EDGESNN_OWN_LEAK_LOOP(test)                                                                \
    "10:\n"                                                                                        \
    EDGESNN_OWN_ALONE(test("11", "21"), test("12", "22"), test("13", "23"), test("14", "24"))      \
    EDGESNN_OWN_ALONE(test("15", "25"), test("16", "26"), test("17", "27"), test("18", "28"))      \
    "mov r4, r12\n"                                                                                \
    "adds r4, #8\n"                                                                                \
    "mov r12, r4\n" EDGESNN_TURN_END

/* What a neuron has less is `at` bytes on in the table. */
#define EDGESNN_FIRE_OWN(word, bit, place, at, reset, fires, back)                                 \
    fires ":\n" place "add r4, r10\n"                                                              \
    "ldrb r5, [r4]\n"                                                                              \
    "adds r5, #" bit "\n"                                                                          \
    "strb r5, [r4]\n"                                                                              \
    "ldr r5, [r6, #" at "]\n" reset(word, "r5")                                                    \
    "mov r4, r12\n"                                                                                \
    "b " back "b\n"

#define EDGESNN_FIRES_OWN(place, at0, at1, at2, at3, reset)                                        \
    EDGESNN_FIRE_OWN("r0", "1", place, at0, reset, "11", "21")                                     \
    EDGESNN_FIRE_OWN("r1", "2", place, at1, reset, "12", "22")                                     \
    EDGESNN_FIRE_OWN("r2", "4", place, at2, reset, "13", "23")                                     \
    EDGESNN_FIRE_OWN("r3", "8", place, at3, reset, "14", "24")                                     \
    EDGESNN_FIRE_OWN("r0", "16", place, at0, reset, "15", "25")                                    \
    EDGESNN_FIRE_OWN("r1", "32", place, at1, reset, "16", "26")                                    \
    EDGESNN_FIRE_OWN("r2", "64", place, at2, reset, "17", "27")                                    \
    EDGESNN_FIRE_OWN("r3", "128", place, at3, reset, "18", "28")

#define EDGESNN_SUMMED_OWN(name, add, size, shift, reset)                                          \
    EDGESNN_QUADS(name, EDGESNN_OWN_BEGIN(EDGESNN_QUAD_BITS("r1", shift))                          \
                  EDGESNN_OWN_LOOP(add, size, EDGESNN_TEST) EDGESNN_RESTORE                        \
                  EDGESNN_FIRES_OWN("lsrs r4, r4, #" shift "\n", "0", "4", "8", "12", reset))

#define EDGESNN_LEAKED_OWN(name, reset)                                                            \
    EDGESNN_QUADS(name, EDGESNN_OWN_BEGIN(EDGESNN_QUAD_BITS("r1", "3"))                            \
                  EDGESNN_OWN_LEAK_LOOP(EDGESNN_TEST) EDGESNN_RESTORE                              \
                  EDGESNN_FIRES_OWN("mov r4, r12\nlsrs r4, r4, #3\n", "24", "20", "16", "12",      \
                                    reset))

EDGESNN_LEAKED_OWN(edgesnn_step_own_nothing, EDGESNN_SUBTRACT)
EDGESNN_SUMMED_OWN(edgesnn_step_own_bytes, EDGESNN_ADD_BYTES, "8", "3", EDGESNN_SUBTRACT)
EDGESNN_SUMMED_OWN(edgesnn_step_own_lanes, EDGESNN_ADD_LANES, "16", "4", EDGESNN_SUBTRACT)
EDGESNN_SUMMED_OWN(edgesnn_step_own_long_sums, EDGESNN_ADD_WORDS, "32", "5", EDGESNN_SUBTRACT)
EDGESNN_LEAKED_OWN(edgesnn_zero_own_nothing, EDGESNN_TO_ZERO)
EDGESNN_SUMMED_OWN(edgesnn_zero_own_bytes, EDGESNN_ADD_BYTES, "8", "3", EDGESNN_TO_ZERO)
EDGESNN_SUMMED_OWN(edgesnn_zero_own_lanes, EDGESNN_ADD_LANES, "16", "4", EDGESNN_TO_ZERO)
EDGESNN_SUMMED_OWN(edgesnn_zero_own_long_sums, EDGESNN_ADD_WORDS, "32", "5", EDGESNN_TO_ZERO)

/* Scores. */
#define EDGESNN_SCORED_OWN(name, add, size)                                                        \
    EDGESNN_QUADS(name, EDGESNN_OWN_BEGIN("") EDGESNN_OWN_LOOP(add, size, EDGESNN_NO_TEST)         \
                  EDGESNN_RESTORE)

EDGESNN_QUADS(edgesnn_score_own_nothing, EDGESNN_OWN_BEGIN("")
              EDGESNN_OWN_LEAK_LOOP(EDGESNN_NO_TEST) EDGESNN_RESTORE)
EDGESNN_SCORED_OWN(edgesnn_score_own_bytes, EDGESNN_ADD_BYTES, "8")
EDGESNN_SCORED_OWN(edgesnn_score_own_lanes, EDGESNN_ADD_LANES, "16")
EDGESNN_SCORED_OWN(edgesnn_score_own_long_sums, EDGESNN_ADD_WORDS, "32")
#endif

#endif
