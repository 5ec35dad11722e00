"""The front-end's law in Numba: PCM frames to log-mel values (docs/FRONTEND.md §2 to §6).

`LANES` frames go through every step side by side, frame index last, so that each inner loop
is one vector instruction or two. Nothing depends on the number of lanes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from edgesnn.frontend.lookup import tables
from edgesnn.frontend.settings import FrontEnd

LANES = 16


class Constants(NamedTuple):
    """Settings and tables in the one form that compiled code takes."""

    hop: int
    length: int
    floor: int
    silence_bits: int
    first_bin: int
    window: npt.NDArray[np.int16]
    order: npt.NDArray[np.uint8]
    twiddle: npt.NDArray[np.int16]
    split: npt.NDArray[np.int16]
    weight: npt.NDArray[np.uint8]
    segment_bins: npt.NDArray[np.uint8]
    log2: npt.NDArray[np.uint16]


def constants(settings: FrontEnd) -> Constants:
    """What `clips` needs of `settings`."""
    t = tables(settings)
    return Constants(
        settings.hop, settings.window, settings.floor, settings.silence_bits, t.first_bin,
        t.window, t.order, t.twiddle, t.split, t.weight, t.segment_bins, t.log2,
    )  # fmt: skip


@njit(cache=True, inline="always")
def _bit_length(value):  # type: ignore[no-untyped-def]
    """Bits of a non-negative int64 below 2^48."""
    bits = 0
    for step in (32, 16, 8, 4, 2, 1):
        if value >> step:
            value >>= step
            bits += step
    return bits + (1 if value else 0)


@njit(cache=True)
def _used_bits(values, start, used):  # type: ignore[no-untyped-def]
    """Bits beside the sign that the largest of each lane's values from `start` on needs."""
    used[:] = 0
    for n in range(start, values.shape[0]):
        for lane in range(LANES):
            used[lane] |= values[n, lane] ^ (values[n, lane] >> np.int32(31))
    for lane in range(LANES):
        used[lane] = _bit_length(np.int64(used[lane]))


@njit(cache=True)
def _gains(re, im, gain, whole):  # type: ignore[no-untyped-def]
    """How many of the last two stages need not halve: 0, 1 or 2 in each lane, and which."""
    used = np.empty(LANES, np.int32)
    _used_bits(re, 0, used)
    _used_bits(im, 0, gain)
    for lane in range(LANES):
        gain[lane] = min(max(14 - max(used[lane], gain[lane]), 0), 2)
        whole[1, lane] = gain[lane] > 0
        whole[2, lane] = gain[lane] > 1


@njit(cache=True)
def _first_stage_4(x, window, order, headroom, re, im):  # type: ignore[no-untyped-def]
    """Window, normalise and the twiddle-free radix-4 stage of a 256-point complex FFT."""
    part = np.empty((4, 2, LANES), np.int32)
    for g in range(64):
        for j in range(4):
            for c in range(2):
                n = 2 * (np.int64(order[g]) + 64 * j) + c
                w = np.int32(window[n])
                for lane in range(LANES):
                    half = np.int32(np.int32(1) << np.int32(15 - headroom[lane]))
                    y = np.int32(x[n, lane] * w + half)
                    part[j, c, lane] = y >> np.int32(16 - headroom[lane])
        for lane in range(LANES):
            t0r = part[0, 0, lane] + part[2, 0, lane]
            t0i = part[0, 1, lane] + part[2, 1, lane]
            t1r = part[0, 0, lane] - part[2, 0, lane]
            t1i = part[0, 1, lane] - part[2, 1, lane]
            t2r = part[1, 0, lane] + part[3, 0, lane]
            t2i = part[1, 1, lane] + part[3, 1, lane]
            t3r = part[1, 0, lane] - part[3, 0, lane]
            t3i = part[1, 1, lane] - part[3, 1, lane]
            re[4 * g, lane] = t0r + t2r
            im[4 * g, lane] = t0i + t2i
            re[4 * g + 1, lane] = t1r + t3i
            im[4 * g + 1, lane] = t1i - t3r
            re[4 * g + 2, lane] = t0r - t2r
            im[4 * g + 2, lane] = t0i - t2i
            re[4 * g + 3, lane] = t1r - t3i
            im[4 * g + 3, lane] = t1i + t3r


