"""Lowering: a trained model in, an exact integer network out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from edgesnn.errors import UsageError
from edgesnn.network import Network, identity
from edgesnn.network.bounds import current_bounds, membrane_bounds
from edgesnn.quantize.passes import PASSES
from edgesnn.quantize.state import Lowering
from edgesnn.trained import TrainedNetwork

#: Called after each pass with its name and the listing.
Show = Callable[[str, str], None]


@dataclass(frozen=True)
class LayerRanges:
    """Proven ranges of a layer (docs/SPEC.md): current, membrane before the reset, adaptation.

    Where `saturates` is false the clamp of the membrane never acts.
    """

    layer: str
    current: tuple[int, int]
    membrane: tuple[int, int]
    saturates: bool
    adaptation: tuple[int, int]
    adaptation_saturates: bool


@dataclass(frozen=True)
class LoweringReport:
    """What lowering found.

    Attributes:
        sha256: identity of the network.
        warnings: one line each; the network is exact in spite of them.
        ranges: one a layer.
    """

    sha256: str
    warnings: tuple[str, ...]
    ranges: tuple[LayerRanges, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def lower(
    trained: TrainedNetwork, *, sparse_below: float = 0.0, show: Show | None = None
) -> Network:
    """The integer network of `trained`; see `lower_with_report`."""
    return lower_with_report(trained, sparse_below=sparse_below, show=show)[0]


def lower_with_report(
    trained: TrainedNetwork, *, sparse_below: float = 0.0, show: Show | None = None
) -> tuple[Network, LoweringReport]:
    """Run `PASSES` over `trained`.

    Args:
        trained: the model.
        sparse_below: dense groups with a smaller share of non-zero weights are stored sparse.
        show: called after each pass with its name and a listing of the state.

    Raises:
        LoweringError: the model has no exact integer network; names the layer and the fault.
        UsageError: `sparse_below` is not a share.
    """
    if not 0.0 <= sparse_below <= 1.0:
        raise UsageError(f"sparse_below is {sparse_below}; give a density from 0 to 1")
    state = Lowering(trained=trained, sparse_below=sparse_below)
    for each in PASSES:
        state = each(state)
        if show is not None:
            show(each.__name__, state.listing())
    assert state.network is not None
    report = LoweringReport(identity(state.network), state.warnings, ranges_of(state.network))
    return state.network, report


def ranges_of(network: Network) -> tuple[LayerRanges, ...]:
    """The proven ranges of every layer."""
    result = []
    for layer in network.layers:
        current, bounds = current_bounds(network, layer), membrane_bounds(network, layer)
        result.append(
            LayerRanges(
                layer.name,
                (int(current.low.min()), int(current.high.max())),
                (bounds.low, bounds.high),
                bounds.saturates,
                (bounds.adaptation_low, bounds.adaptation_high),
                bounds.adaptation_saturates,
            )
        )
    return tuple(result)
