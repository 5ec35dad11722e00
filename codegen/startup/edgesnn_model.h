/* SPDX-License-Identifier: MIT-0
 *
 * A network as the protocol sees it, whatever its name and shape.
 */
#ifndef EDGESNN_MODEL_H
#define EDGESNN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct edgesnn_model {
    const char *name;
    uint32_t name_length;
    uint8_t sha256[32];
    uint32_t channels; /* int8 features a step */
    uint32_t classes;
    uint32_t hop;      /* int16 samples a step; 0 without a front-end */
    uint32_t sample_rate;
    uint32_t parts;    /* that cycles are counted of */
    int8_t *clip;      /* features that `db` loads */
    uint32_t clip_bytes;
    void (*reset)(void);
    void (*step_features)(const int8_t *features);
    void (*step_pcm)(const int16_t *samples);
    const int32_t *(*scores)(void);
    uint32_t (*decision)(void);
    void (*trace)(void (*put)(const void *bytes, size_t count));
    const uint32_t *(*laps)(void);  /* cycles by part since the last reset */
    uint32_t (*cycles)(void);       /* of the last step */
    uint32_t (*microseconds)(void); /* of work so far; runs while steps do */
};

#endif
