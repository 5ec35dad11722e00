/* SPDX-License-Identifier: MIT-0
 *
 * Events: spikes as bitmaps, their histories, and the batches in which synapses receive them.
 *
 * Bit `n % 32` of word `n / 32` of a bitmap is neuron `n`; bits beyond the last neuron are zero.
 * A ring holds one bitmap (or feature vector) a step; its `cursor` is the slot of this step.
 */
#ifndef EDGESNN_EVENTS_H
#define EDGESNN_EVENTS_H

#include "edgesnn_base.h"

/* Most events that synapses receive at once. */
#define EDGESNN_BATCH 64u

/* Events of one step: presynaptic neuron and, from graded sources only, what it sends. */
struct edgesnn_events {
    uint32_t count;
    uint16_t neuron[EDGESNN_BATCH];
    int16_t value[EDGESNN_BATCH];
};

/* Spikes that are still to be gathered: words `next` and up of `bitmap`. */
struct edgesnn_spikes {
    const uint32_t *bitmap;
    uint32_t words;
    uint32_t next;
};

/* Graded channels that are still to be gathered: `next` and up. */
struct edgesnn_graded {
    const int8_t *now;
    uint32_t channels;
    uint32_t next;
};

/* Channels that moved from `before` to `now` and are still to be gathered: words `next` and up of
 * `bitmap`, of word `next` only `bits` where that is not zero. */
struct edgesnn_moves {
    const int8_t *now;
    const int8_t *before;
    const uint32_t *bitmap;
    uint32_t words;
    uint32_t next;
    uint32_t bits;
};

EDGESNN_INLINE uint8_t edgesnn_next_slot(uint32_t cursor, uint32_t slots)
{
    return (uint8_t)(cursor + 1u == slots ? 0u : cursor + 1u);
}

/* Slot of the step `delay` before this one; `delay` is less than `slots`. */
EDGESNN_INLINE uint32_t edgesnn_slot_before(uint32_t cursor, uint32_t delay, uint32_t slots)
{
    return cursor >= delay ? cursor - delay : cursor + slots - delay;
}

/* Slot of the step `delay` after this one; `delay` is less than `slots`. */
EDGESNN_INLINE uint32_t edgesnn_slot_after(uint32_t cursor, uint32_t delay, uint32_t slots)
{
    return cursor + delay >= slots ? cursor + delay - slots : cursor + delay;
}

/* Compilers would call memset for the few words, were there nothing inside. */
EDGESNN_INLINE void edgesnn_clear_bitmap(uint32_t *bitmap, uint32_t words)
{
    for (uint32_t word = 0; word < words; word++) {
#if defined(__GNUC__)
        __asm__ volatile("");
#endif
        bitmap[word] = 0;
    }
}

/* Whether any bit of a bitmap is set. */
EDGESNN_INLINE bool edgesnn_any_spike(const uint32_t *bitmap, uint32_t words)
{
    uint32_t any = 0;
    for (uint32_t word = 0; word < words; word++) {
        any |= bitmap[word];
    }
    return any != 0;
}

/* Append the neurons of the set bits of word `word`; there is room for 32. */
EDGESNN_INLINE void edgesnn_gather_word(uint32_t bits, uint32_t word, struct edgesnn_events *events)
{
    uint32_t count = events->count;
    for (; bits != 0; bits &= bits - 1u) {
        events->neuron[count++] = (uint16_t)(32u * word + edgesnn_lowest_bit(bits));
    }
    events->count = count;
}

/* Take the next batch of spikes; false where none is left. A silent word costs one test. */
EDGESNN_INLINE bool edgesnn_gather_spikes(struct edgesnn_spikes *source,
                                          struct edgesnn_events *events)
{
    events->count = 0;
    while (source->next < source->words && events->count <= EDGESNN_BATCH - 32u) {
        edgesnn_gather_word(source->bitmap[source->next], source->next, events);
        source->next++;
    }
    return events->count != 0;
}

/* Take the next batch of channels that send something; false where none is left. */
EDGESNN_INLINE bool edgesnn_gather_graded(struct edgesnn_graded *source,
                                          struct edgesnn_events *events)
{
    uint32_t count = 0;
    for (; source->next < source->channels && count < EDGESNN_BATCH; source->next++) {
        if (source->now[source->next] != 0) {
            events->neuron[count] = (uint16_t)source->next;
            events->value[count++] = source->now[source->next];
        }
    }
    events->count = count;
    return count != 0;
}

/* Take the next batch of channels that moved; false where none is left. */
EDGESNN_INLINE bool edgesnn_gather_moved(struct edgesnn_moves *source,
                                         struct edgesnn_events *events)
{
    events->count = 0;
    while (source->next < source->words && events->count <= EDGESNN_BATCH - 32u) {
        edgesnn_gather_word(source->bitmap[source->next], source->next, events);
        source->next++;
    }
    for (uint32_t event = 0; event < events->count; event++) {
        const uint32_t channel = events->neuron[event];
        events->value[event] = (int16_t)(source->now[channel] - source->before[channel]);
    }
    return events->count != 0;
}

/* What event `event` sends: 1 for a spike. */
EDGESNN_INLINE int32_t edgesnn_value(const struct edgesnn_events *events, uint32_t event,
                                     bool graded)
{
    return graded ? events->value[event] : 1;
}

/* Send each spike down its axon: neuron `n` arrives `delay[n]` steps from now. `ring` has
 * `slots` bitmaps of `words` words. */
EDGESNN_INLINE void edgesnn_send(const uint32_t *spikes, uint32_t words, const uint8_t *delay,
                                 uint32_t *ring, uint32_t cursor, uint32_t slots)
{
    for (uint32_t word = 0; word < words; word++) {
        for (uint32_t bits = spikes[word]; bits != 0; bits &= bits - 1u) {
            const uint32_t neuron = 32u * word + edgesnn_lowest_bit(bits);
            const uint32_t slot = edgesnn_slot_after(cursor, delay[neuron], slots);
            ring[slot * words + word] |= bits & (0u - bits);
        }
    }
}

#endif
