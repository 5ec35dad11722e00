"""One way to compile: Numba, with the type that the function had before.

`_nrt=False` leaves out reference counting. Nothing here allocates, and handing an array to a
function that is not compiled in place would otherwise cost two atomic operations: a simulated
load took eight times as long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.core import sigutils
from numba.core.caching import FunctionCache
from numba.core.ccallback import CFunc
from numba.extending import intrinsic

_njit: Any = njit  # `_nrt` is an option that its stubs do not list
Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile `function` into its callers; divisions do not check for zero.

    Not cached on its own: `loop.run`, which takes everything in, is.
    """
    return cast(Function, _njit(error_model="numpy", _nrt=False)(function))


def inlined(function: Function) -> Function:
    """Compile `function` into the very place where it is called: for short and hot ones.

    It has no entry from Python, which halves the time that its compilation takes.
    """
    options = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(Function, _njit(error_model="numpy", _nrt=False, **options)(function))


_cache: Any = FunctionCache  # these three have no types either
_c_function: Any = CFunc
_signature: Any = sigutils.normalize_signature


class _Unprepared(_cache):  # type: ignore[misc]
    """A cache on disk that takes machine code from it without preparing the compiler first.

    Numba readies itself to compile before it looks, which takes longer than to load the loop:
    all that it could ever compile is registered, SciPy's BLAS included.
    """

    def load_overload(self, sig: object, target_context: object) -> object:
        """The code compiled for a signature, or None."""
        with self._guard_against_spurious_io_errors():
            found: object = self._load_overload(sig, target_context)
            return found


def cached(function: Function) -> Function:
    """Compile `function` once for all processes; it runs without the interpreter's lock."""
    kept = _njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)
    kept._cache = _Unprepared(function)
    return cast(Function, kept)


def exported(signature: Any) -> Callable[[Callable[..., object]], Any]:
    """Compile a function for C callers, once for all processes; its `address` is to be called."""

    def compile_(function: Callable[..., object]) -> Any:
        options = {"error_model": "numpy", "_nrt": False}
        kept = _c_function(function, _signature(signature), {}, options)
        kept._cache = _Unprepared(function)
        kept.compile()
        return kept

    return compile_


def sources_digest(*paths: Path) -> int:
    """A number of the files' contents: what is compiled together is cached under it."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7], "little")


def _caller(*elements: int) -> Callable[..., Any]:
    """Code that calls an address with the data of arrays, of so many bits an element, and words."""

    def generate(context, builder, signature, values):  # type: ignore[no-untyped-def]
        word, end = ir.IntType(64), 1 + len(elements)
        kinds = [ir.IntType(bits).as_pointer() for bits in elements] + [word] * len(values[end:])
        function = builder.inttoptr(values[0], ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        arrays = [
            context.make_array(kind)(context, builder, value=value).data
            for kind, value in zip(signature.args[1:end], values[1:end], strict=True)
        ]
        builder.call(function, [*arrays, *values[end:]])
        return context.get_dummy_value()

    return generate


def _typed_call(typing, address, state, regs, numbers, imm, extra, nzcv, now):  # type: ignore[no-untyped-def]
    """Void(int64 *state, int64 *regs, int64 …) at `address`, as Numba wants an intrinsic."""
    return types.void(address, state, regs, numbers, imm, extra, nzcv, now), _caller(64, 64)


call_unit: Any = intrinsic(_typed_call)  # call_unit(address, state, regs, numbers, …)


def _region_call(typing, address, state, regs, octets, counters, limit):  # type: ignore[no-untyped-def]
    """Void(int64 *state, int64 *regs, uint8 *octets, int64 counters, int64 limit)."""
    return types.void(address, state, regs, octets, counters, limit), _caller(64, 64, 8)


call_region: Any = intrinsic(_region_call)  # call_region(address, state, regs, octets, …)
