/* SPDX-License-Identifier: MIT-0
 *
 * The readout where the currents of its rows are proven to fit int16: they are added in lanes, a
 * tile at a time, and join scores of 32 bits. On Cortex-M4 an event costs 15.5 cycles for each
 * sixteen classes, a class some 8 a step, and 4.5 where all classes share what they have.
 */
#ifndef EDGESNN_SCORES_H
#define EDGESNN_SCORES_H

#include "edgesnn_layer.h"
#include "edgesnn_neurons.h"
#include "edgesnn_nibbles.h"

/* Currents of one tile, as lanes; `shared` takes off the bias of its rows. */
EDGESNN_INLINE void edgesnn_hear_classes(const struct edgesnn_arrivals *arrivals, uint32_t tile,
                                         int32_t shared, uint32_t *sum)
{
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        sum[pair] = edgesnn_both(shared);
    }
    if (arrivals->rows->bits == 4u) {
        edgesnn_add_rows4(arrivals->rows, &arrivals->events, tile, sum);
    } else {
        edgesnn_add_rows8(arrivals->rows, &arrivals->events, sum);
    }
    EDGESNN_UNROLL
    for (uint32_t pair = 0; pair < EDGESNN_TILE_PAIRS; pair++) {
        sum[pair] = edgesnn_lanes_of(sum[pair]);
    }
}

/* One step of the score of neuron `neuron`; see edgesnn_step_readout. `other` are currents that do
 * not come by rows, or NULL. */
EDGESNN_INLINE void edgesnn_step_score(const struct edgesnn_readout *layer, uint32_t neuron,
                                       int32_t current, int32_t *other, int32_t *y)
{
    const uint32_t channel = neuron / layer->sites;
    const int32_t kept = y[neuron] * edgesnn_at(&layer->decay, channel) >> 8;
    int32_t next = kept + current + edgesnn_at(&layer->bias, channel);
    if (other != NULL) {
        next += other[neuron];
        other[neuron] = 0;
    }
    y[neuron] = layer->saturates ? edgesnn_saturate24(next) : next;
}

#if EDGESNN_DSP && !defined(EDGESNN_COMPACT)
/* Whether the scores are stepped by fours: floor(y * decay / 2^8) is y + floor(y * (decay - 2^8) /
 * 2^8), of which the upper half of a product of 32 bits by (decay - 2^8) * 2^24 is the floor. */
EDGESNN_INLINE bool edgesnn_can_score_fours(const struct edgesnn_readout *layer,
                                            const struct edgesnn_arrivals *arrivals,
                                            const int32_t *other)
{
    const bool shares = layer->bias.narrow == NULL && layer->bias.wide == NULL &&
                        layer->decay.narrow == NULL && layer->decay.wide == NULL;
    const bool suits = layer->bias.value == 0 && layer->decay.value >= 128 && !layer->saturates;
    const bool fours = layer->channels * layer->sites % 4u == 0;
    return shares && suits && fours && arrivals->rows->bits == 8u && other == NULL;
}

/* Four scores before r0, r12 being the factor; `low` and `high` hold their currents. */
#define EDGESNN_SCORE_FOUR(low, high)                                                              \
    "ldmdb.w r0, {r1-r3, lr}\n"                                                                    \
    "smmla   r1, r1, r12, r1\n"                                                                    \
    "smmla   r2, r2, r12, r2\n"                                                                    \
    "smmla   r3, r3, r12, r3\n"                                                                    \
    "smmla   lr, lr, r12, lr\n"                                                                    \
    "sxtah   r1, r1, " low "\n"                                                                    \
    "sxtah   r2, r2, " low ", ror #16\n"                                                           \
    "sxtah   r3, r3, " high "\n"                                                                   \
    "sxtah   lr, lr, " high ", ror #16\n"                                                          \
    "stmdb.w r0!, {r1-r3, lr}\n"

/* Bytes of it. */
#define EDGESNN_SCORE_FOUR_SIZE 40

/* Scores of a tile before `end`: their currents begin with the lanes `shared`, and there are rows
 * of `count` events. `from` is one less the bytes of EDGESNN_SCORE_FOUR for all of them. */
