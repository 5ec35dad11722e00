/* SPDX-License-Identifier: MIT-0
 *
 * Membranes and adaptation currents of a layer, pair by pair, from the sums of its currents: the
 * inner loop of edgesnn_adaptive.h.
 *
 * Everything is worked out in units of 2^-8, in 32 bits a neuron, where all terms of the law but
 * one are multiples of 2^8. With b the bias and s the sum of all other currents,
 *     u = sat16( (v decay + 2^8 (s + b - a)) >> 8 )
 * is the law's clamped sum of floors, since floor(x) + n = floor(x + n) for integers n; and with
 * the eight lowest bits of a memory cleared, floor(a memory / 2^8) is such an n too:
 *     a = sat16( (v coupling + (a memory & ~255) + 2^8 jump) >> 8 ).
 * Terms may wrap on the way. Their total does not: |b + s| <= 2^23 - 2^17 is proven (tiles.py),
 * and s fits its lane. One SSAT shifts and clamps.
 */
#ifndef EDGESNN_ADAPTIVE_PAIRS_H
#define EDGESNN_ADAPTIVE_PAIRS_H

#include "edgesnn_layer.h"

/* Parameters of a pair, six words behind each other: decays, 2^8 times the bias of each neuron,
 * memories, couplings, and tops: the largest u that does not fire. `jump` has a word a pair. */
#define EDGESNN_PAIR_WORDS 6u

/* A layer: for each of `pairs` pairs, an even number, its parameters, and behind those of all pairs
 * a word of jumps each; what fills the last tile behind them has none and is never stepped. Lanes
 * of `strict` are 1 where u has to exceed the threshold, `keep` is 0 where membranes are reset to
 * zero, else all ones. */
struct edgesnn_adaptive {
    const uint32_t *table;
    uint32_t pairs;
    uint32_t strict;
    uint32_t keep;
    uint32_t tiles;
};

/* Pairs `first` up to `end`, an even number of them. */
#define EDGESNN_SPAN(first, end) ((first) | (end) << 16)

#if defined(EDGESNN_COMPACT)

/* Steps the pairs of `span`, neuron by neuron; `sum` is that of all pairs, bits of spikes are zero
 * before. */
EDGESNN_SHARED void edgesnn_step_pairs(const struct edgesnn_adaptive *layer,
                                       const struct edgesnn_cells *cells, const uint32_t *sum,
                                       uint32_t span)
{
    const uint32_t *const jump = &layer->table[EDGESNN_PAIR_WORDS * layer->pairs];
    const uint32_t *table = &layer->table[EDGESNN_PAIR_WORDS * (span & 0xffffu)];
    for (uint32_t neuron = 2u * (span & 0xffffu); neuron < 2u * (span >> 16); neuron++) {
        const uint32_t side = neuron % 2u;
        const int32_t a = edgesnn_lane(cells->a, neuron), top = edgesnn_lane(&table[5], side);
        const int32_t drive = (edgesnn_lane(sum, neuron) - a) * 256;
        const int32_t bias = (int32_t)table[1u + side];
        int32_t v = edgesnn_lane(cells->v, neuron) * edgesnn_lane(&table[0], side) + drive + bias;
        int32_t next = a * edgesnn_lane(&table[3], side) & ~255;
        v = edgesnn_saturate16(v >> 8);
        if (v > top) {
            v = (int32_t)(((uint32_t)(v - top - 1) + (layer->strict & 1u)) & layer->keep);
            next += edgesnn_lane(jump, neuron) * 256;
            cells->spikes[neuron / 32u] |= 1u << neuron % 32u;
        }
        next += v * edgesnn_lane(&table[4], side);
        edgesnn_set_lane(cells->v, neuron, v);
        edgesnn_set_lane(cells->a, neuron, edgesnn_saturate16(next >> 8));
        table += side * EDGESNN_PAIR_WORDS;
    }
}

#elif EDGESNN_DSP && !defined(EDGESNN_PORTABLE)

/* A pair up to the test, from v in r11, a in r12, its sum in r10 and its table at r0; lr holds 2^8
 * and -2^8 as lanes. Leaves u in r11, top - u in r10, memories in r5 and r12, couplings in r8. */
