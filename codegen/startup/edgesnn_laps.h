/* SPDX-License-Identifier: MIT-0
 *
 * Cycles by part of a network: part 0 is all that comes before the first layer (front-end,
 * encoding), part n the n-th layer. The network's code, compiled for an image that measures, calls
 * `edgesnn_lap` at the end of each.
 */
#ifndef EDGESNN_LAPS_H
#define EDGESNN_LAPS_H

#include "edgesnn_counter.h"

/* Cycles of each part since they were last cleared, and when the part that runs began. */
extern uint32_t edgesnn_lap_cycles[];
extern uint32_t edgesnn_lap_start;

static inline void edgesnn_lap(uint32_t part)
{
    const uint32_t now = edgesnn_cycles();
    edgesnn_lap_cycles[part] += edgesnn_cycles_between(edgesnn_lap_start, now);
    edgesnn_lap_start = now;
}

#endif
