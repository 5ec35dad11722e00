/* The protocol's C on this computer, before a network of nothing, for tests. */
#include <stdlib.h>
#include <string.h>

#include "edgesnn_benchmark.h"
#include "edgesnn_serve.h"

enum { CHANNELS = 4, CLASSES = 3, HOP = 8, PARTS = 2, CLIP = 40, LINK = 96, GUARD = 64 };
enum { MOST_SAID = 1 << 20 };

static uint8_t heard[GUARD + LINK + GUARD];
static int8_t clip[CLIP + GUARD];
static uint8_t *said;
static uint32_t said_length;
static uint32_t steps;
static int32_t scores[CLASSES];
static uint32_t laps[PARTS];
static struct edgesnn_link line;
static struct edgesnn_server server;
static struct edgesnn_benchmark benchmark;

/* What lies around the buffers: never the same twice in a row, so that shifting it shows. */
static uint8_t canary(uint32_t index)
{
    return (uint8_t)(0xa5u ^ (index * 37u));
}

static void put(uint32_t octet)
{
    if (said_length == MOST_SAID) {
        abort();
    }
    said[said_length++] = (uint8_t)octet;
}

static void reset(void)
{
    steps = 0;
    memset(scores, 0, sizeof scores);
}

static void step_features(const int8_t *features)
{
    steps++;
    scores[0] += features[0];
    scores[1] -= features[CHANNELS - 1];
}

static void step_pcm(const int16_t *samples)
{
    steps++;
    scores[2] += samples[HOP - 1];
}

static const int32_t *get_scores(void) { return scores; }
static uint32_t decision(void) { return steps % CLASSES; }
static const uint32_t *get_laps(void) { return laps; }
static uint32_t cycles(void) { return 7; }
static uint32_t microseconds(void) { return steps; }

static void trace(void (*keep)(const void *bytes, size_t count))
{
    static const char pattern[300] = "state";
    keep(scores, sizeof scores);
    keep(pattern, sizeof pattern);
}

static const struct edgesnn_model model = {
    .name = "nothing", .name_length = 7, .sha256 = {1, 2, 3}, .channels = CHANNELS,
    .classes = CLASSES, .hop = HOP, .sample_rate = 16000, .parts = PARTS, .clip = clip,
    .clip_bytes = CLIP, .reset = reset, .step_features = step_features, .step_pcm = step_pcm,
    .scores = get_scores, .decision = decision, .trace = trace, .laps = get_laps,
    .cycles = cycles, .microseconds = microseconds,
};

void host_start(uint8_t *output)
{
    said = output;
    for (uint32_t index = 0; index < sizeof heard; index++) {
        heard[index] = canary(index);
    }
    for (uint32_t index = 0; index < sizeof clip; index++) {
        clip[index] = (int8_t)canary(index);
    }
    reset();
    server = (struct edgesnn_server){.model = &model, .clock_hz = 1000, .put = put};
    benchmark = (struct edgesnn_benchmark){.model = &model, .put = put};
    edgesnn_link_start(&line, heard + GUARD, LINK);
    said_length = 0;
    edgesnn_benchmark_start(&benchmark);
}

/* Feed bytes; returns how many bytes were answered, or a negative number after an overrun. */
int32_t host_take(const uint8_t *bytes, uint32_t count)
{
    said_length = 0;
    for (uint32_t index = 0; index < count; index++) {
        const enum edgesnn_link_heard what = edgesnn_link_take(&line, bytes[index]);
        if (what == EDGESNN_PACKET || what == EDGESNN_BROKEN) {
            edgesnn_serve(&server, &line, what == EDGESNN_PACKET);
        } else if (what != EDGESNN_NOTHING) {
            edgesnn_benchmark_answer(&benchmark, what == EDGESNN_TEXT ? (char *)line.buffer : NULL);
        }
    }
    for (uint32_t index = 0; index < GUARD; index++) {
        if (heard[index] != canary(index) ||
            heard[GUARD + LINK + index] != canary(GUARD + LINK + index) ||
            (uint8_t)clip[CLIP + index] != canary(CLIP + index)) {
            return -1;
        }
    }
    return (int32_t)said_length;
}

void host_send(uint8_t type, uint8_t sequence, const uint8_t *body, uint32_t length)
{
    said_length = 0;
    edgesnn_link_send(type, sequence, body, length, put);
}

uint32_t host_said(void) { return said_length; }
