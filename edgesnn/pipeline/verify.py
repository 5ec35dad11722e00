"""`edgesnn verify` as a function: a network, its stimulus, the ladder, the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesnn.errors import UsageError
from edgesnn.network import Network, identity
from edgesnn.pipeline.datasets import (
    SYNTHETIC,
    Clips,
    Recordings,
    clips_of,
    ears,
    of_task,
    open_recordings,
    random_clips,
    recordings_at_hand,
    require_split,
)
from edgesnn.pipeline.folder import Loaded, load_source, write_json
from edgesnn.pipeline.images import image_clips, sees_pixels
from edgesnn.pipeline.ladder import Rung, Subject, climb
from edgesnn.pipeline.say import Say, silent


@dataclass(frozen=True)
class Verification:
    """What was compared with what."""

    network: Network
    stimulus: str
    rungs: tuple[Rung, ...]

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "network": self.network.name,
            "sha256": identity(self.network),
            "reference": "Numba",
            "stimulus": self.stimulus,
            "rungs": [rung.record() for rung in self.rungs],
        }


def verify_source(
    source: Path,
    rungs: Sequence[str],
    recordings: Recordings | None = None,
    clips: int = 100,
    emulated_clips: int = 5,
    core_clips: int | None = None,
    say: Say = silent,
) -> Verification:
    """Climb the ladder with the network of a build folder or file; a folder keeps the record."""
    loaded = load_source(source)
    heard = stimulus(loaded.network, recordings, loaded.recorded(), clips)
    subject = Subject(
        loaded.network, heard.features, heard.pcm, _run_of(loaded), emulated_clips, core_clips
    )
    result = Verification(loaded.network, heard.origin, tuple(climb(subject, rungs, say)))
    if loaded.folder is not None:
        write_json(loaded.folder.verify, result.record())
    return result


def stimulus(
    network: Network,
    recordings: Recordings | None,
    recorded: Mapping[str, str | None],
    clips: int,
    split: str = "testing",
) -> Clips:
    """Clips of the recordings named, of those the network was trained on, or made up.

    Raises:
        UsageError: no such split; recordings are named for a network that cannot hear.
        DataError: the recordings are missing, corrupt or too few.
    """
    require_split(split)
    if sees_pixels(network):
        return image_clips(network, recordings, split, clips)
    if ears(network) is None:
        if recordings is not None:
            raise UsageError(
                f"network {network.name} has no front-end, so it cannot hear recordings; "
                "leave out --dataset and --data-dir"
            )
        return random_clips(network, clips or 100)
    chosen = of_task(recordings, network) or recordings_at_hand(network, recorded)
    classes = None if chosen.dataset == SYNTHETIC else network.classes
    heard = clips_of(network, open_recordings(chosen, classes), split).some(clips)
    learned = network.notes.get("dataset", SYNTHETIC)
    if recordings is None and chosen.dataset == SYNTHETIC != learned:
        return replace(heard, origin=f"{heard.origin} (no recordings of {learned} at hand)")
    return heard


def _run_of(loaded: Loaded) -> Path | None:
    """The training run that the network came from, where it lies in the same build folder."""
    if loaded.folder is None or not loaded.folder.trained.is_file():
        return None
    return loaded.folder.run
