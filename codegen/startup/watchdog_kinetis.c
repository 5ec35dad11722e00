/* SPDX-License-Identifier: MIT-0
 *
 * Kinetis K series: stop the watchdog that runs out of reset. The two keys must follow each other
 * within 20 bus cycles (K64P144M120SF5RM, section 24.3.1), which a list of accesses cannot promise.
 */
#include "edgesnn_board.h"

void edgesnn_before_clock(void)
{
    volatile uint16_t *const unlock = (volatile uint16_t *)(uintptr_t)0x4005200eu;
    volatile uint16_t *const control = (volatile uint16_t *)(uintptr_t)0x40052000u;
    *unlock = 0xc520u;
    *unlock = 0xd928u;
    *control = 0x01d2u; /* the value of reset without WDOGEN */
}
