/* The edgesnn front-end: 16-bit PCM to int8 features, in integers.
 *
 * The law, its bounds and its accuracy: docs/FRONTEND.md. The functions of this header are
 * shared by all networks of a firmware; tables and state are each network's own. C11, no float,
 * no heap, no C library, no division.
 *
 * A complex number is one 32-bit word: real part in the low half, imaginary in the high half.
 *
 * SPDX-License-Identifier: MIT-0
 */
#ifndef EDGESNN_FRONTEND_H
#define EDGESNN_FRONTEND_H

#include "edgesnn_base.h"

#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && !defined(EDGESNN_PORTABLE)
#include <arm_acle.h>
#define EDGESNN_FRONTEND_DSP 1
#else
#define EDGESNN_FRONTEND_DSP 0
#endif

/* Thumb-1 cores (M0, M0+, M23) have neither a long multiply nor CLZ. */
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
#define EDGESNN_FRONTEND_THUMB1 1
#else
#define EDGESNN_FRONTEND_THUMB1 0
#endif

/* One copy of the stage serves all three where a complex sum is more than one instruction. */
#if EDGESNN_FRONTEND_DSP
#define EDGESNN_FRONTEND_STAGE EDGESNN_INLINE
#elif defined(__GNUC__)
#define EDGESNN_FRONTEND_STAGE static __attribute__((noinline, unused))
#else
#define EDGESNN_FRONTEND_STAGE static inline
#endif

/* Every half of a complex number stays in 16 bits (FRONTEND.md); tests define this to check. */
#ifndef EDGESNN_FRONTEND_ASSERT
#define EDGESNN_FRONTEND_ASSERT(condition) ((void)0)
#endif

/* One network's constants; arrays as made by edgesnn.frontend.c_tables. */
struct edgesnn_frontend_tables {
    const uint32_t *window;       /* fft / 2: two Q15 window values a word */
    const uint32_t *twiddle;      /* fft / 8 times W^k, W^2k, W^3k */
    const uint32_t *split;        /* fft / 4: -i exp(-2 pi i k / fft), k = 1 .. */
    const uint8_t *order;         /* 64: order of the first stage's butterflies */
    const uint8_t *weight;        /* one a bin: the rising slope there, in 1/256 */
    const uint8_t *segment_bins;  /* bands + 1: bins between two mel corners */
    const uint16_t *log2;         /* 33: log2(1 + i/32), Q15 */
    const int16_t *offset;        /* bands */
    uint16_t fft;                 /* 256 or 512 */
    uint16_t window_samples;      /* even, at most fft */
    uint16_t hop;                 /* even, at most window_samples */
    uint16_t bands;
    uint16_t first_bin;
    int16_t floor;
    uint8_t silence_bits;
    uint8_t shift;
};

/* ---- packed complex arithmetic --------------------------------------------------------- */

EDGESNN_INLINE int32_t edgesnn_frontend_lo(uint32_t word) {
    return (int16_t)(uint16_t)(word & 0xffffu);
}

EDGESNN_INLINE int32_t edgesnn_frontend_hi(uint32_t word) {
    return (int32_t)word >> 16;
}

/* Two neighbouring samples as one word. */
EDGESNN_INLINE uint32_t edgesnn_frontend_pair(const int16_t *samples) {
#if defined(__ARM_FEATURE_UNALIGNED) && !defined(__ARM_BIG_ENDIAN) && defined(__GNUC__)
    uint32_t word;
    __builtin_memcpy(&word, samples, sizeof word);
    return word;
#else
    return (uint32_t)(uint16_t)samples[0] | (uint32_t)(uint16_t)samples[1] << 16;
#endif
}

/* Sums and differences take `half`, 0 or 1: the result is halved, rounding down, or it is not. */
#if EDGESNN_FRONTEND_DSP

typedef uint32_t edgesnn_frontend_complex;
#define EDGESNN_FRONTEND_SIMD(name, a, b) ((uint32_t)(name)((int16x2_t)(a), (int16x2_t)(b)))

