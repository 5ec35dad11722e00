"""The compiled loop is put together from whole parts, and cached under all of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgesnn.sim.core import loop
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.semantics import CASES, chain
from edgesnn.sim.core.semantics.case import operates


def test_every_operation_has_its_meaning() -> None:
    assert set(CASES) == set(range(op.UNDECODED + 1, op.VFP_STORE + 1))


def test_an_operation_means_one_thing() -> None:
    with pytest.raises(ValueError, match="defined twice"):
        operates(op.ADD, "regs[rd]")(lambda a, b: a)


def test_the_dispatch_reads_as_code() -> None:
    text, functions = chain("operation")
    lines = [line.strip() for line in text.splitlines()]
    name = f"operation_{op.SUBS}"
    assert f"regs[rd], n, z, c, v = {name}(a, b)" in lines
    assert f"regs[rd], n, z, c, v = operation_{op.RSBS}(b, a)" in lines
    assert functions[name].py_func(3, 5) == (0xFFFFFFFE, 1, 0, 0, 0)


def _compiled(function: Any, seen: set[Any]) -> Iterator[Path]:
    """Files of all compiled functions that one reaches, itself included."""
    if function in seen:
        return
    seen.add(function)
    plain = function.py_func
    yield Path(inspect.getfile(plain)).resolve()
    for found in (*plain.__globals__.values(), *inspect.getclosurevars(plain).nonlocals.values()):
        if hasattr(found, "py_func"):
            yield from _compiled(found, seen)


def test_the_cache_knows_all_files_that_are_compiled_together() -> None:
    known = {path.resolve() for path in loop.SOURCES}
    assert set(_compiled(loop.execute, set())) <= known
