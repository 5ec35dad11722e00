/* SPDX-License-Identifier: MIT-0
 *
 * Dense rows of four bits a weight, two weights to a byte, added without unpacking them.
 *
 * A word holds eight biased weights of 0 ... 15. Words are summed whole, and once more with the
 * upper nibbles alone: odd += (word >> 4) & 0x0f0f0f0f. The lower nibbles' sums are then
 * whole - (odd << 4), which is exact since additions of 32 bits wrap. Seventeen events fit a
 * byte (17 * 15 = 255); after sixteen the sums are widened into lanes. With the DSP extension
 * UMAAL with a factor of one adds two events at once: low = a * 1 + low + b.
 */
#ifndef EDGESNN_NIBBLES_H
#define EDGESNN_NIBBLES_H

#include "edgesnn_rows.h"

#define EDGESNN_NIBBLE_WORDS 2u /* of weights a tile */

/* Byte sums of one tile: byte 0 of a word belongs to a neuron, bytes 2, 1, 3 to the next ones. */
struct edgesnn_bytes {
    uint32_t word[4];
};

EDGESNN_INLINE void edgesnn_widen(const struct edgesnn_bytes *bytes, uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t at = 0; at < 4u; at++) {
        sum[2u * at] = edgesnn_add_even_bytes(sum[2u * at], bytes->word[at]);
        sum[2u * at + 1u] = edgesnn_add_odd_bytes(sum[2u * at + 1u], bytes->word[at]);
    }
}

/* Events `first` up to `first + EDGESNN_CHUNK` of a list. */
EDGESNN_INLINE struct edgesnn_list edgesnn_chunk(const struct edgesnn_list *events, uint32_t first)
{
    const uint32_t left = events->count - first;
    const uint32_t count = left < EDGESNN_CHUNK ? left : EDGESNN_CHUNK;
    return (struct edgesnn_list){&events->place[first + first / EDGESNN_CHUNK], count};
}

#define EDGESNN_NEXT_NIBBLES (EDGESNN_NEXT_TILE * EDGESNN_NIBBLE_WORDS / EDGESNN_TILE_WORDS)

/* Add one event to the whole sums and to those of the upper nibbles. */
EDGESNN_INLINE void edgesnn_add_nibbles(const struct edgesnn_rows *rows, uint32_t *place,
                                        uint32_t *whole, uint32_t *odd)
{
    const uint32_t *const word = edgesnn_words_at(rows, *place);
    EDGESNN_UNROLL
    for (uint32_t at = 0; at < EDGESNN_NIBBLE_WORDS; at++) {
        whole[at] += word[at];
        odd[at] += word[at] >> 4 & 0x0f0f0f0fu;
    }
    *place += EDGESNN_NEXT_NIBBLES;
}

#if EDGESNN_ASSEMBLY
/* A pair of events. In flight are places p, q; b1 serves twice. */
#define EDGESNN_NIBBLE_PAIR                                                                        \
    "ldr %[a1], [%[p], #4]\n\t"                                                                    \
    "ldr %[b1], [%[q], #4]\n\t"                                                                    \
    "ldr %[a0], [%[p]], #8\n\t"                                                                    \
    "ldr %[b0], [%[q]], #8\n\t"                                                                    \
    "str %[p], [%[list]], #4\n\t"                                                                  \
    "and %[t], %[mask], %[b1], lsr #4\n\t"                                                         \
    "umaal %[w1], %[b1], %[a1], %[one]\n\t"                                                        \
    "str %[q], [%[list]], #4\n\t"                                                                  \
    "and %[a1], %[mask], %[a1], lsr #4\n\t"                                                        \
    "and %[b1], %[mask], %[b0], lsr #4\n\t"                                                        \
    "umaal %[o1], %[t], %[a1], %[one]\n\t"                                                         \
    "ldr %[p], [%[list]]\n\t"                                                                      \
    "ldr %[q], [%[list], #4]\n\t"                                                                  \
    "umaal %[w0], %[b0], %[a0], %[one]\n\t"                                                        \
    "and %[a0], %[mask], %[a0], lsr #4\n\t"                                                        \
    "umaal %[o0], %[b1], %[a0], %[one]\n\t"

