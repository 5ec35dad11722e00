/* SPDX-License-Identifier: MIT-0
 *
 * Arm's PrimeCell UART (DDI 0183), as the RP2040 and the RP2350 have it.
 */
#include "uart.h"

enum {
    DR = 0x00 / 4,
    FR = 0x18 / 4,
    IBRD = 0x24 / 4,
    FBRD = 0x28 / 4,
    LCR_H = 0x2c / 4,
    CR = 0x30 / 4,
    IMSC = 0x38 / 4,
    ICR = 0x44 / 4,
};
enum { FR_RXFE = 1 << 4, FR_TXFF = 1 << 5 };
enum { LCR_H_FEN = 1 << 4, LCR_H_WLEN_8 = 3 << 5 };
enum { CR_UARTEN = 1 << 0, CR_TXE = 1 << 8, CR_RXE = 1 << 9 };
enum { INTERRUPT_RX = 1 << 4, INTERRUPT_TIMEOUT = 1 << 6 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(uint32_t hz)
{
    const uint32_t divisor = (4 * hz + EDGESNN_BAUD / 2) / EDGESNN_BAUD; /* in 64ths */
    uart[IBRD] = divisor >> 6;
    uart[FBRD] = divisor & 63u;
    uart[LCR_H] = LCR_H_WLEN_8 | LCR_H_FEN;
    uart[IMSC] = INTERRUPT_RX | INTERRUPT_TIMEOUT;
    uart[CR] = CR_UARTEN | CR_TXE | CR_RXE;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[FR] & FR_TXFF) != 0) {
    }
    uart[DR] = character;
}

int32_t edgesnn_uart_receive(void)
{
    if ((uart[FR] & FR_RXFE) != 0) {
        return -1;
    }
    const uint32_t character = uart[DR] & 0xffu;
    uart[ICR] = INTERRUPT_RX | INTERRUPT_TIMEOUT;
    return (int32_t)character;
}
