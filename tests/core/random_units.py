"""Units of random code beyond single instructions: branches, loops, and the system's own.

The encodings are written out here, since these units are made for where they stand, and must
not come out of the decoder that they test.
"""

from __future__ import annotations

import random

from edgesnn.sim.core.architecture import NO_FPU, V6M, V7EM, V8M

from .random_code import FREE, Profile, Unit
from .random_draw import Draw, Draws

MRS, MSR = 0xF3EF, 0xF380
PRIMASK, BASEPRI, BASEPRI_MAX, FAULTMASK, CONTROL = 16, 17, 18, 19, 20
READABLE = (0, 1, 2, 3, 5, 6, 7, 8, 9, PRIMASK, CONTROL)  # APSR to PSP, masks
READABLE_MAINLINE, READABLE_V8 = (BASEPRI, BASEPRI_MAX, FAULTMASK), (10, 11)  # V8: MSPLIM, PSPLIM


def draw_unit(draw: Draw) -> Unit:
    """Any unit; most are single instructions."""
    choice, mainline = draw.rng.random(), draw.level > V6M
    if draw.exclusive >= 0:  # units below store
        return clear_exclusive(draw) if choice < 0.15 else draw.single()
    if choice < 0.06 and mainline:
        return draw.block()
    if choice < 0.14:
        return draw.rng.choice(FLOW + (FLOW_MAINLINE if mainline else ()))(draw)
    if choice < 0.18 and not draw.everywhere:
        return draw.rng.choice(_system(draw))(draw)
    return draw.single()


def units_drawn(profile: Profile, everywhere: bool) -> list[Draws]:
    """Every kind of unit, as often as it has variants and then some."""
    draw = Draw(random.Random(0), profile, everywhere)
    flow = FLOW + (FLOW_MAINLINE if profile.level > V6M else ())
    return list(12 * (flow + (() if everywhere else _system(draw))))


def _system(draw: Draw) -> tuple[Draws, ...]:
    """Units of the system; no faults in floating point code, where QEMU 7.2 often stacks IT bits
    of a block that has ended."""
    found = SYSTEM + (SYSTEM_MAINLINE if draw.level > V6M else ())
    return found if draw.fpu != NO_FPU else (*found, unknown)


def clear_exclusive(draw: Draw) -> Unit:
    """CLREX."""
    draw.exclusive = -1
    return draw.made([0xF3BF, 0x8F2F])


def _body(draw: Draw, most: int) -> tuple[list[int], int]:
    """Some instructions to skip or repeat, and how many."""
    halfwords: list[int] = []
    count = 0
    for _ in range(draw.rng.randrange(most + 1)):
        in_block = draw.level > V6M and draw.rng.random() < 0.2
        unit = draw.block(simple=True) if in_block else draw.single(simple=True)
        halfwords += unit.halfwords
        count += unit.count
    return halfwords, count


def _around(draw: Draw, size: int, most: int = 2) -> tuple[list[int], int]:
    """A body behind `size` halfwords that are yet to be made; the address stays before them."""
    start = draw.address
    draw.address += 2 * size
    found = _body(draw, most)
    draw.address = start
    return found


def _skip(draw: Draw, size: int, first: list[int], body: tuple[list[int], int]) -> Unit:
    assert len(first) == size
    return draw.made([*first, *body[0]], body[1] + 1)


def branch(draw: Draw) -> Unit:
    """B over what follows, with a condition or without."""
    body = _around(draw, 1)
    offset = len(body[0]) - 1  # halfwords from this address and 4
    if draw.rng.random() < 0.3:
        return _skip(draw, 1, [0xE000 | offset & 0x7FF], body)
    return _skip(draw, 1, [0xD000 | draw.rng.randrange(14) << 8 | offset & 0xFF], body)


def call(draw: Draw) -> Unit:
    """BL over what follows."""
    body = _around(draw, 2)
    return _skip(draw, 2, [0xF000, 0xF800 | len(body[0])], body)


def branch_wide(draw: Draw) -> Unit:
    """B.W, with a condition or without."""
    body = _around(draw, 2)
    if draw.rng.random() < 0.5:
        return _skip(draw, 2, [0xF000, 0xB800 | len(body[0])], body)
    return _skip(draw, 2, [0xF000 | draw.rng.randrange(14) << 6, 0x8000 | len(body[0])], body)


def compare_branch(draw: Draw) -> Unit:
    """CBZ and CBNZ."""
    body = _around(draw, 1, 3)
    offset = len(body[0]) - 1
    if offset < 0:
        return draw.single()
    register, kind = draw.rng.randrange(8), draw.rng.getrandbits(1)
    word = 0xB100 | kind << 11 | offset >> 5 << 9 | (offset & 31) << 3 | register
    return _skip(draw, 1, [word], body)