@njit(cache=True)
def _first_stage_2(x, window, order, headroom, re, im):  # type: ignore[no-untyped-def]
    """Window, normalise and the radix-2 stage of a 128-point complex FFT."""
    part = np.empty((2, 2, LANES), np.int32)
    for g in range(64):
        for j in range(2):
            for c in range(2):
                n = 2 * (np.int64(order[g]) + 64 * j) + c
                w = np.int32(window[n])
                for lane in range(LANES):
                    half = np.int32((np.int32(1) << np.int32(15 - headroom[lane])) >> 1)
                    y = np.int32(x[n, lane] * w + half)
                    part[j, c, lane] = y >> np.int32(15 - headroom[lane])
        for lane in range(LANES):
            re[2 * g, lane] = part[0, 0, lane] + part[1, 0, lane]
            im[2 * g, lane] = part[0, 1, lane] + part[1, 1, lane]
            re[2 * g + 1, lane] = part[0, 0, lane] - part[1, 0, lane]
            im[2 * g + 1, lane] = part[0, 1, lane] - part[1, 1, lane]


@njit(cache=True)
def _stage(re, im, quarter, twiddle, whole):  # type: ignore[no-untyped-def]
    """One radix-4 stage in place over blocks of 4·quarter, rounded.

    A quarter of the sums, and half of them in lanes where `whole` is 1.
    """
    points = re.shape[0]
    stride = points // (4 * quarter)
    one, round_ = np.int32(1), np.int32(1 << 15)
    for k in range(quarter):
        b_r, b_i = np.int32(twiddle[k * stride, 0, 0]), np.int32(twiddle[k * stride, 0, 1])
        c_r, c_i = np.int32(twiddle[k * stride, 1, 0]), np.int32(twiddle[k * stride, 1, 1])
        d_r, d_i = np.int32(twiddle[k * stride, 2, 0]), np.int32(twiddle[k * stride, 2, 1])
        for block in range(stride):
            p = block * 4 * quarter + k
            q, r, s = p + quarter, p + 2 * quarter, p + 3 * quarter
            for lane in range(LANES):
                last = one - whole[lane]
                ar = np.int32((re[p, lane] + one) >> one) + last
                ai = np.int32((im[p, lane] + one) >> one) + last
                br = np.int32(re[q, lane] * b_r - im[q, lane] * b_i + round_) >> np.int32(16)
                bi = np.int32(re[q, lane] * b_i + im[q, lane] * b_r + round_) >> np.int32(16)
                cr = np.int32(re[r, lane] * c_r - im[r, lane] * c_i + round_) >> np.int32(16)
                ci = np.int32(re[r, lane] * c_i + im[r, lane] * c_r + round_) >> np.int32(16)
                dr = np.int32(re[s, lane] * d_r - im[s, lane] * d_i + round_) >> np.int32(16)
                di = np.int32(re[s, lane] * d_i + im[s, lane] * d_r + round_) >> np.int32(16)
                t0r, t0i, t1r, t1i = ar + cr, ai + ci, ar - cr, ai - ci
                t2r, t2i, t3r, t3i = br + dr, bi + di, br - dr, bi - di
                re[p, lane] = np.int32(t0r + t2r) >> last
                im[p, lane] = np.int32(t0i + t2i) >> last
                re[q, lane] = np.int32(t1r + t3i) >> last
                im[q, lane] = np.int32(t1i - t3r) >> last
                re[r, lane] = np.int32(t0r - t2r) >> last
                im[r, lane] = np.int32(t0i - t2i) >> last
                re[s, lane] = np.int32(t1r - t3i) >> last
                im[s, lane] = np.int32(t1i + t3r) >> last


