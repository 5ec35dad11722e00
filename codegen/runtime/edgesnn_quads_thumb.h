/* SPDX-License-Identifier: MIT-0
 *
 * Membranes of edgesnn_words.h in Thumb-1 assembly, four neurons at a time. For each of them
 *
 *     margin = floor((margin * decay + constant) / 2^8) + sum,
 *     constant = level * decay + 2^8 * (bias - level)
 *
 * which is the law's u - level, since the margin was v - level and the constant's second term is a
 * multiple of 2^8. Its sign is the comparison; one test serves four neurons.
 *
 * On Cortex-M0+ four neurons that are alike take 28 cycles without sums (7 each: 10 loading and
 * storing, 12 arithmetic, 5 testing, 1 the loop) and 43 with sums in bytes; with parameters of
 * their own 48 and 62. A spike costs some 50 on top, less where its neighbours fire too.
 */
#ifndef EDGESNN_QUADS_THUMB_H
#define EDGESNN_QUADS_THUMB_H

#include "edgesnn_sums_thumb.h"

/* Sums that edgesnn_step_quads adds: none, a byte each, two words for four neurons (whole and odd,
 * edgesnn_sums_thumb.h), or a word each. */
enum edgesnn_summed {
    EDGESNN_NOTHING_SUMMED,
    EDGESNN_BYTES_SUMMED,
    EDGESNN_LANES_SUMMED,
    EDGESNN_WORDS_SUMMED
};

/* Quads of neurons to step. A membrane that is reset becomes (margin & keeps) - less. Neurons with
 * parameters of their own have a table of twelve words a quad: decay and constant of each, to the
 * latter of which 2^8 * shared is to be added, and then what each of them has less. */
struct edgesnn_quads {
    int32_t *margin;      /*  0 */
    const int32_t *end;   /*  4 */
    const uint32_t *sums; /*  8 */
    int32_t decay;        /* 12 */
    int32_t constant;     /* 16 */
    uint32_t *spikes;     /* 20: a bitmap, all zero */
    int32_t keeps;        /* 24 */
    int32_t less;         /* 28 */
    int32_t least;        /* 32: margins to which membranes saturate */
    int32_t most;         /* 36 */
    uint32_t summed;      /* 40 */
    const int32_t *own;   /* 44: the table */
    int32_t shared;       /* 48 */
};

#if EDGESNN_THUMB
#define EDGESNN_BY_SUMS                                                                            \
    "ldr r1, [r0, #40]\n"                                                                          \
    "cmp r1, #1\n"                                                                                 \
    "bne 1f\n"                                                                                     \
    "b 20f\n"                                                                                      \
    "1:\n"                                                                                         \
    "cmp r1, #2\n"                                                                                 \
    "bne 1f\n"                                                                                     \
    "b 30f\n"                                                                                      \
    "1:\n"                                                                                         \
    "cmp r1, #3\n"                                                                                 \
    "bne 1f\n"                                                                                     \
    "b 40f\n"                                                                                      \
    "1:\n"

#define EDGESNN_QUAD_BEGIN                                                                         \
    EDGESNN_SAVE                                                                                   \
    "mov r10, r0\n"                                                                                \
    "ldr r7, [r0, #0]\n"                                                                           \
    "ldr r1, [r0, #4]\n"                                                                           \
    "mov r9, r1\n"                                                                                 \
    "ldr r6, [r0, #8]\n"                                                                           \
    "ldr r4, [r0, #12]\n"                                                                          \
    "mov r12, r4\n"                                                                                \
    "ldr r1, [r0, #16]\n"                                                                          \
    "mov r8, r1\n"                                                                                 \
    EDGESNN_BY_SUMS                                                                                \
    "mov r6, r7\n"

#define EDGESNN_LEAK_QUAD                                                                          \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    ".irp word, r0, r1, r2, r3\n"                                                                  \
    "muls \\word, r4, \\word\n"                                                                    \
    "add \\word, r8\n"                                                                             \
    "asrs \\word, \\word, #8\n"                                                                    \
    ".endr\n"

/* Byte `number` of r5 into r4. */
#if EDGESNN_THUMB2
#define EDGESNN_BYTE_1 "uxtb r4, r5, ror #8\n"
#define EDGESNN_BYTE_2 "uxtb r4, r5, ror #16\n"
#else
#define EDGESNN_BYTE_1 "lsls r4, r5, #16\n lsrs r4, r4, #24\n"
#define EDGESNN_BYTE_2 "lsls r4, r5, #8\n lsrs r4, r4, #24\n"
#endif

/* Bytes 0, 2, 1 and 3 of a word belong to one neuron after another. */
#define EDGESNN_ADD_FOUR                                                                           \
    "uxtb r4, r5\n"                                                                                \
    "adds r0, r0, r4\n" EDGESNN_BYTE_2                                                             \
    "adds r1, r1, r4\n" EDGESNN_BYTE_1                                                             \
    "adds r2, r2, r4\n"                                                                            \
    "lsrs r5, r5, #24\n"                                                                           \
    "adds r3, r3, r5\n"

