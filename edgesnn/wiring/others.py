"""Boards of other makers, and QEMU's.

Registers: Nordic's device headers; K64P144M120SF5RM and UM11126 from memory but for the clock
gates, so that those ports count as unverified; the pico-sdk's hardware_regs. Pins: Zephyr's device
trees and the pico-sdk's board headers.
"""

from __future__ import annotations

from edgesnn.wiring.model import (
    Access,
    Clock,
    Light,
    Microphone,
    Port,
    Tools,
    Wiring,
    await_bits,
    bits,
    put,
    set_bits,
)

_MHZ = 1_000_000
_TREES = "Zephyr device trees"

# ---- Nordic nRF52: 64 MHz out of reset; the crystal makes it exact

_NRF_UART, _NRF_CLOCK, _NRF_PDM = 0x40002000, 0x40000000, 0x4001D000
_NRF_PORTS = (0x50000000, 0x50000300)


def _nrf_pin(pin: str) -> tuple[int, int]:
    """`1.03` as its port's base and its number."""
    port, number = pin.split(".")
    return _NRF_PORTS[int(port)], int(number)


def _nrf_serial(transmit: str, receive: str, *, probe: bool) -> Port:
    gpio, number = _nrf_pin(transmit)
    select = [32 * int(pin[0]) + int(pin[2:]) for pin in (transmit, receive)]
    accesses = (
        put(gpio + 0x508, 1 << number),
        put(gpio + 0x700 + 4 * number, 3),
        put(_NRF_UART + 0x50C, select[0]),
        put(_NRF_UART + 0x514, select[1]),
    )
    return Port(
        "nrf", _NRF_UART, 16 * _MHZ, 16 * _MHZ, f"P{transmit}/P{receive}",
        "probe" if probe else "pins", accesses,
        source=f"Nordic device headers (UART, GPIO); {_TREES}",
    )  # fmt: skip


def _nrf_level(pin: str, high: bool) -> tuple[Access, ...]:
    gpio, number = _nrf_pin(pin)
    return put(gpio + (0x508 if high else 0x50C), 1 << number), put(gpio + 0x700 + 4 * number, 3)


def _nrf_light(pin: str, *, low: bool) -> Light:
    title = f"P{pin}{', lit when low' if low else ''}"
    return Light(title, _nrf_level(pin, not low), _nrf_level(pin, low), _TREES)


def _nrf_microphone(clock: str, data: str, power: str) -> Microphone:
    """A PDM microphone: its power on, with high drive; its clock an output; PSEL."""
    (gate, gate_number), (gpio, number) = _nrf_pin(power), _nrf_pin(clock)
    listens, listened = _nrf_pin(data)
    select = [32 * int(pin[0]) + int(pin[2:]) for pin in (clock, data)]
    accesses = (
        put(gate + 0x508, 1 << gate_number),
        put(gate + 0x700 + 4 * gate_number, 3 | 3 << 8),
        put(gpio + 0x50C, 1 << number),
        put(gpio + 0x700 + 4 * number, 3),
        put(listens + 0x700 + 4 * listened, 0),
        put(_NRF_PDM + 0x540, select[0]),
        put(_NRF_PDM + 0x544, select[1]),
    )
    return Microphone("audio_nrf_pdm.c", accesses, f"Nordic device headers (PDM); {_TREES}")


#: The crystal, and the cache of flash (NVMC's ICACHECNF), which is off out of reset.
_NRF_CRYSTAL = put(0x4001E540, 1), put(_NRF_CLOCK, 1), await_bits(_NRF_CLOCK + 0x100, 1)
_NRF_64 = Clock(64 * _MHZ, 64 * _MHZ, _NRF_CRYSTAL, "Nordic device headers (CLOCK, NVMC)")

_NRF_DK = Wiring(
    _NRF_64, _nrf_serial("0.06", "0.08", probe=True),
    Tools("pyocd", "J-Link", "nrf52840",
          openocd=("-f", "interface/jlink.cfg", "-c", "transport select swd", "-f",
                   "target/nrf52.cfg"), source="pyOCD 0.46"),
    _nrf_light("0.13", low=True),
)  # fmt: skip

