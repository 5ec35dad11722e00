/* SPDX-License-Identifier: MIT-0
 *
 * The USART of ST's STM32F4 (RM0090, section 30), without its clock and pins.
 */
#include "uart.h"

enum { SR = 0, DR = 1, BRR = 2, CR1 = 3 };
enum { SR_TXE = 1 << 7, CR1_TE = 1 << 3, CR1_UE = 1 << 13 };

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(void)
{
    uart[BRR] = 139; /* 115,200 from the 16 MHz of reset */
    uart[CR1] = CR1_UE | CR1_TE;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[SR] & SR_TXE) == 0) {
    }
    uart[DR] = character;
}
