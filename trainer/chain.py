"""Chains of clips: one is heard behind another without a reset, as in the stream of a device.

The network runs over chains, the loss looks at clips: `chained` lays the clips of a batch one
behind another, `unchained` cuts what the network did of them into clips again. No step is run
more than once, so context costs nothing.
"""

from __future__ import annotations

from torch import Tensor

from edgesnn.trainer.response import Outcome
from edgesnn.trainer.spiking import Trace


def chained(clips: Tensor, links: int) -> Tensor:
    """`(T, B, …)` to `(links · T, B / links, …)`: clip `b + B / links` follows clip `b`.

    `B` is a multiple of `links`.
    """
    if links == 1:
        return clips
    steps, batch, *rest = clips.shape
    parts = clips.view(steps, links, batch // links, *rest).transpose(0, 1)
    return parts.reshape(links * steps, batch // links, *rest)


def cut(chains: Tensor, links: int) -> Tensor:
    """The inverse of `chained`."""
    steps, rows, *rest = chains.shape
    parts = chains.view(links, steps // links, rows, *rest).transpose(0, 1)
    return parts.reshape(steps // links, links * rows, *rest)


def unchained(outcome: Outcome, links: int) -> Outcome:
    """What the network did in each clip of its chains."""
    if links == 1:
        return outcome
    layers = tuple(_unchained(trace, links) for trace in outcome.layers)
    return Outcome(cut(outcome.logits, links), layers, cut(outcome.sent, links))


def _unchained(trace: Trace, links: int) -> Trace:
    # Membranes are not asked for while training: they stay as they are, in chains.
    return trace._replace(spikes=cut(trace.spikes, links))
