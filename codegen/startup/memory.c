/* SPDX-License-Identifier: MIT-0
 *
 * memcpy, memmove and memset for images without a C library: word by word where everything is
 * aligned, else byte by byte. Compiled with -fno-builtin, lest the loops become calls of
 * themselves.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

/* A word that may alias what it copies. */
typedef uint32_t __attribute__((may_alias)) word;

static size_t aligned(const void *to, const void *from, size_t count)
{
    return (((uintptr_t)to | (uintptr_t)from | count) & (sizeof(word) - 1)) == 0;
}

static void copy_words_up(word *to, const word *from, const word *end)
{
    while (from != end) {
        *to++ = *from++;
    }
}

static void copy_bytes_up(unsigned char *to, const unsigned char *from, const unsigned char *end)
{
    while (from != end) {
        *to++ = *from++;
    }
}

static void copy_bytes_down(unsigned char *to, const unsigned char *from, size_t count)
{
    while (count-- > 0) {
        to[count] = from[count];
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    return memmove(to, from, count);
}

void *memmove(void *to, const void *from, size_t count)
{
    if ((uintptr_t)to > (uintptr_t)from) {
        copy_bytes_down(to, from, count);
    } else if (aligned(to, from, count)) {
        copy_words_up(to, from, (const word *)from + count / sizeof(word));
    } else {
        copy_bytes_up(to, from, (const unsigned char *)from + count);
    }
    return to;
}

void *memset(void *to, int value, size_t count)
{
    unsigned char *target = to;
    const unsigned char *end = target + count;
    if (aligned(to, to, count)) {
        const word filled = (unsigned char)value * (word)0x01010101;
        for (word *each = to; (unsigned char *)each != end; each++) {
            *each = filled;
        }
        return to;
    }
    while (target != end) {
        *target++ = (unsigned char)value;
    }
    return to;
}