_NANO = Wiring(
    _NRF_64, _nrf_serial("1.03", "1.10", probe=False),
    Tools("pyocd", "none; add a CMSIS-DAP probe", "nrf52840", source="pyOCD 0.46"),
    _nrf_light("0.13", low=False), microphone=_nrf_microphone("0.26", "0.25", "0.17"),
)  # fmt: skip

_XIAO = Wiring(
    _NRF_64, _nrf_serial("1.11", "1.12", probe=False),
    Tools("uf2", "none; its boot loader is a USB drive", "nrf52840", uf2_family=0xADA52840,
          uf2_board=("nRF52840-SeeedXiao", "Seeed_XIAO", "XIAO"),
          source="microsoft/uf2 families; Adafruit nRF52 boot loader"),
    _nrf_light("0.26", low=True), microphone=_nrf_microphone("1.00", "0.16", "1.10"),
)  # fmt: skip

_MICROBIT_V2 = Wiring(
    _NRF_64, _nrf_serial("0.06", "1.08", probe=True),
    Tools("pyocd", "DAPLink", "nrf52833",
          openocd=("-f", "interface/cmsis-dap.cfg", "-f", "target/nrf52.cfg"),
          source="pyOCD 0.46"),
    Light("row P0.21, column P0.28", (*_nrf_level("0.28", False), *_nrf_level("0.21", True)),
          _nrf_level("0.21", False), _TREES),
)  # fmt: skip

# ---- NXP: both stay on the clock of reset

_SIM_K64, _PORT_K64, _GPIO_K64 = 0x40047000, 0x40049000, 0x400FF000
_K64_FLL = 20_971_520  # 640 times the slow internal reference of 32,768 Hz

_K64F = Wiring(
    Clock(_K64_FLL, _K64_FLL),
    Port(
        "kinetis", 0x4006A000, _K64_FLL, _K64_FLL, "PTB17/PTB16", "probe",
        (set_bits(_SIM_K64 + 0x1034, 1 << 10),
         set_bits(_SIM_K64 + 0x1038, 1 << 10 | 1 << 13),
         put(_PORT_K64 + 0x1000 + 4 * 16, 3 << 8), put(_PORT_K64 + 0x1000 + 4 * 17, 3 << 8)),
    ),
    Tools("pyocd", "DAPLink", "k64f",
          openocd=("-f", "interface/cmsis-dap.cfg", "-f", "target/k60.cfg"), source="pyOCD 0.46"),
    Light(
        "PTE26, lit when low",
        (put(_GPIO_K64 + 0x108, 1 << 26), set_bits(_GPIO_K64 + 0x114, 1 << 26),
         put(_PORT_K64 + 0x4000 + 4 * 26, 1 << 8)),
        (put(_GPIO_K64 + 0x104, 1 << 26), set_bits(_GPIO_K64 + 0x114, 1 << 26),
         put(_PORT_K64 + 0x4000 + 4 * 26, 1 << 8)),
        _TREES,
    ),
    startup=("watchdog_kinetis.c",),
)  # fmt: skip

_SYSCON, _IOCON, _GPIO_LPC = 0x40000000, 0x40001000, 0x4008C000


def _lpc_light(dark: bool) -> tuple[Access, ...]:
    return (
        put(_SYSCON + 0x220, 1 << 15),
        put(_GPIO_LPC + (0x2204 if dark else 0x2284), 1 << 6),
        set_bits(_GPIO_LPC + 0x2004, 1 << 6),
    )


_LPC55 = Wiring(
    Clock(12 * _MHZ, 12 * _MHZ),
    Port(
        "flexcomm", 0x40086000, 12 * _MHZ, 12 * _MHZ, "PIO0_30/PIO0_29", "probe",
        (put(_SYSCON + 0x220, 1 << 13 | 1 << 15), put(_SYSCON + 0x224, 1 << 11),
         put(_SYSCON + 0x2B0, 2), put(_IOCON + 4 * 29, 0x101), put(_IOCON + 4 * 30, 0x101)),
    ),
    Tools("pyocd", "CMSIS-DAP", "lpc55s69", source="pyOCD 0.46"),
    Light("PIO1_6, lit when low", _lpc_light(False), _lpc_light(True)),
)  # fmt: skip

# ---- Raspberry Pi: crystal of 12 MHz, PLL_SYS; the PL011 counts the crystal

_SDK = "pico-sdk hardware_regs"


