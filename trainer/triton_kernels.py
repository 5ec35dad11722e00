"""The spiking law, the readout's law and delayed taps on a GPU (Triton).

One lane is one neuron of one clip, and walks through all steps: what are thousands of launches an
optimiser step in a plain loop is one. The laws, the names and the shapes are those of
`edgesnn.trainer.kernels`, and the results are the same to the bit in the integer domain, where
all that float32 holds are whole numbers below 2^24.

PyTorch's CUDA builds bring Triton along. Nothing here runs, or is imported, without a GPU, but by
tests, in Triton's interpreter.
"""

from __future__ import annotations

import triton
import triton.language as tl

from edgesnn.trainer import kernels, leak

#: Lanes of a program.
BLOCK = 128

_LOW, _HIGH = tl.constexpr(kernels.LOWEST), tl.constexpr(kernels.HIGHEST)
_SCORE_LOW, _SCORE_HIGH = tl.constexpr(leak.LOWEST), tl.constexpr(leak.HIGHEST)
_FRACTION = tl.constexpr(1.0 / 256.0)
_HALF_PI = tl.constexpr(1.5707963267948966)


@triton.jit
def _scaled(x, factor, INTEGER: tl.constexpr):
    y = x * (factor * _FRACTION)
    if INTEGER:
        y = tl.floor(y)
    return y


@triton.jit
def _saturated(x, INTEGER: tl.constexpr):
    if INTEGER:
        x = tl.minimum(tl.maximum(x, _LOW), _HIGH)
    return x


@triton.jit
def _fired(x, theta, STRICT: tl.constexpr):
    if STRICT:
        return tl.where(x > theta, 1.0, 0.0)
    return tl.where(x >= theta, 1.0, 0.0)


@triton.jit
def _left(x, theta, s, SUBTRACT: tl.constexpr):
    if SUBTRACT:
        return x - theta * s
    return x * (1.0 - s)


@triton.jit
def _neurons(parameters, n, size, there):
    """Threshold, decay, and the adaptation's decay, coupling and jump of neurons `n`."""
    theta = tl.load(parameters + n, mask=there, other=1.0)
    decay = tl.load(parameters + size + n, mask=there, other=0.0)
    a_decay = tl.load(parameters + 3 * size + n, mask=there, other=0.0)
    coupling = tl.load(parameters + 4 * size + n, mask=there, other=0.0)
    jump = tl.load(parameters + 5 * size + n, mask=there, other=0.0)
    return theta, decay, a_decay, coupling, jump


