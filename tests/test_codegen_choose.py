"""The layout planner: what it takes, what forces it, and the code that comes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from edgesnn.boards import find_board
from edgesnn.cli.boundary import run
from edgesnn.codegen import compile_firmware, cross_compiler, generate, memory_plan
from edgesnn.codegen.choose import AUTO, Layout, choose, parse_layout
from edgesnn.codegen.fit import CODE_BYTES, COMPACT_BYTES, layout_for
from edgesnn.errors import CompileError, UsageError
from edgesnn.network import Network, save_network
from edgesnn.pipeline.pretrained import load_pretrained

from .codegen_networks import relay_network, tiny_network


def test_the_planner_takes_the_cheapest_and_a_flag_forces_any() -> None:
    network = relay_network(bits=4, threshold=30)
    layer = network.by_name["second"]
    chosen = choose(network, layer)
    assert chosen.kernel == "rows4" and chosen.form is not None
    options = {option.kernel: option for option in chosen.options}
    assert options["rows4"].flash_bytes * 2 == options["rows8"].flash_bytes == 128 * 128
    assert options["rows8"].cycles < options["currents"].cycles
    assert options["rows4"].cycles < options["currents"].cycles
    forced = choose(network, layer, parse_layout(["currents", "second=rows8"]))
    assert forced.kernel == "rows8"
    assert choose(network, layer, Layout(kernel="currents")).form is None
    plans = [memory_plan(network, parse_layout([word])).flash_bytes for word in ("rows8", "rows4")]
    assert plans[0] - plans[1] == (40 + 128) * 64 + 128 * 8
    readout = choose(network, network.readout)
    assert readout.kernel == "rows4" and readout.form is None


def test_a_small_board_gets_smaller_layouts() -> None:
    """Room for all in words, for one layer of two, for none, for none of it but in compact code,
    and for nothing at all."""
    network = relay_network(bits=4, threshold=30)
    board = find_board("microbit")
    names = ["first", "second", "readout"]

    def kernels(flash: int, compact: bool = False) -> list[str]:
        smaller = replace(board, flash=replace(board.flash, size=flash))
        layout = layout_for(network, smaller)
        assert (layout.cores, layout.compact) == ("m0", compact)
        return [choose(network, network.by_name[name], layout).kernel for name in names]

    fastest = memory_plan(network, AUTO.on(board.core)).flash_bytes + CODE_BYTES
    assert kernels(fastest) == ["words"] * len(names)
    tight = kernels(fastest - 1)
    assert tight.count("words") == len(names) - 1
    least = memory_plan(network, Layout(kernel="rows4", cores="m0")).flash_bytes + CODE_BYTES
    assert "words" not in kernels(least)[:2]
    assert len(kernels(least - 4096, compact=True)) == len(names)
    assert kernels(COMPACT_BYTES) == ["words"] * len(names)


def test_layouts_that_cannot_be_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = relay_network()
    with pytest.raises(UsageError, match="second cannot be laid out as rows4; choose from rows8"):
        generate(network, tmp_path, layout=parse_layout(["second=rows4"]))
    with pytest.raises(UsageError, match="no layer is called 'third'; the layers are relay, fi"):
        generate(network, tmp_path, layout=parse_layout(["third=rows8"]))
    save_network(network, tmp_path / "relay.esnn")
    command = ["generate", str(tmp_path / "relay.esnn"), "--output", str(tmp_path / "c")]
    assert run([*command, "--layout", "rows16"]) != 0
    assert "unknown layout 'rows16': give rows8, rows4, words, currents" in capsys.readouterr().err
    assert run([*command, "--layout", "second=currents"]) == 0
    header = (tmp_path / "c" / "relay.h").read_text()
    assert "second            taken  currents" in header
    assert "second            also   rows8" in header


def test_the_same_layout_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, layout in (("auto", AUTO), ("again", AUTO), ("small", Layout(compact=True))):
        generate(tiny_network(), tmp_path / name, layout=layout)
    texts = [(tmp_path / name / "tiny.c").read_bytes() for name in ("auto", "again", "small")]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(("layout", "most"), [(AUTO, 8192), (Layout(compact=True), 4096)])
def test_code_beside_the_tables(layout: Layout, most: int, tmp_path: Path) -> None:
    """Without a front-end, on Cortex-M4."""
    assert most / 4 < _code_bytes(relay_network(), layout, tmp_path) <= most


def test_the_listing_trades_code_against_cycles(tmp_path: Path) -> None:
    """Compact code keeps the kernels, and takes more cycles, which both listings tell."""
    listed = []
    for layout in (AUTO, Layout(compact=True)):
        header = generate(load_pretrained("tiny"), tmp_path, layout=layout).header.read_text()
        lines = [line.split()[1:] for line in header.splitlines()]
        listed.append([line for line in lines if line[1:2] in (["taken"], ["also"])])
    fast, small = listed
    assert fast[:-2] == small[:-2]
    unrolled, compact = (int(line[3]) for line in fast[-2:])
    assert 1.5 * unrolled < compact < 6 * unrolled
    assert fast[-2:] == [
        ["all", "taken", "unrolled", str(unrolled)],
        ["all", "also", "compact", str(compact)],
    ]
    assert [line[1] for line in small[-2:]] == ["also", "taken"]


@pytest.mark.parametrize("name", ["balanced", "gsc", "tiny"])
@pytest.mark.parametrize(("layout", "most"), [(AUTO, 8192), (Layout(compact=True), 4096)])
def test_code_of_shipped_networks(name: str, layout: Layout, most: int, tmp_path: Path) -> None:
    """Front-end, network and detector on Cortex-M4: 8 KiB, and 4 KiB in compact code."""
    assert most / 2 < _code_bytes(load_pretrained(name), layout, tmp_path) <= most


@pytest.mark.parametrize(("layout", "most"), [(AUTO, 8256), (Layout(compact=True), 4096)])
def test_code_of_five_delays(layout: Layout, most: int, tmp_path: Path) -> None:
    """One delay more than the others' costs the unrolled code of `accurate` 44 bytes too many."""
    assert most / 2 < _code_bytes(load_pretrained("accurate"), layout, tmp_path) <= most


def _code_bytes(network: Network, layout: Layout, folder: Path) -> int:
    """`.text` of the one source with all of a network."""
    try:
        compiler = cross_compiler("gcc")
    except CompileError as error:
        pytest.skip(str(error))
    generated = generate(network, folder, layout=layout)
    firmware = compile_firmware(generated, find_board("mps2-an386"), compiler=compiler)
    with (firmware.elf.parent / f"{network.name}.o").open("rb") as stream:
        sections = [(each.name, each["sh_size"]) for each in ELFFile(stream).iter_sections()]
    return sum(size for section, size in sections if section.startswith(".text"))
