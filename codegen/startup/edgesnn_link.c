/* SPDX-License-Identifier: MIT-0
 *
 * Frames and lines from a stream of bytes, and back.
 */
#include "edgesnn_link.h"

enum { LONGEST_RUN = 254 };

void edgesnn_link_start(struct edgesnn_link *link, uint8_t *buffer, uint32_t capacity)
{
    *link = (struct edgesnn_link){.buffer = buffer, .capacity = capacity};
}

uint32_t edgesnn_crc32(uint32_t crc, const uint8_t *bytes, uint32_t count)
{
    crc = ~crc;
    for (uint32_t index = 0; index < count; index++) {
        crc ^= bytes[index];
        for (uint32_t bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

/* Undo the stuffing in place; false where it is none. */
static bool unstuff(struct edgesnn_link *link)
{
    uint8_t *const buffer = link->buffer;
    uint32_t from = 0, to = 0;
    while (from < link->length) {
        const uint32_t run = buffer[from++] - 1u;
        if (run > link->length - from) {
            return false;
        }
        for (uint32_t index = 0; index < run; index++) {
            buffer[to++] = buffer[from++];
        }
        if (run < LONGEST_RUN && from < link->length) {
            buffer[to++] = 0;
        }
    }
    link->length = to;
    return true;
}

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static bool is_good(struct edgesnn_link *link)
{
    if (link->overflowed || !unstuff(link) ||
        link->length < EDGESNN_PACKET_HEAD + EDGESNN_PACKET_TAIL) {
        return false;
    }
    link->length -= EDGESNN_PACKET_TAIL;
    return edgesnn_crc32(0, link->buffer, link->length) == word_at(link->buffer + link->length);
}

static void start_anew(struct edgesnn_link *link, bool framed)
{
    link->length = 0;
    link->framed = framed;
    link->overflowed = false;
}

/* A zero byte ends a frame that holds something, and begins one otherwise. */
static enum edgesnn_link_heard take_zero(struct edgesnn_link *link)
{
    if (!link->framed || link->length == 0) {
        start_anew(link, true);
        return EDGESNN_NOTHING;
    }
    link->framed = false;
    return is_good(link) ? EDGESNN_PACKET : EDGESNN_BROKEN;
}

static enum edgesnn_link_heard end_line(struct edgesnn_link *link)
{
    link->buffer[link->length] = 0;
    return link->overflowed ? EDGESNN_TOO_LONG : EDGESNN_TEXT;
}

enum edgesnn_link_heard edgesnn_link_take(struct edgesnn_link *link, uint8_t octet)
{
    if (link->ended) {
        start_anew(link, link->framed);
        link->ended = false;
    }
    if (octet == 0) {
        const enum edgesnn_link_heard heard = take_zero(link);
        link->ended = heard != EDGESNN_NOTHING;
        return heard;
    }
    if (!link->framed && octet == '%') {
        link->ended = true;
        return end_line(link);
    }
    if (!link->framed && (octet == '\r' || octet == '\n')) {
        return EDGESNN_NOTHING;
    }
    if (link->length + 1 < link->capacity) {
        link->buffer[link->length++] = octet;
    } else {
        link->overflowed = true;
    }
    return EDGESNN_NOTHING;
}

/* A packet that is being sent. */
struct packet {
    uint8_t head[EDGESNN_PACKET_HEAD];
    const uint8_t *body;
    uint32_t length; /* of body */
    uint32_t crc;
};

static uint8_t octet_at(const struct packet *packet, uint32_t index)
{
    if (index < EDGESNN_PACKET_HEAD) {
        return packet->head[index];
    }
    index -= EDGESNN_PACKET_HEAD;
    if (index < packet->length) {
        return packet->body[index];
    }
    return (uint8_t)(packet->crc >> 8 * (index - packet->length));
}

static uint32_t run_from(const struct packet *packet, uint32_t start, uint32_t count)
{
    uint32_t run = 0;
    while (run < LONGEST_RUN && start + run < count && octet_at(packet, start + run) != 0) {
        run++;
    }
    return run;
}

void edgesnn_link_send(uint8_t type, uint8_t sequence, const uint8_t *body, uint32_t length,
                       void (*put)(uint32_t octet))
{
    struct packet packet = {.head = {type, sequence}, .body = body, .length = length};
    packet.crc = edgesnn_crc32(edgesnn_crc32(0, packet.head, sizeof packet.head), body, length);
    const uint32_t count = EDGESNN_PACKET_HEAD + length + EDGESNN_PACKET_TAIL;

    put(0);
    for (uint32_t at = 0; at <= count;) {
        const uint32_t run = run_from(&packet, at, count);
        put(run + 1);
        for (const uint32_t end = at + run; at < end; at++) {
            put(octet_at(&packet, at));
        }
        at += run < LONGEST_RUN || at == count ? 1 : 0; /* the zero that ends a shorter run */
    }
    put(0);
}
