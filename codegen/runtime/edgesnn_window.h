/* SPDX-License-Identifier: MIT-0
 *
 * Convolutions and pools, scattered by events: each event visits the windows that it lies in.
 * One spatial axis is two of which the first has length one.
 */
#ifndef EDGESNN_WINDOW_H
#define EDGESNN_WINDOW_H

#include "edgesnn_sparse.h"

/* One spatial axis: positions, windows over them, and how the windows lie. */
struct edgesnn_axis {
    uint32_t length;
    uint32_t windows;
    uint32_t kernel;
    uint32_t stride;
    uint32_t padding;
};

/* Windows `first` up to `end` of an axis. */
struct edgesnn_span {
    uint32_t first;
    uint32_t end;
};

/* The windows that hold the position `padded`, counted from the start of the padding. */
EDGESNN_INLINE struct edgesnn_span edgesnn_windows_over(const struct edgesnn_axis *axis,
                                                        uint32_t padded)
{
    const bool each = axis->stride == 1u; /* divisions cost */
    const uint32_t last = each ? padded : padded / axis->stride;
    struct edgesnn_span span = {0, last < axis->windows ? last + 1u : axis->windows};
    if (padded >= axis->kernel) {
        const uint32_t beyond = padded - axis->kernel;
        span.first = (each ? beyond : beyond / axis->stride) + 1u;
    }
    return span;
}

/* A presynaptic neuron's place, rows and columns counted from the start of the padding. */
struct edgesnn_place {
    uint32_t channel;
    uint32_t row;
    uint32_t column;
};

EDGESNN_INLINE struct edgesnn_place edgesnn_place_of(uint32_t neuron,
                                                     const struct edgesnn_axis *rows,
                                                     const struct edgesnn_axis *columns)
{
    const uint32_t line = neuron / columns->length;
    return (struct edgesnn_place){line / rows->length, line % rows->length + rows->padding,
                                  neuron % columns->length + columns->padding};
}

/* `weight` is packed as in edgesnn_sparse.h and laid out by presynaptic channel, kernel row,
 * kernel column, then the `fan` postsynaptic channels that the presynaptic channel feeds.
 * A convolution group has `group_channels` presynaptic channels. */
struct edgesnn_conv {
    const uint8_t *weight;
    uint32_t bits;
    uint32_t fan;
    uint32_t group_channels;
    struct edgesnn_axis rows;
    struct edgesnn_axis columns;
};

/* Add one event to the `fan` neurons of one window; weights begin at `synapse`. */
EDGESNN_INLINE void edgesnn_conv_window(const struct edgesnn_conv *group, uint32_t synapse,
                                        uint32_t post, int32_t value, int32_t *current)
{
    const uint32_t sites = group->rows.windows * group->columns.windows;
    for (uint32_t channel = 0; channel < group->fan; channel++) {
        const int32_t weight = edgesnn_weight(group->weight, group->bits, synapse + channel);
        current[post + channel * sites] += weight * value;
    }
}

EDGESNN_INLINE void edgesnn_conv_event(const struct edgesnn_conv *group, uint32_t neuron,
                                       int32_t value, int32_t *current)
{
    const struct edgesnn_axis *rows = &group->rows, *columns = &group->columns;
    const struct edgesnn_place place = edgesnn_place_of(neuron, rows, columns);
    const struct edgesnn_span down = edgesnn_windows_over(rows, place.row);
    const struct edgesnn_span along = edgesnn_windows_over(columns, place.column);
    const uint32_t channel = place.channel / group->group_channels * group->fan;
    for (uint32_t row = down.first; row < down.end; row++) {
        const uint32_t line =
            place.channel * rows->kernel + place.row - row * rows->stride;
        for (uint32_t column = along.first; column < along.end; column++) {
            const uint32_t tap = line * columns->kernel + place.column - column * columns->stride;
            const uint32_t post = (channel * rows->windows + row) * columns->windows + column;
            edgesnn_conv_window(group, tap * group->fan, post, value, current);
        }
    }
}

EDGESNN_INLINE void edgesnn_conv(const struct edgesnn_conv *group,
                                 const struct edgesnn_events *events, bool graded,
                                 int32_t *current)
{
    for (uint32_t event = 0; event < events->count; event++) {
        const int32_t value = edgesnn_value(events, event, graded);
        edgesnn_conv_event(group, events->neuron[event], value, current);
    }
}

/* A pool without padding. Of a max pool's window only the first spike counts: `touched` has one
 * bit a postsynaptic neuron, all zero before a step's first batch. NULL for a sum pool. */
struct edgesnn_pool {
    int32_t weight;
    struct edgesnn_axis rows;
    struct edgesnn_axis columns;
};

/* Whether a spike counts for neuron `post`; marks it in `touched`. */
EDGESNN_INLINE bool edgesnn_touch(uint32_t *touched, uint32_t post)
{
    if (touched == NULL) {
        return true;
    }
    const uint32_t bit = 1u << post % 32u;
    const bool first = (touched[post / 32u] & bit) == 0;
    touched[post / 32u] |= bit;
    return first;
}

EDGESNN_INLINE void edgesnn_pool(const struct edgesnn_pool *group,
                                 const struct edgesnn_events *events, uint32_t *touched,
                                 int32_t *current)
{
    const struct edgesnn_axis *rows = &group->rows, *columns = &group->columns;
    for (uint32_t event = 0; event < events->count; event++) {
        const struct edgesnn_place place =
            edgesnn_place_of(events->neuron[event], rows, columns);
        const struct edgesnn_span down = edgesnn_windows_over(rows, place.row);
        const struct edgesnn_span along = edgesnn_windows_over(columns, place.column);
        for (uint32_t row = down.first; row < down.end; row++) {
            const uint32_t line = (place.channel * rows->windows + row) * columns->windows;
            for (uint32_t column = along.first; column < along.end; column++) {
                if (edgesnn_touch(touched, line + column)) {
                    current[line + column] += group->weight;
                }
            }
        }
    }
}

#endif
