/* SPDX-License-Identifier: Apache-2.0
 * Exceptions of every kind that needs no fault, two stacks, masks, exclusive accesses. */
#include "support.h"
#include <stdatomic.h>

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
enum { ISER = 0xe000e100, ICER = 0xe000e180, ISPR = 0xe000e200, IPR = 0xe000e400,
       ICSR = 0xe000ed04, SHPR2 = 0xe000ed1c, SHPR3 = 0xe000ed20, AIRCR = 0xe000ed0c };

static uint64_t thread_stack[64];
static volatile uint32_t order;

static void note(uint32_t who)
{
    uint32_t number;
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    order = order * 10 + who;
    mix(number << 8 | who);
}

void on_pendsv(void) { note(1); }
void on_systick(void) { note(2); }
void on_irq1(void) { note(4); }

void on_irq0(void)
{
    note(3);
    REGISTER(ISPR) = 2; /* irq1 is more urgent and comes in between */
    __asm__ volatile("dsb\n isb");
    note(5);
}

void on_svc_frame(uint32_t *frame)
{
    mix(frame[0]);
    mix(frame[7] & 0xf1000000u);
    frame[0] = frame[0] * 2 + frame[1];
    note(6);
}

__attribute__((naked)) void on_svc(void)
{
    __asm__ volatile("movs r0, #4\n mov r1, lr\n tst r0, r1\n beq 1f\n mrs r0, psp\n b 2f\n"
                     "1: mrs r0, msp\n"
                     "2: push {r4, lr}\n bl on_svc_frame\n pop {r4, pc}\n");
}

static uint32_t ask(uint32_t x, uint32_t y)
{
    register uint32_t r0 __asm__("r0") = x;
    register uint32_t r1 __asm__("r1") = y;
    __asm__ volatile("svc #7" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void pend_all(void)
{
    order = 0;
    __asm__ volatile("cpsid i");
    REGISTER(ICSR) = 1u << 28 | 1u << 26;
    REGISTER(ISPR) = 1;
    __asm__ volatile("dsb\n isb");
    mix(order);
    __asm__ volatile("cpsie i\n isb");
    mix(order);
}

static void on_thread_stack(void)
{
    uint32_t control;
    __asm__ volatile("msr psp, %0\n movs %0, #2\n msr control, %0\n isb\n mrs %0, control"
                     : "=&r"(control) : "0"(thread_stack + 64) : "memory");
    mix(control);
    mix(ask(11, 13));
    pend_all();
    __asm__ volatile("movs r0, #0\n msr control, r0\n isb" ::: "r0", "memory");
}

#if __ARM_ARCH >= 7
static void atomics(void)
{
    static _Atomic uint32_t word = 5;
    static _Atomic uint16_t half = 7;
    static _Atomic uint8_t byte = 9;
    for (uint32_t i = 0; i < 20; i++) {
        mix(atomic_fetch_add(&word, i));
        mix(atomic_fetch_xor(&half, (uint16_t)i));
        mix(atomic_exchange(&byte, (uint8_t)i));
        uint32_t expected = i & 1 ? word : 0;
        mix(atomic_compare_exchange_strong(&word, &expected, i * 3));
    }
}

static void masks(void)
{
    uint32_t value;
    order = 0;
    __asm__ volatile("movs %0, #0x40\n msr basepri, %0\n mrs %0, basepri" : "=r"(value));
    mix(value);
    REGISTER(ISPR) = 1;
    __asm__ volatile("dsb\n isb");
    mix(order);
    __asm__ volatile("movs %0, #0\n msr basepri, %0\n isb" : "=r"(value));
    mix(order);
    __asm__ volatile("msr apsr_nzcvq, %1\n mrs %0, apsr" : "=r"(value) : "r"(0xa8000000u) : "cc");
    mix(value);
}

static void groups(void)
{
    const uint32_t key = 0x05fau << 16;
    for (uint32_t grouping = 0; grouping < 8; grouping++) {
        REGISTER(AIRCR) = key | grouping << 8;
        mix(REGISTER(AIRCR));
        for (uint32_t mask = 0x80; mask < 0x100; mask += 0x11) {
            order = 0;
            __asm__ volatile("msr basepri, %0\n isb" : : "r"(mask));
            REGISTER(ISPR) = 1;
            __asm__ volatile("dsb\n isb");
            mix(order);
            __asm__ volatile("msr basepri, %0\n isb" : : "r"(0));
            mix(order);
        }
    }
    REGISTER(AIRCR) = key;
}
#endif

void run(void)
{
    REGISTER(SHPR2) = 0x40u << 24;
    REGISTER(SHPR3) = 0xc0u << 16 | 0x80u << 24;
    REGISTER(IPR) = 0x80u | 0x40u << 8;
    REGISTER(ISER) = 3;
    mix(REGISTER(ISER));
    mix(ask(3, 4));
    pend_all();
    on_thread_stack();
#if __ARM_ARCH >= 7
    atomics();
    masks();
    groups();
#endif
}
