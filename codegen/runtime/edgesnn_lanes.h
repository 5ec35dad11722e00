/* SPDX-License-Identifier: MIT-0
 *
 * Lanes: two int16 of neighbouring neurons in one word, the first in the low half.
 *
 * Sums of lanes are kept in one of two forms. With the DSP extension each half wraps on its own.
 * Without it a word is the integer low + 2^16 * high, which plain additions keep exact; it is
 * taken apart once, at the end. Either way the order of additions does not matter, and a final
 * lane that fits int16 is exact however far its partial sums wrapped.
 */
#ifndef EDGESNN_LANES_H
#define EDGESNN_LANES_H

#include "edgesnn_base.h"

#if defined(__BYTE_ORDER__) && defined(__ORDER_LITTLE_ENDIAN__)
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lanes and tables are little-endian");
#endif

#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb__) && defined(__GNUC__)
#define EDGESNN_DSP 1
#else
#define EDGESNN_DSP 0
#endif

/* Unroll a loop of constant bounds, so that small arrays live in registers. */
#if defined(EDGESNN_COMPACT)
#define EDGESNN_UNROLL
#elif defined(__clang__)
#define EDGESNN_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define EDGESNN_UNROLL _Pragma("GCC unroll 16")
#else
#define EDGESNN_UNROLL
#endif

/* Unroll a loop by four. */
#if defined(EDGESNN_COMPACT) || !defined(__GNUC__)
#define EDGESNN_UNROLL_BY_FOUR
#elif defined(__clang__)
#define EDGESNN_UNROLL_BY_FOUR _Pragma("clang loop unroll_count(4)")
#else
#define EDGESNN_UNROLL_BY_FOUR _Pragma("GCC unroll 4")
#endif

/* Steps of a layer: one copy for each layer, or in compact code one for all. */
#if defined(EDGESNN_COMPACT)
#define EDGESNN_STEP EDGESNN_SHARED
#else
#define EDGESNN_STEP EDGESNN_INLINE
#endif

/* The sign bits of both lanes. */
#define EDGESNN_SIGNS 0x80008000u

EDGESNN_INLINE int32_t edgesnn_low(uint32_t lanes)
{
    return (int16_t)(lanes & 0xffffu);
}

EDGESNN_INLINE int32_t edgesnn_high(uint32_t lanes)
{
    return (int32_t)lanes >> 16;
}

EDGESNN_INLINE uint32_t edgesnn_pack(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

/* The same of registers: compilers do not find PKHBT by themselves. */
EDGESNN_INLINE uint32_t edgesnn_join(int32_t low, int32_t high)
{
#if EDGESNN_DSP
    uint32_t lanes;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(lanes) : "r"(low), "r"(high));
    return lanes;
#else
    return edgesnn_pack(low, high);
#endif
}

/* One lane in memory. */
#if defined(__GNUC__)
typedef int16_t edgesnn_half __attribute__((may_alias));

EDGESNN_INLINE int32_t edgesnn_lane(const uint32_t *lanes, uint32_t neuron)
{
    return ((const edgesnn_half *)lanes)[neuron];
}

EDGESNN_INLINE void edgesnn_set_lane(uint32_t *lanes, uint32_t neuron, int32_t value)
{
    ((edgesnn_half *)lanes)[neuron] = (int16_t)value;
}
#else
EDGESNN_INLINE int32_t edgesnn_lane(const uint32_t *lanes, uint32_t neuron)
{
    return (int16_t)(lanes[neuron / 2u] >> 16u * (neuron % 2u) & 0xffffu);
}

EDGESNN_INLINE void edgesnn_set_lane(uint32_t *lanes, uint32_t neuron, int32_t value)
{
    const uint32_t at = 16u * (neuron % 2u);
    const uint32_t others = lanes[neuron / 2u] & ~(0xffffu << at);
    lanes[neuron / 2u] = others | ((uint32_t)value & 0xffffu) << at;
}
#endif

#if EDGESNN_DSP
#define EDGESNN_LANES_OPERATION(name, instruction)                                                 \
    EDGESNN_INLINE uint32_t name(uint32_t left, uint32_t right)                                    \
    {                                                                                              \
        uint32_t result;                                                                           \
        __asm__(instruction " %0, %1, %2" : "=r"(result) : "r"(left), "r"(right));                 \
        return result;                                                                             \
    }

EDGESNN_LANES_OPERATION(edgesnn_add_sums, "sadd16")
EDGESNN_LANES_OPERATION(edgesnn_subtract_sums, "ssub16")
EDGESNN_LANES_OPERATION(edgesnn_add_saturating, "qadd16")
EDGESNN_LANES_OPERATION(edgesnn_subtract_saturating, "qsub16")

/* Lanes as a sum, and a sum as lanes. */
EDGESNN_INLINE uint32_t edgesnn_sum_of(uint32_t lanes)
{
    return lanes;
}

EDGESNN_INLINE uint32_t edgesnn_lanes_of(uint32_t sum)
{
    return sum;
}

