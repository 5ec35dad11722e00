"""Recordings for training, measuring and verifying: named by a user or by the network itself."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edgesnn.errors import DataError, NetworkError, UsageError
from edgesnn.network import Network

if TYPE_CHECKING:
    from edgesnn.frontend import FrontEnd
    from edgesnn.trainer.data import Dataset
    from edgesnn.trainer.data.images import ImageDataset

SYNTHETIC, GSC, FOLDER, CIFAR10 = "synthetic", "gsc", "folder", "cifar10"


@dataclass(frozen=True)
class Recordings:
    """Which recordings a user means.

    Attributes:
        dataset: `synthetic`, `gsc`, `cifar10`, or the path of a folder; None where nothing was
            said.
        task: keywords, `12` or `35`; None for the dataset's own.
        data_dir: where the recordings of `gsc` or the images of `cifar10` lie; None to look for
            them.
    """

    dataset: str | None = None
    task: str | None = None
    data_dir: Path | None = None

    @property
    def name(self) -> str:
        """A short name for output folders."""
        chosen = self.dataset or SYNTHETIC
        return Path(chosen).resolve().name if self.is_folder else chosen

    @property
    def is_folder(self) -> bool:
        """Whether `dataset` is a path and not a name."""
        return self.dataset not in (None, SYNTHETIC, GSC, CIFAR10)

    def require_sense(self) -> None:
        """Raise UsageError for an unknown dataset, or an option that it does not have."""
        if self.is_folder:
            if not Path(str(self.dataset)).is_dir():
                raise UsageError(
                    f"no dataset or folder is called {self.dataset}; take {SYNTHETIC}, {GSC}, "
                    f"{CIFAR10}, or a folder with one folder of recordings a word"
                )
            if self.data_dir is not None:
                raise UsageError(
                    f"--data-dir is for {GSC} and {CIFAR10}; --dataset names the folder already"
                )
        elif self.dataset == CIFAR10 and self.task:
            raise UsageError(f"--task is of keywords; {CIFAR10} has ten classes of its own")
        elif self.dataset not in (GSC, CIFAR10) and (self.task or self.data_dir):
            option = "--task" if self.task else "--data-dir"
            raise UsageError(f"{option} needs recordings: add --dataset gsc or --dataset FOLDER")

    def record(self) -> dict[str, Any]:
        """Plain values, for the build's report."""
        folder = None if self.data_dir is None else str(self.data_dir.resolve())
        dataset = str(Path(str(self.dataset)).resolve()) if self.is_folder else self.dataset
        return {"dataset": dataset or SYNTHETIC, "task": self.task, "data_dir": folder}


def named_recordings(dataset: str | None, data_dir: Path | None) -> Recordings | None:
    """What a user named to measure with; None where nothing was said. A data-dir means gsc."""
    if dataset is None and data_dir is None:
        return None
    return Recordings(dataset or GSC, None, data_dir)


def must_download(recordings: Recordings) -> bool:
    """Whether Speech Commands or CIFAR-10 is meant and is not on this machine.

    Raises:
        DataError: `data_dir` or `$EDGESNN_DATA` names a folder without recordings.
    """
    from edgesnn.trainer.data.cifar import find_cifar10
    from edgesnn.trainer.data.locate import find_recordings

    if recordings.dataset == CIFAR10:
        return find_cifar10(recordings.data_dir) is None
    return recordings.dataset == GSC and find_recordings(recordings.data_dir) is None


def require_at_hand(recordings: Recordings) -> None:
    """Raise DataError where `must_download`."""
    if not must_download(recordings):
        return
    if recordings.dataset == CIFAR10:
        raise DataError(
            "no images of CIFAR-10 here; edgesnn data download --dataset cifar10 fetches them, "
            "--data-dir names their folder"
        )
    raise DataError(
        "no recordings of Speech Commands here; edgesnn data download fetches them, "
        "--data-dir names their folder"
    )


def open_recordings(
    recordings: Recordings, classes: Sequence[str] | None = None, *, download: bool = False
) -> Dataset:
    """Open what `recordings` name; `classes`, a network's own, take the place of the task.

    Speech Commands is fetched only where `download` allows it.

    Raises:
        UsageError: an option that the dataset does not have; no such dataset, or one of images.
        DataError: the recordings are missing, corrupt or too few.
    """
    from edgesnn.trainer.data import open_dataset

    recordings.require_sense()
    if recordings.dataset == CIFAR10:
        raise UsageError(f"{CIFAR10} holds images, and this needs recordings of sound")
    if not download:
        require_at_hand(recordings)
    task: str | Sequence[str] | None = recordings.task or classes
    if recordings.is_folder:
        return open_dataset(FOLDER, data_dir=Path(str(recordings.dataset)), task=task)
    if recordings.dataset == GSC:
        return open_dataset(GSC, data_dir=recordings.data_dir, task=task)
    return open_dataset(SYNTHETIC)


