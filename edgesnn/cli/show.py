"""`edgesnn show`: a network, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.cli import options
from edgesnn.cli.output import print_json

if TYPE_CHECKING:
    pass


def show(source: options.Source, json: options.Json = False) -> None:
    """Print a network: layers, synapses, parameters and the proven ranges of every membrane."""
    from edgesnn.network import identity, listing
    from edgesnn.network.bounds import membrane_bounds
    from edgesnn.pipeline.folder import load_source

    network = load_source(source).network
    if not json:
        print(listing(network), end="")
        return
    layers = [
        {
            "name": layer.name,
            "shape": list(layer.shape),
            "neuron": type(layer.neuron).__name__,
            "sources": [group.source for group in layer.synapses],
            "bits": [group.bits for group in layer.synapses],
            "low": bounds.low,
            "high": bounds.high,
            "saturates": bounds.saturates,
        }
        for layer in network.layers
        for bounds in [membrane_bounds(network, layer)]
    ]
    print_json(
        {
            "name": network.name,
            "sha256": identity(network),
            "classes": list(network.classes),
            "notes": dict(network.notes),
            "layers": layers,
        }
    )


def schema() -> None:
    """Print the JSON Schema of the energy report, the `energy` of `simulate --board --json`."""
    import sys

    from edgesnn.pipeline.energy_report import schema_text

    sys.stdout.write(schema_text())