#define EDGESNN_ADD_BYTES                                                                          \
    "ldmia r6!, {r5}\n" EDGESNN_ADD_FOUR                                                           \
    "mov r4, r12\n"

/* Lanes of r4, and of the word in r11, whose other form has been taken off r4. */
#define EDGESNN_ADD_HALVES                                                                         \
    "uxth r5, r4\n"                                                                                \
    "adds r0, r0, r5\n"                                                                            \
    "lsrs r4, r4, #16\n"                                                                           \
    "adds r1, r1, r4\n"                                                                            \
    "mov r4, r11\n"                                                                                \
    "uxth r5, r4\n"                                                                                \
    "adds r2, r2, r5\n"                                                                            \
    "lsrs r4, r4, #16\n"                                                                           \
    "adds r3, r3, r4\n"

#define EDGESNN_ADD_LANES                                                                          \
    "ldmia r6!, {r4, r5}\n"                                                                        \
    "mov r11, r5\n"                                                                                \
    "lsls r5, r5, #8\n"                                                                            \
    "subs r4, r4, r5\n" EDGESNN_ADD_HALVES                                                         \
    "mov r4, r12\n"

#define EDGESNN_ADD_WORDS                                                                          \
    "ldmia r6!, {r4, r5}\n"                                                                        \
    "adds r0, r0, r4\n"                                                                            \
    "adds r1, r1, r5\n"                                                                            \
    "ldmia r6!, {r4, r5}\n"                                                                        \
    "adds r2, r2, r4\n"                                                                            \
    "adds r3, r3, r5\n"                                                                            \
    "mov r4, r12\n"

/* On to label `fires` unless all four margins are negative. */
#define EDGESNN_TEST_QUAD(fires)                                                                   \
    "movs r5, r0\n"                                                                                \
    "ands r5, r1\n"                                                                                \
    "ands r5, r2\n"                                                                                \
    "ands r5, r3\n"                                                                                \
    "bpl " fires "\n"

/* The same unless all four are in -32768 ... -1: u below level and not below -32768. */
#define EDGESNN_TEST_SATURATING_QUAD(fires)                                                        \
    "movs r5, r0\n"                                                                                \
    "ands r5, r1\n"                                                                                \
    "ands r5, r2\n"                                                                                \
    "ands r5, r3\n"                                                                                \
    "asrs r5, r5, #15\n"                                                                           \
    "adds r5, r5, #1\n"                                                                            \
    "bne " fires "\n"

#define EDGESNN_NO_TEST(fires)

#define EDGESNN_STORE_QUAD                                                                         \
    "subs r7, r7, #16\n"                                                                           \
    "stmia r7!, {r0-r3}\n"

#define EDGESNN_CALL_FIRE(from, back)                                                              \
    from ":\n"                                                                                     \
    "bl 90f\n"                                                                                     \
    "b " back "\n"

#define EDGESNN_PLAIN_QUAD(test, fires, back)                                                      \
    EDGESNN_LEAK_QUAD test(fires) back ":\n"                                                       \
    "stmia r6!, {r0-r3}\n"

/* All loops, of which one runs, on an even number of quads. The first does four a turn, and begins
 * in its middle where two are over. */
#define EDGESNN_QUAD_LOOPS(test)                                                                   \
    "mov r1, r9\n"                                                                                 \
    "subs r1, r1, r7\n"                                                                            \
    "lsls r1, r1, #26\n"                                                                           \
    "bmi 18f\n"                                                                                    \
    "10:\n" EDGESNN_PLAIN_QUAD(test, "12f", "11") EDGESNN_PLAIN_QUAD(test, "14f", "13")            \
    "18:\n" EDGESNN_PLAIN_QUAD(test, "16f", "15") EDGESNN_PLAIN_QUAD(test, "19f", "17")            \
    "cmp r7, r9\n"                                                                                 \
    "bne 10b\n"                                                                                    \
    "b 80f\n"                                                                                      \
    EDGESNN_CALL_FIRE("12", "11b")                                                                 \
    EDGESNN_CALL_FIRE("14", "13b")                                                                 \
    EDGESNN_CALL_FIRE("16", "15b")                                                                 \
    EDGESNN_CALL_FIRE("19", "17b")                                                                 \
    "20:\n" EDGESNN_LEAK_QUAD EDGESNN_ADD_BYTES test("22f") "21:\n" EDGESNN_STORE_QUAD             \
        EDGESNN_LEAK_QUAD EDGESNN_ADD_BYTES test("24f") "23:\n" EDGESNN_STORE_QUAD                 \
    "cmp r7, r9\n"                                                                                 \
    "bne 20b\n"                                                                                    \
    "b 80f\n"                                                                                      \
    EDGESNN_CALL_FIRE("22", "21b")                                                                 \
    EDGESNN_CALL_FIRE("24", "23b")                                                                 \
    "30:\n" EDGESNN_LEAK_QUAD EDGESNN_ADD_LANES test("32f") "31:\n" EDGESNN_STORE_QUAD             \
    "cmp r7, r9\n"                                                                                 \
    "bne 30b\n"                                                                                    \
    "b 80f\n"                                                                                      \
    EDGESNN_CALL_FIRE("32", "31b")                                                                 \
    "40:\n" EDGESNN_LEAK_QUAD EDGESNN_ADD_WORDS test("42f") "41:\n" EDGESNN_STORE_QUAD             \
    "cmp r7, r9\n"                                                                                 \
    "bne 40b\n"                                                                                    \
    "b 80f\n"                                                                                      \
    EDGESNN_CALL_FIRE("42", "41b")