def block_that_branches(draw: Draw) -> Unit:
    """B as the last instruction of an IT block."""
    body = _around(draw, 2)
    first = [0xBF08 | draw.rng.randrange(14) << 4, 0xE000 | len(body[0]) - 1 & 0x7FF]
    return draw.made([*first, *body[0]], body[1] + 2)


def loop(draw: Draw) -> Unit:
    """Two or three rounds of a body that leaves the counter alone."""
    counter = draw.rng.choice(FREE)
    draw.kept = frozenset({counter})
    body, count = _around(draw, 1, 3)
    draw.kept = frozenset()
    back = -(len(body) + 3)
    return draw.made(
        [0x2000 | counter << 8 | draw.rng.randrange(2, 4), *body, 0x3801 | counter << 8,
         0xD100 | back & 0xFF],
        count + 3,
    )  # fmt: skip


def _address_of_end(draw: Draw, register: int, size: int) -> list[int]:
    """ADR and ADDS: the Thumb address of what follows `size` halfwords after these two."""
    away = 2 * (size + 2) - 4 + (draw.address & 2)
    assert away % 4 == 0
    return [0xA000 | register << 8 | away >> 2, 0x3001 | register << 8]


def _indirect(draw: Draw, through: list[int], register: int) -> Unit:
    """A jump by `through` to the end of a body, its address in `register`."""
    body, count = _around(draw, 2 + len(through))
    odd = 2 * (2 + len(through) + len(body)) + draw.address & 2
    if odd:
        body = [*body, 0xBF00]
    size = len(through) + len(body)
    first = _address_of_end(draw, register, size)
    return draw.made([*first, *through, *body], count + 2 + len(through))


def exchange(draw: Draw) -> Unit:
    """BX, BLX, MOV to the program counter, and POP of it, alone or among others."""
    register = draw.rng.choice(FREE[1:])
    popped = sum(1 << other for other in FREE if other < register and draw.rng.getrandbits(1))
    ways = (
        [0x4700 | register << 3],
        [0x4780 | register << 3],
        [0x4687 | register << 3],
        [0xB400 | 1 << register, 0xBD00],
        [0xB400 | 1 << register, 0xB400 | popped | 1, 0xBD00 | popped | 1],
    )  # fmt: skip
    return _indirect(draw, draw.rng.choice(ways), register)


def load_jump(draw: Draw) -> Unit:
    """LDR of the program counter, by offset or from the stack, and LDM of it and another."""
    register, offset = draw.rng.choice(FREE[1:]), 4 * draw.rng.randrange(64)
    pointer, other = draw.rng.choice((2, 5)), draw.rng.choice(FREE[: FREE.index(register)])
    both = 1 << register | 1 << other
    ways = (
        [0xF8C0 | pointer, register << 12 | offset, 0xF8D0 | pointer, 0xF000 | offset],
        [0xB400 | 1 << register, 0xF85D, 0xFB04],
        [0xB400 | both, 0xE8BD, 0x8000 | 1 << other],
        [0xE920 | pointer, both, 0xE8B0 | pointer, 0x8000 | 1 << other],
        [0xE8A0 | pointer, both, 0xE930 | pointer, 0x8000 | 1 << other],
    )
    return _indirect(draw, draw.rng.choice(ways), register)


def add_to_counter(draw: Draw) -> Unit:
    """MOVS and ADD to the program counter."""
    register = draw.rng.choice(FREE)
    body = _around(draw, 2)
    if not body[0]:
        return draw.single()
    first = [0x2000 | register << 8 | 2 * len(body[0]) - 2, 0x4487 | register << 3]
    return _skip(draw, 2, first, body)


def table_branch(draw: Draw) -> Unit:
    """TBB or TBH by a table behind it, of two entries that skip a body or do not."""
    register, entry = draw.rng.choice(FREE), draw.rng.randrange(2)
    half = draw.rng.getrandbits(1)
    near = 2 if half else 1
    body, count = _around(draw, 3 + near)
    far = near + len(body)
    table = [near, far] if half else [near | far << 8]
    first = [0x2000 | register << 8 | entry, 0xE8DF, 0xF000 | half << 4 | register]
    return draw.made([*first, *table, *body], count + 2)


def stack_pointer(draw: Draw) -> Unit:
    """Moves to SP, additions to it, and a load of it."""
    register, offset = draw.rng.choice(FREE), 4 * draw.rng.randrange(16)
    ways = [
        [0x4668 | register, 0x4685 | register << 3],
        [0x2000 | register << 8 | offset, 0x4485 | register << 3],
    ]
    if draw.level > V6M:
        ways += [
            [0xF8C2, 0xD000 | offset, 0xF8D2, 0xD000 | offset],
            [0x2000 | register << 8 | offset, 0xEBAD, 0x0D00 | register],
        ]
    return draw.made(draw.rng.choice(ways), 2)


