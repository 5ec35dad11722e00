/* SPDX-License-Identifier: MIT-0
 *
 * Neurons: the membrane's step (docs/SPEC.md section 4), the readout and the decision (section 5).
 *
 * Each step consumes the layer's currents and leaves them zero for the next layer.
 */
#ifndef EDGESNN_NEURONS_H
#define EDGESNN_NEURONS_H

#include "edgesnn_base.h"

/* A spiking layer of `channels * sites` neurons, in C order. Where bounds prove that a clamp
 * cannot act, `saturates` or `adaptation_saturates` is false and it is left out. */
struct edgesnn_neurons {
    uint32_t channels;
    uint32_t sites;
    struct edgesnn_vector bias;
    struct edgesnn_vector decay;
    struct edgesnn_vector threshold;
    struct edgesnn_vector adaptation_decay;
    struct edgesnn_vector adaptation_coupling;
    struct edgesnn_vector adaptation_jump;
    bool adaptive;
    bool strict;
    bool reset_to_zero;
    bool reset_delayed;
    bool saturates;
    bool adaptation_saturates;
};

/* u: the leaked membrane plus all currents, less the reset that a delayed one still owes. */
EDGESNN_INLINE int32_t edgesnn_integrate(const struct edgesnn_neurons *layer, uint32_t channel,
                                         int32_t v, int32_t current, bool fired_before)
{
    const bool resets = layer->reset_delayed && fired_before;
    const int32_t kept = resets && layer->reset_to_zero ? 0 : v;
    int32_t u = (kept * edgesnn_at(&layer->decay, channel) >> 8) + current;
    if (resets && !layer->reset_to_zero) {
        u -= edgesnn_at(&layer->threshold, channel);
    }
    return layer->saturates ? edgesnn_saturate16(u) : u;
}

/* The adaptation current of the next step, driven by the membrane after the reset. */
EDGESNN_INLINE int32_t edgesnn_adapt(const struct edgesnn_neurons *layer, uint32_t channel,
                                     int32_t a, int32_t v, bool fires)
{
    const int32_t memory = a * edgesnn_at(&layer->adaptation_decay, channel) >> 8;
    const int32_t drive = v * edgesnn_at(&layer->adaptation_coupling, channel) >> 8;
    const int32_t jump = fires ? edgesnn_at(&layer->adaptation_jump, channel) : 0;
    const int32_t next = memory + drive + jump;
    return layer->adaptation_saturates ? edgesnn_saturate16(next) : next;
}

/* One step of one neuron; `current` is all but bias and adaptation. True where it fires. */
EDGESNN_INLINE bool edgesnn_step_neuron(const struct edgesnn_neurons *layer, uint32_t channel,
                                        int32_t current, int16_t *v, int16_t *a, bool fired_before)
{
    const int32_t threshold = edgesnn_at(&layer->threshold, channel);
    const int32_t drive =
        current + edgesnn_at(&layer->bias, channel) - (layer->adaptive ? *a : 0);
    const int32_t u = edgesnn_integrate(layer, channel, *v, drive, fired_before);
    const bool fires = layer->strict ? u > threshold : u >= threshold;
    int32_t kept = u;
    *v = (int16_t)u;
    if (EDGESNN_RARELY(fires) && !layer->reset_delayed) {
        kept = layer->reset_to_zero ? 0 : u - threshold;
        *v = (int16_t)kept;
    }
    if (layer->adaptive) {
        *a = (int16_t)edgesnn_adapt(layer, channel, *a, kept, fires);
    }
    return fires;
}

/* One step of a layer. `a` is used by adaptive layers only. `before` holds the spikes of the
 * last step, for delayed resets; it may be the same bitmap as `spikes`. Where `watched`, not zero if
 * a neuron fired or changed; else 0. */
EDGESNN_INLINE uint32_t edgesnn_step_neurons(const struct edgesnn_neurons *layer, int32_t *current,
                                             int16_t *v, int16_t *a, const uint32_t *before,
                                             uint32_t *spikes, bool watched)
{
    const uint32_t neurons = layer->channels * layer->sites;
    uint32_t channel = 0, site = 0, changed = 0;
    for (uint32_t base = 0; base < neurons; base += 32u, before++, spikes++) {
        const uint32_t count = neurons - base < 32u ? neurons - base : 32u;
        uint32_t fired = 0;
        for (uint32_t bit = 0; bit < count; bit++, current++, v++) {
            const bool fired_before = layer->reset_delayed && (*before >> bit & 1u) != 0;
            const int32_t old_v = watched ? *v : 0, old_a = watched && layer->adaptive ? *a : 0;
            if (EDGESNN_RARELY(edgesnn_step_neuron(layer, channel, *current, v, a, fired_before))) {
                fired |= 1u << bit;
            }
            *current = 0;
            if (watched) {
                changed |= (uint32_t)(old_v ^ *v);
                changed |= layer->adaptive ? (uint32_t)(old_a ^ *a) : 0;
            }
            a += layer->adaptive ? 1 : 0;
            site = site + 1u == layer->sites ? 0 : site + 1u;
            channel += site == 0 ? 1u : 0u;
        }
        *spikes = fired;
        changed |= watched ? fired : 0;
    }
    return changed;
}

/* The non-spiking readout of `channels * sites` scores. */
struct edgesnn_readout {
    uint32_t channels;
    uint32_t sites;
    struct edgesnn_vector bias;
    struct edgesnn_vector decay;
    bool saturates;
};

/* One step of the readout. Exact in int32: |y| is at most 2^23 and a decay at most 2^8. */
EDGESNN_INLINE void edgesnn_step_readout(const struct edgesnn_readout *layer, int32_t *current,
                                         int32_t *y)
{
    const uint32_t neurons = layer->channels * layer->sites;
    for (uint32_t neuron = 0; neuron < neurons; neuron++) {
        const uint32_t channel = neuron / layer->sites;
        const int32_t kept = y[neuron] * edgesnn_at(&layer->decay, channel) >> 8;
        const int32_t next = kept + current[neuron] + edgesnn_at(&layer->bias, channel);
        y[neuron] = layer->saturates ? edgesnn_saturate24(next) : next;
        current[neuron] = 0;
    }
}

/* The class with the largest score, the first of equals. */
EDGESNN_INLINE uint32_t edgesnn_decide(const int32_t *y, uint32_t classes)
{
    uint32_t best = 0;
    for (uint32_t each = 1; each < classes; each++) {
        best = y[each] > y[best] ? each : best;
    }
    return best;
}

#endif
