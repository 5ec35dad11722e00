/* SPDX-License-Identifier: MIT-0
 *
 * Layers in words, for cores that add no lanes: a membrane has 32 bits, in which it cannot
 * overflow, and is kept as its margin, v - level, where level is the least u that fires. So a step
 * is one multiplication, one shift and the sign. Their rows are those of edgesnn_byte_rows.h.
 */
#ifndef EDGESNN_WORDS_H
#define EDGESNN_WORDS_H

#include "edgesnn_byte_rows.h"
#include "edgesnn_clamped_thumb.h"
#include "edgesnn_membranes.h"

/* A layer's state, and scratch memory for its sums: a word a neuron of whole tiles, or for folds
 * half of that and the chunks; half of that more where lanes do not hold all events. */
struct edgesnn_word_cells {
    int32_t *margin;
    uint32_t *spikes;
    uint8_t *rests;
    uint32_t *sums;
};

/* A layer's neurons. A step makes of a margin floor((margin * decay + constant) / 2^8) and adds
 * what is summed (edgesnn_quads_thumb.h); one that is not negative fires, and becomes (margin &
 * keeps) - less, where keeps is -1, or 0 of resets to zero. The level is `less + above`. Neurons
 * with parameters of their own have twelve words for each four: decay, constant, decay ..., and
 * then `less` of each. Whole eights of neurons are stepped; what the last one is filled with has no
 * bits. Assembly knows the first six members by their places. */
struct edgesnn_words {
    uint32_t margins; /*  0: bytes of those that are stepped */
    int32_t less;     /*  4 */
    int32_t decay;    /*  8 */
    const int32_t *own;
    int32_t above; /* 16 */
    int32_t keeps; /* 20 */
    uint32_t neurons;
    int32_t constant;
    int32_t calm; /* of layers that saturate: most events of a step in which none can; or -1 */
    bool saturates;
};

EDGESNN_INLINE int32_t edgesnn_less(const struct edgesnn_words *layer, uint32_t neuron)
{
    return layer->own != NULL ? layer->own[12u * (neuron / 4u) + 8u + neuron % 4u] : layer->less;
}

/* Membranes of zero, also of the neurons that fill the last eight. */
EDGESNN_INLINE void edgesnn_clear_margins(const struct edgesnn_words *layer, int32_t *margin)
{
    for (uint32_t neuron = 0; neuron < 4u * edgesnn_quads_of(layer->neurons); neuron++) {
        margin[neuron] = -(edgesnn_less(layer, neuron) + layer->above);
    }
}

/* What a neuron keeps and is sent: a membrane's u - level, or a score. */
EDGESNN_INLINE int32_t edgesnn_leak_margin(const struct edgesnn_words *layer, uint32_t neuron,
                                           int32_t acc, int32_t margin)
{
    if (layer->own == NULL) {
        return ((margin * layer->decay + layer->constant) >> 8) + acc;
    }
    const int32_t *const own = &layer->own[12u * (neuron / 4u) + 2u * (neuron % 4u)];
    return ((margin * own[0] + own[1]) >> 8) + acc;
}

/* One neuron, `acc` being all its currents but the bias. True where it fires. */
EDGESNN_INLINE bool edgesnn_step_margin(const struct edgesnn_words *layer, uint32_t neuron,
                                        int32_t acc, int32_t *margin)
{
    const int32_t less = edgesnn_less(layer, neuron), level = less + layer->above;
    int32_t next = edgesnn_leak_margin(layer, neuron, acc, *margin);
    if (layer->saturates) {
        next = edgesnn_saturate16(next + level) - level;
    }
    const bool fires = next >= 0;
    if (EDGESNN_RARELY(fires)) {
        next = (next & layer->keeps) - less;
    }
    *margin = next;
    return fires;
}

