"""Branches of a region: edges to its pieces, computed targets, predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks import access, alu
from edgesnn.sim.core.blocks.code import MASK, word
from edgesnn.sim.core.blocks.row import ALWAYS, Row

if TYPE_CHECKING:
    from edgesnn.sim.core.blocks.region import Region

TABLES = frozenset({op.TBB, op.TBH})
COMPARING = frozenset({op.CBZ, op.CBNZ})
BRANCHES = TABLES | COMPARING | {op.B, op.BL, op.BX, op.BLX, op.JUMP}
KEEPS_IT = -1


def can(region: Region, row: Row) -> bool:
    """Whether a branch's target is sure to lie in the region's flash, or is looked at."""
    code = region.place.code
    if row.op in TABLES:
        farthest = row.extra + 2 * (0xFF if row.op == op.TBB else 0xFFFF)
        return code.holds(row.extra & MASK, farthest - row.extra + 2)
    return row.op in (op.BX, op.BLX, op.JUMP) or code.row_of(row.imm & MASK) is not None


def write(region: Region, row: Row) -> None:
    """One branch; ends the piece."""
    if row.op in COMPARING:
        how = "eq" if row.op == op.CBZ else "ne"
        condition = region.code.compare(how, region.words[row.rn], "0")
        _conditional(region, row, condition, row.done(region.ledger.state))
    elif row.op == op.B and row.condition != ALWAYS:
        condition = region.words.holds(row.condition)
        _conditional(region, row, condition, row.skipped(region.ledger.state))
    elif row.op in (op.B, op.BL):
        if row.op == op.BL:
            region.words[op.LR] = word(row.extra)
        else:
            _note_direction(region, row, True)
        region.finish(row, row.taken)
        region.edge(_target(region, row), 0, KEEPS_IT)
    else:
        _computed(region, row)


def _target(region: Region, row: Row) -> int:
    target = region.place.code.row_of(row.imm & MASK)
    assert target is not None  # `can` has seen to it
    return target


def _note_direction(region: Region, row: Row, taken: bool) -> None:
    """Wait where the branch predictor foretells the other way."""
    if row.missed and not row.indirect:
        slot = op.S_PREDICTORS + (row.at & (op.PREDICTORS - 1))
        wrong = region.code.call(
            "i64", "misled", "ptr %state", f"i64 {slot}", f"i1 {'true' if taken else 'false'}"
        )
        _charge_missed(region, row, wrong)


def _charge_missed(region: Region, row: Row, wrong: str) -> None:
    cycles = region.code.binary("mul", wrong, str(row.missed), "i64")
    region.charge(row, cycles, row.missed)


def _conditional(region: Region, row: Row, holds: str, fallen: tuple[int, int]) -> None:
    """Two edges: taken, and not taken, which costs and leaves what `fallen` says."""
    code, ledger = region.code, region.ledger
    region.settle_wait(row)
    region.words.flush()
    taken, falls = code.fresh(), code.fresh()
    code.branch(holds, taken, falls)
    done, (cycles, _) = list(ledger.done), row.done(ledger.state)
    code.begin(taken)
    _note_direction(region, row, True)
    ledger.done.append((row.at, cycles + row.taken))
    region.edge(_target(region, row), 0, KEEPS_IT)
    code.begin(falls)
    _note_direction(region, row, False)
    ledger.done = [*done, (row.at, fallen[0])]
    region.edge(row.after, fallen[1], KEEPS_IT)


def _computed(region: Region, row: Row) -> None:
    """BX, BLX, a move to the program counter, table branches."""
    code, words = region.code, region.words
    if row.op in TABLES:
        bits = 8 if row.op == op.TBB else 16
        address = code.add(words[row.rn], alu.operand(code, words, row))
        cell = access.locate(region, address, bits // 8, store=False)
        value = code.convert("zext", code.load(f"i{bits}", cell), f"i{bits}", "i32")
        target = code.add(code.left(value, 1), word(row.extra))
    else:
        target = alu.operand(code, words, row)
        if row.op == op.JUMP:
            target = code.add(words[row.rn], target)
        else:
            guard_thumb(region, target)
        guard_target(region, target)
    if row.op == op.BLX:
        words[op.LR] = word(row.extra)
    go_to(region, row, target)


def guard_thumb(region: Region, target: str) -> None:
    """Leave before a branch that would end Thumb state."""
    code = region.code
    region.leave_unless(code.compare("ne", code.both(target, "1"), "0"))


def guard_target(region: Region, target: str) -> None:
    """Leave before a branch to anywhere but flash."""
    code, window = region.code, region.place.code
    offset = code.sub(target, word(window.base))
    region.leave_unless(code.compare("ult", offset, word(window.size)))


def go_to(region: Region, row: Row, target: str) -> None:
    """Go to where a computed target is, if that is a piece of this region; ends the piece."""
    code, window, ledger = region.code, region.place.code, region.ledger
    if row.indirect:
        slot = op.S_TARGETS + (row.at & (op.PREDICTORS - 1))
        wide = code.convert("zext", target)
        wrong = code.call("i64", "mistargeted", "ptr %state", f"i64 {slot}", f"i64 {wide}")
        _charge_missed(region, row, wrong)
    region.finish(row, row.taken)
    at = code.right(code.sub(target, word(window.base - window.flat)), 1)
    region.words["T"] = at
    region.words.flush()
    ledger.account()
    ledger.begin(-1, 0)
    ledger.check_budget()
    returns = row.op == op.LDM or (row.op == op.BX and row.rm == op.LR)
    targets = region.returns if returns else sorted(region.heads)
    away = code.fresh()
    labels = ((to, region.label((to, 0, KEEPS_IT))) for to in targets)
    cases = " ".join(f"i32 {to}, label %{label}" for to, label in labels)
    code.line(f"switch i32 {at}, label %{away} [ {cases} ]")
    code.begin(away)
    ledger.leave()
