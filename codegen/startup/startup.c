/* SPDX-License-Identifier: MIT-0
 *
 * From reset to main on any Cortex-M: vector table, .data and .bss, and the memory functions
 * that compilers call of their own accord. Interrupts stay off: no vector beyond SysTick.
 */
#include "platform.h"

/* Placed by the linker script. */
extern uint32_t edgesnn_stack_top[];
extern uint32_t edgesnn_data_start[], edgesnn_data_end[];
extern const uint32_t edgesnn_data_load[];
extern uint32_t edgesnn_bss_start[], edgesnn_bss_end[];

void edgesnn_on_reset(void);
static void on_fault(void);

struct vectors {
    uint32_t *stack_top;
    void (*handler[15])(void);
};

extern const struct vectors edgesnn_vectors;
__attribute__((section(".vectors"), used)) const struct vectors edgesnn_vectors = {
    edgesnn_stack_top,
    {edgesnn_on_reset, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, 0, 0, 0,
     on_fault, on_fault, 0, on_fault, on_fault}};

/* Status by which an emulator's user recognises a crash. */
enum { EDGESNN_CRASHED = 99 };

static void on_fault(void)
{
    edgesnn_exit(EDGESNN_CRASHED);
}

void edgesnn_on_reset(void)
{
    const uint32_t *load = edgesnn_data_load;
    for (uint32_t *word = edgesnn_data_start; word < edgesnn_data_end; word++) {
        *word = *load++;
    }
    for (uint32_t *word = edgesnn_bss_start; word < edgesnn_bss_end; word++) {
        *word = 0;
    }
    edgesnn_exit((uint32_t)main());
}
