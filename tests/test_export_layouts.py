"""Exports for a core or a board: the code is its fastest, or what it has room for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesnn.boards import CORES, find_board
from edgesnn.cli.boundary import run
from edgesnn.codegen import generate
from edgesnn.codegen.choose import AUTO, TITLES, Layout, parse_layout
from edgesnn.codegen.fit import CODE_BYTES
from edgesnn.network import save_network
from edgesnn.pipeline.export import ExportRequest, export_from

from .codegen_networks import relay_network, tiny_network


@pytest.mark.parametrize(
    ("aim", "layout"),
    [
        ([], AUTO),
        (["--core", "m0plus"], AUTO.on(CORES["m0plus"])),
        (["--core", "cortex-m3"], AUTO.on(CORES["m3"])),
        (["--board", "pico"], AUTO.on(CORES["m0plus"])),
        (["--core", "m0", "--layout", "first=rows8"], parse_layout(["m0", "first=rows8"])),
    ],
)
def test_code_is_laid_out_for_the_core_or_board_that_is_named(
    aim: list[str], layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Byte for byte what is generated for that core: `words` on Cortex-M0, lanes on M4."""
    network = relay_network(bits=4, threshold=30)
    save_network(network, tmp_path / "relay.esnn")
    out = tmp_path / "out"
    command = ["export", str(tmp_path / "relay.esnn"), "--format", "cmake", "-o", str(out)]
    assert run([*command, *aim, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    stated = " ".join(["edgesnn export relay --format cmake", *aim])
    code = generate(network, tmp_path / "c", command=stated, layout=layout)
    assert (out / "src" / "relay.c").read_bytes() == code.source.read_bytes()
    assert (out / "include" / "relay.h").read_bytes() == code.header.read_bytes()
    assert record["cores"] == TITLES[layout.cores]
    assert f"fast on {TITLES[layout.cores]};" in (out / "README.md").read_text()
    assert record["plan"]["flash_bytes"] == code.plan.flash_bytes


def test_a_board_without_room_gets_smaller_code(tmp_path: Path) -> None:
    """Wider than a micro:bit's 256 KiB hold in the fastest layout."""
    network = relay_network(bits=4, width=460, threshold=30)
    board = find_board("microbit")
    save_network(network, tmp_path / "relay.esnn")
    fastest = export_from(_request(tmp_path, core="m0"))["plan"]["flash_bytes"]
    fitted = export_from(_request(tmp_path, board="microbit"))["plan"]["flash_bytes"]
    assert fitted + CODE_BYTES <= board.flash.size < fastest + CODE_BYTES


def _request(folder: Path, **aim: str) -> ExportRequest:
    return ExportRequest(folder / "relay.esnn", "single-file", output=folder / "out", **aim)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("aim", "status", "complaint"),
    [
        (["--core", "m5"], 2, "no core is called 'm5'; choose from m0, m0plus, m3"),
        (["--core", "m4", "--board", "pico"], 2, "--board says what its core is; leave out --core"),
        (["--core", "m4", "--layout", "m0plus"], 2, "leave out --layout m0plus"),
        (["--board", "picco"], 1, "no board is called 'picco'; did you mean pico"),
        (["--layout", "hidden=currents", "--layout", "rows"], 2, "unknown layout 'rows'"),
    ],
)
def test_aims_that_are_refused(
    aim: list[str], status: int, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_network(tiny_network(), tmp_path / "tiny.esnn")
    command = ["export", str(tmp_path / "tiny.esnn"), "--format", "cmake"]
    assert run([*command, "-o", str(tmp_path / "out"), *aim]) == status
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
