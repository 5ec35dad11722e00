/* SPDX-License-Identifier: MIT-0
 *
 * From samples to powers (FRONTEND.md 2 to 4) in little code: one loop for every stage, for any
 * core. The same integers at every step as edgesnn_frontend_portable.h; tables hold all twiddles
 * and turns in order.
 *
 * A complex number is one word, real part in the low half.
 */
#ifndef EDGESNN_FRONTEND_COMPACT_H
#define EDGESNN_FRONTEND_COMPACT_H

#include "edgesnn_frontend_base.h"

/* Every half of a complex number stays in 16 bits (FRONTEND.md); tests define this to check. */
#ifndef EDGESNN_FRONTEND_ASSERT
#define EDGESNN_FRONTEND_ASSERT(condition) ((void)0)
#endif

#if defined(__ARM_FEATURE_SIMD32) && defined(__GNUC__)
#define EDGESNN_FRONTEND_HALVES(name, instruction, low, high)                                      \
    EDGESNN_INLINE uint32_t name(uint32_t a, uint32_t b) {                                         \
        uint32_t both;                                                                             \
        __asm__(instruction " %0, %1, %2" : "=r"(both) : "r"(a), "r"(b));                          \
        return both;                                                                               \
    }
#else
EDGESNN_INLINE int32_t edgesnn_frontend_lo(uint32_t word) {
    return (int16_t)(uint16_t)(word & 0xffffu);
}

EDGESNN_INLINE int32_t edgesnn_frontend_hi(uint32_t word) {
    return (int32_t)word >> 16;
}

