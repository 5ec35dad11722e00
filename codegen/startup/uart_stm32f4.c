/* SPDX-License-Identifier: MIT-0
 *
 * The USART of ST's STM32F4 (RM0090, section 30).
 */
#include "uart.h"

enum { SR = 0, DR = 1, BRR = 2, CR1 = 3 };
enum { SR_RXNE = 1 << 5, SR_TXE = 1 << 7 };
enum { CR1_RE = 1 << 2, CR1_TE = 1 << 3, CR1_RXNEIE = 1 << 5, CR1_UE = 1 << 13 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(uint32_t hz)
{
    uart[BRR] = (hz + EDGESNN_BAUD / 2) / EDGESNN_BAUD;
    uart[CR1] = CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[SR] & SR_TXE) == 0) {
    }
    uart[DR] = character;
}

int32_t edgesnn_uart_receive(void)
{
    return (uart[SR] & SR_RXNE) == 0 ? -1 : (int32_t)(uart[DR] & 0xffu);
}
