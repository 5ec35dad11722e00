"""`edgesnn simulate` as a function: a test set through the Numba engine, and what it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgesnn.network import Network
from edgesnn.pipeline.datasets import Clips, Recordings
from edgesnn.pipeline.folder import load_source
from edgesnn.pipeline.say import Say, silent
from edgesnn.pipeline.verify import stimulus
from edgesnn.progress import progress

if TYPE_CHECKING:
    from edgesnn.sim.report import SimulationReport


def measure(network: Network, clips: Clips) -> SimulationReport:
    """Run all `clips`, with a progress bar."""
    from edgesnn.sim import simulate

    with progress(f"run {clips.origin}", len(clips.features)) as advance:
        return simulate(network, clips.features, clips.labels, advance)


def simulate_source(
    source: Path,
    recordings: Recordings | None = None,
    split: str = "testing",
    limit: int = 0,
    say: Say = silent,
) -> tuple[SimulationReport, Clips]:
    """Run a split of the recordings through the network of a build folder or a `.esnn` file.

    Returns the report and the clips that it is of.

    Args:
        source: see `edgesnn.pipeline.folder.load_source`.
        recordings: None for those that the network was trained on, where they are at hand.
        split: `training`, `validation` or `testing`.
        limit: clips, evenly spread over the split; all where it is 0.
        say: told when a step begins.
    """
    loaded = load_source(source)
    heard = stimulus(loaded.network, recordings, loaded.recorded(), limit, split)
    say(f"run {heard.origin}")
    return measure(loaded.network, heard), heard
