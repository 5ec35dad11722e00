"""Networks that ship with the package, trained by the project itself."""

from __future__ import annotations

from importlib.resources import files

from edgesnn.errors import UsageError
from edgesnn.network import Network, loads


def names() -> tuple[str, ...]:
    """The shipped networks, sorted."""
    folder = files("edgesnn").joinpath("networks")
    if not folder.is_dir():
        return ()
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".esnn") for name in found if name.endswith(".esnn")))


def load_pretrained(name: str) -> Network:
    """Read a shipped network.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in names():
        known = ", ".join(names()) or "none in this installation"
        raise UsageError(f"no network called {name!r} comes with edgesnn; there are: {known}")
    data = files("edgesnn").joinpath("networks", f"{name}.esnn").read_bytes()
    return loads(data, f"pretrained network {name}")
