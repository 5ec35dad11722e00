"""One case an operation: its function, what it takes from the loop and what it settles there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.bits import signed
from edgesnn.sim.core.compiled import inlined

Function = TypeVar("Function", bound=Callable[..., Any])
CASES: dict[int, Case] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """What one operation does.

    Attributes:
        function: compiled into the loop; its parameters are named as the loop's variables.
        settles: the variables that its results go to, as the left side of an assignment.
        given: parameters that stand for something else in the loop.
    """

    function: Callable[..., Any]
    settles: str
    given: dict[str, str]

    def statement(self, name: str) -> str:
        """The line of the loop that calls the function by `name`."""
        wanted = inspect.signature(self.function).parameters
        arguments = ", ".join(self.given.get(each, each) for each in wanted)
        return f"{self.settles} = {name}({arguments})"


def operates(number: int, settles: str, **given: str) -> Callable[[Function], Function]:
    """Make a function the meaning of operation `number`; it may have several numbers.

    Raises:
        ValueError: the operation has a function already.
    """

    def note(function: Function) -> Function:
        if number in CASES:
            raise ValueError(f"operation {number} is defined twice")
        CASES[number] = Case(function, settles, {"operation": str(number), **given})
        return function

    return note


def chain(variable: str) -> tuple[str, dict[str, Any]]:
    """A chain of comparisons of `variable` with each operation's number, and its functions.

    LLVM turns the chain into a jump table, in which each function stands at its place.
    """
    lines: list[str] = []
    functions: dict[str, Any] = {"op": op, "signed": signed}
    compiled: dict[Callable[..., Any], Any] = {}
    for number, case in sorted(CASES.items()):
        name = f"operation_{number}"
        if case.function not in compiled:
            compiled[case.function] = _inlined(case.function)
        functions[name] = compiled[case.function]
        lines.append(f"{'elif' if lines else 'if'} {variable} == {number}:")
        lines.append(f"    {case.statement(name)}")
    return "\n".join(lines), functions


def _inlined(function: Callable[..., Any]) -> Any:
    return function if hasattr(function, "py_func") else inlined(function)
