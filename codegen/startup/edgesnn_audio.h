/* SPDX-License-Identifier: MIT-0
 *
 * Where samples come from: one function to supply for any other microphone.
 */
#ifndef EDGESNN_AUDIO_H
#define EDGESNN_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

/* Fill `samples` with the next `count` samples, 16 kHz, signed, one channel: EDGESNN_AUDIO_HOP of
 * them, every time the same number. Waits for them, best asleep (`edgesnn_sleep`), and starts the
 * microphone when it is called first. False where there will be no more. */
bool edgesnn_audio_read(int16_t *samples, uint32_t count);

#endif