def supervisor_call(draw: Draw) -> Unit:
    """SVC, whose handler returns at once; unmasked, for where it escalates to a fault, the manual
    and QEMU stack different addresses."""
    number = draw.rng.getrandbits(8)
    if draw.level == V6M:
        return draw.made([0xB662, 0xDF00 | number], 2)
    register = draw.rng.choice(FREE)
    open_up = [0xB662, 0x2000 | register << 8, MSR | register, 0x8800 | BASEPRI]
    return draw.made([*open_up, 0xDF00 | number], 4)


def read_special(draw: Draw) -> Unit:
    """MRS."""
    numbers = READABLE + (READABLE_MAINLINE if draw.level > V6M else ())
    numbers += READABLE_V8 if draw.level == V8M else ()
    register = draw.rng.choice((*FREE, 8, 9, 12))
    return draw.made([MRS, 0x8000 | register << 8 | draw.rng.choice(numbers)])


def write_special(draw: Draw) -> Unit:
    """MSR to what neither changes the stack in use nor lasts beyond the program."""
    register, mask = draw.rng.choice((*FREE, 8, 9, 12)), 2
    numbers = (0, 1, 2, 3, 9, PRIMASK, *((BASEPRI, BASEPRI_MAX) if draw.level > V6M else ()))
    number = draw.rng.choice(numbers)
    if number < 4 and draw.level >= V7EM:
        mask = draw.rng.randrange(1, 4)
    if number < 4 and draw.level == V6M:  # QEMU keeps Q, which Armv6-M does not have
        register = draw.rng.choice(FREE)
        four = [0x2000 | register << 8 | draw.rng.getrandbits(4), 0x0700 | register << 3 | register]
        return draw.made([*four, MSR | register, 0x8800 | number], 3)
    return draw.made([MSR | register, 0x8000 | mask << 10 | number])


def change_state(draw: Draw) -> Unit:
    """CPS for PRIMASK."""
    return draw.made([0xB662 | draw.rng.getrandbits(1) << 4])


def send_and_wait(draw: Draw) -> Unit:
    """SEV, WFE, of either width."""
    if draw.level > V6M and draw.rng.getrandbits(1):
        return draw.made([0xF3AF, 0x8004, 0xF3AF, 0x8002], 2)
    return draw.made([0xBF40, 0xBF20], 2)


def unknown(draw: Draw) -> Unit:
    """UDF of either width, once in a while: it ends the program in a fault."""
    if draw.rng.getrandbits(1):
        return draw.single()
    if draw.rng.getrandbits(1):
        return draw.made([0xDE00 | draw.rng.getrandbits(8)])
    return draw.made([0xF7F0 | draw.rng.getrandbits(4), 0xA000 | draw.rng.getrandbits(12)])


def wait_for_interrupt(draw: Draw) -> Unit:
    """PendSV made pending while it is masked, WFI, and the exception when it no longer is."""
    a, b = draw.rng.sample(FREE, 2)
    address = [0x20E0 | a << 8, 0x0600 | a << 3 | a, 0x20ED | b << 8, 0x0200 | b << 3 | b,
               0x3004 | b << 8, 0x1800 | b << 6 | a << 3 | a]  # fmt: skip
    pend = [0x2001 | b << 8, 0x0700 | b << 3 | b, 0x6000 | a << 3 | b]
    wide = draw.level > V6M and draw.rng.getrandbits(1)
    wait = [0xF3BF, 0x8F4F, *([0xF3AF, 0x8003] if wide else [0xBF30])]  # DSB first
    return draw.made([0xB672, *address, *pend, *wait, 0xB662, 0xF3BF, 0x8F6F], 14)


def fault_mask(draw: Draw) -> Unit:
    """CPS for FAULTMASK and back."""
    register = draw.rng.choice(FREE)
    return draw.made([0xB671, MRS, 0x8000 | register << 8 | FAULTMASK, 0xB661], 3)


FLOW: tuple[Draws, ...] = (branch, call, loop, exchange, add_to_counter, stack_pointer)
FLOW_MAINLINE: tuple[Draws, ...] = (
    branch_wide, compare_branch, block_that_branches, load_jump, table_branch,
)  # fmt: skip
SYSTEM: tuple[Draws, ...] = (
    read_special, write_special, change_state, send_and_wait, supervisor_call, wait_for_interrupt,
)  # fmt: skip
SYSTEM_MAINLINE: tuple[Draws, ...] = (fault_mask,)