@njit(cache=True)
def _power(re, im, split, power):  # type: ignore[no-untyped-def]
    """Spectrum of the real signal from that of its packed half, squared: bins 1 … points − 1."""
    points = re.shape[0]
    one, round_ = np.int32(1), np.int32(1 << 14)
    for k in range(1, points // 2 + 1):
        v_r, v_i = np.int32(split[k - 1, 0]), np.int32(split[k - 1, 1])
        m = points - k
        for lane in range(LANES):
            er = np.int32(re[k, lane] + re[m, lane] + one) >> one
            ei = np.int32(im[k, lane] - im[m, lane] + one) >> one
            dr = np.int32(re[k, lane] - re[m, lane] + one) >> one
            di = np.int32(im[k, lane] + im[m, lane] + one) >> one
            fr = np.int32(dr * v_r - di * v_i + round_) >> np.int32(15)
            fi = np.int32(dr * v_i + di * v_r + round_) >> np.int32(15)
            xr, xi, yr, yi = er + fr, ei + fi, er - fr, ei - fi
            power[k, lane] = xr * xr + xi * xi
            power[m, lane] = yr * yr + yi * yi


@njit(cache=True)
def _mel(power, first_bin, weight, segment_bins, energy):  # type: ignore[no-untyped-def]
    """Triangular filters as rising and falling slopes that share one product a bin."""
    total = np.empty(LANES, np.int64)
    rising = np.empty(LANES, np.int64)
    energy[:] = 0
    k = 0
    for segment in range(segment_bins.shape[0]):
        total[:] = 0
        rising[:] = 0
        for _ in range(segment_bins[segment]):
            w = np.int64(weight[k])
            for lane in range(LANES):
                total[lane] += power[first_bin + k, lane]
                rising[lane] += power[first_bin + k, lane] * w
            k += 1
        for lane in range(LANES):
            if segment < energy.shape[0]:
                energy[segment, lane] += rising[lane]
            if segment:
                energy[segment - 1, lane] += (total[lane] << 8) - rising[lane]


@njit(cache=True)
def _log2(value, table):  # type: ignore[no-untyped-def]
    """log2 of a positive int64 below 2^48 in units of 2^-8."""
    exponent = _bit_length(value) - 1
    mantissa = value << (31 - exponent) if exponent < 31 else value >> (exponent - 31)
    index = (mantissa >> 26) & 31
    low, high = np.int64(table[index]), np.int64(table[index + 1])
    fraction = low + (((high - low) * ((mantissa >> 10) & 0xFFFF)) >> 16)
    return (exponent << 8) + ((fraction + 64) >> 7)


@njit(cache=True)
def _gather(pcm, first, hop, window, x):  # type: ignore[no-untyped-def]
    """Lane `l` of x gets the frame `first + l` of a clip: the x.shape[0] samples up to its end."""
    fft = x.shape[0]
    for lane in range(LANES):
        start = (first + lane + 1) * hop - fft
        for n in range(fft - window, fft):
            at = start + n
            x[n, lane] = pcm[at] if 0 <= at < pcm.shape[0] else 0


@njit(cache=True)
def _transform(x, c, used, headroom, gain, re, im):  # type: ignore[no-untyped-def]
    """Samples to the spectrum of their packed half, with the bits they use and what was gained."""
    fft = x.shape[0]
    _used_bits(x, fft - c.length, used)
    for lane in range(LANES):
        headroom[lane] = min(15 - used[lane], 14)
    if fft == 512:
        _first_stage_4(x, c.window, c.order, headroom, re, im)
    else:
        _first_stage_2(x, c.window, c.order, headroom, re, im)
    quarter = fft // 128
    whole = np.zeros((3, LANES), np.int32)
    for stage in range(3):
        _stage(re, im, quarter, c.twiddle, whole[stage])
        if stage == 0:
            _gains(re, im, gain, whole)
        quarter *= 4


@njit(cache=True)
def _clip(pcm, c, out):  # type: ignore[no-untyped-def]
    """All frames of one clip: int16 `(samples,)` into int16 `(frames, bands)`."""
    fft = c.window.shape[0]
    x = np.zeros((fft, LANES), np.int32)
    re, im = np.empty((fft // 2, LANES), np.int32), np.empty((fft // 2, LANES), np.int32)
    power = np.empty((fft // 2, LANES), np.int64)
    energy = np.empty((out.shape[1], LANES), np.int64)
    used, headroom = np.empty(LANES, np.int32), np.empty(LANES, np.int32)
    gain = np.empty(LANES, np.int32)
    for first in range(0, out.shape[0], LANES):
        _gather(pcm, first, c.hop, c.length, x)
        _transform(x, c, used, headroom, gain, re, im)
        _power(re, im, c.split, power)
        _mel(power, c.first_bin, c.weight, c.segment_bins, energy)
        for lane in range(min(LANES, out.shape[0] - first)):
            exponent = 512 * (14 - np.int64(headroom[lane] + gain[lane]))
            for band in range(out.shape[1]):
                value = np.int64(c.floor)
                if used[lane] > c.silence_bits and energy[band, lane] > 0:
                    value = _log2(energy[band, lane], c.log2) + exponent
                out[first + lane, band] = max(value, np.int64(c.floor))


@njit(cache=True, nogil=True)
def clips(pcm, constants, out):  # type: ignore[no-untyped-def]
    """int16 `(clips, samples)` into int16 `(clips, frames, bands)`; holds no interpreter lock."""
    for clip in range(pcm.shape[0]):
        _clip(pcm[clip], constants, out[clip])
