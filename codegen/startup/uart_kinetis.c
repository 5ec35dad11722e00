/* SPDX-License-Identifier: MIT-0
 *
 * The UART of NXP's Kinetis K series (K64P144M120SF5RM, chapter 52): registers of a byte.
 */
#include "uart.h"

enum { BDH = 0, BDL = 1, C2 = 3, S1 = 4, D = 7, C4 = 10 };
enum { C2_RE = 1 << 2, C2_TE = 1 << 3, C2_RIE = 1 << 5 };
enum { S1_RDRF = 1 << 5, S1_TDRE = 1 << 7 };

static volatile uint8_t *const uart = (volatile uint8_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(uint32_t hz)
{
    const uint32_t divisor = (2 * hz + EDGESNN_BAUD / 2) / EDGESNN_BAUD; /* in 32nds */
    uart[C2] = 0;
    uart[BDH] = (uint8_t)(divisor >> 13 & 31u);
    uart[BDL] = (uint8_t)(divisor >> 5);
    uart[C4] = (uint8_t)(divisor & 31u);
    uart[C2] = C2_TE | C2_RE | C2_RIE;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[S1] & S1_TDRE) == 0) {
    }
    uart[D] = (uint8_t)character;
}

int32_t edgesnn_uart_receive(void)
{
    return (uart[S1] & S1_RDRF) == 0 ? -1 : (int32_t)uart[D];
}
