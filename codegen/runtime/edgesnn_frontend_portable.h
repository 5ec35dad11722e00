/* SPDX-License-Identifier: MIT-0
 *
 * From the samples under the window to powers, in C for any core: window, transform, split
 * (FRONTEND.md 2 to 4).
 *
 * In memory a complex number is one 32-bit word: real part in the low half, imaginary in the
 * high half.
 */
#ifndef EDGESNN_FRONTEND_PORTABLE_H
#define EDGESNN_FRONTEND_PORTABLE_H

#include "edgesnn_frontend_base.h"

/* Every half of a complex number stays in 16 bits (FRONTEND.md); tests define this to check. */
#ifndef EDGESNN_FRONTEND_ASSERT
#define EDGESNN_FRONTEND_ASSERT(condition) ((void)0)
#endif

EDGESNN_INLINE int32_t edgesnn_frontend_lo(uint32_t word) {
    return (int16_t)(uint16_t)(word & 0xffffu);
}

EDGESNN_INLINE int32_t edgesnn_frontend_hi(uint32_t word) {
    return (int32_t)word >> 16;
}

typedef struct {
    int32_t re, im;
} edgesnn_frontend_complex;

EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_complex_of(int32_t re, int32_t im) {
    edgesnn_frontend_complex z = {re, im};
    EDGESNN_FRONTEND_ASSERT(re == (int16_t)re && im == (int16_t)im);
    return z;
}
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_load(const uint32_t *z) {
    return edgesnn_frontend_complex_of(edgesnn_frontend_lo(*z), edgesnn_frontend_hi(*z));
}
EDGESNN_INLINE void edgesnn_frontend_store(uint32_t *z, edgesnn_frontend_complex value) {
#if defined(__arm__) && defined(__GNUC__) && !defined(__ARM_BIG_ENDIAN)
    /* Two halfword stores are cheaper than packing; gcc for Armv6-M would call memcpy for them. */
    typedef int16_t __attribute__((may_alias)) half;
    ((half *)z)[0] = (int16_t)value.re;
    ((half *)z)[1] = (int16_t)value.im;
#else
    *z = ((uint32_t)value.re & 0xffffu) | (uint32_t)value.im << 16;
#endif
}
/* Real part of a, imaginary part of b. */
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_re_im(edgesnn_frontend_complex a,
                                                              edgesnn_frontend_complex b) {
    return edgesnn_frontend_complex_of(a.re, b.im);
}
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_add(edgesnn_frontend_complex a,
                                                            edgesnn_frontend_complex b,
                                                            uint32_t half) {
    return edgesnn_frontend_complex_of((a.re + b.re) >> half, (a.im + b.im) >> half);
}
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_sub(edgesnn_frontend_complex a,
                                                            edgesnn_frontend_complex b,
                                                            uint32_t half) {
    return edgesnn_frontend_complex_of((a.re - b.re) >> half, (a.im - b.im) >> half);
}
/* a + ib and a - ib */
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_add_i(edgesnn_frontend_complex a,
                                                              edgesnn_frontend_complex b,
                                                              uint32_t half) {
    return edgesnn_frontend_complex_of((a.re - b.im) >> half, (a.im + b.re) >> half);
}
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_sub_i(edgesnn_frontend_complex a,
                                                              edgesnn_frontend_complex b,
                                                              uint32_t half) {
    return edgesnn_frontend_complex_of((a.re + b.im) >> half, (a.im - b.re) >> half);
}
/* z w / 2 for w in Q15, rounded */
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_half_turn(edgesnn_frontend_complex z,
                                                                   uint32_t w) {
    int32_t wr = edgesnn_frontend_lo(w), wi = edgesnn_frontend_hi(w);
    return edgesnn_frontend_complex_of(((1 << 15) + z.re * wr - z.im * wi) >> 16,
                                       ((1 << 15) + z.re * wi + z.im * wr) >> 16);
}
/* z w for w in Q15, rounded */
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_turn(edgesnn_frontend_complex z,
                                                             uint32_t w) {
    int32_t wr = edgesnn_frontend_lo(w), wi = edgesnn_frontend_hi(w);
    return edgesnn_frontend_complex_of(((1 << 14) + z.re * wr - z.im * wi) >> 15,
                                       ((1 << 14) + z.re * wi + z.im * wr) >> 15);
}
EDGESNN_INLINE uint32_t edgesnn_frontend_power(edgesnn_frontend_complex z) {
    return (uint32_t)(z.re * z.re) + (uint32_t)(z.im * z.im);
}

