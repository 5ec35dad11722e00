"""ST's boards. Registers: CMSIS device headers (STMicroelectronics/cmsis_device_*) and RM0351,
RM0090, RM0390, RM0410, RM0433, RM0456; pins: the boards' user manuals and Zephyr's device trees.

USARTs run from HSI where the chip lets them, so that their divisor does not follow the PLL.
"""

from __future__ import annotations

from edgesnn.wiring.model import (
    Access,
    Clock,
    Port,
    Tools,
    Wiring,
    await_bits,
    bits,
    put,
    set_bits,
)
from edgesnn.wiring.stm32_pins import GPIO_F, GPIO_H7, GPIO_L4, GPIO_U5, light, serial, tools

_MHZ = 1_000_000
_CACHES_M7 = ("caches_m7.c",)
_HSI = 16 * _MHZ
_L4 = "cmsis_device_l4, RM0351 and RM0432 §6"
_F4 = "cmsis_device_f4, RM0090 and RM0390 §6"
_F7 = "cmsis_device_f7, RM0410 §5"
_H7 = "cmsis_device_h7, RM0433 §8"
_U5 = "cmsis_device_u5, RM0456 §11"

# ---- STM32L4: MSI 4 MHz out of reset, HSI16 into the PLL

_RCC_L4, _FLASH_L4, _PWR_L4 = 0x40021000, 0x40022000, 0x40007000


def _hsi_l4() -> tuple[Access, ...]:
    return set_bits(_RCC_L4, 1 << 8), await_bits(_RCC_L4, 1 << 10)


def _pll_l4(multiplier: int, divider: int, wait_states: int) -> tuple[Access, ...]:
    """PLLR = 16 MHz / `divider` · `multiplier` / 2; AHB is halved while the clock jumps."""
    factors = 2 | (divider - 1) << 4 | multiplier << 8
    return (
        *_hsi_l4(),
        put(_RCC_L4 + 0x0C, factors),
        set_bits(_RCC_L4, 1 << 24),
        await_bits(_RCC_L4, 1 << 25),
        set_bits(_RCC_L4 + 0x0C, 1 << 24),
        bits(_FLASH_L4, 0x10F, 0x100 | wait_states),  # PRFTEN; both caches are on after reset
        await_bits(_FLASH_L4, 0xF, wait_states),
        bits(_RCC_L4 + 0x08, 0xF0, 0x80),
        bits(_RCC_L4 + 0x08, 0x3, 0x3),
        await_bits(_RCC_L4 + 0x08, 0xC, 0xC),
        bits(_RCC_L4 + 0x08, 0xF0, 0),
    )


#: Range 1 boost, which more than 80 MHz needs (RM0432 §5.1.8): PWR clock, R1MODE = 0.
_BOOST_L4 = (set_bits(_RCC_L4 + 0x58, 1 << 28), bits(_PWR_L4 + 0x80, 1 << 8, 0))

_L4R5 = Wiring(
    Clock(120 * _MHZ, 4 * _MHZ, (*_BOOST_L4, *_pll_l4(30, 2, 5)), _L4),
    serial(
        "stm32", 0x40008000, _HSI, _HSI, ("G7", "G8"), GPIO_L4, 8,
        (
            *_hsi_l4(),
            set_bits(_RCC_L4 + 0x58, 1 << 28),
            set_bits(_PWR_L4 + 0x04, 1 << 9),  # IOSV: port G has a supply of its own
            set_bits(_RCC_L4 + 0x4C, 1 << 6 | 1 << 2),
            set_bits(_RCC_L4 + 0x5C, 1),
            bits(_RCC_L4 + 0x88, 3 << 10, 2 << 10),
        ),
        _L4, scale=256,
    ),
    tools("stm32l4r5zitx", "stm32l4x.cfg", "stm32l4r5zi"),
    light(GPIO_L4, "C7"),
)  # fmt: skip


def _usart2_l4() -> Port:
    gates = (
        *_hsi_l4(), set_bits(_RCC_L4 + 0x4C, 1), set_bits(_RCC_L4 + 0x58, 1 << 17),
        bits(_RCC_L4 + 0x88, 3 << 2, 2 << 2),
    )  # fmt: skip
    return serial("stm32", 0x40004400, _HSI, _HSI, ("A2", "A3"), GPIO_L4, 7, gates, _L4)


_L476 = Wiring(
    Clock(80 * _MHZ, 4 * _MHZ, _pll_l4(10, 1, 4), _L4),
    _usart2_l4(),
    tools("stm32l476rgtx", "stm32l4x.cfg", "stm32l476rg"),
    light(GPIO_L4, "A5"),
)

