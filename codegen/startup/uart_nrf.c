/* SPDX-License-Identifier: MIT-0
 *
 * The UART of Nordic's nRF51 (Reference Manual v3.0, section 29), without its pins.
 */
#include "uart.h"

enum {
    TASKS_STARTTX = 0x008 / 4,
    EVENTS_TXDRDY = 0x11c / 4,
    ENABLE = 0x500 / 4,
    TXD = 0x51c / 4,
    BAUDRATE = 0x524 / 4,
};
enum { ENABLE_UART = 4 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(void)
{
    uart[BAUDRATE] = 0x01d7e000u; /* 115,200 */
    uart[ENABLE] = ENABLE_UART;
    uart[TASKS_STARTTX] = 1;
}

void edgesnn_uart_send(uint32_t character)
{
    uart[EVENTS_TXDRDY] = 0;
    uart[TXD] = character;
    while (uart[EVENTS_TXDRDY] == 0) {
    }
}
