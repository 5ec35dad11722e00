/* SPDX-License-Identifier: MIT-0
 *
 * A board as an image sees it: clock, pins, a light, sleep. What differs from board to board is
 * data, the lists of register accesses in `edgesnn_wiring.h`.
 */
#ifndef EDGESNN_BOARD_H
#define EDGESNN_BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* What the core's clock really is, in hertz: EDGESNN_RESET_HZ where a part of the clock's set-up
 * did not become ready. */
extern uint32_t edgesnn_clock_hz;

/* Set the clock, connect the pins, start the serial port. */
void edgesnn_board_start(void);

/* What a chip needs before anything else and lists of accesses cannot say: `watchdog_*.c`,
 * `caches_*.c`. */
void edgesnn_before_clock(void);

/* Connect the board's microphone to its pins and its power. */
void edgesnn_connect_microphone(void);

/* Switch the board's light; nothing where it has none. */
void edgesnn_light(bool on);

/* Wait until an interrupt becomes pending, as from the serial port. May return early. */
void edgesnn_sleep(void);

#endif
