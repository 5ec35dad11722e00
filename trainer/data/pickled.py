"""CIFAR-10's Python batches, read without unpickling.

A batch is a pickle of protocol 2: a dictionary with `labels`, a list of numbers, and `data`, a
NumPy array. The opcodes that such a file consists of are walked by `pickletools` and put together
as inert values; no class is looked up and nothing is called. Any other opcode or name is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.errors import DataError

#: What a batch names: the pieces of a NumPy array.
NAMES = ("numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype")

_CONSTANTS = ("BININT", "BININT1", "BININT2", "SHORT_BINSTRING", "BINSTRING")
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _RefusedError(Exception):
    """What a batch does not hold."""


class _Mark:
    """Where a run of items begins on the stack."""


@dataclass
class _Made:
    """What a call would have made: the name and arguments, and the state set afterwards."""

    name: str
    state: tuple[Any, ...] = ()


@dataclass
class _Reader:
    """A stack and a memo, as the pickle machine has them, that hold inert values alone."""

    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def take(self, opcode: str, argument: Any) -> None:
        """One opcode."""
        if opcode in _CONSTANTS:
            self.stack.append(argument)
        elif opcode in _TUPLES:
            self._tuple(_TUPLES[opcode])
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif opcode in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif opcode == "GLOBAL":
            self._name(argument)
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self)
        else:
            raise _RefusedError(f"opcode {opcode}")

    def _tuple(self, size: int) -> None:
        items = tuple(self.stack[-size:])
        del self.stack[-size:]
        self.stack.append(items)

    def _name(self, argument: str) -> None:
        if argument not in NAMES:
            raise _RefusedError(f"name {argument!r}")
        self.stack.append(argument)

    def _since_mark(self) -> list[Any]:
        start = max(index for index, item in enumerate(self.stack) if isinstance(item, _Mark))
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items

    def _marked_tuple(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _extend(self) -> None:
        items = self._since_mark()
        self.stack[-1].extend(items)

    def _set_items(self) -> None:
        items = self._since_mark()
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def _make(self) -> None:
        arguments = self.stack.pop()
        name = self.stack.pop()
        assert isinstance(arguments, tuple)
        self.stack.append(_Made(str(name)))

    def _build(self) -> None:
        state = self.stack.pop()
        self.stack[-1].state = state


_ACTIONS: dict[str, Callable[[_Reader], None]] = {
    "PROTO": lambda _: None,
    "STOP": lambda _: None,
    "MARK": lambda reader: reader.stack.append(_Mark()),
    "EMPTY_DICT": lambda reader: reader.stack.append({}),
    "EMPTY_LIST": lambda reader: reader.stack.append([]),
    "NONE": lambda reader: reader.stack.append(None),
    "NEWFALSE": lambda reader: reader.stack.append(False),
    "NEWTRUE": lambda reader: reader.stack.append(True),
    "TUPLE": _Reader._marked_tuple,
    "APPENDS": _Reader._extend,
    "SETITEMS": _Reader._set_items,
    "REDUCE": _Reader._make,
    "BUILD": _Reader._build,
}


def read_batch(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    """Records uint8 `(images, 1 + 3072)`, label first, of a Python batch.

    Raises:
        DataError: the file holds anything else than a batch; says to take the binary version.
    """
    reader = _Reader()
    try:
        for opcode, argument, _ in pickletools.genops(content):
            reader.take(opcode.name, argument)
        (batch,) = reader.stack
        return _records(batch)
    except _RefusedError as refused:
        fault = f"{refused} has no place in a batch"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError):
        fault = "damaged or no batch"
    raise DataError(f"{name}: {fault}; take cifar-10-binary.tar.gz, which holds no pickles")


def _records(batch: dict[str, Any]) -> npt.NDArray[np.uint8]:
    labels = np.array(batch["labels"], np.int64)
    _, shape, _, by_columns, raw = batch["data"].state
    pixels = np.frombuffer(raw.encode("latin-1"), np.uint8).reshape(shape)
    if by_columns or labels.min() < 0 or labels.max() > 255:
        raise ValueError
    return np.concatenate([labels[:, None].astype(np.uint8), pixels], axis=1)