/* Add pairs of events, four a turn; of the first turn as many are left out as are missing.
 * 17.75 cycles a pair and tile on Cortex-M4, 0.555 a synapse: 5 loading, 8 adding, 4 for the
 * list. */
EDGESNN_INLINE void edgesnn_add_nibble_pairs(uint32_t *place, uint32_t pairs, uint32_t *whole,
                                             uint32_t *odd)
{
    const uint32_t one = 1u, mask = 0x0f0f0f0fu;
    uint32_t *list = place;
    uint32_t t = (0u - pairs) << 30, a0, a1, b0, b1, p, q;
    __asm__ volatile("ldr %[p], [%[list]]\n\t"
                     "ldr %[q], [%[list], #4]\n\t"
                     "lsls %[t], %[t], #1\n\t"
                     "bcs 5f\n\t"
                     "bmi 1f\n\t"
                     ".p2align 2\n"
                     "0:\n\t" EDGESNN_NIBBLE_PAIR "1:\n\t" EDGESNN_NIBBLE_PAIR
                     "3:\n\t" EDGESNN_NIBBLE_PAIR "4:\n\t" EDGESNN_NIBBLE_PAIR
                     "cmp %[p], #0\n\t"
                     "bne 0b\n\t"
                     "b 6f\n"
                     "5:\n\t"
                     "bmi 4b\n\t"
                     "b 3b\n"
                     "6:\n"
                     : [w0] "+r"(whole[0]), [w1] "+r"(whole[1]), [o0] "+r"(odd[0]),
                       [o1] "+r"(odd[1]), [list] "+r"(list), [t] "+r"(t), [a0] "=&r"(a0),
                       [a1] "=&r"(a1), [b0] "=&r"(b0), [b1] "=&r"(b1), [p] "=&r"(p), [q] "=&r"(q)
                     : [one] "r"(one), [mask] "r"(mask)
                     : "cc", "memory");
}

EDGESNN_INLINE void edgesnn_add_nibble_events(const struct edgesnn_rows *rows,
                                              const struct edgesnn_list *events, uint32_t *whole,
                                              uint32_t *odd)
{
    if (events->count % 2u != 0) {
        edgesnn_add_nibbles(rows, events->place, whole, odd);
    }
    if (events->count >= 2u) {
        edgesnn_add_nibble_pairs(&events->place[events->count % 2u], events->count / 2u, whole,
                                 odd);
    }
}
#else
EDGESNN_INLINE void edgesnn_add_nibble_events(const struct edgesnn_rows *rows,
                                              const struct edgesnn_list *events, uint32_t *whole,
                                              uint32_t *odd)
{
    for (uint32_t event = 0; event < events->count; event++) {
        edgesnn_add_nibbles(rows, &events->place[event], whole, odd);
    }
}
#endif

/* Byte sums of the rows of up to EDGESNN_CHUNK events onto one tile. */
EDGESNN_INLINE struct edgesnn_bytes edgesnn_sum_nibbles(const struct edgesnn_rows *rows,
                                                        const struct edgesnn_list *events)
{
    uint32_t whole[EDGESNN_NIBBLE_WORDS] = {0}, odd[EDGESNN_NIBBLE_WORDS] = {0};
    edgesnn_add_nibble_events(rows, events, whole, odd);
    return (struct edgesnn_bytes){
        {whole[0] - (odd[0] << 4), odd[0], whole[1] - (odd[1] << 4), odd[1]}};
}

/* Add the rows of all events from event `first` on, a multiple of EDGESNN_CHUNK, to the sums of one
 * tile. */
EDGESNN_INLINE void edgesnn_add_rows4_from(const struct edgesnn_rows *rows,
                                           const struct edgesnn_list *events, uint32_t first,
                                           uint32_t *sum)
{
    for (uint32_t next = first; next < events->count; next += EDGESNN_CHUNK) {
        const struct edgesnn_list chunk = edgesnn_chunk(events, next);
        const struct edgesnn_bytes bytes = edgesnn_sum_nibbles(rows, &chunk);
        edgesnn_widen(&bytes, sum);
    }
}

EDGESNN_INLINE void edgesnn_add_rows4(const struct edgesnn_rows *rows,
                                      const struct edgesnn_list *events, uint32_t *sum)
{
    edgesnn_add_rows4_from(rows, events, 0, sum);
}

#endif
