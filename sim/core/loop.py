"""The compiled loop: fetch a row, do its operation, charge its cycles.

One function, one chain of comparisons on the operation number, which LLVM turns into a jump
table. Semantics stand here; what an instruction costs stands in the row (R_TIMING,
R_DETOUR), so that every core runs this same code. What is rare or touches the system
returns to Python with a reason.

Words are held as int64 between 0 and 2^32 − 1. Indices are unsigned, or Numba would check
each for negative values.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from edgesnn.sim.core.access import (
    block,
    load_byte,
    load_half,
    load_word,
    store_byte,
    store_half,
    store_word,
)
from edgesnn.sim.core.bits import (
    MASK,
    leading_zeros,
    reverse_bits,
    reverse_bytes,
    rotate,
    saturate,
    shift,
    signed,
)
from edgesnn.sim.core.media import dsp, dsp_long, parallel
from edgesnn.sim.core.operations import *  # noqa: F403 - a hundred constants

U = np.uint64
FAILED = -1
NOWHERE = -1


@njit(cache=True)
def passes(condition, n, z, c, v):
    """Whether a condition 0..13 holds."""
    pair = condition >> 1
    if pair == 0:
        holds = z
    elif pair == 1:
        holds = c
    elif pair == 2:
        holds = n
    elif pair == 3:
        holds = v
    elif pair == 4:
        holds = c & (z ^ 1)
    elif pair == 5:
        holds = n ^ v ^ 1
    else:
        holds = (z ^ 1) & (n ^ v ^ 1)
    return holds != condition & 1


@njit(cache=True)
def divide_cycles(state, a, b):
    """Early termination: a base, and one for so many bits by which a is longer than b."""
    base, bits = state[S_DIVIDE_BASE], state[S_DIVIDE_BITS]
    longer = leading_zeros(b) - leading_zeros(a)
    if longer <= 0 or b == 0:
        return base
    return min(base + (longer + bits - 1) // bits, state[S_DIVIDE_MOST])


@njit(cache=True)
def long_cycles(state, flow, a, b):
    """What a long multiply of the Cortex-M3 takes beyond its minimum; 0 on other cores."""
    if state[S_LONG_MULTIPLY] == 0 or flow >> 20 & 3 != LONG_MULTIPLY:
        return 0
    return np.int64(a >> 16 != 0) + np.int64(b >> 16 != 0)


@njit(cache=True)
def fetch_line(state, line, now):
    """Wait for a line of flash that execution has just entered, at cycle `now`."""
    if line << state[S_LINE_SHIFT] >= state[S_FLASH_ROWS]:
        return 0
    ahead = state[S_PREFETCH] != 0 and line == state[S_LAST_LINE] + 1
    since = now - state[S_LAST_ENTRY]
    state[S_LAST_LINE], state[S_LAST_ENTRY] = line, now
    lines = state[S_CACHE_LINES]
    if lines:
        slot = S_TAGS + (line & (lines - 1))
        if state[slot] == line:
            return 0
        state[slot] = line
    return max(state[S_LINE_COST] - since, 0) if ahead else state[S_LINE_COST]


@njit(cache=True)
def load_aligned(state, pages, octets, halves, words, address, size):
    """LDA and LDREX of 2^size bytes: misaligned addresses fail."""
    if address & ((1 << size) - 1):
        state[S_FAULT], state[S_FAULT_SIZE], state[S_FAULT_STORE] = address, 1 << size, 0
        return FAILED
    if size == 2:
        return load_word(state, pages, octets, words, address)
    if size == 1:
        return load_half(state, pages, octets, halves, address)
    return load_byte(state, pages, octets, address)


@njit(cache=True)
def store_aligned(state, pages, table, octets, halves, words, address, size, value):
    """STL and STREX of 2^size bytes: misaligned addresses fail."""
    if address & ((1 << size) - 1):
        state[S_FAULT], state[S_FAULT_SIZE], state[S_FAULT_STORE] = address, 1 << size, 1
        return False
    if size == 2:
        return store_word(state, pages, table, octets, words, address, value)
    if size == 1:
        return store_half(state, pages, table, octets, halves, address, value)
    return store_byte(state, pages, table, octets, address, value)


@njit(cache=True, nogil=True, error_model="numpy")
def run(state, regs, table, pages, octets, halves, words, executions, spent, limit):
    """Execute until `limit` instructions are done or something needs attention.

    Args:
        state: int64[STATE], the slots S_*; all of them are read and written back.
        regs: int64[REGISTERS], each 0..2^32 − 1.
        table: int32[rows · ROW], the decode table.
        pages: int32[2^20], the page table.
        octets, halves, words: the flat memory as uint8, uint16 and uint32.
        executions, spent: int64[rows], how often each row ran, and its cycles.
        limit: instruction count in S_INSTRUCTIONS at which to stop.

    Returns:
        The reason, one of R_LIMIT … R_DIVIDE. S_AT is the row to go on with; for R_DECODE,
        R_UNDEFINED, R_SYSTEM, R_ACCESS and R_DIVIDE the row's instruction has not been done.
    """
    at = state[S_AT]
    n, z, c, v = state[S_N], state[S_Z], state[S_C], state[S_V]
    q, ge = state[S_Q], state[S_GE]
    cycles, instructions = state[S_CYCLES], state[S_INSTRUCTIONS]
    pipeline = state[S_PIPELINE]
    deadline, low = state[S_DEADLINE], state[S_STACK_LOW]
    stack_limit, line_shift, line = state[S_STACK_LIMIT], state[S_LINE_SHIFT], state[S_LINE]
    reason = -1

    while reason < 0:
        if instructions >= limit:
            reason = R_LIMIT
            break
        if cycles >= deadline:
            reason = R_DEADLINE
            break
        row = U(at) << U(ROW_SHIFT)
        op = np.int64(table[row])
        numbers = np.int64(table[row + U(R_REGISTERS)])
        imm = np.int64(table[row + U(R_IMMEDIATE)])
        bent = np.int64(table[row + U(R_SHIFT)])
        flow = np.int64(table[row + U(R_FLOW)])
        timing = np.int64(table[row + U(R_TIMING)]) >> (pipeline << 3)
        extra = np.int64(table[row + U(R_EXTRA)])
        cost = timing & 63
        rd = U(numbers & 31)
        rn = U(numbers >> 8 & 31)
        rm = U(numbers >> 16 & 31)
        ra = U(numbers >> 24 & 31)
        writeback = U(bent >> 8 & 31)
        target = NOWHERE

        if op == UNDECODED:
            reason = R_DECODE
            break
        entered = at >> line_shift
        if entered != line:
            cost += fetch_line(state, entered, cycles)
            line = entered

        condition = flow & 15
        if condition != 14 and not passes(condition, n, z, c, v):
            detour = np.int64(table[row + U(R_DETOUR)])
            cost += (detour & 63) - (timing & 63)
            pipeline = detour >> 6 & 3
        else:
            pipeline = timing >> 6 & 3
            a = regs[rn]
            b = ((regs[rm] << (bent & 31)) + imm) & MASK
            if op & PRESHIFT:
                op &= 0xFF
                kind = bent >> 16 & 15
                if kind == IMMEDIATE_CARRY:
                    c = b >> 31
                else:
                    b = shift(kind, regs[rm], bent >> 20 & 255, c)
                    if bent >> 28:
                        c = b >> 32
                    b &= MASK

            if op == MOV:
                regs[rd] = b
            elif op == ADD:
                regs[rd] = (a + b) & MASK
            elif op == SUB:
                regs[rd] = (a - b) & MASK
            elif op == RSB:
                regs[rd] = (b - a) & MASK
            elif op == ADC:
                regs[rd] = (a + b + c) & MASK
            elif op == SBC:
                regs[rd] = (a - b - 1 + c) & MASK
            elif op == AND:
                regs[rd] = a & b
            elif op == ORR:
                regs[rd] = a | b
            elif op == EOR:
                regs[rd] = a ^ b
            elif op == BIC:
                regs[rd] = a & ~b
            elif op == ORN:
                regs[rd] = a | (b ^ MASK)
            elif op == MOVS:
                regs[rd] = b
                n, z = b >> 31, np.int64(b == 0)
            elif op == ADDS:
                total = a + b
                value = total & MASK
                c = total >> 32
                v = ((a ^ value) & (b ^ value)) >> 31
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == SUBS:
                value = (a - b) & MASK
                c = np.int64(a >= b)
                v = ((a ^ b) & (a ^ value)) >> 31
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == RSBS:
                value = (b - a) & MASK
                c = np.int64(b >= a)
                v = ((b ^ a) & (b ^ value)) >> 31
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == ADCS:
                total = a + b + c
                value = total & MASK
                c = total >> 32
                v = ((a ^ value) & (b ^ value)) >> 31
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == SBCS:
                total = a + (b ^ MASK) + c
                value = total & MASK
                c = total >> 32
                v = ((a ^ b) & (a ^ value)) >> 31
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == ANDS:
                value = a & b
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == ORRS:
                value = a | b
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == EORS:
                value = a ^ b
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == BICS:
                value = a & ~b
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == ORNS:
                value = a | (b ^ MASK)
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == ADD_SP:
                regs[SP] = (a + b) & ~3 & MASK
            elif op == SUB_SP:
                regs[SP] = (a - b) & ~3 & MASK
            elif op == LSLS_IMM:
                value = regs[rm] << (bent >> 20 & 255)
                c = value >> 32 & 1
                value &= MASK
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == LSRS_IMM:
                amount = bent >> 20 & 255
                c = regs[rm] >> (amount - 1) & 1
                value = regs[rm] >> amount
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == ASRS_IMM:
                amount = bent >> 20 & 255
                c = signed(regs[rm]) >> (amount - 1) & 1
                value = (signed(regs[rm]) >> amount) & MASK
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == LSR_IMM:
                regs[rd] = regs[rm] >> (bent >> 20 & 255)
            elif op == ASR_IMM:
                regs[rd] = (signed(regs[rm]) >> (bent >> 20 & 255)) & MASK
            elif op == SHIFT_REG:
                value = shift(bent >> 16 & 15, a, regs[rm] & 255, c)
                if bent >> 28:
                    c = value >> 32
                    n, z = value >> 31 & 1, np.int64(value & MASK == 0)
                regs[rd] = value & MASK
            elif op == MOVT:
                regs[rd] = a & 0xFFFF | b

            elif op == MUL:
                regs[rd] = (a * b) & MASK
            elif op == MULS:
                value = (a * b) & MASK
                n, z = value >> 31, np.int64(value == 0)
                regs[rd] = value
            elif op == MLA:
                regs[rd] = (a * b + regs[ra]) & MASK
            elif op == MLS:
                regs[rd] = (regs[ra] - a * b) & MASK
            elif op == UMULL or op == UMLAL or op == UMAAL:
                value = a * b
                if op == UMLAL:
                    value += regs[ra] << 32 | regs[rd]
                elif op == UMAAL:
                    value += regs[ra] + regs[rd]
                regs[rd] = value & MASK
                regs[ra] = value >> 32 & MASK
                cost += long_cycles(state, flow, a, b)
            elif op == SMULL or op == SMLAL:
                value = signed(a) * signed(b)
                if op == SMLAL:
                    value += regs[ra] << 32 | regs[rd]
                regs[rd] = value & MASK
                regs[ra] = value >> 32 & MASK
                cost += long_cycles(state, flow, a, b)
            elif op == UDIV:
                if b == 0 and state[S_TRAP_DIVIDE]:
                    reason = R_DIVIDE
                    break
                regs[rd] = a // b if b else 0
                cost += divide_cycles(state, a, b)
            elif op == SDIV:
                if b == 0 and state[S_TRAP_DIVIDE]:
                    reason = R_DIVIDE
                    break
                x, y = abs(signed(a)), abs(signed(b))
                value = x // y if y else 0
                regs[rd] = (-value if (a ^ b) >> 31 else value) & MASK
                cost += divide_cycles(state, x, y)

            elif op == SXTAB:
                value = rotate(regs[rm], bent >> 20 & 255) & 0xFF
                regs[rd] = (a + (value ^ 0x80) - 0x80) & MASK
            elif op == SXTAH:
                value = rotate(regs[rm], bent >> 20 & 255) & 0xFFFF
                regs[rd] = (a + (value ^ 0x8000) - 0x8000) & MASK
            elif op == UXTAB:
                regs[rd] = (a + (rotate(regs[rm], bent >> 20 & 255) & 0xFF)) & MASK
            elif op == UXTAH:
                regs[rd] = (a + (rotate(regs[rm], bent >> 20 & 255) & 0xFFFF)) & MASK
            elif op == BFI:
                mask = extra & MASK
                regs[rd] = regs[rd] & ~mask | (a << (bent >> 20 & 255)) & mask
            elif op == UBFX:
                regs[rd] = (a >> (bent >> 20 & 255)) & extra & MASK
            elif op == SBFX:
                sign = 1 << (extra - 1)
                value = (a >> (bent >> 20 & 255)) & ((sign << 1) - 1)
                regs[rd] = ((value ^ sign) - sign) & MASK
            elif op == REV:
                regs[rd] = reverse_bytes(b)
            elif op == REV16:
                regs[rd] = (b & 0x00FF00FF) << 8 | (b >> 8) & 0x00FF00FF
            elif op == REVSH:
                value = (b & 0xFF) << 8 | (b >> 8) & 0xFF
                regs[rd] = ((value ^ 0x8000) - 0x8000) & MASK
            elif op == RBIT:
                regs[rd] = reverse_bits(b)
            elif op == CLZ:
                regs[rd] = leading_zeros(b)

            elif op == PKHBT:
                regs[rd] = a & 0xFFFF | b & 0xFFFF0000
            elif op == PKHTB:
                regs[rd] = a & 0xFFFF0000 | b & 0xFFFF
            elif op == SEL:
                mask = (ge & 1) * 0xFF | (ge >> 1 & 1) * 0xFF00
                mask |= (ge >> 2 & 1) * 0xFF0000 | (ge >> 3) * 0xFF000000
                regs[rd] = a & mask | b & ~mask
            elif op == SSAT or op == USAT:
                top = 1 << (extra - 1 if op == SSAT else extra)
                value = saturate(signed(b), -top if op == SSAT else 0, top - 1)
                q |= value >> 32
                regs[rd] = value & MASK
            elif op == PARALLEL:
                prefix = bent >> 20 & 255
                value = parallel(bent >> 16 & 15, prefix, a, b)
                if prefix & 3 == 0:
                    ge = value >> 32
                regs[rd] = value & MASK
            elif op == DSP:
                value = dsp(bent >> 16 & 15, bent >> 20 & 255, extra, a, b, regs[ra])
                q |= value >> 32
                regs[rd] = value & MASK
            elif op == DSP_LONG:
                value = dsp_long(bent >> 16 & 15, bent >> 20 & 255, regs[rd], regs[ra], a, b)
                regs[rd] = value & MASK
                regs[ra] = value >> 32 & MASK

            elif op == B:
                target = b
            elif op == BL:
                regs[LR] = extra & MASK
                target = b
            elif op == BX or op == BLX:
                target = b
                if op == BLX:
                    regs[LR] = extra & MASK
                if target & 1 == 0:
                    reason = R_STATE
            elif op == JUMP:
                target = (a + b) & MASK
            elif op == CBZ:
                if a == 0:
                    target = b
            elif op == CBNZ:
                if a != 0:
                    target = b
            elif op == TBB:
                place = (a + b) & MASK
                value = load_byte(state, pages, octets, place)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                target = ((extra & MASK) + 2 * value) & MASK
            elif op == TBH:
                place = (a + b) & MASK
                value = load_half(state, pages, octets, halves, place)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                target = ((extra & MASK) + 2 * value) & MASK

            elif op == LDR:
                value = load_word(state, pages, octets, words, (a + b) & MASK)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                regs[rd] = value
            elif op == LDRB:
                value = load_byte(state, pages, octets, (a + b) & MASK)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                regs[rd] = value
            elif op == LDRH:
                value = load_half(state, pages, octets, halves, (a + b) & MASK)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                regs[rd] = value
            elif op == LDRSB:
                value = load_byte(state, pages, octets, (a + b) & MASK)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                regs[rd] = ((value ^ 0x80) - 0x80) & MASK
            elif op == LDRSH:
                value = load_half(state, pages, octets, halves, (a + b) & MASK)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                regs[rd] = ((value ^ 0x8000) - 0x8000) & MASK
            elif op == LDR_SP or op == LDR_PC:
                value = load_word(state, pages, octets, words, (a + b) & MASK)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                if op == LDR_SP:
                    regs[SP] = value & ~3
                else:
                    target = value
                    if value & 1 == 0:
                        reason = R_STATE
            elif op == STR:
                if not store_word(state, pages, table, octets, words, (a + b) & MASK, regs[rd]):
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
            elif op == STRB:
                if not store_byte(state, pages, table, octets, (a + b) & MASK, regs[rd]):
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
            elif op == STRH:
                if not store_half(state, pages, table, octets, halves, (a + b) & MASK, regs[rd]):
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
            elif op == LDRD or op == STRD:
                place = block(state, pages, table, (a + b) & MASK, 2, op == STRD)
                if place == FAILED:
                    reason = R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                if op == LDRD:
                    regs[rd] = words[U(place)]
                    regs[ra] = words[U(place + 1)]
                else:
                    words[U(place)] = regs[rd]
                    words[U(place + 1)] = regs[ra]
            elif op == LDM or op == STM:
                # imm is the list, |extra| its size in bytes, ra tells a start below the base.
                base = (a + extra) & MASK if ra else a
                place = block(state, pages, table, base, abs(extra) >> 2, op == STM)
                if place == FAILED:
                    reason = R_ACCESS
                    break
                number = 0
                remaining = imm & 0x7FFF
                if op == STM:
                    while remaining:
                        if remaining & 1:
                            words[U(place)] = regs[U(number)]
                            place += 1
                        remaining >>= 1
                        number += 1
                else:
                    while remaining:
                        if remaining & 1:
                            regs[U(number)] = words[U(place)]
                            place += 1
                        remaining >>= 1
                        number += 1
                    if imm & 0x8000:
                        target = np.int64(words[U(place)])
                        if target & 1 == 0:
                            reason = R_STATE
                regs[writeback] = (a + extra) & MASK
            elif op == LOAD_ALIGNED:
                place = (a + b) & MASK
                value = load_aligned(state, pages, octets, halves, words, place, bent >> 16 & 15)
                if value == FAILED:
                    reason = R_ACCESS
                    break
                regs[rd] = value
                if bent >> 28:
                    state[S_EXCLUSIVE] = place
            elif op == STORE_ALIGNED or op == STREX:
                place = (a + b) & MASK
                kind = bent >> 16 & 15
                if op == STORE_ALIGNED or state[S_EXCLUSIVE] == place:
                    value = regs[rd] if op == STORE_ALIGNED else regs[ra]
                    if not store_aligned(
                        state, pages, table, octets, halves, words, place, kind, value
                    ):
                        reason = R_ACCESS
                        break
                    if op == STREX:
                        regs[rd] = 0
                else:
                    regs[rd] = 1
                if op == STREX:
                    state[S_EXCLUSIVE] = -1
            elif op == CLREX:
                state[S_EXCLUSIVE] = -1
            elif op == NOP:
                pass
            elif op == SYSTEM:
                reason = R_SYSTEM
                break
            else:
                reason = R_UNDEFINED
                break

        after = at + (flow >> 16 & 3)
        if target != NOWHERE:
            cost += np.int64(table[row + U(R_DETOUR)]) >> 8 & 63
            pipeline = 0
            entry = np.int64(pages[U(target >> PAGE_SHIFT)])
            if entry < 0:
                state[S_FAULT] = target
                after = at  # a report names the branch
                if reason < 0:
                    reason = R_FETCH
            else:
                after = ((entry & ~(PAGE - 1)) + (target & (PAGE - 1))) >> 1
                if reason == R_STATE:
                    state[S_FAULT], after = target, at
        if state[S_STALLS]:
            cost += state[S_STALLS]
            state[S_STALLS] = 0
        if regs[SP] < low:
            low = regs[SP]
            if low < stack_limit and reason < 0:
                reason = R_STACK
        executions[U(at)] += 1
        spent[U(at)] += cost
        cycles += cost
        instructions += 1
        at = after

    state[S_AT] = at
    state[S_N], state[S_Z], state[S_C], state[S_V] = n, z, c, v
    state[S_Q], state[S_GE] = q, ge
    state[S_CYCLES], state[S_INSTRUCTIONS] = cycles, instructions
    state[S_PIPELINE], state[S_STACK_LOW], state[S_LINE] = pipeline, low, line
    return reason
