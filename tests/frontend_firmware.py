"""The front-end alone as firmware, and the machines that count what a frame costs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import edgesnn.codegen
from edgesnn.frontend import FrontEnd, c_scalars, c_tables
from edgesnn.sim.core import Core as SimulatedCore
from edgesnn.sim.core import MemoryMap, Region, load_elf, operations

RUNTIME = Path(edgesnn.codegen.__file__).parent / "runtime"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
FLASH, RAM, STACK, RETURN = 0x00010000, 0x20000000, 0x20010000, 0x000FFFF0
LINK = f"""
SECTIONS {{
    . = {FLASH:#x};
    .text : {{ *(.text*) *(.rodata*) }}
    .ARM.exidx : {{ *(.ARM.exidx*) }}
    . = {RAM:#x};
    .data : {{ *(.data*) }}
    .bss : {{ *(.bss*) *(COMMON) }}
}}
"""

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]


def c_source(settings: FrontEnd, compact: bool = False) -> str:
    """A firmware of the front-end alone: `reset` and `frame` over global buffers."""
    arrays = c_tables(settings, "net", compact)
    lines = [f"#define EDGESNN_FRONTEND_FFT {settings.fft}", '#include "edgesnn_frontend.h"']
    lines[:0] = ["#define EDGESNN_COMPACT"] * compact
    for array in arrays:
        suffix = "u" if array.ctype.startswith("u") else ""
        values = ", ".join(f"{value}{suffix}" for value in array.values)
        lines.append(
            f"static const {array.ctype} {array.name}[{len(array.values)}] = {{{values}}};"
        )
    fields = [f".{a.field} = {a.name}" for a in arrays]
    fields += [f".{name} = {value}" for name, value in c_scalars(settings).items()]
    return "\n".join(
        [
            *lines,
            "static const struct edgesnn_frontend_tables tables = {",
            *(f"    {field}," for field in fields),
            "};",
            f"uint32_t samples[EDGESNN_FRONTEND_SAMPLE_WORDS({settings.fft})];",
            f"uint32_t work[EDGESNN_FRONTEND_WORK_WORDS({settings.fft})];",
            f"int16_t pcm[{settings.hop}];",
            f"int8_t features[{settings.bands}];",
            "void reset(void);",
            "void frame(void);",
            "void reset(void) { edgesnn_frontend_reset(&tables, samples); }",
            "void frame(void) {",
            "    edgesnn_frontend_frame(&tables, samples, work, pcm, features);",
            "}",
            "",
        ]
    )


def compile_firmware(
    settings: FrontEnd,
    core: str,
    folder: Path,
    optimise: str = "-O2",
    compiler: str = "gcc",
    compact: bool = False,
) -> Path:
    """The ELF of `c_source` for one core, by arm-none-eabi-gcc or zig."""
    source, script, elf = folder / "frontend.c", folder / "link.ld", folder / f"{core}.elf"
    source.write_text(c_source(settings, compact))
    script.write_text(LINK)
    subprocess.run(
        [
            *_command(core, compiler), optimise, "-ffreestanding", *STRICT, f"-I{RUNTIME}",
            str(source), f"-Wl,-T,{script}", "-Wl,--entry=frame", "-o", str(elf),
        ],
        check=True,
    )  # fmt: skip
    return elf


def _command(core: str, compiler: str) -> list[str]:
    if compiler == "gcc":
        return [
            "arm-none-eabi-gcc",
            f"-mcpu={core}",
            "-mthumb",
            "-nostartfiles",
            "-specs=nano.specs",
        ]
    cpu = {"cortex-m33": "cortex_m33+dsp"}.get(core, core.replace("-", "_"))
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabi"]
    return [*zig, f"-mcpu={cpu}", "-static"]


def code_bytes(elf: Path) -> int:
    """Bytes of all functions."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        return sum(s["st_size"] for s in symbols if s["st_info"]["type"] == "STT_FUNC")


@dataclass(frozen=True)
class Symbol:
    address: int
    size: int


class Emulated:
    """The firmware in Unicorn, which counts the instructions of each call."""

    def __init__(self, elf: Path, core: str) -> None:
        import unicorn
        from elftools.elf.elffile import ELFFile
        from unicorn import arm_const

        self._arm = arm_const
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        # Unicorn has no M0+, which executes what an M0 does.
        model = core.replace("m0plus", "m0").replace("-", "_").upper()
        self._uc.ctl_set_cpu_model(getattr(arm_const, f"UC_CPU_ARM_{model}"))
        self._uc.mem_map(0, 0x00100000)
        self._uc.mem_map(RAM, STACK - RAM)
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            for segment in file.iter_segments():
                if segment["p_type"] == "PT_LOAD":
                    self._uc.mem_write(segment["p_vaddr"], segment.data())
            self.symbols = {
                symbol.name: Symbol(symbol["st_value"], symbol["st_size"])
                for symbol in file.get_section_by_name(".symtab").iter_symbols()
            }
        self._count = 0
        self._uc.hook_add(unicorn.UC_HOOK_CODE, self._on_instruction)

    def _on_instruction(self, *_: object) -> None:
        self._count += 1

    def call(self, function: str) -> int:
        """Run a function of the firmware; the number of instructions it took."""
        self._count = 0
        self._uc.reg_write(self._arm.UC_ARM_REG_SP, STACK)
        self._uc.reg_write(self._arm.UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self.symbols[function].address | 1, RETURN)
        return self._count

    def write(self, name: str, data: bytes) -> None:
        self._uc.mem_write(self.symbols[name].address, data)

    def read(self, name: str, size: int) -> bytes:
        return bytes(self._uc.mem_read(self.symbols[name].address, size))


class Simulated:
    """The firmware in the simulated core, which counts cycles or instructions of each call."""

    def __init__(self, elf: Path, core: str, count: str = "cycles") -> None:
        self._count = count
        layout = MemoryMap(
            (Region(0, 0x00100000, "flash", "flash"), Region(RAM, STACK - RAM, "ram", "RAM"))
        )
        self._core = SimulatedCore(core, layout)
        self._image = load_elf(elf)
        self._core.load(self._image)

    def call(self, function: str) -> int:
        """Run a function of the firmware; what it cost."""
        before: int = getattr(self._core, self._count)
        self._core.regs[operations.SP] = STACK
        self._core.call(function)
        return int(getattr(self._core, self._count)) - before

    def write(self, name: str, data: bytes) -> None:
        self._core.memory.write(self._image.symbol(name).address, data)

    def read(self, name: str, size: int) -> bytes:
        return bytes(self._core.memory.read(self._image.symbol(name).address, size))


def run(
    core: Emulated | Simulated, settings: FrontEnd, pcm: Int16
) -> tuple[Int8, npt.NDArray[np.int64]]:
    """Features `(frames, bands)` and what each call cost, `(frames,)`, of one clip on one core."""
    core.call("reset")
    made, counts = [], []
    for frame in range(settings.frames(len(pcm))):
        chunk = pcm[frame * settings.hop : (frame + 1) * settings.hop]
        core.write("pcm", chunk.astype("<i2").tobytes())
        counts.append(core.call("frame"))
        made.append(np.frombuffer(core.read("features", settings.bands), np.int8))
    return np.array(made), np.array(counts)


def noise_and_silence(settings: FrontEnd, frames: int = 12) -> Int16:
    """Noise whose level changes from frame to frame, then digital silence."""
    rng = np.random.default_rng(7)
    level = np.repeat(10.0 ** rng.uniform(0.5, 4.3, frames), settings.hop)
    noise = rng.standard_normal(frames * settings.hop) * level
    silence = np.zeros(3 * settings.hop)
    return np.concatenate([noise, silence]).clip(-32768, 32767).astype(np.int16)