/* sum + bytes 0 and 2 of `word`, and sum + bytes 1 and 3. */
EDGESNN_INLINE uint32_t edgesnn_add_even_bytes(uint32_t sum, uint32_t word)
{
    __asm__("uxtab16 %0, %0, %1" : "+r"(sum) : "r"(word));
    return sum;
}

EDGESNN_INLINE uint32_t edgesnn_add_odd_bytes(uint32_t sum, uint32_t word)
{
    __asm__("uxtab16 %0, %0, %1, ror #8" : "+r"(sum) : "r"(word));
    return sum;
}

/* floor(v * decay / 2^8) + further in both lanes; `decay` is 0 ... 256. SMLAW's product is exact
 * in 48 bits, of which the upper 32 are this floor. */
EDGESNN_INLINE uint32_t edgesnn_leak(uint32_t v, int32_t decay, int32_t further)
{
    int32_t low, high;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(low) : "r"(decay * 256), "r"(v), "r"(further));
    __asm__("smlawt %0, %1, %2, %3" : "=r"(high) : "r"(decay * 256), "r"(v), "r"(further));
    return edgesnn_join(low, high);
}

/* The same for a decay a lane. */
EDGESNN_INLINE uint32_t edgesnn_leak_each(uint32_t v, uint32_t decay, int32_t further)
{
    int32_t low, high;
    uint32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(low) : "r"(v), "r"(decay), "r"(further * 256));
    __asm__("smlatt %0, %1, %2, %3" : "=r"(high) : "r"(v), "r"(decay), "r"(further * 256));
    __asm__("pkhtb %0, %1, %2, asr #8" : "=r"(result) : "r"((uint32_t)high << 8), "r"(low));
    return result;
}
#else
EDGESNN_INLINE uint32_t edgesnn_sum_of(uint32_t lanes)
{
    return lanes - ((lanes & 0x8000u) << 1);
}

EDGESNN_INLINE uint32_t edgesnn_lanes_of(uint32_t sum)
{
    return sum + ((sum & 0x8000u) << 1);
}

EDGESNN_INLINE uint32_t edgesnn_add_sums(uint32_t left, uint32_t right)
{
    return left + right;
}

EDGESNN_INLINE uint32_t edgesnn_subtract_sums(uint32_t left, uint32_t right)
{
    return left - right;
}

EDGESNN_INLINE uint32_t edgesnn_add_saturating(uint32_t left, uint32_t right)
{
    return edgesnn_pack(edgesnn_saturate16(edgesnn_low(left) + edgesnn_low(right)),
                        edgesnn_saturate16(edgesnn_high(left) + edgesnn_high(right)));
}

EDGESNN_INLINE uint32_t edgesnn_subtract_saturating(uint32_t left, uint32_t right)
{
    return edgesnn_pack(edgesnn_saturate16(edgesnn_low(left) - edgesnn_low(right)),
                        edgesnn_saturate16(edgesnn_high(left) - edgesnn_high(right)));
}

EDGESNN_INLINE uint32_t edgesnn_add_even_bytes(uint32_t sum, uint32_t word)
{
    return sum + (word & 0x00ff00ffu);
}

EDGESNN_INLINE uint32_t edgesnn_add_odd_bytes(uint32_t sum, uint32_t word)
{
    return sum + (word >> 8 & 0x00ff00ffu);
}

EDGESNN_INLINE uint32_t edgesnn_leak(uint32_t v, int32_t decay, int32_t further)
{
    const int32_t low = (edgesnn_low(v) * decay >> 8) + further;
    const int32_t high = (edgesnn_high(v) * decay >> 8) + further;
    return (uint32_t)low + ((uint32_t)high << 16);
}

EDGESNN_INLINE uint32_t edgesnn_leak_each(uint32_t v, uint32_t decay, int32_t further)
{
    const int32_t low = (edgesnn_low(v) * edgesnn_low(decay) >> 8) + further;
    const int32_t high = (edgesnn_high(v) * edgesnn_high(decay) >> 8) + further;
    return (uint32_t)low + ((uint32_t)high << 16);
}
#endif

/* What a step noticed: bits in which the state changed. */
struct edgesnn_noted {
    uint32_t changed;
};

/* A sum that holds `value` in both lanes, also where it leaves int16: the bias of a few hundred
 * events does. */
EDGESNN_INLINE uint32_t edgesnn_both(int32_t value)
{
#if EDGESNN_DSP
    return edgesnn_pack(value, value);
#else
    return (uint32_t)value * 0x10001u;
#endif
}

/* One int16 a neuron: lanes of `each` where there is such a table, else `all` for every neuron. */
struct edgesnn_parameter {
    const uint32_t *each;
    int32_t all;
};

/* Neurons `2 * pair` and `2 * pair + 1` of a parameter, as lanes. */
EDGESNN_INLINE uint32_t edgesnn_pair_of(const struct edgesnn_parameter *parameter, uint32_t pair)
{
    return parameter->each != NULL ? parameter->each[pair]
                                   : edgesnn_pack(parameter->all, parameter->all);
}

EDGESNN_INLINE int32_t edgesnn_one_of(const struct edgesnn_parameter *parameter, uint32_t neuron)
{
    return parameter->each != NULL ? edgesnn_lane(parameter->each, neuron) : parameter->all;
}

#endif
