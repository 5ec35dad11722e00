"""The front-end's law in Numba: settings, tables, exact properties, accuracy against float64."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesnn.errors import DataError, NetworkError, UsageError
from edgesnn.frontend import (
    FrontEnd,
    Stream,
    at_rate,
    features,
    fit_offsets,
    log_mel,
    lookup,
    silent_features,
    tables,
    to_features,
)
from edgesnn.frontend.rate import SIDE_TAPS
from edgesnn.frontend.reference import UNITS_PER_DECIBEL, log_mel_float, peak_level
from edgesnn.frontend.settings import LOG_MAX, band_position

SHAPES = (
    FrontEnd(),
    FrontEnd(window=400, hop=160),
    FrontEnd(window=480, hop=160, bands=32, low=20, high=4000),
    FrontEnd(sample_rate=8000, fft=256, window=256, hop=160, bands=32, high=3800),
    FrontEnd(fft=256, window=240, hop=160, bands=16, low=100, high=7000),
)
NAMES = ("default", "window 400", "window 480", "8 kHz", "256 at 16 kHz")
NARROW = SHAPES[3]
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=NAMES)


def noise(seed: int, clips: int, samples: int, level: float) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((clips, samples)) * level
    return np.clip(np.round(drawn), -32768, 32767).astype(np.int16)


# ---- settings ----------------------------------------------------------------------------


@each_shape
def test_settings_survive_json(shape: FrontEnd) -> None:
    assert FrontEnd.from_dict(json.loads(json.dumps(shape.to_dict()))) == shape


def test_offset_defaults_to_one_a_band() -> None:
    assert len(FrontEnd(bands=10).offset) == 10
    assert hash(FrontEnd()) == hash(FrontEnd.from_dict(FrontEnd().to_dict()))


HOSTILE = [
    ("sample_rate", 0, "sample_rate is 0"),
    ("sample_rate", 16000.0, "sample_rate must be an integer"),
    ("sample_rate", True, "sample_rate must be an integer"),
    ("sample_rate", None, "sample_rate must be an integer"),
    ("fft", 1024, "fft is 1024"),
    ("fft", 384, "fft is 384"),
    ("fft", -512, "fft is -512"),
    ("window", 514, "window is 514"),
    ("window", 401, "window is 401, but must be even"),
    ("window", "512", "window must be an integer"),
    ("hop", 0, "hop is 0"),
    ("hop", 161, "hop is 161, but must be even"),
    ("bands", 2**70, "bands is"),
    ("offset", [0] * 41, "offset has 41 values for 40 bands"),
    ("low", 0, "low is 0"),
    ("low", 15, "less than half a bin"),
    ("low", 7600, "low is 7600 Hz, not below high"),
    ("high", 8001, "high is 8001 Hz"),
    ("floor", -1, "floor is -1"),
    ("floor", LOG_MAX + 1, "floor is"),
    ("silence_bits", 15, "silence_bits is 15"),
    ("shift", 16, "shift is 16"),
    ("shift", math.nan, "shift must be an integer"),
    ("offset", [1, 2], "offset has 2 values for 40 bands"),
    ("offset", [0] * 39 + [40000], "offset[39] is 40000"),
    ("offset", [0] * 39 + [0.5], "offset[39] must be an integer"),
    ("offset", "0" * 40, "offset must be a list"),
    ("offset", {}, "offset must be a list"),
]


@pytest.mark.parametrize(("field", "value", "message"), HOSTILE)
def test_wrong_values_are_named(field: str, value: object, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        FrontEnd.from_dict({**FrontEnd().to_dict(), field: value})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [None, [], "fft", 3, {}, {"hop": 160}])
def test_what_is_no_table_of_settings_is_refused(values: object) -> None:
    with pytest.raises(NetworkError, match="front-end"):
        FrontEnd.from_dict(values)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(NetworkError, match="unknown field 'dither'"):
        FrontEnd.from_dict({**FrontEnd().to_dict(), "dither": 1})


def test_bands_without_a_bin_are_refused() -> None:
    with pytest.raises(NetworkError, match=r"bands is 80, but band \d+ has no FFT bin"):
        FrontEnd(bands=80, fft=256, window=256, hop=160)


def test_hop_beyond_the_window_is_refused() -> None:
    with pytest.raises(NetworkError, match="hop is 480, more than the window's 400"):
        FrontEnd(window=400, hop=480)


def test_settings_load_without_numba() -> None:
    code = (
        "import sys, edgesnn.frontend; edgesnn.frontend.FrontEnd(); print('numba' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


# ---- tables ------------------------------------------------------------------------------


@each_shape
def test_no_table_entry_hangs_on_the_last_bit_of_a_math_library(
    shape: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounded: list[float] = []
    nearest = lookup._nearest
    monkeypatch.setattr(lookup, "_nearest", lambda x: rounded.append(x) or nearest(x))
    lookup._tables.cache_clear()
    tables(shape)
    lookup._tables.cache_clear()
    shifted = np.array(rounded) + 0.5 + 2.0**-20
    # libm's functions are good to about 1 ulp: 2^-37 on values up to 2^15.
    assert np.abs(shifted - np.round(shifted)).min() > 1e-9
    positions = [
        band_position(shape, k * shape.sample_rate / shape.fft) for k in range(1, shape.fft // 2)
    ]
    off_corner = np.abs(np.array(positions) - np.round(positions))
    assert np.all((off_corner < 1e-12) | (off_corner > 1e-8))


@each_shape
def test_tables_are_read_only_and_shared(shape: FrontEnd) -> None:
    made = tables(shape)
    assert made is tables(dataclasses.replace(shape, shift=3, floor=100))
    with pytest.raises(ValueError, match="read-only"):
        made.window[0] = 1
    assert made.segment_bins.sum() == len(made.weight)
    assert made.window[: shape.fft - shape.window].max(initial=0) == 0


@each_shape
def test_half_of_the_split_is_the_other_half(shape: FrontEnd) -> None:
    """What the C keeps of it: entries fft/4 − k and k have their parts exchanged."""
    split = tables(shape).split[:-1]  # k = 1 … fft/4 − 1
    assert np.array_equal(split, split[::-1, ::-1])


@each_shape
def test_window_bounds_the_transform(shape: FrontEnd) -> None:
    """The proof of FRONTEND.md §3: what one output of each stage can sum up to at most."""
    points = shape.fft // 2
    window = tables(shape).window.astype(np.int64)
    point = np.hypot(*window.reshape(points, 2).T)  # |z[n]| for samples of ±2^15, over 2^15
    size, scale = points // 64, 0.5 if points == 256 else 1.0
    while size <= points:
        sums = point.reshape(size, points // size).sum(axis=0)
        assert sums.max() * scale < 32700
        size, scale = size * 4, scale / 4


# ---- recordings at another rate ----------------------------------------------------------


@given(st.integers(0, 2**31), st.integers(1, 200), st.sampled_from([1.0, 500.0, 20000.0, 90000.0]))
def test_halving_is_the_filter_it_says(seed: int, samples: int, level: float) -> None:
    pcm = noise(seed, 2, samples, level)
    taps = np.zeros(63, np.int64)
    taps[31] = 16384
    taps[32::2], taps[30::-2] = SIDE_TAPS, SIDE_TAPS
    for clip, made in zip(pcm, at_rate(pcm, NARROW), strict=True):
        whole = np.convolve(clip.astype(np.int64), taps)[31 : 31 + samples][: samples // 2 * 2]
        expected = np.clip((whole[::2] + 2**14) >> 15, -32768, 32767)
        assert np.array_equal(made, expected)


def test_halving_passes_what_eight_kilohertz_can_hold() -> None:
    seconds = np.arange(16000) / 16000
    for hertz, least, most in (
        (0, 0, 0),
        (1000, -0.01, 0.01),
        (3400, -0.05, 0.05),
        (4600, -99, -60),
    ):
        wave = np.round(20000 * np.cos(2 * np.pi * hertz * seconds)).astype(np.int16)
        middle = at_rate(wave, NARROW)[1000:-1000].astype(float)
        root = np.sqrt(np.mean(middle**2)) * (1 if hertz == 0 else np.sqrt(2))
        assert least <= 20 * np.log10(root / 20000) <= most


def test_the_half_band_filter_has_not_changed() -> None:
    """Networks were trained on its output."""
    made = at_rate(law_signal(16000), NARROW)
    assert hashlib.sha256(made.astype("<i2").tobytes()).hexdigest()[:16] == "2388ef525d7cc1e1"


def test_rates_are_the_recordings_or_half_of_it() -> None:
    pcm = noise(1, 1, 100, 100)
    assert at_rate(pcm, FrontEnd()) is pcm
    with pytest.raises(DataError, match="hears 11025 Hz; recordings at 16000 Hz serve"):
        at_rate(pcm, FrontEnd(sample_rate=11025, high=5000))


# ---- exact properties --------------------------------------------------------------------


def law_signal(samples: int) -> np.ndarray:
    """A signal made in integers alone: a linear congruential noise with a slow envelope."""
    state, out = 1, np.empty(samples, np.int16)
    for n in range(samples):
        state = (state * 1103515245 + 12345) % 2**31
        out[n] = ((state >> 15) - 32768) * (n % 2048) // 2048 >> (n // 4096)
    return out


GOLDEN = {
    "default": "bdce49a3fead2d57",
    "window 400": "5755450f95531949",
    "window 480": "4a9b9a70c504dd49",
    "8 kHz": "931d864724a80ec6",
    "256 at 16 kHz": "48524c968862e62e",
}


@pytest.mark.parametrize(("name", "shape"), list(zip(NAMES, SHAPES, strict=True)))
def test_law_has_not_changed(name: str, shape: FrontEnd) -> None:
    """Shipped networks were trained on these bytes; a new law needs a new format version."""
    made = log_mel(law_signal(16000)[None], shape)
    assert hashlib.sha256(made.astype("<i2").tobytes()).hexdigest()[:16] == GOLDEN[name]


@each_shape
@pytest.mark.parametrize("samples", [0, 1, 159, 160, 320, 16000, 16001])
def test_one_frame_a_hop(shape: FrontEnd, samples: int) -> None:
    assert log_mel(noise(0, 2, samples, 900), shape).shape == (
        2,
        samples // shape.hop,
        shape.bands,
    )


def test_a_second_has_fifty_frames() -> None:
    assert FrontEnd().frames(16000) == 50
    assert FrontEnd(hop=160).frames(16000) == 100


@each_shape
def test_frames_do_not_see_the_future(shape: FrontEnd) -> None:
    pcm = noise(1, 1, 40 * shape.hop, 3000)
    whole = log_mel(pcm, shape)
    for frames in (1, 2, 15, 16, 17, 33):
        assert np.array_equal(log_mel(pcm[:, : frames * shape.hop], shape), whole[:, :frames])


@each_shape
def test_clips_do_not_see_each_other(shape: FrontEnd) -> None:
    pcm = noise(2, 5, 3200, 3000)
    whole = log_mel(pcm, shape)
    for clip in range(5):
        assert np.array_equal(log_mel(pcm[clip : clip + 1], shape)[0], whole[clip])


@each_shape
@pytest.mark.parametrize("doublings", [1, 5, 12])
def test_doubling_the_signal_adds_two_octaves_exactly(shape: FrontEnd, doublings: int) -> None:
    shape = dataclasses.replace(shape, floor=0, silence_bits=0)
    pcm = np.clip(noise(3, 1, 6400, 1.0), -7, 7)
    pcm[0, :: shape.hop] = 7  # the headroom of each frame is that of a 7
    rise = log_mel(pcm << np.int16(doublings), shape).astype(int) - log_mel(pcm, shape)
    assert np.all(rise == 512 * doublings)


@each_shape
@pytest.mark.parametrize("value", [0, 1, -1, -2])
def test_silence_is_the_floor(shape: FrontEnd, value: int) -> None:
    pcm = np.full((1, 3200), value, np.int16)
    assert np.all(log_mel(pcm, shape) == shape.floor)


def test_silence_bits_decide_what_silence_is() -> None:
    pcm = noise(4, 1, 3200, 5.0).clip(-16, 15)
    assert np.all(log_mel(pcm, FrontEnd(silence_bits=4, floor=100)) == 100)
    pcm[0, 1750] = 16
    loud = np.any(log_mel(pcm, FrontEnd(silence_bits=4, floor=100)) != 100, axis=-1)[0]
    assert list(np.flatnonzero(loud)) == [5, 6]


EXTREMES = {
    "lowest": np.full(3200, -32768),
    "highest": np.full(3200, 32767),
    "nyquist": np.tile([32767, -32768], 1600),
    "square": np.repeat(np.tile([32767, -32768], 100), 16),
    "impulse": np.eye(1, 3200, 1000)[0] * -32768,
    "alternating pairs": np.tile([32767, 32767, -32768, -32768], 800),
}


@each_shape
@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_stay_near_the_exact_spectrum(shape: FrontEnd, name: str) -> None:
    shape = dataclasses.replace(shape, floor=0)
    pcm = EXTREMES[name].astype(np.int16)[None]
    made, exact = log_mel(pcm, shape), log_mel_float(pcm, shape)
    assert made.max() <= LOG_MAX
    loud = exact > exact.max() - 30 * UNITS_PER_DECIBEL
    assert np.abs(made - exact)[loud].max() < 0.3 * UNITS_PER_DECIBEL


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_stream_equals_batch_however_it_is_cut(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(SHAPES))
    pcm = noise(data.draw(st.integers(0, 9)), 1, 4000, 2000.0)
    cuts = data.draw(st.lists(st.integers(0, 4000), max_size=12).map(sorted))
    stream = Stream(shape)
    for _ in range(2):
        chunks = [stream.push(chunk) for chunk in np.split(pcm[0], cuts)]
        assert np.array_equal(np.concatenate(chunks), features(pcm, shape)[0])
        stream.reset()


@pytest.mark.parametrize(
    "pcm", [np.zeros(320, np.int16), np.zeros((1, 320)), np.zeros((1, 320), np.int32)]
)
def test_other_arrays_are_refused(pcm: np.ndarray) -> None:
    with pytest.raises(UsageError, match="PCM must be int16"):
        log_mel(pcm, FrontEnd())


# ---- features ----------------------------------------------------------------------------


@given(st.integers(0, LOG_MAX), st.integers(-(2**15), 2**15 - 1), st.integers(0, 15))
def test_feature_is_a_floor_and_a_clip(log: int, offset: int, shift: int) -> None:
    shape = FrontEnd(bands=4, offset=(offset,) * 4, shift=shift)
    made = to_features(np.full((1, 4), log, np.int16), shape)
    assert made.dtype == np.int8
    assert made[0, 0] == min(max(math.floor((log - offset) / 2**shift), -128), 127)


def test_fitted_offsets_use_int8_and_rarely_saturate() -> None:
    levels = 10.0 ** np.linspace(0.5, 3.8, 64)
    pcm = np.concatenate([noise(i, 1, 16000, level) for i, level in enumerate(levels)])
    log = log_mel(pcm, FrontEnd())
    fitted = fit_offsets(log, FrontEnd())
    made = to_features(log, fitted)
    assert np.mean((made == 127) | (made == -128)) < 0.02
    assert int(made.max()) - int(made.min()) > 128
    finer = dataclasses.replace(fitted, shift=fitted.shift - 1)
    assert np.mean(np.abs(to_features(log, finer).astype(int)) >= 127) > 0.01


def test_offsets_cannot_be_fitted_to_nothing() -> None:
    with pytest.raises(UsageError, match="40 bands"):
        fit_offsets(np.zeros((0, 50, 40), np.int16), FrontEnd())


# ---- accuracy ----------------------------------------------------------------------------


def error_db(pcm: np.ndarray, shape: FrontEnd, within: float) -> np.ndarray:
    """Errors of the bands within so many dB of a sine with the frame's peak."""
    shape = dataclasses.replace(shape, floor=0, silence_bits=0)
    exact = log_mel_float(pcm, shape)
    near = exact > peak_level(pcm, shape)[..., None] - within * UNITS_PER_DECIBEL
    near &= log_mel(pcm, shape).any(axis=-1, keepdims=True)  # 0 and −1 alone are silence
    return ((log_mel(pcm, shape) - exact) / UNITS_PER_DECIBEL)[near]


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


