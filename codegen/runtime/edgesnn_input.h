/* SPDX-License-Identifier: MIT-0
 *
 * Graded input (docs/SPEC.md sections 2 and 3): what the synapses see, and its currents.
 */
#ifndef EDGESNN_INPUT_H
#define EDGESNN_INPUT_H

#include "edgesnn_lanes.h"

/* Direct encoding with a history: the synapses see the features as they are. */
EDGESNN_INLINE void edgesnn_keep_features(const int8_t *features, int8_t *now, uint32_t channels)
{
    for (uint32_t channel = 0; channel < channels; channel++) {
        now[channel] = features[channel];
    }
}

/* Delta encoding: a channel is sent when it differs by more than `delta` from what was sent. */
EDGESNN_INLINE void edgesnn_encode_delta(const int8_t *features, const int8_t *before, int8_t *now,
                                         uint32_t channels, int32_t delta)
{
    for (uint32_t channel = 0; channel < channels; channel++) {
        const int32_t change = features[channel] - before[channel];
        const bool sent = change > delta || change < -delta;
        now[channel] = sent ? features[channel] : before[channel];
    }
}

/* Currents are zero between layers; to be restored where their memory served another purpose. */
EDGESNN_INLINE void edgesnn_clear_currents(int32_t *current, uint32_t neurons)
{
    for (uint32_t neuron = 0; neuron < neurons; neuron++) {
        current[neuron] = 0;
    }
}

/* current = floor(graded / 2^shift), all of a layer's currents being zero before. */
EDGESNN_INLINE void edgesnn_shift_graded(const int32_t *graded, int32_t *current, uint32_t neurons,
                                         uint32_t shift)
{
    for (uint32_t neuron = 0; neuron < neurons; neuron++) {
        current[neuron] = graded[neuron] >> shift;
    }
}

/* Currents, floor(current / 2^shift), as lanes; a lane holds a current modulo 2^16. `lanes` may be
 * the currents' own memory. `neurons` is even. */
EDGESNN_INLINE void edgesnn_pack_currents(const int32_t *current, uint32_t *lanes,
                                          uint32_t neurons, uint32_t shift)
{
    for (uint32_t pair = 0; pair < neurons / 2u; pair++) {
        const int32_t low = current[2u * pair] >> shift, high = current[2u * pair + 1u] >> shift;
        lanes[pair] = edgesnn_join(low, high);
    }
}

#endif
