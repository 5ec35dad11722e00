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

/* A list, ended by a value of zero beside any row; `reach` bounds the moduli of its sums. */
struct edgesnn_sends {
    uint32_t count;
    uint32_t reach;
    int32_t total;
    struct edgesnn_send send[EDGESNN_SENDS + 1u];
};

/* Bytes of a list that has just room for 32 more, and of what stands before it. */
#define EDGESNN_GRADED_FULL "268"
_Static_assert(12u + 8u * (EDGESNN_SENDS - 32u) == 268u, "edgesnn_gather_moves has it inside");

_Static_assert(255u * 128u < 1u << 15, "one channel must fit into a 16-bit lane");

/* Channel `c`'s weights are words `c * words` and up, four a word, in tiles of 16, of which `halves`
 * halves have neurons; `most[c]` is the largest of their moduli. */
struct edgesnn_graded8 {
    const uint32_t *weight;
    const uint8_t *most;
    uint32_t words;
    uint32_t halves;
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
#if EDGESNN_GRADED_THUMB == 2
/* In assembly: r0 and r1 are `now` and `before`, r9 `most`, r12 and r4 `weight` and bytes of a row,
 * r5 and r6 `reach` and `total`, r7 where the list goes on. r8 has the channels of a word that are
 * left, the first of them on top; each is shifted out into the carry, which counts it in r10: the
 * channel at work, or one less than the word's first. 19 cycles a channel on Cortex-M4, 21 a word
 * and 70 besides. */
EDGESNN_NAKED bool edgesnn_gather_moves(EDGESNN_UNUSED struct edgesnn_moves *source,
                                        EDGESNN_UNUSED const struct edgesnn_graded8 *group,
                                        EDGESNN_UNUSED struct edgesnn_sends *sends)
{
    __asm__ volatile(
        "push    {r0, r2, r4-r11, lr}\n"
        "ldm.w   r2, {r4-r6}\n"
        "add.w   r7, r2, #12\n"
        "add.w   r7, r7, r4, lsl #3\n"
        "ldr.w   r4, [r1, #8]\n"
        "ldrd    r12, r9, [r1]\n"
        "lsls    r4, r4, #2\n"
        "ldrd    r10, r8, [r0, #16]\n"
        "ldrd    r0, r1, [r0]\n"
        "lsl.w   r10, r10, #5\n"
        "sub.w   r10, r10, #1\n"
        "cmp.w   r8, #0\n"
        "bne.n   3f\n"
        "1:\n" /* the next word */
        "ldr.w   r2, [sp]\n"
        "add.w   r11, r10, #1\n"
        "ldrd    r2, r3, [r2, #8]\n"
        "cmp.w   r11, r3, lsl #5\n"
        "lsr.w   r11, r11, #3\n"
        "bhs.n   6f\n"
        "ldr.w   r8, [r2, r11]\n"
        "cmp.w   r8, #0\n"
        "beq.n   5f\n"
        "3:\n" /* is there room for 32? Then the carry is set. */
        "rbit    r8, r8\n"
        "ldr.w   r11, [sp, #4]\n"
        "add.w   r11, r11, #" EDGESNN_GRADED_FULL "\n"
        "cmp.w   r11, r7\n"
        "blo.n   7f\n"
        ".balign 4\n"
        "4:\n"
        "clz     r11, r8\n"
        "adc.w   r10, r10, r11\n"
        "lsl.w   r8, r8, r11\n"
        "ldrsb.w r2, [r0, r10]\n"
        "ldrsb.w r3, [r1, r10]\n"
        "ldrb.w  lr, [r9, r10]\n"
        "subs    r2, r2, r3\n"
        "it      mi\n"
        "rsbmi   lr, lr, #0\n"
        "mla     r5, r2, lr, r5\n"
        "cmp.w   r5, #0x8000\n"
        "bhs.n   8f\n"
        "adds    r6, r6, r2\n"
        "mla     r3, r10, r4, r12\n"
        "str.w   r3, [r7], #8\n"
        "str     r2, [r7, #-4]\n"
        "lsls.w  r8, r8, #1\n"
        "bne.n   4b\n"
        "orr.w   r10, r10, #31\n"
        "b.n     1b\n"
        "5:\n"
        "add.w   r10, r10, #32\n"
        "b.n     1b\n"
        "6:\n" /* all are listed */
        "add.w   r10, r10, #1\n"
        "movs    r0, #0\n"
        "mov     r8, r0\n"
        "b.n     9f\n"
        "8:\n" /* the next one does not fit: back to the word as it was, and less than its first */
        "mls     r5, r2, lr, r5\n"
        "and.w   r11, r10, #31\n"
        "lsr.w   r8, r8, r11\n"
        "bic.w   r10, r10, #31\n"
        "sub.w   r10, r10, #1\n"
        "7:\n"
        "add.w   r10, r10, #1\n"
        "rbit    r8, r8\n"
        "movs    r0, #1\n"
        "9:\n"
        "pop     {r1, r2}\n"
        "lsr.w   r10, r10, #5\n"
        "subs    r7, r7, r2\n"
        "strd    r10, r8, [r1, #16]\n"
        "sub.w   r4, r7, #12\n"
        "lsrs    r4, r4, #3\n"
        "stm.w   r2, {r4-r6}\n"
        "pop     {r4-r11, pc}\n");
}
#else
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
#endif

/* Add the list to a layer's currents, and begin a new one. */
EDGESNN_SHARED void edgesnn_add_sends(const struct edgesnn_graded8 *group,
                                      struct edgesnn_sends *sends, int32_t *current)
{
    const uint32_t bias = 128u * (uint32_t)sends->total;
    sends->send[sends->count] = (struct edgesnn_send){group->weight, 0};
    edgesnn_add_tiles(sends->send, sends->count, group->halves, current,
                      0u - (bias + (bias << 16)));
    edgesnn_begin_sends(sends);
}

/* What the input was in the last `slots` steps, of which `cursor` is this one's: what was sent of
 * `channels` channels, and words of those that moved. */
struct edgesnn_history {
    const int8_t *seen;
    const uint32_t *moved;
    uint32_t cursor;
    uint32_t slots;
    uint32_t channels;
};

/* A group of synapses, and how many steps ago it sees the input. */
struct edgesnn_delayed8 {
    const struct edgesnn_graded8 *group;
    uint32_t delay;
};

EDGESNN_INLINE struct edgesnn_moves edgesnn_moves_before(const struct edgesnn_history *input,
                                                         uint32_t delay)
{
    const uint32_t channels = input->channels, words = EDGESNN_WORDS(channels);
    const uint32_t now = edgesnn_slot_before(input->cursor, delay, input->slots);
    const uint32_t before = edgesnn_slot_before(now, 1, input->slots);
    return (struct edgesnn_moves){
        .now = &input->seen[channels * now],
        .before = &input->seen[channels * before],
        .bitmap = &input->moved[words * now],
        .words = words,
    };
}

/* Whether any channel did: the lists of a silent step need not be begun. */
EDGESNN_INLINE bool edgesnn_have_moved(const struct edgesnn_moves *source)
{
    uint32_t any = 0;
    for (uint32_t word = 0; word < source->words; word++) {
        any |= source->bitmap[word];
    }
    return any != 0;
}

/* Add what channels of all groups moved by to a layer's currents; whether any did. */
EDGESNN_SHARED bool edgesnn_add_moves(const struct edgesnn_history *input,
                                      const struct edgesnn_delayed8 *delayed, uint32_t count,
                                      int32_t *current)
{
    struct edgesnn_sends sends;
    bool moved = false;
    edgesnn_begin_sends(&sends);
    for (const struct edgesnn_delayed8 *each = delayed; each < &delayed[count]; each++) {
        struct edgesnn_moves source = edgesnn_moves_before(input, each->delay);
        while (edgesnn_have_moved(&source) && edgesnn_gather_moves(&source, each->group, &sends)) {
            edgesnn_add_sends(each->group, &sends, current);
            moved = true;
        }
    }
    if (sends.count != 0) {
        edgesnn_add_sends(delayed->group, &sends, current);
        moved = true;
    }
    return moved;
}

#endif
