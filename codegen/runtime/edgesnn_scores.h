/* SPDX-License-Identifier: MIT-0
 *
 * The readout where the currents of its rows are proven to fit int16: they are added in lanes, a
 * tile at a time, and join scores of 32 bits. On Cortex-M4 an event costs 15.5 cycles for each
 * sixteen classes, a class some 8 a step.
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

/* One step of a readout with rows. */
EDGESNN_INLINE void edgesnn_step_scores(const struct edgesnn_readout *layer,
                                        const struct edgesnn_arrivals *arrivals, int32_t *other,
                                        int32_t *y)
{
    const uint32_t neurons = layer->channels * layer->sites;
    const int32_t shared = -(arrivals->rows->bias * (int32_t)arrivals->events.count);
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
