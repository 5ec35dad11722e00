"""Cycles, instructions, code size and accuracy of the front-end, by core and compiler.

Compiles the C front-end with arm-none-eabi-gcc and with zig, runs it in the simulated cores (no
wait states) and holds each feature against the Numba front-end. Writes results/frontend.json.

    python benchmarks/frontend.py [--cores cortex-m4 ...] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from frontend_firmware import Simulated, code_bytes, compile_firmware, noise_and_silence, run  # noqa: E402

from edgesnn.files import write_atomic  # noqa: E402
from edgesnn.frontend import (  # noqa: E402
    FrontEnd,
    features,
    log_mel,
    state_bytes,
    table_bytes,
    work_bytes,
)
from edgesnn.frontend.reference import UNITS_PER_DECIBEL, log_mel_float, peak_level  # noqa: E402

CORES = ("cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")
COMPILERS = ("gcc", "zig")

Int16 = npt.NDArray[np.int16]


def measure_core(settings: FrontEnd, core: str, compiler: str, folder: Path) -> dict[str, int]:
    elf = compile_firmware(settings, core, folder, compiler=compiler)
    pcm = noise_and_silence(settings)
    made, cycles = run(Simulated(elf, core), settings, pcm)
    if not np.array_equal(made, features(pcm[None], settings)[0]):
        raise SystemExit(f"{core}: the C front-end differs from the Numba front-end")
    _, instructions = run(Simulated(elf, core, "instructions"), settings, pcm)
    return {
        "cycles_per_frame": int(np.median(cycles[:-3])),
        "cycles_per_frame_most": int(cycles.max()),
        "cycles_per_silent_frame": int(cycles[-1]),
        "instructions_per_frame": int(np.median(instructions[:-3])),
        "code_bytes": code_bytes(elf),
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


def _version(*command: str, subcommand: str = "--version") -> str:
    ran = subprocess.run([*command, subcommand], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", nargs="+", default=CORES, choices=CORES)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results/frontend.json"
    )
    arguments = parser.parse_args()
    report: dict[str, object] = {
        "gcc": _version("arm-none-eabi-gcc"),
        "zig": "zig " + _version(sys.executable, "-m", "ziglang", subcommand="version"),
        "flags": "-O2",
    }
    variants = {
        "16 kHz, 512 points, 20 ms": FrontEnd(),
        "16 kHz, 512 points, window 400, 10 ms": FrontEnd(window=400, hop=160),
        "8 kHz, 256 points, 20 ms": FrontEnd(
            sample_rate=8000, fft=256, window=256, hop=160, bands=32, high=3800
        ),
    }
    for name, settings in variants.items():
        with tempfile.TemporaryDirectory() as folder:
            costs = {
                compiler: {
                    core: measure_core(settings, core, compiler, Path(folder))
                    for core in arguments.cores
                }
                for compiler in COMPILERS
            }
        report[name] = {
            **costs,
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
