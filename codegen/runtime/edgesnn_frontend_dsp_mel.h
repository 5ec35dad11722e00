/* SPDX-License-Identifier: MIT-0
 *
 * From powers to features for cores with the DSP extension (FRONTEND.md 5 to 7), the loop of
 * edgesnn_frontend_mel.h in assembly: the compilers keep too little of it in registers.
 */
#ifndef EDGESNN_FRONTEND_DSP_MEL_H
#define EDGESNN_FRONTEND_DSP_MEL_H

#include "edgesnn_frontend_base.h"

/* What the loop keeps on the stack, in this order. */
struct edgesnn_frontend_level {
    const uint32_t *log2;
    uint32_t exponent; /* of powers of 2^31, counted from the floor, in 2^-20 octave; and shift */
    const uint32_t *segment;
};

/* Bins at r1, their weights at r2, features to r3, segments at r9. r7:r6 is the band that falls,
 * in 1/256, r5:r4 the one that rises. A segment's bins are taken singly, as a pair, and by four:
 * 4.5 cycles each, and 37 a band, on Cortex-M4. The first shift of a segment's word tells whether
 * it ends the loop (mi) and whether there is a single bin (cs), the second whether there is a
 * pair (cs) and whether there are no fours (eq). The logarithm is the table's line at the five
 * bits below the leading one, by SMLAWT, added where it leaves the four bits of the shift alone;
 * a band without power is put far below the floor. */
EDGESNN_NAKED void edgesnn_frontend_levels(
    EDGESNN_UNUSED const uint32_t *power, EDGESNN_UNUSED const uint8_t *mel,
    EDGESNN_UNUSED int8_t *features,
    EDGESNN_UNUSED const struct edgesnn_frontend_level *level) {
    __asm__ volatile(
        "push    {r4-r11, lr}\n"
        "ldm     r3, {r6, r7, r9}\n"
        "push    {r6, r7}\n"
        "mov     r3, r2\n"
        "mov     r2, r1\n"
        "mov     r1, r0\n"
        "mov.w   r8, #256\n"
        "movs    r4, #0\n"
        "movs    r5, #0\n"
        "ldr     r12, [r9], #4\n"
        "lsrs.w  r0, r12, #12\n"
        "beq.n   2f\n"
        "1:\n"
        "ldr     r10, [r1], #4\n"
        "ldrb    r11, [r2], #1\n"
        "subs    r0, r0, #1\n"
        "umlal   r4, r5, r10, r11\n"
        "bne.n   1b\n"
        "2:\n"
        "lsls.w  r0, r12, #21\n"
        ".balign 4\n"
        "3:\n"
        "mov.w   r6, r4\n"
        "mov.w   r7, r5\n"
        "mov.w   r4, #0\n"
        "mov.w   r5, #0\n"
        "bcc.w   4f\n"
        "ldr     r10, [r1], #4\n"
        "ldrb    r12, [r2], #1\n"
        "umlal   r6, r7, r10, r8\n"
        "umlal   r4, r5, r10, r12\n"
        "4:\n"
        "lsls.w  r0, r0, #2\n"
        "bcc.w   5f\n"
        "ldr     r10, [r1], #4\n"
        "ldrb    r12, [r2], #1\n"
        "ldr     r11, [r1], #4\n"
        "ldrb    lr, [r2], #1\n"
        "umlal   r6, r7, r10, r8\n"
        "umlal   r4, r5, r10, r12\n"
        "umlal   r6, r7, r11, r8\n"
        "umlal   r4, r5, r11, lr\n"
        "5:\n"
        "beq.w   7f\n"
        "6:\n"
        "ldr     r10, [r1], #4\n"
        "ldrb    r12, [r2], #1\n"
        "ldr     r11, [r1], #4\n"
        "ldrb    lr, [r2], #1\n"
        "umlal   r6, r7, r10, r8\n"
        "umlal   r4, r5, r10, r12\n"
        "umlal   r6, r7, r11, r8\n"
        "umlal   r4, r5, r11, lr\n"
        "subs.w  r0, r0, #0x800000\n"
        "ldr     r10, [r1], #4\n"
        "ldrb    r12, [r2], #1\n"
        "ldr     r11, [r1], #4\n"
        "ldrb    lr, [r2], #1\n"
        "umlal   r6, r7, r10, r8\n"
        "umlal   r4, r5, r10, r12\n"
        "umlal   r6, r7, r11, r8\n"
        "umlal   r4, r5, r11, lr\n"
        "bne.w   6b\n"
        "7:\n"
        "ldm.w   sp, {r10, r11}\n"
        "subs.w  r6, r6, r4\n"
        "sbcs.w  r7, r7, r5\n"
        "bne.w   9f\n"
        "clz     r0, r6\n"
        "lsls.w  r6, r6, r0\n"
        "beq.w   10f\n"
        "8:\n"
        "sub.w   lr, r11, r0, lsl #20\n"
        "ubfx    r0, r6, #26, #5\n"
        "ubfx    r6, r6, #10, #16\n"
        "ldr.w   r7, [r10, r0, lsl #2]\n"
        "ldr     r12, [r9], #4\n"
        "uxth.w  r10, r7\n"
        "smlawt  r10, r6, r7, r10\n"
        "lsls.w  r0, r12, #21\n"
        "add.w   lr, lr, r10, lsl #5\n"
        "usat    lr, #16, lr, asr #12\n"
        "add.w   lr, lr, r12, asr #12\n"
        "asr.w   lr, lr, r11\n"
        "ssat    lr, #8, lr\n"
        "strb    lr, [r3], #1\n"
        "bpl.w   3b\n"
        "add     sp, sp, #8\n"
        "pop     {r4-r11, pc}\n"
        "9:\n"
        "clz     r0, r7\n"
        "lsl.w   r7, r7, r0\n"
        "sub.w   r0, r0, #32\n"
        "rsb.w   r12, r0, #0\n"
        "lsr.w   r6, r6, r12\n"
        "orr.w   r6, r6, r7\n"
        "b.w     8b\n"
        "10:\n"
        "uxtb    r11, r11\n"
        "orr.w   r11, r11, #0x80000000\n"
        "movs    r0, #0\n"
        "b.w     8b\n");
}

/* Mel, log2, offset and shift; `exponent` in 1/256 octave, counted from the floor. */
EDGESNN_INLINE void edgesnn_frontend_bands(const struct edgesnn_frontend_tables *t,
                                          const uint32_t *power, int32_t exponent,
                                          int8_t *features) {
    uint32_t highest = (uint32_t)(exponent + 31 * 256);
    struct edgesnn_frontend_level level = {t->log2, highest << 12 | t->shift, t->segment};
    edgesnn_frontend_levels(power + t->first_bin, t->mel, features, &level);
}

#endif
