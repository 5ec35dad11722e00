/* SPDX-License-Identifier: MIT-0
 *
 * From powers to features: mel bands, logarithm, offset (FRONTEND.md 5 to 7).
 */
#ifndef EDGESNN_FRONTEND_MEL_H
#define EDGESNN_FRONTEND_MEL_H

#include "edgesnn_frontend_base.h"

/* What the band with this word of `segment` sends whose log value lies `above` the floor. */
EDGESNN_INLINE int8_t edgesnn_frontend_feature(const struct edgesnn_frontend_tables *t,
                                              uint32_t word, int32_t above) {
#if defined(__ARM_FEATURE_SAT) && defined(__GNUC__)
    int32_t feature;
    __asm__("usat %0, #16, %1" : "=r"(above) : "r"(above));
    feature = (above + ((int32_t)word >> 12)) >> t->shift;
    __asm__("ssat %0, #8, %1" : "=r"(feature) : "r"(feature));
    return (int8_t)feature;
#else
    int32_t feature = ((above > 0 ? above : 0) + ((int32_t)word >> 12)) >> t->shift;
    return (int8_t)(feature < -128 ? -128 : feature > 127 ? 127 : feature);
#endif
}

#if EDGESNN_FRONTEND_DSP
#include "edgesnn_frontend_dsp_mel.h"
#else

/* log2 of 0 < value < 2^48 in 1/256: table and linear interpolation. */
static inline int32_t edgesnn_frontend_log2(uint64_t value, const uint32_t *table) {
    uint32_t high = (uint32_t)(value >> 32), mantissa = (uint32_t)value, bits;
    if (EDGESNN_RARELY(high != 0)) {
        bits = edgesnn_frontend_bit_length(high);
        mantissa = high << (32 - bits) | mantissa >> bits;
        bits += 32;
    } else {
        bits = edgesnn_frontend_bit_length(mantissa);
        mantissa <<= 32 - bits;
    }
    uint32_t line = table[mantissa >> 26 & 31u], between = mantissa >> 10 & 0xffffu;
    uint32_t fraction = (line & 0xffffu) + ((line >> 16) * between >> 16);
    return (int32_t)((bits - 1) << 8) + (int32_t)(fraction >> 7);
}

/* Bins and weights not yet summed, and the sums of a segment between two mel corners: `band` gets
 * 256 of all its power less the rising share, `rising` that share in 1/256. */
struct edgesnn_frontend_mel {
    const uint32_t *power;
    const uint8_t *mel;
    uint64_t band;
    uint64_t rising;
};

static inline void edgesnn_frontend_segment(struct edgesnn_frontend_mel *sum, uint32_t bins) {
    uint64_t total = 0;
#if EDGESNN_FRONTEND_THUMB1
    uint32_t upper = 0, lower = 0;
    for (const uint32_t *end = sum->power + bins; sum->power < end; sum->power++, sum->mel++) {
        uint32_t power = *sum->power, weight = *sum->mel;
        total += power;
        upper += (power >> 16) * weight;
        lower += (power & 0xffffu) * weight; /* at most 255 bins: stays below 2^32 */
    }
    sum->rising = ((uint64_t)upper << 16) + lower;
#else
    for (const uint32_t *end = sum->power + bins; sum->power < end; sum->power++, sum->mel++) {
        total += *sum->power;
        sum->rising += (uint64_t)*sum->power * *sum->mel;
    }
#endif
    sum->band += (total << 8) - sum->rising;
}

/* Mel, log2, offset and shift; `exponent` in 1/256 octave, counted from the floor. */
static inline void edgesnn_frontend_bands(const struct edgesnn_frontend_tables *t,
                                          const uint32_t *power, int32_t exponent,
                                          int8_t *features) {
    struct edgesnn_frontend_mel sum = {power + t->first_bin, t->mel, 0, 0};
    const uint32_t *segment = t->segment;
    edgesnn_frontend_segment(&sum, *segment >> 12);
    do {
        sum.band = sum.rising;
        sum.rising = 0;
        edgesnn_frontend_segment(&sum, EDGESNN_FRONTEND_BINS(*segment));
        segment++;
        int32_t above = sum.band ? edgesnn_frontend_log2(sum.band, t->log2) + exponent : 0;
        *features++ = edgesnn_frontend_feature(t, *segment, above);
    } while (!(*segment & EDGESNN_FRONTEND_LAST_SEGMENT));
}

#endif

#endif
