/* SPDX-License-Identifier: MIT-0
 *
 * The front-end's transform for cores with the DSP extension (Cortex-M4, M7, M33), the loops of
 * edgesnn_frontend_portable.h in assembly: the same integers at every step.
 *
 * Assembly because compilers load pairs by LDRD (three cycles for what two cost), spill, and
 * leave 32-bit instructions across two fetched words. A complex number is one register, real
 * part in the low half. Instructions are ordered so that few need the result of the one before:
 * Cortex-M33 would wait for it, and Cortex-M7 pairs a product with a sum. The functions are naked
 * because they use all registers: a compiler may want one for its frame.
 */
#ifndef EDGESNN_FRONTEND_DSP_H
#define EDGESNN_FRONTEND_DSP_H

#include "edgesnn_frontend_base.h"

_Static_assert(offsetof(struct edgesnn_frontend_tables, window) == 0, "assembly loads it");
_Static_assert(offsetof(struct edgesnn_frontend_tables, order) == 12, "assembly loads it");

/* ---- samples --------------------------------------------------------------------------- */

#define EDGESNN_FRONTEND_COPY_4                                                                    \
    "ldr.w  %[b], [%[from], #4]\n\t"                                                               \
    "ldr.w  %[c], [%[from], #8]\n\t"                                                               \
    "ldr.w  %[d], [%[from], #12]\n\t"                                                              \
    "ldr.w  %[a], [%[from]], #16\n\t"                                                              \
    "str.w  %[b], [%[to], #4]\n\t"                                                                 \
    "str.w  %[c], [%[to], #8]\n\t"                                                                 \
    "str.w  %[d], [%[to], #12]\n\t"                                                                \
    "str.w  %[a], [%[to]], #16\n\t"
#define EDGESNN_FRONTEND_TAKE_4                                                                    \
    EDGESNN_FRONTEND_COPY_4                                                                        \
    "eor.w  %[a], %[a], %[a], lsl #1\n\t"                                                          \
    "eor.w  %[b], %[b], %[b], lsl #1\n\t"                                                          \
    "orr.w  %[edges], %[edges], %[a]\n\t"                                                          \
    "eor.w  %[c], %[c], %[c], lsl #1\n\t"                                                          \
    "orr.w  %[edges], %[edges], %[b]\n\t"                                                          \
    "eor.w  %[d], %[d], %[d], lsl #1\n\t"                                                          \
    "orr.w  %[edges], %[edges], %[c]\n\t"                                                          \
    "orr.w  %[edges], %[edges], %[d]\n\t"
/* Eight words a turn of COPY_4 or TAKE_4 from `from` up to `end`, which lies beyond it. */
#define EDGESNN_FRONTEND_BY_EIGHT(four)                                                            \
    __asm__ volatile(                                                                              \
        ".balign 4\n"                                                                              \
        "1:\n\t" four four                                                                         \
        "cmp.w  %[from], %[end]\n\t"                                                               \
        "blo.w  1b"                                                                                \
        : [from] "+r"(from), [to] "+r"(to), [edges] "+r"(edges), [a] "=&r"(a), [b] "=&r"(b),       \
          [c] "=&r"(c), [d] "=&r"(d)                                                               \
        : [end] "r"(end)                                                                           \
        : "cc", "memory")

/* Copy words down, to a lower address. */
EDGESNN_INLINE void edgesnn_frontend_move(uint32_t *to, const uint32_t *from, uint32_t words) {
    const uint32_t *end = from + (words & ~7u), *rest = from + words;
    if (from < end) {
        __asm__ volatile(
            ".balign 4\n"
            "1:\n\t"
            "ldm.w  %[from]!, {r4-r6, r8}\n\t"
            "stm.w  %[to]!, {r4-r6, r8}\n\t"
            "ldm.w  %[from]!, {r4-r6, r8}\n\t"
            "stm.w  %[to]!, {r4-r6, r8}\n\t"
            "cmp.w  %[from], %[end]\n\t"
            "blo.w  1b"
            : [from] "+r"(from), [to] "+r"(to)
            : [end] "r"(end)
            : "cc", "memory", "r4", "r5", "r6", "r8");
    }
    while (from < rest) {
        *to++ = *from++;
    }
}

/* Copy samples, two a word, from whatever address; returns the edges of all. */
EDGESNN_SHARED uint32_t edgesnn_frontend_take(uint32_t *to, const int16_t *from, uint32_t words) {
    uint32_t a, b, c, d, edges = 0;
    const int16_t *end = from + 2 * (words & ~7u), *rest = from + 2 * words;
    if (from < end) {
        EDGESNN_FRONTEND_BY_EIGHT(EDGESNN_FRONTEND_TAKE_4);
    }
    for (; from < rest; from += 2, to++) {
        *to = edgesnn_frontend_pair(from);
        edges |= edgesnn_frontend_edges(*to);
    }
    return edges;
}

/* ---- first stage ----------------------------------------------------------------------- */

/* Two points x, y under window values w, v: each half of x becomes (x w + r8) >> r3. */
#define EDGESNN_FRONTEND_WINDOWED(x, w, y, v)                                                      \
    "smlabb  r11, " x ", " w ", r8\n"                                                              \
    "smlatt  " x ", " x ", " w ", r8\n"                                                            \
    "smlabb  " w ", " y ", " v ", r8\n"                                                            \
    "smlatt  " y ", " y ", " v ", r8\n"                                                            \
    "asr.w   r11, r11, r3\n"                                                                       \
    "asr.w   " x ", " x ", r3\n"                                                                   \
    "asr.w   " w ", " w ", r3\n"                                                                   \
    "asr.w   " y ", " y ", r3\n"                                                                   \
    "pkhbt   " x ", r11, " x ", lsl #16\n"                                                         \
    "pkhbt   " y ", " w ", " y ", lsl #16\n"

