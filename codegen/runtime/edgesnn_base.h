/* SPDX-License-Identifier: MIT-0
 *
 * What the runtime assumes of its compiler, and the few words the rest of it is built from.
 * The law that all of the runtime implements is docs/SPEC.md of edgesnn.
 */
#ifndef EDGESNN_BASE_H
#define EDGESNN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert((-5 >> 1) == -3, "right shifts of negative numbers must round toward -infinity");
_Static_assert((int8_t)(uint8_t)0x80 == -128, "narrowing to a signed type must wrap");
_Static_assert((int32_t)0x80000000u == INT32_MIN, "integers must be two's complement");
_Static_assert(sizeof(int) == 4, "int must have 32 bits, so that int16 products do not overflow");

/* Inlined without fail: what a network passes is constant, and the compiler specialises on it. */
#if defined(__GNUC__)
#define EDGESNN_INLINE static inline __attribute__((always_inline))
#define EDGESNN_RARELY(condition) __builtin_expect((condition), 0)
/* One copy for all that call it; networks that do not, leave it out. Layers' steps too: so their
 * cycles can be told apart, for a call a step. */
#define EDGESNN_SHARED static __attribute__((noinline, unused))
#else
#define EDGESNN_SHARED static inline
#define EDGESNN_INLINE static inline
#define EDGESNN_RARELY(condition) (condition)
#endif

/* Functions of assembly alone: arguments in r0 to r3, r4 to r11 to be kept. */
#if defined(__GNUC__)
#define EDGESNN_NAKED static __attribute__((naked, noinline, unused))
#define EDGESNN_UNUSED __attribute__((unused))
#endif

/* 32-bit words that hold `bits` bits. */
#define EDGESNN_WORDS(bits) (((bits) + 31u) / 32u)

/* One number a channel: every `stride`-th entry of `narrow`, or the entries of `wide`, where
 * there is such a table, else `value` for all channels. */
struct edgesnn_vector {
    const int16_t *narrow;
    const int32_t *wide;
    int32_t value;
    uint32_t stride;
};

EDGESNN_INLINE int32_t edgesnn_at(const struct edgesnn_vector *vector, uint32_t channel)
{
    if (vector->narrow != NULL) {
        return vector->narrow[channel * vector->stride];
    }
    return vector->wide != NULL ? vector->wide[channel] : vector->value;
}

/* `value` clamped to a signed integer of 16 or 24 bits. */
#if defined(__ARM_FEATURE_SAT) && defined(__GNUC__)
EDGESNN_INLINE int32_t edgesnn_saturate16(int32_t value)
{
    int32_t clamped;
    __asm__("ssat %0, #16, %1" : "=r"(clamped) : "r"(value));
    return clamped;
}

EDGESNN_INLINE int32_t edgesnn_saturate24(int32_t value)
{
    int32_t clamped;
    __asm__("ssat %0, #24, %1" : "=r"(clamped) : "r"(value));
    return clamped;
}
#else
EDGESNN_INLINE int32_t edgesnn_clamp(int32_t value, int32_t most)
{
    if (value > most) {
        return most;
    }
    return value < -most - 1 ? -most - 1 : value;
}

EDGESNN_INLINE int32_t edgesnn_saturate16(int32_t value)
{
    return edgesnn_clamp(value, 0x7fff);
}

EDGESNN_INLINE int32_t edgesnn_saturate24(int32_t value)
{
    return edgesnn_clamp(value, 0x7fffff);
}
#endif

/* Where no instruction counts zeros: positions of single bits by the upper five bits of their
 * product with 0x077cb531, a de Bruijn sequence (Leiserson, Prokop, Randall 1998). */
#if !defined(__GNUC__) || defined(__ARM_ARCH_6M__)
#define EDGESNN_POSITIONS 1
static const uint8_t edgesnn_position[32] = {0,  1,  28, 2,  29, 14, 24, 3,  30, 22, 20,
                                             15, 25, 17, 4,  8,  31, 27, 13, 23, 21, 19,
                                             16, 7,  26, 12, 18, 6,  11, 5,  10, 9};
#else
#define EDGESNN_POSITIONS 0
#endif

/* Position of the lowest set bit of `word`, which is not zero. */
EDGESNN_INLINE uint32_t edgesnn_lowest_bit(uint32_t word)
{
#if EDGESNN_POSITIONS
    return edgesnn_position[((word & (0u - word)) * 0x077cb531u) >> 27];
#else
    return (uint32_t)__builtin_ctz(word);
#endif
}

#endif
