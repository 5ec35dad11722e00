/* SPDX-License-Identifier: MIT-0
 *
 * Answers to packets (docs/FLASH.md lists them).
 */
#ifndef EDGESNN_SERVE_H
#define EDGESNN_SERVE_H

#include "edgesnn_link.h"
#include "edgesnn_model.h"

enum { EDGESNN_PROTOCOL = 1, EDGESNN_REPLY = 0x80, EDGESNN_ERROR = 0xff, EDGESNN_CHUNK = 128 };

enum edgesnn_request {
    EDGESNN_IDENTIFY = 1,
    EDGESNN_RESET = 2,
    EDGESNN_FEATURES = 3,
    EDGESNN_SAMPLES = 4,
    EDGESNN_SCORES = 5,
    EDGESNN_CYCLES = 6,
    EDGESNN_STATE = 7,
};

enum edgesnn_error {
    EDGESNN_BAD_FRAME = 1,
    EDGESNN_UNKNOWN = 2,
    EDGESNN_WRONG_LENGTH = 3,
    EDGESNN_HEARS_NOTHING = 4, /* samples for a network without a front-end */
};

struct edgesnn_server {
    const struct edgesnn_model *model;
    uint32_t clock_hz;
    void (*put)(uint32_t octet);
    uint32_t steps, most; /* since the last reset */
    uint8_t type, sequence;
};

/* Answer the packet in `link`, which `edgesnn_link_take` has found good or broken. */
void edgesnn_serve(struct edgesnn_server *server, struct edgesnn_link *link, bool good);

#endif
