/* SPDX-License-Identifier: MIT-0
 *
 * The list of events of layers with several groups of rows, one function for all of a network:
 * bitmaps of different sources, or of one source at different delays, in one walk.
 */
#ifndef EDGESNN_TAPS_H
#define EDGESNN_TAPS_H

#include "edgesnn_rows.h"

/* A group: its spikes, `words` words of them, and the row of its neuron 0. */
struct edgesnn_tap {
    const uint32_t *bitmap;
    uint32_t words;
    uint32_t first;
};

#if EDGESNN_DSP && !defined(EDGESNN_PORTABLE)
/* List the spikes of all groups up to `end` at `place`, as struct edgesnn_list has it; returns
 * their number. r4 is the place of the row of a word's highest bit, r5 what rows lie apart, r6 where
 * the list begins, r10 to r11 the words that are left. 7 cycles an event on Cortex-M4, 10 a silent
 * word, 8 a group and 40 besides. */
EDGESNN_NAKED uint32_t edgesnn_list_taps(EDGESNN_UNUSED const struct edgesnn_rows *rows,
                                         EDGESNN_UNUSED const struct edgesnn_tap *tap,
                                         EDGESNN_UNUSED const struct edgesnn_tap *end,
                                         EDGESNN_UNUSED uint32_t *place)
{
    __asm__ volatile(
        "push    {r4-r11, lr}\n"
        "ldrd    r0, r5, [r0]\n"
        "mov.w   r9, #0x80000000\n"
        "lsls    r5, r5, #2\n"
        "mov     r6, r3\n"
        "1:\n"
        "ldm.w   r1!, {r10, r11, r12}\n"
        "sub.w   r12, r12, #1\n"
        "mla     r4, r12, r5, r0\n"
        "add.w   r11, r10, r11, lsl #2\n"
        ".balign 4\n"
        "2:\n"
        "ldr.w   r7, [r10], #4\n"
        "add.w   r4, r4, r5, lsl #5\n"
        "cbz     r7, 4f\n"
        ".balign 4\n"
        "3:\n"
        "clz     r12, r7\n"
        "mls     lr, r12, r5, r4\n"
        "lsr.w   r12, r9, r12\n"
        "bics.w  r7, r7, r12\n"
        "str.w   lr, [r3], #4\n"
        "bne.n   3b\n"
        "4:\n"
        "cmp     r10, r11\n"
        "bne.n   2b\n"
        "cmp     r1, r2\n"
        "bne.n   1b\n"
        "str     r7, [r3]\n"
        "subs    r0, r3, r6\n"
        "lsrs    r0, r0, #2\n"
        "pop     {r4-r11, pc}\n");
}

_Static_assert(EDGESNN_NOWHERE == 0u, "edgesnn_list_taps has it inside");
#else
EDGESNN_SHARED uint32_t edgesnn_list_taps(const struct edgesnn_rows *rows,
                                          const struct edgesnn_tap *tap,
                                          const struct edgesnn_tap *end, uint32_t *place)
{
    struct edgesnn_list list = {place, 0};
    for (; tap < end; tap++) {
        edgesnn_list_spikes(rows, tap->bitmap, tap->words, tap->first, &list);
    }
    return list.count;
}
#endif

#endif
