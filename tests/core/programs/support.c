/* SPDX-License-Identifier: Apache-2.0
 * Start-up, handlers that a program may replace, the checksum's printing, the exit. */
#include "support.h"
#include <errno.h>

extern uint32_t stack_top[], data_start[], data_end[], bss_start[], bss_end[], heap_start[];
extern const uint32_t data_load[];
uint32_t checksum = 0x811c9dc5u;

static intptr_t semihost(int number, const void *argument)
{
    register intptr_t r0 __asm__("r0") = number;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void print(const char *text)
{
    semihost(4, text);
}

void leave(uint32_t code)
{
    const uint32_t block[2] = {0x20026, code};
    for (;;) {
        semihost(0x20, block);
    }
}

static void unexpected(void)
{
    leave(99);
}

void on_svc(void) __attribute__((weak, alias("unexpected")));
void on_pendsv(void) __attribute__((weak, alias("unexpected")));
void on_systick(void) __attribute__((weak, alias("unexpected")));
void on_irq0(void) __attribute__((weak, alias("unexpected")));
void on_irq1(void) __attribute__((weak, alias("unexpected")));

static void enable_floating_point(void)
{
#if defined __ARM_FP
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
}

void on_reset(void)
{
    enable_floating_point();
    const uint32_t *load = data_load;
    for (uint32_t *word = data_start; word < data_end; word++) {
        *word = *load++;
    }
    for (uint32_t *word = bss_start; word < bss_end; word++) {
        *word = 0;
    }
    run();
    char text[10];
    for (int digit = 0; digit < 8; digit++) {
        text[digit] = "0123456789abcdef"[checksum >> (28 - 4 * digit) & 15];
    }
    text[8] = '\n';
    text[9] = 0;
    print(text);
    leave(0);
}

typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) const handler vectors[18] = {
    (handler)stack_top, on_reset, unexpected, unexpected, unexpected, unexpected, unexpected,
    0, 0, 0, 0, on_svc, unexpected, 0, on_pendsv, on_systick, on_irq0, on_irq1};

void *_sbrk(ptrdiff_t change)
{
    static char *end = (char *)heap_start;
    char *begin = end;
    end += change;
    return begin;
}

int _write(int file, char *text, int length) { (void)file; (void)text; return length; }
int _read(int file, char *text, int length) { (void)file; (void)text; (void)length; return 0; }
int _close(int file) { (void)file; return -1; }
int _lseek(int file, int offset, int whence) { (void)file; (void)offset; (void)whence; return 0; }
int _fstat(int file, void *status) { (void)file; (void)status; return -1; }
int _isatty(int file) { (void)file; return 1; }
void _exit(int code) { leave((uint32_t)code); for (;;) { } }
int _kill(int process, int signal) { (void)process; (void)signal; return -1; }
int _getpid(void) { return 1; }