/* Each half of x times that of w, rounded to 2^shift. */
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_windowed(uint32_t x, uint32_t w,
                                                                 int32_t round, uint32_t shift) {
    int32_t re = edgesnn_frontend_lo(x) * edgesnn_frontend_lo(w) + round;
    int32_t im = edgesnn_frontend_hi(x) * edgesnn_frontend_hi(w) + round;
    return edgesnn_frontend_complex_of(re >> shift, im >> shift);
}

/* Four complex numbers, in or out of a 4-point transform. */
struct edgesnn_frontend_four {
    edgesnn_frontend_complex a, b, c, d;
};

/* 4-point transform, or half of it where `half`. */
EDGESNN_INLINE struct edgesnn_frontend_four edgesnn_frontend_transform_4(
    struct edgesnn_frontend_four z, uint32_t half) {
    edgesnn_frontend_complex t0 = edgesnn_frontend_add(z.a, z.c, 0);
    edgesnn_frontend_complex t1 = edgesnn_frontend_sub(z.a, z.c, 0);
    edgesnn_frontend_complex t2 = edgesnn_frontend_add(z.b, z.d, 0);
    edgesnn_frontend_complex t3 = edgesnn_frontend_sub(z.b, z.d, 0);
    struct edgesnn_frontend_four out = {
        edgesnn_frontend_add(t0, t2, half), edgesnn_frontend_sub_i(t1, t3, half),
        edgesnn_frontend_sub(t0, t2, half), edgesnn_frontend_add_i(t1, t3, half)};
    return out;
}

/* z[0], z[q], z[2q], z[3q] */
EDGESNN_INLINE struct edgesnn_frontend_four edgesnn_frontend_load_4(const uint32_t *z, uint32_t q) {
    struct edgesnn_frontend_four four = {
        edgesnn_frontend_load(z), edgesnn_frontend_load(z + q), edgesnn_frontend_load(z + 2 * q),
        edgesnn_frontend_load(z + 3 * q)};
    return four;
}
EDGESNN_INLINE void edgesnn_frontend_store_4(uint32_t *z, uint32_t q,
                                            struct edgesnn_frontend_four four) {
    edgesnn_frontend_store(z, four.a);
    edgesnn_frontend_store(z + q, four.b);
    edgesnn_frontend_store(z + 2 * q, four.c);
    edgesnn_frontend_store(z + 3 * q, four.d);
}

/* One copy serves all callers: a complex sum is more than one instruction. */
#if defined(__GNUC__)
#define EDGESNN_FRONTEND_SHARED static __attribute__((noinline, unused))
#else
#define EDGESNN_FRONTEND_SHARED static inline
#endif

/* Copy words down, to a lower address. */
EDGESNN_INLINE void edgesnn_frontend_move(uint32_t *to, const uint32_t *from, uint32_t words) {
    const uint32_t *end = from + words;
    for (; from + 3 < end; from += 4, to += 4) {
        uint32_t a = from[0], b = from[1], c = from[2], d = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
    }
    for (; from < end; from++, to++) {
        *to = *from;
    }
}

/* Copy samples, two a word, from whatever address; returns the edges of all. */
EDGESNN_INLINE uint32_t edgesnn_frontend_take(uint32_t *to, const int16_t *from, uint32_t words) {
    const int16_t *end = from + 2 * words;
    uint32_t edges = 0;
    for (; from + 7 < end; from += 8, to += 4) {
        uint32_t a = edgesnn_frontend_pair(from), b = edgesnn_frontend_pair(from + 2);
        uint32_t c = edgesnn_frontend_pair(from + 4), d = edgesnn_frontend_pair(from + 6);
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
        edges |= edgesnn_frontend_edges(a) | edgesnn_frontend_edges(b) |
                 edgesnn_frontend_edges(c) | edgesnn_frontend_edges(d);
    }
    for (; from < end; from += 2, to++) {
        *to = edgesnn_frontend_pair(from);
        edges |= edgesnn_frontend_edges(*to);
    }
    return edges;
}

