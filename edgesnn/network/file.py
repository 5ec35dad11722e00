"""The `.esnn` file: an integer network on disk (docs/SPEC.md §6)."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edgesnn.files import write_atomic
from edgesnn.network.codec import Codec, read_file
from edgesnn.network.detector import Detector
from edgesnn.network.graph import Input, Layer, Network
from edgesnn.network.neurons import AdaptiveLeaky, IntegrateAndFire, Leaky, Readout
from edgesnn.network.presentation import Presentation
from edgesnn.network.synapses import Conv1d, Conv2d, Dense, Identity, Pool, Sparse

#: Major version of the format, and the newest minor version that is read.
FORMAT = (1, 2)

#: Fields that came with a later minor version: absent where they are None, so that a network
#: without them has the bytes, and the identity, that it always had.
_SINCE = {"detector": 1, "presentation": 2}

_CODEC = Codec(
    "esnn",
    FORMAT,
    (
        Network, Input, Layer, Dense, Sparse, Conv1d, Conv2d, Pool, Identity,
        IntegrateAndFire, Leaky, AdaptiveLeaky, Readout, Detector,
        Presentation,
    ),
    _SINCE,
)  # fmt: skip


def dumps(network: Network) -> bytes:
    """The bytes of `network`'s file; the same network gives the same bytes."""
    return _CODEC.dumps(network)


def loads(data: bytes, name: str = "network") -> Network:
    """Read a network from the bytes of a file; `name` stands for it in errors.

    Raises:
        FileFormatError: damaged, truncated, or of another version.
        NetworkError: intact, but the network breaks a rule of docs/SPEC.md.
    """
    network = _CODEC.loads(data, name)
    assert isinstance(network, Network)
    return network


def identity(network: Network) -> str:
    """SHA-256 of the network's file in hexadecimal: its name in C, logs and reports."""
    return hashlib.sha256(dumps(network)).hexdigest()


def save_network(network: Network, path: Path) -> None:
    """Write `network` to `path`, whole or not at all."""
    write_atomic(path, dumps(network))


def load_network(path: Path) -> Network:
    """Read a `.esnn` file; raises as `loads`, and FileFormatError where it cannot be read."""
    return loads(read_file(path), str(path))
