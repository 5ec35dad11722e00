"""The simulated core: its speed and its timing rules; its semantics: benchmarks/differential.py.

    python benchmarks/core.py speed              instructions a second, beside Unicorn and QEMU
    python benchmarks/core.py record             the same with its start, into results/core.json
    python benchmarks/core.py firmware           the shipped keyword network's, interpreted and
                                                 translated, beside QEMU: results/translation.json
    python benchmarks/core.py rules              the table of docs/TIMING.md

`speed` and `rules` need arm-none-eabi-gcc; speeds are by CPU time, on one core.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "core"
sys.path.insert(0, str(ROOT))

from edgesnn.boards import BOARDS  # noqa: E402
from edgesnn.codegen.host import whole_hops  # noqa: E402
from edgesnn.files import write_atomic  # noqa: E402
from edgesnn.network import Network, load_network  # noqa: E402
from edgesnn.pipeline.parts import job  # noqa: E402
from edgesnn.pipeline.simulated import Simulated  # noqa: E402
from edgesnn.sim.core import (  # noqa: E402
    Core,
    MemoryMap,
    Region,
    board_map,
    load_elf,
    make_core,
)
from tests.core.timing_rules import RULES, measure, residual  # noqa: E402

L4R5 = "nucleo-l4r5zi"
CLIPS, PARTS = 8, 12
RESULTS = ROOT / "benchmarks" / "results" / "core.json"
WORKLOAD = """
#include "support.h"
static uint8_t bytes[4096];
static int32_t matrix[3][24][24];

static void multiply(void)
{
    for (int i = 0; i < 24; i++)
        for (int j = 0; j < 24; j++) {
            int32_t sum = 0;
            for (int k = 0; k < 24; k++) sum += matrix[0][i][k] * matrix[1][k][j];
            matrix[2][i][j] = sum;
        }
    mix((uint32_t)matrix[2][3][4]);
}

static void check(void)
{
    uint32_t crc = ~0u;
    for (int i = 0; i < 4096; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & -(crc & 1));
    }
    mix(crc);
}

void run(void)
{
    uint32_t state = 7;
    for (int round = 0; round < 500; round++) {
        for (int i = 0; i < 4096; i++) bytes[i] = (uint8_t)random32(&state);
        for (int i = 0; i < 576; i++) matrix[0][0][i] = matrix[1][0][i] = (int32_t)random32(&state);
        multiply();
        check();
    }
}
"""


def _workload(folder: Path) -> Path:
    source, image = folder / "work.c", folder / "work.elf"
    source.write_text(WORKLOAD)
    programs = TESTS / "programs"
    command = [
        "arm-none-eabi-gcc", "-mcpu=cortex-m4+nofp", "-mthumb", "-O2", "-w", "-nostartfiles",
        "-Wl,--defsym=FLASH_BASE=0", "-Wl,--defsym=RAM_BASE=0x20000000", f"-I{programs}", "-T",
        str(programs / "program.ld"), str(programs / "support.c"), str(source), "-o", str(image),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return image


def _unicorn_seconds(image: Path) -> float:
    """CPU time of Unicorn on the same file, up to the program's last words."""
    import unicorn
    from unicorn import arm_const

    engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
    engine.mem_map(0, 1 << 20)
    engine.mem_map(0x20000000, 1 << 20)
    loaded = load_elf(image)
    for segment in loaded.segments:
        engine.mem_write(segment.address, segment.content)
    engine.reg_write(arm_const.UC_ARM_REG_SP, 0x20004000)
    begin = time.process_time()
    with contextlib.suppress(unicorn.UcError):  # it stops at the first semihosting call
        engine.emu_start(loaded.entry, 0xFFFFFFFE)
    return time.process_time() - begin


def _qemu_seconds(image: Path) -> float:
    command = ["qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none",
               "-serial", "none", "-semihosting-config", "enable=on,target=native",
               "-kernel", str(image)]  # fmt: skip
    begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, capture_output=True, check=False)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin


def _start_seconds(image: Path, cache: Path) -> dict[str, float]:
    """A fresh process up to its first simulated instruction, imports included."""
    code = (
        "import sys; from pathlib import Path; from edgesnn.sim.core import load_elf, make_core; "
        "make_core(load_elf(Path(sys.argv[1])), 'cortex-m4').run(instructions=1)"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(image)], env=environment, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": round(spent, 2), "wall_s": round(wall, 2)}


def _our_speed(
    image: Path, *, traced: bool = False, board: str = "", engine: str = "auto"
) -> tuple[float, float, int]:
    """Instructions a second of CPU time in a first run and a second one, and how many.

    With call stacks, or a board's flash. The first run includes translation, unless a core of the
    same place has had the code translated before.
    """
    timing = BOARDS[board].timing if board else None
    layout = MemoryMap(
        (Region(0, 1 << 20, "flash"), Region(0x20000000, 1 << 20, "ram")), timing
    )  # fmt: skip
    core = make_core(load_elf(image), "cortex-m4", layout, engine=engine)
    if traced:
        core.trace_calls()
    core.reset()
    core.run(instructions=1000)
    rates = []
    for _ in range(2):
        core.reset()
        begin = time.process_time()
        core.run()
        rates.append(core.instructions / (time.process_time() - begin))
    return rates[0], rates[1], core.instructions


def record() -> None:
    """What `speed` measures, and the start, as benchmarks/results/core.json."""
    found: dict[str, object] = {"command": "python benchmarks/core.py record"}
    with tempfile.TemporaryDirectory() as folder:
        image, cache = _workload(Path(folder)), Path(folder) / "cache"
        found["cold_compile_and_start"] = _start_seconds(image, cache)
        found["cached_start"] = min(
            (_start_seconds(image, cache) for _ in range(5)), key=lambda each: each["cpu_s"]
        )
        interpreted, _, count = _our_speed(image, engine="interpreter")
        found["instructions"] = count
        flash = "edgesnn, flash and caches of nucleo-l4r5zi"
        first, second, _ = _our_speed(image)
        rates = {
            "edgesnn, translation included": first,
            "edgesnn, second run": second,
            "edgesnn, interpreter": interpreted,
            "edgesnn, interpreter, call stacks traced": _our_speed(image, traced=True)[0],
            f"{flash}, second run": _our_speed(image, board=L4R5)[1],
            f"{flash}, interpreter": _our_speed(image, board=L4R5, engine="interpreter")[0],
            "unicorn, no cycles": count / _unicorn_seconds(image),
        }
        if shutil.which("qemu-system-arm"):
            rates["qemu, start included, no cycles"] = count / _qemu_seconds(image)
    found["million_instructions_per_cpu_second"] = {
        name: round(rate / 1e6, 1) for name, rate in rates.items()
    }
    found["machine"] = f"{platform.machine()}, load {os.getloadavg()[0]:.1f} of {os.cpu_count()}"
    write_atomic(RESULTS, json.dumps(found, indent=2) + "\n")
    print(RESULTS.read_text())


def _run_parts(core: Core, parts: int) -> tuple[float, float]:
    """Million instructions a second of CPU time over `parts` runs from reset, and in the best."""
    spent, done = [], 0
    for _ in range(parts):
        begin = time.process_time()
        core.reset()
        core.run()
        spent.append(time.process_time() - begin)
        done = core.instructions
    return round(done * parts / sum(spent) / 1e6, 1), round(done / min(spent) / 1e6, 1)


