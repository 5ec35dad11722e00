"""The spiking law over whole spike trains, forward and backward, for two cores (Numba).

The law is docs/SPEC.md §4; the backward pass is its derivative by hand, with the step function
replaced by the ATan surrogate of Fang et al. (2021, as in `snntorch.surrogate.atan`), the floor
passed straight through, and the spike inside the reset taken as a constant (snnTorch's rule).

All arrays are float32. In the integer domain they hold whole numbers below 2^24, which float32
keeps exactly, so these loops compute what the microcontroller computes.

Shapes: `acc`, `u`, `a`, `spikes` are `(T, B, N)`, time first; parameters are rows of a
`(ROWS, N)` array in the order below.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

#: Rows of the parameter array.
THRESHOLD, DECAY, BIAS, ADAPTATION_DECAY, ADAPTATION_COUPLING, ADAPTATION_JUMP = range(6)
ROWS = 6

#: Bits of the `law` argument.
SUBTRACT, DELAYED, STRICT, INTEGER, ADAPTIVE = 1, 2, 4, 8, 16

#: Membranes and adaptation currents saturate at the ends of int16.
LOWEST, HIGHEST = -32768.0, 32767.0

_F = np.float32
_FRACTION = _F(1.0 / 256.0)
_LOW, _HIGH = _F(LOWEST), _F(HIGHEST)
_ONE, _ZERO = _F(1.0), _F(0.0)


@njit(cache=True, inline="always")
def _scaled(x, factor, integer):  # type: ignore[no-untyped-def]
    """`floor(x · factor / 2^8)`, or without the floor."""
    y = x * (factor * _FRACTION)
    return np.floor(y) if integer else y


@njit(cache=True, inline="always")
def _saturated(x, integer):  # type: ignore[no-untyped-def]
    return min(max(x, _LOW), _HIGH) if integer else x


@njit(cache=True, parallel=True, error_model="numpy")
def spiking_forward(acc, parameters, law, u, a, spikes):  # type: ignore[no-untyped-def]
    """Run the law; fills `u` (membrane before the reset), `a` (after the step) and `spikes`.

    `a` is written only for adaptive neurons and may be of any shape otherwise.
    """
    steps, batch, size = acc.shape
    subtract, delayed = bool(law & 1), bool(law & 2)
    strict, integer, adaptive = bool(law & 4), bool(law & 8), bool(law & 16)
    for b in prange(batch):
        v = np.zeros(size, _F)
        w = np.zeros(size, _F)
        last = np.zeros(size, _F)
        for t in range(steps):
            current, row_u, row_s = acc[t, b], u[t, b], spikes[t, b]
            for n in range(size):
                theta = parameters[0, n]
                kept = v[n] * (_ONE - last[n]) if delayed and not subtract else v[n]
                x = _scaled(kept, parameters[1, n], integer) + current[n] + parameters[2, n] - w[n]
                if delayed and subtract:
                    x -= theta * last[n]
                x = _saturated(x, integer)
                fired = x > theta if strict else x >= theta
                s = _ONE if fired else _ZERO
                row_u[n] = x
                row_s[n] = s
                last[n] = s
                left = x - theta * s if subtract else x * (_ONE - s)
                v[n] = x if delayed else left
            if adaptive:
                row_a = a[t, b]
                for n in range(size):
                    y = _scaled(w[n], parameters[3, n], integer)
                    y += _scaled(v[n], parameters[4, n], integer) + parameters[5, n] * last[n]
                    w[n] = _saturated(y, integer)
                    row_a[n] = w[n]


@njit(cache=True, parallel=True, error_model="numpy")
def spiking_backward(  # type: ignore[no-untyped-def]
    grad_spikes, u, a, parameters, unit, slope, law, grad_acc, grad_parameters
):
    """Fill `grad_acc` `(T, B, N)` and `grad_parameters` `(chunks, ROWS, N)`, to be summed.

    `unit` `(N,)` is the size of one LSB in membrane units: the surrogate's width is `slope` (the
    α of ATan) in those units, whatever the weight scale.
    """
    steps, batch, size = u.shape
    chunks = grad_parameters.shape[0]
    subtract, delayed = bool(law & 1), bool(law & 2)
    strict, adaptive = bool(law & 4), bool(law & 16)
    half = _F(0.5) * slope
    bend = _F(np.pi / 2.0) * slope
    for chunk in prange(chunks):
        total = grad_parameters[chunk]
        total[:] = _ZERO
        for b in range(chunk, batch, chunks):
            gv = np.zeros(size, _F)
            gw = np.zeros(size, _F)
            rest = np.zeros(size, _F)
            silent = np.zeros(size, _F)
            for step in range(steps):
                t = steps - 1 - step
                row_u, row_g, out = u[t, b], grad_spikes[t, b], grad_acc[t, b]
                before = u[t - 1, b] if t else silent
                row_a = a[t - 1, b] if (adaptive and t) else silent
                for n in range(size):
                    theta, x = parameters[0, n], row_u[n]
                    fired = x > theta if strict else x >= theta
                    s = _ONE if fired else _ZERO
                    gs = row_g[n]
                    g_mem = gv[n] * (_ONE - s) if delayed and not subtract else gv[n]
                    if adaptive:
                        left = x - theta * s if subtract else x * (_ONE - s)
                        left = x if delayed else left
                        total[3, n] += gw[n] * row_a[n] * _FRACTION
                        total[4, n] += gw[n] * left * _FRACTION
                        total[5, n] += gw[n] * s
                        g_mem += gw[n] * parameters[4, n] * _FRACTION
                        gs += gw[n] * parameters[5, n]
                    z = bend * (x - theta) * unit[n]
                    g_fire = gs * half * unit[n] / (_ONE + z * z)
                    g_theta = -g_fire
                    keep = _ONE
                    if not delayed:
                        keep = _ONE if subtract else _ONE - s
                        g_theta -= g_mem * s if subtract else _ZERO
                    g = g_mem * keep + g_fire
                    y = before[n]
                    was = y > theta if strict else y >= theta
                    p = _ONE if (was and t > 0) else _ZERO
                    y_left = y * (_ONE - p)
                    if subtract:
                        y_left = y if delayed else y - theta * p
                        g_theta -= g * p if delayed else _ZERO
                    out[n] = g
                    total[0, n] += g_theta
                    total[1, n] += g * y_left * _FRACTION
                    total[2, n] += g
                    gv[n] = g * parameters[1, n] * _FRACTION
                    rest[n] = g
                if adaptive:
                    for n in range(size):
                        gw[n] = gw[n] * parameters[3, n] * _FRACTION - rest[n]
