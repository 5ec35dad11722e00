/* SPDX-License-Identifier: Apache-2.0
 * Exceptions around floating point state: extended and standard frames, lazy and eager
 * stacking, handlers that use the unit and handlers that do not, nested ones. */
#include "support.h"

#if defined __ARM_FP
#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
enum { ISER = 0xe000e100, ISPR = 0xe000e200, IPR = 0xe000e400, ICSR = 0xe000ed04,
       SHPR3 = 0xe000ed20, FPCCR = 0xe000ef34, FPCAR = 0xe000ef38, FPDSCR = 0xe000ef3c,
       MVFR0 = 0xe000ef40, CPACR = 0xe000ed88, ASPEN_LSPEN = 0xc0000000, LSPACT = 1 };

static volatile float value = 1.5f;
static uint64_t thread_stack[96];

static uint32_t control(void)
{
    uint32_t word;
    __asm__ volatile("mrs %0, control" : "=r"(word));
    return word & 7; /* SFPA belongs to the Security Extension, which QEMU's Cortex-M33 has */
}

static void note(uint32_t who)
{
    mix(who);
    mix(control());
    mix(REGISTER(FPCCR) & (ASPEN_LSPEN | LSPACT));
}

/* Leaves the unit alone: what is to be stacked stays so. */
void on_pendsv(void)
{
    uint32_t link;
    __asm__ volatile("mov %0, lr" : "=r"(link));
    note(1);
    mix(REGISTER(FPCCR) & LSPACT ? REGISTER(FPCAR) & 0xff : 0);
    mix(link & 0xff);
}

void on_irq1(void)
{
    note(4);
    value = value * 1.25f;
    uint32_t status;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(status));
    mix(status);
    note(5);
}

/* Uses the unit, and is interrupted before and after. */
void on_irq0(void)
{
    REGISTER(ISPR) = 2;
    __asm__ volatile("dsb\n isb");
    note(2);
    value = value / 3.0f + 0.25f;
    __asm__ volatile("vmov s0, %0\n vmov s15, %0\n vmov s31, s31" : : "r"(0x7fc01234)
                     : "s0", "s15");
    note(3);
    REGISTER(ISPR) = 2;
    __asm__ volatile("dsb\n isb");
}

void on_svc_frame(uint32_t *frame, uint32_t link)
{
    note(6);
    mix(link & 0xff);
    if (!(link & 0x10)) {
        __asm__ volatile("vmov s3, s3"); /* stack now what was put off */
        for (int i = 8; i < 25; i++) {
            mix(frame[i]);
        }
        frame[8 + 5] = 0x40490fdb;
    }
    note(7);
}

__attribute__((naked)) void on_svc(void)
{
    __asm__ volatile("movs r0, #4\n mov r1, lr\n tst r0, r1\n beq 1f\n mrs r0, psp\n b 2f\n"
                     "1: mrs r0, msp\n"
                     "2: push {r4, lr}\n bl on_svc_frame\n pop {r4, pc}\n");
}

static void fill(uint32_t seed)
{
    uint32_t words[32];
    for (int i = 0; i < 32; i++) {
        words[i] = random32(&seed) & 0xbfffffff;
    }
    __asm__ volatile("vldm %0, {s0-s31}" : : "r"(words) : "memory", "s0", "s1", "s2", "s3", "s4",
                     "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16",
                     "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27",
                     "s28", "s29", "s30", "s31");
}

static void spill(void)
{
    uint32_t words[32];
    __asm__ volatile("vstm %0, {s0-s31}" : : "r"(words) : "memory");
    for (int i = 0; i < 32; i++) {
        mix(words[i]);
    }
}

#define AROUND(event) do { fill(7); event; __asm__ volatile("dsb\n isb"); spill(); note(8); } while (0)

static void events(void)
{
    AROUND(REGISTER(ICSR) = 1u << 28);
    AROUND(REGISTER(ISPR) = 1);
    AROUND(REGISTER(ISPR) = 2);
    AROUND(__asm__ volatile("svc #1" : : : "memory"));
    AROUND(__asm__ volatile("vmsr fpscr, %0\n svc #1\n vmrs %0, fpscr" : : "r"(0x03c0009f) : "memory"));
    AROUND(__asm__ volatile("vmsr fpscr, %0" : : "r"(0)));
}

static void without_state(void)
{
    __asm__ volatile("movs r0, #0\n msr control, r0\n isb" ::: "r0");
    __asm__ volatile("svc #2" : : : "memory");
    REGISTER(ISPR) = 1;
    __asm__ volatile("dsb\n isb");
    note(9);
}

void run(void)
{
    REGISTER(SHPR3) = 0xc0u << 16;
    REGISTER(IPR) = 0x80u | 0x40u << 8;
    REGISTER(ISER) = 3;
    mix(REGISTER(MVFR0));
    mix(REGISTER(CPACR) & 0xf00000);
    note(0);
    for (uint32_t lazy = 0; lazy < 2; lazy++) {
        REGISTER(FPCCR) = 0x80000000 | lazy << 30;
        events();
        without_state();
        REGISTER(FPDSCR) = lazy << 24;
    }
    events();
    uint32_t word;
    __asm__ volatile("msr psp, %0\n movs %0, #2\n msr control, %0\n isb\n mrs %0, control"
                     : "=&r"(word) : "0"(thread_stack + 96) : "memory");
    mix(word);
    events();
    __asm__ volatile("movs r0, #0\n msr control, r0\n isb" ::: "r0", "memory");
}
#else
void run(void) { mix(1); }
#endif
