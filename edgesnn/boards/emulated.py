"""The machines of QEMU that firmware is proven on; none of them models flash."""

from __future__ import annotations

from edgesnn.boards.board import KIB, MIB, Board, Emulator, Region, Uart
from edgesnn.boards.cores import CORES


def _emulated(
    name: str, core: str, machine: str, hz: int, flash: Region, ram: Region, chip: str, uart: Uart
) -> Board:
    return Board(
        name=name, title=f"QEMU {machine}", chip=chip, core=CORES[core], clock_hz=hz, flash=flash,
        ram=ram, flashed_by="qemu", verified=True, emulator=Emulator(machine, hz), uart=uart,
    )  # fmt: skip


_MPS2 = Region(0x00000000, 4 * MIB), Region(0x20000000, 4 * MIB), "FPGA"
_SSE200 = Region(0x10000000, 4 * MIB), Region(0x38000000, 2 * MIB), "FPGA"
_CMSDK = Uart("cmsdk", 0x40004000)

EMULATED = (
    _emulated(
        "microbit", "m0", "microbit", 16_000_000, Region(0x0, 256 * KIB),
        Region(0x20000000, 16 * KIB), "nRF51822", Uart("nrf", 0x40002000),
    ),
    _emulated("mps2-an385", "m3", "mps2-an385", 25_000_000, *_MPS2, _CMSDK),
    _emulated("mps2-an386", "m4", "mps2-an386", 25_000_000, *_MPS2, _CMSDK),
    _emulated("mps2-an500", "m7", "mps2-an500", 25_000_000, *_MPS2, _CMSDK),
    _emulated(
        "mps2-an505", "m33", "mps2-an505", 20_000_000, *_SSE200, Uart("cmsdk", 0x50200000)
    ),
    _emulated(
        "netduinoplus2", "m4", "netduinoplus2", 168_000_000, Region(0x08000000, MIB),
        Region(0x20000000, 128 * KIB), "STM32F405", Uart("stm32f4", 0x40011000),
    ),
)  # fmt: skip