def _firmware_speeds(network: Network, board: str, folder: Path) -> dict[str, object]:
    """One board's test image on CLIPS clips: interpreted, translated and in QEMU."""
    machine = Simulated(network, board, folder=folder)
    pcm = np.random.default_rng(1).normal(0, 1500, (CLIPS, 16000)).astype(np.int16)
    (folder / "clips.bin").write_bytes(job(whole_hops(network, pcm), False))
    files = {"clips.bin": (folder / "clips.bin").read_bytes()}
    image, layout = load_elf(machine.firmware.elf), board_map(machine.board)

    def fresh(engine: str) -> Core:
        core = make_core(image, machine.board.core.name, layout, files=files, engine=engine)
        core.run(instructions=1000)
        return core

    slow, fast = fresh("interpreter"), fresh("auto")
    rates: dict[str, object] = {
        "interpreter, best part": _run_parts(slow, PARTS // 2)[1],
        f"auto, first {PARTS} parts, translation included": _run_parts(fast, PARTS)[0],
        f"auto, best of the next {PARTS} parts": _run_parts(fast, PARTS)[1],
    }
    same = slow.cycles == fast.cycles and np.array_equal(slow.profile, fast.profile)
    rates["translated share"] = round(fast.translated / fast.instructions, 4)
    rates["instructions of a part"] = fast.instructions
    rates["cycles and profile equal"] = bool(same)
    if board == "m4" and shutil.which("qemu-system-arm"):
        here = Path.cwd()
        os.chdir(folder)
        rates["qemu, start included"] = round(
            fast.instructions / _qemu_seconds(machine.firmware.elf.resolve()) / 1e6, 1
        )
        os.chdir(here)
    return rates


def firmware() -> None:
    """The shipped keyword network's test image, as benchmarks/results/translation.json."""
    network = load_network(ROOT / "edgesnn" / "networks" / "gsc.esnn")
    found: dict[str, object] = {
        "command": "python benchmarks/core.py firmware",
        "unit": "million instructions per CPU second",
    }
    for board in ("m4", "m0", "m33", "m7", L4R5, "nucleo-u575zi-q"):
        with tempfile.TemporaryDirectory() as folder:
            found[board] = _firmware_speeds(network, board, Path(folder))
        print(board, found[board], flush=True)
    found["machine"] = f"{platform.machine()}, load {os.getloadavg()[0]:.1f} of {os.cpu_count()}"
    write_atomic(ROOT / "benchmarks" / "results" / "translation.json", json.dumps(found, indent=2))


def speed() -> None:
    """Instructions a second on a workload of loops, loads, stores and products."""
    with tempfile.TemporaryDirectory() as folder:
        image = _workload(Path(folder))
        begin = time.perf_counter()
        core = make_core(load_elf(image), "cortex-m4")
        core.run(instructions=1)
        print(f"import, load and first instruction: {time.perf_counter() - begin:.2f} s")
        core.reset()
        begin = time.process_time()
        core.run()
        ours = time.process_time() - begin
        millions = core.instructions / 1e6
        print(f"{millions:.0f} million instructions, {core.cycles / 1e6:.0f} million cycles")
        print(f"edgesnn   {millions / ours:8.1f} million instructions a second, cycles counted")
        seconds = _unicorn_seconds(image)
        print(f"Unicorn   {millions / seconds:8.1f} million instructions a second, no cycles")
        if shutil.which("qemu-system-arm"):
            seconds = _qemu_seconds(image)
            print(
                f"QEMU      {millions / seconds:8.1f} million a second, start included, no cycles"
            )


def rules() -> None:
    """One line a rule, as docs/TIMING.md shows them."""
    print("| core | rule | documented | simulated | off | source |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rule in RULES:
            measured = measure(rule, Path(folder))
            documented = (
                "–".join(map(str, rule.cycles)) if isinstance(rule.cycles, tuple) else rule.cycles
            )
            off = residual(rule, measured)
            cells = (rule.core, rule.name, documented, f"{measured:g}", f"{off:g}", rule.source)
            print("|", " | ".join(map(str, cells)), "|")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["speed"]:
            speed()
        case ["record"]:
            record()
        case ["firmware"]:
            firmware()
        case ["rules"]:
            rules()
        case _:
            sys.exit(__doc__)
