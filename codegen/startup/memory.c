/* SPDX-License-Identifier: MIT-0
 *
 * memcpy, memmove and memset for images without a C library. Compiled with -fno-builtin, lest
 * the loops become calls of themselves.
 */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    return memmove(to, from, count);
}

void *memmove(void *to, const void *from, size_t count)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    if (target <= source) {
        while (count-- > 0) {
            *target++ = *source++;
        }
        return to;
    }
    while (count-- > 0) {
        target[count] = source[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count)
{
    unsigned char *target = to;
    while (count-- > 0) {
        *target++ = (unsigned char)value;
    }
    return to;
}
