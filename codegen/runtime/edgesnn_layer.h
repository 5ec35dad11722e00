/* SPDX-License-Identifier: MIT-0
 *
 * A spiking layer in lanes as structs (edgesnn_membranes.h), and its tiles where all neurons have
 * one decay and one level, in assembly for cores with the DSP extension.
 */
#ifndef EDGESNN_LAYER_H
#define EDGESNN_LAYER_H

#include "edgesnn_rows.h"

struct edgesnn_membranes {
    uint32_t tiles;
    struct edgesnn_parameter start;
    struct edgesnn_parameter decay;
    struct edgesnn_parameter level;
    struct edgesnn_parameter threshold;
    struct edgesnn_parameter adaptation_decay;
    struct edgesnn_parameter adaptation_jump;
    bool saturates;
    bool adaptive;
    bool reset_to_zero;
    bool adaptation_saturates;
};

/* A layer's state. `rests` is for edgesnn_step_membranes, `sums` for adaptive layers with tables:
 * room for a word a pair. */
struct edgesnn_cells {
    uint32_t *v;
    uint32_t *a;
    uint32_t *spikes;
    uint32_t *sums;
    uint8_t *rests;
};

/* What a layer receives in one step: events into `rows`, and lanes of other currents, those of
 * this step alone (`drive`) and those that are kept from step to step (`kept`). Each may be NULL. */
struct edgesnn_arrivals {
    const struct edgesnn_rows *rows;
    struct edgesnn_list events;
    const uint32_t *drive;
    const uint32_t *kept;
};

#if EDGESNN_ASSEMBLY
/* Whether the functions below serve the layer. */
EDGESNN_INLINE bool edgesnn_is_uniform(const struct edgesnn_membranes *layer)
{
    return !layer->adaptive && layer->decay.each == NULL && layer->level.each == NULL;
}

#define EDGESNN_LEAK(sum)                                                                          \
    "smlawb %[t], %[decay], %[" sum "], %[shared]\n\t"                                             \
    "smlawt %[" sum "], %[decay], %[" sum "], %[shared]\n\t"                                       \
    "pkhbt %[" sum "], %[t], %[" sum "], lsl #16\n\t"

/* The beginning of a tile that does not saturate: membranes leaked, plus `shared` each. 33 cycles
 * on Cortex-M4. */
EDGESNN_INLINE void edgesnn_leak_tile(const struct edgesnn_membranes *layer, int32_t shared,
                                      const uint32_t *v, uint32_t *sum)
{
    uint32_t t;
    __asm__("ldr %[s0], [%[cells]]\n\t"
            "ldr %[s1], [%[cells], #4]\n\t"
            "ldr %[s2], [%[cells], #8]\n\t"
            "ldr %[s3], [%[cells], #12]\n\t"
            "ldr %[s4], [%[cells], #16]\n\t"
            "ldr %[s5], [%[cells], #20]\n\t"
            "ldr %[s6], [%[cells], #24]\n\t"
            "ldr %[s7], [%[cells], #28]\n\t" EDGESNN_LEAK("s0") EDGESNN_LEAK("s1")
                EDGESNN_LEAK("s2") EDGESNN_LEAK("s3") EDGESNN_LEAK("s4") EDGESNN_LEAK("s5")
                    EDGESNN_LEAK("s6") EDGESNN_LEAK("s7")
            : [s0] "=&r"(sum[0]), [s1] "=&r"(sum[1]), [s2] "=&r"(sum[2]), [s3] "=&r"(sum[3]),
              [s4] "=&r"(sum[4]), [s5] "=&r"(sum[5]), [s6] "=&r"(sum[6]), [s7] "=&r"(sum[7]),
              [t] "=&r"(t)
            : [cells] "r"(v), [decay] "r"(layer->decay.all * 256), [shared] "r"(shared)
            : "memory");
}

#define EDGESNN_TEST(sum, at)                                                                      \
    "and %[below], %[below], %[" sum "]\n\t"                                                       \
    "sadd16 %[t], %[" sum "], %[level]\n\t"                                                        \
    "str %[t], [%[cells], #" at "]\n\t"