#define EDGESNN_FIRE_WORD(word, bit, less)                                                         \
    "cmp " word ", #0\n"                                                                           \
    "blt 1f\n"                                                                                     \
    "ands " word ", r4\n" less "subs " word ", " word ", r5\n"                                     \
    "adds r7, #" bit "\n"                                                                          \
    "1:\n"

/* Set the bits in r7 of the quad that ends at the pushed r7. */
#define EDGESNN_SET_BITS                                                                           \
    "mov r4, r10\n"                                                                                \
    "ldr r5, [r4, #0]\n"                                                                           \
    "ldr r6, [sp, #4]\n"                                                                           \
    "subs r6, r6, r5\n"                                                                            \
    "subs r6, #16\n" /* four times the first one's number */                                       \
    "lsls r5, r6, #25\n"                                                                           \
    "lsrs r5, r5, #27\n"                                                                           \
    "lsls r7, r5\n"                                                                                \
    "lsrs r6, r6, #7\n"                                                                            \
    "lsls r6, r6, #2\n"                                                                            \
    "ldr r4, [r4, #20]\n"                                                                          \
    "ldr r5, [r4, r6]\n"                                                                           \
    "orrs r5, r7\n"                                                                                \
    "str r5, [r4, r6]\n"                                                                           \
    "mov r4, r12\n"                                                                                \
    "pop {r6, r7, pc}\n"

/* Reset those of four margins that are not negative, and set their bits. */
#define EDGESNN_FIRE                                                                               \
    "mov r7, r10\n"                                                                                \
    "ldr r4, [r7, #24]\n"                                                                          \
    "ldr r5, [r7, #28]\n"                                                                          \
    "movs r7, #0\n" EDGESNN_FIRE_WORD("r0", "1", "") EDGESNN_FIRE_WORD("r1", "2", "")              \
        EDGESNN_FIRE_WORD("r2", "4", "") EDGESNN_FIRE_WORD("r3", "8", "") EDGESNN_SET_BITS

#define EDGESNN_CLAMP_QUAD                                                                         \
    ".irp word, r0, r1, r2, r3\n"                                                                  \
    "cmp \\word, r4\n"                                                                             \
    "bge 1f\n"                                                                                     \
    "movs \\word, r4\n"                                                                            \
    "1:\n"                                                                                         \
    "cmp \\word, r5\n"                                                                             \
    "ble 1f\n"                                                                                     \
    "movs \\word, r5\n"                                                                            \
    "1:\n"                                                                                         \
    ".endr\n"

#define EDGESNN_QUADS(name, begin, loops, fire)                                                    \
    EDGESNN_NAKED void name(struct edgesnn_quads *quads EDGESNN_UNUSED)                            \
    {                                                                                              \
        __asm__ volatile(begin loops "80:\n" EDGESNN_RESTORE "90:\n push {r6, r7, lr}\n" fire);    \
    }

#define EDGESNN_CLAMP_ALIKE                                                                        \
    "mov r7, r10\n"                                                                                \
    "ldr r4, [r7, #32]\n"                                                                          \
    "ldr r5, [r7, #36]\n" EDGESNN_CLAMP_QUAD

/* Neurons that are alike: those whose membranes cannot leave 16 bits, and those that saturate. */
EDGESNN_QUADS(edgesnn_step_quads, EDGESNN_QUAD_BEGIN, EDGESNN_QUAD_LOOPS(EDGESNN_TEST_QUAD),
              EDGESNN_FIRE)
EDGESNN_QUADS(edgesnn_step_saturating_quads, EDGESNN_QUAD_BEGIN,
              EDGESNN_QUAD_LOOPS(EDGESNN_TEST_SATURATING_QUAD), EDGESNN_CLAMP_ALIKE EDGESNN_FIRE)

/* Neurons that have no threshold: a readout, of scores. */
EDGESNN_QUADS(edgesnn_step_score_quads, EDGESNN_QUAD_BEGIN, EDGESNN_QUAD_LOOPS(EDGESNN_NO_TEST), "")
#endif

#endif
