"""What ST's chips have in common: GPIO, USARTs, and how pyOCD and OpenOCD call them."""

from __future__ import annotations

from edgesnn.wiring.model import Access, Light, Port, PortKind, Tools, bits, put

_TREES = "Zephyr boards/st device trees"

GPIO_F = 0x40020000
GPIO_L4 = 0x48000000
GPIO_H7 = 0x58020000
GPIO_U5 = 0x42020000


def _block(base: int, letter: str) -> int:
    return base + 0x400 * (ord(letter) - ord("A"))


def alternate(base: int, pin: str, function: int) -> tuple[Access, ...]:
    """A pin such as `A2` as alternate function: AFRL or AFRH, then MODER."""
    gpio, number = _block(base, pin[0]), int(pin[1:])
    shift = 4 * (number % 8)
    return (
        bits(gpio + 0x20 + 4 * (number // 8), 0xF << shift, function << shift),
        bits(gpio, 3 << 2 * number, 2 << 2 * number),
    )


def light(base: int, pin: str, *, low: bool = False) -> Light:
    """An LED on a pin whose port is clocked: BSRR, then MODER as output."""
    gpio, number = _block(base, pin[0]), int(pin[1:])
    output = bits(gpio, 3 << 2 * number, 1 << 2 * number)
    high, down = put(gpio + 0x18, 1 << number), put(gpio + 0x18, 1 << (number + 16))
    on, off = (down, high) if low else (high, down)
    return Light(f"P{pin}{', lit when low' if low else ''}", (on, output), (off, output), _TREES)


def serial(
    kind: PortKind, base: int, hz: int, reset_hz: int, pins: tuple[str, str], gpio: int,
    function: int, gates: tuple[Access, ...], source: str, *, probe: bool = True, scale: int = 1,
) -> Port:  # fmt: skip
    """A USART: its clock gates, and `pins` such as `("A2", "A3")` as alternate `function`."""
    accesses = (*gates, *(each for pin in pins for each in alternate(gpio, pin, function)))
    return Port(
        kind, base, hz, reset_hz, f"P{pins[0]}/P{pins[1]}", "probe" if probe else "pins",
        accesses, scale, f"{source}; {_TREES}",
    )  # fmt: skip


def tools(target: str, config: str, pack: str = "") -> Tools:
    """The ST-Link on the board: pyOCD's target, OpenOCD's configuration."""
    return Tools(
        "pyocd", "ST-Link", target, pack, ("-f", "interface/stlink.cfg", "-f", f"target/{config}"),
        source="pyOCD 0.46, its targets and the pack index's names",
    )  # fmt: skip