@each_shape
@pytest.mark.parametrize("level", [0, -20, -40, -60])
def test_noise_accuracy(shape: FrontEnd, level: int) -> None:
    error = error_db(noise(5, 2, 16000, 8192 * 10 ** (level / 20)), shape, within=70)
    assert rms(error) < 0.02
    assert np.abs(error).max() < 0.5
    assert abs(error.mean()) < 0.002


@each_shape
@pytest.mark.parametrize("level", [0, -20, -40, -60])
@pytest.mark.parametrize("hertz", [113.0, 440.0, 997.0, 3100.0])
def test_tone_accuracy(shape: FrontEnd, level: int, hertz: float) -> None:
    seconds = np.arange(shape.sample_rate) / shape.sample_rate
    tone = np.round(32767 * 10 ** (level / 20) * np.sin(2 * np.pi * hertz * seconds))
    error = error_db(tone.astype(np.int16)[None], shape, within=40)
    assert rms(error) < 0.15
    assert np.abs(error).max() < 0.6


def test_sweep_accuracy() -> None:
    seconds = np.arange(32000) / 16000
    sweep = 20000 * np.sin(2 * np.pi * (50 * seconds + 1950 * seconds**2))
    error = error_db(np.round(sweep).astype(np.int16)[None], FrontEnd(), within=40)
    assert rms(error) < 0.1


@each_shape
def test_silence_is_the_same_in_every_frame(shape: FrontEnd) -> None:
    heard = features(np.zeros((1, shape.sample_rate), np.int16), shape)[0]
    assert np.array_equal(heard, np.tile(silent_features(shape), (len(heard), 1)))


@pytest.mark.data
@each_shape
def test_speech_accuracy(shape: FrontEnd, speech_commands) -> None:
    clips = []
    for word in ("yes", "no", "stop", "go", "seven"):
        for path in sorted((speech_commands / word).glob("*.flac"))[:12]:
            samples, rate = soundfile.read(path, dtype="int16")
            assert rate == 16000
            clips.append(np.pad(samples[:16000], (0, max(16000 - len(samples), 0))))
    pcm = np.array(clips)
    assert rms(error_db(pcm, shape, within=30)) < 0.04
    assert rms(error_db(pcm, shape, within=40)) < 0.08
    assert rms(error_db(pcm, shape, within=50)) < 0.2
