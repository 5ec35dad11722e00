/* SPDX-License-Identifier: MIT-0
 *
 * Rows of four bits a weight on cores with the DSP extension, in assembly alone: UMAAL with a
 * factor of one adds two events at once, low = a * 1 + low + b.
 *
 * r0 and r1 are the whole sums of the tile's first word and those of its upper nibbles, r2 and r3
 * the same of its second word; then the byte sums, of which r0 and r1 belong to the first four
 * pairs of neurons. r9 and r10 are where in a row the tile's two words are, in bytes, r11 is one,
 * r12 the mask of lower nibbles, lr where the list is read, which stays as it is.
 *
 * Weights are 0 ... 14, so that byte sums of a chunk of eighteen events are below 2^8. They go onto
 * the stack; only behind the last chunk of a tile are they widened and added, one after the other,
 * into lanes that stay in registers. The first chunk is the one that may not be whole: it is
 * entered at its first pair.
 *
 * Cycles on Cortex-M4: 15 a pair of events and tile, 0.47 a synapse: 7 for the places of both and
 * their four words, which is one run of loads, and 8 to add them. A whole chunk takes 27 more,
 * 0.094 a synapse: 11 to put it away and to begin the next one, 16 to take it back and to add it.
 * Loads and additions alone would be 0.375: a wider tile would share places among more synapses,
 * but there are no registers for one. On Cortex-M33 14 a pair: loads take no first cycle.
 */
#ifndef EDGESNN_NIBBLES_DSP_H
#define EDGESNN_NIBBLES_DSP_H

#include "edgesnn_rows.h"

/* Words and upper nibbles of a pair of events, of which r4 and r5 hold the places. r6 and r4 become
 * the words of the first, r7 and r5 those of the second. */
#define EDGESNN_NIBBLE_LOADS                                                                       \
    "ldr.w   r6, [r4, r9]\n"                                                                       \
    "ldr.w   r4, [r4, r10]\n"                                                                      \
    "ldr.w   r7, [r5, r9]\n"                                                                       \
    "ldr.w   r5, [r5, r10]\n"                                                                      \
    "and.w   r8, r12, r7, lsr #4\n"

/* Pairs of events that stand `at` bytes on in the list, for each of these. Of UMAAL's operands the
 * one that becomes the carry is not used again. */
#define EDGESNN_NIBBLE_PAIRS(...)                                                                  \
    ".irp    at, " #__VA_ARGS__ "\n"                                                               \
    "ldr.w   r4, [lr, #\\at]\n"                                                                    \
    "ldr.w   r5, [lr, #\\at + 4]\n"                                                                \
    EDGESNN_NIBBLE_LOADS                                                                           \
    "umaal   r0, r7, r6, r11\n"                                                                    \
    "and.w   r7, r12, r5, lsr #4\n"                                                                \
    "and.w   r6, r12, r6, lsr #4\n"                                                                \
    "umaal   r2, r5, r4, r11\n"                                                                    \
    "and.w   r4, r12, r4, lsr #4\n"                                                                \
    "umaal   r1, r8, r6, r11\n"                                                                    \
    "umaal   r3, r7, r4, r11\n"                                                                    \
    ".endr\n"

/* The first pair of a whole chunk, with which sums begin; r4 is there already. With the load of r4
 * before it as long as any pair. */
#define EDGESNN_NIBBLE_FIRST_PAIR                                                                  \
    "ldr.w   r5, [lr, #4]\n"                                                                       \
    EDGESNN_NIBBLE_LOADS                                                                           \
    "add.w   r0, r7, r6\n"                                                                         \
    "and.w   r7, r12, r5, lsr #4\n"                                                                \
    "and.w   r6, r12, r6, lsr #4\n"                                                                \
    "add.w   r2, r5, r4\n"                                                                         \
    "and.w   r4, r12, r4, lsr #4\n"                                                                \
    "add.w   r1, r8, r6\n"                                                                         \
    "add.w   r3, r7, r4\n"

/* A tile's events, in chunks of `size` bytes of the list, of which `pairs` come behind the first
 * one. r4 is where the first pair is added (label 3, or further by a pair's 56 bytes for each that
 * is missing), r5 the place of a single event or zero. Leaves the last chunk's byte sums in r0 to
 * r3, those of the others on the stack, and in lr what stands behind the list's last place. */
