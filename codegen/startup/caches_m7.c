/* SPDX-License-Identifier: MIT-0
 *
 * Cortex-M7: both caches on, invalid as reset leaves them (Armv7-M ARM, B2.2.7 and B3.2.8).
 */
#include "edgesnn_board.h"

static volatile uint32_t *const ccr = (volatile uint32_t *)(uintptr_t)0xe000ed14u;
static volatile uint32_t *const ccsidr = (volatile uint32_t *)(uintptr_t)0xe000ed80u;
static volatile uint32_t *const csselr = (volatile uint32_t *)(uintptr_t)0xe000ed84u;
static volatile uint32_t *const iciallu = (volatile uint32_t *)(uintptr_t)0xe000ef50u;
static volatile uint32_t *const dcisw = (volatile uint32_t *)(uintptr_t)0xe000ef60u;
enum { CCR_DC = 1 << 16, CCR_IC = 1 << 17 };

static void barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static void invalidate_data_cache(void)
{
    *csselr = 0;
    barrier();
    const uint32_t sets = *ccsidr >> 13 & 0x7fffu, ways = *ccsidr >> 3 & 0x3ffu;
    for (uint32_t set = 0; set <= sets; set++) {
        for (uint32_t way = 0; way <= ways; way++) {
            *dcisw = way << 30 | set << 5; /* four ways at most, lines of 32 bytes */
        }
    }
    barrier();
}

void edgesnn_before_clock(void)
{
    *iciallu = 0;
    barrier();
    *ccr |= CCR_IC;
    invalidate_data_cache();
    *ccr |= CCR_DC;
    barrier();
}
