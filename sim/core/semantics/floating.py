"""Floating point: a call of the unit, or registers to memory and back.

Each instruction asks first whether the unit is ready, and waits for a division under way.
"""

from __future__ import annotations

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.compiled import call_unit, compiled
from edgesnn.sim.core.semantics.case import operates
from edgesnn.sim.core.vfp.transfer import transfer


@operates(op.VFP, "reason")
def calculate(
    state: Array, regs: Array, numbers: int, imm: int, extra: int,
    n: int, z: int, c: int, v: int, cycles: int,
) -> int:  # fmt: skip
    """What the unit does on its own registers, and its moves to and from the core's."""
    unit = state[op.S_FP_READY]
    if unit == 0:
        return op.R_FLOATING
    start = max(state[op.S_FP_BUSY], cycles)
    state[op.S_STALLS] += start - cycles
    call_unit(unit, state, regs, numbers, imm, extra, n << 3 | z << 2 | c << 1 | v, start)
    return op.RUNNING


@operates(op.VFP_FLAGS, "reason, n, z, c, v")
def take_flags(
    state: Array, n: int, z: int, c: int, v: int, cycles: int
) -> tuple[int, int, int, int, int]:
    """FPSCR's conditions to N, Z, C, V."""
    if state[op.S_FP_READY] == 0:
        return op.R_FLOATING, n, z, c, v
    wait_for_unit(state, cycles)
    value = state[op.S_FPSCR]
    return op.RUNNING, value >> 31, value >> 30 & 1, value >> 29 & 1, value >> 28 & 1


@operates(op.VFP_LOAD, "reason", stores="False")
@operates(op.VFP_STORE, "reason", stores="True")
def move_to_memory(
    state: Array, regs: Array, table: Array, pages: Array, octets: Array, words: Array,
    numbers: int, imm: int, bent: int, extra: int, cycles: int, stores: bool,
) -> int:  # fmt: skip
    """VLDR, VSTR, VLDM, VSTM."""
    if state[op.S_FP_READY] == 0:
        return op.R_FLOATING
    if not transfer(state, regs, pages, table, octets, words, numbers, imm, bent, extra, stores):
        return op.R_ACCESS
    wait_for_unit(state, cycles)
    return op.RUNNING


@compiled
def wait_for_unit(state: Array, cycles: int) -> None:
    """Wait for a division or square root to leave the unit."""
    state[op.S_STALLS] += max(state[op.S_FP_BUSY] - cycles, 0)