/* Window and radix-4 stage without twiddles: samples r1 and window r0 in order, to r2 in
 * digit-reversed order r12, which is its own inverse. */
#define EDGESNN_FRONTEND_WINDOWED_4(watch)                                                         \
    "ldr.w   r6, [r1, #512]\n"                                                                     \
    "ldr.w   r10, [r0, #512]\n"                                                                    \
    "ldr.w   r4, [r1], #4\n"                                                                       \
    "ldr.w   r9, [r0], #4\n"                                                                       \
    EDGESNN_FRONTEND_WINDOWED("r4", "r9", "r6", "r10")                                             \
    "ldr.w   r5, [r1, #252]\n"                                                                     \
    "ldr.w   r9, [r0, #252]\n"                                                                     \
    "ldr.w   r7, [r1, #764]\n"                                                                     \
    "ldr.w   r10, [r0, #764]\n"                                                                    \
    "ldrb.w  lr, [r12], #1\n"                                                                      \
    EDGESNN_FRONTEND_WINDOWED("r5", "r9", "r7", "r10")                                             \
    "sadd16  r11, r4, r6\n"                                                                        \
    watch                                                                                          \
    "ssub16  r4, r4, r6\n"                                                                         \
    "sadd16  r6, r5, r7\n"                                                                         \
    "add.w   lr, r2, lr, lsl #4\n"                                                                 \
    "ssub16  r5, r5, r7\n"                                                                         \
    "sadd16  r7, r11, r6\n"                                                                        \
    "ssub16  r11, r11, r6\n"                                                                       \
    "ssax    r6, r4, r5\n"                                                                         \
    "sasx    r4, r4, r5\n"                                                                         \
    "str.w   r7, [lr]\n"                                                                           \
    "str.w   r6, [lr, #4]\n"                                                                       \
    "str.w   r11, [lr, #8]\n"                                                                      \
    "str.w   r4, [lr, #12]\n"

#if EDGESNN_FRONTEND_512
/* The first stage of 256 points. The order's last entry is 63 and ends the loop. 46 cycles a
 * butterfly on Cortex-M4. */
EDGESNN_NAKED void edgesnn_frontend_first_stage_4(
    EDGESNN_UNUSED const struct edgesnn_frontend_tables *t,
    EDGESNN_UNUSED const uint32_t *samples, EDGESNN_UNUSED uint32_t *z,
    EDGESNN_UNUSED uint32_t headroom) {
    __asm__ volatile(
        "push    {r4-r11, lr}\n"
        "ldr.w   r12, [r0, #12]\n"
        "ldr.w   r0, [r0]\n"
        "rsb.w   r3, r3, #16\n"
        "mov.w   r8, #1\n"
        "lsl.w   r8, r8, r3\n"
        "lsr.w   r8, r8, #1\n"
        ".balign 4\n"
        "1:\n"
        EDGESNN_FRONTEND_WINDOWED_4("")
        EDGESNN_FRONTEND_WINDOWED_4("cmp.w   lr, #63\n")
        "bne.w   1b\n"
        "pop     {r4-r11, pc}\n");
}
#endif

/* ---- butterflies ----------------------------------------------------------------------- */

/* Sums of a butterfly's turned points a, b, c, d: of a and c to u and a, of b and d to t and d;
 * then of those, halved where h is "h", its outputs to o0, t, o2, d. */
#define EDGESNN_FRONTEND_INNER_SUMS(a, b, c, d, t, u)                                              \
    "sadd16  " u ", " a ", " c "\n"                                                                \
    "ssub16  " a ", " a ", " c "\n"                                                                \
    "sadd16  " t ", " b ", " d "\n"                                                                \
    "ssub16  " d ", " b ", " d "\n"
#define EDGESNN_FRONTEND_OUTER_SUMS(u, a, t, d, o0, o2, h)                                         \
    "s" h "add16 " o0 ", " u ", " t "\n"                                                           \
    "s" h "sub16 " o2 ", " u ", " t "\n"                                                           \
    "s" h "sax " t ", " a ", " d "\n"                                                              \
    "s" h "asx " d ", " a ", " d "\n"

/* Points b, c, d of a butterfly turned by w1, w2, w3, everything in registers. `halve_a` adds to a
 * what rounds it and all four sums, and halves it. */
#define EDGESNN_FRONTEND_TURNS(b, c, d, t, u, w1, w2, w3, round, halve_a)                          \
    "smlsd   " t ", " b ", " w1 ", " round "\n"                                                    \
    "smladx  " b ", " b ", " w1 ", " round "\n"                                                    \
    "smlsd   " u ", " c ", " w2 ", " round "\n"                                                    \
    halve_a                                                                                        \
    "smladx  " c ", " c ", " w2 ", " round "\n"                                                    \
    "pkhtb   " b ", " b ", " t ", asr #16\n"                                                       \
    "smlsd   " t ", " d ", " w3 ", " round "\n"                                                    \
    "pkhtb   " c ", " c ", " u ", asr #16\n"                                                       \
    "smladx  " d ", " d ", " w3 ", " round "\n"                                                    \
    "pkhtb   " d ", " d ", " t ", asr #16\n"

/* One butterfly; its outputs end up in b, t, c, d. */
#define EDGESNN_FRONTEND_BUTTERFLY(a, b, c, d, t, u, w1, w2, w3, round, halve_a, h)                \
    EDGESNN_FRONTEND_TURNS(b, c, d, t, u, w1, w2, w3, round, halve_a)                              \
    EDGESNN_FRONTEND_INNER_SUMS(a, b, c, d, t, u)                                                  \
    EDGESNN_FRONTEND_OUTER_SUMS(u, a, t, d, b, c, h)

#endif
