/* SPDX-License-Identifier: MIT-0
 *
 * A serial port to talk on, one implementation a maker: `uart_*.c`, compiled with EDGESNN_UART,
 * the base address of its registers. Clocks and pins are what reset left them.
 */
#ifndef EDGESNN_UART_H
#define EDGESNN_UART_H

#include <stdint.h>

void edgesnn_uart_start(void);

/* Send one character, waiting for room. */
void edgesnn_uart_send(uint32_t character);

#endif
