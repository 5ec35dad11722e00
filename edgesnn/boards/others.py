"""Boards of Nordic, NXP, Raspberry Pi and those who build on their chips."""

from __future__ import annotations

from edgesnn.boards.board import KIB, MIB, Board, FixedWords, Region
from edgesnn.boards.cores import CORES
from edgesnn.boards.flash import LPC55S69, MK64F, NRF52833, NRF52840, RP2040, RP2350

#: Kinetis' flash configuration field: all open. Anything else in its place locks the chip.
_KINETIS_OPEN = FixedWords(0x400, (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE))

#: RP2350's smallest image definition: a secure Arm executable (data sheet, section 5.9.5).
_RP2350_IMAGE = FixedWords(0x100, (0xFFFFDED3, 0x10210142, 0x000001FF, 0x00000000, 0xAB123579))

_NRF_RAM = Region(0x20000000, 256 * KIB)

OTHERS = (
    Board(
        "nrf52840-dk", "nRF52840-DK", "nRF52840", CORES["m4"], 64_000_000,
        Region(0x0, MIB), _NRF_RAM, flashed_by="J-Link", verified=True, timing=NRF52840,
    ),
    Board(
        "nano-33-ble-sense", "Arduino Nano 33 BLE Sense rev 2", "nRF52840", CORES["m4"],
        64_000_000, Region(0x10000, MIB - 0x10000), _NRF_RAM, microphone="PDM",
        flashed_by="bossac", timing=NRF52840,
    ),
    Board(
        "xiao-nrf52840-sense", "XIAO nRF52840 Sense", "nRF52840", CORES["m4"], 64_000_000,
        Region(0x27000, 0xED000 - 0x27000), _NRF_RAM, microphone="PDM", flashed_by="UF2",
        verified=True,
        timing=NRF52840,
    ),
    Board(
        "microbit-v2", "micro:bit v2", "nRF52833", CORES["m4"], 64_000_000,
        Region(0x0, 512 * KIB), Region(0x20000000, 128 * KIB), microphone="analogue",
        flashed_by="DAPLink", verified=True, timing=NRF52833,
    ),
    Board(
        "frdm-k64f", "FRDM-K64F", "MK64FN1M0VLL12", CORES["m4"], 120_000_000,
        Region(0x0, MIB), Region(0x1FFF0000, 256 * KIB), flashed_by="DAPLink", verified=True,
        fixed=(_KINETIS_OPEN,), timing=MK64F,
    ),
    Board(
        "lpcxpresso55s69", "LPCXpresso55S69", "LPC55S69", CORES["m33"], 150_000_000,
        Region(0x0, 608 * KIB), Region(0x20000000, 272 * KIB), microphone="codec",
        flashed_by="CMSIS-DAP", verified=True, timing=LPC55S69,
    ),
    Board(
        "pico", "Raspberry Pi Pico", "RP2040", CORES["m0plus"], 133_000_000,
        Region(0x10000100, 2 * MIB - 0x100), Region(0x20000000, 264 * KIB), flashed_by="UF2",
        verified=True,
        note="needs a second-stage boot loader, which the images of edgesnn flash bring",
        timing=RP2040,
    ),
    Board(
        "pico2", "Raspberry Pi Pico 2", "RP2350", CORES["m33"], 150_000_000,
        Region(0x10000000, 4 * MIB), Region(0x20000000, 520 * KIB), flashed_by="UF2",
        verified=True,
        fixed=(_RP2350_IMAGE,), timing=RP2350,
    ),
)  # fmt: skip