#define EDGESNN_NIBBLE_CHUNKS(size, pairs)                                                         \
    "add.w   r10, r9, #4\n"                                                                        \
    "mov.w   r11, #1\n"                                                                            \
    "mov.w   r12, #0x0f0f0f0f\n"                                                                   \
    "cmp     r5, #0\n"                                                                             \
    "beq     2f\n"                                                                                 \
    "ldr.w   r2, [r5, r10]\n"                                                                      \
    "ldr.w   r0, [r5, r9]\n"                                                                       \
    "and.w   r3, r12, r2, lsr #4\n"                                                                \
    "and.w   r1, r12, r0, lsr #4\n"                                                                \
    "bx      r4\n"                                                                                 \
    "2:\n"                                                                                         \
    "movs    r0, #0\n"                                                                             \
    "movs    r1, #0\n"                                                                             \
    "movs    r2, #0\n"                                                                             \
    "movs    r3, #0\n"                                                                             \
    "bx      r4\n"                                                                                 \
    ".balign 4\n"                                                                                  \
    "3:\n"                                                                                         \
    "ldr.w   r4, [lr]\n"                                                                           \
    "9:\n" EDGESNN_NIBBLE_FIRST_PAIR                                                               \
    pairs                                                                                          \
    "ldr.w   r4, [lr, #" size "]!\n"                                                               \
    "sub.w   r0, r0, r1, lsl #4\n"                                                                 \
    "sub.w   r2, r2, r3, lsl #4\n"                                                                 \
    "cbz     r4, 4f\n"                                                                             \
    "push    {r0-r3}\n"                                                                            \
    "b.w     9b\n"                                                                                 \
    "4:\n"

/* From a list in r0 and the count of its events in r1, not 0, to r7: where the first pair is added,
 * r8: a single event's place or zero, and r9: lr of a tile's beginning. Chunks are of `events`, of
 * `pairs` pairs. Spoils r10 to r12. */
#define EDGESNN_NIBBLE_BEGIN(events, pairs)                                                        \
    "sub.w   r12, r1, #1\n"                                                                        \
    "mov.w   r11, #" events "\n"                                                                   \
    "udiv    r10, r12, r11\n"                                                                      \
    "mls     r10, r10, r11, r12\n"                                                                 \
    "add.w   r10, r10, #1\n"                                                                       \
    "lsr.w   r11, r10, #1\n"                                                                       \
    "rsb.w   r11, r11, #" pairs "\n"                                                               \
    "sub.w   r9, r0, r11, lsl #3\n"                                                                \
    "adr.w   r7, 3f\n"                                                                             \
    "mov.w   r12, #56\n"                                                                           \
    "mla     r7, r11, r12, r7\n"                                                                   \
    "orr.w   r7, r7, #1\n"                                                                         \
    "ldr.w   r8, [r0]\n"                                                                           \
    "ands.w  r10, r10, #1\n"                                                                       \
    "it      eq\n"                                                                                 \
    "moveq.w r8, #0\n"                                                                             \
    "add.w   r9, r9, r10, lsl #2\n"

/* A word of byte sums into two pairs of lanes, and all of them into r4 to r11. */
#define EDGESNN_NIBBLE_WIDEN_WORD(even, odd, word)                                                 \
    "uxtab16 " even ", " even ", " word "\n"                                                       \
    "uxtab16 " odd ", " odd ", " word ", ror #8\n"

#define EDGESNN_NIBBLE_WIDEN                                                                       \
    EDGESNN_NIBBLE_WIDEN_WORD("r4", "r5", "r0")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r6", "r7", "r1")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r8", "r9", "r2")                                                    \
    EDGESNN_NIBBLE_WIDEN_WORD("r10", "r11", "r3")

/* All chunks on the stack into r4 to r11; `frame` is where the stack was before them. Entered at
 * label 6 it begins with the chunk in r0 to r3. */
#define EDGESNN_NIBBLE_TAKE_BACK(frame)                                                            \
    ".balign 4\n"                                                                                  \
    "5:\n"                                                                                         \
    "pop     {r0-r3}\n"                                                                            \
    "6:\n"                                                                                         \
    "cmp     sp, " frame "\n"                                                                      \
    EDGESNN_NIBBLE_WIDEN                                                                           \
    "bne.w   5b\n"

/* From the arguments of edgesnn_hear_some4 to its stack: where a tile is in rows (0), r4, r5 and lr
 * of its beginning, `sums` of the tile at work (16), `end`, `from` (24) and `step`. */