/* Window and radix-4 stage without twiddles: the first of 256 points. */
EDGESNN_INLINE void edgesnn_frontend_first_stage_4(const struct edgesnn_frontend_tables *t,
                                                  const uint32_t *samples, uint32_t *z,
                                                  uint32_t headroom) {
    uint32_t shift = 16 - headroom;
    int32_t round = (int32_t)1 << (15 - headroom);
    for (uint32_t g = 0; g < 64; g++, z += 4) {
        const uint32_t *x = samples + t->order[g], *w = t->window + t->order[g];
        struct edgesnn_frontend_four in = {edgesnn_frontend_windowed(x[0], w[0], round, shift),
                                           edgesnn_frontend_windowed(x[64], w[64], round, shift),
                                           edgesnn_frontend_windowed(x[128], w[128], round, shift),
                                           edgesnn_frontend_windowed(x[192], w[192], round, shift)};
        edgesnn_frontend_store_4(z, 1, edgesnn_frontend_transform_4(in, 0));
    }
}

/* Window and radix-2 stage: the first of 128 points. */
EDGESNN_INLINE void edgesnn_frontend_first_stage_2(const struct edgesnn_frontend_tables *t,
                                                  const uint32_t *samples, uint32_t *z,
                                                  uint32_t headroom) {
    uint32_t shift = 15 - headroom;
    int32_t round = (int32_t)((uint32_t)1 << shift >> 1);
    for (uint32_t g = 0; g < 64; g++, z += 2) {
        const uint32_t *x = samples + t->order[g], *w = t->window + t->order[g];
        edgesnn_frontend_complex a = edgesnn_frontend_windowed(x[0], w[0], round, shift);
        edgesnn_frontend_complex b = edgesnn_frontend_windowed(x[64], w[64], round, shift);
        edgesnn_frontend_store(z, edgesnn_frontend_add(a, b, 0));
        edgesnn_frontend_store(z + 1, edgesnn_frontend_sub(a, b, 0));
    }
}

/* z[0], z[q], z[2q], z[3q] turned by 1, w[0], w[1], w[2], then half their 4-point transform, or
 * a quarter where `half`. The number added to the first rounds it and all four sums. */
EDGESNN_INLINE void edgesnn_frontend_butterfly(uint32_t *z, uint32_t q, const uint32_t *w,
                                              uint32_t half) {
    int32_t round = half ? 3 : 1;
    struct edgesnn_frontend_four four = edgesnn_frontend_load_4(z, q);
    four.a = edgesnn_frontend_add(four.a, edgesnn_frontend_complex_of(round, round), 1);
    four.b = edgesnn_frontend_half_turn(four.b, w[0]);
    four.c = edgesnn_frontend_half_turn(four.c, w[1]);
    four.d = edgesnn_frontend_half_turn(four.d, w[2]);
    edgesnn_frontend_store_4(z, q, edgesnn_frontend_transform_4(four, half));
}

/* Butterflies z, z + 1 .. up to `end` of a radix-4 stage in place, over all blocks of `points`;
 * twiddles lie `step` words apart. */
EDGESNN_FRONTEND_SHARED void edgesnn_frontend_stage(uint32_t *z, const uint32_t *end,
                                                    uint32_t points, uint32_t quarter,
                                                    const uint32_t *twiddle, int32_t step,
                                                    uint32_t half) {
    for (; z < end; z++, twiddle += step) {
        uint32_t w[3] = {twiddle[0], twiddle[1], twiddle[2]}, *block = z;
        do {
            edgesnn_frontend_butterfly(block, quarter, w, half);
            block += 4 * quarter;
        } while (block < z + points);
    }
}

