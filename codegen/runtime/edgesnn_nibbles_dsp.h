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
 * Weights are 0 ... 14, so that byte sums of a chunk of seventeen events are below 2^8. They go
 * onto the stack; only behind the last chunk of a tile are they widened and added, one after the
 * other, into lanes that stay in registers. A chunk is one event, whose words are loaded into the
 * sums themselves, and eight pairs: an eighteenth event would fit (18 * 14 = 252), but had to be
 * added to the first. The first chunk is the one that may not be whole: it is entered at its first
 * pair.
 *
 * Cycles on Cortex-M4: 15 a pair of events and tile, 0.47 a synapse: 7 for the places of both and
 * their four words, which is one run of loads, and 8 to add them. A whole chunk takes 150, 0.55 a
 * synapse: 120 for its pairs, 7 for its first event, 7 to put away the chunk before and to go
 * round, 16 to take it back and to add it. Loads and additions alone would be 0.375: a wider tile
 * would share places among more synapses, but there are no registers for one. On Cortex-M33 14 a
 * pair: loads take no first cycle.
 */
#ifndef EDGESNN_NIBBLES_DSP_H
#define EDGESNN_NIBBLES_DSP_H

#include "edgesnn_rows.h"

/* Pairs of events that stand `at` bytes on in the list, for each of these: r4 and r5 become their
 * places, r6 and r4 the words of the first, r7 and r5 those of the second. Of UMAAL's operands the
 * one that becomes the carry is not used again. */
#define EDGESNN_NIBBLE_PAIRS(...)                                                                  \
    ".irp    at, " #__VA_ARGS__ "\n"                                                               \
    "ldr.w   r4, [lr, #\\at]\n"                                                                    \
    "ldr.w   r5, [lr, #\\at + 4]\n"                                                                \
    "ldr.w   r6, [r4, r9]\n"                                                                       \
    "ldr.w   r4, [r4, r10]\n"                                                                      \
    "ldr.w   r7, [r5, r9]\n"                                                                       \
    "ldr.w   r5, [r5, r10]\n"                                                                      \
    "and.w   r8, r12, r7, lsr #4\n"                                                                \
    "umaal   r0, r7, r6, r11\n"                                                                    \
    "and.w   r7, r12, r5, lsr #4\n"                                                                \
    "and.w   r6, r12, r6, lsr #4\n"                                                                \
    "umaal   r2, r5, r4, r11\n"                                                                    \
    "and.w   r4, r12, r4, lsr #4\n"                                                                \
    "umaal   r1, r8, r6, r11\n"                                                                    \
    "umaal   r3, r7, r4, r11\n"                                                                    \
    ".endr\n"

/* The chunk before onto the stack, and the first event of the next one, with which sums begin. Two
 * stores run in the shadow of loads. Clears the carry flag before the last chunk. */
#define EDGESNN_NIBBLE_NEXT                                                                        \
    "ldr.w   r4, [lr, #68]!\n"                                                                     \
    "str.w   r0, [sp, #-16]!\n"                                                                    \
    "str.w   r2, [sp, #8]\n"                                                                       \
    "subs.w  r12, r12, #0x10000000\n"                                                              \
    "ldr.w   r0, [r4, r9]\n"                                                                       \
    "ldr.w   r2, [r4, r10]\n"                                                                      \
    "str     r1, [sp, #4]\n"                                                                       \
    "str     r3, [sp, #12]\n"                                                                      \
    "and.w   r1, r12, r0, lsr #4\n"                                                                \
    "and.w   r3, r12, r2, lsr #4\n"

/* A tile's events. r4 is where the first pair is added (label 3, or further by a pair's 56 bytes
 * for each that is missing), r5 the place of a single event or zero; the top four bits of r12,
 * which no nibble meets, are the number of chunks behind the first one. Leaves the last chunk's
 * byte sums in r0 to r3 and those of the others on the stack; the list ends EDGESNN_NIBBLE_BEHIND
 * from lr. */
#define EDGESNN_NIBBLE_CHUNKS                                                                      \
    "add.w   r10, r9, #4\n"                                                                        \
    "mov.w   r11, #1\n"                                                                            \
    "subs.w  r12, r12, #0x10000000\n"                                                              \
    "cbz     r5, 2f\n"                                                                             \
    "ldr.w   r2, [r5, r10]\n"                                                                      \
    "ldr.w   r0, [r5, r9]\n"                                                                       \
    "nop\n"                                                                                        \
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
    "9:\n" EDGESNN_NIBBLE_NEXT                                                                     \
    "3:\n" EDGESNN_NIBBLE_PAIRS(4, 12, 20, 28, 36, 44, 52, 60)                                     \
    "sub.w   r0, r0, r1, lsl #4\n"                                                                 \
    "sub.w   r2, r2, r3, lsl #4\n"                                                                 \
    "bcs.w   9b\n"