def open_data(recordings: Recordings, *, download: bool = False) -> Dataset | ImageDataset:
    """Open what `recordings` name, sound or images.

    Raises:
        UsageError, DataError: as `open_recordings`.
    """
    if recordings.dataset != CIFAR10:
        return open_recordings(recordings, download=download)
    from edgesnn.trainer.data.cifar import open_cifar10

    recordings.require_sense()
    if not download:
        require_at_hand(recordings)
    return open_cifar10(recordings.data_dir)


@dataclass(frozen=True)
class Clips:
    """Features to run a network on.

    Attributes:
        features: int8 `(clips, steps, channels)`.
        labels: int64 `(clips,)`; None where the clips are not of the network's classes.
        names: one a clip.
        pcm: int16 `(clips, samples)`; None for a network without a front-end.
        origin: where they come from, in words.
    """

    features: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int64] | None
    names: tuple[str, ...]
    pcm: npt.NDArray[np.int16] | None
    origin: str

    def some(self, limit: int) -> Clips:
        """At most `limit` of the clips, evenly spread; all where it is 0."""
        chosen = spread(len(self.names), limit)
        return self if len(chosen) == len(self.names) else self.picked(chosen)

    def picked(self, chosen: npt.NDArray[np.int64]) -> Clips:
        """The clips with these indices."""
        return Clips(
            self.features[chosen],
            None if self.labels is None else self.labels[chosen],
            tuple(self.names[index] for index in chosen),
            None if self.pcm is None else self.pcm[chosen],
            f"{len(chosen)} of {self.origin}",
        )


def clips_of(network: Network, dataset: Dataset, split: str) -> Clips:
    """Decode a split and run the network's front-end over it, or that of its images.

    Labels are given where the dataset has the network's classes; PCM for a front-end of its own.

    Raises:
        NetworkError: the network has no front-end.
        DataError: the split is empty, a file cannot be used, or the front-end has another rate.
    """
    from edgesnn.frontend import at_rate, features
    from edgesnn.trainer.data import load_pcm

    front, shown = ears(network), network.presentation
    if front is None:
        raise NetworkError(f"network {network.name} has no front-end, so it cannot hear recordings")
    decoded = load_pcm(dataset, split)
    pcm = at_rate(np.ascontiguousarray(decoded.pcm), front)
    heard = features(pcm, front)
    same = dataset.classes == network.classes
    return Clips(
        heard if shown is None else shown.features(heard),
        decoded.labels if same else None,
        decoded.names,
        pcm if shown is None else None,
        f"{len(decoded)} {split} clips of {dataset.name}",
    )


def ears(network: Network) -> FrontEnd | None:
    """The front-end by which a network hears, its own or that of the images it is shown."""
    shown = network.presentation
    return network.frontend if shown is None else shown.frontend


def spread(count: int, limit: int) -> npt.NDArray[np.int64]:
    """Indices of at most `limit` of `count` things, evenly spread; all where `limit` is 0."""
    if limit == 0 or limit >= count:
        return np.arange(count)
    return np.arange(limit) * count // limit


def random_clips(network: Network, count: int, steps: int = 50) -> Clips:
    """Pseudo-random int8 features for a network that has no front-end; always the same."""
    generator = np.random.Generator(np.random.PCG64(0))
    shown = network.presentation
    shape = (count, steps if shown is None else 1, math.prod(network.input.shape))
    made = generator.integers(-128, 128, shape, np.int8)
    return Clips(
        made if shown is None else np.repeat(made, shown.steps, axis=1),
        None,
        tuple(f"random {index}" for index in range(count)),
        None,
        f"{count} clips of pseudo-random features",
    )


def require_split(split: str) -> None:
    """Raise UsageError where no split has that name."""
    from edgesnn.trainer.data import SPLITS

    if split not in SPLITS:
        raise UsageError(f"no split is called {split!r}; the splits are {', '.join(SPLITS)}")


def of_task(named: Recordings | None, network: Network) -> Recordings | None:
    """The recordings that a user named, with the task that the network learned from them.

    Classes alone do not make a test set: how many unknown words it holds is the task's.
    """
    learned = network.notes.get("task")
    if named is None or named.task or learned is None:
        return named
    return replace(named, task=learned) if named.dataset == network.notes.get("dataset") else named


def recordings_at_hand(network: Network, recorded: Mapping[str, str | None]) -> Recordings:
    """What a network was trained on where it can be had without a download, else synthetic.

    `recorded` is the recordings' part of a build report; a network's own note comes next.
    """
    from edgesnn.trainer.data.locate import find_recordings

    named = recorded.get("dataset") or network.notes.get("dataset", SYNTHETIC)
    place = recorded.get("data_dir")
    data_dir = Path(place) if place else None
    task = recorded.get("task") or network.notes.get("task")
    if named == GSC:
        with contextlib.suppress(DataError):
            if find_recordings(data_dir) is not None:
                return Recordings(GSC, task, data_dir)
    if "/" in named and Path(named).is_dir():
        return Recordings(named, task)
    return Recordings(SYNTHETIC)