/* All neurons one by one; true where a membrane has changed. */
EDGESNN_INLINE bool edgesnn_step_margins(const struct edgesnn_words *layer, int32_t shared,
                                         enum edgesnn_summed summed,
                                         const struct edgesnn_word_cells *cells)
{
    uint32_t changed = 0;
    for (uint32_t first = 0; first < layer->neurons; first += 4u) {
        const uint32_t left = layer->neurons - first, count = left < 4u ? left : 4u;
        uint32_t words[4], fired = 0;
        edgesnn_summed_quad(summed, cells->sums, first / 4u, words);
        for (uint32_t at = 0; at < count; at++) {
            int32_t *const margin = &cells->margin[first + at];
            const int32_t before = *margin;
            if (edgesnn_step_margin(layer, first + at, (int32_t)words[at] + shared, margin)) {
                fired |= 1u << at;
            }
            changed |= (uint32_t)before ^ (uint32_t)*margin;
        }
        cells->spikes[first / 32u] |= fired << first % 32u;
        changed |= fired;
    }
    return changed != 0;
}

#if EDGESNN_THUMB
/* A function of assembly for each form of sums. */
#define EDGESNN_BY_SUMS(name)                                                                      \
    EDGESNN_INLINE void name##_quads(const struct edgesnn_words *layer, int32_t constant,          \
                                     enum edgesnn_summed summed, const uint32_t *sums,             \
                                     int32_t *margin, uint32_t *spikes)                            \
    {                                                                                              \
        if (summed == EDGESNN_BYTES_SUMMED) {                                                      \
            name##_bytes(margin, sums, spikes, constant, layer);                                   \
        } else if (summed == EDGESNN_LANES_SUMMED) {                                               \
            name##_lanes(margin, sums, spikes, constant, layer);                                   \
        } else if (summed == EDGESNN_WORDS_SUMMED) {                                               \
            name##_long_sums(margin, sums, spikes, constant, layer);                               \
        } else {                                                                                   \
            name##_nothing(margin, sums, spikes, constant, layer);                                 \
        }                                                                                          \
    }

EDGESNN_BY_SUMS(edgesnn_step)
EDGESNN_BY_SUMS(edgesnn_zero)
EDGESNN_BY_SUMS(edgesnn_clamp)
EDGESNN_BY_SUMS(edgesnn_score)
EDGESNN_BY_SUMS(edgesnn_step_own)
EDGESNN_BY_SUMS(edgesnn_zero_own)
EDGESNN_BY_SUMS(edgesnn_clamp_own)
EDGESNN_BY_SUMS(edgesnn_score_own)

/* The same of layers of whole sixteens, where there is one. */
#define EDGESNN_BY_SIXTEENS(name)                                                                  \
    EDGESNN_INLINE void name##_sixteens(const struct edgesnn_words *layer, int32_t constant,       \
                                        enum edgesnn_summed summed, const uint32_t *sums,          \
                                        int32_t *margin, uint32_t *spikes)                         \
    {                                                                                              \
        if (layer->margins % 64u == 0 && summed == EDGESNN_BYTES_SUMMED) {                         \
            name##_byte_sixteens(margin, sums, spikes, constant, layer);                           \
        } else if (layer->margins % 64u == 0 && summed == EDGESNN_LANES_SUMMED) {                  \
            name##_lane_sixteens(margin, sums, spikes, constant, layer);                           \
        } else {                                                                                   \
            name##_quads(layer, constant, summed, sums, margin, spikes);                           \
        }                                                                                          \
    }

EDGESNN_BY_SIXTEENS(edgesnn_step)
EDGESNN_BY_SIXTEENS(edgesnn_zero)

/* By whether neurons have parameters of their own, membranes may saturate, and are reset to zero. */
EDGESNN_INLINE void edgesnn_step_alike(const struct edgesnn_words *layer, int32_t shared,
                                       enum edgesnn_summed summed, bool clamps,
                                       const struct edgesnn_word_cells *cells)
{
    const int32_t constant = layer->constant + shared * 256;
    if (clamps) {
        edgesnn_clamp_quads(layer, constant, summed, cells->sums, cells->margin, cells->spikes);
    } else if (layer->keeps != 0) {
        edgesnn_step_sixteens(layer, constant, summed, cells->sums, cells->margin, cells->spikes);
    } else {
        edgesnn_zero_sixteens(layer, constant, summed, cells->sums, cells->margin, cells->spikes);
    }
}

