"""C programs at four optimisation levels: output, exit code and instruction count are QEMU's."""

from pathlib import Path

import pytest

from edgesnn.sim.core import simulate_elf

from .machines import (
    HARD_TARGETS,
    M4,
    PROGRAMS,
    TARGETS,
    Target,
    build_counter,
    compile_program,
    emulate,
    needs_gcc,
    needs_qemu,
)

NAMES = ("arithmetic", "text", "floating", "control", "signal", "system")
HARD_NAMES = ("numeric", "context", "floating")
SUPPORT = PROGRAMS / "support.c"

pytestmark = [needs_gcc, needs_qemu]


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_counter(tmp_path_factory.mktemp("plugin"))


def _agree(target: Target, name: str, level: str, folder: Path, counter: Path) -> None:
    sources = [SUPPORT, PROGRAMS / f"{name}.c"]
    image = compile_program(target, sources, folder / "program.elf", level)
    ours = simulate_elf(image, target.core, layout=target.layout)
    theirs = emulate(target, image, counter)
    assert (ours.output, ours.code, ours.instructions) == (
        theirs.output, theirs.code, theirs.instructions,
    )  # fmt: skip


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.core)
@pytest.mark.parametrize("name", NAMES)
def test_program_agrees_with_qemu(target: Target, name: str, tmp_path: Path, counter: Path) -> None:
    _agree(target, name, "-O2", tmp_path, counter)


@pytest.mark.parametrize("level", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize("name", NAMES)
def test_optimisation_levels_agree_with_qemu(
    level: str, name: str, tmp_path: Path, counter: Path
) -> None:
    _agree(M4, name, level, tmp_path, counter)


@pytest.mark.parametrize("target", HARD_TARGETS, ids=lambda target: target.core)
@pytest.mark.parametrize("name", HARD_NAMES)
def test_hard_floats_agree_with_qemu(
    target: Target, name: str, tmp_path: Path, counter: Path
) -> None:
    _agree(target, name, "-O2", tmp_path, counter)


@pytest.mark.parametrize("level", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize("name", HARD_NAMES[:2])
def test_optimised_hard_floats_agree_with_qemu(
    level: str, name: str, tmp_path: Path, counter: Path
) -> None:
    _agree(HARD_TARGETS[0], name, level, tmp_path, counter)


@pytest.mark.slow
@pytest.mark.parametrize("target", HARD_TARGETS, ids=lambda target: target.core)
def test_all_hard_floats_agree_with_qemu(target: Target, tmp_path: Path, counter: Path) -> None:
    for name in (*HARD_NAMES, "signal", "system"):
        for level in ("-O0", "-Os", "-O2", "-O3"):
            _agree(target, name, level, tmp_path, counter)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.core)
def test_everything_agrees_with_qemu(target: Target, tmp_path: Path, counter: Path) -> None:
    for name in NAMES:
        for level in ("-O0", "-Os", "-O2", "-O3"):
            _agree(target, name, level, tmp_path, counter)
