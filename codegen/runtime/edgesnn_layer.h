/* SPDX-License-Identifier: MIT-0
 *
 * A spiking layer in lanes as structs (edgesnn_membranes.h).
 */
#ifndef EDGESNN_LAYER_H
#define EDGESNN_LAYER_H

#include "edgesnn_rows.h"

struct edgesnn_membranes {
    uint32_t tiles;
    struct edgesnn_parameter start;
    struct edgesnn_parameter decay;
    struct edgesnn_parameter level;
    struct edgesnn_parameter threshold;
    struct edgesnn_parameter adaptation_decay;
    struct edgesnn_parameter adaptation_jump;
    int32_t calm; /* of layers that saturate: most events of a step in which none can; or -1 */
    bool saturates;
    bool adaptive;
    bool reset_to_zero;
    bool adaptation_saturates;
};

/* A layer's state. `rests` is for edgesnn_step_membranes, `sums` for layers whose sums are
 * written down first: room for a word a pair; `still` for those of edgesnn_adaptive.h. */
struct edgesnn_cells {
    uint32_t *v;
    uint32_t *a;
    uint32_t *spikes;
    uint32_t *sums;
    uint8_t *rests;
    uint32_t *still;
};

/* What a layer receives in one step: events into `rows`, and lanes of other currents, those of
 * this step alone (`drive`) and those that are kept from step to step (`kept`). Each may be NULL. */
struct edgesnn_arrivals {
    const struct edgesnn_rows *rows;
    struct edgesnn_list events;
    const uint32_t *drive;
    const uint32_t *kept;
};

#endif