EDGESNN_INLINE uint32_t edgesnn_frontend_load(const uint32_t *z) {
    return *z;
}
EDGESNN_INLINE void edgesnn_frontend_store(uint32_t *z, uint32_t value) {
    *z = value;
}
EDGESNN_INLINE uint32_t edgesnn_frontend_complex_of(int32_t re, int32_t im) {
    uint32_t z;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(z) : "r"(re), "r"(im));
    return z;
}
/* Real part of a, imaginary part of b. */
EDGESNN_INLINE uint32_t edgesnn_frontend_re_im(uint32_t a, uint32_t b) {
    uint32_t z;
    __asm__("pkhbt %0, %1, %2" : "=r"(z) : "r"(a), "r"(b));
    return z;
}
EDGESNN_INLINE uint32_t edgesnn_frontend_add(uint32_t a, uint32_t b, uint32_t half) {
    return half ? EDGESNN_FRONTEND_SIMD(__shadd16, a, b) : EDGESNN_FRONTEND_SIMD(__sadd16, a, b);
}
EDGESNN_INLINE uint32_t edgesnn_frontend_sub(uint32_t a, uint32_t b, uint32_t half) {
    return half ? EDGESNN_FRONTEND_SIMD(__shsub16, a, b) : EDGESNN_FRONTEND_SIMD(__ssub16, a, b);
}
/* a + ib and a - ib */
EDGESNN_INLINE uint32_t edgesnn_frontend_add_i(uint32_t a, uint32_t b, uint32_t half) {
    return half ? EDGESNN_FRONTEND_SIMD(__shasx, a, b) : EDGESNN_FRONTEND_SIMD(__sasx, a, b);
}
EDGESNN_INLINE uint32_t edgesnn_frontend_sub_i(uint32_t a, uint32_t b, uint32_t half) {
    return half ? EDGESNN_FRONTEND_SIMD(__shsax, a, b) : EDGESNN_FRONTEND_SIMD(__ssax, a, b);
}
/* z w / 2 for w in Q15, rounded */
EDGESNN_INLINE uint32_t edgesnn_frontend_half_turn(uint32_t z, uint32_t w) {
    int32_t re = __smlsd((int16x2_t)z, (int16x2_t)w, 1 << 15);
    int32_t im = __smladx((int16x2_t)z, (int16x2_t)w, 1 << 15);
    uint32_t turned;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(turned) : "r"(im), "r"(re));
    return turned;
}
/* z w for w in Q15, rounded */
EDGESNN_INLINE uint32_t edgesnn_frontend_turn(uint32_t z, uint32_t w) {
    int32_t re = __smlsd((int16x2_t)z, (int16x2_t)w, 1 << 14) >> 15;
    int32_t im = __smladx((int16x2_t)z, (int16x2_t)w, 1 << 14);
    uint32_t turned;
    __asm__("pkhbt %0, %1, %2, lsl #1" : "=r"(turned) : "r"(re), "r"(im));
    return turned;
}
EDGESNN_INLINE uint32_t edgesnn_frontend_power(uint32_t z) {
    return (uint32_t)__smuad((int16x2_t)z, (int16x2_t)z);
}

#else

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

#endif

/* ---- samples to spectrum --------------------------------------------------------------- */

/* Bits of a number without its leading zeros. */
static inline uint32_t edgesnn_frontend_bit_length(uint32_t value) {
#if EDGESNN_FRONTEND_THUMB1 || !defined(__GNUC__)
    uint32_t bits = 0;
    for (uint32_t step = 16; step > 0; step >>= 1) {
        if (value >> step) {
            value >>= step;
            bits += step;
        }
    }
    return bits + value;
#else
    return value ? 32u - (uint32_t)__builtin_clz(value) : 0u;
#endif
}

/* Where neighbouring bits of the halves of a word differ: collected by OR over many words it
 * tells what the largest half needs. Bit 0 and bit 16 tell nothing. */
EDGESNN_INLINE uint32_t edgesnn_frontend_edges(uint32_t word) {
    return word ^ word << 1;
}

/* Bits beside the sign that the largest half needs, 0 .. 15, from the OR of its edges. */
static inline uint32_t edgesnn_frontend_used_bits(uint32_t edges) {
    return edgesnn_frontend_bit_length(((edges | edges >> 16) & 0xffffu) >> 1);
}

/* Window value times sample, normalised: two samples make one complex point. */
EDGESNN_INLINE edgesnn_frontend_complex edgesnn_frontend_windowed(uint32_t x, uint32_t w,
                                                                 int32_t round, uint32_t shift) {
    int32_t re = edgesnn_frontend_lo(x) * edgesnn_frontend_lo(w) + round;
    int32_t im = edgesnn_frontend_hi(x) * edgesnn_frontend_hi(w) + round;
    return edgesnn_frontend_complex_of(re >> shift, im >> shift);
}

