/* SPDX-License-Identifier: MIT-0
 *
 * A serial port to talk on, 8N1 at EDGESNN_BAUD, one implementation a maker: `uart_*.c`, compiled
 * with EDGESNN_UART, the base address of its registers. Pins and clock are the board's
 * (edgesnn_board.h). A character that arrives also raises the port's interrupt, so that it ends
 * `edgesnn_sleep`; no interrupt is ever taken.
 */
#ifndef EDGESNN_UART_H
#define EDGESNN_UART_H

#include <stdint.h>

#define EDGESNN_BAUD 115200u

/* Start the port, whose registers count a clock of `hz`. */
void edgesnn_uart_start(uint32_t hz);

/* Send one character, waiting for room. */
void edgesnn_uart_send(uint32_t character);

/* The next character that has arrived, or -1 where there is none. */
int32_t edgesnn_uart_receive(void);

#endif