/* From there to the word behind the list's sentinel. */
#define EDGESNN_NIBBLE_BEHIND "[lr, #72]"

/* From a list in r0 and the count of its events in r1, not 0, to r7: where the first pair is added,
 * r8: a single event's place or zero, r9 and r10: r12 and lr of a tile's beginning. Spoils r11 and
 * r12. */
#define EDGESNN_NIBBLE_BEGIN                                                                       \
    "sub.w   r12, r1, #1\n"                                                                        \
    "mov.w   r11, #17\n"                                                                           \
    "udiv    r9, r12, r11\n"                                                                       \
    "mls     r12, r9, r11, r12\n"                                                                  \
    "add.w   r12, r12, #1\n"                                                                       \
    "add.w   r10, r0, r12, lsl #2\n"                                                               \
    "sub.w   r10, r10, #68\n"                                                                      \
    "lsrs.w  r11, r12, #1\n"                                                                       \
    "rsb.w   r11, r11, #8\n"                                                                       \
    "adr.w   r7, 3f\n"                                                                             \
    "mov.w   r12, #56\n"                                                                           \
    "mla     r7, r11, r12, r7\n"                                                                   \
    "orr.w   r7, r7, #1\n"                                                                         \
    "ldr.w   r8, [r0]\n"                                                                           \
    "it      cc\n"                                                                                 \
    "movcc.w r8, #0\n"                                                                             \
    "mov.w   r12, #0x0f0f0f0f\n"                                                                   \
    "orr.w   r9, r12, r9, lsl #28\n"

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

/* From the arguments of edgesnn_hear_some4 to its stack: where a tile is in rows (0), r4, r5, r12
 * and lr of its beginning, `sums` of the tile at work (20), `end`, `from` (28) and `step`. */
#define EDGESNN_HEAR_BEGIN                                                                         \
    "push    {r4-r11, lr}\n"                                                                       \
    "add.w   r12, sp, #36\n"                                                                       \
    "ldmia.w r12, {r4-r6}\n"                                                                       \
    "push    {r2-r5}\n"                                                                            \
    EDGESNN_NIBBLE_BEGIN                                                                           \
    "push.w  {r6-r10}\n"                                                                           \
    "add.w   r0, r0, r1, lsl #2\n"                                                                 \
    "str.w   sp, [r0, #4]\n"                                                                       \
    ".balign 4\n"                                                                                  \
    "1:\n"                                                                                         \
    "ldmia.w sp, {r3-r5, r12, lr}\n"                                                               \
    "mov.w   r9, r3\n"                                                                             \
    "adds    r3, r3, #8\n"                                                                         \
    "str     r3, [sp]\n"

/* A tile's chunks into its lanes, and on to the next tile. */
#define EDGESNN_HEAR_END                                                                           \
    "ldr.w   r12, " EDGESNN_NIBBLE_BEHIND "\n"                                                     \
    "ldr.w   lr, [r12, #28]\n"                                                                     \
    "ldmia.w lr, {r4-r11}\n"                                                                       \
    "b       6f\n"                                                                                 \
    EDGESNN_NIBBLE_TAKE_BACK("r12")                                                                \
    "add     r3, sp, #20\n"                                                                        \
    "ldmia   r3, {r0-r3}\n"                                                                        \
    "add     r2, r2, r3\n"                                                                         \
    "stmia.w r0!, {r4-r11}\n"                                                                      \
    "str     r2, [sp, #28]\n"                                                                      \
    "str     r0, [sp, #20]\n"                                                                      \
    "cmp     r0, r1\n"                                                                             \
    "bne     1b\n"                                                                                 \
    "add     sp, sp, #36\n"                                                                        \
    "pop     {r4-r11, pc}\n"

/* Events of a call, of which all chunks but one are on the stack at once. */
#define EDGESNN_NIBBLE_EVENTS 255u

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
    __asm__ volatile(EDGESNN_HEAR_BEGIN EDGESNN_NIBBLE_CHUNKS EDGESNN_HEAR_END);
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
