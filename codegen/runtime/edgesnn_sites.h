/* SPDX-License-Identifier: MIT-0
 *
 * Spikes into layers of several sites (convolutions, pools, one-to-one synapses) whose currents are
 * lanes with the channels of a site side by side: what an event adds to a window is then a run of
 * words, four channels to a word of weights.
 *
 * Currents are proven to fit int16 (tiles.py), so that sums may wrap in their lanes
 * (edgesnn_lanes.h). At the end they are turned to the order of the membranes, where the sites of a
 * channel lie side by side.
 */
#ifndef EDGESNN_SITES_H
#define EDGESNN_SITES_H

#include "edgesnn_lanes.h"
#include "edgesnn_window.h"

/* Rows of `words` words by presynaptic channel, kernel row and kernel column: the weights onto
 * the channels that the presynaptic one feeds, byte 0 of a word for a channel, bytes 2, 1 and 3 for
 * the next ones. A group has `group_channels` presynaptic channels, the layer `channels`. */
struct edgesnn_conv_sites {
    const uint32_t *weight;
    uint32_t words;
    uint32_t group_channels;
    uint32_t channels;
    struct edgesnn_axis rows;
    struct edgesnn_axis columns;
};

/* Add the signed bytes 0 and 2, and 1 and 3, of a word to two sums of lanes. */
EDGESNN_INLINE void edgesnn_add_four(uint32_t weight, uint32_t *sum)
{
#if EDGESNN_DSP
    __asm__("sxtab16 %0, %0, %1" : "+r"(sum[0]) : "r"(weight));
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sum[1]) : "r"(weight));
#else
    const uint32_t raised = weight ^ 0x80808080u;
    sum[0] += (raised & 0x00ff00ffu) - 0x00800080u;
    sum[1] += (raised >> 8 & 0x00ff00ffu) - 0x00800080u;
#endif
}

/* The windows that one event adds to, `rows` rows of `columns`, at least one of each. A window gets
 * `words` words of weights; those of the window to its right lie `left` bytes before them and its
 * sums `right` bytes behind, and from the end of a row it is `up` and `down` bytes to the next. */
struct edgesnn_windows {
    const uint32_t *weight;
    uint32_t *sum;
    uint32_t words;
    uint32_t columns;
    uint32_t left;
    uint32_t right;
    uint32_t up;
    uint32_t down;
    uint32_t rows;
};

/* In C, for any number of words. */
EDGESNN_INLINE void edgesnn_add_each_window(const struct edgesnn_windows *windows)
{
    const uint32_t *weight = windows->weight;
    uint32_t *sum = windows->sum;
    for (uint32_t row = 0; row < windows->rows; row++) {
        for (uint32_t column = 0; column < windows->columns; column++) {
            for (uint32_t word = 0; word < windows->words; word++) {
                edgesnn_add_four(weight[word], &sum[2u * word]);
            }
            weight -= windows->left / 4u;
            sum += windows->right / 4u;
        }
        weight -= (int32_t)windows->up / 4;
        sum += windows->down / 4u;
    }
}

#if EDGESNN_DSP && !defined(EDGESNN_PORTABLE)
#define EDGESNN_WINDOWS 1
/* For an even number of words. Eight channels take 21 cycles on Cortex-M4, 2.6 a synapse: 8 to
 * load six words, 4 to add, 5 to store and 4 for the loop; a window 7 besides, a row 18, a call 33.
 * Sums in memory are what keeps it from the cycle of rows whose sums stay in registers. */
