/* SPDX-License-Identifier: Apache-2.0
 * Runs random programs one after another and writes down what each one left behind.
 *
 * Assembled by hand into driver.hex (a test holds the two against each other), so that no compiler
 * is needed to run it. Addresses stand in the vector table and the pool alone: the first 16 words,
 * those of `pool_flash` and those of `pool_ram`, which tests/core/random_qemu.py moves to where a
 * machine has its memory. Only Armv6-M instructions run where the features do not name more.
 *
 * Input, through semihosting, is programs.bin: four words (features), the data window's 32 KiB, and
 * a record for each program: r0..r12, sp, lr, apsr, fpscr, s0..s31, and 512 bytes of code.
 * Output is outcomes.bin: for each program what `leave` stores below, then each changed word of the
 * data window with its address. A program ends by a branch to LEAVE. A fault ends it, too: the
 * handler notes the stacked address and xPSR and returns to LEAVE.
 */
    .syntax unified
    .cpu cortex-m0
    .thumb

    .equ RAM, 0x20000000
    .equ CODE, RAM + 0x2000
    .equ LEAVE, CODE + 0x400
    .equ DATA, RAM + 0x10000
    .equ PRISTINE, RAM + 0x20000
    .equ RECORD, RAM + 0x30000
    .equ RESULT, RAM + 0x31000
    .equ VARIABLES, RAM + 0x4e000
    .equ BLOCK, RAM + 0x4f000
    .equ STACK, RAM + 0x50000

    .equ SIZE, 0x8000
    .equ RECORD_BYTES, 712
    .equ RECORD_CODE, 200
    .equ CODE_BYTES, 512
    .equ MAINLINE, 1
    .equ DSP, 2
    .equ FLOATING, 4

    .equ INPUT, 0                   @ in VARIABLES
    .equ OUTPUT, 4
    .equ FEATURES, 8
    .equ FAULTED, 12
    .equ FAULT_ADDRESS, 16
    .equ FAULT_STATUS, 20

    .equ SYS_OPEN, 1
    .equ SYS_WRITE, 5
    .equ SYS_READ, 6
    .equ SYS_EXIT, 0x18

vectors:
    .word STACK, reset + 1, fault + 1, fault + 1, fault + 1, fault + 1, fault + 1, fault + 1
    .word 0, 0, 0, quiet + 1, quiet + 1, 0, quiet + 1, quiet + 1

