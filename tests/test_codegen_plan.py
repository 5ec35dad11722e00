"""The memory plan against what the compiler makes, and boards that are too small."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from edgesnn.boards import find_board
from edgesnn.codegen import (
    HostC,
    compile_firmware,
    cross_compiler,
    generate,
    memory_plan,
    toolchain,
)
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.elf import symbol_sizes
from edgesnn.codegen.firmware import STACK_BYTES
from edgesnn.codegen.toolchain import WARNINGS, compile_c, core_flags
from edgesnn.errors import BoardError
from edgesnn.network import Dense, Input, Layer, Network, Readout

from .codegen_networks import keyword_network, relay_network, tiny_network


@pytest.mark.parametrize("make", [tiny_network, keyword_network, relay_network])
@pytest.mark.parametrize("core", ["microbit", "mps2-an386"])
def test_the_image_holds_what_was_planned(make: object, core: str, tmp_path: Path) -> None:
    network = make()  # type: ignore[operator]
    firmware = compile_firmware(generate(network, tmp_path), find_board(core))
    symbols = symbol_sizes(firmware.elf)
    program = build_program(network)
    for row, layer in zip(
        [row for row in firmware.generated.plan.rows if row.neurons], program.layers, strict=True
    ):
        # A compiler may fold the parameters of a layer of one tile into its code.
        folded = {each.name for each in layer.parameters if layer.layer.size <= 16} - symbols.keys()
        assert row.flash_bytes == sum(
            each.flash_bytes if each.name in folded else symbols[each.name] for each in layer.tables
        )
    rows = {row.name: row.flash_bytes for row in memory_plan(network).rows}
    heard = sum(symbols[table.name] for table in program.frontend_tables)
    assert rows.get("front-end", 0) == heard
    assert symbols["state"] == memory_plan(network).ram_bytes
    assert firmware.sizes.flash_bytes > memory_plan(network).flash_bytes
    assert firmware.sizes.ram_bytes >= memory_plan(network).ram_bytes + STACK_BYTES


@pytest.mark.parametrize("core", ["microbit", "mps2-an386"])
def test_the_stack_is_deep_enough(core: str, tmp_path: Path) -> None:
    """All frames of the image together, which no chain of calls can exceed."""
    compiler = cross_compiler()
    if compiler.kind != "gcc":
        pytest.skip("only gcc tells the size of stack frames")
    network = keyword_network()
    board = find_board(core)
    firmware = compile_firmware(generate(network, tmp_path), board, folder=tmp_path / "image")
    sources = ["keywords.c", "keywords_main.c", "startup.c", "memory.c", "semihosting.c"]
    flags = [*WARNINGS, "-O2", "-fstack-usage", *core_flags(compiler, board.core), "-c"]
    compile_c(compiler, [*flags, "-I", str(tmp_path), *sources], firmware.elf.parent)
    usage = [
        int(line.split("\t")[1])
        for path in firmware.elf.parent.glob("*.su")
        for line in path.read_text().splitlines()
    ]
    assert len(usage) > 10
    assert sum(usage) < STACK_BYTES


def test_the_host_has_the_same_state() -> None:
    for network in (tiny_network(), keyword_network()):
        assert HostC(network).state_bytes == memory_plan(network).ram_bytes


def _wide(post: int, pre: int) -> Network:
    weight = np.ones((post, pre), np.int8)
    readout = Layer(
        name="readout",
        shape=(post,),
        synapses=(Dense(source="input", weight=weight),),
        bias=np.zeros(post, int),
        neuron=Readout(decay=[256] * post),
    )
    classes = tuple(f"class{number}" for number in range(post))
    return Network(name="wide", input=Input(shape=(pre,)), layers=(readout,), classes=classes)


@pytest.mark.parametrize(
    ("post", "pre", "memory"), [(1000, 300, "flash"), (2000, 10, "RAM")], ids=["flash", "ram"]
)
def test_a_network_too_big_is_refused_before_compiling(
    post: int, pre: int, memory: str, tmp_path: Path
) -> None:
    code = generate(_wide(post, pre), tmp_path)
    with pytest.raises(BoardError, match=f"too big for the {memory} of microbit: it needs") as told:
        compile_firmware(code, find_board("microbit"))
    needed, present = map(int, re.findall(r"\d{4,}", str(told.value)))
    assert needed > present
    assert not (tmp_path / "microbit").exists()


def test_an_image_too_big_is_refused_after_linking(tmp_path: Path) -> None:
    """Tables that fit by a hair, so that the code does not."""
    code = generate(_wide(1000, 259), tmp_path)
    board = find_board("microbit")
    assert code.plan.flash_bytes < board.flash.size < code.plan.flash_bytes + 2048
    with pytest.raises(BoardError, match="too big for"):
        compile_firmware(code, board)
    assert not list(tmp_path.rglob("*.elf"))


def test_no_file_of_the_images_hides_one_of_the_runtime() -> None:
    """Both are found by name, and each header's guard is made of its own."""
    codegen = Path(toolchain.__file__).parent
    runtime, startup = (
        {each.name for each in (codegen / folder).rglob("*.[ch]")}
        for folder in ("runtime", "startup")
    )
    assert len(runtime) > 20 and len(startup) > 10
    assert not runtime & startup