/* The first stage with twiddles, 16 blocks; returns the edges of its result. */
EDGESNN_INLINE uint32_t edgesnn_frontend_second_stage(uint32_t *z, uint32_t points,
                                                     const uint32_t *twiddle) {
    uint32_t edges = 0;
    edgesnn_frontend_stage(z, z + points / 64, points, points / 64, twiddle, 12, 1);
    for (const uint32_t *end = z + points; z < end; z += 4) {
        edges |= edgesnn_frontend_edges(z[0]) | edgesnn_frontend_edges(z[1]) |
                 edgesnn_frontend_edges(z[2]) | edgesnn_frontend_edges(z[3]);
    }
    return edges;
}

/* Samples to the result of the first two stages; returns its edges. */
EDGESNN_INLINE uint32_t edgesnn_frontend_first_stages(const struct edgesnn_frontend_tables *t,
                                                     const uint32_t *samples, uint32_t *z,
                                                     uint32_t points, uint32_t headroom) {
    if (points == 256) {
        edgesnn_frontend_first_stage_4(t, samples, z, headroom);
    } else {
        edgesnn_frontend_first_stage_2(t, samples, z, headroom);
    }
    return edgesnn_frontend_second_stage(z, points, t->twiddle);
}

/* The second, 4 blocks; sums are halved where `half`. */
EDGESNN_INLINE void edgesnn_frontend_third_stage(uint32_t *z, uint32_t points,
                                                const uint32_t *twiddle, bool half) {
    edgesnn_frontend_stage(z, z + points / 16, points, points / 16, twiddle, 3, half);
}

/* Powers in the bins of `low` up to `end` and of `high` down, in place. What they turn by lies
 * `step` words apart, its parts exchanged where `exchange` is 16 and not 0. */
EDGESNN_FRONTEND_SHARED void edgesnn_frontend_split(uint32_t *low, const uint32_t *end,
                                                    uint32_t *high, const uint32_t *turn,
                                                    int32_t step, uint32_t exchange) {
    for (; low < end; low++, high--, turn += step) {
        uint32_t w = *turn << exchange | *turn >> ((32 - exchange) & 31);
        edgesnn_frontend_complex a = edgesnn_frontend_add(edgesnn_frontend_load(low),
                                                          edgesnn_frontend_complex_of(1, 1), 0);
        edgesnn_frontend_complex b = edgesnn_frontend_load(high);
        edgesnn_frontend_complex sum = edgesnn_frontend_add(a, b, 1);
        edgesnn_frontend_complex difference = edgesnn_frontend_sub(a, b, 1);
        edgesnn_frontend_complex even = edgesnn_frontend_re_im(sum, difference);
        edgesnn_frontend_complex odd =
            edgesnn_frontend_turn(edgesnn_frontend_re_im(difference, sum), w);
        *low = edgesnn_frontend_power(edgesnn_frontend_add(even, odd, 0));
        *high = edgesnn_frontend_power(edgesnn_frontend_sub(even, odd, 0));
    }
}

/* The last stage, sums halved where `half`, then the transform of the real signal from that of
 * its packed half, and its powers, in place: z[k] becomes the power in bin k, 1 <= k < points.
 * V[k] and V[q - k] are the last and the first words of entry k, and bin 2q - k turns by V[k]
 * with its parts exchanged. */
EDGESNN_INLINE void edgesnn_frontend_last_stage(uint32_t *z, uint32_t points,
                                               const uint32_t *twiddle, const uint32_t *last,
                                               bool half) {
    (void)twiddle;
    uint32_t q = points / 4, *middle = z + q / 2, *top = z + points;
    const uint32_t *end = last + 8 * (q / 2);
    edgesnn_frontend_stage(z, middle + 1, 1, q, last + 1, 8, half);
    edgesnn_frontend_stage(middle + 1, z + q, 1, q, end - 4, -8, half);
    edgesnn_frontend_split(z + 1, middle, top - 1, last + 15, 8, 0);
    edgesnn_frontend_split(middle, z + q + 1, top - q / 2, end, -8, 0);
    edgesnn_frontend_split(z + q + 1, middle + q + 1, top - q - 1, last + 8, 8, 16);
    edgesnn_frontend_split(middle + q + 1, z + 2 * q + 1, top - q - q / 2 - 1, end - 1, -8, 16);
}

#endif
