/* SPDX-License-Identifier: MIT-0
 *
 * A whole step of a layer of leaky neurons that share their parameters, for cores with the DSP
 * extension: functions of assembly alone, so that no compiler has to find registers for them.
 *
 * Sums are in one of two forms:
 *     plain      They begin with floor(v * decay / 2^8) + further, where `further` is the bias less
 *                the level and plus 2^15. What is then in a lane is u - level + 2^15 modulo 2^16,
 *                and u - level is proven to fit int16: the mark is its sign, turned over. Adding
 *                `level`, which holds level + 2^15, gives u.
 *     saturates  They begin with `further`, the bias. QADD16 of the leaked membrane and the sum is
 *                u; the mark is the sign of QSUB16 of `level`, which holds level - 1, and u: a
 *                difference that leaves int16 keeps its sign.
 * Sums wrap on the way, which is exact (edgesnn_lanes.h). A layer that saturates is plain in steps
 * of few events (`calm`). All marks of a tile are tested at once: what a spike costs is only paid
 * in tiles where there is one.
 *
 * Cycles on Cortex-M4 (on M33 one less an event):
 *     15.5   an event and tile, 0.97 a synapse: 5 for its four words, 8 to add them, 2 to take its
 *            place off the list and put back that of the next tile. Words and additions alone are
 *            12, 0.75 a synapse, if no load had a first cycle.
 *     64     a plain tile at which nothing arrives, 4 a neuron: 18 to load and store, 24 to leak,
 *            8 to find marks, 8 to make membranes of sums. What arrives costs 15 more.
 *     90     a tile that saturates
 *     25     more a tile with spikes, and some 11 a spike for the reset (edgesnn_membranes.h)
 */
#ifndef EDGESNN_SWEEP_H
#define EDGESNN_SWEEP_H

#include "edgesnn_layer.h"
#include "edgesnn_nibbles.h"
#include "edgesnn_sweep_parts.h"

#if EDGESNN_DSP && !defined(EDGESNN_COMPACT)
/* All tiles of a plain layer at which something arrives, rows of 8 bits a weight. `end` is that of
 * the membranes; `bits` is the address of the bitmap less a sixteenth of `v`, since a tile is 32
 * bytes of membranes and 2 of bits. */
EDGESNN_NAKED void edgesnn_sweep8(
    EDGESNN_UNUSED uint32_t *v, EDGESNN_UNUSED int32_t decay, EDGESNN_UNUSED uint32_t further,
    EDGESNN_UNUSED uint32_t level, EDGESNN_UNUSED uint32_t *list, EDGESNN_UNUSED uint32_t count,
    EDGESNN_UNUSED const uint32_t *drive, EDGESNN_UNUSED const uint32_t *end,
    EDGESNN_UNUSED uint32_t bits)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN8
        "1:\n"
        "ldmia.w r0, {r4-r11}\n"
        EDGESNN_SWEEP_LEAK
        EDGESNN_SWEEP_ARRIVALS8
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        "6:\n"
        EDGESNN_SWEEP_TO_MEMBRANES
        "stmia.w r0!, {r4-r11}\n"
        EDGESNN_SWEEP_NEXT
        "7:\n"
        EDGESNN_SWEEP_EMIT(EDGESNN_SWEEP_BITS)
        "b.w     6b\n"
        EDGESNN_SWEEP_ADD_DRIVE);
}

/* The same of a layer that saturates; `further` is the same in both lanes. */
EDGESNN_NAKED void edgesnn_sweep8_saturating(
    EDGESNN_UNUSED uint32_t *v, EDGESNN_UNUSED int32_t decay, EDGESNN_UNUSED uint32_t further,
    EDGESNN_UNUSED uint32_t level, EDGESNN_UNUSED uint32_t *list, EDGESNN_UNUSED uint32_t count,
    EDGESNN_UNUSED const uint32_t *drive, EDGESNN_UNUSED const uint32_t *end,
    EDGESNN_UNUSED uint32_t bits)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN8
        "1:\n"
        "ldr.w   r2, [sp, #8]\n"
        EDGESNN_SWEEP_START
        EDGESNN_SWEEP_ARRIVALS8
        EDGESNN_SWEEP_SETTLE
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        "6:\n"
        "add.w   r0, r0, #32\n"
        EDGESNN_SWEEP_NEXT
        "7:\n"
        EDGESNN_SWEEP_EMIT(EDGESNN_SWEEP_BITS)
        "b.w     6b\n"
        EDGESNN_SWEEP_ADD_DRIVE);
}

