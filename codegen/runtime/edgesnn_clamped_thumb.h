/* SPDX-License-Identifier: MIT-0
 *
 * Membranes that may saturate, in Thumb-1 assembly (edgesnn_quads_thumb.h): one test serves the
 * four neurons of a quad, and what it finds is clamped and fires out of the loop.
 */
#ifndef EDGESNN_CLAMPED_THUMB_H
#define EDGESNN_CLAMPED_THUMB_H

#include "edgesnn_own_thumb.h"

#if EDGESNN_THUMB
/* On to label `fires` unless all four are in -32768 ... -1: u below level and not below -32768. */
#define EDGESNN_TEST_QUAD(fires, back)                                                             \
    "movs r5, r0\n"                                                                                \
    "ands r5, r1\n"                                                                                \
    "ands r5, r2\n"                                                                                \
    "ands r5, r3\n"                                                                                \
    "asrs r5, r5, #15\n"                                                                           \
    "adds r5, r5, #1\n"                                                                            \
    "bne " fires "f\n" back ":\n"

#define EDGESNN_CLAMPED_LOOP(leak_add, size)                                                       \
    "10:\n" leak_add("0") EDGESNN_TEST_QUAD("11", "21") EDGESNN_STORE_QUAD                         \
    leak_add("1") EDGESNN_TEST_QUAD("12", "22") EDGESNN_STORE_QUAD size EDGESNN_TURN_END

#define EDGESNN_LEAK_NOTHING(quad) EDGESNN_LEAK_QUAD
#define EDGESNN_LEAK_BYTES(quad) EDGESNN_LEAK_QUAD EDGESNN_ADD_BYTES("r6", quad, "", "", "", "")
#define EDGESNN_LEAK_LANES(quad) EDGESNN_LEAK_QUAD EDGESNN_ADD_LANES("r6", quad, "", "", "", "")
#define EDGESNN_LEAK_WORDS(quad) EDGESNN_LEAK_QUAD EDGESNN_ADD_WORDS("r6", quad, "", "", "", "")

#define EDGESNN_OWN_NOTHING(quad)                                                                  \
    "ldmia r7!, {r0-r3}\n"                                                                         \
    EDGESNN_LEAK_OWN_WORD("r0", "")                                                                \
    EDGESNN_LEAK_OWN_WORD("r1", "")                                                                \
    EDGESNN_LEAK_OWN_WORD("r2", "")                                                                \
    EDGESNN_LEAK_OWN_WORD("r3", "")                                                                \
    "adds r6, #16\n"
#define EDGESNN_OWN_BYTES(quad) EDGESNN_OWN_QUAD(EDGESNN_ADD_BYTES, quad, "", "", "", "")
#define EDGESNN_OWN_LANES(quad) EDGESNN_OWN_QUAD(EDGESNN_ADD_LANES, quad, "", "", "", "")
#define EDGESNN_OWN_WORDS(quad) EDGESNN_OWN_QUAD(EDGESNN_ADD_WORDS, quad, "", "", "", "")

/* Here r10 is where on the stack the margins, the bitmap and the layer are found again. */
#define EDGESNN_TOLD                                                                               \
    "push {r0, r2, r4}\n"                                                                          \
    "mov r10, sp\n"
#define EDGESNN_FORGET "add sp, #12\n"

#define EDGESNN_CALL_FIRE(from, back)                                                              \
    from ":\n"                                                                                     \
    "bl 90f\n"                                                                                     \
    "b " back "b\n"

#define EDGESNN_FIRE_WORD(word, bit, less)                                                         \
    "cmp " word ", #0\n"                                                                           \
    "blt 1f\n"                                                                                     \
    "ands " word ", r4\n" less "subs " word ", " word ", r5\n"                                     \
    "adds r7, #" bit "\n"                                                                          \
    "1:\n"

/* Set the bits in r7 of the quad that ends at the pushed r7. */
#define EDGESNN_SET_BITS                                                                           \
    "mov r4, r10\n"                                                                                \
    "ldr r5, [r4]\n"                                                                               \
    "ldr r6, [sp, #4]\n"                                                                           \
    "subs r6, r6, r5\n"                                                                            \
    "subs r6, #16\n" /* four times the first one's number */                                       \
    "lsls r5, r6, #25\n"                                                                           \
    "lsrs r5, r5, #27\n"                                                                           \
    "lsls r7, r5\n"                                                                                \
    "lsrs r6, r6, #7\n"                                                                            \
    "lsls r6, r6, #2\n"                                                                            \
    "ldr r4, [r4, #4]\n"                                                                           \
    "ldr r5, [r4, r6]\n"                                                                           \
    "orrs r5, r7\n"                                                                                \
    "str r5, [r4, r6]\n"                                                                           \
    "mov r4, r12\n"                                                                                \
    "pop {r6, r7, pc}\n"

#define EDGESNN_CLAMP_WORD(word)                                                                   \
    "cmp " word ", r4\n"                                                                           \
    "bge 1f\n"                                                                                     \
    "movs " word ", r4\n"                                                                          \
    "1:\n"                                                                                         \
    "cmp " word ", r5\n"                                                                           \
    "ble 1f\n"                                                                                     \
    "movs " word ", r5\n"                                                                          \
    "1:\n"

