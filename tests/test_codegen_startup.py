"""The start-up code's memory functions, on the host, against Python's bytes."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesnn.codegen import host_compiler
from edgesnn.codegen.image import STARTUP
from edgesnn.codegen.toolchain import WARNINGS, compile_c

SIZE = 64

offsets = st.integers(0, SIZE // 2)
counts = st.integers(0, SIZE // 2)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder: Path = tmp_path_factory.mktemp("memory")
    renamed = [f"-D{name}=own_{name}" for name in ("memcpy", "memmove", "memset")]
    flags = [*WARNINGS, *renamed, "-O2", "-fno-builtin", "-shared", "-fPIC", "-o", "memory.so"]
    compile_c(host_compiler(), [*flags, str(STARTUP / "memory.c")], folder)
    return ctypes.CDLL(str(folder / "memory.so"))


def _memory() -> tuple[ctypes.Array[ctypes.c_char], int]:
    """A block of distinct bytes that begins on a word, and its address."""
    block = ctypes.create_string_buffer(bytes(range(SIZE)), SIZE)
    assert ctypes.addressof(block) % 4 == 0
    return block, ctypes.addressof(block)


@given(to=offsets, start=offsets, count=counts)
def test_memmove(library: ctypes.CDLL, to: int, start: int, count: int) -> None:
    block, base = _memory()
    expected = bytearray(block.raw)
    expected[to : to + count] = expected[start : start + count]
    library.own_memmove(
        ctypes.c_void_p(base + to), ctypes.c_void_p(base + start), ctypes.c_size_t(count)
    )
    assert block.raw == bytes(expected)


@given(start=offsets, count=counts)
def test_memcpy(library: ctypes.CDLL, start: int, count: int) -> None:
    source, _ = _memory()
    target = ctypes.create_string_buffer(SIZE)
    begin = ctypes.c_void_p(ctypes.addressof(source) + start)
    library.own_memcpy(target, begin, ctypes.c_size_t(count))
    assert target.raw == source.raw[start : start + count].ljust(SIZE, b"\0")


@given(start=offsets, count=counts, value=st.integers(0, 511))
def test_memset(library: ctypes.CDLL, start: int, count: int, value: int) -> None:
    block, base = _memory()
    expected = bytearray(block.raw)
    expected[start : start + count] = bytes([value & 0xFF]) * count
    library.own_memset(ctypes.c_void_p(base + start), value, ctypes.c_size_t(count))
    assert block.raw == bytes(expected)