/* The end of such a tile: membranes from sums, and the signs of the sums. 25 cycles. */
EDGESNN_INLINE uint32_t edgesnn_test_tile(const struct edgesnn_membranes *layer, uint32_t *v,
                                          const uint32_t *sum)
{
    const uint32_t level = edgesnn_pack(layer->level.all, layer->level.all);
    uint32_t t, below = EDGESNN_SIGNS;
    __asm__ volatile(EDGESNN_TEST("s0", "0") EDGESNN_TEST("s1", "4") EDGESNN_TEST("s2", "8")
                         EDGESNN_TEST("s3", "12") EDGESNN_TEST("s4", "16")
                             EDGESNN_TEST("s5", "20") EDGESNN_TEST("s6", "24")
                                 EDGESNN_TEST("s7", "28")
                     : [below] "+r"(below), [t] "=&r"(t)
                     : [cells] "r"(v), [level] "r"(level), [s0] "r"(sum[0]), [s1] "r"(sum[1]),
                       [s2] "r"(sum[2]), [s3] "r"(sum[3]), [s4] "r"(sum[4]), [s5] "r"(sum[5]),
                       [s6] "r"(sum[6]), [s7] "r"(sum[7])
                     : "memory");
    return below;
}

/* One pair, its membranes in register `v`; register `next` gets those of the pair at `ahead`. */
#define EDGESNN_SETTLE(v, next, sum, at, ahead)                                                    \
    "smulwb %[" next "], %[decay], %[" v "]\n\t"                                                   \
    "smulwt %[" v "], %[decay], %[" v "]\n\t"                                                      \
    "pkhbt %[" v "], %[" next "], %[" v "], lsl #16\n\t"                                           \
    "qadd16 %[" v "], %[" v "], %[" sum "]\n\t"                                                    \
    "ldr %[" next "], [%[cells], #" ahead "]\n\t"                                                  \
    "str %[" v "], [%[cells], #" at "]\n\t"                                                        \
    "qsub16 %[" sum "], %[" v "], %[level]\n\t"

/* The end of a tile that saturates, for one decay and one level: what edgesnn_end_pair does eight
 * times. Seven cycles a pair on Cortex-M4, since the store runs in the shadow of a load; 4 cycles
 * a neuron with the test. */
EDGESNN_INLINE uint32_t edgesnn_settle_tile(const struct edgesnn_membranes *layer, uint32_t *v,
                                            uint32_t *sum)
{
    const uint32_t level = edgesnn_pack(layer->level.all, layer->level.all);
    uint32_t p, q;
    __asm__ volatile("ldr %[p], [%[cells]]\n\t" EDGESNN_SETTLE("p", "q", "s0", "0", "4")
                         EDGESNN_SETTLE("q", "p", "s1", "4", "8")
                             EDGESNN_SETTLE("p", "q", "s2", "8", "12")
                                 EDGESNN_SETTLE("q", "p", "s3", "12", "16")
                                     EDGESNN_SETTLE("p", "q", "s4", "16", "20")
                                         EDGESNN_SETTLE("q", "p", "s5", "20", "24")
                                             EDGESNN_SETTLE("p", "q", "s6", "24", "28")
                                                 EDGESNN_SETTLE("q", "p", "s7", "28", "28")
                     : [s0] "+r"(sum[0]), [s1] "+r"(sum[1]), [s2] "+r"(sum[2]), [s3] "+r"(sum[3]),
                       [s4] "+r"(sum[4]), [s5] "+r"(sum[5]), [s6] "+r"(sum[6]), [s7] "+r"(sum[7]),
                       [p] "=&r"(p), [q] "=&r"(q)
                     : [cells] "r"(v), [decay] "r"(layer->decay.all * 256), [level] "r"(level)
                     : "memory");
    return sum[0] & sum[1] & sum[2] & sum[3] & sum[4] & sum[5] & sum[6] & sum[7] & EDGESNN_SIGNS;
}
#else
EDGESNN_INLINE bool edgesnn_is_uniform(const struct edgesnn_membranes *layer)
{
    (void)layer;
    return false;
}

EDGESNN_INLINE void edgesnn_leak_tile(const struct edgesnn_membranes *layer, int32_t shared,
                                      const uint32_t *v, uint32_t *sum)
{
    (void)layer;
    (void)shared;
    (void)v;
    (void)sum;
}

EDGESNN_INLINE uint32_t edgesnn_test_tile(const struct edgesnn_membranes *layer, uint32_t *v,
                                          const uint32_t *sum)
{
    (void)layer;
    (void)v;
    (void)sum;
    return 0;
}

EDGESNN_INLINE uint32_t edgesnn_settle_tile(const struct edgesnn_membranes *layer, uint32_t *v,
                                            uint32_t *sum)
{
    (void)layer;
    (void)v;
    (void)sum;
    return 0;
}
#endif

#endif