/* 4-point transform of a, b, c, d to z[0], z[q], z[2q], z[3q]. */
EDGESNN_INLINE void edgesnn_frontend_transform_4(
    uint32_t *z, uint32_t q, edgesnn_frontend_complex a, edgesnn_frontend_complex b,
    edgesnn_frontend_complex c, edgesnn_frontend_complex d, uint32_t half) {
    edgesnn_frontend_complex t0 = edgesnn_frontend_add(a, c, 0);
    edgesnn_frontend_complex t1 = edgesnn_frontend_sub(a, c, 0);
    edgesnn_frontend_complex t2 = edgesnn_frontend_add(b, d, 0);
    edgesnn_frontend_complex t3 = edgesnn_frontend_sub(b, d, 0);
    edgesnn_frontend_store(z, edgesnn_frontend_add(t0, t2, half));
    edgesnn_frontend_store(z + q, edgesnn_frontend_sub_i(t1, t3, half));
    edgesnn_frontend_store(z + 2 * q, edgesnn_frontend_sub(t0, t2, half));
    edgesnn_frontend_store(z + 3 * q, edgesnn_frontend_add_i(t1, t3, half));
}

/* Window and radix-4 stage without twiddles: the first of 256 points. */
static inline void edgesnn_frontend_first_stage_4(const struct edgesnn_frontend_tables *t,
                                                  const uint32_t *samples, uint32_t *z,
                                                  uint32_t headroom) {
    uint32_t shift = 16 - headroom;
    int32_t round = (int32_t)1 << (15 - headroom);
    for (uint32_t g = 0; g < 64; g++, z += 4) {
        const uint32_t *x = samples + t->order[g], *w = t->window + t->order[g];
        edgesnn_frontend_transform_4(z, 1, edgesnn_frontend_windowed(x[0], w[0], round, shift),
                                     edgesnn_frontend_windowed(x[64], w[64], round, shift),
                                     edgesnn_frontend_windowed(x[128], w[128], round, shift),
                                     edgesnn_frontend_windowed(x[192], w[192], round, shift), 0);
    }
}

