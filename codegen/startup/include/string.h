/* SPDX-License-Identifier: MIT-0
 *
 * The part of <string.h> that images use, for compilers that bring no C library.
 */
#ifndef EDGESNN_STRING_H
#define EDGESNN_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

#endif
