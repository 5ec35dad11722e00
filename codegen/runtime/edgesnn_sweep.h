/* SPDX-License-Identifier: MIT-0
 *
 * A whole step of a layer of leaky neurons that share their parameters, on cores with the DSP
 * extension: which function of edgesnn_sweep_tiles.h does it, and with what.
 */
#ifndef EDGESNN_SWEEP_H
#define EDGESNN_SWEEP_H

#include "edgesnn_layer.h"
#include "edgesnn_nibbles.h"

#if EDGESNN_DSP && !defined(EDGESNN_COMPACT)
#include "edgesnn_sweep_tiles.h"

/* Whether steps of the layer can be sweeps. */
EDGESNN_INLINE bool edgesnn_can_sweep(const struct edgesnn_membranes *layer,
                                      const struct edgesnn_arrivals *arrivals)
{
    const bool shares = layer->start.each == NULL && layer->decay.each == NULL &&
                        layer->level.each == NULL && layer->threshold.each == NULL;
    const bool takes = arrivals->kept == NULL || arrivals->drive == NULL;
    return shares && takes && !layer->adaptive && layer->level.all > INT16_MIN;
}

/* `further` of plain sums. */
EDGESNN_INLINE uint32_t edgesnn_sweep_further(const struct edgesnn_membranes *layer, int32_t bias)
{
    const int32_t level = layer->saturates ? layer->level.all : 0;
    return (uint32_t)(layer->start.all - bias - level + 0x8000);
}

/* What the reset of plain sums takes (edgesnn_sweep_parts.h). */
EDGESNN_INLINE uint32_t edgesnn_sweep_reset(const struct edgesnn_membranes *layer)
{
    const int32_t level = layer->level.all + 0x8000;
#if defined(EDGESNN_DUAL_ISSUE)
    const int32_t less = level - layer->threshold.all;
#else
    const int32_t less = layer->threshold.all;
#endif
    return layer->reset_to_zero ? edgesnn_pack(-level, -level) : edgesnn_pack(less, less);
}

/* What functions for plain sums take. */
#define EDGESNN_SWEEP_PLAIN(list, count, drive)                                                    \
    cells->v, layer->decay.all * 256, edgesnn_sweep_further(layer, bias),                          \
        edgesnn_pack(layer->level.all + 0x8000, layer->level.all + 0x8000), list, count, drive,    \
        &cells->v[EDGESNN_TILE_PAIRS * layer->tiles],                                              \
        (uint32_t)(uintptr_t)cells->spikes - ((uint32_t)(uintptr_t)cells->v >> 4),                 \
        edgesnn_sweep_reset(layer), layer->reset_to_zero ? edgesnn_fire_zero : edgesnn_fire_less

/* A sweep by `sweep`, a function for sums that saturate. */
#define EDGESNN_SWEEP_SATURATING(sweep, list, count, drive)                                        \
    sweep(cells->v, layer->decay.all * 256,                                                        \
          edgesnn_pack(layer->start.all - bias, layer->start.all - bias),                          \
          edgesnn_pack(layer->level.all - 1, layer->level.all - 1), list, count, drive,            \
          &cells->v[EDGESNN_TILE_PAIRS * layer->tiles],                                            \
          (uint32_t)(uintptr_t)cells->spikes - ((uint32_t)(uintptr_t)cells->v >> 4),               \
          edgesnn_pack(layer->threshold.all, layer->threshold.all),                                \
          layer->reset_to_zero ? edgesnn_fire_settled_zero : edgesnn_fire_settled_less, 0)

/* A step without arrivals; where `watched`, bits in which membranes changed. */
EDGESNN_INLINE uint32_t edgesnn_sweep_nothing(const struct edgesnn_membranes *layer, bool watched,
                                              const struct edgesnn_cells *cells)
{
    const int32_t bias = 0;
    if (watched) {
        return edgesnn_sweep_watched(EDGESNN_SWEEP_PLAIN(NULL, 0, NULL));
    }
    edgesnn_sweep_quiet(EDGESNN_SWEEP_PLAIN(NULL, 0, NULL));
    return 0;
}

