/* SPDX-License-Identifier: MIT-0
 *
 * A line of text in words and numbers.
 */
#ifndef EDGESNN_LINE_H
#define EDGESNN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool edgesnn_same(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

/* The next word of a line, ended by a zero, or NULL. */
static inline char *edgesnn_next_word(char **rest)
{
    char *word = *rest;
    while (*word == ' ') {
        word++;
    }
    if (*word == '\0') {
        *rest = word;
        return NULL;
    }
    char *end = word;
    while (*end != '\0' && *end != ' ') {
        end++;
    }
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

/* The decimal number that a word begins with, `limit` at most; 0 for none, as atoi has it. */
static inline uint32_t edgesnn_number_of(const char *word, uint32_t limit)
{
    uint32_t value = 0;
    while (*word >= '0' && *word <= '9') {
        value = 10 * value + (uint32_t)(*word++ - '0');
        value = value < limit ? value : limit;
    }
    return value;
}

/* The value of a hexadecimal digit; 16 for any other character. */
static inline uint32_t edgesnn_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return (uint32_t)(character - '0');
    }
    if (character >= 'a' && character <= 'f') {
        return (uint32_t)(character - 'a') + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return (uint32_t)(character - 'A') + 10;
    }
    return 16;
}

#endif
