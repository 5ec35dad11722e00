"""Which instructions of the decoder's tables a program executes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edgesnn.sim.core import Core
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction

from .kinds import BRANCHES, Kind, kind_of
from .random_code import CODE, PROFILES, Program, Unit, instructions


def _surely(unit: Unit, found: Iterable[Instruction]) -> Iterator[Instruction]:
    """Those of a unit that are executed whenever it is entered: bodies may be skipped."""
    for i in found:
        steers = i.op in (*BRANCHES, op.SYSTEM, op.UNDEFINED, op.LDR_SP) or i.mnemonic == "it"
        if unit.count == 1 or steers or (i.op == op.LDM and i.imm >> op.PC & 1):
            yield i


def exercised(program: Program) -> set[Kind]:
    """Kinds that the program executes on every run that no fault ends."""
    profile = PROFILES[program.profile]
    standing = {i.address: i for i in instructions(program)}
    found, address = set(), profile.ram + CODE
    for unit in program.units:
        end = address + 2 * len(unit.halfwords)
        own = [standing[at] for at in range(address, end, 2) if at in standing]
        found |= {kind_of(i, profile.level, profile.fpu) for i in _surely(unit, own)}
        address = end
    return {kind for kind in found if kind is not None}


def executed(core: Core) -> set[Kind]:
    """Kinds that a core has executed since reset."""
    level, fpu = core.model.level, core.model.fpu
    found = set()
    for address, i in core.translator.instructions.items():
        if core.profile[core.memory.flat(address) >> 1, 0]:
            found.add(kind_of(i, level, fpu))
    return {kind for kind in found if kind is not None}
