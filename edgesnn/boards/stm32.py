"""Boards of ST."""

from __future__ import annotations

from edgesnn.boards.board import KIB, MIB, Board, Region
from edgesnn.boards.cores import CORES
from edgesnn.boards.flash import (
    STM32F407,
    STM32F446,
    STM32F767,
    STM32H7A3,
    STM32H743,
    STM32L4R5,
    STM32L475,
    STM32U5,
)

_FLASH = 0x08000000
_RAM = 0x20000000

STM32 = (
    Board(
        "nucleo-l4r5zi", "NUCLEO-L4R5ZI", "STM32L4R5ZI", CORES["m4"], 120_000_000,
        Region(_FLASH, 2 * MIB), Region(_RAM, 640 * KIB), flashed_by="ST-Link", timing=STM32L4R5,
    ),
    Board(
        "nucleo-l476rg", "NUCLEO-L476RG", "STM32L476RG", CORES["m4"], 80_000_000,
        Region(_FLASH, MIB), Region(_RAM, 96 * KIB),
        more_ram=(Region(0x10000000, 32 * KIB),), flashed_by="ST-Link", verified=True,
        timing=STM32L475,
    ),
    Board(
        "b-l475e-iot01a", "B-L475E-IOT01A", "STM32L475VG", CORES["m4"], 80_000_000,
        Region(_FLASH, MIB), Region(_RAM, 96 * KIB),
        more_ram=(Region(0x10000000, 32 * KIB),), microphone="2 PDM", flashed_by="ST-Link",
        verified=True, timing=STM32L475,
    ),
    Board(
        "nucleo-f446re", "NUCLEO-F446RE", "STM32F446RE", CORES["m4"], 180_000_000,
        Region(_FLASH, 512 * KIB), Region(_RAM, 128 * KIB), flashed_by="ST-Link",
        verified=True, timing=STM32F446,
    ),
    Board(
        "stm32f407-discovery", "STM32F407 Discovery", "STM32F407VG", CORES["m4"], 168_000_000,
        Region(_FLASH, MIB), Region(_RAM, 128 * KIB),
        more_ram=(Region(0x10000000, 64 * KIB),), microphone="PDM", flashed_by="ST-Link",
        verified=True, timing=STM32F407,
    ),
    Board(
        "nucleo-f767zi", "NUCLEO-F767ZI", "STM32F767ZI", CORES["m7"], 216_000_000,
        Region(_FLASH, 2 * MIB), Region(_RAM, 512 * KIB), flashed_by="ST-Link",
        verified=True, timing=STM32F767,
    ),
    Board(
        "nucleo-h743zi", "NUCLEO-H743ZI", "STM32H743ZI", CORES["m7"], 480_000_000,
        Region(_FLASH, 2 * MIB), Region(_RAM, 128 * KIB), flashed_by="ST-Link",
        verified=True, timing=STM32H743,
    ),
    Board(
        "nucleo-h7a3zi-q", "NUCLEO-H7A3ZI-Q", "STM32H7A3ZI", CORES["m7"], 280_000_000,
        Region(_FLASH, 2 * MIB), Region(_RAM, 128 * KIB),
        more_ram=(Region(0x24000000, MIB),), flashed_by="ST-Link", verified=True,
        timing=STM32H7A3,
    ),
    Board(
        "nucleo-u575zi-q", "NUCLEO-U575ZI-Q", "STM32U575ZI", CORES["m33"], 160_000_000,
        Region(_FLASH, 2 * MIB), Region(_RAM, 768 * KIB), flashed_by="ST-Link",
        verified=True, timing=STM32U5,
    ),
    Board(
        "b-u585i-iot02a", "B-U585I-IOT02A", "STM32U585AI", CORES["m33"], 160_000_000,
        Region(_FLASH, 2 * MIB), Region(_RAM, 768 * KIB), microphone="2 PDM",
        flashed_by="ST-Link", verified=True, timing=STM32U5,
    ),
)  # fmt: skip
