/* SPDX-License-Identifier: MIT-0
 *
 * Dense synapses of graded channels with int8 weights: what every channel of all groups sends is
 * listed, and each weight multiplied once for what is on the list. Nothing sent, no work.
 *
 * Weights are stored with a bias of 128. Masked out of a word, two of them are the lanes of one
 * 32-bit factor, and one multiplication by what the channel sends serves both: the sum over the
 * list is
 *     (sum of w0 v) + 2^16 (sum of w1 v) + 128 (sum of v) (1 + 2^16)      modulo 2^32.
 * Less its last term, its low half is the first sum and the rest the second, as long as both fit
 * into 16 bits. They do: before |v| times the largest weight of the channel's row would add up to
 * more than 2^15 - 1, the list is added to the currents, and a new one begun. One channel alone
 * always fits: 255 * 128 < 2^15.
 */
#ifndef EDGESNN_GRADED_H
#define EDGESNN_GRADED_H

#include "edgesnn_events.h"
#include "edgesnn_graded_tiles.h"

/* Most channels on a list. */
#define EDGESNN_SENDS 48u

/* A list, ended by a value of zero; `reach` bounds the moduli of its sums. */
struct edgesnn_sends {
    uint32_t count;
    uint32_t reach;
    int32_t total;
    struct edgesnn_send send[EDGESNN_SENDS + 1u];
};

_Static_assert(255u * 128u < 1u << 15, "one channel must fit into a 16-bit lane");

/* Channel `c`'s weights are words `c * words` and up, four a word, in tiles of 16; `most[c]` is
 * the largest of their moduli. */
struct edgesnn_graded8 {
    const uint32_t *weight;
    const uint8_t *most;
    uint32_t words;
};

EDGESNN_INLINE void edgesnn_begin_sends(struct edgesnn_sends *sends)
{
    sends->count = 0;
    sends->reach = 0;
    sends->total = 0;
}

/* Whether four channels from `channel` on send nothing, where words may be loaded from anywhere. */
EDGESNN_INLINE bool edgesnn_four_are_silent(const struct edgesnn_graded *source, uint32_t channel)
{
#if defined(__ARM_FEATURE_UNALIGNED) && defined(__GNUC__)
    uint32_t now, before = 0;
    if (source->channels - channel < 4u) {
        return false;
    }
    __builtin_memcpy(&now, source->now + channel, sizeof now);
    if (source->before != NULL) {
        __builtin_memcpy(&before, source->before + channel, sizeof before);
    }
    return now == before;
#else
    (void)source, (void)channel;
    return false;
#endif
}

/* List channels from `next` up to `end`; false where the list is full. */
EDGESNN_INLINE bool edgesnn_list_channels(struct edgesnn_graded *source, uint32_t end,
                                          const struct edgesnn_graded8 *group,
                                          struct edgesnn_sends *sends)
{
    const int8_t *const now = source->now, *const before = source->before;
    uint32_t channel = source->next, reach = sends->reach;
    struct edgesnn_send *send = &sends->send[sends->count], *const full = &sends->send[EDGESNN_SENDS];
    int32_t total = sends->total;
    bool room = true;
    for (; channel < end; channel++) {
        const int32_t value = now[channel] - (before != NULL ? before[channel] : 0);
        if (value != 0) {
            const uint32_t size = (uint32_t)(value < 0 ? -value : value) * group->most[channel];
            room = reach + size <= 0x7fffu && send < full;
            if (!room) {
                break;
            }
            reach += size;
            total += value;
            send->row = &group->weight[channel * group->words];
            send->value = value;
            send++;
        }
    }
    source->next = channel;
    sends->reach = reach;
    sends->total = total;
    sends->count = (uint32_t)(send - sends->send);
    return room;
}

/* List what channels send; true where the list must be added before the rest can be listed. */
static inline bool edgesnn_gather_sends(struct edgesnn_graded *source,
                                        const struct edgesnn_graded8 *group,
                                        struct edgesnn_sends *sends)
{
    while (source->next < source->channels) {
        uint32_t end = source->next;
        while (end < source->channels && !edgesnn_four_are_silent(source, end)) {
            end += source->channels - end < 4u ? source->channels - end : 4u;
        }
        if (!edgesnn_list_channels(source, end, group, sends)) {
            return true;
        }
        while (source->next < source->channels && edgesnn_four_are_silent(source, source->next)) {
            source->next += 4u;
        }
    }
    return false;
}

/* Add the list to a layer's currents, and begin a new one. */
static inline void edgesnn_add_sends(const struct edgesnn_graded8 *group,
                                     struct edgesnn_sends *sends, int32_t *current)
{
    const uint32_t bias = 128u * (uint32_t)sends->total;
    sends->send[sends->count].value = 0;
    edgesnn_add_tiles(sends->send, group->words / 4u, current, 0u - (bias + (bias << 16)));
    edgesnn_begin_sends(sends);
}

#endif
