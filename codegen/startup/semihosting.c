/* SPDX-License-Identifier: MIT-0
 *
 * The platform through semihosting (Arm IHI 0028: "Semihosting for AArch32 and AArch64"), and
 * SysTick (Armv7-M ARM, B3.3) as its counter.
 */
#include "platform.h"

enum operation {
    SYS_OPEN = 0x01,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_EXIT_EXTENDED = 0x20,
};

enum open_mode { OPEN_RB = 1, OPEN_WB = 5 };

enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

static intptr_t clips = -1, records = -1;

static intptr_t semihost(enum operation operation, const void *arguments)
{
    register intptr_t r0 __asm__("r0") = (intptr_t)operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static intptr_t open_file(const char *name, uintptr_t length, enum open_mode mode)
{
    const uintptr_t arguments[3] = {(uintptr_t)name, (uintptr_t)mode, length};
    return semihost(SYS_OPEN, arguments);
}

bool edgesnn_open(void)
{
    clips = open_file("clips.bin", sizeof "clips.bin" - 1, OPEN_RB);
    records = open_file("records.bin", sizeof "records.bin" - 1, OPEN_WB);
    return clips != -1 && records != -1;
}

bool edgesnn_read(void *bytes, size_t count)
{
    const uintptr_t arguments[3] = {(uintptr_t)clips, (uintptr_t)bytes, count};
    return semihost(SYS_READ, arguments) == 0;
}

void edgesnn_write(const void *bytes, size_t count)
{
    const uintptr_t arguments[3] = {(uintptr_t)records, (uintptr_t)bytes, count};
    if (semihost(SYS_WRITE, arguments) != 0) {
        edgesnn_exit(1);
    }
}

/* SysTick's registers: control and status, reload value, current value. */
static volatile uint32_t *const systick = (volatile uint32_t *)(uintptr_t)0xe000e010u;

void edgesnn_start_ticks(void)
{
    systick[1] = 0x00ffffffu;
    systick[2] = 0;
    systick[0] = 5; /* processor clock, no interrupt, enabled */
}

uint32_t edgesnn_ticks(void)
{
    return systick[2];
}

void edgesnn_exit(uint32_t status)
{
    const uintptr_t arguments[2] = {ADP_STOPPED_APPLICATION_EXIT, status};
    for (;;) {
        semihost(SYS_EXIT_EXTENDED, arguments);
    }
}