#define EDGESNN_PAIR_FIRES                                                                         \
    "ldm.w   r0!, {r4-r9}\n"                                                                       \
    "smlabb  r5, r10, lr, r5\n"                                                                    \
    "smlatb  r6, r10, lr, r6\n"                                                                    \
    "smlabt  r5, r12, lr, r5\n"                                                                    \
    "smlatt  r6, r12, lr, r6\n"                                                                    \
    "smlabb  r5, r11, r4, r5\n"                                                                    \
    "smlatt  r6, r11, r4, r6\n"                                                                    \
    "ssat    r5, #16, r5, asr #8\n"                                                                \
    "ssat    r6, #16, r6, asr #8\n"                                                                \
    "pkhbt   r11, r5, r6, lsl #16\n"                                                               \
    "smulbb  r5, r12, r7\n"                                                                        \
    "smultt  r12, r12, r7\n"                                                                       \
    "qsub16  r10, r9, r11\n"                                                                       \
    "bic.w   r5, r5, #255\n"                                                                       \
    "tst.w   r10, #0x80008000\n"                                                                   \
    "bic.w   r12, r12, #255\n"

/* The next a into r5, from v behind the reset in r11. */
#define EDGESNN_PAIR_ADAPTS                                                                        \
    "smlabb  r5, r11, r8, r5\n"                                                                    \
    "smlatt  r12, r11, r8, r12\n"                                                                  \
    "ssat    r5, #16, r5, asr #8\n"                                                                \
    "ssat    r12, #16, r12, asr #8\n"                                                              \
    "pkhbt   r5, r5, r12, lsl #16\n"

/* Steps the pairs of `span`, whose sums stand in `sum` where all others would too; bits of spikes
 * are zero before. Two pairs a turn, 71 cycles on Cortex-M4: of each 35.5 a pair spends 11.5 on
 * loads, 9 on u, 3 on the test and 9 on a; stores follow loads, in whose shadow they take none but
 * one a turn, whose end takes 5. 55 a span. A pair in which a neuron fires takes some 35 more
 * (label 3), where the reset is u - threshold = ~(top - u) + strict, and goes on where the place of
 * its v tells that it is the first or the second of the turn. Fewer would take an instruction that
 * multiplies, shifts and adds lanes.
 * On the stack: from a pair's v to its jump (0), strict (4), keep (8), v (12), spikes (16) and the
 * last sum's end (20). */
EDGESNN_NAKED void edgesnn_step_pairs(EDGESNN_UNUSED const struct edgesnn_adaptive *layer,
                                      EDGESNN_UNUSED const struct edgesnn_cells *cells,
                                      EDGESNN_UNUSED const uint32_t *sum,
                                      EDGESNN_UNUSED uint32_t span)
{
    __asm__ volatile(
        "push    {r4-r11, lr}\n"
        "sub     sp, sp, #28\n"
        "ldm.w   r0, {r4-r7}\n"
        "ldm.w   r1, {r8-r10}\n"
        "uxth    r11, r3\n"
        "lsrs    r3, r3, #16\n"
        "add.w   r12, r2, r3, lsl #2\n"
        "movs    r3, #24\n"
        "mla     r5, r5, r3, r4\n"
        "sub.w   r5, r5, r8\n"
        "mla     r0, r11, r3, r4\n"
        "add.w   r3, r2, r11, lsl #2\n"
        "add.w   r1, r8, r11, lsl #2\n"
        "add.w   r2, r9, r11, lsl #2\n"
        "stm.w   sp, {r5, r6, r7, r8, r10, r12}\n"
        "movw    lr, #0x100\n"
        "movt    lr, #0xff00\n"
        ".balign 4\n"
        "1:\n"
        "ldr.w   r11, [r1]\n"
        "ldr.w   r12, [r2]\n"
        "ldr.w   r10, [r3], #4\n" EDGESNN_PAIR_FIRES
        "bne.w   3f\n"
        "2:\n"
        "ldr.w   r10, [r3], #4\n"
        "str     r11, [r1], #4\n" EDGESNN_PAIR_ADAPTS
        "ldr.w   r12, [r2, #4]\n"
        "ldr.w   r11, [r1]\n"
        "str     r5, [r2], #4\n" EDGESNN_PAIR_FIRES
        "bne.w   3f\n"
        "4:\n"
        "ldr.w   r4, [sp, #20]\n"
        "str     r11, [r1], #4\n" EDGESNN_PAIR_ADAPTS
        "str     r5, [r2], #4\n"
        "cmp.w   r3, r4\n"
        "bne.w   1b\n"
        "add     sp, sp, #28\n"
        "pop     {r4-r11, pc}\n"
        ".balign 4\n"
        "3:\n"
        "ldr.w   r6, [sp]\n"
        "ldr.w   r4, [sp, #4]\n"
        "ldr.w   r9, [sp, #8]\n"
        "ldr.w   r7, [r1, r6]\n"
        "mvn.w   r6, r10\n"
        "sadd16  r6, r6, r4\n"
        "and.w   r6, r6, r9\n"
        "mov.w   r4, #0\n"
        "sadd16  r9, r10, r4\n"
        "sel     r11, r11, r6\n"
        "sel     r7, r4, r7\n"
        "ldr.w   r4, [sp, #12]\n"
        "ldr.w   r6, [sp, #16]\n"
        "smlabb  r5, r7, lr, r5\n"
        "smlatb  r12, r7, lr, r12\n"
        "subs    r4, r1, r4\n"
        "and.w   r9, r10, #0x80008000\n"
        "add.w   r6, r6, r4, lsr #4\n"
        "ubfx    r10, r4, #2, #2\n"
        "lsr.w   r9, r9, #15\n"
        "ldrb    r7, [r6]\n"
        "orr.w   r9, r9, r9, lsr #15\n"
        "lsl.w   r9, r9, r10\n"
        "lsl.w   r9, r9, r10\n"
        "orr.w   r7, r7, r9\n"
        "strb    r7, [r6]\n"
        "lsls    r4, r4, #29\n"
        "bmi.w   4b\n"
        "b.w     2b\n");
}

