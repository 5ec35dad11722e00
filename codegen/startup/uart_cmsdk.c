/* SPDX-License-Identifier: MIT-0
 *
 * The APB UART of Arm's Cortex-M System Design Kit (DDI 0479, section 4.4).
 */
#include "uart.h"

enum { DATA = 0, STATE = 1, CTRL = 2, BAUDDIV = 4 };
enum { STATE_TX_FULL = 1, CTRL_TX_ENABLE = 1 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(void)
{
    uart[BAUDDIV] = 16; /* the least that it takes */
    uart[CTRL] = CTRL_TX_ENABLE;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[STATE] & STATE_TX_FULL) != 0) {
    }
    uart[DATA] = character;
}
