/* SPDX-License-Identifier: MIT-0
 *
 * Dense rows that are added straight into lanes: no event, no work.
 *
 * A layer's neurons are cut into tiles of sixteen. The weights of a presynaptic neuron onto a
 * tile are four words (two where weights have four bits, edgesnn_nibbles.h), and those of all
 * tiles lie behind each other: a row. Events are a list of
 * places in rows, and each tile moves every place on to the next tile, so that nothing has to be
 * added to find a weight. Weights are biased to be not negative; who makes the sums takes
 * bias * events off again, which is exact (edgesnn_lanes.h).
 */
#ifndef EDGESNN_ROWS_H
#define EDGESNN_ROWS_H

#include "edgesnn_events.h"
#include "edgesnn_lanes.h"

#define EDGESNN_TILE 16u      /* neurons */
#define EDGESNN_TILE_PAIRS 8u /* words of lanes */
#define EDGESNN_TILE_WORDS 4u /* of weights, a byte each */

/* The rows of a layer, `words` words each. With 8 bits a weight byte 0 of a word belongs to a
 * neuron, and bytes 2, 1 and 3 to the next ones. With 4 bits the lower nibbles are those of four
 * neurons in that order, and the upper ones those of the next four. */
struct edgesnn_rows {
    const uint32_t *weight;
    uint32_t words;
    int32_t bias;
    uint32_t bits;
};

/* Places in rows, in the order of their events. Behind the last one stands EDGESNN_NOWHERE, and
 * there is room for one more. */
struct edgesnn_list {
    uint32_t *place;
    uint32_t count;
};

#define EDGESNN_NOWHERE 0u

/* A place is an address where addresses have 32 bits, else an index. */
#if UINTPTR_MAX == 0xffffffffu
EDGESNN_INLINE uint32_t edgesnn_place_of_row(const struct edgesnn_rows *rows, uint32_t row)
{
    return (uint32_t)(uintptr_t)&rows->weight[row * rows->words];
}

EDGESNN_INLINE const uint32_t *edgesnn_words_at(const struct edgesnn_rows *rows, uint32_t place)
{
    (void)rows;
    return (const uint32_t *)(uintptr_t)place;
}

#define EDGESNN_NEXT_TILE (4u * EDGESNN_TILE_WORDS)
#else
EDGESNN_INLINE uint32_t edgesnn_place_of_row(const struct edgesnn_rows *rows, uint32_t row)
{
    return row * rows->words;
}

EDGESNN_INLINE const uint32_t *edgesnn_words_at(const struct edgesnn_rows *rows, uint32_t place)
{
    return &rows->weight[place];
}

#define EDGESNN_NEXT_TILE EDGESNN_TILE_WORDS
#endif

/* Events whose bytes fit a lane: 255 * 256 < 2^16. */
#define EDGESNN_MANY 256u

/* Add `pairs` words of lanes, which may be NULL. */
EDGESNN_SHARED void edgesnn_add_lanes_of(const uint32_t *lanes, uint32_t pairs, uint32_t *sums)
{
    for (uint32_t pair = 0; lanes != NULL && pair < pairs; pair++) {
        const uint32_t sum = edgesnn_sum_of(sums[pair]);
        sums[pair] = edgesnn_lanes_of(edgesnn_add_sums(sum, edgesnn_sum_of(lanes[pair])));
    }
}

/* By how many the number of some bit of `bits`, not 0, is below 31; the bit is cleared. */
EDGESNN_INLINE uint32_t edgesnn_take_bit(uint32_t *bits)
{
#if defined(__ARM_FEATURE_CLZ) && defined(__GNUC__)
    const uint32_t above = (uint32_t)__builtin_clz(*bits);
    *bits &= ~(0x80000000u >> above);
    return above;
#else
    const uint32_t bit = edgesnn_lowest_bit(*bits);
    *bits &= *bits - 1u;
    return 31u - bit;
#endif
}