EDGESNN_INLINE void edgesnn_step_own(const struct edgesnn_words *layer, int32_t shared,
                                     enum edgesnn_summed summed, bool clamps,
                                     const struct edgesnn_word_cells *cells)
{
    if (clamps) {
        edgesnn_clamp_own_quads(layer, shared, summed, cells->sums, cells->margin, cells->spikes);
    } else if (layer->keeps != 0) {
        edgesnn_step_own_quads(layer, shared, summed, cells->sums, cells->margin, cells->spikes);
    } else {
        edgesnn_zero_own_quads(layer, shared, summed, cells->sums, cells->margin, cells->spikes);
    }
}

/* All neurons in assembly, `clamps` where a membrane may saturate. */
EDGESNN_INLINE void edgesnn_step_together(const struct edgesnn_words *layer, int32_t shared,
                                          enum edgesnn_summed summed, bool clamps,
                                          const struct edgesnn_word_cells *cells)
{
    const uint32_t neurons = layer->neurons;
    if (layer->own != NULL) {
        edgesnn_step_own(layer, shared, summed, clamps, cells);
    } else {
        edgesnn_step_alike(layer, shared, summed, clamps, cells);
    }
    if (neurons % 8u != 0) {
        cells->spikes[neurons / 32u] &= (1u << neurons % 32u) - 1u;
    }
}
#else
EDGESNN_INLINE void edgesnn_step_together(const struct edgesnn_words *layer, int32_t shared,
                                          enum edgesnn_summed summed, bool clamps,
                                          const struct edgesnn_word_cells *cells)
{
    (void)clamps;
    (void)edgesnn_step_margins(layer, shared, summed, cells);
}
#endif

/* One step of a layer; see edgesnn_step_membranes. */
EDGESNN_INLINE void edgesnn_step_words(const struct edgesnn_words *layer,
                                       const struct edgesnn_byte_rows *rows,
                                       const struct edgesnn_heard *events,
                                       const struct edgesnn_word_cells *cells)
{
    const bool quiet = events->count == 0;
    edgesnn_clear_words(cells->spikes, EDGESNN_WORDS(layer->neurons));
    if (quiet && *cells->rests == EDGESNN_RESTS) {
        return;
    }
    const enum edgesnn_summed summed =
        edgesnn_sum_rows(rows, events, edgesnn_quads_of(layer->neurons), cells->sums);
    const int32_t shared = -rows->bias * (int32_t)events->count;
    if (quiet && *cells->rests == 0) {
        const bool changed = edgesnn_step_margins(layer, shared, summed, cells);
        *cells->rests = changed ? EDGESNN_PATIENCE : EDGESNN_RESTS;
    } else {
        const bool clamps = layer->saturates && (int32_t)events->count > layer->calm;
        edgesnn_step_together(layer, shared, summed, clamps, cells);
        *cells->rests = (uint8_t)(quiet ? *cells->rests - 1u : EDGESNN_PATIENCE);
    }
}

/* One step of a readout whose scores are proven to stay below 2^22. */
EDGESNN_INLINE void edgesnn_step_word_scores(const struct edgesnn_words *layer,
                                             const struct edgesnn_byte_rows *rows,
                                             const struct edgesnn_heard *events, uint32_t *sums,
                                             int32_t *y)
{
    const enum edgesnn_summed summed =
        edgesnn_sum_rows(rows, events, edgesnn_quads_of(layer->neurons), sums);
    const int32_t shared = -rows->bias * (int32_t)events->count;
#if EDGESNN_THUMB
    if (layer->own != NULL) {
        edgesnn_score_own_quads(layer, shared, summed, sums, y, NULL);
    } else {
        edgesnn_score_quads(layer, layer->constant + shared * 256, summed, sums, y, NULL);
    }
#else
    for (uint32_t neuron = 0; neuron < layer->neurons; neuron++) {
        uint32_t words[4];
        edgesnn_summed_quad(summed, sums, neuron / 4u, words);
        y[neuron] =
            edgesnn_leak_margin(layer, neuron, (int32_t)words[neuron % 4u] + shared, y[neuron]);
    }
#endif
}

#endif
