/* SPDX-License-Identifier: MIT-0
 *
 * A board brought up by lists of register accesses.
 */
#include "edgesnn_board.h"

#include "uart.h"

/* One access: bits of `mask` become `value`, or are waited for. A list ends with address 0. */
struct access {
    uint32_t address;
    uint32_t mask;
    uint32_t value;
    bool waits;
};

#include "edgesnn_wiring.h"

enum { PATIENCE = 100000 }; /* readings of a register that ought to become ready */

/* Armv7-M ARM, B3.2: System Control Register, and the interrupts' clear-pending registers. */
static volatile uint32_t *const scr = (volatile uint32_t *)(uintptr_t)0xe000ed10u;
static volatile uint32_t *const icpr = (volatile uint32_t *)(uintptr_t)0xe000e280u;
enum { SCR_SEVONPEND = 1 << 4 };

uint32_t edgesnn_clock_hz = EDGESNN_RESET_HZ;

static bool do_access(const struct access *access)
{
    volatile uint32_t *const place = (volatile uint32_t *)(uintptr_t)access->address;
    if (!access->waits) {
        *place = (*place & ~access->mask) | access->value;
        return true;
    }
    for (uint32_t left = PATIENCE; left > 0; left--) {
        if ((*place & access->mask) == access->value) {
            return true;
        }
    }
    return false;
}

/* Do a list of accesses up to the first that is waited for in vain. */
static bool do_all(const struct access *access)
{
    while (access->address != 0) {
        if (!do_access(access++)) {
            return false;
        }
    }
    return true;
}

void edgesnn_board_start(void)
{
    EDGESNN_BEFORE_CLOCK();
    const bool set = do_all(clock_accesses);
    edgesnn_clock_hz = set ? EDGESNN_CLOCK_HZ : EDGESNN_RESET_HZ;
    (void)do_all(pin_accesses);
    edgesnn_uart_start(set ? EDGESNN_UART_HZ : EDGESNN_UART_RESET_HZ);
    *scr = SCR_SEVONPEND;
}

void edgesnn_connect_microphone(void)
{
    (void)do_all(microphone_accesses);
}

void edgesnn_light(bool on)
{
    (void)do_all(on ? light_on_accesses : light_off_accesses);
}

void edgesnn_sleep(void)
{
    __asm__ volatile("wfe" ::: "memory");
    for (uint32_t group = 0; group < EDGESNN_INTERRUPT_GROUPS; group++) {
        icpr[group] = 0xffffffffu; /* so that the next one is news again */
    }
}