_L475 = Wiring(
    Clock(80 * _MHZ, 4 * _MHZ, _pll_l4(10, 1, 4), _L4),
    serial(
        "stm32", 0x40013800, _HSI, _HSI, ("B6", "B7"), GPIO_L4, 7,
        (*_hsi_l4(), set_bits(_RCC_L4 + 0x4C, 1 << 1), set_bits(_RCC_L4 + 0x60, 1 << 14),
         bits(_RCC_L4 + 0x88, 3, 2)),
        _L4,
    ),
    tools("stm32l475xg", "stm32l4x.cfg"),
    light(GPIO_L4, "B14"),
)  # fmt: skip

# ---- STM32F4 and F7: HSI 16 MHz out of reset, and into the PLL

_RCC_F, _FLASH_F, _PWR_F = 0x40023800, 0x40023C00, 0x40007000
#: PRFTEN, ICEN and DCEN of the F4; PRFTEN and ARTEN of the F7.
_CACHES_F4, _CACHES_F7 = 7 << 8, 3 << 8


def _overdrive() -> tuple[Access, ...]:
    """What the last 12 to 36 MHz of an F446 or F7 need: ODEN, then ODSWEN."""
    return (
        set_bits(_PWR_F, 1 << 16), await_bits(_PWR_F + 4, 1 << 16),
        set_bits(_PWR_F, 1 << 17), await_bits(_PWR_F + 4, 1 << 17),
    )  # fmt: skip


def _pll_f(
    multiplier: int, wait_states: int, caches: int, overdrive: tuple[Access, ...] = ()
) -> tuple[Access, ...]:
    """SYSCLK = 16 MHz / 8 · `multiplier` / 2; APB1 is a quarter of it, APB2 a half."""
    return (
        set_bits(_RCC_F + 0x40, 1 << 28),
        set_bits(_PWR_F, 3 << 14),
        put(_RCC_F + 0x04, 8 | multiplier << 6 | 8 << 24 | 2 << 28),
        set_bits(_RCC_F, 1 << 24),
        *overdrive,
        await_bits(_RCC_F, 1 << 25),
        bits(_FLASH_F, 0xF | caches, wait_states | caches),
        await_bits(_FLASH_F, 0xF, wait_states),
        bits(_RCC_F + 0x08, 0xFC00, 5 << 10 | 4 << 13),
        bits(_RCC_F + 0x08, 0x3, 0x2),
        await_bits(_RCC_F + 0x08, 0xC, 0x8),
    )


def _usart2_f4(hz: int, *, lights: int, probe: bool) -> Port:
    gates = set_bits(_RCC_F + 0x30, 1 | lights), set_bits(_RCC_F + 0x40, 1 << 17)
    return serial("stm32f4", 0x40004400, hz, _HSI, ("A2", "A3"), GPIO_F, 7, gates, _F4, probe=probe)


_F446 = Wiring(
    Clock(180 * _MHZ, _HSI, _pll_f(180, 5, _CACHES_F4, _overdrive()), _F4),
    _usart2_f4(45 * _MHZ, lights=0, probe=True),
    tools("stm32f446retx", "stm32f4x.cfg", "stm32f446re"),
    light(GPIO_F, "A5"),
)

_F407 = Wiring(
    Clock(168 * _MHZ, _HSI, _pll_f(168, 5, _CACHES_F4), _F4),
    _usart2_f4(42 * _MHZ, lights=1 << 3, probe=False),
    tools("stm32f407vgtx", "stm32f4x.cfg", "stm32f407vg"),
    light(GPIO_F, "D12"),
)

_F767 = Wiring(
    Clock(216 * _MHZ, _HSI, _pll_f(216, 7, _CACHES_F7, _overdrive()), _F7),
    serial(
        "stm32", 0x40004800, _HSI, _HSI, ("D8", "D9"), GPIO_F, 7,
        (set_bits(_RCC_F + 0x30, 1 << 3 | 1 << 1), set_bits(_RCC_F + 0x40, 1 << 18),
         bits(_RCC_F + 0x90, 3 << 4, 2 << 4)),
        _F7,
    ),
    tools("stm32f767zi", "stm32f7x.cfg"),
    light(GPIO_F, "B0"),
    startup=_CACHES_M7,
)  # fmt: skip

# ---- STM32H7: stays on the 64 MHz HSI of reset

