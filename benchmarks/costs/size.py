"""Bytes of code beside the tables: what the runtime and a network's own functions take."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from costs.networks import chain
from costs.probe import bench_board
from costs.whole import SIZES
from edgesnn.codegen import Compiler, compile_firmware, generate
from edgesnn.network import Network
from edgesnn.pipeline.pretrained import load_pretrained, names


def code_bytes(network: Network, core: str, compiler: Compiler | None) -> dict[str, int]:
    """Bytes of `.text` and of constants in the object file of the network's one source."""
    with tempfile.TemporaryDirectory() as folder:
        generated = generate(network, Path(folder))
        firmware = compile_firmware(generated, bench_board(core), compiler=compiler)
        made = firmware.elf.parent / f"{network.name}.o"
        with made.open("rb") as stream:
            sections = [(s.name, s["sh_size"]) for s in ELFFile(stream).iter_sections()]
    code = sum(size for name, size in sections if name.startswith(".text"))
    constants = sum(size for name, size in sections if name.startswith(".rodata"))
    return {"code": code, "constants": constants, "tables": generated.plan.flash_bytes}


def measure_sizes(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """By network."""
    networks = {f"40-128-128-12, int{bits}": chain(SIZES, bits) for bits in (8, 4)}
    networks |= {f"{name}, shipped": load_pretrained(name) for name in names()}
    return {title: code_bytes(made, core, compiler) for title, made in networks.items()}