#else

/* A neuron's state, or what becomes of it: then `a` is 2^8 times the current before its clamp. */
struct edgesnn_neuron {
    int32_t v;
    int32_t a;
};

/* One step of a neuron whose currents sum to `sum`. */
EDGESNN_INLINE struct edgesnn_neuron edgesnn_step_one(struct edgesnn_neuron neuron, int32_t sum,
                                                      int32_t decay, int32_t bias, int32_t memory,
                                                      int32_t coupling)
{
    const int32_t u = edgesnn_saturate16((neuron.v * decay + (sum - neuron.a) * 256 + bias) >> 8);
    const int32_t kept = neuron.a * memory & ~255;
    return (struct edgesnn_neuron){u, kept + u * coupling};
}

/* A spike of neuron `side` of pair `pair`: its reset, its jump and its bit. */
static inline struct edgesnn_neuron edgesnn_fire_one(const struct edgesnn_adaptive *layer,
                                                     uint32_t *spikes, uint32_t pair,
                                                     uint32_t side, struct edgesnn_neuron next)
{
    const uint32_t *const table = &layer->table[EDGESNN_PAIR_WORDS * pair];
    const uint32_t *const jumps = &layer->table[EDGESNN_PAIR_WORDS * layer->pairs];
    const int32_t top = edgesnn_lane(&table[5], side), coupling = edgesnn_lane(&table[4], side);
    const uint32_t reset = (uint32_t)(next.v - top - 1) + (layer->strict & 1u);
    const int32_t v = (int32_t)(reset & layer->keep);
    spikes[pair / 16u] |= 1u << (2u * (pair % 16u) + side);
    next.a += (v - next.v) * coupling + edgesnn_lane(&jumps[pair], side) * 256;
    next.v = v;
    return next;
}

/* Steps the pairs of `span`; `sum` is that of all pairs, bits of spikes are zero before. */
EDGESNN_SHARED void edgesnn_step_pairs(const struct edgesnn_adaptive *layer,
                                       const struct edgesnn_cells *cells, const uint32_t *sum,
                                       uint32_t span)
{
    for (uint32_t pair = span & 0xffffu; pair < span >> 16; pair++) {
        const uint32_t *const table = &layer->table[EDGESNN_PAIR_WORDS * pair];
        const uint32_t v = cells->v[pair], a = cells->a[pair];
        struct edgesnn_neuron low = edgesnn_step_one(
            (struct edgesnn_neuron){edgesnn_low(v), edgesnn_low(a)}, edgesnn_low(sum[pair]),
            edgesnn_low(table[0]), (int32_t)table[1], edgesnn_low(table[3]), edgesnn_low(table[4]));
        if (EDGESNN_RARELY(low.v > edgesnn_low(table[5]))) {
            low = edgesnn_fire_one(layer, cells->spikes, pair, 0, low);
        }
        struct edgesnn_neuron high = edgesnn_step_one(
            (struct edgesnn_neuron){edgesnn_high(v), edgesnn_high(a)}, edgesnn_high(sum[pair]),
            edgesnn_high(table[0]), (int32_t)table[2], edgesnn_high(table[3]),
            edgesnn_high(table[4]));
        if (EDGESNN_RARELY(high.v > edgesnn_high(table[5]))) {
            high = edgesnn_fire_one(layer, cells->spikes, pair, 1, high);
        }
        cells->v[pair] = edgesnn_pack(low.v, high.v);
        cells->a[pair] =
            edgesnn_pack(edgesnn_saturate16(low.a >> 8), edgesnn_saturate16(high.a >> 8));
    }
}
#endif

#endif
