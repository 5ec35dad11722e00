"""The compiled loop: fetch a row, do its operation, charge its cycles.

One function, one chain of comparisons on the operation number, which LLVM turns into a jump
table. Semantics stand here; what an instruction costs stands in the row (R_TIMING,
R_DETOUR), so that every core runs this same code. What is rare or touches the system
returns to Python with a reason.

Words are held as int64 between 0 and 2^32 − 1. Indices are unsigned, or Numba would check
each for negative values.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import (
    Array,
    block,
    load_aligned,
    load_byte,
    load_half,
    load_word,
    store_aligned,
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
from edgesnn.sim.core.cache import fetch_line
from edgesnn.sim.core.calls import credit, follow
from edgesnn.sim.core.compiled import cached, call_unit, compiled, inlined, sources_digest
from edgesnn.sim.core.media import dsp, dsp_long, parallel
from edgesnn.sim.core.predict import bank_conflict, mispredicted, mistargeted
from edgesnn.sim.core.vfp.transfer import transfer

INT: Any = np.int64
U: Any = np.uint64
FAILED = -1
NOWHERE = -1
TRACING = False  # whether calls are followed; see _with_tracing


@inlined
def passes(condition: int, n: int, z: int, c: int, v: int) -> bool:
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


@compiled
def divide_cycles(state: Array, a: int, b: int) -> int:
    """Early termination: a base, and one for so many bits by which a is longer than b."""
    base: int = state[op.S_DIVIDE_BASE]
    bits: int = state[op.S_DIVIDE_BITS]
    most: int = state[op.S_DIVIDE_MOST]
    longer: int = leading_zeros(b) - leading_zeros(a)
    if longer <= 0 or b == 0:
        return base
    return min(base + (longer + bits - 1) // bits, most)


@compiled
def long_cycles(state: Array, flow: int, a: int, b: int) -> int:
    """What a long multiply of the Cortex-M3 takes beyond its minimum; 0 on other cores."""
    if state[op.S_LONG_MULTIPLY] == 0 or flow >> 20 & 3 != op.LONG_MULTIPLY:
        return 0
    return int(a >> 16 != 0) + int(b >> 16 != 0)


@compiled
def execute(
    state: Array,
    regs: Array,
    table: Array,
    pages: Array,
    octets: Array,
    halves: Array,
    words: Array,
    profile: Array,
    calls: Array,
    limit: int,
) -> int:
    """Execute until `limit` instructions are done or something needs attention.

    Args:
        state: int64[STATE], the slots S_*; all of them are read and written back.
        regs: int64[REGISTERS], each 0..2^32 − 1.
        table: int32[rows · ROW], the decode table.
        pages: int32[2^20], the page table.
        octets, halves, words: the flat memory as uint8, uint16 and uint32.
        profile: int64[2 · rows], for each row how often it ran, and its cycles.
        calls: the vector of edgesnn.sim.core.calls; empty where calls are not traced.
        limit: instruction count in S_INSTRUCTIONS at which to stop.

    Returns:
        The reason, one of R_LIMIT … R_FLOATING. S_AT is the row to go on with; for R_DECODE,
        R_UNDEFINED, R_SYSTEM, R_ACCESS, R_DIVIDE and R_FLOATING the row's instruction has not
        been done.
    """
    at = state[op.S_AT]
    n, z, c, v = state[op.S_N], state[op.S_Z], state[op.S_C], state[op.S_V]
    q, ge = state[op.S_Q], state[op.S_GE]
    cycles, instructions = state[op.S_CYCLES], state[op.S_INSTRUCTIONS]
    pipeline = state[op.S_PIPELINE]
    deadline, low = state[op.S_DEADLINE], state[op.S_STACK_LOW]
    stack_limit, line_shift, line = (
        state[op.S_STACK_LIMIT],
        state[op.S_LINE_SHIFT],
        state[op.S_LINE],
    )
    reason = -1
    loaded = 0

    while reason < 0:
        if instructions >= limit:
            reason = op.R_LIMIT
            break
        if cycles >= deadline:
            reason = op.R_DEADLINE
            break
        row = U(at) << U(op.ROW_SHIFT)
        operation = INT(table[row])
        numbers = INT(table[row + U(op.R_REGISTERS)])
        imm = INT(table[row + U(op.R_IMMEDIATE)])
        bent = INT(table[row + U(op.R_SHIFT)])
        flow = INT(table[row + U(op.R_FLOW)])
        timing = INT(table[row + U(op.R_TIMING)]) >> (pipeline << 3)
        extra = INT(table[row + U(op.R_EXTRA)])
        cost = timing & 63
        rd = U(numbers & 31)
        rn = U(numbers >> 8 & 31)
        rm = U(numbers >> 16 & 31)
        ra = U(numbers >> 24 & 31)
        writeback = U(bent >> 8 & 31)
        target = NOWHERE

        if operation == op.UNDECODED:
            reason = op.R_DECODE
            break
        entered = at >> line_shift
        if entered != line:
            state[op.S_STALLS] += fetch_line(state, entered, cycles)  # kept if it has to come back
            line = entered

        condition = flow & 15
        if condition != 14 and not passes(condition, n, z, c, v):
            detour = INT(table[row + U(op.R_DETOUR)])
            if detour & 63 == op.AS_DONE:
                pipeline = timing >> 6 & 3
            else:
                cost += (detour & 63) - (timing & 63)
                pipeline = detour >> 6 & 3
            missed = detour >> 16 & 63
            if missed and detour >> 25 & 1 == 0:
                cost += missed * mispredicted(state, at, False)
        else:
            pipeline = timing >> 6 & 3
            a = regs[rn]
            b = ((regs[rm] << (bent & 31)) + imm) & MASK
            if operation & op.PRESHIFT:
                operation &= 0xFF
                kind = bent >> 16 & 15
                if kind == op.IMMEDIATE_CARRY:
                    c = b >> 31
                else:
                    b = shift(kind, regs[rm], bent >> 20 & 255, c)
                    if bent >> 28:
                        c = b >> 32
                    b &= MASK

            if operation == op.MOV:
                regs[rd] = b
            elif operation == op.ADD:
                regs[rd] = (a + b) & MASK
            elif operation == op.SUB:
                regs[rd] = (a - b) & MASK
            elif operation == op.RSB:
                regs[rd] = (b - a) & MASK
            elif operation == op.ADC:
                regs[rd] = (a + b + c) & MASK
            elif operation == op.SBC:
                regs[rd] = (a - b - 1 + c) & MASK
            elif operation == op.AND:
                regs[rd] = a & b
            elif operation == op.ORR:
                regs[rd] = a | b
            elif operation == op.EOR:
                regs[rd] = a ^ b
            elif operation == op.BIC:
                regs[rd] = a & ~b
            elif operation == op.ORN:
                regs[rd] = a | (b ^ MASK)
            elif operation == op.MOVS:
                regs[rd] = b
                n, z = b >> 31, INT(b == 0)
            elif operation == op.ADDS:
                total = a + b
                value = total & MASK
                c = total >> 32
                v = ((a ^ value) & (b ^ value)) >> 31
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.SUBS:
                value = (a - b) & MASK
                c = INT(a >= b)
                v = ((a ^ b) & (a ^ value)) >> 31
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.RSBS:
                value = (b - a) & MASK
                c = INT(b >= a)
                v = ((b ^ a) & (b ^ value)) >> 31
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.ADCS:
                total = a + b + c
                value = total & MASK
                c = total >> 32
                v = ((a ^ value) & (b ^ value)) >> 31
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.SBCS:
                total = a + (b ^ MASK) + c
                value = total & MASK
                c = total >> 32
                v = ((a ^ b) & (a ^ value)) >> 31
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.ANDS:
                value = a & b
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.ORRS:
                value = a | b
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.EORS:
                value = a ^ b
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.BICS:
                value = a & ~b
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.ORNS:
                value = a | (b ^ MASK)
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.ADD_SP:
                regs[op.SP] = (a + b) & ~3 & MASK
            elif operation == op.SUB_SP:
                regs[op.SP] = (a - b) & ~3 & MASK
            elif operation == op.LSLS_IMM:
                value = regs[rm] << (bent >> 20 & 255)
                c = value >> 32 & 1
                value &= MASK
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.LSRS_IMM:
                amount = bent >> 20 & 255
                c = regs[rm] >> (amount - 1) & 1
                value = regs[rm] >> amount
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.ASRS_IMM:
                amount = bent >> 20 & 255
                c = signed(regs[rm]) >> (amount - 1) & 1
                value = (signed(regs[rm]) >> amount) & MASK
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.LSR_IMM:
                regs[rd] = regs[rm] >> (bent >> 20 & 255)
            elif operation == op.ASR_IMM:
                regs[rd] = (signed(regs[rm]) >> (bent >> 20 & 255)) & MASK
            elif operation == op.SHIFT_REG:
                value = shift(bent >> 16 & 15, a, regs[rm] & 255, c)
                if bent >> 28:
                    c = value >> 32
                    n, z = value >> 31 & 1, INT(value & MASK == 0)
                regs[rd] = value & MASK
            elif operation == op.MOVT:
                regs[rd] = a & 0xFFFF | b

            elif operation == op.MUL:
                regs[rd] = (a * b) & MASK
            elif operation == op.MULS:
                value = (a * b) & MASK
                n, z = value >> 31, INT(value == 0)
                regs[rd] = value
            elif operation == op.MLA:
                regs[rd] = (a * b + regs[ra]) & MASK
            elif operation == op.MLS:
                regs[rd] = (regs[ra] - a * b) & MASK
            elif operation == op.UMULL or operation == op.UMLAL or operation == op.UMAAL:
                value = a * b
                if operation == op.UMLAL:
                    value += regs[ra] << 32 | regs[rd]
                elif operation == op.UMAAL:
                    value += regs[ra] + regs[rd]
                regs[rd] = value & MASK
                regs[ra] = value >> 32 & MASK
                cost += long_cycles(state, flow, a, b)
            elif operation == op.SMULL or operation == op.SMLAL:
                value = signed(a) * signed(b)
                if operation == op.SMLAL:
                    value += regs[ra] << 32 | regs[rd]
                regs[rd] = value & MASK
                regs[ra] = value >> 32 & MASK
                cost += long_cycles(state, flow, a, b)
            elif operation == op.UDIV:
                if b == 0 and state[op.S_TRAP_DIVIDE]:
                    reason = op.R_DIVIDE
                    break
                regs[rd] = a // b if b else 0
                cost += divide_cycles(state, a, b)
            elif operation == op.SDIV:
                if b == 0 and state[op.S_TRAP_DIVIDE]:
                    reason = op.R_DIVIDE
                    break
                x, y = abs(signed(a)), abs(signed(b))
                value = x // y if y else 0
                regs[rd] = (-value if (a ^ b) >> 31 else value) & MASK
                cost += divide_cycles(state, x, y)

            elif operation == op.SXTAB:
                value = rotate(regs[rm], bent >> 20 & 255) & 0xFF
                regs[rd] = (a + (value ^ 0x80) - 0x80) & MASK
            elif operation == op.SXTAH:
                value = rotate(regs[rm], bent >> 20 & 255) & 0xFFFF
                regs[rd] = (a + (value ^ 0x8000) - 0x8000) & MASK
            elif operation == op.UXTAB:
                regs[rd] = (a + (rotate(regs[rm], bent >> 20 & 255) & 0xFF)) & MASK
            elif operation == op.UXTAH:
                regs[rd] = (a + (rotate(regs[rm], bent >> 20 & 255) & 0xFFFF)) & MASK
            elif operation == op.BFI:
                mask = extra & MASK
                regs[rd] = regs[rd] & ~mask | (a << (bent >> 20 & 255)) & mask
            elif operation == op.UBFX:
                regs[rd] = (a >> (bent >> 20 & 255)) & extra & MASK
            elif operation == op.SBFX:
                sign = 1 << (extra - 1)
                value = (a >> (bent >> 20 & 255)) & ((sign << 1) - 1)
                regs[rd] = ((value ^ sign) - sign) & MASK
            elif operation == op.REV:
                regs[rd] = reverse_bytes(b)
            elif operation == op.REV16:
                regs[rd] = (b & 0x00FF00FF) << 8 | (b >> 8) & 0x00FF00FF
            elif operation == op.REVSH:
                value = (b & 0xFF) << 8 | (b >> 8) & 0xFF
                regs[rd] = ((value ^ 0x8000) - 0x8000) & MASK
            elif operation == op.RBIT:
                regs[rd] = reverse_bits(b)
            elif operation == op.CLZ:
                regs[rd] = leading_zeros(b)

            elif operation == op.PKHBT:
                regs[rd] = a & 0xFFFF | b & 0xFFFF0000
            elif operation == op.PKHTB:
                regs[rd] = a & 0xFFFF0000 | b & 0xFFFF
            elif operation == op.SEL:
                mask = (ge & 1) * 0xFF | (ge >> 1 & 1) * 0xFF00
                mask |= (ge >> 2 & 1) * 0xFF0000 | (ge >> 3) * 0xFF000000
                regs[rd] = a & mask | b & ~mask
            elif operation == op.SSAT or operation == op.USAT:
                top = 1 << (extra - 1 if operation == op.SSAT else extra)
                value = saturate(signed(b), -top if operation == op.SSAT else 0, top - 1)
                q |= value >> 32
                regs[rd] = value & MASK
            elif operation == op.PARALLEL:
                prefix = bent >> 20 & 255
                value = parallel(bent >> 16 & 15, prefix, a, b)
                if prefix & 3 == 0:
                    ge = value >> 32
                regs[rd] = value & MASK
            elif operation == op.DSP:
                value = dsp(bent >> 16 & 15, bent >> 20 & 255, extra, a, b, regs[ra])
                q |= value >> 32
                regs[rd] = value & MASK
            elif operation == op.DSP_LONG:
                value = dsp_long(bent >> 16 & 15, bent >> 20 & 255, regs[rd], regs[ra], a, b)
                regs[rd] = value & MASK
                regs[ra] = value >> 32 & MASK

            elif operation == op.B:
                target = b
                missed = INT(table[row + U(op.R_DETOUR)]) >> 16 & 63
                if missed:
                    cost += missed * mispredicted(state, at, True)
            elif operation == op.BL:
                regs[op.LR] = extra & MASK
                target = b
            elif operation == op.BX or operation == op.BLX:
                target = b
                if operation == op.BLX:
                    regs[op.LR] = extra & MASK
                if target & 1 == 0:
                    reason = op.R_STATE
            elif operation == op.JUMP:
                target = (a + b) & MASK
            elif operation == op.CBZ or operation == op.CBNZ:
                if (a == 0) == (operation == op.CBZ):
                    target = b
                missed = INT(table[row + U(op.R_DETOUR)]) >> 16 & 63
                if missed:
                    cost += missed * mispredicted(state, at, target != NOWHERE)
            elif operation == op.TBB:
                place = (a + b) & MASK
                value = load_byte(state, pages, octets, place)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                target = ((extra & MASK) + 2 * value) & MASK
            elif operation == op.TBH:
                place = (a + b) & MASK
                value = load_half(state, pages, octets, halves, place)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                target = ((extra & MASK) + 2 * value) & MASK

            elif operation == op.LDR:
                place = (a + b) & MASK
                value = load_word(state, pages, octets, words, place)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                cost += bank_conflict(table, row, timing, place, loaded)
                loaded = place
                regs[rd] = value
            elif operation == op.LDRB:
                place = (a + b) & MASK
                value = load_byte(state, pages, octets, place)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                cost += bank_conflict(table, row, timing, place, loaded)
                loaded = place
                regs[rd] = value
            elif operation == op.LDRH:
                place = (a + b) & MASK
                value = load_half(state, pages, octets, halves, place)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                cost += bank_conflict(table, row, timing, place, loaded)
                loaded = place
                regs[rd] = value
            elif operation == op.LDRSB:
                place = (a + b) & MASK
                value = load_byte(state, pages, octets, place)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                cost += bank_conflict(table, row, timing, place, loaded)
                loaded = place
                regs[rd] = ((value ^ 0x80) - 0x80) & MASK
            elif operation == op.LDRSH:
                place = (a + b) & MASK
                value = load_half(state, pages, octets, halves, place)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                cost += bank_conflict(table, row, timing, place, loaded)
                loaded = place
                regs[rd] = ((value ^ 0x8000) - 0x8000) & MASK
            elif operation == op.LDR_SP or operation == op.LDR_PC:
                value = load_word(state, pages, octets, words, (a + b) & MASK)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                if operation == op.LDR_SP:
                    regs[op.SP] = value & ~3
                else:
                    target = value
                    if value & 1 == 0:
                        reason = op.R_STATE
            elif operation == op.STR:
                if not store_word(state, pages, table, octets, words, (a + b) & MASK, regs[rd]):
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
            elif operation == op.STRB:
                if not store_byte(state, pages, table, octets, (a + b) & MASK, regs[rd]):
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
            elif operation == op.STRH:
                if not store_half(state, pages, table, octets, halves, (a + b) & MASK, regs[rd]):
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
            elif operation == op.LDRD or operation == op.STRD:
                place = block(state, pages, table, (a + b) & MASK, 2, operation == op.STRD)
                if place == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[writeback] = (a + extra) & MASK
                if operation == op.LDRD:
                    regs[rd] = words[U(place)]
                    regs[ra] = words[U(place + 1)]
                else:
                    words[U(place)] = regs[rd]
                    words[U(place + 1)] = regs[ra]
            elif operation == op.LDM or operation == op.STM:
                # imm is the list, |extra| its size in bytes, ra tells a start below the base.
                base = (a + extra) & MASK if ra else a
                place = block(state, pages, table, base, abs(extra) >> 2, operation == op.STM)
                if place == FAILED:
                    reason = op.R_ACCESS
                    break
                number = 0
                remaining = imm & 0x7FFF
                if operation == op.STM:
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
                        target = INT(words[U(place)])
                        if target & 1 == 0:
                            reason = op.R_STATE
                regs[writeback] = (a + extra) & MASK
            elif operation == op.LOAD_ALIGNED:
                place = (a + b) & MASK
                kind = bent >> 16 & 15
                value = load_aligned(state, pages, octets, halves, words, place, kind)
                if value == FAILED:
                    reason = op.R_ACCESS
                    break
                regs[rd] = value
                if bent >> 28:
                    state[op.S_EXCLUSIVE] = place
            elif operation == op.STORE_ALIGNED or operation == op.STREX:
                place = (a + b) & MASK
                kind = bent >> 16 & 15
                if operation == op.STORE_ALIGNED or state[op.S_EXCLUSIVE] == place:
                    value = regs[rd] if operation == op.STORE_ALIGNED else regs[ra]
                    if not store_aligned(
                        state, pages, table, octets, halves, words, place, kind, value
                    ):
                        reason = op.R_ACCESS
                        break
                    if operation == op.STREX:
                        regs[rd] = 0
                else:
                    regs[rd] = 1
                if operation == op.STREX:
                    state[op.S_EXCLUSIVE] = -1
            elif operation == op.CLREX:
                state[op.S_EXCLUSIVE] = -1
            elif operation == op.NOP:
                pass
            elif operation >= op.VFP:
                unit = state[op.S_FP_READY]
                if unit == 0:
                    reason = op.R_FLOATING
                    break
                wait = max(state[op.S_FP_BUSY] - cycles, 0)
                cost += wait
                if operation == op.VFP:
                    nzcv = n << 3 | z << 2 | c << 1 | v
                    call_unit(unit, state, regs, numbers, imm, extra, nzcv, cycles + wait)
                elif operation == op.VFP_FLAGS:
                    value = state[op.S_FPSCR]
                    n, z, c, v = value >> 31, value >> 30 & 1, value >> 29 & 1, value >> 28 & 1
                elif not transfer(
                    state, regs, pages, table, octets, words, numbers, imm, bent, extra,
                    INT(operation == op.VFP_STORE),
                ):  # fmt: skip
                    reason = op.R_ACCESS
                    break
            elif operation == op.SYSTEM:
                reason = op.R_SYSTEM
                break
            else:
                reason = op.R_UNDEFINED
                break

        after = at + (flow >> 16 & 3)
        if target != NOWHERE:
            detour = INT(table[row + U(op.R_DETOUR)])
            cost += detour >> 8 & 63
            if detour >> 25 & 1:
                cost += (detour >> 16 & 63) * mistargeted(state, at, target)
            pipeline = 0
            entry = INT(pages[U(target >> op.PAGE_SHIFT)])
            if entry < 0:
                state[op.S_FAULT] = target
                after = at  # a report names the branch
                if reason < 0:
                    reason = op.R_FETCH
            else:
                after = ((entry & ~(op.PAGE - 1)) + (target & (op.PAGE - 1))) >> 1
                if reason == op.R_STATE:
                    state[op.S_FAULT], after = target, at
        if state[op.S_STALLS]:
            cost += state[op.S_STALLS]
            state[op.S_STALLS] = 0
        if regs[op.SP] < low:
            low = regs[op.SP]
            if low < stack_limit and reason < 0:
                reason = op.R_STACK
        profile[U(at) << U(1)] += 1
        profile[U(at) << U(1) | U(1)] += cost
        cycles += cost
        instructions += 1
        if TRACING and target != NOWHERE and reason < 0:
            credit(calls, cycles, instructions)
            follow(calls, link_of(operation), after, at + (flow >> 16 & 3), regs[op.SP])
        at = after

    state[op.S_AT] = at
    state[op.S_N], state[op.S_Z], state[op.S_C], state[op.S_V] = n, z, c, v
    state[op.S_Q], state[op.S_GE] = q, ge
    state[op.S_CYCLES], state[op.S_INSTRUCTIONS] = cycles, instructions
    state[op.S_PIPELINE], state[op.S_STACK_LOW], state[op.S_LINE] = pipeline, low, line
    return reason


@compiled
def link_of(operation: int) -> int:
    """What `follow` wants to know of an operation that has branched."""
    if operation == op.BL or operation == op.BLX:
        return 1
    returns = (operation == op.BX or operation == op.LDM) or (
        operation == op.LDR_PC or operation == op.JUMP
    )
    return 2 if returns else 0


def _with_tracing(function: Any) -> Callable[..., int]:
    """The same code with TRACING set, a constant to Numba: the plain loop pays nothing for it."""
    plain: FunctionType = function.py_func
    names = {**plain.__globals__, "TRACING": True}
    return compiled(FunctionType(plain.__code__, names, "traced"))


traced = _with_tracing(execute)


def _sources() -> int:
    """A digest of all that is compiled together, which Numba's cache would not look at."""
    names = ("access.py", "bits.py", "cache.py", "calls.py", "compiled.py", "loop.py", "media.py",
             "operations.py", "predict.py", "vfp/transfer.py")  # fmt: skip
    return sources_digest(*(Path(__file__).parent / name for name in names))


def _cached(sources: int, *, tracing: bool) -> Callable[..., int]:
    """`execute`, compiled once for these sources: both arguments become part of the cache's key.

    The branch that `tracing` rules out is not compiled.
    """

    @cached
    def run(
        state: Array,
        regs: Array,
        table: Array,
        pages: Array,
        octets: Array,
        halves: Array,
        words: Array,
        profile: Array,
        calls: Array,
        limit: int,
    ) -> int:
        state[op.S_SOURCES] = sources
        if tracing:
            return traced(state, regs, table, pages, octets, halves, words, profile, calls, limit)
        return execute(state, regs, table, pages, octets, halves, words, profile, calls, limit)

    return run


run = _cached(_sources(), tracing=False)
run_traced = _cached(_sources(), tracing=True)
