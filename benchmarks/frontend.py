"""Instructions, code size and accuracy of the front-end, core by core.

Compiles the C front-end with arm-none-eabi-gcc, runs it in Unicorn, counts every instruction
executed and holds each feature against the Numba front-end. Writes results/frontend.json.

    python benchmarks/frontend.py [--cores cortex-m4 ...] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

import edgesnn.codegen
from edgesnn.files import write_atomic
from edgesnn.frontend import (
    FrontEnd,
    c_scalars,
    c_tables,
    features,
    log_mel,
    state_bytes,
    table_bytes,
    work_bytes,
)
from edgesnn.frontend.reference import UNITS_PER_DECIBEL, log_mel_float, peak_level

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = Path(edgesnn.codegen.__file__).parent / "runtime"
CORES = ("cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
FLASH, RAM, STACK, RETURN = 0x00010000, 0x20000000, 0x20010000, 0x000FFFF0

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]


def c_source(settings: FrontEnd) -> str:
    """A firmware of the front-end alone: `reset` and `frame` over global buffers."""
    arrays = c_tables(settings, "net")
    lines = ['#include "edgesnn_frontend.h"']
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


def compile_firmware(settings: FrontEnd, core: str, folder: Path, optimise: str = "-O2") -> Path:
    """The ELF of `c_source` for one core."""
    source, elf = folder / "frontend.c", folder / f"frontend-{core}.elf"
    source.write_text(c_source(settings))
    subprocess.run(
        [
            "arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", optimise, "-ffreestanding", *STRICT,
            f"-I{RUNTIME}", str(source), "-nostartfiles", f"-Wl,-Ttext={FLASH:#x}",
            f"-Wl,-Tdata={RAM:#x}", "-Wl,-eframe", "-specs=nano.specs", "-o", str(elf),
        ],
        check=True,
    )  # fmt: skip
    return elf


@dataclass(frozen=True)
class Symbol:
    address: int
    size: int


class Core:
    """One emulated core with the firmware loaded; counts the instructions of each call."""

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
            self.code_bytes = sum(
                symbol["st_size"]
                for symbol in file.get_section_by_name(".symtab").iter_symbols()
                if symbol["st_info"]["type"] == "STT_FUNC"
            )
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


def run(core: Core, settings: FrontEnd, pcm: Int16) -> tuple[Int8, npt.NDArray[np.int64]]:
    """Features `(frames, bands)` and instructions `(frames,)` of one clip on one core."""
    core.call("reset")
    made, counts = [], []
    for frame in range(settings.frames(len(pcm))):
        chunk = pcm[frame * settings.hop : (frame + 1) * settings.hop]
        core.write("pcm", chunk.astype("<i2").tobytes())
        counts.append(core.call("frame"))
        made.append(np.frombuffer(core.read("features", settings.bands), np.int8))
    return np.array(made), np.array(counts)


def test_signal(settings: FrontEnd, frames: int = 12) -> Int16:
    """Noise whose level changes from frame to frame, then digital silence."""
    rng = np.random.default_rng(7)
    level = np.repeat(10.0 ** rng.uniform(0.5, 4.3, frames), settings.hop)
    noise = rng.standard_normal(frames * settings.hop) * level
    silence = np.zeros(3 * settings.hop)
    return np.concatenate([noise, silence]).clip(-32768, 32767).astype(np.int16)


def measure_core(settings: FrontEnd, core: str, folder: Path) -> dict[str, object]:
    machine = Core(compile_firmware(settings, core, folder), core)
    pcm = test_signal(settings)
    made, counts = run(machine, settings, pcm)
    if not np.array_equal(made, features(pcm[None], settings)[0]):
        raise SystemExit(f"{core}: the C front-end differs from the Numba front-end")
    return {
        "instructions_per_frame": int(np.median(counts[:-3])),
        "instructions_per_frame_most": int(counts.max()),
        "instructions_per_silent_frame": int(counts[-1]),
        "code_bytes": machine.code_bytes,
    }


def measure_accuracy(settings: FrontEnd) -> dict[str, dict[str, float]]:
    """Error against float64 in dB: white noise and tones from −60 to 0 dBFS."""
    settings = replace(settings, floor=0, silence_bits=0)
    rng, seconds = np.random.default_rng(3), np.arange(settings.sample_rate) / settings.sample_rate
    found = {}
    for level in (0, -20, -40, -60):
        peak = 32767 * 10 ** (level / 20)
        noise = np.clip(rng.standard_normal(len(seconds)) / 4, -1, 1)
        tones = [np.sin(2 * np.pi * f * seconds) for f in (113.0, 440.0, 997.0, 3100.0)]
        signals = {"noise": np.array([noise]), "tones": np.array(tones)}
        for name, signal in signals.items():
            pcm = np.round(signal * peak).astype(np.int16)
            exact = log_mel_float(pcm, settings)
            loud = exact > exact.max(-1, keepdims=True) - 40 * UNITS_PER_DECIBEL
            error = ((log_mel(pcm, settings) - exact) / UNITS_PER_DECIBEL)[loud]
            found[f"{name} {level} dBFS"] = {
                "rms": round(float(np.sqrt(np.mean(error**2))), 4),
                "max": round(float(np.abs(error).max()), 4),
            }
    return found


def speech_clips(most: int = 200) -> Int16 | None:
    """One-second test recordings, every n-th in the order of their names, or None."""
    folder = Path(os.environ.get("EDGESNN_DATA", ROOT.parent / "shared" / "data"))
    paths = sorted((folder / "speech_commands").glob("[a-z]*/*.flac"))
    if not paths:
        return None
    clips = [soundfile.read(p, dtype="int16")[0][:16000] for p in paths[:: len(paths) // most]]
    return np.array([np.pad(clip, (0, 16000 - len(clip))) for clip in clips])


def measure_speech(settings: FrontEnd, pcm: Int16) -> dict[str, dict[str, float]]:
    """Error against float64 in dB by how far a band lies below a sine with the frame's peak."""
    settings = replace(settings, floor=0, silence_bits=0)
    exact, made = log_mel_float(pcm, settings), log_mel(pcm, settings)
    with np.errstate(invalid="ignore"):  # digital silence
        below = (peak_level(pcm, settings)[..., None] - exact) / UNITS_PER_DECIBEL
    heard = made.any(axis=-1, keepdims=True)
    found = {}
    for least, most in ((-99, 30), (30, 40), (40, 50), (50, 60), (60, 70), (70, 80), (80, 999)):
        chosen = (below > least) & (below <= most) & heard
        error = ((made - exact) / UNITS_PER_DECIBEL)[chosen]
        found[f"{max(least, 0)} to {most} dB below"] = {
            "share": round(float(chosen.sum() / (heard.sum() * settings.bands)), 4),
            "rms": round(float(np.sqrt(np.mean(error**2))), 4),
            "mean": round(float(error.mean()), 4),
            "p99": round(float(np.quantile(np.abs(error), 0.99)), 4),
            "max": round(float(np.abs(error).max()), 4),
        }
    return found