/* Clamp four margins, reset those that are not negative, and set their bits. */
#define EDGESNN_FIRE_CLAMPED                                                                       \
    EDGESNN_CALL_FIRE("11", "21")                                                                  \
    EDGESNN_CALL_FIRE("12", "22")                                                                  \
    "90:\n"                                                                                        \
    "push {r6, r7, lr}\n"                                                                          \
    "mov r7, r10\n"                                                                                \
    "ldr r7, [r7, #8]\n"                                                                           \
    "ldr r4, [r7, #4]\n"                                                                           \
    "ldr r5, [r7, #16]\n"                                                                          \
    "adds r4, r4, r5\n" /* the level */                                                            \
    "movs r5, #1\n"                                                                                \
    "lsls r5, r5, #15\n"                                                                           \
    "adds r4, r4, r5\n"                                                                            \
    "rsbs r4, r4, #0\n"                                                                            \
    "lsls r5, r5, #1\n"                                                                            \
    "adds r5, r5, r4\n"                                                                            \
    "subs r5, #1\n"                                                                                \
    EDGESNN_CLAMP_WORD("r0") EDGESNN_CLAMP_WORD("r1") EDGESNN_CLAMP_WORD("r2")                     \
    EDGESNN_CLAMP_WORD("r3")                                                                       \
    "ldr r5, [r7, #4]\n"                                                                           \
    "ldr r4, [r7, #20]\n"                                                                          \
    "movs r7, #0\n"                                                                                \
    EDGESNN_FIRE_WORD("r0", "1", "") EDGESNN_FIRE_WORD("r1", "2", "")                              \
    EDGESNN_FIRE_WORD("r2", "4", "") EDGESNN_FIRE_WORD("r3", "8", "") EDGESNN_SET_BITS

/* The same with limits of their own: r5 is by how much the level is above what they have less. */
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

#define EDGESNN_FIRE_OWN_CLAMPED                                                                   \
    EDGESNN_CALL_FIRE("11", "21")                                                                  \
    EDGESNN_CALL_FIRE("12", "22")                                                                  \
    "90:\n"                                                                                        \
    "push {r6, r7, lr}\n"                                                                          \
    "mov r7, r10\n"                                                                                \
    "ldr r7, [r7, #8]\n"                                                                           \
    "ldr r5, [r7, #16]\n"                                                                          \
    "movs r7, #1\n"                                                                                \
    "lsls r7, r7, #15\n"                                                                           \
    "mov r11, r7\n"                                                                                \
    "lsls r7, r7, #1\n"                                                                            \
    "subs r7, #1\n"                                                                                \
    "subs r6, #16\n"                                                                               \
    EDGESNN_CLAMP_OWN_WORD("r0", "0") EDGESNN_CLAMP_OWN_WORD("r1", "4")                            \
    EDGESNN_CLAMP_OWN_WORD("r2", "8") EDGESNN_CLAMP_OWN_WORD("r3", "12")                           \
    "mov r7, r10\n"                                                                                \
    "ldr r7, [r7, #8]\n"                                                                           \
    "ldr r4, [r7, #20]\n"                                                                          \
    "movs r7, #0\n"                                                                                \
    EDGESNN_FIRE_WORD("r0", "1", "ldr r5, [r6, #0]\n")                                             \
    EDGESNN_FIRE_WORD("r1", "2", "ldr r5, [r6, #4]\n")                                             \
    EDGESNN_FIRE_WORD("r2", "4", "ldr r5, [r6, #8]\n")                                             \
    EDGESNN_FIRE_WORD("r3", "8", "ldr r5, [r6, #12]\n") EDGESNN_SET_BITS

#define EDGESNN_CLAMPED_QUADS(name, leak_add, size)                                                \
    EDGESNN_QUADS(name, EDGESNN_QUAD_BEGIN(EDGESNN_TOLD)                                           \
                  EDGESNN_CLAMPED_LOOP(leak_add, "adds r6, #" size "\n")                           \
                  EDGESNN_FORGET EDGESNN_RESTORE EDGESNN_FIRE_CLAMPED)

EDGESNN_CLAMPED_QUADS(edgesnn_clamp_nothing, EDGESNN_LEAK_NOTHING, "0")
EDGESNN_CLAMPED_QUADS(edgesnn_clamp_bytes, EDGESNN_LEAK_BYTES, "8")
EDGESNN_CLAMPED_QUADS(edgesnn_clamp_lanes, EDGESNN_LEAK_LANES, "16")
EDGESNN_CLAMPED_QUADS(edgesnn_clamp_long_sums, EDGESNN_LEAK_WORDS, "32")

#define EDGESNN_CLAMPED_OWN(name, leak_add, size)                                                  \
    EDGESNN_QUADS(name, EDGESNN_OWN_BEGIN(EDGESNN_TOLD) EDGESNN_CLAMPED_LOOP(leak_add, size)       \
                  EDGESNN_FORGET EDGESNN_RESTORE EDGESNN_FIRE_OWN_CLAMPED)

/* The test leaves the walk over sums in r4. */
#define EDGESNN_WALK(size) "adds r4, #" size "\nmov r12, r4\n"

EDGESNN_CLAMPED_OWN(edgesnn_clamp_own_nothing, EDGESNN_OWN_NOTHING, "")
EDGESNN_CLAMPED_OWN(edgesnn_clamp_own_bytes, EDGESNN_OWN_BYTES, EDGESNN_WALK("8"))
EDGESNN_CLAMPED_OWN(edgesnn_clamp_own_lanes, EDGESNN_OWN_LANES, EDGESNN_WALK("16"))
EDGESNN_CLAMPED_OWN(edgesnn_clamp_own_long_sums, EDGESNN_OWN_WORDS, EDGESNN_WALK("32"))
#endif

#endif
