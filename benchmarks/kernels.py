"""What the generated kernels cost on simulated cores, and where: docs/PERFORMANCE.md.

    python benchmarks/kernels.py                             # everything: figures, plots, tables
    python benchmarks/kernels.py --only rates --cores m4     # a part; the rest stays as it was
    python benchmarks/kernels.py --draw                      # plots and tables of what is there

Every figure is a count in the simulated core, without wait states: the same code gives the same
figure on any computer. Each measured step's scores are held against the law; a wrong result has no
cost. Writes results/kernels.json, docs/performance_*.png and the tables of docs/PERFORMANCE.md.
Needs arm-none-eabi-gcc; with `ziglang` clang is measured beside it, and with QEMU its instruction
count is held against the simulated core's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from costs import plots, tables
from costs.against import measure_against
from costs.frames import measure_frames
from costs.keywords import measure_keywords
from costs.neurons import measure_neurons
from costs.size import measure_sizes
from costs.synapses import measure_synapses
from costs.whole import measure_qemu, measure_rates, measure_shapes

from edgesnn.codegen import Compiler, cross_compiler
from edgesnn.errors import CompileError, EdgesnnError
from edgesnn.files import write_atomic

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results/kernels.json"

ALL = ("m0", "m0plus", "m3", "m4", "m7", "m33")
SMALL_AND_LARGE = ("m0plus", "m4")
DSP = ("m4", "m7", "m33")

Measure = Callable[[str, Compiler | None], dict[str, Any]]


class Section(NamedTuple):
    """A measurement, and the cores that it is made on by each compiler."""

    measure: Measure
    gcc: tuple[str, ...]
    clang: tuple[str, ...]


SECTIONS = {
    "rates": Section(measure_rates, ALL, SMALL_AND_LARGE),
    "shapes": Section(measure_shapes, SMALL_AND_LARGE, ()),
    "synapses": Section(measure_synapses, ALL, SMALL_AND_LARGE),
    "neurons": Section(measure_neurons, ALL, SMALL_AND_LARGE),
    "frames": Section(measure_frames, ALL, ("m4",)),
    "keywords": Section(measure_keywords, ALL, ("m4",)),
    "sizes": Section(measure_sizes, SMALL_AND_LARGE, SMALL_AND_LARGE),
    "against": Section(measure_against, DSP, ()),
    "qemu": Section(measure_qemu, ("m0", "m3", "m4", "m7", "m33"), ()),
}


class Task(NamedTuple):
    """One section on one core by one compiler."""

    section: str
    compiler: str
    core: str


def compilers() -> dict[str, Compiler]:
    """gcc, and clang as the `ziglang` wheel has it, where they are installed."""
    found = {}
    for name, kind in (("gcc", "gcc"), ("clang", "zig")):
        try:
            found[name] = cross_compiler(kind)
        except CompileError as error:
            print(f"{name}: {error}")
    return found


def versions(found: dict[str, Compiler]) -> dict[str, str]:
    """The first line of what each compiler says of itself."""
    told = {}
    for name, compiler in found.items():
        done = subprocess.run(
            [*compiler.command, "--version"], capture_output=True, text=True, check=True
        )
        told[name] = done.stdout.splitlines()[0]
    return told


def tasks(only: list[str], cores: list[str], found: dict[str, Compiler]) -> Iterator[Task]:
    """What to measure, of what was asked for and is installed."""
    for section in only:
        if section == "qemu" and shutil.which("qemu-system-arm") is None:
            print("qemu: not installed")
            continue
        for compiler in found:
            for core in getattr(SECTIONS[section], compiler):
                if core in cores:
                    yield Task(section, compiler, core)


def run_task(task: Task) -> tuple[Task, dict[str, Any] | str, float]:
    """Measure, or say why that failed; also how many seconds it took."""
    begin = time.perf_counter()
    compiler = cross_compiler({"gcc": "gcc", "clang": "zig"}[task.compiler])
    try:
        found: dict[str, Any] | str = SECTIONS[task.section].measure(task.core, compiler)
    except EdgesnnError as error:
        found = str(error)
    return task, found, time.perf_counter() - begin


def measure(chosen: list[Task], results: dict[str, Any], jobs: int) -> int:
    """Fill `results` by section, compiler and core; how many measurements failed."""
    failed = 0
    with ProcessPoolExecutor(jobs) as pool:
        for task, found, seconds in pool.map(run_task, chosen):
            told = f"{seconds:.0f} s"
            if isinstance(found, str):
                told, failed = found, failed + 1
                results.get(task.section, {}).get(task.compiler, {}).pop(task.core, None)
            else:
                section = results.setdefault(task.section, {})
                section.setdefault(task.compiler, {})[task.core] = found
            print(f"{task.section} {task.compiler} {task.core}: {told}", flush=True)
            write_atomic(RESULTS, json.dumps(results, indent=1) + "\n")
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", default=list(SECTIONS), choices=SECTIONS)
    parser.add_argument("--cores", nargs="+", default=list(ALL), choices=ALL)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    options = parser.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    failed = 0
    if not options.draw:
        found = compilers()
        results["compilers"] = {name: f"{line}, -O2" for name, line in versions(found).items()}
        chosen = list(tasks(options.only, options.cores, found))
        failed = measure(chosen, results, options.jobs)
    peers = RESULTS.with_name("peers.json")
    if peers.is_file():
        results["peers"] = json.loads(peers.read_text())
    plots.draw_all(results, ROOT / "docs")
    tables.fill(ROOT / "docs/PERFORMANCE.md", results)
    if failed:
        sys.exit(f"{failed} measurements failed; see above")


if __name__ == "__main__":
    main()