/* Rows of four bits a weight and other currents, as a drive. */
EDGESNN_INLINE const uint32_t *edgesnn_sweep_heard(const struct edgesnn_membranes *layer,
                                                   const struct edgesnn_arrivals *arrivals,
                                                   int32_t bias, const struct edgesnn_cells *cells)
{
    const uint32_t pairs = EDGESNN_TILE_PAIRS * layer->tiles;
    edgesnn_hear_rows4(arrivals->events.place, arrivals->events.count, cells->sums,
                       &cells->sums[pairs], edgesnn_pack(-bias, -bias));
    edgesnn_add_lanes_of(arrivals->drive, pairs, cells->sums);
    edgesnn_add_lanes_of(arrivals->kept, pairs, cells->sums);
    return cells->sums;
}

/* Whether the paired functions serve: they take their time to begin and to end a tile. */
EDGESNN_INLINE bool edgesnn_can_pair(uint32_t count, const uint32_t *drive)
{
#if defined(EDGESNN_DUAL_ISSUE)
    return drive == NULL && count >= 8u && count <= EDGESNN_MANY;
#else
    (void)count;
    (void)drive;
    return false;
#endif
}

/* A step with `count` events in the list of edgesnn_sweep8, and a drive. */
EDGESNN_INLINE void edgesnn_sweep_list(const struct edgesnn_membranes *layer, bool calm,
                                       int32_t bias, uint32_t *list, uint32_t count,
                                       const uint32_t *drive, const struct edgesnn_cells *cells)
{
    if (edgesnn_can_pair(count, drive)) {
        if (calm) {
            edgesnn_sweep8_paired(EDGESNN_SWEEP_PLAIN(list, count, drive), 0);
        } else {
            EDGESNN_SWEEP_SATURATING(edgesnn_sweep8_paired_saturating, list, count, drive);
        }
    } else if (calm) {
        edgesnn_sweep8(EDGESNN_SWEEP_PLAIN(list, count, drive), 0);
    } else {
        EDGESNN_SWEEP_SATURATING(edgesnn_sweep8_saturating, list, count, drive);
    }
}

/* A step with arrivals. */
EDGESNN_INLINE void edgesnn_sweep_arrivals(const struct edgesnn_membranes *layer,
                                           const struct edgesnn_arrivals *arrivals,
                                           const struct edgesnn_cells *cells)
{
    const uint32_t count = arrivals->events.count;
    const int32_t bias = arrivals->rows != NULL ? arrivals->rows->bias * (int32_t)count : 0;
    const bool calm = !layer->saturates || (int32_t)count <= layer->calm;
    const uint32_t *const drive = arrivals->kept != NULL ? arrivals->kept : arrivals->drive;
    const bool narrow = count != 0 && arrivals->rows->bits == 4u;
    uint32_t nothing[1];
    if (narrow && calm && count <= EDGESNN_NIBBLE_EVENTS && drive == NULL) {
        edgesnn_sweep4(EDGESNN_SWEEP_PLAIN(arrivals->events.place, count, NULL), 0, 0);
    } else if (narrow) {
        const uint32_t *const heard = edgesnn_sweep_heard(layer, arrivals, bias, cells);
        edgesnn_sweep_list(layer, calm, 0, nothing, 0, heard, cells);
    } else {
        uint32_t *const list = count != 0 ? arrivals->events.place : nothing;
        edgesnn_sweep_list(layer, calm, bias, list, count, drive, cells);
    }
}

/* A whole step; where `watched`, bits in which membranes changed. */
EDGESNN_INLINE uint32_t edgesnn_sweep(const struct edgesnn_membranes *layer,
                                      const struct edgesnn_arrivals *arrivals, bool watched,
                                      const struct edgesnn_cells *cells)
{
    edgesnn_clear_bitmap(cells->spikes, EDGESNN_WORDS(EDGESNN_TILE * layer->tiles));
    const bool nothing =
        arrivals->events.count == 0 && arrivals->drive == NULL && arrivals->kept == NULL;
    if (watched || (nothing && layer->calm >= 0)) {
        return edgesnn_sweep_nothing(layer, watched, cells);
    }
    edgesnn_sweep_arrivals(layer, arrivals, cells);
    return 0;
}
#else
EDGESNN_INLINE bool edgesnn_can_sweep(const struct edgesnn_membranes *layer,
                                      const struct edgesnn_arrivals *arrivals)
{
    (void)layer;
    (void)arrivals;
    return false;
}

EDGESNN_INLINE uint32_t edgesnn_sweep(const struct edgesnn_membranes *layer,
                                      const struct edgesnn_arrivals *arrivals, bool watched,
                                      const struct edgesnn_cells *cells)
{
    (void)layer;
    (void)arrivals;
    (void)watched;
    (void)cells;
    return 0;
}
#endif

#endif
