"""Run a firmware file on a simulated core and say what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgesnn.boards import Board
from edgesnn.sim.core.blocks.pace import Engine
from edgesnn.sim.core.cpu import Core
from edgesnn.sim.core.devices import Device, cmsdk_uart
from edgesnn.sim.core.elf import Image, load_elf
from edgesnn.sim.core.memory import MemoryMap, Region, layout_for
from edgesnn.sim.core.operations import PAGE
from edgesnn.sim.core.report import CoreReport, Spans, report

PERIPHERALS = Region(0x40000000, 0x20000000, "peripheral", "peripherals")
DEFAULT_LIMIT = 1_000_000_000  # instructions
PATIENCE = 64  # reads in a row: code of a vendor that waits for hardware nobody models goes on


def board_map(board: Board, *, zero_wait: bool = False) -> MemoryMap:
    """The memory map of a board: flash with its timing, all of its RAM, and peripherals.

    Args:
        board: from `edgesnn.boards`; emulated ones have no timing of flash.
        zero_wait: let flash answer at once.
    """
    flash_base = board.flash.origin & -PAGE
    regions = [Region(flash_base, board.flash.end - flash_base, "flash", "flash")]
    regions += [Region(ram.origin, ram.size, "ram", "RAM") for ram in (board.ram, *board.more_ram)]
    if all(region.end <= PERIPHERALS.base or region.base >= PERIPHERALS.end for region in regions):
        regions.append(PERIPHERALS)
    return MemoryMap(tuple(regions), None if zero_wait else board.timing)


def make_core(
    image: Image,
    core: str,
    layout: MemoryMap | None = None,
    *,
    devices: tuple[Device, ...] | None = None,
    files: Mapping[str, bytes] | None = None,
    engine: Engine | str = "auto",
) -> Core:
    """A core with `image` loaded, reset and ready to run.

    Args:
        image: from `load_elf`.
        core: its name, such as `cortex-m4`.
        layout: memory map; by default a generous one that holds the image.
        devices: peripherals; by default the UARTs of Arm's MPS2 boards.
        files: what the firmware can open for reading through semihosting.
        engine: what executes, see `Core`.

    Raises:
        EdgesnnError: no such core, or the image does not fit the map.
    """
    sizes = [(segment.address, len(segment.content)) for segment in image.segments]
    made = Core(
        core,
        layout or layout_for(sizes),
        devices=(cmsdk_uart(0x40004000), cmsdk_uart(0x50200000)) if devices is None else devices,
        engine=engine,
    )
    made.load(image)
    made.semihosting.files.update(files or {})
    made.reset()
    return made


def simulate_elf(
    path: Path,
    core: str,
    *,
    limit: int = DEFAULT_LIMIT,
    layout: MemoryMap | None = None,
    watch: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
    devices: tuple[Device, ...] | None = None,
    take_faults: bool = False,
    trace: bool = False,
    engine: Engine | str = "auto",
) -> CoreReport:
    """Run a firmware image from reset until it exits, sleeps for ever, or `limit` is reached.

    Args:
        path: a statically linked ELF for Cortex-M.
        core: the core's name, such as `cortex-m4`.
        limit: instructions.
        layout: memory map, such as `board_map(find_board("nucleo-l4r5zi"))`.
        watch: functions whose calls are timed one by one.
        files: what the firmware can open through semihosting, by name.
        devices: peripherals; by default the UARTs of Arm's MPS2 boards.
        trace: follow calls and returns, for `CoreReport.stacks`; cycles stay what they are.
        take_faults: enter the firmware's fault handlers, as silicon does, and do not report.
        engine: what executes, see `Core`; where calls are followed, always the interpreter.

    Raises:
        FileFormatError: not such a file, or no such function.
        UsageError: no such engine.
        MachineError: it does not fit the map, or it faulted (`CoreFault`).
    """
    image = load_elf(Path(path))
    made = make_core(image, core, layout, devices=devices, files=files, engine=engine)
    made.take_faults, made.patience = take_faults, PATIENCE
    if trace:
        made.trace_calls()
    made.reset()
    spans = Spans(made, tuple(watch)) if watch else None
    stop = made.run(instructions=limit)
    return report(made, stop, spans)