EDGESNN_NAKED void edgesnn_add_even_windows(EDGESNN_UNUSED struct edgesnn_windows *windows)
{
    __asm__ volatile(
        "push    {r0, r4-r11, lr}\n"
        "ldm.w   r0, {r0-r3, r10, r11}\n"
        "add.w   r10, r10, r2, lsl #2\n"
        "sub.w   r11, r11, r2, lsl #3\n"
        ".balign 4\n"
        "1:\n"
        "mov.w   r12, r2\n"
        "2:\n"
        "ldm.w   r0!, {r4, r5}\n"
        "ldm.w   r1, {r6-r9}\n"
        "subs.w  r12, r12, #2\n"
        "sxtab16 r6, r6, r4\n"
        "sxtab16 r7, r7, r4, ror #8\n"
        "sxtab16 r8, r8, r5\n"
        "sxtab16 r9, r9, r5, ror #8\n"
        "stm.w   r1!, {r6-r9}\n"
        "bne.w   2b\n"
        "sub.w   r0, r0, r10\n"
        "add.w   r1, r1, r11\n"
        "subs.w  r3, r3, #1\n"
        "bne.w   1b\n"
        "ldr     r4, [sp]\n"
        "ldr     r3, [r4, #12]\n"
        "ldr     r5, [r4, #24]\n"
        "ldr     r6, [r4, #28]\n"
        "ldr     r7, [r4, #32]\n"
        "sub.w   r0, r0, r5\n"
        "add.w   r1, r1, r6\n"
        "subs.w  r7, r7, #1\n"
        "str     r7, [r4, #32]\n"
        "bne.w   1b\n"
        "pop     {r0, r4-r11, pc}\n");
}
#else
#define EDGESNN_WINDOWS 0
EDGESNN_INLINE void edgesnn_add_even_windows(struct edgesnn_windows *windows)
{
    edgesnn_add_each_window(windows);
}
#endif

/* Add a number to the lane of one neuron. */
EDGESNN_INLINE void edgesnn_add_to_lane(uint32_t *sums, uint32_t neuron, int32_t value)
{
    uint32_t *const sum = &sums[neuron / 2u];
    const uint32_t lanes = neuron % 2u != 0 ? edgesnn_pack(0, value) : edgesnn_pack(value, 0);
    *sum = edgesnn_add_sums(*sum, edgesnn_sum_of(lanes));
}

/* Add one event to all windows that it lies in. */
EDGESNN_INLINE void edgesnn_conv_sites_event(const struct edgesnn_conv_sites *group,
                                             uint32_t neuron, uint32_t *sums)
{
    const struct edgesnn_axis *rows = &group->rows, *columns = &group->columns;
    const struct edgesnn_place place = edgesnn_place_of(neuron, rows, columns);
    const struct edgesnn_span down = edgesnn_windows_over(rows, place.row);
    const struct edgesnn_span along = edgesnn_windows_over(columns, place.column);
    const uint32_t words = group->words, left = columns->stride * words;
    const uint32_t channel = place.channel / group->group_channels * 4u * words;
    const uint32_t line = place.channel * rows->kernel + place.row - down.first * rows->stride;
    const uint32_t tap = line * columns->kernel + place.column - along.first * columns->stride;
    const uint32_t site = down.first * columns->windows + along.first;
    if (along.first >= along.end || down.first >= down.end) {
        return;
    }
    const uint32_t count = along.end - along.first;
    struct edgesnn_windows windows = {
        .weight = &group->weight[tap * words],
        .sum = &sums[(site * group->channels + channel) / 2u],
        .words = words,
        .columns = count,
        .left = 4u * left,
        .right = 2u * group->channels,
        .up = 4u * (rows->stride * columns->kernel * words - count * left),
        .down = 2u * group->channels * (columns->windows - count),
        .rows = down.end - down.first,
    };
    if (EDGESNN_WINDOWS && words % 2u == 0 && words > 2u) {
        edgesnn_add_even_windows(&windows);
    } else {
        edgesnn_add_each_window(&windows);
    }
}

EDGESNN_SHARED void edgesnn_conv_sites(const struct edgesnn_conv_sites *group,
                                       const struct edgesnn_events *events, uint32_t *sums)
{
    for (uint32_t event = 0; event < events->count; event++) {
        edgesnn_conv_sites_event(group, events->neuron[event], sums);
    }
}

