/* SPDX-License-Identifier: MIT-0
 *
 * The APB UART of Arm's Cortex-M System Design Kit (DDI 0479, section 4.4).
 */
#include "uart.h"

enum { DATA = 0, STATE = 1, CTRL = 2, INTSTATUS = 3, BAUDDIV = 4 };
enum { STATE_TX_FULL = 1, STATE_RX_FULL = 2 };
enum { CTRL_TX_ENABLE = 1, CTRL_RX_ENABLE = 2, CTRL_RX_INTERRUPT = 8 };
enum { INTSTATUS_RX = 2 };
enum { LEAST_DIVISOR = 16 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(uint32_t hz)
{
    const uint32_t divisor = hz / EDGESNN_BAUD;
    uart[BAUDDIV] = divisor < LEAST_DIVISOR ? LEAST_DIVISOR : divisor;
    uart[CTRL] = CTRL_TX_ENABLE | CTRL_RX_ENABLE | CTRL_RX_INTERRUPT;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[STATE] & STATE_TX_FULL) != 0) {
    }
    uart[DATA] = character;
}

int32_t edgesnn_uart_receive(void)
{
    if ((uart[STATE] & STATE_RX_FULL) == 0) {
        return -1;
    }
    uart[INTSTATUS] = INTSTATUS_RX;
    return (int32_t)(uart[DATA] & 0xffu);
}
