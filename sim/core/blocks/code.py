"""LLVM IR as text: lines, fresh names, and the operations that the translation is made of.

Values are strings: a name such as `%t7`, or a decimal constant. Words are i32.
"""

from __future__ import annotations

MASK = 0xFFFFFFFF


def word(number: int) -> str:
    """A constant of type i32."""
    number &= MASK
    return str(number - (1 << 32) if number >> 31 else number)


class Code:
    """The body of one function, written front to back.

    Attributes:
        block: label of the block that is being written.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names = 0
        self.block = "entry"

    def text(self) -> str:
        """All lines so far."""
        return "\n".join(self._lines)

    def fresh(self) -> str:
        """A name that nothing has yet."""
        self._names += 1
        return f"t{self._names}"

    def line(self, line: str) -> None:
        """Add a line that makes no value."""
        self._lines.append("  " + line)

    def value(self, expression: str) -> str:
        """Name the value of an instruction."""
        name = "%" + self.fresh()
        self._lines.append(f"  {name} = {expression}")
        return name

    def begin(self, label: str) -> None:
        """Start the block `label`; the one before must have ended."""
        self._lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str) -> None:
        """End the block."""
        self.line(f"br label %{label}")

    def branch(self, condition: str, then: str, other: str, likely: str = "") -> None:
        """End the block by an i1; `likely` names the metadata of its weights."""
        weights = f", !prof {likely}" if likely else ""
        self.line(f"br i1 {condition}, label %{then}, label %{other}{weights}")

    def load(self, kind: str, pointer: str) -> str:
        """A value of type `kind` in memory."""
        return self.value(f"load {kind}, ptr {pointer}")

    def store(self, kind: str, value: str, pointer: str) -> None:
        """Put a value into memory."""
        self.line(f"store {kind} {value}, ptr {pointer}")

    def binary(self, name: str, a: str, b: str, kind: str = "i32") -> str:
        """`add`, `sub`, `mul`, `and`, `or`, `xor`, `shl`, `lshr` or `ashr`."""
        if b == "0" and name in ("add", "sub", "or", "xor", "shl", "lshr", "ashr"):
            return a
        if a == "0" and name in ("add", "or", "xor"):
            return b
        return self.value(f"{name} {kind} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        """a + b."""
        return self.binary("add", a, b)

    def sub(self, a: str, b: str) -> str:
        """a − b."""
        return self.binary("sub", a, b)

    def both(self, a: str, b: str) -> str:
        """Bits of a and b."""
        return self.binary("and", a, b)

    def either(self, a: str, b: str) -> str:
        """Bits of a or b."""
        return self.binary("or", a, b)

    def differ(self, a: str, b: str) -> str:
        """Bits of a exclusive-or b."""
        return self.binary("xor", a, b)

    def inverse(self, a: str) -> str:
        """Bits that a has not."""
        return self.binary("xor", a, "-1")

    def left(self, a: str, amount: int) -> str:
        """a shifted left by 0..31."""
        return self.binary("shl", a, str(amount))

    def right(self, a: str, amount: int) -> str:
        """a shifted right by 0..31, zeros coming in."""
        return self.binary("lshr", a, str(amount))

    def arithmetic(self, a: str, amount: int) -> str:
        """a shifted right by 0..31, its sign coming in."""
        return self.binary("ashr", a, str(amount))

    def product(self, a: str, b: str) -> str:
        """Low word of a · b."""
        return self.binary("mul", a, b)

    def compare(self, how: str, a: str, b: str, kind: str = "i32") -> str:
        """An i1: `eq`, `ne`, `ult`, `uge`, `slt` …"""
        return self.value(f"icmp {how} {kind} {a}, {b}")

    def bit(self, condition: str) -> str:
        """An i1 as a word."""
        return self.convert("zext", condition, "i1", "i32")

    def choose(self, condition: str, then: str, other: str, kind: str = "i32") -> str:
        """One of two values."""
        return self.value(f"select i1 {condition}, {kind} {then}, {kind} {other}")

    def convert(self, how: str, a: str, source: str = "i32", result: str = "i64") -> str:
        """`zext`, `sext` or `trunc`."""
        return self.value(f"{how} {source} {a} to {result}")

    def rotate(self, a: str, amount: int) -> str:
        """a rotated right by a constant."""
        if amount % 32 == 0:
            return a
        return self.either(self.right(a, amount), self.left(a, 32 - amount))

    def sign_extended(self, a: str, bits: int) -> str:
        """The low `bits` of a as a signed number."""
        return self.arithmetic(self.left(a, 32 - bits), 32 - bits)

    def call(self, result: str, function: str, *arguments: str) -> str:
        """The result of calling `function`; arguments with their types."""
        return self.value(f"call {result} @{function}({', '.join(arguments)})")

    def place(self, base: str, offset: str, kind: str = "i8") -> str:
        """Pointer to element `offset`, an i64, of an array at `base`."""
        return self.value(f"getelementptr {kind}, ptr {base}, i64 {offset}")
