"""One decoded instruction, and how it is packed into a row of the decode table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.sim.core.operations import PRESHIFT, ROW, SINK, ZERO

ALWAYS = 14


@dataclass(frozen=True, slots=True)
class Instruction:
    """What one Thumb instruction does, as operands of one operation of `operations`.

    Attributes:
        mnemonic: UAL name without condition, width or flag suffix, as objdump writes it.
        op: operation number.
        size: bytes, 2 or 4.
        rd, rn, rm, ra: registers; ZERO and SINK where there is none.
        imm: constant of the second operand, branch target, or register list.
        lsl: left shift of rm inside the second operand.
        writeback: register that takes rn + extra after a memory access, or SINK.
        kind: shift type, parallel prefix, DSP or system kind, access size; by `op`.
        amount: amount of a shift by `kind`, or the second number that `op` needs.
        preshift: the second operand goes through the barrel shifter by kind and amount.
        carry: the shifter's carry goes to C.
        extra: return address, write-back amount, mask or width; by `op`.
        cond: condition 0..14, where 14 is always.
        it: the ITSTATE byte while the instruction runs, 0 outside IT blocks.
        variable: variable-time class.
        encoding: the halfwords, first one high when there are two.
        address: where it stands.
    """

    mnemonic: str
    op: int
    rd: int = SINK
    rn: int = ZERO
    rm: int = ZERO
    ra: int = ZERO
    imm: int = 0
    lsl: int = 0
    writeback: int = SINK
    kind: int = 0
    amount: int = 0
    preshift: bool = False
    carry: bool = False
    extra: int = 0
    cond: int = ALWAYS
    it: int = 0
    variable: int = 0
    size: int = 2
    encoding: int = 0
    address: int = 0

    def row(self, timing: int = 0, detour: int = 0) -> list[int]:
        """Eight int32 that the compiled loop understands; timing and detour as R_TIMING says."""
        row = [
            self.op | (PRESHIFT if self.preshift else 0),
            self.rd | self.rn << 8 | self.rm << 16 | self.ra << 24,
            self.imm,
            self.lsl | self.writeback << 8 | self.kind << 16 | self.amount << 20 | self.carry << 28,
            self.cond | self.it << 8 | (self.size >> 1) << 16 | self.variable << 20,
            timing,
            detour,
            self.extra,
        ]
        assert len(row) == ROW
        return [int(np.int32(np.uint32(word & 0xFFFFFFFF))) for word in row]