EDGESNN_NAKED void edgesnn_score_tile8(EDGESNN_UNUSED uint32_t *list, EDGESNN_UNUSED uint32_t count,
                                       EDGESNN_UNUSED int32_t *end, EDGESNN_UNUSED uint32_t shared,
                                       EDGESNN_UNUSED int32_t factor, EDGESNN_UNUSED int32_t from)
{
    __asm__ volatile(
        "push    {r2, r4-r11, lr}\n"
        "adr.w   r4, 4f\n"
        "cmp.w   r1, #0\n"
        EDGESNN_FIRST_EVENT8("r12", "r1", "r5", "3")
        "it      eq\n"
        "addeq.w r12, r4, #1\n"
        "mov     r4, r3\n"
        "mov     r5, r3\n"
        "mov     r6, r3\n"
        "mov     r7, r3\n"
        "mov     r8, r3\n"
        "mov     r9, r3\n"
        "mov     r10, r3\n"
        "mov     r11, r3\n"
        "mov     lr, r0\n"
        "ldr     r0, [r0]\n"
        "mov     r1, r0\n"
        "bx      r12\n"
        EDGESNN_EVENTS8(EDGESNN_EVENT8, "2", "0")
        "4:\n"
        "ldrd    r12, r1, [sp, #40]\n"
        "ldr.w   r0, [sp]\n"
        "adr.w   r2, 5f\n"
        "add.w   r2, r2, r1\n"
        "bx      r2\n"
        ".balign 4\n"
        EDGESNN_SCORE_FOUR("r10", "r11")
        EDGESNN_SCORE_FOUR("r8", "r9")
        EDGESNN_SCORE_FOUR("r6", "r7")
        EDGESNN_SCORE_FOUR("r4", "r5")
        "5:\n"
        "pop     {r0, r4-r11, pc}\n");
}

/* One step of a readout that suits. */
EDGESNN_INLINE void edgesnn_step_fours(const struct edgesnn_readout *layer,
                                       const struct edgesnn_arrivals *arrivals, int32_t shared,
                                       int32_t *y)
{
    const uint32_t neurons = layer->channels * layer->sites;
    const int32_t factor = (layer->decay.value - 256) * (1 << 24);
    for (uint32_t first = 0; first < neurons; first += EDGESNN_TILE) {
        const uint32_t left = neurons - first;
        const uint32_t count = left < EDGESNN_TILE ? left : EDGESNN_TILE;
        edgesnn_score_tile8(arrivals->events.place, arrivals->events.count, &y[first + count],
                            edgesnn_pack(shared, shared), factor,
                            1 - (int32_t)count / 4 * EDGESNN_SCORE_FOUR_SIZE);
    }
}
#else
EDGESNN_INLINE bool edgesnn_can_score_fours(const struct edgesnn_readout *layer,
                                            const struct edgesnn_arrivals *arrivals,
                                            const int32_t *other)
{
    (void)layer;
    (void)arrivals;
    (void)other;
    return false;
}

EDGESNN_INLINE void edgesnn_step_fours(const struct edgesnn_readout *layer,
                                       const struct edgesnn_arrivals *arrivals, int32_t shared,
                                       int32_t *y)
{
    (void)layer;
    (void)arrivals;
    (void)shared;
    (void)y;
}
#endif

/* One step of a readout with rows. */
EDGESNN_INLINE void edgesnn_step_scores(const struct edgesnn_readout *layer,
                                        const struct edgesnn_arrivals *arrivals, int32_t *other,
                                        int32_t *y)
{
    const uint32_t neurons = layer->channels * layer->sites;
    const int32_t shared = -(arrivals->rows->bias * (int32_t)arrivals->events.count);
    if (edgesnn_can_score_fours(layer, arrivals, other)) {
        edgesnn_step_fours(layer, arrivals, shared, y);
        return;
    }
    for (uint32_t first = 0; first < neurons; first += EDGESNN_TILE) {
        const uint32_t left = neurons - first;
        const uint32_t count = left < EDGESNN_TILE ? left : EDGESNN_TILE;
        uint32_t sum[EDGESNN_TILE_PAIRS];
        edgesnn_hear_classes(arrivals, first / EDGESNN_TILE, shared, sum);
        EDGESNN_UNROLL_BY_FOUR
        for (uint32_t at = 0; at < count; at++) {
            edgesnn_step_score(layer, first + at, edgesnn_lane(sum, at), other, y);
        }
    }
}

#endif
