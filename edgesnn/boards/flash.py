"""How fast a board's code and constants come out of its flash, each figure with its source.

All boards run from flash: code, tables and weights lie there; state and stack lie in RAM or
tightly coupled memory that answers at once. A timing holds at the clock that it names, with the
accelerator or cache switched on as the vendor's start-up code does. A miss is taken to stall the
core for all its cycles.

`verified` tells that the geometry and the wait states were read from the vendor's document or
from code that cites its table; what is left is from memory.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cache:
    """Lines of a cache before flash.

    Attributes:
        lines: how many; each holds `FlashTiming.line_bytes`.
        ways: lines that an address can go to; as many as `lines` where it is fully associative.
            The least recently used of them is replaced.
    """

    lines: int
    ways: int

    @property
    def sets(self) -> int:
        """Groups of `ways` lines."""
        return self.lines // self.ways


@dataclass(frozen=True, slots=True)
class FlashTiming:
    """What the core waits for flash at one clock.

    Attributes:
        clock_hz: the core's clock for which the rest holds.
        wait_states: that the flash is set to, in cycles of its own bus.
        line_bytes: bytes that one access brings.
        code_wait: core cycles that a fetch of a line that is not at hand takes beyond a hit.
        data_wait: likewise for a load of a constant.
        prefetch: the next line of code is fetched while this one runs.
        code_cache: of instructions; None where only the last line is kept.
        data_cache: of constants; None where each load goes to flash.
        shared: constants go through the cache of instructions.
        source: of these figures.
        verified: read from the document named, not remembered.
    """

    clock_hz: int
    wait_states: int
    line_bytes: int
    code_wait: int
    data_wait: int
    prefetch: bool = False
    code_cache: Cache | None = None
    data_cache: Cache | None = None
    shared: bool = False
    source: str = ""
    verified: bool = False


def _stm32f4(clock_hz: int, *, source: str, verified: bool) -> FlashTiming:
    """ART accelerator: 64 lines of instructions, 8 of data, 128 bits each (RM0090, 3.2)."""
    return FlashTiming(
        clock_hz, 5, 16, 5, 5, prefetch=True, code_cache=Cache(64, 64), data_cache=Cache(8, 8),
        source=source, verified=verified,
    )  # fmt: skip


def _stm32l4(clock_hz: int, waits: int, source: str) -> FlashTiming:
    """ART accelerator: 1 KiB of instructions, 256 bytes of data, filled 64 bits at a time.

    The prefetch buffer is off after reset; start-up turns it on (PRFTEN, `edgesnn.wiring`).
    """
    return FlashTiming(
        clock_hz, waits, 8, waits, waits, prefetch=True, code_cache=Cache(128, 128),
        data_cache=Cache(32, 32), source=source,
    )  # fmt: skip


def _stm32u5(source: str) -> FlashTiming:
    """ICACHE of 8 KiB, two ways of 128-bit lines, on the bus of code and constants alike."""
    return FlashTiming(
        160_000_000, 4, 16, 4, 4, prefetch=True, code_cache=Cache(512, 2), shared=True,
        source=source, verified=True,
    )  # fmt: skip


def _cortex_m7(clock_hz: int, waits: int, fill: int, source: str, verified: bool) -> FlashTiming:
    """16 KiB of instructions in two ways, 16 KiB of data in four, 32-byte lines.

    `fill` is what the flash takes for a line; the bus between is not counted. The real
    replacement is pseudo-random.
    """
    return FlashTiming(
        clock_hz, waits, 32, fill, fill, code_cache=Cache(512, 2), data_cache=Cache(512, 4),
        source=source, verified=verified,
    )  # fmt: skip


def _nrf52(source: str) -> FlashTiming:
    """Two wait states without the cache, three for what misses it; constants go past it."""
    return FlashTiming(64_000_000, 2, 16, 3, 2, code_cache=Cache(128, 2), source=source)


def _xip(clock_hz: int, wait: int, source: str, *, verified: bool) -> FlashTiming:
    """Serial flash behind 16 KiB of cache, two ways of 64-bit lines."""
    return FlashTiming(
        clock_hz, wait, 8, wait, wait, code_cache=Cache(2048, 2), shared=True,
        source=source, verified=verified,
    )  # fmt: skip


_M7_CACHES = "caches: Cortex-M7 TRM, sizes of the data sheet"

STM32F407 = _stm32f4(
    168_000_000, source="RM0090 3.2, 3.5: 5 wait states from 150 MHz at 2.7–3.6 V", verified=True
)
STM32F446 = _stm32f4(
    180_000_000, source="RM0390 3.4 from memory: 5 wait states at 2.7–3.6 V", verified=False
)
STM32L4R5 = _stm32l4(
    120_000_000, 5,
    "RM0432 3.3 from memory: 5 wait states in range 1 boost, dual bank, 64-bit reads",
)  # fmt: skip
STM32L475 = _stm32l4(80_000_000, 4, "RM0351 3.3 from memory: 4 wait states in range 1")
STM32U5 = _stm32u5(
    "RM0456: 4 wait states from 128 MHz in range 1 (as embassy-stm32 sets them), ICACHE of AN5212"
)
STM32F767 = _cortex_m7(
    216_000_000, 7, 8,
    f"RM0410 from memory: 7 wait states at 2.7–3.6 V, 256-bit reads; {_M7_CACHES}", False,
)  # fmt: skip
STM32H743 = _cortex_m7(
    480_000_000, 4, 10,
    "RM0433 table 17 (as embassy-stm32 cites it): 4 wait states at 240 MHz of bus, 256-bit reads; "
    f"{_M7_CACHES}", True,
)  # fmt: skip
STM32H7A3 = _cortex_m7(
    280_000_000, 6, 14,
    "RM0455 table 16 (as embassy-stm32 cites it): 6 wait states in VOS0, two 128-bit reads a line; "
    f"{_M7_CACHES}", True,
)  # fmt: skip
NRF52840 = _nrf52(
    "nRF52840 PS, CPU: W_FLASH 2, W_FLASHCACHE 3; cache of 2 KiB from memory; the cache is off "
    "until ICACHECNF is set"
)
NRF52833 = _nrf52("as nRF52840, from memory; the cache is off until ICACHECNF is set")
MK64F = FlashTiming(
    120_000_000, 4, 16, 4, 4, prefetch=True, code_cache=Cache(16, 4), shared=True,
    source="K64 manual, FMC, from memory: flash at 24 MHz, four ways of four 128-bit lines",
)  # fmt: skip
LPC55S69 = FlashTiming(
    150_000_000, 11, 16, 11, 11, prefetch=True,
    source="UM11126, flash accelerator, from memory: 12 cycles an access at 150 MHz",
)  # fmt: skip
RP2040 = _xip(
    133_000_000, 56,
    "RP2040 data sheet 2.6.3: 16 kB, two ways of 8 bytes; a miss is 28 clocks of the serial "
    "flash at half the core's (12 for address and mode, 16 of data)", verified=True,
)  # fmt: skip
RP2350 = _xip(
    150_000_000, 56,
    "RP2350 data sheet 4.4 from memory; a miss as on the RP2040 at half the core's clock",
    verified=False,
)  # fmt: skip