/* Append the rows of a bitmap's spikes; row `first` is that of its neuron 0. */
EDGESNN_INLINE void edgesnn_list_spikes(const struct edgesnn_rows *rows, const uint32_t *bitmap,
                                        uint32_t words, uint32_t first, struct edgesnn_list *list)
{
    const uint32_t row = edgesnn_place_of_row(rows, 1u) - edgesnn_place_of_row(rows, 0);
    uint32_t *place = &list->place[list->count];
    uint32_t last = edgesnn_place_of_row(rows, first) + 31u * row;
    EDGESNN_UNROLL_BY_FOUR
    for (uint32_t word = 0; word < words; word++) {
        for (uint32_t bits = bitmap[word]; bits != 0;) {
            *place++ = last - row * edgesnn_take_bit(&bits);
        }
        last += 32u * row;
    }
    *place = EDGESNN_NOWHERE;
    list->count = (uint32_t)(place - list->place);
}

#if defined(EDGESNN_COMPACT)
/* Add the rows of all events, of 8 bits a weight or 4, to the sums of one tile in memory, and move
 * their places on to the next one. */
EDGESNN_SHARED void edgesnn_add_rows(const struct edgesnn_rows *rows,
                                     const struct edgesnn_list *events, uint32_t *sum)
{
    uint32_t *const end = &events->place[events->count];
    for (uint32_t *place = events->place; place < end; place++) {
        const uint32_t *word = edgesnn_words_at(rows, *place);
        for (uint32_t *at = sum; at < sum + EDGESNN_TILE_PAIRS; at += 2) {
            uint32_t bytes = *word++;
            if (rows->bits == 4u) {
                at[0] = edgesnn_add_even_bytes(at[0], bytes & 0x0f0f0f0fu);
                at[1] = edgesnn_add_odd_bytes(at[1], bytes & 0x0f0f0f0fu);
                bytes = bytes >> 4 & 0x0f0f0f0fu;
                at += 2;
            }
            at[0] = edgesnn_add_even_bytes(at[0], bytes);
            at[1] = edgesnn_add_odd_bytes(at[1], bytes);
        }
        *place += EDGESNN_NEXT_TILE * rows->bits / 8u;
    }
}

EDGESNN_INLINE void edgesnn_add_rows8(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t *sum)
{
    edgesnn_add_rows(rows, events, sum);
}
#elif EDGESNN_DSP
/* One event: the register `place` holds its place, `next` gets that of the event behind it; r4 to
 * r11 are the sums, lr is where the place stands in the list. The store of the place on the next
 * tile runs in the shadow of a load; on Cortex-M33 nothing uses what was loaded in the cycle
 * before. 15 cycles on Cortex-M4: 5 to load the weights, 8 to add them, 2 for the list. */
#define EDGESNN_EVENT8(place, next)                                                                \
    "ldmia.w " place "!, {" next ", r2, r3, r12}\n"                                                \
    "uxtab16 r4, r4, " next "\n"                                                                   \
    "uxtab16 r5, r5, " next ", ror #8\n"                                                           \
    "uxtab16 r6, r6, r2\n"                                                                         \
    "uxtab16 r7, r7, r2, ror #8\n"                                                                 \
    "ldr.w   " next ", [lr, #4]\n"                                                                 \
    "str.w   " place ", [lr], #4\n"                                                                \
    "uxtab16 r8, r8, r3\n"                                                                         \
    "uxtab16 r9, r9, r3, ror #8\n"                                                                 \
    "uxtab16 r10, r10, r12\n"                                                                      \
    "uxtab16 r11, r11, r12, ror #8\n"

/* Bytes of it. */
#define EDGESNN_EVENT8_SIZE "44"

/* Events from the place in r0, which is in r1 too, up to one that is not above `last`, two for each
 * of `pairs` a turn; where the first one is added lies EDGESNN_EVENT8_SIZE bytes further for each
 * that is missing of the first turn. `event` is EDGESNN_EVENT8 or the like. */
