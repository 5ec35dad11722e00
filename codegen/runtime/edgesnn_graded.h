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

/* Most channels on a list: it ends before a word of channels that might not find room. */
#define EDGESNN_SENDS 64u

/* A list, ended by no row and a value of zero; `reach` bounds the moduli of its sums. */
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

/* Whether 32 more channels have room. */
EDGESNN_INLINE bool edgesnn_has_room(const struct edgesnn_sends *sends)
{
    return sends->count + 32u <= EDGESNN_SENDS;
}

/* Append those of the 32 channels from `first` on that `bits` names, which have room, and send
 * `now` less `before` (or `now`, where `before` is NULL); the bits of those that would take `reach`
 * too far are left. */
EDGESNN_INLINE uint32_t edgesnn_list_channels(const struct edgesnn_graded8 *group, uint32_t first,
                                              uint32_t bits, const int8_t *now,
                                              const int8_t *before, struct edgesnn_sends *sends)
{
    const uint8_t *const most = group->most;
    const uint32_t *const weight = group->weight;
    const uint32_t words = group->words;
    struct edgesnn_send *send = &sends->send[sends->count];
    uint32_t reach = sends->reach;
    int32_t total = sends->total;
    for (; bits != 0; bits &= bits - 1u) {
        const uint32_t channel = first + edgesnn_lowest_bit(bits);
        const int32_t value = now[channel] - (before != NULL ? before[channel] : 0);
        const uint32_t next = reach + (uint32_t)(value < 0 ? -value : value) * most[channel];
        if (next > 0x7fffu) {
            break;
        }
        reach = next;
        total += value;
        send->row = &weight[channel * words];
        send->value = value;
        send++;
    }
    sends->reach = reach;
    sends->total = total;
    sends->count = (uint32_t)(send - sends->send);
    return bits;
}

/* List what channels send that are not zero, as direct encoding has it; true where the list must
 * be added before the rest can be listed. */
EDGESNN_SHARED bool edgesnn_gather_sends(struct edgesnn_graded *source,
                                         const struct edgesnn_graded8 *group,
                                         struct edgesnn_sends *sends)
{
    for (; source->next < source->channels; source->next++) {
        const uint32_t bits = source->now[source->next] != 0;
        if (!edgesnn_has_room(sends) ||
            edgesnn_list_channels(group, source->next, bits, source->now, NULL, sends) != 0) {
            return true;
        }
    }
    return false;
}

/* The same of channels that moved, as delta encoding has it. */
EDGESNN_SHARED bool edgesnn_gather_moves(struct edgesnn_moves *source,
                                         const struct edgesnn_graded8 *group,
                                         struct edgesnn_sends *sends)
{
    for (; source->next < source->words; source->next++) {
        const uint32_t bits = source->bits != 0 ? source->bits : source->bitmap[source->next];
        if (!edgesnn_has_room(sends)) {
            return true;
        }
        source->bits = edgesnn_list_channels(group, 32u * source->next, bits, source->now,
                                             source->before, sends);
        if (source->bits != 0) {
            return true;
        }
    }
    return false;
}

/* Add the list to a layer's currents, and begin a new one. */
EDGESNN_SHARED void edgesnn_add_sends(const struct edgesnn_graded8 *group,
                                      struct edgesnn_sends *sends, int32_t *current)
{
    const uint32_t bias = 128u * (uint32_t)sends->total;
    sends->send[sends->count] = (struct edgesnn_send){NULL, 0};
    edgesnn_add_tiles(sends->send, sends->count, group->words / 4u, current,
                      0u - (bias + (bias << 16)));
    edgesnn_begin_sends(sends);
}

#endif