def measure_throughput(settings: FrontEnd, clips: int = 1000) -> float:
    """One-second clips in a second of one core's time through the Numba front-end."""
    pcm = np.random.default_rng(1).integers(-3000, 3000, (clips, settings.sample_rate))
    pcm = pcm.astype(np.int16)
    log_mel(pcm[:2], settings)
    start = time.process_time()
    log_mel(pcm, settings)
    return clips / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", nargs="+", default=CORES, choices=CORES)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results/frontend.json"
    )
    arguments = parser.parse_args()
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        sys.exit("arm-none-eabi-gcc is not on the path")
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    report: dict[str, object] = {"compiler": version.stdout.splitlines()[0] + " -O2"}
    variants = {
        "16 kHz, 512 points, 20 ms": FrontEnd(),
        "16 kHz, 512 points, window 400, 10 ms": FrontEnd(window=400, hop=160),
        "8 kHz, 256 points, 20 ms": FrontEnd(
            sample_rate=8000, fft=256, window=256, hop=160, bands=32, high=3800
        ),
    }
    for name, settings in variants.items():
        with tempfile.TemporaryDirectory() as folder:
            cores = {c: measure_core(settings, c, Path(folder)) for c in arguments.cores}
        report[name] = {
            "cores": cores,
            "table_bytes": table_bytes(settings),
            "state_bytes": state_bytes(settings),
            "work_bytes": work_bytes(settings),
            "clips_per_core_second_numba": round(measure_throughput(settings)),
            "error_db": measure_accuracy(settings),
        }
    speech = speech_clips()
    if speech is not None:
        report["speech_error_db"] = measure_speech(FrontEnd(), speech)
    write_atomic(arguments.output, json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