#define EDGESNN_EVENTS8(event, pairs, last)                                                        \
    ".balign 4\n"                                                                                  \
    "3:\n"                                                                                         \
    ".rept   " pairs "\n"                                                                          \
    event("r0", "r1")                                                                              \
    event("r1", "r0")                                                                              \
    ".endr\n"                                                                                      \
    "cmp.w   r0, #" last "\n"                                                                      \
    "bhi.w   3b\n"

/* Register `from` from a count of events in `count`, `less` being one less than the events of a
 * turn; spoils register `free`. */
#define EDGESNN_FIRST_EVENT8(from, count, free, less)                                              \
    "adr.w   " from ", 3f\n"                                                                       \
    "rsb.w   " free ", " count ", #0\n"                                                            \
    "and.w   " free ", " free ", #" less "\n"                                                      \
    "mov.w   " count ", #" EDGESNN_EVENT8_SIZE "\n"                                                \
    "mla     " from ", " free ", " count ", " from "\n"                                            \
    "orr.w   " from ", " from ", #1\n"

/* Add the rows of `count` events, not 0, to the sums of one tile. */
EDGESNN_NAKED void edgesnn_add_events8(EDGESNN_UNUSED uint32_t *list,
                                       EDGESNN_UNUSED uint32_t count, EDGESNN_UNUSED uint32_t *sum)
{
    __asm__ volatile(
        "push    {r2, r4-r11, lr}\n"
        EDGESNN_FIRST_EVENT8("r3", "r1", "r12", "3")
        "ldmia.w r2, {r4-r11}\n"
        "mov.w   lr, r0\n"
        "ldr.w   r0, [r0]\n"
        "mov.w   r1, r0\n"
        "bx      r3\n"
        EDGESNN_EVENTS8(EDGESNN_EVENT8, "2", "0")
        "pop     {r2}\n"
        "stmia.w r2, {r4-r11}\n"
        "pop     {r4-r11, pc}\n");
}

/* Add the rows of all events to the sums of one tile. */
EDGESNN_INLINE void edgesnn_add_rows8(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t *sum)
{
    (void)rows;
    if (events->count != 0) {
        edgesnn_add_events8(events->place, events->count, sum);
    }
}
#else
/* Add the rows of `count` events, at most EDGESNN_MANY, to the sums of one tile. Words are summed
 * whole, and once more with their odd bytes alone; the even bytes' sums are the difference,
 * exactly, since additions wrap. */
EDGESNN_INLINE void edgesnn_add_many8(const struct edgesnn_rows *rows, uint32_t *place,
                                      uint32_t count, uint32_t *sum)
{
    uint32_t whole[EDGESNN_TILE_WORDS] = {0}, odd[EDGESNN_TILE_WORDS] = {0};
    for (uint32_t event = 0; event < count; event++) {
        const uint32_t *const word = edgesnn_words_at(rows, place[event]);
        EDGESNN_UNROLL
        for (uint32_t at = 0; at < EDGESNN_TILE_WORDS; at++) {
            whole[at] += word[at];
            odd[at] += word[at] >> 8 & 0x00ff00ffu;
        }
        place[event] += EDGESNN_NEXT_TILE;
    }
    EDGESNN_UNROLL
    for (uint32_t at = 0; at < EDGESNN_TILE_WORDS; at++) {
        sum[2u * at] = edgesnn_add_sums(sum[2u * at], whole[at] - (odd[at] << 8));
        sum[2u * at + 1u] = edgesnn_add_sums(sum[2u * at + 1u], odd[at]);
    }
}

/* Add the rows of all events to the sums of one tile. */
EDGESNN_INLINE void edgesnn_add_rows8(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t *sum)
{
    for (uint32_t first = 0; first < events->count; first += EDGESNN_MANY) {
        const uint32_t left = events->count - first;
        const uint32_t count = left < EDGESNN_MANY ? left : EDGESNN_MANY;
        edgesnn_add_many8(rows, &events->place[first], count, sum);
    }
}
#endif

#endif
