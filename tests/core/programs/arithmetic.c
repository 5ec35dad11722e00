/* SPDX-License-Identifier: Apache-2.0
 * Integers of every width: products, quotients, shifts, bit fields, carries. */
#include "support.h"

struct fields {
    unsigned a : 5, b : 11, c : 3;
    signed d : 7, e : 6;
};

static void wide(uint64_t x, uint64_t y)
{
    mix((uint32_t)(x * y));
    mix((uint32_t)(x * y >> 32));
    mix((uint32_t)(x / (y | 1)));
    mix((uint32_t)((int64_t)x % (int64_t)(y | 1)));
    mix((uint32_t)(x << (y & 63) >> 32));
    mix((uint32_t)((int64_t)x >> (y & 63)));
    mix((uint32_t)((x + y) >> 32) + (uint32_t)((x - y) >> 32));
    mix((uint32_t)(x < y) | (uint32_t)((int64_t)x < (int64_t)y) << 1);
}

static void narrow(uint32_t x, uint32_t y)
{
    mix(x * y + x / (y | 1) + x % (y | 1));
    mix((uint32_t)((int32_t)x / (int32_t)(y | 1)) ^ (uint32_t)((int32_t)x >> (y & 31)));
    mix((x >> (y & 31)) | (x << (32 - (y & 31)) % 32));
    mix((uint32_t)(int8_t)x + (uint32_t)(int16_t)y + (uint8_t)(x >> 8) + (uint16_t)(y >> 8));
    mix((uint32_t)__builtin_clz(x | 1) + (uint32_t)__builtin_ctz(y | 1));
    mix(__builtin_bswap32(x) ^ (uint32_t)__builtin_bswap16((uint16_t)y));
    mix((uint32_t)((uint64_t)x * y >> 32) + (uint32_t)((int64_t)(int32_t)x * (int32_t)y >> 32));
    mix(x > y ? x - y : y - x);
    mix((int32_t)x > (int32_t)y ? x & ~y : x | ~y);
}

static void packed(uint32_t x)
{
    struct fields f = {x, x >> 5, x >> 16, (int)x >> 3, (int)x >> 9};
    f.a += 3;
    f.d -= 5;
    f.b ^= f.a;
    mix(f.a + f.b * 2u + f.c * 3u + (uint32_t)f.d * 5u + (uint32_t)f.e * 7u);
}

void run(void)
{
    uint32_t state = 0x12345678u;
    for (int round = 0; round < 300; round++) {
        const uint32_t x = random32(&state), y = random32(&state) >> (round & 31);
        narrow(x, y);
        narrow(y, x);
        wide((uint64_t)x << 32 | y, (uint64_t)y << 17 ^ x);
        packed(x);
    }
}
