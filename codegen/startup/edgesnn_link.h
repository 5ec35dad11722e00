/* SPDX-License-Identifier: MIT-0
 *
 * Two languages on one serial port: frames, and lines of text that end in '%'.
 *
 * A frame is a zero byte, a packet in Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999),
 * which holds no zero byte, and a zero byte. A packet is its type, a sequence number, a body, and
 * the CRC-32 of these (ISO 3309, least significant byte first). Text holds no zero byte either, so
 * that each can follow the other, and whatever was lost, two good frames later all is well again.
 */
#ifndef EDGESNN_LINK_H
#define EDGESNN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum edgesnn_link_heard {
    EDGESNN_NOTHING,  /* as yet */
    EDGESNN_PACKET,   /* buffer[0 … length) is a good packet, without its CRC */
    EDGESNN_BROKEN,   /* a frame that is too long, badly stuffed, or of another CRC */
    EDGESNN_TEXT,     /* buffer is a line, ended by a zero */
    EDGESNN_TOO_LONG, /* a line that the buffer does not hold */
};

enum { EDGESNN_PACKET_HEAD = 2, EDGESNN_PACKET_TAIL = 4 };

struct edgesnn_link {
    uint8_t *buffer;
    uint32_t capacity; /* of buffer, at least 8 */
    uint32_t length;   /* of what is in it */
    bool framed;       /* between two zero bytes */
    bool overflowed;
    bool ended;        /* the buffer holds what was told last */
};

void edgesnn_link_start(struct edgesnn_link *link, uint8_t *buffer, uint32_t capacity);

/* Take the next byte from the port. What is in the buffer stays there until the next call. */
enum edgesnn_link_heard edgesnn_link_take(struct edgesnn_link *link, uint8_t octet);

/* Send a packet, byte by byte, through `put`. */
void edgesnn_link_send(uint8_t type, uint8_t sequence, const uint8_t *body, uint32_t length,
                       void (*put)(uint32_t octet));

uint32_t edgesnn_crc32(uint32_t crc, const uint8_t *bytes, uint32_t count);

#endif
