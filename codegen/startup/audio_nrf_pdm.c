/* SPDX-License-Identifier: MIT-0
 *
 * The PDM microphone of an nRF52840 (Product Specification, section 6.15), not tried on hardware:
 * 32 MHz / 25 / 80 is 16 kHz, left channel, two buffers in turn. Pins and power are the board's.
 */
#include "edgesnn_audio.h"

#include "edgesnn_board.h"

enum {
    TASKS_START = 0x000 / 4,
    EVENTS_STARTED = 0x100 / 4,
    EVENTS_END = 0x108 / 4,
    INTENSET = 0x304 / 4,
    ENABLE = 0x500 / 4,
    PDMCLKCTRL = 0x504 / 4,
    MODE = 0x508 / 4,
    GAINL = 0x518 / 4,
    RATIO = 0x520 / 4,
    SAMPLE_PTR = 0x560 / 4,
    SAMPLE_MAXCNT = 0x564 / 4,
};
enum { INTENSET_END = 1 << 2, MODE_MONO = 1, RATIO_80 = 1, GAIN_0_DB = 0x28 };

static volatile uint32_t *const pdm = (volatile uint32_t *)(uintptr_t)0x4001d000u;

static int16_t buffers[2][EDGESNN_AUDIO_HOP];
static uint32_t filled; /* the buffer that ends next */
static bool started;

static void give(uint32_t number)
{
    pdm[SAMPLE_PTR] = (uint32_t)(uintptr_t)buffers[number];
}

/* What happens next is announced while the current buffer fills. */
static void start(uint32_t count)
{
    edgesnn_connect_microphone();
    pdm[PDMCLKCTRL] = 0x0a000000u;
    pdm[RATIO] = RATIO_80;
    pdm[MODE] = MODE_MONO;
    pdm[GAINL] = GAIN_0_DB;
    pdm[SAMPLE_MAXCNT] = count;
    give(0);
    pdm[INTENSET] = INTENSET_END;
    pdm[ENABLE] = 1;
    pdm[TASKS_START] = 1;
    while (pdm[EVENTS_STARTED] == 0) {
    }
    pdm[EVENTS_STARTED] = 0;
    give(1);
    started = true;
}

bool edgesnn_audio_read(int16_t *samples, uint32_t count)
{
    if (count != EDGESNN_AUDIO_HOP) {
        return false;
    }
    if (!started) {
        start(count);
    }
    while (pdm[EVENTS_END] == 0) {
        edgesnn_sleep();
    }
    pdm[EVENTS_END] = 0;
    for (uint32_t index = 0; index < count; index++) {
        samples[index] = buffers[filled][index];
    }
    give(filled);
    filled ^= 1u;
    return true;
}
