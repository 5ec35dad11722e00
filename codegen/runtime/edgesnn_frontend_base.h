/* SPDX-License-Identifier: MIT-0
 *
 * What all of the front-end stands on: one network's constants, and the bits that numbers need.
 */
#ifndef EDGESNN_FRONTEND_BASE_H
#define EDGESNN_FRONTEND_BASE_H

#include "edgesnn_base.h"

#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && !defined(EDGESNN_PORTABLE) && \
    !defined(EDGESNN_COMPACT)
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

/* Transforms to compile: define EDGESNN_FRONTEND_FFT, and there is only that of its size. */
#if defined(EDGESNN_FRONTEND_FFT)
#define EDGESNN_FRONTEND_512 (EDGESNN_FRONTEND_FFT == 512)
#define EDGESNN_FRONTEND_256 (EDGESNN_FRONTEND_FFT == 256)
#else
#define EDGESNN_FRONTEND_512 1
#define EDGESNN_FRONTEND_256 1
#endif

/* A word of `segment`: no segment follows; how many bins has that which follows. */
#define EDGESNN_FRONTEND_LAST_SEGMENT 0x400u
#define EDGESNN_FRONTEND_BINS(word)                                                                \
    (((word) >> 11 & 1u) + ((word) >> 8 & 2u) + ((word) & 0x1ffu) * 4u)

/* One network's constants; arrays as made by edgesnn.frontend.c_tables. */
struct edgesnn_frontend_tables {
    const uint32_t *window;       /* fft / 2: two Q15 window values a word */
    const uint32_t *twiddle;      /* fft / 32 times W^4k, W^8k, W^12k; in compact code all W^k up
                                   * to the third multiple of the last */
    const uint32_t *last;         /* fft / 16 + 1 times V[q-k], W^k, W^2k, W^3k, the same of q - k
                                   * for k, V[k]; q = fft / 8, V[k] = -i exp(-2 pi i k / fft); in
                                   * compact code V[1] .. V[fft/4] */
    const uint8_t *order;         /* 64: order of the first stage's butterflies */
    const uint8_t *mel;           /* of each bin the rising slope there, in 1/256 */
    const uint32_t *segment;      /* bands + 1: bins of the first segment between two mel corners
                                   * << 12, then each band's floor - offset << 12; below it the
                                   * next segment's bins: BINS, LAST_SEGMENT */
    const uint32_t *log2;         /* 32: log2(1 + i/32) in Q15 and 64, rise to the next << 16 */
    uint16_t fft;                 /* 256 or 512 */
    uint16_t window_samples;      /* even, at most fft */
    uint16_t hop;                 /* even, at most window_samples */
    uint16_t bands;
    uint16_t first_bin;
    int16_t floor;
    uint8_t silence_bits;
    uint8_t shift;
    uint8_t quiet_bits;           /* at most 10: frames of so few bits and so little energy have */
    uint32_t quiet_energy;        /* all bands at the floor */
};

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

/* energy + squares of the two samples of a word. */
EDGESNN_INLINE uint32_t edgesnn_frontend_squares(uint32_t energy, uint32_t word) {
#if EDGESNN_FRONTEND_DSP
    __asm__("smlad %0, %1, %1, %0" : "+r"(energy) : "r"(word));
    return energy;
#else
    int32_t low = (int16_t)(word & 0xffffu), high = (int32_t)word >> 16;
    return energy + (uint32_t)(low * low + high * high);
#endif
}

/* Sum of the squares of samples of at most 10 bits in words, a multiple of four. */
EDGESNN_SHARED uint32_t edgesnn_frontend_energy(const uint32_t *samples, uint32_t words) {
    uint32_t energy = 0;
    for (const uint32_t *end = samples + words; samples < end; samples += 4) {
        uint32_t a = samples[0], b = samples[1], c = samples[2], d = samples[3];
        energy = edgesnn_frontend_squares(edgesnn_frontend_squares(energy, a), b);
        energy = edgesnn_frontend_squares(edgesnn_frontend_squares(energy, c), d);
    }
    return energy;
}

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

#endif
