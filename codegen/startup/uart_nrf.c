/* SPDX-License-Identifier: MIT-0
 *
 * The UART of Nordic's nRF51 (Reference Manual v3.0, section 29), which the nRF52 has as well
 * (nRF52840 Product Specification, section 6.33). Its baud rates come from a table, not a divisor.
 */
#include "uart.h"

enum {
    TASKS_STARTRX = 0x000 / 4,
    TASKS_STARTTX = 0x008 / 4,
    EVENTS_RXDRDY = 0x108 / 4,
    EVENTS_TXDRDY = 0x11c / 4,
    INTENSET = 0x304 / 4,
    ENABLE = 0x500 / 4,
    RXD = 0x518 / 4,
    TXD = 0x51c / 4,
    BAUDRATE = 0x524 / 4,
};
enum { ENABLE_UART = 4, INTENSET_RXDRDY = 1 << 2 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(uint32_t hz)
{
    (void)hz;
    uart[BAUDRATE] = 0x01d7e000u; /* 115,200 */
    uart[ENABLE] = ENABLE_UART;
    uart[EVENTS_RXDRDY] = 0;
    uart[INTENSET] = INTENSET_RXDRDY;
    uart[TASKS_STARTTX] = 1;
    uart[TASKS_STARTRX] = 1;
}

void edgesnn_uart_send(uint32_t character)
{
    uart[EVENTS_TXDRDY] = 0;
    uart[TXD] = character;
    while (uart[EVENTS_TXDRDY] == 0) {
    }
}

int32_t edgesnn_uart_receive(void)
{
    if (uart[EVENTS_RXDRDY] == 0) {
        return -1;
    }
    uart[EVENTS_RXDRDY] = 0;
    return (int32_t)(uart[RXD] & 0xffu);
}
