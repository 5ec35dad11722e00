"""The C front-end: the same bytes as Numba on the host and on every core, and no undefined step."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edgesnn.errors import NetworkError
from edgesnn.frontend import (
    FrontEnd,
    c_scalars,
    c_tables,
    features,
    fit_offsets,
    log_mel,
    state_bytes,
    table_bytes,
    work_bytes,
)

from .frontend_firmware import (
    RUNTIME,
    STRICT,
    Emulated,
    Simulated,
    c_source,
    code_bytes,
    compile_firmware,
    noise_and_silence,
    run,
)

TRAP = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]

# A half that leaves 16 bits is counted, not fatal, so that the test can say which signal.
LIBRARY = """
static int overflows;
#define EDGESNN_FRONTEND_ASSERT(condition) (overflows += !(condition))
#include "edgesnn_frontend.h"
int frame(const struct edgesnn_frontend_tables *t, uint32_t *samples, uint32_t *work,
          const int16_t *pcm, int8_t *features);
void reset(const struct edgesnn_frontend_tables *t, uint32_t *samples);
int frame(const struct edgesnn_frontend_tables *t, uint32_t *samples, uint32_t *work,
          const int16_t *pcm, int8_t *features) {
    overflows = 0;
    edgesnn_frontend_frame(t, samples, work, pcm, features);
    return overflows;
}
void reset(const struct edgesnn_frontend_tables *t, uint32_t *samples) {
    edgesnn_frontend_reset(t, samples);
}
"""
POINTERS = {
    "uint32_t": ctypes.POINTER(ctypes.c_uint32),
    "uint16_t": ctypes.POINTER(ctypes.c_uint16),
    "uint8_t": ctypes.POINTER(ctypes.c_uint8),
    "int16_t": ctypes.POINTER(ctypes.c_int16),
}
SCALARS = {
    "fft": ctypes.c_uint16,
    "window_samples": ctypes.c_uint16,
    "hop": ctypes.c_uint16,
    "bands": ctypes.c_uint16,
    "first_bin": ctypes.c_uint16,
    "floor": ctypes.c_int16,
    "silence_bits": ctypes.c_uint8,
    "shift": ctypes.c_uint8,
    "quiet_bits": ctypes.c_uint8,
    "quiet_energy": ctypes.c_uint32,
}


class Tables(ctypes.Structure):
    """`struct edgesnn_frontend_tables`, its fields as `c_tables` and `c_scalars` order them."""

    _fields_ = [
        *((array.field, POINTERS[array.ctype]) for array in c_tables(FrontEnd(), "")),
        *SCALARS.items(),
    ]


class HostFrontEnd:
    """The C front-end in a shared library, any settings."""

    def __init__(self, library: Path, compact: bool) -> None:
        self._library, self._compact = ctypes.CDLL(str(library)), compact

    def features(self, pcm: np.ndarray, shape: FrontEnd) -> np.ndarray:
        arrays = c_tables(shape, "net", self._compact)
        assert list(c_scalars(shape)) == list(SCALARS)
        pointers = [
            np.ascontiguousarray(array.values).ctypes.data_as(POINTERS[array.ctype])
            for array in arrays
        ]
        tables = Tables(*pointers, *c_scalars(shape).values())
        # Rubbish before the reset, and guards behind each buffer.
        samples = np.full(state_bytes(shape) // 4 + 1, 0xDEADBEEF, np.uint32)
        work = np.full(work_bytes(shape) // 4 + 1, 0xDEADBEEF, np.uint32)
        made = np.full((shape.frames(len(pcm)), shape.bands + 1), 99, np.int8)
        self._library.reset(ctypes.byref(tables), _pointer(samples))
        for frame, row in enumerate(made):
            chunk = np.ascontiguousarray(pcm[frame * shape.hop : (frame + 1) * shape.hop])
            overflows = self._library.frame(
                ctypes.byref(tables), *map(_pointer, (samples, work, chunk, row))
            )
            assert overflows == 0, f"{overflows} values left 16 bits in frame {frame}"
        assert samples[-1] == work[-1] == 0xDEADBEEF
        assert np.all(made[:, -1] == 99)
        return made[:, :-1]


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@pytest.fixture(scope="module")
def compiler() -> str:
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return name
    pytest.skip("no host C compiler (cc, gcc or clang) on the path")


@pytest.fixture(scope="module", params=[False, True], ids=["portable", "compact"])
def host(
    request: pytest.FixtureRequest, compiler: str, tmp_path_factory: pytest.TempPathFactory
) -> HostFrontEnd:
    """The runtime as a library; undefined behaviour traps."""
    folder = tmp_path_factory.mktemp("frontend")
    (folder / "library.c").write_text(LIBRARY)
    command = [compiler, "-O1", *STRICT, *TRAP, "-shared", "-fPIC", f"-I{RUNTIME}"]
    command += ["-DEDGESNN_COMPACT"] * request.param
    subprocess.run(
        [*command, "-o", str(folder / "library.so"), str(folder / "library.c")], check=True
    )
    return HostFrontEnd(folder / "library.so", request.param)


# ---- signals -----------------------------------------------------------------------------

SAMPLES = 2400


def _int16(signal: np.ndarray) -> np.ndarray:
    return np.clip(np.round(signal), -32768, 32767).astype(np.int16)


@st.composite
def signals(draw: st.DrawFn) -> np.ndarray:
    """Noise, silence, clipping, DC, sweeps, impulses and square waves at any level."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    n, level = np.arange(SAMPLES), 2.0 ** draw(st.floats(0, 15.5))
    kind = draw(
        st.sampled_from(["noise", "silence", "bits", "dc", "sweep", "impulses", "square", "levels"])
    )
    match kind:
        case "noise":
            return _int16(rng.standard_normal(SAMPLES) * level)
        case "silence":
            return _int16(rng.integers(-2, 2, SAMPLES) * rng.integers(0, 2))
        case "bits":
            return _int16(rng.choice([-level, level], SAMPLES))
        case "dc":
            return _int16(np.full(SAMPLES, level * rng.choice([-1, 1])))
        case "sweep":
            return _int16(level * np.sin(np.pi * n**2 * rng.uniform(0, 1) / SAMPLES))
        case "impulses":
            return _int16(np.where(rng.random(SAMPLES) < 0.005, level, 0))
        case "square":
            phase = np.pi * n * rng.integers(1, 512) / 256 + rng.uniform(0, 7)
            return _int16(level * np.where(np.sin(phase) < 0, -1, 1))
        case _:
            return _int16(
                rng.standard_normal(SAMPLES) * 2.0 ** (15 * rng.random(SAMPLES // 8)).repeat(8)
            )


@st.composite
def shapes(draw: st.DrawFn) -> FrontEnd:
    fft = draw(st.sampled_from([256, 512]))
    window = 2 * draw(st.integers(fft // 4, fft // 2))
    rate = draw(st.sampled_from([8000, 11025, 16000]))
    low = draw(st.integers(rate // fft, rate // 4))
    bands = draw(st.integers(4, 64))
    try:
        return FrontEnd(
            sample_rate=rate,
            fft=fft,
            window=window,
            hop=2 * draw(st.integers(fft // 16, window // 2)),
            bands=bands,
            low=low,
            high=draw(st.integers(low + 200, rate // 2)),
            floor=draw(st.sampled_from([0, 4000, 8192, 12000])),
            silence_bits=draw(st.integers(0, 14)) * draw(st.integers(0, 1)),
            offset=tuple(draw(st.lists(st.integers(0, 16000), min_size=bands, max_size=bands))),
            shift=draw(st.integers(0, 8)),
        )
    except NetworkError as error:
        assume("no FFT bin" not in str(error))
        raise


def test_same_bytes_with_default_settings(host: HostFrontEnd) -> None:
    @settings(max_examples=150, deadline=None)
    @given(signals())
    def check(pcm: np.ndarray) -> None:
        # A small shift shows the log-mel value's low bits.
        for shape in (FrontEnd(shift=0, floor=0), FrontEnd()):
            assert np.array_equal(host.features(pcm, shape), features(pcm[None], shape)[0])

    check()


def test_same_bytes_with_any_settings(host: HostFrontEnd) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
    @given(shapes(), signals())
    def check(shape: FrontEnd, pcm: np.ndarray) -> None:
        assert np.array_equal(host.features(pcm, shape), features(pcm[None], shape)[0])

    check()


def test_every_log_value_agrees(host: HostFrontEnd) -> None:
    """Shift 8 shows the upper byte of the log-mel values, shift 0 the lower one."""
    rng = np.random.default_rng(11)
    pcm = _int16(rng.standard_normal(32000) * np.repeat(2.0 ** rng.uniform(0, 15, 100), 320))
    log = log_mel(pcm[None], FrontEnd(floor=0))[0].astype(int)
    high = host.features(pcm, FrontEnd(floor=0, offset=(0,) * 40, shift=8))
    assert np.array_equal(high, log >> 8)
    for start in range(0, log.max() + 1, 256):
        low = host.features(pcm, FrontEnd(floor=0, offset=(start + 128,) * 40, shift=0)).astype(int)
        inside = log >> 8 == start >> 8
        assert np.array_equal(low[inside] + 128, log[inside] - start)


@pytest.mark.data
def test_same_bytes_on_speech(host: HostFrontEnd, speech_commands: Path) -> None:
    paths = [p for word in ("yes", "left") for p in sorted((speech_commands / word).iterdir())[:20]]
    clips = [soundfile.read(path, dtype="int16")[0][:16000] for path in paths]
    pcm = np.array([np.pad(clip, (0, 16000 - len(clip))) for clip in clips])
    for shape in (FrontEnd(), FrontEnd(window=400, hop=160)):
        fitted = fit_offsets(log_mel(pcm, shape), shape)
        for clip, expected in zip(pcm, features(pcm, fitted), strict=True):
            assert np.array_equal(host.features(clip, fitted), expected)


def worst_cases() -> Iterator[np.ndarray]:
    """Full-scale signals that line up with single bins, and corners of the normalisation."""
    n = np.arange(1024)
    for bin_ in (1, 2, 3, 31, 63, 64, 65, 127, 128, 129, 192, 255):
        for phase in np.linspace(0, np.pi, 5):
            wave = np.cos(2 * np.pi * bin_ * n / 512 + phase)
            yield np.where(wave < 0, -32768, 32767).astype(np.int16)
            yield np.where(wave < 0, -16384, 16383).astype(np.int16)
    for pattern in range(1, 256):
        bits = np.array([pattern >> i & 1 for i in range(8)])
        yield np.where(np.resize(bits, 1024), 32767, -32768).astype(np.int16)
    for rate in np.linspace(0.02, 1.0, 40):  # chirps: flat spectra that earn both gains
        yield _int16(32767 * np.cos(np.pi * rate * (n - 512) ** 2 / 1024))


def test_nothing_leaves_sixteen_bits(host: HostFrontEnd) -> None:
    narrow = FrontEnd(sample_rate=8000, fft=256, window=256, hop=256, bands=32, high=3800)
    for shape in (FrontEnd(hop=512), narrow):
        for pcm in worst_cases():
            assert np.array_equal(host.features(pcm, shape), features(pcm[None], shape)[0])


@pytest.mark.parametrize("floor", [8192, 10240, 11264, 12288])
def test_quiet_frames_change_no_byte(host: HostFrontEnd, floor: int) -> None:
    """Noise that swells and fades through the energy below which no transform is computed."""
    for base in (FrontEnd(), FrontEnd(window=480), NARROW):
        shape = replace(base, floor=floor, shift=0)
        level = np.exp2(np.abs(np.linspace(-7, 7, 60 * shape.hop)) - 1)
        pcm = _int16(np.random.default_rng(floor).standard_normal(len(level)) * level)
        assert np.array_equal(host.features(pcm, shape), features(pcm[None], shape)[0])


# ---- compilers and sanitisers ------------------------------------------------------------


MAIN = """
#include <stdio.h>
int main(void) {
    reset();
    while (fread(pcm, sizeof *pcm, sizeof pcm / sizeof *pcm, stdin) == sizeof pcm / sizeof *pcm) {
        frame();
        fwrite(features, 1, sizeof features, stdout);
    }
    return 0;
}
"""


@pytest.mark.parametrize("shape", [FrontEnd(), FrontEnd(fft=256, window=200, hop=100, bands=20)])
def test_address_and_undefined_sanitisers(compiler: str, tmp_path: Path, shape: FrontEnd) -> None:
    source, program = tmp_path / "main.c", tmp_path / "main"
    source.write_text(c_source(shape) + MAIN)
    sanitise = ["-g", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"]
    command = [compiler, *STRICT, *sanitise, f"-I{RUNTIME}", "-o", str(program), str(source)]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode and "san" in built.stderr.lower() and "error: " not in built.stderr:
        pytest.skip(f"{compiler} has no sanitiser libraries")
    assert built.returncode == 0, built.stderr
    pcm = np.concatenate([*list(worst_cases())[:40], noise_and_silence(shape)])
    ran = subprocess.run([program], input=pcm.astype("<i2").tobytes(), capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    made = np.frombuffer(ran.stdout, np.int8).reshape(-1, shape.bands)
    assert np.array_equal(made, features(pcm[None], shape)[0])


@pytest.mark.parametrize("optimise", ["-O0", "-Os", "-O3"])
def test_host_compiler_finds_nothing(compiler: str, tmp_path: Path, optimise: str) -> None:
    source = tmp_path / "frontend.c"
    source.write_text(c_source(FrontEnd()))
    command = [compiler, optimise, *STRICT, f"-I{RUNTIME}", "-c", "-o", str(tmp_path / "o")]
    ran = subprocess.run([*command, str(source)], capture_output=True, text=True)
    assert ran.returncode == 0 and not ran.stderr, ran.stderr


MOST_INSTRUCTIONS = {
    "cortex-m0": 66000,
    "cortex-m0plus": 66000,
    "cortex-m3": 37000,
    "cortex-m4": 14500,
    "cortex-m7": 14500,
    "cortex-m33": 14500,
}


def run_on_core(
    folder: Path, core: str, optimise: str, *shapes: FrontEnd, compact: bool = False
) -> int:
    """Hold the core's features against Numba's; the most instructions a frame took."""
    pytest.importorskip("unicorn", reason="the emulator comes with edgesnn[test]")
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("arm-none-eabi-gcc is not on the path")
    most = 0
    for shape in shapes:
        elf = compile_firmware(shape, core, folder, optimise, compact=compact)
        machine = Emulated(elf, core)
        pcm = np.concatenate([noise_and_silence(shape, 4), *list(worst_cases())[6:8]])
        made, counts = run(machine, shape, pcm)
        assert np.array_equal(made, features(pcm[None], shape)[0])
        assert counts[4 + 2] < counts.max() / 10  # silence
        most = max(most, int(counts.max()))
    return most


NARROW = FrontEnd(sample_rate=8000, fft=256, window=200, hop=160, bands=32, high=3800)


@pytest.mark.parametrize("core", MOST_INSTRUCTIONS)
def test_same_bytes_on_the_core(tmp_path: Path, core: str) -> None:
    shapes = (FrontEnd(), FrontEnd(shift=0, window=400, hop=160), NARROW)
    assert run_on_core(tmp_path, core, "-O2", *shapes) < MOST_INSTRUCTIONS[core]


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_same_bytes_when_optimised_for_size(tmp_path: Path, core: str) -> None:
    run_on_core(tmp_path, core, "-Os", FrontEnd(shift=1))


#: Of the front-end in compact code: as measured, and a few per cent.
COMPACT_BYTES = {
    "cortex-m0": 1750,
    "cortex-m0plus": 1750,
    "cortex-m3": 1550,
    "cortex-m4": 1180,
    "cortex-m7": 1180,
    "cortex-m33": 1180,
}


@pytest.mark.parametrize("core", COMPACT_BYTES)
def test_same_bytes_of_compact_code(tmp_path: Path, core: str) -> None:
    shapes = (FrontEnd(), FrontEnd(shift=0, window=400, hop=160), NARROW)
    run_on_core(tmp_path, core, "-Os", *shapes, compact=True)
    assert code_bytes(tmp_path / f"{core}.elf") < COMPACT_BYTES[core]


ODD = (
    FrontEnd(window=510, hop=322, shift=0, floor=0),
    FrontEnd(window=300, hop=150, shift=2, bands=20),
    FrontEnd(window=262, hop=10, shift=3, bands=17),
    FrontEnd(window=512, hop=512, shift=0, silence_bits=0),
    FrontEnd(shift=0, floor=12000),
    FrontEnd(sample_rate=8000, fft=256, window=256, hop=254, bands=31, high=4000, shift=0),
    FrontEnd(sample_rate=11025, fft=256, window=130, hop=26, bands=5, low=300, high=900, floor=0),
)


@pytest.mark.parametrize("shape", ODD)
@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_assembly_gives_the_same_bytes_with_any_settings(
    tmp_path: Path, shape: FrontEnd, compiler: str
) -> None:
    """Odd words beside the unrolled loops, kept samples that were measured and that were not."""
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("arm-none-eabi-gcc is not on the path")
    optimise = "-O0" if compiler == "gcc" else "-O2"  # the assembly needs no register spared
    elf = compile_firmware(shape, "cortex-m4", tmp_path, optimise, compiler)
    machine = Simulated(elf, "cortex-m4")
    pcm = np.concatenate([noise_and_silence(shape, 12), *list(worst_cases())[20:200:12]])
    pcm = pcm[: 60 * shape.hop]
    made, _ = run(machine, shape, pcm)
    assert np.array_equal(made, features(pcm[None], shape)[0])


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m33"])
def test_cycles_of_a_frame(tmp_path: Path, core: str, compiler: str) -> None:
    """The targets of docs/FRONTEND.md: 16,000 cycles a frame of 512 points, 8,000 of 256."""
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("arm-none-eabi-gcc is not on the path")
    for shape, most in ((FrontEnd(), 15700), (replace(NARROW, window=256), 8050)):
        machine = Simulated(compile_firmware(shape, core, tmp_path, compiler=compiler), core)
        _, cycles = run(machine, shape, noise_and_silence(shape))
        assert cycles.max() < most


def test_a_quiet_frame_costs_no_transform(tmp_path: Path) -> None:
    """Noise of 1.5 LSB at a floor of 40 octaves, beyond digital silence."""
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("arm-none-eabi-gcc is not on the path")
    shape = FrontEnd(floor=10240, shift=0)
    machine = Simulated(compile_firmware(shape, "cortex-m4", tmp_path), "cortex-m4")
    pcm = _int16(np.random.default_rng(1).standard_normal(8 * shape.hop) * 1.5)
    made, cycles = run(machine, shape, pcm)
    assert np.array_equal(made, features(pcm[None], shape)[0])
    assert np.abs(pcm).max() > 4 and cycles.max() < 2700


# ---- sizes -------------------------------------------------------------------------------


def test_sizes_are_those_of_the_arrays() -> None:
    shape = FrontEnd()
    turns = 4 * 3 * 16 + 4 * 8 * 33
    assert table_bytes(shape) == 2 * 512 + turns + 64 + 242 + 4 * 41 + 4 * 32
    assert state_bytes(shape) == 1024 + 4
    assert work_bytes(shape) == 1024
    assert c_tables(shape, "yes_no")[0].name == "yes_no_frontend_window"
