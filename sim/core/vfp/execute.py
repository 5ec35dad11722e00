"""One floating point instruction: registers in, a function of this package, registers out."""

from __future__ import annotations

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.compiled import compiled, inlined
from edgesnn.sim.core.vfp.arithmetic import add, compare, divide, extreme, multiply, square_root
from edgesnn.sim.core.vfp.conversion import convert, from_integer, integral, to_integer
from edgesnn.sim.core.vfp.fused import multiply_add
from edgesnn.sim.core.vfp.number import dynamic_mode, sign_place

MASK = 0xFFFFFFFF


@inlined
def take(regs: Array, register: int, form: int) -> int:
    """A register's pattern, or that of a pair."""
    word: int = regs[register]
    if form == op.DOUBLE:
        word |= regs[register + 1] << 32
    return word


@inlined
def put(regs: Array, register: int, form: int, pattern: int) -> None:
    """Write a register or a pair."""
    regs[register] = pattern & MASK
    if form == op.DOUBLE:
        regs[register + 1] = pattern >> 32 & MASK


@inlined
def _negated(pattern: int, form: int) -> int:
    return pattern ^ 1 << sign_place(form)


@inlined
def _mode(state: Array, imm: int) -> int:
    """The rounding mode that an instruction names, or FPSCR's."""
    mode = imm & 7
    return dynamic_mode(state) if mode == op.MODE_DYNAMIC else mode


@compiled
def _accumulated(state: Array, form: int, kind: int, d: int, x: int, y: int, imm: int) -> int:
    """VMLA, VMLS, VNMLA, VNMLS with two roundings, VFMA and its kin with one."""
    if imm & op.NEGATE_ADDEND:
        d = _negated(d, form)
    if kind == op.V_FMA:
        if imm & op.NEGATE_PRODUCT:
            x = _negated(x, form)
        return multiply_add(state, form, d, x, y)
    product = multiply(state, form, x, y)
    if imm & op.NEGATE_PRODUCT:
        product = _negated(product, form)
    return add(state, form, d, product, 0)


@compiled
def _converted(state: Array, form: int, target: int, d: int, x: int, imm: int) -> int:
    """VCVT between formats; half precision numbers are halves of words."""
    if form == op.HALF:
        x = x >> 16 if imm & op.TOP_SOURCE else x & 0xFFFF
    result = convert(state, form, target, x)
    if target != op.HALF:
        return result
    if imm & op.TOP_RESULT:
        return d & 0xFFFF | result << 16
    return d & 0xFFFF0000 | result


@compiled
def _number_of_word(word: int, imm: int) -> int:
    """The integer that V_FROM_INTEGER reads: `size` bits, signed or not."""
    size = imm >> op.SIZE_SHIFT
    value = word & ((1 << size) - 1)
    if imm & op.SIGNED and value >> (size - 1):
        value -= 1 << size
    return value


@inlined
def _computed(
    state: Array, kind: int, form: int, target: int, d: int, x: int, y: int, imm: int, nzcv: int
) -> int:
    """The pattern that an instruction makes of its operands."""
    if kind == op.V_ADD or kind == op.V_SUB:
        return add(state, form, x, y, int(kind == op.V_SUB))
    if kind == op.V_MUL:
        return multiply(state, form, x, y)
    if kind == op.V_NMUL:
        return _negated(multiply(state, form, x, y), form)
    if kind == op.V_MLA or kind == op.V_FMA:
        return _accumulated(state, form, kind, d, x, y, imm)
    if kind == op.V_MOV:
        return y
    if kind == op.V_DIV:
        return divide(state, form, x, y)
    if kind == op.V_SQRT:
        return square_root(state, form, y)
    if kind == op.V_ABS:
        return y & ((1 << sign_place(form)) - 1)
    if kind == op.V_NEG:
        return _negated(y, form)
    if kind == op.V_CONSTANT:
        return imm << 32 if form == op.DOUBLE else imm & MASK
    if kind == op.V_MAXNM or kind == op.V_MINNM:
        return extreme(state, form, x, y, int(kind == op.V_MINNM))
    if kind == op.V_SEL:
        return x if _selects(imm, nzcv) else y
    if kind == op.V_RINT:
        return integral(state, form, y, _mode(state, imm), imm & op.EXACT)
    if kind == op.V_FROM_INTEGER:
        fraction = imm >> op.FRACTION_SHIFT & 63
        return from_integer(state, target, _number_of_word(y, imm), _mode(state, imm), fraction)
    if kind == op.V_TO_INTEGER:
        fraction, size = imm >> op.FRACTION_SHIFT & 63, imm >> op.SIZE_SHIFT
        return to_integer(state, form, y, _mode(state, imm), imm & op.SIGNED, fraction, size)
    return _converted(state, form, target, d, y, imm)


@inlined
def _selects(condition: int, nzcv: int) -> bool:
    """VSEL's four conditions: EQ, VS, GE, GT."""
    z, v = nzcv >> 2 & 1, nzcv & 1
    differs = nzcv >> 3 ^ v
    if condition == 0:
        return z == 1
    if condition == 1:
        return v == 1
    return differs == 0 and (condition == 2 or z == 0)


@compiled
def _system(
    state: Array, regs: Array, kind: int, form: int, rd: int, rn: int, rm: int, ra: int, imm: int
) -> None:
    """Comparisons, moves between the files, FPSCR."""
    if kind == op.V_CMP:
        y = 0 if imm & op.WITH_ZERO else take(regs, rm, form)
        nzcv = compare(state, form, take(regs, rn, form), y, imm & op.QUIET_RAISES)
        state[op.S_FPSCR] = state[op.S_FPSCR] & 0x0FFFFFFF | nzcv << 28
    elif kind == op.V_MRS:
        regs[rd] = state[op.S_FPSCR]
    elif kind == op.V_MSR:
        state[op.S_FPSCR] = regs[rm] & op.FPSCR_MASK
    elif kind == op.V_MOV_TWO:
        first, second = regs[rn], regs[rm]
        regs[rd] = first
        regs[ra] = second
    else:
        regs[rd] = regs[rm]


@inlined
def arithmetic(
    state: Array, regs: Array, numbers: int, imm: int, extra: int, nzcv: int, now: int
) -> None:
    """Do one VFP row.

    Args:
        state, regs: as `loop.execute` has them.
        numbers, imm, extra: R_REGISTERS, R_IMMEDIATE and R_EXTRA of the row.
        nzcv: the core's flags, N highest.
        now: the cycle at which it starts.
    """
    kind, form, target = extra & op.V_KIND, extra >> op.V_SOURCE & 3, extra >> op.V_RESULT & 3
    rd, rn, rm = numbers & 63, numbers >> 8 & 63, numbers >> 16 & 63
    if kind >= op.V_TO_CORE or kind == op.V_CMP:
        _system(state, regs, kind, form, rd, rn, rm, numbers >> 24 & 63, imm)
        return
    if kind == op.V_DIV or kind == op.V_SQRT:
        state[op.S_FP_BUSY] = now + 1 + state[op.S_FP_LONG]
    d, x, y = take(regs, rd, target), take(regs, rn, form), take(regs, rm, form)
    put(regs, rd, target, _computed(state, kind, form, target, d, x, y, imm, nzcv))
