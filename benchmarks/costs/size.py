"""Bytes of code beside the tables: what the runtime and a network's own functions take."""

from __future__ import annotations

from typing import Any

import numpy as np
from elftools.elf.elffile import ELFFile

from costs.networks import chain, spikes
from costs.probe import Probe
from costs.whole import SIZES, STEPS
from edgesnn.codegen import Compiler
from edgesnn.codegen.choose import AUTO, Layout
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.pretrained import load_pretrained, names


def code_bytes(
    network: Network, core: str, compiler: Compiler | None, layout: Layout
) -> dict[str, int]:
    """Bytes of `.text` and of constants in the object file of the network's one source, and cycles
    of 32 steps: of events at a tenth, or of noise where there is a front-end."""
    probe = Probe(network, core, compiler, split=False, layout=layout)
    firmware = probe.firmware
    with (firmware.elf.parent / f"{network.name}.o").open("rb") as stream:
        sections = [(s.name, s["sh_size"]) for s in ELFFile(stream).iter_sections()]
    code = sum(size for name, size in sections if name.startswith(".text"))
    constants = sum(size for name, size in sections if name.startswith(".rodata"))
    tables = firmware.generated.plan.flash_bytes
    cycles = int(probe.run(_given(network)).cycles.sum())
    return {"code": code, "constants": constants, "tables": tables, "cycles": cycles}


def _given(network: Network) -> IntArray:
    if network.frontend is None:
        return spikes(0.1, STEPS, network.input.size)
    noise = np.random.default_rng(1).normal(0, 100, (STEPS, network.frontend.hop))
    return np.round(noise).astype(np.int16)


def measure_sizes(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """By network, as planned and compact."""
    networks = {f"40-128-128-12, int{bits}": chain(SIZES, bits) for bits in (8, 4)}
    networks |= {f"{name}, shipped": load_pretrained(name) for name in names()}
    layouts = {"": AUTO, ", compact": Layout(compact=True)}
    return {
        f"{title}{variant}": code_bytes(made, core, compiler, layout)
        for title, made in networks.items()
        for variant, layout in layouts.items()
    }