reset:
    ldr r7, variables
    ldr r0, name_in
    movs r1, #1                     @ rb
    bl open
    str r0, [r7, #INPUT]
    ldr r0, name_out
    movs r1, #5                     @ wb
    bl open
    str r0, [r7, #OUTPUT]
    ldr r2, record
    movs r3, #16
    bl read
    ldr r2, record
    ldr r0, [r2]
    str r0, [r7, #FEATURES]
    ldr r2, pristine
    ldr r3, size
    bl read
    ldr r0, data
    ldr r1, pristine
    ldr r2, size
    bl copy
    ldr r0, enter                   @ loads r0 to r7 and falls into the program
    ldr r1, ldmia
    strh r1, [r0]
    ldr r0, leave_stub
    ldr r1, stub
    movs r2, #stub_end - stub_begin
    bl copy
    ldr r1, [r7, #FEATURES]
    lsrs r1, r1, #3                 @ FLOATING to C
    bcc next
    ldr r0, cpacr
    movs r1, #0xf
    lsls r1, r1, #20
    str r1, [r0]
    ldr r0, fpccr                   @ nothing of the unit is stacked
    movs r1, #0
    str r1, [r0]
    dsb
    isb

next:
    ldr r7, variables
    movs r0, #0
    str r0, [r7, #FAULTED]
    str r0, [r7, #FAULT_ADDRESS]
    str r0, [r7, #FAULT_STATUS]
    ldr r2, record
    ldr r3, record_bytes
    bl read
    cmp r0, #0
    beq prepare
    b done
prepare:
    ldr r0, code
    ldr r1, record
    adds r1, #RECORD_CODE
    ldr r2, code_bytes
    bl refresh                      @ code that stands there is decoded once
    dsb
    isb
    ldr r4, [r7, #FEATURES]
    lsrs r0, r4, #3
    bcc no_floats
    ldr r0, record
    adds r0, #68
    .arch armv7e-m
    .fpu fpv5-d16
    vldmia r0, {s0-s31}
    .cpu cortex-m0
    ldr r0, record
    adds r0, #64
    ldr r1, [r0]
    .arch armv7e-m
    .fpu fpv5-d16
    vmsr fpscr, r1
    .cpu cortex-m0
no_floats:
    movs r0, #0
    msr psp, r0
    ldr r0, record
    adds r0, #32
    ldmia r0!, {r1-r3, r5-r7}
    mov r8, r1
    mov r9, r2
    mov r10, r3
    mov r11, r5
    mov r12, r6
    mov sp, r7
    ldmia r0!, {r1, r2}
    mov lr, r1
    lsrs r0, r4, #2                 @ DSP to C
    bcc no_ge
    .arch armv7e-m
    msr apsr_nzcvqg, r2
    .cpu cortex-m0
    b begin
no_ge:
    msr apsr_nzcvq, r2
begin:
    ldr r0, record
    ldr r1, enter_thumb
    bx r1

leave:
    ldr r2, result
    stmia r2!, {r0, r1}
    stmia r2!, {r3-r7}
    mov r0, r8
    mov r1, r9
    mov r3, r10
    mov r4, r11
    mov r5, r12
    mov r6, sp
    mov r7, lr
    stmia r2!, {r0, r1, r3-r7}
    mrs r0, apsr
    mrs r1, psp
    mrs r3, primask
    mrs r4, control
    stmia r2!, {r0, r1, r3, r4}
    cpsie i
    ldr r0, stack
    mov sp, r0
    ldr r7, variables
    ldr r0, [r7, #FAULTED]
    ldr r1, [r7, #FAULT_ADDRESS]
    ldr r3, [r7, #FAULT_STATUS]
    stmia r2!, {r0, r1, r3}
    ldr r0, [r7, #FEATURES]
    lsrs r1, r0, #1                 @ MAINLINE to C
    bcc no_priorities
    movs r1, #0
    .arch armv7e-m
    mrs r3, faultmask
    mrs r4, basepri
    msr faultmask, r1
    msr basepri, r1
    .cpu cortex-m0
    stmia r2!, {r3, r4}
    lsrs r1, r0, #3
    bcc changes
    .arch armv7e-m
    .fpu fpv5-d16
    vmrs r0, fpscr
    .cpu cortex-m0
    stmia r2!, {r0}
    .arch armv7e-m
    .fpu fpv5-d16
    vstmia r2, {s0-s31}
    .cpu cortex-m0
    b changes
no_priorities:
changes:
    ldr r2, result
    adds r2, #228                   @ after the number of bytes that follow
    ldr r0, data
    ldr r1, pristine
    ldr r3, size
    adds r3, r3, r0
compare:
    ldmia r0!, {r4}
    ldmia r1!, {r5}
    cmp r4, r5
    beq same
    subs r6, r0, #4
    str r6, [r2]
    str r4, [r2, #4]
    adds r2, #8
    str r5, [r6]
same:
    cmp r0, r3
    bne compare
    ldr r0, result
    adds r0, #224
    subs r1, r2, r0
    subs r1, #4
    str r1, [r0]
    ldr r0, result
    subs r3, r2, r0
    ldr r2, result
    ldr r1, [r7, #OUTPUT]
    movs r0, #SYS_WRITE
    bl transfer
    b next

done:
    movs r0, #SYS_EXIT
    ldr r1, exit
    bkpt 0xab
    b done

open:                               @ r0 name, r1 mode: a handle
    ldr r4, block
    movs r2, #12
    stmia r4!, {r0, r1, r2}
    subs r4, #12
    mov r1, r4
    movs r0, #SYS_OPEN
    bkpt 0xab
    bx lr

read:                               @ r2 to where, r3 bytes: those not read
    ldr r1, [r7, #INPUT]
    movs r0, #SYS_READ
transfer:                           @ r0 call, r1 handle, r2 address, r3 bytes
    ldr r4, block
    stmia r4!, {r1, r2, r3}
    subs r4, #12
    mov r1, r4
    bkpt 0xab
    bx lr

copy:                               @ r0 to, r1 from, r2 bytes, a multiple of four
    adds r2, r2, r0
1:  ldmia r1!, {r3}
    stmia r0!, {r3}
    cmp r0, r2
    bne 1b
    bx lr

refresh:                            @ the same, but only words that differ are written
    adds r2, r2, r0
1:  ldmia r1!, {r3}
    ldr r4, [r0]
    cmp r3, r4
    beq 2f
    str r3, [r0]
2:  adds r0, #4
    cmp r0, r2
    bne 1b
    bx lr

fault:
    ldr r0, [sp, #24]
    ldr r1, [sp, #28]
    ldr r2, variables
    str r0, [r2, #FAULT_ADDRESS]
    str r1, [r2, #FAULT_STATUS]
    movs r3, #1
    str r3, [r2, #FAULTED]
    ldr r3, status
    ands r1, r3
    str r1, [sp, #28]
    ldr r0, leave_stub
    str r0, [sp, #24]
    bx lr

quiet:                              @ QEMU 7.2 stacks IT bits of a block that has ended, at times
    ldr r0, [sp, #28]
    ldr r1, status
    ands r0, r1
    str r0, [sp, #28]
    bx lr

    .org 0x2c0
pool_flash:
name_in: .word text_in
name_out: .word text_out
stub: .word stub_begin
stub_begin:                         @ copied to LEAVE; r2 is a multiple of four always
    msr psp, r2
    ldr r2, leave_thumb
    bx r2
leave_thumb: .word leave + 1
stub_end:
pool_ram:
variables: .word VARIABLES
record: .word RECORD
pristine: .word PRISTINE
data: .word DATA
code: .word CODE
enter: .word CODE - 2
enter_thumb: .word CODE - 2 + 1
leave_stub: .word LEAVE
result: .word RESULT
block: .word BLOCK
stack: .word STACK
pool_numbers:
size: .word SIZE
record_bytes: .word RECORD_BYTES
code_bytes: .word CODE_BYTES
ldmia: .word 0xc8ff
cpacr: .word 0xe000ed88
fpccr: .word 0xe000ef34
exit: .word 0x20026
status: .word 0xf90f0200            @ flags, T, GE and the alignment of a stacked xPSR
text_in: .asciz "programs.bin"
text_out: .asciz "outcomes.bin"
    .balign 4
