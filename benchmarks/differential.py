"""Random code on the simulated core against QEMU and Unicorn, in long runs that are recorded.

    python benchmarks/differential.py 1000000 [PROFILE …]
    python benchmarks/differential.py table                 the record as docs/TIMING.md shows it

Each profile runs at least so many instructions against each oracle that has it. What is drawn,
and what is set aside with its reason, stands in tests/core/random_*.py. Differences are printed
with the smallest program that shows them; the record is benchmarks/results/differential.json.
"""

from __future__ import annotations

import datetime
import json
import platform
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import unicorn  # noqa: E402

from edgesnn.files import write_atomic  # noqa: E402
from edgesnn.sim.core.architecture import FPU_NAMES, LEVEL_NAMES  # noqa: E402
from tests.core.coverage import exercised  # noqa: E402
from tests.core.kinds import Kind, decodable  # noqa: E402
from tests.core.random_code import PROFILES, Profile, Program, listing  # noqa: E402
from tests.core.random_program import program, restart, sweep  # noqa: E402
from tests.core.random_qemu import (  # noqa: E402
    Left,
    first_difference,
    in_core,
    in_qemu,
    qemu_version,
)
from tests.core.random_unicorn import ON_UNICORN, Unicorn, agree, outcome_of  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "differential.json"
LENGTH, BATCH, FIRST_SEED = 56, 100, 1_000_000
STATES = 8  # registers, flags and numbers that each program starts from, one after another
WIDE = 4  # one batch in so many is drawn with what only QEMU can run


@dataclass
class Tally:
    """What has run so far."""

    instructions_against_qemu: int = 0
    instructions_against_unicorn: int = 0
    programs: int = 0
    end_in_a_fault: int = 0
    differ_from_qemu: int = 0
    differ_from_unicorn: int = 0
    set_aside_of_unicorn: int = 0
    seen: set[Kind] = field(default_factory=set)


def _against_qemu(profile: Profile, programs: list[Program], tally: Tally) -> list[Left]:
    mine, theirs = in_core(profile, programs), in_qemu(profile, programs)
    tally.instructions_against_qemu += sum(each.count for each in programs)
    tally.differ_from_qemu += sum(a != b for a, b in zip(mine, theirs, strict=True))
    found = first_difference(programs, mine, theirs)
    if found:
        print(f"{profile.core} and QEMU: {found[1]}\n{listing(found[0])}", flush=True)
    return mine


def _against_unicorn(
    engine: Unicorn, programs: list[Program], lefts: Sequence[Left], tally: Tally
) -> None:
    for each, left in zip(programs, lefts, strict=True):
        theirs = engine.run(each)
        if not agree(left, theirs, each):
            tally.differ_from_unicorn += 1
            print(f"Unicorn: {outcome_of(left, each).difference(theirs)}\n{listing(each)}")
        elif left.faulted or outcome_of(left, each) != theirs:
            tally.set_aside_of_unicorn += 1
        tally.instructions_against_unicorn += each.count


def _batch(profile: Profile, wide: bool, number: int) -> list[Program]:
    """One batch, from seeds and a memory of its own; the first has every kind of instruction."""
    seed = FIRST_SEED + BATCH * number
    drawn = [
        program(seed + n, profile, LENGTH, everywhere=not wide, memory_seed=seed)
        for n in range(BATCH)
    ]
    if not number:
        drawn += sweep(seed, profile, LENGTH, everywhere=not wide, memory_seed=seed)
    return [
        restart(each, seed + n) if n else each for each in drawn for n in range(STATES)
    ]  # fmt: skip


def run(profile: Profile, instructions: int) -> dict[str, object]:
    """A profile's record."""
    tally, begin, number = Tally(), _cpu_seconds(), 0
    engine = Unicorn(profile) if profile.core in ON_UNICORN else None
    while _fewest(tally, engine) < instructions:
        wide = number % WIDE == 0
        programs = _batch(profile, wide, number)
        lefts = _against_qemu(profile, programs, tally)
        if engine and not wide:
            _against_unicorn(engine, programs, lefts, tally)
        tally.programs += len(programs) // STATES
        tally.end_in_a_fault += sum(left.faulted for left in lefts)
        tally.seen |= {kind for each in programs[::STATES] for kind in exercised(each)}
        number += 1
    known = set(decodable(profile.level, profile.fpu))
    record = {name: value for name, value in asdict(tally).items() if name != "seen"}
    return {
        "architecture": LEVEL_NAMES[profile.level],
        "floating_point": FPU_NAMES[profile.fpu],
        "states_a_program": STATES,
        "seeds": f"{FIRST_SEED} to {FIRST_SEED + BATCH * number - 1}",
        **record,
        "kinds_of_instruction": len(known),
        "not_executed": sorted(str(kind) for kind in known - tally.seen),
        "cpu_seconds": round(_cpu_seconds() - begin),
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _commit() -> str:
    """Of the code that ran, where git can tell."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _fewest(tally: Tally, engine: Unicorn | None) -> int:
    against = [tally.instructions_against_qemu]
    return min([*against, tally.instructions_against_unicorn] if engine else against)


def _cpu_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF,
                                                         resource.RUSAGE_CHILDREN))  # fmt: skip
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def table() -> str:
    """The record, a line a profile."""
    rows = ["| core | architecture, unit | against QEMU | against Unicorn | differences | CPU s |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    for name, each in json.loads(RESULTS.read_text())["profiles"].items():
        alone = each["instructions_against_unicorn"]
        rows.append(
            f"| {name} | {each['architecture']}, {each['floating_point']} "
            f"| {each['instructions_against_qemu']:,} | {f'{alone:,}' if alone else '–'} "
            f"| {each['differ_from_qemu'] + each['differ_from_unicorn']} | {each['cpu_seconds']} |"
        )
    return "\n".join(rows)


def main(instructions: int, names: Sequence[str]) -> None:
    """Run the profiles one by one; each record is written when it is done."""
    for name in names or PROFILES:
        record = run(PROFILES[name], instructions)
        old = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
        profiles = {**old.get("profiles", {}), name: record}
        whole = {
            "command": f"python benchmarks/differential.py {instructions}",
            "oracles": {"QEMU": qemu_version(), "Unicorn": unicorn.__version__},
            "machine": platform.machine(),
            "profiles": {each: profiles[each] for each in PROFILES if each in profiles},
        }
        write_atomic(RESULTS, json.dumps(whole, indent=2) + "\n")
        print(name, json.dumps(record), flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["table"]:
            print(table())
        case [count, *names] if count.isdigit() and set(names) <= set(PROFILES):
            main(int(count), names)
        case _:
            sys.exit(f"{__doc__}\nProfiles: {', '.join(PROFILES)}")
