/* SPDX-License-Identifier: Apache-2.0
 * Ways through code: switches, tables of functions, recursion, long jumps, variable arguments. */
#include "support.h"
#include <setjmp.h>
#include <stdarg.h>

static jmp_buf escape;

static uint32_t choose(uint32_t which, uint32_t value)
{
    switch (which) {
    case 0: return value + 1;
    case 1: return value * 3;
    case 2: return value ^ 0x55;
    case 3: return value - 7;
    case 4: return value << 2;
    case 5: return value >> 3;
    case 6: return ~value;
    case 7: return value | 0x100;
    case 9: return value & 0xfff;
    case 200: return 12;
    default: return 77;
    }
}

static uint32_t ackermann(uint32_t m, uint32_t n)
{
    if (m == 0) {
        return n + 1;
    }
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static uint32_t total(int count, ...)
{
    va_list list;
    uint32_t sum = 0;
    va_start(list, count);
    for (int i = 0; i < count; i++) {
        sum = sum * 31 + va_arg(list, uint32_t);
    }
    va_end(list);
    return sum;
}

static uint32_t twice(uint32_t x) { return x * 2; }
static uint32_t square(uint32_t x) { return x * x; }
static uint32_t (*const table[])(uint32_t) = {twice, square};

static void deep(int depth)
{
    volatile uint32_t room[4] = {(uint32_t)depth};
    if (depth == 0) {
        longjmp(escape, 5);
    }
    deep(depth - 1);
    mix(room[0]);
}

void run(void)
{
    for (uint32_t i = 0; i < 220; i++) {
        mix(choose(i % 12, i * 0x9e3779b9u) + choose(i, i));
        mix(table[i & 1](i));
    }
    mix(ackermann(2, 5));
    mix(total(6, 1u, 2u, 3u, 4u, 5u, 6u));
    const int code = setjmp(escape);
    if (code == 0) {
        deep(12);
    }
    mix((uint32_t)code);
}