/* See edgesnn_pool; bits of `touched` are in the order of the sums. */
EDGESNN_SHARED void edgesnn_pool_sites(const struct edgesnn_pool *group,
                                       const struct edgesnn_events *events, uint32_t channels,
                                       uint32_t *touched, uint32_t *sums)
{
    const struct edgesnn_axis *rows = &group->rows, *columns = &group->columns;
    for (uint32_t event = 0; event < events->count; event++) {
        const struct edgesnn_place place =
            edgesnn_place_of(events->neuron[event], rows, columns);
        const struct edgesnn_span down = edgesnn_windows_over(rows, place.row);
        const struct edgesnn_span along = edgesnn_windows_over(columns, place.column);
        for (uint32_t row = down.first; row < down.end; row++) {
            for (uint32_t column = along.first; column < along.end; column++) {
                const uint32_t post =
                    (row * columns->windows + column) * channels + place.channel;
                if (edgesnn_touch(touched, post)) {
                    edgesnn_add_to_lane(sums, post, group->weight);
                }
            }
        }
    }
}

/* See edgesnn_identity. */
EDGESNN_SHARED void edgesnn_identity_sites(const struct edgesnn_identity *group,
                                           const struct edgesnn_events *events, uint32_t channels,
                                           uint32_t *sums)
{
    for (uint32_t event = 0; event < events->count; event++) {
        const uint32_t channel = events->neuron[event] / group->sites;
        const uint32_t site = events->neuron[event] - channel * group->sites;
        const int32_t weight = edgesnn_weight(group->weight, group->bits, channel);
        edgesnn_add_to_lane(sums, site * channels + channel, weight);
    }
}

/* Lanes of two channels, `half` words each, from the first's sums on; `step` words between sites.
 * Four lanes at a time: 3 cycles each on Cortex-M4. */
EDGESNN_INLINE void edgesnn_turn_two(const uint32_t *sum, uint32_t step, uint32_t half,
                                     uint32_t *lanes)
{
    for (const uint32_t *const end = lanes + half; lanes < end; lanes++, sum += 2u * step) {
        const uint32_t this = edgesnn_lanes_of(sum[0]), next = edgesnn_lanes_of(sum[step]);
#if EDGESNN_DSP
        uint32_t even, odd;
        __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(even) : "r"(this), "r"(next));
        __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(odd) : "r"(next), "r"(this));
        lanes[0] = even;
        lanes[half] = odd;
#else
        lanes[0] = (this & 0xffffu) | next << 16;
        lanes[half] = this >> 16 | (next & 0xffff0000u);
#endif
    }
}

/* The same where a channel's last site and the next channel's first share a word. */
static inline void edgesnn_turn_odd(const uint32_t *sums, uint32_t channels, uint32_t sites,
                                    uint32_t *lanes)
{
    uint32_t neuron = 0;
    for (uint32_t channel = 0; channel < channels; channel++) {
        const uint32_t *sum = &sums[channel / 2u];
        for (uint32_t site = 0; site < sites; site++, neuron++, sum += channels / 2u) {
            const uint32_t both = edgesnn_lanes_of(*sum);
            const uint32_t lane = channel % 2u != 0 ? both >> 16 : both & 0xffffu;
            lanes[neuron / 2u] = neuron % 2u != 0 ? lanes[neuron / 2u] | lane << 16 : lane;
        }
    }
}

/* Sums of `sites` sites of `channels` channels, an even number, as lanes in the order of the
 * neurons. */
EDGESNN_SHARED void edgesnn_turn_sums(const uint32_t *sums, uint32_t channels, uint32_t sites,
                                      uint32_t *lanes)
{
    if (sites % 2u != 0) {
        edgesnn_turn_odd(sums, channels, sites, lanes);
        return;
    }
    for (uint32_t pair = 0; pair < channels / 2u; pair++, lanes += sites) {
        edgesnn_turn_two(&sums[pair], channels / 2u, sites / 2u, lanes);
    }
}

#endif