#define EDGESNN_HEAR_BEGIN(events, pairs)                                                          \
    "push    {r4-r11, lr}\n"                                                                       \
    "add.w   r12, sp, #36\n"                                                                       \
    "ldmia.w r12, {r4-r6}\n"                                                                       \
    "push    {r2-r5}\n"                                                                            \
    EDGESNN_NIBBLE_BEGIN(events, pairs)                                                            \
    "push    {r6-r9}\n"                                                                            \
    "add.w   r0, r0, r1, lsl #2\n"                                                                 \
    "str.w   sp, [r0, #4]\n"                                                                       \
    ".balign 4\n"                                                                                  \
    "1:\n"                                                                                         \
    "ldmia.w sp, {r3-r5, lr}\n"                                                                    \
    "mov     r9, r3\n"                                                                             \
    "adds    r3, r3, #8\n"                                                                         \
    "str     r3, [sp]\n"

/* A tile's chunks into its lanes, and on to the next tile. */
#define EDGESNN_HEAR_END                                                                           \
    "ldr.w   r12, [lr, #4]\n"                                                                      \
    "ldr.w   lr, [r12, #24]\n"                                                                     \
    "ldmia.w lr, {r4-r11}\n"                                                                       \
    "b       6f\n"                                                                                 \
    EDGESNN_NIBBLE_TAKE_BACK("r12")                                                                \
    "add     r3, sp, #16\n"                                                                        \
    "ldmia   r3, {r0-r3}\n"                                                                        \
    "add     r2, r2, r3\n"                                                                         \
    "stmia.w r0!, {r4-r11}\n"                                                                      \
    "str     r2, [sp, #24]\n"                                                                      \
    "str     r0, [sp, #16]\n"                                                                      \
    "cmp     r0, r1\n"                                                                             \
    "bne     1b\n"                                                                                 \
    "add     sp, sp, #32\n"                                                                        \
    "pop     {r4-r11, pc}\n"

#define EDGESNN_HEAR_ALL                                                                           \
    EDGESNN_HEAR_BEGIN("18", "9")                                                                  \
    EDGESNN_NIBBLE_CHUNKS("72", EDGESNN_NIBBLE_PAIRS(8, 16, 24, 32, 40, 48, 56, 64))               \
    EDGESNN_HEAR_END

/* Events of a call, of which all chunks but one are on the stack at once. */
#define EDGESNN_NIBBLE_EVENTS 252u

/* Lanes of all tiles up to `end` into `sums`: those `from`, which moves on by `step` bytes from
 * tile to tile, and the rows of `count` events, 1 ... EDGESNN_NIBBLE_EVENTS, from byte `offset`
 * of each row on. Behind the list's last place stands EDGESNN_NOWHERE, and there is room for a
 * word. */
EDGESNN_NAKED void edgesnn_hear_some4(EDGESNN_UNUSED uint32_t *list, EDGESNN_UNUSED uint32_t count,
                                      EDGESNN_UNUSED uint32_t *sums,
                                      EDGESNN_UNUSED const uint32_t *end,
                                      EDGESNN_UNUSED const uint32_t *from,
                                      EDGESNN_UNUSED uint32_t step, EDGESNN_UNUSED uint32_t offset)
{
    __asm__ volatile(EDGESNN_HEAR_ALL);
}

/* The same for any number of events but 0. */
EDGESNN_SHARED void edgesnn_hear4(uint32_t *list, uint32_t count, uint32_t *sums,
                                  const uint32_t *end, const uint32_t *from, uint32_t step,
                                  uint32_t offset)
{
    while (EDGESNN_RARELY(count > EDGESNN_NIBBLE_EVENTS)) {
        uint32_t *const behind = &list[EDGESNN_NIBBLE_EVENTS];
        const uint32_t first = behind[0], second = behind[1];
        behind[0] = EDGESNN_NOWHERE;
        edgesnn_hear_some4(list, EDGESNN_NIBBLE_EVENTS, sums, end, from, step, offset);
        behind[0] = first;
        behind[1] = second;
        list = behind;
        count -= EDGESNN_NIBBLE_EVENTS;
        from = sums;
        step = 4u * EDGESNN_TILE_PAIRS;
    }
    edgesnn_hear_some4(list, count, sums, end, from, step, offset);
}

/* Lanes of all tiles up to `end`, of `shared` and the rows of `count` events, not 0. */
EDGESNN_INLINE void edgesnn_hear_rows4(uint32_t *list, uint32_t count, uint32_t *sums,
                                       const uint32_t *end, uint32_t shared)
{
    uint32_t from[EDGESNN_TILE_PAIRS];
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        from[pair] = shared;
    }
    edgesnn_hear4(list, count, sums, end, from, 0, 0);
}

#endif
