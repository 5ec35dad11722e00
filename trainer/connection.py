"""Who feeds whom in a spiking model, in numbers: what costs and activity are counted from."""

from __future__ import annotations

from typing import NamedTuple

#: The source of what the input feeds.
FROM_INPUT = -1


class Connection(NamedTuple):
    """Synapses from one layer to another.

    Attributes:
        source: number of the spiking layer, or `FROM_INPUT`.
        reader: number of the layer that is fed; the readout's is that of the spiking layers.
        synapses: how many, padding left out.
        bits: of their weights.
        taps: steps in which a spike arrives.
    """

    source: int
    reader: int
    synapses: int
    bits: int
    taps: int = 1