EDGESNN_INLINE uint32_t edgesnn_frontend_word(int32_t low, int32_t high) {
    EDGESNN_FRONTEND_ASSERT(low == (int16_t)low && high == (int16_t)high);
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

#define EDGESNN_FRONTEND_HALVES(name, instruction, low, high)                                      \
    EDGESNN_INLINE uint32_t name(uint32_t x, uint32_t y) {                                         \
        int32_t a = edgesnn_frontend_lo(x), ia = edgesnn_frontend_hi(x);                           \
        int32_t b = edgesnn_frontend_lo(y), ib = edgesnn_frontend_hi(y);                           \
        return edgesnn_frontend_word(low, high);                                                   \
    }
#endif

EDGESNN_FRONTEND_HALVES(edgesnn_frontend_add, "sadd16", a + b, ia + ib)
EDGESNN_FRONTEND_HALVES(edgesnn_frontend_sub, "ssub16", a - b, ia - ib)
EDGESNN_FRONTEND_HALVES(edgesnn_frontend_half_add, "shadd16", (a + b) >> 1, (ia + ib) >> 1)
EDGESNN_FRONTEND_HALVES(edgesnn_frontend_half_sub, "shsub16", (a - b) >> 1, (ia - ib) >> 1)

#if defined(__ARM_FEATURE_SIMD32) && defined(__GNUC__)
/* Real and imaginary part of z w, and 2^15 or 2^14. */
#define EDGESNN_FRONTEND_PRODUCT(z, w, round, re, im)                                              \
    __asm__("smlsd %0, %1, %2, %3" : "=r"(re) : "r"(z), "r"(w), "r"(round));                       \
    __asm__("smladx %0, %1, %2, %3" : "=r"(im) : "r"(z), "r"(w), "r"(round))

/* a - ib, a + ib, and half of them. */
EDGESNN_FRONTEND_HALVES(edgesnn_frontend_sub_i, "ssax", , )
EDGESNN_FRONTEND_HALVES(edgesnn_frontend_add_i, "sasx", , )
EDGESNN_FRONTEND_HALVES(edgesnn_frontend_half_sub_i, "shsax", , )
EDGESNN_FRONTEND_HALVES(edgesnn_frontend_half_add_i, "shasx", , )

/* The 4-point transform of a, b, c, d, or half of it where `half`, to z[0], z[q], z[2q], z[3q];
 * returns its edges. */
EDGESNN_INLINE uint32_t edgesnn_frontend_four(uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                                              bool half, uint32_t *z, uint32_t q) {
    uint32_t t0 = edgesnn_frontend_add(a, c), t1 = edgesnn_frontend_sub(a, c);
    uint32_t t2 = edgesnn_frontend_add(b, d), t3 = edgesnn_frontend_sub(b, d);
    if (half) {
        a = edgesnn_frontend_half_add(t0, t2);
        b = edgesnn_frontend_half_sub_i(t1, t3);
        c = edgesnn_frontend_half_sub(t0, t2);
        d = edgesnn_frontend_half_add_i(t1, t3);
    } else {
        a = edgesnn_frontend_add(t0, t2);
        b = edgesnn_frontend_sub_i(t1, t3);
        c = edgesnn_frontend_sub(t0, t2);
        d = edgesnn_frontend_add_i(t1, t3);
    }
    z[0] = a;
    z[q] = b;
    z[2 * q] = c;
    z[3 * q] = d;
    return edgesnn_frontend_edges(a) | edgesnn_frontend_edges(b) | edgesnn_frontend_edges(c) |
           edgesnn_frontend_edges(d);
}

/* Real part of a, imaginary part of b. */
EDGESNN_INLINE uint32_t edgesnn_frontend_re_im(uint32_t a, uint32_t b) {
    uint32_t both;
    __asm__("pkhbt %0, %1, %2" : "=r"(both) : "r"(a), "r"(b));
    return both;
}

/* Halves from bit `shift` on. */
#define EDGESNN_FRONTEND_PACKED(re, im, shift)                                                     \
    edgesnn_frontend_re_im((uint32_t)(re) >> (shift), (uint32_t)(im) << (16 - (shift)))

/* Sum of the squares of both halves. */
EDGESNN_INLINE uint32_t edgesnn_frontend_power(uint32_t z) {
    uint32_t power;
    __asm__("smuad %0, %1, %1" : "=r"(power) : "r"(z));
    return power;
}

/* Each half of x times that of w, rounded to 2^shift. */
EDGESNN_INLINE uint32_t edgesnn_frontend_windowed(uint32_t x, uint32_t w, uint32_t shift) {
    int32_t re, im, round = (int32_t)(1u << shift >> 1);
    __asm__("smlabb %0, %1, %2, %3" : "=r"(re) : "r"(x), "r"(w), "r"(round));
    __asm__("smlatt %0, %1, %2, %3" : "=r"(im) : "r"(x), "r"(w), "r"(round));
    return edgesnn_frontend_re_im((uint32_t)(re >> shift), (uint32_t)(im >> shift) << 16);
}
#else
#define EDGESNN_FRONTEND_PRODUCT(z, w, round, re, im)                                              \
    int32_t zr = edgesnn_frontend_lo(z), zi = edgesnn_frontend_hi(z);                              \
    int32_t wr = edgesnn_frontend_lo(w), wi = edgesnn_frontend_hi(w);                              \
    re = (round) + zr * wr - zi * wi;                                                              \
    im = (round) + zr * wi + zi * wr
#define EDGESNN_FRONTEND_PACKED(re, im, shift)                                                     \
    edgesnn_frontend_word((re) >> (shift), (im) >> (shift))

/* Put a number, or half of it; returns its edges. */
EDGESNN_SHARED uint32_t edgesnn_frontend_put(int32_t re, int32_t im, bool half, uint32_t *to) {
    *to = edgesnn_frontend_word(re >> half, im >> half);
    return edgesnn_frontend_edges(*to);
}

EDGESNN_INLINE uint32_t edgesnn_frontend_four(uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                                              bool half, uint32_t *z, uint32_t q) {
    int32_t ar = edgesnn_frontend_lo(a), ai = edgesnn_frontend_hi(a);
    int32_t br = edgesnn_frontend_lo(b), bi = edgesnn_frontend_hi(b);
    int32_t cr = edgesnn_frontend_lo(c), ci = edgesnn_frontend_hi(c);
    int32_t dr = edgesnn_frontend_lo(d), di = edgesnn_frontend_hi(d);
    uint32_t edges = edgesnn_frontend_put(ar + cr + br + dr, ai + ci + bi + di, half, z);
    edges |= edgesnn_frontend_put(ar - cr + bi - di, ai - ci - br + dr, half, z + q);
    edges |= edgesnn_frontend_put(ar + cr - br - dr, ai + ci - bi - di, half, z + 2 * q);
    return edges | edgesnn_frontend_put(ar - cr - bi + di, ai - ci + br - dr, half, z + 3 * q);
}

EDGESNN_INLINE uint32_t edgesnn_frontend_re_im(uint32_t a, uint32_t b) {
    return (a & 0xffffu) | (b & 0xffff0000u);
}

EDGESNN_INLINE uint32_t edgesnn_frontend_power(uint32_t z) {
    int32_t re = edgesnn_frontend_lo(z), im = edgesnn_frontend_hi(z);
    return (uint32_t)(re * re) + (uint32_t)(im * im);
}

EDGESNN_INLINE uint32_t edgesnn_frontend_windowed(uint32_t x, uint32_t w, uint32_t shift) {
    int32_t round = (int32_t)(1u << shift >> 1);
    int32_t re = edgesnn_frontend_lo(x) * edgesnn_frontend_lo(w) + round;
    int32_t im = edgesnn_frontend_hi(x) * edgesnn_frontend_hi(w) + round;
    return edgesnn_frontend_word(re >> shift, im >> shift);
}
#endif

/* z w / 2, rounded, for w in Q15. */
EDGESNN_INLINE uint32_t edgesnn_frontend_half_turn(uint32_t z, uint32_t w) {
    int32_t re, im;
    EDGESNN_FRONTEND_PRODUCT(z, w, 1 << 15, re, im);
    return EDGESNN_FRONTEND_PACKED(re, im, 16);
}

/* z w, rounded. */
EDGESNN_INLINE uint32_t edgesnn_frontend_turn(uint32_t z, uint32_t w) {
    int32_t re, im;
    EDGESNN_FRONTEND_PRODUCT(z, w, 1 << 14, re, im);
    return EDGESNN_FRONTEND_PACKED(re, im, 15);
}

/* ---- samples --------------------------------------------------------------------------- */

/* Move the window on by one hop; returns the edges of the samples under it. */
static inline uint32_t edgesnn_frontend_advance(const struct edgesnn_frontend_tables *t,
                                                uint32_t *samples, const int16_t *pcm) {
    uint32_t *end = samples + t->fft / 2u, *taken = end - t->hop / 2u, edges = 0;
    for (uint32_t *to = end - t->window_samples / 2u; to < end; to++) {
        if (to < taken) {
            *to = to[t->hop / 2u];
        } else {
            *to = edgesnn_frontend_pair(pcm);
            pcm += 2;
        }
        edges |= edgesnn_frontend_edges(*to);
    }
    return edges;
}

/* ---- stages ---------------------------------------------------------------------------- */

/* A radix-4 stage in place of 4^order blocks: z[0], z[q], z[2q], z[3q] of each, turned by the
 * powers 0, k, 2k, 3k of its root, and a quarter of their 4-point transform, or half of it where
 * not `half`; of neighbours, q = 1, the transform alone. Returns the edges of the result. */
EDGESNN_SHARED uint32_t edgesnn_frontend_stage(uint32_t *z, const uint32_t *twiddle,
                                               uint32_t points, uint32_t order, bool half) {
    const uint32_t *end = z + points;
    uint32_t edges = 0, q = points >> (2 + 2 * order);
    for (uint32_t turn = 0; turn < points / 4; turn += 1u << 2 * order, z++) {
        for (uint32_t *at = z; at < end; at += 4 * q) {
            uint32_t a = at[0], b = at[q], c = at[2 * q], d = at[3 * q];
            if (q > 1) {
                a = edgesnn_frontend_half_add(a, half ? 0x30003u : 0x10001u);
                b = edgesnn_frontend_half_turn(b, twiddle[turn]);
                c = edgesnn_frontend_half_turn(c, twiddle[2 * turn]);
                d = edgesnn_frontend_half_turn(d, twiddle[3 * turn]);
            }
            edges |= edgesnn_frontend_four(a, b, c, d, half, at, q);
        }
    }
    return edges;
}

/* Window and the first stage, without twiddles: 4 points of 256, 2 of 128, in the order of the
 * first stage's butterflies; then the second. Returns the edges of its result. */
EDGESNN_INLINE uint32_t edgesnn_frontend_first_stages(const struct edgesnn_frontend_tables *t,
                                                     const uint32_t *samples, uint32_t *z,
                                                     uint32_t points, uint32_t headroom) {
    uint32_t shift = (points == 256 ? 16 : 15) - headroom, *to = z;
    for (uint32_t g = 0; g < 64; g++) {
        for (uint32_t n = t->order[g]; n < points; n += 64) {
            *to++ = edgesnn_frontend_windowed(samples[n], t->window[n], shift);
        }
        if (points == 128) {
            uint32_t a = to[-2], b = to[-1];
            to[-2] = edgesnn_frontend_add(a, b);
            to[-1] = edgesnn_frontend_sub(a, b);
        }
    }
    if (points == 256) {
        (void)edgesnn_frontend_stage(z, t->twiddle, points, 3, false);
    }
    return edgesnn_frontend_stage(z, t->twiddle, points, 2, true);
}

EDGESNN_INLINE void edgesnn_frontend_third_stage(uint32_t *z, uint32_t points,
                                                const uint32_t *twiddle, bool half) {
    (void)edgesnn_frontend_stage(z, twiddle, points, 1, half);
}

/* The transform of the real signal from that of its packed half, and its powers, in place. */
EDGESNN_INLINE void edgesnn_frontend_split(uint32_t *z, uint32_t points, const uint32_t *turn) {
    for (uint32_t *low = z + 1, *high = z + points - 1; low <= high; low++, high--, turn++) {
        uint32_t a = edgesnn_frontend_add(*low, 0x10001u), b = *high;
        uint32_t sum = edgesnn_frontend_half_add(a, b);
        uint32_t difference = edgesnn_frontend_half_sub(a, b);
        uint32_t even = edgesnn_frontend_re_im(sum, difference);
        uint32_t odd = edgesnn_frontend_turn(edgesnn_frontend_re_im(difference, sum), *turn);
        *low = edgesnn_frontend_power(edgesnn_frontend_add(even, odd));
        *high = edgesnn_frontend_power(edgesnn_frontend_sub(even, odd));
    }
}

/* The last stage and the powers: z[k] becomes the power in bin k, 1 <= k < points. */
EDGESNN_INLINE void edgesnn_frontend_last_stage(uint32_t *z, uint32_t points,
                                               const uint32_t *twiddle, const uint32_t *turn,
                                               bool half) {
    (void)edgesnn_frontend_stage(z, twiddle, points, 0, half);
    edgesnn_frontend_split(z, points, turn);
}

#endif
