/* SPDX-License-Identifier: MIT-0
 *
 * Text over the serial port.
 */
#include "edgesnn_say.h"

#include "uart.h"

void edgesnn_say(const char *text)
{
    while (*text != '\0') {
        edgesnn_uart_send((unsigned char)*text++);
    }
}

void edgesnn_say_hexadecimal(uint32_t value)
{
    for (uint32_t shift = 32; shift > 0; shift -= 4) {
        edgesnn_uart_send((unsigned char)"0123456789abcdef"[value >> (shift - 4) & 15u]);
    }
}

void edgesnn_say_decimal(uint32_t value)
{
    unsigned char digits[10];
    uint32_t count = 0;
    do {
        digits[count++] = (unsigned char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    while (count > 0) {
        edgesnn_uart_send(digits[--count]);
    }
}
