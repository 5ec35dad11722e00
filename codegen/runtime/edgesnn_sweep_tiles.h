/* SPDX-License-Identifier: MIT-0
 *
 * Sweeps over the tiles of a layer (edgesnn_sweep.h), for cores with the DSP extension: functions
 * of assembly alone, so that no compiler has to find registers for them.
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
 * of few events (`calm` of edgesnn_layer.h). All marks of a tile are tested at once: what a spike
 * costs is only paid in tiles where there is one.
 *
 * Cycles on Cortex-M4 (on M33 one less an event):
 *     15.4   an event and tile, 0.96 a synapse: 5 for its four words, 8 to add them, 2 to take its
 *            place off the list and put back that of the next tile, and an eighth of the loop.
 *            Words and additions alone are 12, 0.75 a synapse, if no load had a first cycle.
 *     66     a plain tile at which nothing arrives, 4.1 a neuron: 18 to load and store, 24 to leak,
 *            8 to find marks, 8 to make membranes of sums. What arrives costs 18 more.
 *     100    a tile that saturates
 *     48     more for a tile with spikes, and 4 for each of its eight pairs in which one is: each
 *            pair is looked at, 3, and the bitmap, the call and its way back take the rest
 * On Cortex-M7 7 for an event and tile, 0.44 a synapse: four additions of two lanes, each beside an
 * ADD, a load or a store, two cycles of loads and one of two ADDs. No fewer would do with one DSP
 * instruction a cycle but the 6 of loads and additions alone.
 */
#ifndef EDGESNN_SWEEP_TILES_H
#define EDGESNN_SWEEP_TILES_H

#include "edgesnn_sweep_arrivals.h"

/* What all sweeps take. `end` is that of the membranes; `bits` is the address of the bitmap, which
 * is cleared before, less a sixteenth of `v`, since a tile is 32 bytes of membranes and 2 of bits.
 * `fire` is one of the functions below, `reset` what it takes. */
#define EDGESNN_SWEEP_ARGUMENTS                                                                    \
    EDGESNN_UNUSED uint32_t *v, EDGESNN_UNUSED int32_t decay, EDGESNN_UNUSED uint32_t further,     \
        EDGESNN_UNUSED uint32_t level, EDGESNN_UNUSED uint32_t *list,                              \
        EDGESNN_UNUSED uint32_t count, EDGESNN_UNUSED const uint32_t *drive,                       \
        EDGESNN_UNUSED const uint32_t *end, EDGESNN_UNUSED uint32_t bits,                          \
        EDGESNN_UNUSED uint32_t reset, EDGESNN_UNUSED void (*fire)(void)

/* Spikes of a tile of which at least one neuron fires, on the stack of a sweep; registers as in
 * edgesnn_sweep_parts.h. Of plain sums: `reset` is the threshold, or `level` less than zero. */
EDGESNN_NAKED void edgesnn_fire_less(void)
{
    __asm__ volatile(EDGESNN_SWEEP_FIRE_TILE(EDGESNN_SWEEP_PLAIN_LESS));
}

EDGESNN_NAKED void edgesnn_fire_zero(void)
{
    __asm__ volatile(EDGESNN_SWEEP_FIRE_TILE(EDGESNN_SWEEP_PLAIN_ZERO));
}

/* Of a layer that saturates: `reset` is the threshold. */
EDGESNN_NAKED void edgesnn_fire_settled_less(void)
{
    __asm__ volatile(EDGESNN_SWEEP_FIRE_TILE(EDGESNN_SWEEP_SETTLED_LESS));
}

EDGESNN_NAKED void edgesnn_fire_settled_zero(void)
{
    __asm__ volatile(EDGESNN_SWEEP_FIRE_TILE(EDGESNN_SWEEP_SETTLED_ZERO));
}

/* All tiles of a plain layer at which something arrives, rows of 8 bits a weight. `events` is
 * only room for a word. */
EDGESNN_NAKED void edgesnn_sweep8(EDGESNN_SWEEP_ARGUMENTS, EDGESNN_UNUSED uint32_t events)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN8
        "1:\n"
        "ldmia.w r0, {r4-r11}\n"
        EDGESNN_SWEEP_LEAK
        EDGESNN_SWEEP_ARRIVALS8(EDGESNN_EVENT8)
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        EDGESNN_SWEEP_TO_MEMBRANES
        "6:\n"
        "stmia.w r0!, {r4-r11}\n"
        EDGESNN_SWEEP_NEXT
        EDGESNN_SWEEP_FIRED
        EDGESNN_SWEEP_ADD_DRIVE);
}