/* All tiles of a plain layer at which 1 to 16 events of 4 bits a weight arrive, and nothing else.
 * `where` is for the function's own use. */
EDGESNN_NAKED void edgesnn_sweep4(
    EDGESNN_UNUSED uint32_t *v, EDGESNN_UNUSED int32_t decay, EDGESNN_UNUSED uint32_t further,
    EDGESNN_UNUSED uint32_t level, EDGESNN_UNUSED uint32_t *list, EDGESNN_UNUSED uint32_t count,
    EDGESNN_UNUSED uint32_t where, EDGESNN_UNUSED const uint32_t *end, EDGESNN_UNUSED uint32_t bits)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN4
        "1:\n"
        EDGESNN_SWEEP_EVENTS4
        EDGESNN_SWEEP_LEAK4
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        "6:\n"
        EDGESNN_SWEEP_TO_MEMBRANES
        "stmia.w r0!, {r4-r11}\n"
        EDGESNN_SWEEP_NEXT
        "7:\n"
        EDGESNN_SWEEP_EMIT(EDGESNN_SWEEP_BITS)
        "b.w     6b\n");
}

/* All tiles of a plain layer at which nothing arrives. */
EDGESNN_NAKED void edgesnn_sweep_quiet(
    EDGESNN_UNUSED uint32_t *v, EDGESNN_UNUSED int32_t decay, EDGESNN_UNUSED uint32_t further,
    EDGESNN_UNUSED uint32_t level, EDGESNN_UNUSED const uint32_t *end, EDGESNN_UNUSED uint32_t bits)
{
    __asm__ volatile(EDGESNN_SWEEP_QUIET("", ""));
}

/* The same; returns bits in which membranes changed, those of the last argument among them. */
EDGESNN_NAKED uint32_t edgesnn_sweep_watched(
    EDGESNN_UNUSED uint32_t *v, EDGESNN_UNUSED int32_t decay, EDGESNN_UNUSED uint32_t further,
    EDGESNN_UNUSED uint32_t level, EDGESNN_UNUSED const uint32_t *end, EDGESNN_UNUSED uint32_t bits,
    EDGESNN_UNUSED uint32_t changed)
{
    __asm__ volatile(EDGESNN_SWEEP_QUIET(EDGESNN_SWEEP_WATCH, "ldr.w   r0, [sp, #44]\n"));
}

/* Whether steps of the layer can be sweeps. */
EDGESNN_INLINE bool edgesnn_can_sweep(const struct edgesnn_membranes *layer,
                                      const struct edgesnn_arrivals *arrivals)
{
    const bool shares =
        layer->start.each == NULL && layer->decay.each == NULL && layer->level.each == NULL;
    return shares && layer->calm >= 0 && arrivals->kept == NULL && !layer->adaptive && layer->level.all > INT16_MIN;
}

/* What `bits` of the functions above is. */
EDGESNN_INLINE uint32_t edgesnn_sweep_bits(const struct edgesnn_cells *cells)
{
    return (uint32_t)(uintptr_t)cells->spikes - ((uint32_t)(uintptr_t)cells->v >> 4);
}

/* `further` of plain sums. */
EDGESNN_INLINE uint32_t edgesnn_sweep_further(const struct edgesnn_membranes *layer, int32_t bias)
{
    const int32_t level = layer->saturates ? layer->level.all : 0;
    return (uint32_t)(layer->start.all - bias - level + 0x8000);
}

/* A step without arrivals up to the reset; where `watched`, bits in which membranes changed. */
EDGESNN_INLINE uint32_t edgesnn_sweep_nothing(const struct edgesnn_membranes *layer, bool watched,
                                              const struct edgesnn_cells *cells)
{
    const int32_t decay = layer->decay.all * 256, level = layer->level.all + 0x8000;
    const uint32_t further = edgesnn_sweep_further(layer, 0), both = edgesnn_pack(level, level);
    const uint32_t *const end = &cells->v[EDGESNN_TILE_PAIRS * layer->tiles];
    const uint32_t bits = edgesnn_sweep_bits(cells);
    if (watched) {
        return edgesnn_sweep_watched(cells->v, decay, further, both, end, bits, 0);
    }
    edgesnn_sweep_quiet(cells->v, decay, further, both, end, bits);
    return 0;
}

