/* SPDX-License-Identifier: MIT-0
 *
 * Answers to packets. Words are sent least significant byte first.
 */
#include "edgesnn_serve.h"

#include <string.h>

#ifndef EDGESNN_REPLY_BYTES
#define EDGESNN_REPLY_BYTES 1024u
#endif

static uint8_t reply[EDGESNN_REPLY_BYTES];
static uint32_t reply_length;

static void add(const void *bytes, uint32_t count)
{
    if (count <= sizeof reply - reply_length) {
        memcpy(reply + reply_length, bytes, count);
        reply_length += count;
    }
}

static void add_word(uint32_t word)
{
    const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                              (uint8_t)(word >> 24)};
    add(bytes, sizeof bytes);
}

static void send(const struct edgesnn_server *server)
{
    const uint8_t type = (uint8_t)(server->type | EDGESNN_REPLY);
    edgesnn_link_send(type, server->sequence, reply, reply_length, server->put);
}

static void refuse(const struct edgesnn_server *server, enum edgesnn_error error)
{
    const uint8_t body[2] = {(uint8_t)error, server->type};
    edgesnn_link_send(EDGESNN_ERROR, server->sequence, body, sizeof body, server->put);
}

/* What a trace passes by, of which a window of EDGESNN_CHUNK bytes is kept. */
static uint32_t trace_at, window_start;

static void keep_window(const void *bytes, size_t count)
{
    const uint8_t *octets = bytes;
    for (size_t index = 0; index < count; index++, trace_at++) {
        if (trace_at >= window_start && trace_at - window_start < EDGESNN_CHUNK) {
            add(octets + index, 1);
        }
    }
}

static void identify(const struct edgesnn_server *server)
{
    const struct edgesnn_model *model = server->model;
    const uint32_t words[] = {EDGESNN_PROTOCOL, model->parts,       model->channels,
                              model->classes,   model->hop,         model->sample_rate,
                              server->clock_hz, model->clip_bytes};
    for (uint32_t index = 0; index < sizeof words / sizeof *words; index++) {
        add_word(words[index]);
    }
    add(model->sha256, sizeof model->sha256);
    add(model->name, model->name_length);
}

static void add_scores(const struct edgesnn_server *server)
{
    const int32_t *scores = server->model->scores();
    add_word(server->model->decision());
    for (uint32_t index = 0; index < server->model->classes; index++) {
        add_word((uint32_t)scores[index]);
    }
}

static void add_cycles(const struct edgesnn_server *server)
{
    const uint32_t *laps = server->model->laps();
    add_word(server->steps);
    add_word(server->model->cycles());
    add_word(server->most);
    for (uint32_t part = 0; part < server->model->parts; part++) {
        add_word(laps[part]);
    }
}

static void add_state(const struct edgesnn_server *server, const uint8_t *body)
{
    window_start = (uint32_t)body[0] | (uint32_t)body[1] << 8 | (uint32_t)body[2] << 16 |
                   (uint32_t)body[3] << 24;
    trace_at = 0;
    add_word(0);
    server->model->trace(keep_window);
    const uint32_t end = reply_length;
    reply_length = 0;
    add_word(trace_at);
    reply_length = end;
}

static void count_step(struct edgesnn_server *server)
{
    const uint32_t cycles = server->model->cycles();
    server->steps++;
    server->most = cycles > server->most ? cycles : server->most;
    add_word(cycles);
}

static void reset(struct edgesnn_server *server)
{
    server->model->reset();
    server->steps = 0;
    server->most = 0;
}

/* Bytes that the body of a request must have. */
static uint32_t length_of(const struct edgesnn_model *model, uint8_t type)
{
    switch (type) {
    case EDGESNN_FEATURES:
        return model->channels;
    case EDGESNN_SAMPLES:
        return 2 * model->hop;
    case EDGESNN_STATE:
        return 4;
    default:
        return 0;
    }
}

static void answer(struct edgesnn_server *server, const uint8_t *body)
{
    switch (server->type) {
    case EDGESNN_IDENTIFY:
        identify(server);
        break;
    case EDGESNN_RESET:
        reset(server);
        break;
    case EDGESNN_FEATURES:
        server->model->step_features((const int8_t *)body);
        count_step(server);
        break;
    case EDGESNN_SAMPLES:
        server->model->step_pcm((const int16_t *)(const void *)body);
        count_step(server);
        break;
    case EDGESNN_SCORES:
        add_scores(server);
        break;
    case EDGESNN_CYCLES:
        add_cycles(server);
        break;
    default:
        add_state(server, body);
        break;
    }
    send(server);
}

void edgesnn_serve(struct edgesnn_server *server, struct edgesnn_link *link, bool good)
{
    reply_length = 0;
    server->type = good ? link->buffer[0] : 0;
    server->sequence = good ? link->buffer[1] : 0;
    if (!good) {
        refuse(server, EDGESNN_BAD_FRAME);
    } else if (server->type < EDGESNN_IDENTIFY || server->type > EDGESNN_STATE) {
        refuse(server, EDGESNN_UNKNOWN);
    } else if (server->type == EDGESNN_SAMPLES && server->model->hop == 0) {
        refuse(server, EDGESNN_HEARS_NOTHING);
    } else if (link->length - EDGESNN_PACKET_HEAD != length_of(server->model, server->type)) {
        refuse(server, EDGESNN_WRONG_LENGTH);
    } else {
        answer(server, link->buffer + EDGESNN_PACKET_HEAD);
    }
}