@triton.jit
def spiking_forward(
    acc, parameters, u, a, spikes, lanes, size,
    STEPS: tl.constexpr, SUBTRACT: tl.constexpr, DELAYED: tl.constexpr, STRICT: tl.constexpr,
    INTEGER: tl.constexpr, ADAPTIVE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """`edgesnn.trainer.kernels.spiking_forward` for `lanes` = batch · size of `STEPS` steps."""
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = lane < lanes
    n = lane % size
    theta, decay, a_decay, coupling, jump = _neurons(parameters, n, size, there)
    bias = tl.load(parameters + 2 * size + n, mask=there, other=0.0)
    v = tl.zeros((BLOCK,), tl.float32)
    w = tl.zeros((BLOCK,), tl.float32)
    last = tl.zeros((BLOCK,), tl.float32)
    for t in range(STEPS):
        at = t * lanes + lane
        kept = v
        if DELAYED and not SUBTRACT:
            kept = v * (1.0 - last)
        x = _scaled(kept, decay, INTEGER) + tl.load(acc + at, mask=there, other=0.0) + bias - w
        if DELAYED and SUBTRACT:
            x -= theta * last
        x = _saturated(x, INTEGER)
        last = _fired(x, theta, STRICT)
        tl.store(u + at, x, mask=there)
        tl.store(spikes + at, last, mask=there)
        v = x
        if not DELAYED:
            v = _left(x, theta, last, SUBTRACT)
        if ADAPTIVE:
            w = _scaled(w, a_decay, INTEGER) + _scaled(v, coupling, INTEGER) + jump * last
            w = _saturated(w, INTEGER)
            tl.store(a + at, w, mask=there)


@triton.jit
def spiking_backward(
    grad_spikes, u, a, parameters, unit, slope, grad_acc, grad_parameters, lanes, size,
    STEPS: tl.constexpr, SUBTRACT: tl.constexpr, DELAYED: tl.constexpr, STRICT: tl.constexpr,
    ADAPTIVE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """`edgesnn.trainer.kernels.spiking_backward`; `grad_parameters` is `(ROWS, batch, size)`."""
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = lane < lanes
    n = lane % size
    theta, decay, a_decay, coupling, jump = _neurons(parameters, n, size, there)
    wide = tl.load(unit + n, mask=there, other=1.0)
    half, bend = 0.5 * slope * wide, _HALF_PI * slope * wide
    gv = tl.zeros((BLOCK,), tl.float32)
    gw = tl.zeros((BLOCK,), tl.float32)
    of_theta = tl.zeros((BLOCK,), tl.float32)
    of_decay = tl.zeros((BLOCK,), tl.float32)
    of_bias = tl.zeros((BLOCK,), tl.float32)
    of_a_decay = tl.zeros((BLOCK,), tl.float32)
    of_coupling = tl.zeros((BLOCK,), tl.float32)
    of_jump = tl.zeros((BLOCK,), tl.float32)
    x = tl.load(u + (STEPS - 1) * lanes + lane, mask=there, other=0.0)
    s = _fired(x, theta, STRICT)
    for step in range(STEPS):
        t = STEPS - 1 - step
        at = t * lanes + lane
        earlier = there & (t > 0)
        y = tl.load(u + at - lanes, mask=earlier, other=0.0)
        p = tl.where(earlier, _fired(y, theta, STRICT), 0.0)
        gs = tl.load(grad_spikes + at, mask=there, other=0.0)
        g_mem = gv
        if DELAYED and not SUBTRACT:
            g_mem = gv * (1.0 - s)
        if ADAPTIVE:
            left = x
            if not DELAYED:
                left = _left(x, theta, s, SUBTRACT)
            of_a_decay += gw * tl.load(a + at - lanes, mask=earlier, other=0.0) * _FRACTION
            of_coupling += gw * left * _FRACTION
            of_jump += gw * s
            g_mem += gw * coupling * _FRACTION
            gs += gw * jump
        z = bend * (x - theta)
        g_fire = gs * half / (1.0 + z * z)
        of_theta -= g_fire
        g = g_fire
        if DELAYED or SUBTRACT:
            g += g_mem
        else:
            g += g_mem * (1.0 - s)
        if SUBTRACT and not DELAYED:
            of_theta -= g_mem * s
        y_left = y * (1.0 - p)
        if SUBTRACT and DELAYED:
            y_left = y
            of_theta -= g * p
        if SUBTRACT and not DELAYED:
            y_left = y - theta * p
        tl.store(grad_acc + at, g, mask=there)
        of_decay += g * y_left * _FRACTION
        of_bias += g
        gv = g * decay * _FRACTION
        gw = gw * a_decay * _FRACTION - g
        x, s = y, p
    tl.store(grad_parameters + lane, of_theta, mask=there)
    tl.store(grad_parameters + lanes + lane, of_decay, mask=there)
    tl.store(grad_parameters + 2 * lanes + lane, of_bias, mask=there)
    tl.store(grad_parameters + 3 * lanes + lane, of_a_decay, mask=there)
    tl.store(grad_parameters + 4 * lanes + lane, of_coupling, mask=there)
    tl.store(grad_parameters + 5 * lanes + lane, of_jump, mask=there)


@triton.jit
def leak_forward(
    acc, decay, bias, scores, lanes, classes, STEPS: tl.constexpr, BLOCK: tl.constexpr
):
    """The readout's law over `lanes` = batch · classes of `STEPS` steps."""
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = lane < lanes
    kept = tl.load(decay + lane % classes, mask=there, other=0.0)
    added = tl.load(bias + lane % classes, mask=there, other=0.0)
    y = tl.zeros((BLOCK,), tl.float32)
    for t in range(STEPS):
        at = t * lanes + lane
        y = _scaled(y, kept, True) + tl.load(acc + at, mask=there, other=0.0) + added
        y = tl.minimum(tl.maximum(y, _SCORE_LOW), _SCORE_HIGH)
        tl.store(scores + at, y, mask=there)


@triton.jit
def leak_backward(
    grad_scores, decay, grad_acc, lanes, classes, STEPS: tl.constexpr, BLOCK: tl.constexpr
):
    """Gradient of the currents from that of the scores."""
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = lane < lanes
    kept = tl.load(decay + lane % classes, mask=there, other=0.0) * _FRACTION
    g = tl.zeros((BLOCK,), tl.float32)
    for step in range(STEPS):
        at = (STEPS - 1 - step) * lanes + lane
        g = tl.load(grad_scores + at, mask=there, other=0.0) + g * kept
        tl.store(grad_acc + at, g, mask=there)


@triton.jit
def hold(features, delta, seen, sent, lanes, STEPS: tl.constexpr, BLOCK: tl.constexpr):
    """Delta coding: what the synapses see of float32 `features`, and 1 where it was sent."""
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = lane < lanes
    held = tl.zeros((BLOCK,), tl.float32)
    for t in range(STEPS):
        at = t * lanes + lane
        x = tl.load(features + at, mask=there, other=0.0)
        moved = tl.abs(x - held) > delta
        held = tl.where(moved, x, held)
        tl.store(seen + at, held, mask=there)
        tl.store(sent + at, tl.where(moved, 1.0, 0.0), mask=there)


@triton.jit
def gather_taps(source, delays, out, every, batch, pre, TAPS: tl.constexpr, BLOCK: tl.constexpr):
    """`out[t, b, k·pre + j] = source[t − delays[k, j], b, j]`, 0 before the first step."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = i < every
    row, tap = i // (TAPS * pre), i % (TAPS * pre)
    t, b = row // batch, row % batch
    when = t - tl.load(delays + tap, mask=there, other=0).to(tl.int32)
    heard = there & (when >= 0)
    x = tl.load(source + (when * batch + b) * pre + tap % pre, mask=heard, other=0.0)
    tl.store(out + i, x, mask=there)


@triton.jit
def scatter_taps(
    grad_taps, delays, out, every, batch, pre, STEPS, TAPS: tl.constexpr, BLOCK: tl.constexpr
):
    """`out[t, b, j] = Σ_k grad_taps[t + delays[k, j], b, k·pre + j]`: the adjoint of gathering."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = i < every
    row, j = i // pre, i % pre
    t, b = row // batch, row % batch
    total = tl.zeros((BLOCK,), tl.float32)
    for k in range(TAPS):
        when = t + tl.load(delays + k * pre + j, mask=there, other=0).to(tl.int32)
        at = ((when * batch + b) * TAPS + k) * pre + j
        total += tl.load(grad_taps + at, mask=there & (when < STEPS), other=0.0)
    tl.store(out + i, total, mask=there)
