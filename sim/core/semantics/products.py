# ruff: noqa: D103 - the operation that a function is says what it does
"""Products and quotients, with the time that depends on their operands."""

from __future__ import annotations

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.bits import MASK, leading_zeros
from edgesnn.sim.core.compiled import compiled
from edgesnn.sim.core.semantics.case import operates
from edgesnn.sim.core.semantics.data import RESULT, with_flags

LONG = "regs[rd], regs[ra]"
Two = tuple[int, int]


@with_flags(op.MUL, op.MULS)
def multiply(a: int, b: int) -> int:
    return (a * b) & MASK


@operates(op.MLA, RESULT)
def multiply_add(regs: Array, ra: int, a: int, b: int) -> int:
    value: int = (a * b + regs[ra]) & MASK
    return value


@operates(op.MLS, RESULT)
def multiply_subtract(regs: Array, ra: int, a: int, b: int) -> int:
    value: int = (regs[ra] - a * b) & MASK
    return value


@compiled
def wait_for_long(state: Array, flow: int, a: int, b: int) -> None:
    """What a long multiply of the Cortex-M3 takes beyond its minimum; nothing on other cores."""
    if state[op.S_LONG_MULTIPLY] and flow >> 20 & 3 == op.LONG_MULTIPLY:
        state[op.S_STALLS] += int(a >> 16 != 0) + int(b >> 16 != 0)


@operates(op.UMULL, LONG, low="0", high="0", x="a", y="b")
@operates(op.SMULL, LONG, low="0", high="0", x="signed(a)", y="signed(b)")
@operates(op.UMLAL, LONG, low="regs[rd]", high="regs[ra]", x="a", y="b")
@operates(op.SMLAL, LONG, low="regs[rd]", high="regs[ra]", x="signed(a)", y="signed(b)")
def multiply_long(
    state: Array, flow: int, a: int, b: int, low: int, high: int, x: int, y: int
) -> Two:
    value = x * y + (high << 32 | low)
    wait_for_long(state, flow, a, b)
    return value & MASK, value >> 32 & MASK


@operates(op.UMAAL, LONG, low="regs[rd]", high="regs[ra]")
def multiply_add_both(a: int, b: int, low: int, high: int) -> Two:
    value = a * b + low + high
    return value & MASK, value >> 32 & MASK


@compiled
def wait_for_quotient(state: Array, a: int, b: int) -> None:
    """Early termination: a base, and one for so many bits by which a is longer than b."""
    base: int = state[op.S_DIVIDE_BASE]
    bits: int = state[op.S_DIVIDE_BITS]
    longer: int = leading_zeros(b) - leading_zeros(a)
    if longer > 0 and b:
        base = min(base + (longer + bits - 1) // bits, state[op.S_DIVIDE_MOST])
    state[op.S_STALLS] += base


@operates(op.UDIV, "reason", x="a", y="b")
@operates(op.SDIV, "reason", x="abs(signed(a))", y="abs(signed(b))")
def divide(
    state: Array, regs: Array, rd: int, operation: int, a: int, b: int, x: int, y: int
) -> int:
    if y == 0 and state[op.S_TRAP_DIVIDE]:
        return op.R_DIVIDE
    value = x // y if y else 0
    negative = operation == op.SDIV and (a ^ b) >> 31
    regs[rd] = (-value if negative else value) & MASK
    wait_for_quotient(state, x, y)
    return op.RUNNING