/* The same of a layer that saturates; `further` is the same in both lanes. */
EDGESNN_NAKED void edgesnn_sweep8_saturating(EDGESNN_SWEEP_ARGUMENTS,
                                             EDGESNN_UNUSED uint32_t events)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN8
        "1:\n"
        "ldr.w   r2, [sp, #8]\n"
        EDGESNN_SWEEP_START
        EDGESNN_SWEEP_ARRIVALS8(EDGESNN_EVENT8)
        EDGESNN_SWEEP_SETTLE
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        "6:\n"
        "add.w   r0, r0, #32\n"
        EDGESNN_SWEEP_NEXT
        EDGESNN_SWEEP_FIRED
        EDGESNN_SWEEP_ADD_DRIVE);
}

/* edgesnn_sweep8 for up to 256 events, on a core that issues an ADD beside a DSP instruction
 * (where its compiler says so by EDGESNN_DUAL_ISSUE). No drive. */
EDGESNN_NAKED void edgesnn_sweep8_paired(EDGESNN_SWEEP_ARGUMENTS, EDGESNN_UNUSED uint32_t events)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN8
        "1:\n"
        "mov.w   r2, #0\n"
        EDGESNN_SWEEP_START
        EDGESNN_SWEEP_ARRIVALS8(EDGESNN_EVENT8_PAIRED)
        EDGESNN_SWEEP_EVEN
        EDGESNN_SWEEP_JOIN
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        EDGESNN_SWEEP_TO_MEMBRANES
        "6:\n"
        "stmia.w r0!, {r4-r11}\n"
        EDGESNN_SWEEP_NEXT
        EDGESNN_SWEEP_FIRED
        "8:\n");
}

/* The same of a layer that saturates. */
EDGESNN_NAKED void edgesnn_sweep8_paired_saturating(EDGESNN_SWEEP_ARGUMENTS,
                                                    EDGESNN_UNUSED uint32_t events)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN8
        "1:\n"
        "mov.w   r2, #0\n"
        EDGESNN_SWEEP_START
        EDGESNN_SWEEP_ARRIVALS8(EDGESNN_EVENT8_PAIRED)
        EDGESNN_SWEEP_EVEN
        EDGESNN_SWEEP_JOIN_START
        EDGESNN_SWEEP_SETTLE
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        "6:\n"
        "add.w   r0, r0, #32\n"
        EDGESNN_SWEEP_NEXT
        EDGESNN_SWEEP_FIRED
        "8:\n");
}

/* All tiles of a plain layer at which 1 to EDGESNN_NIBBLE_EVENTS events of 4 bits a weight arrive,
 * nothing else. `offset` is 0, `chunks` only room for a word, and there is no drive; of the list
 * edgesnn_hear_some4 says more. */
EDGESNN_NAKED void edgesnn_sweep4(EDGESNN_SWEEP_ARGUMENTS, EDGESNN_UNUSED uint32_t offset,
                                  EDGESNN_UNUSED uint32_t chunks)
{
    __asm__ volatile(
        EDGESNN_SWEEP_BEGIN4
        "1:\n"
        EDGESNN_SWEEP_EVENTS4
        EDGESNN_SWEEP_LEAK4
        EDGESNN_SWEEP_MARKS
        "bne.w   7f\n"
        EDGESNN_SWEEP_TO_MEMBRANES
        "6:\n"
        "stmia.w r0!, {r4-r11}\n"
        EDGESNN_SWEEP_NEXT
        EDGESNN_SWEEP_FIRED);
}

/* All tiles of a plain layer at which nothing arrives. */
EDGESNN_NAKED void edgesnn_sweep_quiet(EDGESNN_SWEEP_ARGUMENTS)
{
    __asm__ volatile(EDGESNN_SWEEP_QUIET("", ""));
}

/* The same; returns bits in which membranes changed. `list` is NULL. */
EDGESNN_NAKED uint32_t edgesnn_sweep_watched(EDGESNN_SWEEP_ARGUMENTS)
{
    __asm__ volatile(
        EDGESNN_SWEEP_QUIET(EDGESNN_SWEEP_WATCH, "ldr.w   r0, " EDGESNN_SWEEP_LIST "\n"));
}

#endif
