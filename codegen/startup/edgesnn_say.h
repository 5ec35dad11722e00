/* SPDX-License-Identifier: MIT-0
 *
 * Text over the serial port.
 */
#ifndef EDGESNN_SAY_H
#define EDGESNN_SAY_H

#include <stdint.h>

void edgesnn_say(const char *text);
void edgesnn_say_hexadecimal(uint32_t value); /* eight digits */
void edgesnn_say_decimal(uint32_t value);

#endif