def _pico_clock(
    hz: int, resets: int, reset_bit: int, xosc: int, clocks: int, pll: int,
    feedback: int, dividers: tuple[int, int], hz_at_reset: int,
) -> Clock:  # fmt: skip
    """clk_sys = 12 MHz · `feedback` / `dividers`; clk_ref = crystal."""
    accesses = (
        put(xosc, 0xAA0),
        put(xosc + 0x0C, 47),
        put(xosc, 0xFAB << 12 | 0xAA0),
        await_bits(xosc + 0x04, 1 << 31),
        bits(clocks + 0x30, 3, 2),
        await_bits(clocks + 0x38, 1 << 2),
        put(resets + 0x3000, 1 << reset_bit),
        await_bits(resets + 0x08, 1 << reset_bit),
        put(pll, 1),
        put(pll + 0x08, feedback),
        put(pll + 0x3004, 1 | 1 << 5),
        await_bits(pll, 1 << 31),
        put(pll + 0x0C, dividers[0] << 16 | dividers[1] << 12),
        put(pll + 0x3004, 1 << 3),
        bits(clocks + 0x3C, 7 << 5, 0),
        bits(clocks + 0x3C, 1, 1),
        await_bits(clocks + 0x44, 1 << 1),
    )
    return Clock(hz, hz_at_reset, accesses, _SDK)


def _pico_serial(
    resets: int, reset_bits: int, clocks: int, io: int, uart: int, pads: tuple[Access, ...]
) -> Port:
    accesses = (
        put(clocks + 0x48, 1 << 11 | 4 << 5),
        put(resets + 0x3000, reset_bits),
        await_bits(resets + 0x08, reset_bits),
        *pads,
        put(io + 0x04, 2),
        put(io + 0x0C, 2),
    )
    return Port("pl011", uart, 12 * _MHZ, 12 * _MHZ, "GP0/GP1", "pins", accesses, source=_SDK)


def _pico_light(io: int, level: int, enable: int, pads: tuple[Access, ...] = ()) -> Light:
    """GP25 through its override fields, which need no part of the core's own I/O block."""

    def override(value: int) -> tuple[Access, ...]:
        return *pads, put(io + 0xCC, 3 << enable | value << level | 0x1F)

    return Light("GP25", override(3), override(2), _SDK)


_PICO = Wiring(
    _pico_clock(133 * _MHZ, 0x4000C000, 12, 0x40024000, 0x40008000, 0x40028000, 133, (6, 2),
                6_500_000),
    _pico_serial(0x4000C000, 1 << 5 | 1 << 8 | 1 << 22, 0x40008000, 0x40014000, 0x40034000, ()),
    Tools("uf2", "none; a debugprobe can be added", "rp2040",
          openocd=("-f", "interface/cmsis-dap.cfg", "-c", "adapter speed 5000", "-f",
                   "target/rp2040.cfg"),
          uf2_family=0xE48BFF56, uf2_board=("RPI-RP2",), source="microsoft/uf2; pyOCD 0.46"),
    _pico_light(0x40014000, 8, 12),
    startup=("boot2_rp2040.c",),
)  # fmt: skip

#: RP2350 pads come out of reset isolated: drive 4 mA, input enabled, no isolation.
_PADS_RP2350 = put(0x40038004, 0x52), put(0x40038008, 0x52)

_PICO2 = Wiring(
    _pico_clock(150 * _MHZ, 0x40020000, 14, 0x40048000, 0x40010000, 0x40050000, 125, (5, 2),
                11_000_000),
    _pico_serial(0x40020000, 1 << 6 | 1 << 9 | 1 << 26, 0x40010000, 0x40028000, 0x40070000,
                 _PADS_RP2350),
    Tools("uf2", "none; a debugprobe can be added", "rp2350", uf2_family=0xE48BFF59,
          uf2_board=("RP2350",), source="microsoft/uf2; pyOCD 0.46"),
    _pico_light(0x40028000, 12, 14, (put(0x40038068, 0x12),)),
)  # fmt: skip

WIRINGS = {
    "nrf52840-dk": _NRF_DK,
    "nano-33-ble-sense": _NANO,
    "xiao-nrf52840-sense": _XIAO,
    "microbit-v2": _MICROBIT_V2,
    "frdm-k64f": _K64F,
    "lpcxpresso55s69": _LPC55,
    "pico": _PICO,
    "pico2": _PICO2,
}
