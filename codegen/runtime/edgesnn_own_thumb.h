/* SPDX-License-Identifier: MIT-0
 *
 * Membranes of neurons with parameters of their own (edgesnn_quads_thumb.h), of which r6 walks the
 * table and r12 the sums.
 */
#ifndef EDGESNN_OWN_THUMB_H
#define EDGESNN_OWN_THUMB_H

#include "edgesnn_quads_thumb.h"

#if EDGESNN_THUMB
#define EDGESNN_OWN_BEGIN                                                                          \
    EDGESNN_SAVE                                                                                   \
    "mov r10, r0\n"                                                                                \
    "ldr r7, [r0, #0]\n"                                                                           \
    "ldr r1, [r0, #4]\n"                                                                           \
    "mov r9, r1\n"                                                                                 \
    "ldr r6, [r0, #44]\n"                                                                          \
    "ldr r1, [r0, #48]\n"                                                                          \
    "mov r8, r1\n"                                                                                 \
    "ldr r1, [r0, #8]\n"                                                                           \
    "mov r12, r1\n" EDGESNN_BY_SUMS

#define EDGESNN_LEAK_OWN                                                                           \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    ".irp word, r0, r1, r2, r3\n"                                                                  \
    "ldmia r6!, {r4, r5}\n"                                                                        \
    "muls \\word, r4, \\word\n"                                                                    \
    "adds \\word, \\word, r5\n"                                                                    \
    "asrs \\word, \\word, #8\n"                                                                    \
    "add \\word, r8\n"                                                                             \
    ".endr\n"                                                                                      \
    "adds r6, #16\n"

#define EDGESNN_ADD_OWN_BYTES                                                                      \
    "mov r4, r12\n"                                                                                \
    "ldmia r4!, {r5}\n"                                                                            \
    "mov r12, r4\n" EDGESNN_ADD_FOUR

#define EDGESNN_ADD_OWN_LANES                                                                      \
    "mov r4, r12\n"                                                                                \
    "ldr r5, [r4, #4]\n"                                                                           \
    "mov r11, r5\n"                                                                                \
    "lsls r5, r5, #8\n"                                                                            \
    "ldr r4, [r4]\n"                                                                               \
    "subs r4, r4, r5\n" EDGESNN_ADD_HALVES                                                         \
    "mov r4, r12\n"                                                                                \
    "adds r4, #8\n"                                                                                \
    "mov r12, r4\n"

#define EDGESNN_ADD_OWN_WORDS                                                                      \
    "mov r4, r12\n"                                                                                \
    ".irp word, r0, r1, r2, r3\n"                                                                  \
    "ldmia r4!, {r5}\n"                                                                            \
    "adds \\word, \\word, r5\n"                                                                    \
    ".endr\n"                                                                                      \
    "mov r12, r4\n"

#define EDGESNN_OWN_LOOP(add, test, turn, fires, back)                                             \
    turn ":\n" EDGESNN_LEAK_OWN add test(fires "f") back ":\n" EDGESNN_STORE_QUAD                  \
    "cmp r7, r9\n"                                                                                 \
    "bne " turn "b\n b 80f\n" EDGESNN_CALL_FIRE(fires, back "b")

#define EDGESNN_OWN_LOOPS(test)                                                                    \
    EDGESNN_OWN_LOOP("", test, "10", "12", "11")                                                   \
    EDGESNN_OWN_LOOP(EDGESNN_ADD_OWN_BYTES, test, "20", "22", "21")                                \
    EDGESNN_OWN_LOOP(EDGESNN_ADD_OWN_LANES, test, "30", "32", "31")                                \
    EDGESNN_OWN_LOOP(EDGESNN_ADD_OWN_WORDS, test, "40", "42", "41")

#define EDGESNN_FIRE_OWN                                                                           \
    "mov r7, r10\n"                                                                                \
    "ldr r4, [r7, #24]\n"                                                                          \
    "subs r6, #16\n"                                                                               \
    "movs r7, #0\n" EDGESNN_FIRE_WORD("r0", "1", "ldr r5, [r6, #0]\n")                             \
        EDGESNN_FIRE_WORD("r1", "2", "ldr r5, [r6, #4]\n")                                         \
            EDGESNN_FIRE_WORD("r2", "4", "ldr r5, [r6, #8]\n")                                     \
                EDGESNN_FIRE_WORD("r3", "8", "ldr r5, [r6, #12]\n") EDGESNN_SET_BITS

/* Clamp to limits of their own: r5 is by how much the level is above what they have less. */
#define EDGESNN_CLAMP_OWN_WORD(word, at)                                                           \
    "ldr r4, [r6, #" at "]\n"                                                                      \
    "adds r4, r4, r5\n"                                                                            \
    "mvns r4, r4\n"                                                                                \
    "add r4, r11\n" /* 32767 - level */                                                            \
    "cmp " word ", r4\n"                                                                           \
    "ble 1f\n"                                                                                     \
    "movs " word ", r4\n"                                                                          \
    "1:\n"                                                                                         \
    "subs r4, r4, r7\n" /* -32768 - level */                                                       \
    "cmp " word ", r4\n"                                                                           \
    "bge 1f\n"                                                                                     \
    "movs " word ", r4\n"                                                                          \
    "1:\n"

#define EDGESNN_CLAMP_OWN                                                                          \
    "mov r7, r10\n"                                                                                \
    "ldr r5, [r7, #32]\n"                                                                          \
    "movs r7, #1\n"                                                                                \
    "lsls r7, r7, #15\n"                                                                           \
    "mov r11, r7\n"                                                                                \
    "lsls r7, r7, #1\n"                                                                            \
    "subs r7, #1\n"                                                                                \
    "subs r6, #16\n" EDGESNN_CLAMP_OWN_WORD("r0", "0") EDGESNN_CLAMP_OWN_WORD("r1", "4")           \
        EDGESNN_CLAMP_OWN_WORD("r2", "8") EDGESNN_CLAMP_OWN_WORD("r3", "12") "adds r6, #16\n"

/* Neurons whose membranes cannot leave 16 bits, those that saturate, whose `least` is the level
 * less `less`, and scores. */
EDGESNN_QUADS(edgesnn_step_own_quads, EDGESNN_OWN_BEGIN, EDGESNN_OWN_LOOPS(EDGESNN_TEST_QUAD),
              EDGESNN_FIRE_OWN)
EDGESNN_QUADS(edgesnn_step_own_saturating_quads, EDGESNN_OWN_BEGIN,
              EDGESNN_OWN_LOOPS(EDGESNN_TEST_SATURATING_QUAD), EDGESNN_CLAMP_OWN EDGESNN_FIRE_OWN)
EDGESNN_QUADS(edgesnn_step_own_scores, EDGESNN_OWN_BEGIN, EDGESNN_OWN_LOOPS(EDGESNN_NO_TEST), "")
#endif

#endif
