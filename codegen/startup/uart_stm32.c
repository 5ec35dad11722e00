/* SPDX-License-Identifier: MIT-0
 *
 * The USART of ST's newer families: STM32L4, F7, H7, U5 (RM0351, section 40), and their LPUART,
 * whose divisor counts 256ths of its clock: EDGESNN_UART_SCALE is 256 there, where
 * the clock is 16 MHz, and 1 elsewhere.
 */
#include "uart.h"

enum { CR1 = 0x00 / 4, CR3 = 0x08 / 4, BRR = 0x0c / 4, ISR = 0x1c / 4, RDR = 0x24 / 4, TDR = 0x28 / 4 };
enum { CR1_UE = 1 << 0, CR1_RE = 1 << 2, CR1_TE = 1 << 3, CR1_RXNEIE = 1 << 5 };
enum { CR3_OVRDIS = 1 << 12 };
enum { ISR_RXNE = 1 << 5, ISR_TXE = 1 << 7 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(uint32_t hz)
{
    uart[BRR] = (EDGESNN_UART_SCALE * hz + EDGESNN_BAUD / 2) / EDGESNN_BAUD;
    uart[CR3] = CR3_OVRDIS; /* a character too many must not stop the port */
    uart[CR1] = CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[ISR] & ISR_TXE) == 0) {
    }
    uart[TDR] = character;
}

int32_t edgesnn_uart_receive(void)
{
    return (uart[ISR] & ISR_RXNE) == 0 ? -1 : (int32_t)(uart[RDR] & 0xffu);
}
