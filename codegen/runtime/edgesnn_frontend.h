/* The edgesnn front-end: 16-bit PCM to int8 features, in integers.
 *
 * The law, its bounds and its accuracy: docs/FRONTEND.md. The functions of this header are
 * shared by all networks of a firmware; tables and state are each network's own. C11, no float,
 * no heap, no C library, no division.
 *
 * SPDX-License-Identifier: MIT-0
 */
#ifndef EDGESNN_FRONTEND_H
#define EDGESNN_FRONTEND_H

#include "edgesnn_frontend_mel.h"
#if defined(EDGESNN_COMPACT)
#include "edgesnn_frontend_compact.h"
#elif EDGESNN_FRONTEND_DSP
#include "edgesnn_frontend_dsp_last.h"
#else
#include "edgesnn_frontend_portable.h"
#endif

/* Samples to powers, by `points` complex points. The last two stages need not halve where the data
 * leave room; returns in how many that was so. */
EDGESNN_INLINE uint32_t edgesnn_frontend_stages(const struct edgesnn_frontend_tables *t,
                                               const uint32_t *samples, uint32_t *z,
                                               uint32_t points, uint32_t headroom) {
    uint32_t edges = edgesnn_frontend_first_stages(t, samples, z, points, headroom);
    uint32_t used = edgesnn_frontend_used_bits(edges);
    uint32_t gain = used > 13 ? 0 : used > 12 ? 1 : 2;
    edgesnn_frontend_third_stage(z, points, t->twiddle, gain < 1);
    edgesnn_frontend_last_stage(z, points, t->twiddle, t->last, gain < 2);
    return gain;
}

static inline uint32_t edgesnn_frontend_transform(const struct edgesnn_frontend_tables *t,
                                                  const uint32_t *samples, uint32_t *z,
                                                  uint32_t headroom) {
#if EDGESNN_FRONTEND_512
    if (t->fft == 512) {
        return edgesnn_frontend_stages(t, samples, z, 256, headroom);
    }
#endif
#if EDGESNN_FRONTEND_256
    if (t->fft == 256) {
        return edgesnn_frontend_stages(t, samples, z, 128, headroom);
    }
#endif
    return 0;
}

/* ---- the stream ------------------------------------------------------------------------ */

/* RAM in words: what outlives a frame, which is the samples and the edges of those of them that
 * the next frame keeps; and what only a frame's computation needs. */
#define EDGESNN_FRONTEND_SAMPLE_WORDS(fft) ((fft) / 2 + 1)
#define EDGESNN_FRONTEND_WORK_WORDS(fft) ((fft) / 2)

/* Forget all samples: silence lies before the next. */
static inline void edgesnn_frontend_reset(const struct edgesnn_frontend_tables *t,
                                          uint32_t *samples) {
    for (const uint32_t *end = samples + t->fft / 2u + 1; samples < end; samples++) {
        *samples = 0;
    }
}

#if !defined(EDGESNN_COMPACT)
/* Move the window on by one hop; returns the edges of the samples under the window. Words before
 * the window stay zero, as is their share of it. */
static inline uint32_t edgesnn_frontend_advance(const struct edgesnn_frontend_tables *t,
                                                uint32_t *samples, const int16_t *pcm) {
    uint32_t hop = t->hop / 2u, keep = t->window_samples / 2u - hop;
    uint32_t *to = samples + (t->fft - t->window_samples) / 2u, *kept = samples + t->fft / 2u;
    uint32_t edges = 0;
    if (keep > hop) {
        for (const uint32_t *end = to + keep; to < end; to++) {
            *to = to[hop];
            edges |= edgesnn_frontend_edges(*to);
        }
        return edges | edgesnn_frontend_take(to, pcm, hop);
    }
    /* All that is kept came with the last hop, which has measured it. */
    edgesnn_frontend_move(to, to + hop, keep);
    edges = *kept | edgesnn_frontend_take(to + keep, pcm, hop - keep);
    *kept = edgesnn_frontend_take(to + hop, pcm + 2 * (hop - keep), keep);
    return edges | *kept;
}
#endif

/* Whether all bands are at the floor for sure. Samples of more bits are not looked at again. */
EDGESNN_INLINE bool edgesnn_frontend_is_quiet(const struct edgesnn_frontend_tables *t,
                                              const uint32_t *samples, uint32_t used) {
    return used <= t->silence_bits ||
           (used <= t->quiet_bits &&
            edgesnn_frontend_energy(samples, t->fft / 2u) <= t->quiet_energy);
}

/* Take `hop` samples, give `bands` features. samples: state; work: scratch. */
static inline void edgesnn_frontend_frame(const struct edgesnn_frontend_tables *t,
                                          uint32_t *samples, uint32_t *work, const int16_t *pcm,
                                          int8_t *features) {
    uint32_t used = edgesnn_frontend_used_bits(edgesnn_frontend_advance(t, samples, pcm));
    if (edgesnn_frontend_is_quiet(t, samples, used)) {
        for (uint32_t band = 0; band < t->bands; band++) {
            features[band] = edgesnn_frontend_feature(t, t->segment[band + 1], 0);
        }
        return;
    }
    uint32_t gain = edgesnn_frontend_transform(t, samples, work, 15 - used);
    /* 14 - (15 - used) - gain octaves of amplitude */
    int32_t exponent = 512 * ((int32_t)used - 1 - (int32_t)gain);
    edgesnn_frontend_bands(t, work, exponent - t->floor, features);
}

#endif
