"""Neurons of one network into another, with what feeds them and all of their parameters."""

from __future__ import annotations

import torch
from torch import Tensor

from edgesnn.trainer.layers import RESTING, ReadoutLayer, SpikingLayer

Reader = SpikingLayer | ReadoutLayer


@torch.no_grad()
def transplant(
    source: Reader, target: Reader, kept: Tensor, before: Tensor, taps: list[int] | None = None
) -> None:
    """Make the first neurons of `target` those of `source` with the indices `kept`.

    They hear the first inputs of `target` as they heard the inputs `before` of `source`; for
    whatever else there is to hear their weights are zero.

    Args:
        source: a layer.
        target: one like it, recurrent if it is, with room for `kept` and `before`; changed in
            place. Parameters that it lacks are passed over.
        kept: indices of neurons of `source`, int64 `(n,)`.
        before: indices of the inputs of `source`, int64 `(m,)`.
        taps: for each tap of `source` its place among those of `target`; None: the same.
    """
    rows, heard = len(kept), len(before)
    places = list(range(len(source.delays))) if taps is None else taps
    target.delays[places, :heard] = source.delays[:, before]
    weight, given = _by_tap(target), _by_tap(source)
    weight[:rows] = 0.0
    for tap, place in enumerate(places):
        weight[:rows, place, :heard] = given[kept, tap][:, before]
    own = dict(target.named_parameters()) | dict(target.named_buffers())
    for name, values in (*source.named_parameters(), *source.named_buffers()):
        if name == "recurrent":
            own[name][:rows] = 0.0
            own[name][:rows, :rows] = values[kept][:, kept]
        elif name == RESTING and name in own:  # not where it need not rest any more
            own[name][:heard] = values[before]
        elif values.ndim == 1 and name in own and not name.startswith("synapses."):
            own[name][:rows] = values[kept]


def _by_tap(layer: Reader) -> Tensor:
    """The weights `(post, taps, pre)` of a layer, not a copy."""
    weight = layer.synapses.weight
    return weight.view(len(weight), len(layer.delays), -1)
