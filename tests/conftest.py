"""Fixtures that all tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from .compile_once import compile_one_at_a_time, make_locks, remove_locks

if shutil.which("nvidia-smi") is None:
    # Triton reads it when it is imported, and something else may import it first.
    os.environ.setdefault("TRITON_INTERPRET", "1")

CHECKOUT = Path(__file__).resolve().parent.parent


def find_data(inside: str, marker: str = "") -> Path | None:
    """A file or folder of the shared data, or None where it, or `marker` in it, is absent."""
    named = os.environ.get("EDGESNN_DATA")
    found = (Path(named) if named else CHECKOUT.parent / "shared" / "data") / inside
    return found if (found / marker).exists() else None


def find_speech_commands() -> Path | None:
    """The folder with the Google Speech Commands recordings, or None where it is absent."""
    return find_data("speech_commands", "manifest.csv")


@pytest.fixture(scope="session")
def speech_commands() -> Path:
    """The recordings' folder; skips where they are absent."""
    folder = find_speech_commands()
    if folder is None:
        pytest.skip(
            "no Google Speech Commands recordings: set EDGESNN_DATA to a folder that holds "
            "speech_commands/, or put it at ../shared/data beside the checkout"
        )
    return folder


@pytest.fixture(scope="session")
def cifar10_images() -> Path:
    """The archive of recompressed CIFAR-10 images; skips where it is absent."""
    archive = find_data("cifar10_jpeg.tar.xz")
    if archive is None:
        pytest.skip(
            "no CIFAR-10 images: set EDGESNN_DATA to a folder that holds cifar10_jpeg.tar.xz, "
            "or put it at ../shared/data beside the checkout"
        )
    return archive


def pytest_configure(config: pytest.Config) -> None:
    """Let processes that share the tests share the cores, and what they compile."""
    if hasattr(config, "workerinput"):
        import numba

        os.environ.setdefault("OMP_NUM_THREADS", "1")
        numba.set_num_threads(1)
        compile_one_at_a_time()
    elif getattr(config.option, "numprocesses", None):
        make_locks()
        config.add_cleanup(remove_locks)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files go to processes whole: what a file makes once is made by one process."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log) if config.option.dist == "load" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes golden files anew instead of only comparing."""
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--update-golden"))