/* Window and radix-2 stage: the first of 128 points. */
static inline void edgesnn_frontend_first_stage_2(const struct edgesnn_frontend_tables *t,
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
 * a quarter where `half`. The number added to a rounds it and all four sums. */
EDGESNN_INLINE void edgesnn_frontend_butterfly(uint32_t *z, uint32_t q, const uint32_t *w,
                                              uint32_t half) {
    int32_t round = half ? 3 : 1;
    edgesnn_frontend_complex rounding = edgesnn_frontend_complex_of(round, round);
    edgesnn_frontend_transform_4(
        z, q, edgesnn_frontend_add(edgesnn_frontend_load(z), rounding, 1),
        edgesnn_frontend_half_turn(edgesnn_frontend_load(z + q), w[0]),
        edgesnn_frontend_half_turn(edgesnn_frontend_load(z + 2 * q), w[1]),
        edgesnn_frontend_half_turn(edgesnn_frontend_load(z + 3 * q), w[2]), half);
}

/* One radix-4 stage in place over 16, 4 or 1 blocks; returns the edges of 16 blocks' result. */
EDGESNN_FRONTEND_STAGE uint32_t edgesnn_frontend_stage(uint32_t *z, uint32_t points,
                                                       uint32_t blocks, const uint32_t *twiddle,
                                                       uint32_t half) {
    uint32_t quarter = blocks == 16 ? points / 64 : blocks == 4 ? points / 16 : points / 4;
    uint32_t edges = 0;
    const uint32_t *end = z + points;
    for (uint32_t k = 0; k < quarter; k++, twiddle += 3 * blocks) {
        uint32_t w[3] = {twiddle[0], twiddle[1], twiddle[2]}, *block = z + k;
        do {
            edgesnn_frontend_butterfly(block, quarter, w, half);
            if (blocks == 16) {
                edges |= edgesnn_frontend_edges(block[0]) | edgesnn_frontend_edges(block[quarter]) |
                         edgesnn_frontend_edges(block[2 * quarter]) |
                         edgesnn_frontend_edges(block[3 * quarter]);
            }
            block += 4 * quarter;
        } while (blocks > 1 && block < end);
    }
    return edges;
}

/* The three stages with twiddles. The last two need not halve where the data leave room;
 * returns in how many that was so. */
static inline uint32_t edgesnn_frontend_stages(uint32_t *z, uint32_t points,
                                               const uint32_t *twiddle) {
    uint32_t edges = edgesnn_frontend_stage(z, points, 16, twiddle, 1);
    uint32_t used = edgesnn_frontend_used_bits(edges);
    uint32_t gain = used > 13 ? 0 : used > 12 ? 1 : 2;
    if (gain > 0) {
        (void)edgesnn_frontend_stage(z, points, 4, twiddle, 0);
    } else {
        (void)edgesnn_frontend_stage(z, points, 4, twiddle, 1);
    }
    if (gain > 1) {
        (void)edgesnn_frontend_stage(z, points, 1, twiddle, 0);
    } else {
        (void)edgesnn_frontend_stage(z, points, 1, twiddle, 1);
    }
    return gain;
}

/* Transform of the real signal from that of its packed half, squared, in place:
 * z[k] becomes the power in bin k, 1 <= k < points. */
static inline void edgesnn_frontend_powers(uint32_t *z, uint32_t points, const uint32_t *split) {
    uint32_t *low = z + 1, *high = z + points - 1;
    for (; low <= high; low++, high--, split++) {
        edgesnn_frontend_complex a = edgesnn_frontend_add(
            edgesnn_frontend_load(low), edgesnn_frontend_complex_of(1, 1), 0);
        edgesnn_frontend_complex b = edgesnn_frontend_load(high);
        edgesnn_frontend_complex sum = edgesnn_frontend_add(a, b, 1);
        edgesnn_frontend_complex difference = edgesnn_frontend_sub(a, b, 1);
        edgesnn_frontend_complex even = edgesnn_frontend_re_im(sum, difference);
        edgesnn_frontend_complex odd =
            edgesnn_frontend_turn(edgesnn_frontend_re_im(difference, sum), *split);
        *low = edgesnn_frontend_power(edgesnn_frontend_add(even, odd, 0));
        *high = edgesnn_frontend_power(edgesnn_frontend_sub(even, odd, 0));
    }
}

/* ---- spectrum to features -------------------------------------------------------------- */

/* log2 of 0 < value < 2^48 in 1/256: table and linear interpolation. */
static inline int32_t edgesnn_frontend_log2(uint64_t value, const uint16_t *table) {
    uint32_t high = (uint32_t)(value >> 32), mantissa = (uint32_t)value, bits;
    if (high) {
        bits = edgesnn_frontend_bit_length(high);
        mantissa = high << (32 - bits) | mantissa >> bits;
        bits += 32;
    } else {
        bits = edgesnn_frontend_bit_length(mantissa);
        mantissa <<= 32 - bits;
    }
    uint32_t index = mantissa >> 26 & 31u, between = mantissa >> 10 & 0xffffu;
    uint32_t from = table[index], rise = table[index + 1] - from;
    uint32_t fraction = from + (rise * between >> 16);
    return (int32_t)((bits - 1) << 8) + (int32_t)((fraction + 64) >> 7);
}

static inline int8_t edgesnn_frontend_feature(const struct edgesnn_frontend_tables *t,
                                              uint32_t band, int32_t log) {
    int32_t level = log > t->floor ? log : t->floor;
    int32_t feature = (level - t->offset[band]) >> t->shift;
#if defined(__ARM_FEATURE_SAT) && defined(__GNUC__)
    __asm__("ssat %0, #8, %1" : "=r"(feature) : "r"(feature));
    return (int8_t)feature;
#else
    return (int8_t)(feature < -128 ? -128 : feature > 127 ? 127 : feature);
#endif
}

/* Power of one segment between two mel corners: all of it, and its rising share in 1/256. */
struct edgesnn_frontend_segment {
    uint64_t total, rising;
};

static inline struct edgesnn_frontend_segment edgesnn_frontend_segment(const uint32_t *power,
                                                                       const uint8_t *weight,
                                                                       uint32_t bins) {
    struct edgesnn_frontend_segment sum = {0, 0};
#if EDGESNN_FRONTEND_THUMB1
    uint32_t upper = 0, lower = 0;
    for (uint32_t i = 0; i < bins; i++) {
        sum.total += power[i];
        upper += (power[i] >> 16) * weight[i];
        lower += (power[i] & 0xffffu) * weight[i]; /* at most 255 bins: stays below 2^32 */
    }
    sum.rising = ((uint64_t)upper << 16) + lower;
#else
    uint32_t one = 1;
#if EDGESNN_FRONTEND_DSP
    __asm__("" : "+r"(one)); /* a multiply-accumulate is cheaper than a carry chain */
#endif
    for (uint32_t i = 0; i < bins; i++) {
        sum.total += (uint64_t)power[i] * one;
        sum.rising += (uint64_t)power[i] * weight[i];
    }
#endif
    return sum;
}

/* Mel, log2, offset and shift; `exponent` in 1/256 octave. */
static inline void edgesnn_frontend_bands(const struct edgesnn_frontend_tables *t,
                                          const uint32_t *power, int32_t exponent,
                                          int8_t *features) {
    const uint8_t *weight = t->weight;
    uint64_t rising = 0;
    power += t->first_bin;
    for (uint32_t segment = 0; segment <= t->bands; segment++) {
        uint32_t bins = t->segment_bins[segment];
        struct edgesnn_frontend_segment sum = edgesnn_frontend_segment(power, weight, bins);
        power += bins;
        weight += bins;
        if (segment > 0) {
            uint64_t energy = rising + (sum.total << 8) - sum.rising;
            int32_t log = energy ? edgesnn_frontend_log2(energy, t->log2) + exponent : 0;
            features[segment - 1] = edgesnn_frontend_feature(t, segment - 1, log);
        }
        rising = sum.rising;
    }
}

/* ---- the stream ------------------------------------------------------------------------ */

/* RAM in words: what outlives a frame, and what only a frame's computation needs. */
#define EDGESNN_FRONTEND_SAMPLE_WORDS(fft) ((fft) / 2)
#define EDGESNN_FRONTEND_WORK_WORDS(fft) ((fft) / 2)

/* Forget all samples: silence lies before the next. */
static inline void edgesnn_frontend_reset(const struct edgesnn_frontend_tables *t,
                                          uint32_t *samples) {
    for (const uint32_t *end = samples + t->fft / 2u; samples < end; samples++) {
        *samples = 0;
    }
}

/* Move the window on by one hop; returns the edges of the samples under the window. */
static inline uint32_t edgesnn_frontend_advance(const struct edgesnn_frontend_tables *t,
                                                uint32_t *samples, const int16_t *pcm) {
    const uint32_t *under = samples + (t->fft - t->window_samples) / 2u;
    const uint32_t *end = samples + t->fft / 2u, *from = samples + t->hop / 2u;
    uint32_t edges = 0;
    for (; samples < under; samples++, from++) {
        *samples = *from; /* hop <= window, so these are old samples */
    }
    for (; from + 3 < end; samples += 4, from += 4) {
        uint32_t a = from[0], b = from[1], c = from[2], d = from[3];
        samples[0] = a;
        samples[1] = b;
        samples[2] = c;
        samples[3] = d;
        edges |= edgesnn_frontend_edges(a) | edgesnn_frontend_edges(b) |
                 edgesnn_frontend_edges(c) | edgesnn_frontend_edges(d);
    }
    for (; from < end; samples++, from++) {
        *samples = *from;
        edges |= edgesnn_frontend_edges(*samples);
    }
    for (; samples + 3 < end; samples += 4, pcm += 8) {
        uint32_t a = edgesnn_frontend_pair(pcm), b = edgesnn_frontend_pair(pcm + 2);
        uint32_t c = edgesnn_frontend_pair(pcm + 4), d = edgesnn_frontend_pair(pcm + 6);
        samples[0] = a;
        samples[1] = b;
        samples[2] = c;
        samples[3] = d;
        edges |= edgesnn_frontend_edges(a) | edgesnn_frontend_edges(b) |
                 edgesnn_frontend_edges(c) | edgesnn_frontend_edges(d);
    }
    for (; samples < end; samples++, pcm += 2) {
        *samples = edgesnn_frontend_pair(pcm);
        edges |= edgesnn_frontend_edges(*samples);
    }
    return edges;
}

/* Take `hop` samples, give `bands` features. samples: state; work: scratch. */
static inline void edgesnn_frontend_frame(const struct edgesnn_frontend_tables *t,
                                          uint32_t *samples, uint32_t *work, const int16_t *pcm,
                                          int8_t *features) {
    uint32_t points = t->fft / 2u;
    uint32_t used = edgesnn_frontend_used_bits(edgesnn_frontend_advance(t, samples, pcm));
    if (used <= t->silence_bits) {
        for (uint32_t band = 0; band < t->bands; band++) {
            features[band] = edgesnn_frontend_feature(t, band, 0);
        }
        return;
    }
    if (points == 256) {
        edgesnn_frontend_first_stage_4(t, samples, work, 15 - used);
    } else {
        edgesnn_frontend_first_stage_2(t, samples, work, 15 - used);
    }
    uint32_t gain = edgesnn_frontend_stages(work, points, t->twiddle);
    edgesnn_frontend_powers(work, points, t->split);
    /* 14 - (15 - used) - gain octaves of amplitude */
    edgesnn_frontend_bands(t, work, 512 * ((int32_t)used - 1 - (int32_t)gain), features);
}

#endif
