/* SPDX-License-Identifier: Apache-2.0
 * What every program of this folder needs: a checksum to feed, and a way to print it. */
#ifndef SUPPORT_H
#define SUPPORT_H
#include <stddef.h>
#include <stdint.h>

extern uint32_t checksum;

static inline void mix(uint32_t value)
{
    checksum = (checksum ^ value) * 0x01000193u + (checksum >> 15);
}

static inline uint32_t random32(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void print(const char *text);
void run(void);
#endif