/* Rows of four bits a weight and other currents, as a drive. */
EDGESNN_INLINE const uint32_t *edgesnn_sweep_heard(const struct edgesnn_membranes *layer,
                                                   const struct edgesnn_arrivals *arrivals,
                                                   int32_t bias, const struct edgesnn_cells *cells)
{
    const uint32_t pairs = EDGESNN_TILE_PAIRS * layer->tiles;
    edgesnn_hear4(arrivals->events.place, arrivals->events.count, cells->sums, &cells->sums[pairs],
                  edgesnn_pack(-bias, -bias));
    for (uint32_t pair = 0; arrivals->drive != NULL && pair < pairs; pair++) {
        cells->sums[pair] = edgesnn_add_sums(cells->sums[pair], arrivals->drive[pair]);
    }
    return cells->sums;
}

/* A step with `count` events in the list of edgesnn_sweep8 and a drive up to the reset. */
EDGESNN_INLINE void edgesnn_sweep_list(const struct edgesnn_membranes *layer, bool calm,
                                       int32_t bias, uint32_t *list, uint32_t count,
                                       const uint32_t *drive, const struct edgesnn_cells *cells)
{
    const int32_t decay = layer->decay.all * 256, level = layer->level.all;
    const uint32_t *const end = &cells->v[EDGESNN_TILE_PAIRS * layer->tiles];
    if (drive != NULL) {
        list[count] = EDGESNN_SWEEP_DRIVEN;
    }
    if (!calm) {
        const uint32_t start = edgesnn_pack(layer->start.all - bias, layer->start.all - bias);
        edgesnn_sweep8_saturating(cells->v, decay, start, edgesnn_pack(level - 1, level - 1), list,
                                  count, drive, end, edgesnn_sweep_bits(cells));
    } else {
        const uint32_t turned = edgesnn_pack(level + 0x8000, level + 0x8000);
        edgesnn_sweep8(cells->v, decay, edgesnn_sweep_further(layer, bias), turned, list, count,
                       drive, end, edgesnn_sweep_bits(cells));
    }
}

/* A plain step with one chunk of events up to the reset. */
EDGESNN_INLINE void edgesnn_sweep_chunk(const struct edgesnn_membranes *layer, int32_t bias,
                                        const struct edgesnn_list *events,
                                        const struct edgesnn_cells *cells)
{
    const int32_t level = layer->level.all + 0x8000;
    edgesnn_sweep4(cells->v, layer->decay.all * 256, edgesnn_sweep_further(layer, bias),
                   edgesnn_pack(level, level), events->place, events->count, 0,
                   &cells->v[EDGESNN_TILE_PAIRS * layer->tiles], edgesnn_sweep_bits(cells));
}

/* A step with arrivals up to the reset. */
EDGESNN_INLINE void edgesnn_sweep_arrivals(const struct edgesnn_membranes *layer,
                                           const struct edgesnn_arrivals *arrivals,
                                           const struct edgesnn_cells *cells)
{
    const uint32_t count = arrivals->events.count;
    const int32_t bias = arrivals->rows != NULL ? arrivals->rows->bias * (int32_t)count : 0;
    const bool calm = !layer->saturates || (int32_t)count <= layer->calm;
    const bool narrow = count != 0 && arrivals->rows->bits == 4u;
    uint32_t nothing[1];
    if (narrow && calm && count <= EDGESNN_CHUNK && arrivals->drive == NULL) {
        edgesnn_sweep_chunk(layer, bias, &arrivals->events, cells);
    } else if (narrow) {
        const uint32_t *const heard = edgesnn_sweep_heard(layer, arrivals, bias, cells);
        edgesnn_sweep_list(layer, calm, 0, nothing, 0, heard, cells);
    } else {
        uint32_t *const list = count != 0 ? arrivals->events.place : nothing;
        edgesnn_sweep_list(layer, calm, bias, list, count, arrivals->drive, cells);
    }
}

/* A step up to the reset; where `watched`, bits in which membranes changed. */
EDGESNN_INLINE uint32_t edgesnn_sweep(const struct edgesnn_membranes *layer,
                                      const struct edgesnn_arrivals *arrivals, bool watched,
                                      const struct edgesnn_cells *cells)
{
    edgesnn_clear_bitmap(cells->spikes, EDGESNN_WORDS(EDGESNN_TILE * layer->tiles));
    if (watched || (arrivals->events.count == 0 && arrivals->drive == NULL)) {
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
