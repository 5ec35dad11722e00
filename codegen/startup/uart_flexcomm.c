/* SPDX-License-Identifier: MIT-0
 *
 * The USART of a Flexcomm interface of NXP's LPC55S6x (UM11126, chapters 34 and 36).
 */
#include "uart.h"

enum {
    CFG = 0x000 / 4,
    BRG = 0x020 / 4,
    OSR = 0x028 / 4,
    FIFOCFG = 0xe00 / 4,
    FIFOSTAT = 0xe04 / 4,
    FIFOTRIG = 0xe08 / 4,
    FIFOINTENSET = 0xe10 / 4,
    FIFOWR = 0xe20 / 4,
    FIFORD = 0xe30 / 4,
    PSELID = 0xff8 / 4,
};
enum { CFG_ENABLE = 1 << 0, CFG_DATALEN_8 = 1 << 2 };
enum { FIFOCFG_ENABLETX = 1 << 0, FIFOCFG_ENABLERX = 1 << 1 };
enum { FIFOSTAT_TXNOTFULL = 1 << 5, FIFOSTAT_RXNOTEMPTY = 1 << 6 };
enum { FIFOTRIG_RXLVLENA = 1 << 1, FIFOINTENSET_RXLVL = 1 << 3 };
enum { PSELID_USART = 1 };
enum { OVERSAMPLING = 13 }; /* 12 MHz / 13 / 8 is 115,385 */

static volatile uint32_t *const uart = (volatile uint32_t *)(uintptr_t)EDGESNN_UART;

void edgesnn_uart_start(uint32_t hz)
{
    const uint32_t rate = OVERSAMPLING * EDGESNN_BAUD;
    uart[PSELID] = PSELID_USART;
    uart[OSR] = OVERSAMPLING - 1;
    uart[BRG] = (hz + rate / 2) / rate - 1;
    uart[FIFOCFG] = FIFOCFG_ENABLETX | FIFOCFG_ENABLERX;
    uart[FIFOTRIG] = FIFOTRIG_RXLVLENA;
    uart[FIFOINTENSET] = FIFOINTENSET_RXLVL;
    uart[CFG] = CFG_DATALEN_8 | CFG_ENABLE;
}

void edgesnn_uart_send(uint32_t character)
{
    while ((uart[FIFOSTAT] & FIFOSTAT_TXNOTFULL) == 0) {
    }
    uart[FIFOWR] = character;
}

int32_t edgesnn_uart_receive(void)
{
    return (uart[FIFOSTAT] & FIFOSTAT_RXNOTEMPTY) == 0 ? -1 : (int32_t)(uart[FIFORD] & 0xffu);
}
