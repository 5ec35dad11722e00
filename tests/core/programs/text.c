/* SPDX-License-Identifier: Apache-2.0
 * The C library: sorting, formatting, parsing, moving bytes at every alignment. */
#include "support.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *left, const void *right)
{
    const int x = *(const int *)left, y = *(const int *)right;
    return (x > y) - (x < y);
}

static void sorts(void)
{
    static int numbers[200];
    uint32_t state = 99;
    for (size_t i = 0; i < 200; i++) {
        numbers[i] = (int)random32(&state);
    }
    qsort(numbers, 200, sizeof numbers[0], ascending);
    for (size_t i = 0; i < 200; i++) {
        mix((uint32_t)numbers[i]);
    }
}

static void moves(void)
{
    static uint8_t bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t from = 0; from < 5; from++) {
        for (size_t to = 0; to < 5; to++) {
            memmove(bytes + 64 + to, bytes + from, 90 + from);
            memcpy(bytes + 1 + to, bytes + 128 + from, 33);
        }
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        mix(bytes[i]);
    }
}

void run(void)
{
    char text[80];
    sorts();
    moves();
    for (int i = -40; i < 40; i += 3) {
        const int length = snprintf(text, sizeof text, "%d|%-6u|%08x|%c|%s|%5.3d", i * 1237,
                                    (unsigned)i * 3u, (unsigned)i, 'a' + (i & 15), "word", i);
        for (int c = 0; c < length; c++) {
            mix((uint8_t)text[c]);
        }
        mix((uint32_t)strtol(text, NULL, 10));
        mix((uint32_t)strlen(text) + (uint32_t)strcmp(text, "12"));
    }
}
