/* SPDX-License-Identifier: MIT-0
 *
 * What a test image needs of the world around it: a file of clips to read, a file of records to
 * write, a counter, and a way out. `semihosting.c` serves emulators and debug probes, `hosted.c`
 * an operating system.
 */
#ifndef EDGESNN_PLATFORM_H
#define EDGESNN_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open `clips.bin` and `records.bin` in the working folder; false where that fails. */
bool edgesnn_open(void);

/* Read exactly `count` bytes; false at the end of the file. */
bool edgesnn_read(void *bytes, size_t count);

void edgesnn_write(const void *bytes, size_t count);

/* Start the counter from which `edgesnn_ticks` reads. */
void edgesnn_start_ticks(void);

/* A counter that falls by one a tick, in the low 24 bits. */
uint32_t edgesnn_ticks(void);

/* End the program with `status`, 0 for success. */
_Noreturn void edgesnn_exit(uint32_t status);

int main(void);

#endif
