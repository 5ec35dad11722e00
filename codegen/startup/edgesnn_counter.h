/* SPDX-License-Identifier: MIT-0
 *
 * Cycles of the core: from the DWT's 32-bit counter (Armv7-M ARM, C1.8), or with
 * EDGESNN_COUNTS_SYSTICK from SysTick's 24 bits (B3.3), which is all that Armv6-M has.
 */
#ifndef EDGESNN_COUNTER_H
#define EDGESNN_COUNTER_H

#include <stdint.h>

#ifdef EDGESNN_COUNTS_SYSTICK

#define EDGESNN_COUNTER "systick"
#define EDGESNN_COUNTER_MASK 0x00ffffffu

static inline void edgesnn_start_counter(void)
{
    volatile uint32_t *const systick = (volatile uint32_t *)(uintptr_t)0xe000e010u;
    systick[1] = EDGESNN_COUNTER_MASK;
    systick[2] = 0;
    systick[0] = 5; /* processor clock, no interrupt, enabled */
}

static inline uint32_t edgesnn_cycles(void)
{
    return ~*(volatile uint32_t *)(uintptr_t)0xe000e018u;
}

#else

#define EDGESNN_COUNTER "dwt"
#define EDGESNN_COUNTER_MASK 0xffffffffu

static inline void edgesnn_start_counter(void)
{
    volatile uint32_t *const demcr = (volatile uint32_t *)(uintptr_t)0xe000edfcu;
    volatile uint32_t *const dwt = (volatile uint32_t *)(uintptr_t)0xe0001000u;
    *demcr |= 1u << 24;            /* TRCENA */
    dwt[0xfb0 / 4] = 0xc5acce55u;  /* unlock, which Cortex-M7 asks for */
    dwt[1] = 0;
    dwt[0] |= 1u;                  /* CYCCNTENA */
}

static inline uint32_t edgesnn_cycles(void)
{
    return *(volatile uint32_t *)(uintptr_t)0xe0001004u;
}

#endif

/* Cycles from one reading of the counter to a later one, if less than its whole range. */
static inline uint32_t edgesnn_cycles_between(uint32_t from, uint32_t to)
{
    return (to - from) & EDGESNN_COUNTER_MASK;
}

#endif
