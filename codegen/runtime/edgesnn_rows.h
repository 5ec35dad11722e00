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

/* Events of four bits a weight that are summed before they are widened. */
#define EDGESNN_CHUNK 16u

/* Places in rows, in the order of their events. Behind the last one stands EDGESNN_NOWHERE, with
 * 4 bits a weight also behind every EDGESNN_CHUNK places. */
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

/* Append the rows of a bitmap's spikes; row `first` is that of its neuron 0. */
EDGESNN_INLINE void edgesnn_list_spikes(const struct edgesnn_rows *rows, const uint32_t *bitmap,
                                        uint32_t words, uint32_t first, struct edgesnn_list *list)
{
    const bool in_chunks = rows->bits == 4u;
    uint32_t count = list->count, slot = count;
    if (in_chunks && count != 0) {
        slot += (count - 1u) / EDGESNN_CHUNK;
    }
    for (uint32_t word = 0; word < words; word++) {
        for (uint32_t bits = bitmap[word]; bits != 0; bits &= bits - 1u) {
            const uint32_t row = first + 32u * word + edgesnn_lowest_bit(bits);
            if (in_chunks && count != 0 && count % EDGESNN_CHUNK == 0) {
                list->place[slot++] = EDGESNN_NOWHERE;
            }
            list->place[slot++] = edgesnn_place_of_row(rows, row);
            count++;
        }
    }
    list->place[slot] = EDGESNN_NOWHERE;
    list->count = count;
}

#if EDGESNN_ASSEMBLY
/* One event: `place` holds its place and `next` gets that of the event behind it. Loads stand
 * together, since on Cortex-M4 loads in a row cost a cycle each and one more; the store runs in
 * the shadow of a load; on Cortex-M33 nothing uses what was loaded in the cycle before. */
#define EDGESNN_EVENT8(place, next)                                                                \
    "ldr %[w0], [%[" place "], #4]\n\t"                                                            \
    "ldr %[w1], [%[" place "], #8]\n\t"                                                            \
    "ldr %[w2], [%[" place "], #12]\n\t"                                                           \
    "ldr %[" next "], [%[" place "]], #16\n\t"                                                     \
    "uxtab16 %[s2], %[s2], %[w0]\n\t"                                                              \
    "uxtab16 %[s3], %[s3], %[w0], ror #8\n\t"                                                      \
    "uxtab16 %[s0], %[s0], %[" next "]\n\t"                                                        \
    "uxtab16 %[s1], %[s1], %[" next "], ror #8\n\t"                                                \
    "ldr %[" next "], [%[list], #4]\n\t"                                                           \
    "str %[" place "], [%[list]], #4\n\t"                                                          \
    "uxtab16 %[s4], %[s4], %[w1]\n\t"                                                              \
    "uxtab16 %[s5], %[s5], %[w1], ror #8\n\t"                                                      \
    "uxtab16 %[s6], %[s6], %[w2]\n\t"                                                              \
    "uxtab16 %[s7], %[s7], %[w2], ror #8\n\t"

/* Add the rows of all events to the sums of one tile, four events a turn; of the first turn as
 * many are left out as are missing. 15.75 cycles an event and tile on Cortex-M4, 0.98 a synapse:
 * 5 loading, 8 adding, 2 for the list. */
EDGESNN_INLINE void edgesnn_add_rows8(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t *sum)
{
    uint32_t *list = events->place;
    uint32_t w0 = (0u - events->count) << 30, w1, w2, p0, p1;
    (void)rows;
    if (events->count == 0) {
        return;
    }
    __asm__ volatile("ldr %[p0], [%[list]]\n\t"
                     "lsls %[w0], %[w0], #1\n\t"
                     "mov %[p1], %[p0]\n\t"
                     "bcs 5f\n\t"
                     "bmi 1f\n\t"
                     ".p2align 2\n"
                     "0:\n\t" EDGESNN_EVENT8("p0", "p1") "1:\n\t" EDGESNN_EVENT8("p1", "p0")
                     "3:\n\t" EDGESNN_EVENT8("p0", "p1") "4:\n\t" EDGESNN_EVENT8("p1", "p0")
                     "cmp %[p0], #0\n\t"
                     "bne 0b\n\t"
                     "b 6f\n"
                     "5:\n\t"
                     "bmi 4b\n\t"
                     "b 3b\n"
                     "6:\n"
                     : [s0] "+r"(sum[0]), [s1] "+r"(sum[1]), [s2] "+r"(sum[2]), [s3] "+r"(sum[3]),
                       [s4] "+r"(sum[4]), [s5] "+r"(sum[5]), [s6] "+r"(sum[6]), [s7] "+r"(sum[7]),
                       [list] "+r"(list), [w0] "+r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2),
                       [p0] "=&r"(p0), [p1] "=&r"(p1)
                     :
                     : "cc", "memory");
}
#else
/* Events whose bytes fit a lane: 255 * 256 < 2^16. */
#define EDGESNN_MANY 256u

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
