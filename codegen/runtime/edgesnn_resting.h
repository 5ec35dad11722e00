/* SPDX-License-Identifier: MIT-0
 *
 * Rest (edgesnn_membranes.h) of layers that are stepped neuron by neuron.
 */
#ifndef EDGESNN_RESTING_H
#define EDGESNN_RESTING_H

#include "edgesnn_input.h"
#include "edgesnn_membranes.h"
#include "edgesnn_neurons.h"

/* One step of a layer without delayed resets, `quiet` where nothing arrives but what arrived in the
 * last step too, of which `current` is made anew if it `lasts`. */
EDGESNN_INLINE void edgesnn_step_or_rest(const struct edgesnn_neurons *layer, bool quiet,
                                         bool lasts, uint8_t *rests, int32_t *current, int16_t *v,
                                         int16_t *a, uint32_t *spikes)
{
    const uint32_t neurons = layer->channels * layer->sites;
    if (quiet && *rests == EDGESNN_RESTS) {
        edgesnn_clear_bitmap(spikes, EDGESNN_WORDS(neurons));
        if (lasts) {
            edgesnn_clear_currents(current, neurons);
        }
    } else if (quiet && *rests == 0) {
        const uint32_t changed = edgesnn_step_neurons(layer, current, v, a, NULL, spikes, true);
        *rests = changed == 0 ? EDGESNN_RESTS : EDGESNN_PATIENCE;
    } else {
        (void)edgesnn_step_neurons(layer, current, v, a, NULL, spikes, false);
        *rests = (uint8_t)(quiet ? *rests - 1u : EDGESNN_PATIENCE);
    }
}

#endif