_RCC_H7 = 0x58024400


def _stm32h7(ahb4: int, apb1: int, flashed: Tools) -> Wiring:
    """USART3 on HSI; `ahb4` and `apb1` are the offsets of the clock gates' registers."""
    gates = (
        set_bits(_RCC_H7 + ahb4, 1 << 3 | 1 << 1),
        set_bits(_RCC_H7 + apb1, 1 << 18),
        bits(_RCC_H7 + 0x54, 7, 3),
    )
    hz = 64 * _MHZ
    spoken = serial("stm32", 0x40004800, hz, hz, ("D8", "D9"), GPIO_H7, 7, gates, _H7)
    return Wiring(Clock(hz, hz), spoken, flashed, light(GPIO_H7, "B0"), startup=_CACHES_M7)


_H743 = _stm32h7(0xE0, 0xE8, tools("stm32h743xx", "stm32h7x.cfg"))
_H7A3 = _stm32h7(0x140, 0x148, tools("stm32h7a3zitxq", "stm32h7x.cfg", "stm32h7a3zi"))

# ---- STM32U5: MSIS 4 MHz out of reset, HSI16 into PLL1, core voltage range 1 with its booster

_RCC_U5, _FLASH_U5, _PWR_U5 = 0x46020C00, 0x40022000, 0x46020800


def _hsi_u5() -> tuple[Access, ...]:
    return set_bits(_RCC_U5, 1 << 8), await_bits(_RCC_U5, 1 << 10)


def _pll_u5() -> tuple[Access, ...]:
    """SYSCLK = 16 MHz · 20 / 2 = 160 MHz; AHB is halved while the clock jumps."""
    return (
        *_hsi_u5(),
        set_bits(_RCC_U5 + 0x94, 1 << 2),
        bits(_PWR_U5 + 0x0C, 3 << 16, 3 << 16),
        await_bits(_PWR_U5 + 0x0C, 1 << 15),
        put(_RCC_U5 + 0x28, 2 | 3 << 2),
        set_bits(_PWR_U5 + 0x0C, 1 << 18),
        await_bits(_PWR_U5 + 0x0C, 1 << 14),
        put(_RCC_U5 + 0x34, (20 - 1) | 1 << 9 | 1 << 16 | (2 - 1) << 24),
        set_bits(_RCC_U5, 1 << 24),
        await_bits(_RCC_U5, 1 << 25),
        set_bits(_RCC_U5 + 0x28, 1 << 18),
        bits(_FLASH_U5, 0x10F, 0x104),
        await_bits(_FLASH_U5, 0xF, 4),
        set_bits(0x40030400, 1),  # ICACHE_CR: on
        bits(_RCC_U5 + 0x20, 0xF, 8),
        bits(_RCC_U5 + 0x1C, 0x3, 0x3),
        await_bits(_RCC_U5 + 0x1C, 0xC, 0xC),
        bits(_RCC_U5 + 0x20, 0xF, 0),
    )


def _usart1_u5(port_clocks: int) -> Port:
    gates = (
        *_hsi_u5(), set_bits(_RCC_U5 + 0x8C, 1 | port_clocks), set_bits(_RCC_U5 + 0xA4, 1 << 14),
        bits(_RCC_U5 + 0xE0, 3, 2),
    )  # fmt: skip
    return serial("stm32", 0x40013800, _HSI, _HSI, ("A9", "A10"), GPIO_U5, 7, gates, _U5)


_U585 = Wiring(
    Clock(160 * _MHZ, 4 * _MHZ, _pll_u5(), _U5),
    _usart1_u5(1 << 7),
    tools("stm32u585aiix", "stm32u5x.cfg", "stm32u585ai"),
    light(GPIO_U5, "H7", low=True),
)

_U575 = Wiring(
    Clock(160 * _MHZ, 4 * _MHZ, _pll_u5(), _U5),
    _usart1_u5(1 << 2),
    tools("stm32u575zitx", "stm32u5x.cfg", "stm32u575zi"),
    light(GPIO_U5, "C7"),
)

WIRINGS = {
    "nucleo-l4r5zi": _L4R5,
    "nucleo-l476rg": _L476,
    "b-l475e-iot01a": _L475,
    "nucleo-f446re": _F446,
    "stm32f407-discovery": _F407,
    "nucleo-f767zi": _F767,
    "nucleo-h743zi": _H743,
    "nucleo-h7a3zi-q": _H7A3,
    "b-u585i-iot02a": _U585,
    "nucleo-u575zi-q": _U575,
}
