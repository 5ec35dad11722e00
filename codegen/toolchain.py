"""Compilers: finding one, and running it with every warning an error."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edgesnn.boards import Core
from edgesnn.errors import CompileError

#: Everything that generated code must survive, on every compiler.
WARNINGS = (
    "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
)  # fmt: skip

_NO_CROSS_COMPILER = (
    "no compiler for Cortex-M: pip install 'edgesnn[compile]', or install arm-none-eabi-gcc "
    "(Debian: apt install gcc-arm-none-eabi)"
)
_NO_HOST_COMPILER = (
    "no C compiler for this computer: pip install 'edgesnn[compile]', or install gcc or clang"
)


@dataclass(frozen=True)
class Compiler:
    """A C compiler.

    Attributes:
        kind: `gcc` (also for clang and whatever $CC names), or `zig`.
        command: how it is called.
    """

    kind: str
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """What reports call it."""
        return "zig cc" if self.kind == "zig" else Path(self.command[0]).name


def cross_compiler(wanted: str | None = None) -> Compiler:
    """The compiler for Cortex-M: `gcc`, `zig`, or by default the first that is installed.

    Raises:
        CompileError: there is none, or `wanted` is another word; says what to install.
    """
    if wanted not in (None, "gcc", "zig"):
        raise CompileError(f"unknown compiler {wanted!r}: choose gcc or zig")
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is not None and wanted != "zig":
        return Compiler("gcc", (gcc,))
    if wanted != "gcc" and _has_zig():
        return _zig()
    raise CompileError(_NO_CROSS_COMPILER)


def host_compiler() -> Compiler:
    """The compiler for this computer: $CC, then gcc, clang, cc, then zig.

    Raises:
        CompileError: there is none; says what to install.
    """
    named = shlex.split(os.environ.get("CC", ""))
    if named and shutil.which(named[0]):
        return Compiler("gcc", tuple(named))
    for name in ("gcc", "clang", "cc"):
        found = shutil.which(name)
        if found is not None:
            return Compiler("gcc", (found,))
    if _has_zig():
        return _zig()
    raise CompileError(_NO_HOST_COMPILER)


def _has_zig() -> bool:
    return importlib.util.find_spec("ziglang") is not None


def _zig() -> Compiler:
    return Compiler("zig", (sys.executable, "-m", "ziglang", "cc"))


def core_flags(compiler: Compiler, core: Core) -> tuple[str, ...]:
    """Flags that make `compiler` generate code for `core`, without floating point."""
    pairs = ("-DEDGESNN_DUAL_ISSUE",) if core.gcc_cpu == "cortex-m7" else ()
    if compiler.kind == "zig":
        return ("-target", "thumb-freestanding-eabi", f"-mcpu={core.zig_cpu}", *pairs)
    return (f"-mcpu={core.gcc_cpu}", "-mthumb", "-mfloat-abi=soft", *pairs)


def compile_c(compiler: Compiler, arguments: list[str], folder: Path) -> None:
    """Run `compiler` in `folder`.

    Raises:
        CompileError: it cannot be run or refuses; carries its first complaint.
    """
    try:
        done = subprocess.run(
            [*compiler.command, *arguments], cwd=folder, capture_output=True, text=True,
            errors="replace", check=False,
        )  # fmt: skip
    except OSError as error:
        raise CompileError(f"cannot run {compiler.name}: {error.strerror}") from error
    if done.returncode != 0:
        raise CompileError(f"{compiler.name} refuses the generated C: {_complaint(done.stderr)}")


def _complaint(output: str) -> str:
    """The first line of a compiler's output that tells what is wrong."""
    lines = [line for line in output.splitlines() if line.strip()]
    signs = ("overflowed", "undefined reference", "error")
    telling = [line for sign in signs for line in lines if sign in line]
    return (telling or lines or ["no output"])[0]


def link_flags(compiler: Compiler, core: Core) -> tuple[str, ...]:
    """Flags that link an image of nothing but its own objects and the compiler's arithmetic."""
    shared = (*core_flags(compiler, core), "-static", "-Wl,--gc-sections")
    if compiler.kind == "zig":  # with -nostdlib it would leave out its own arithmetic
        return (*shared, "-Wl,--entry=edgesnn_on_reset")
    return (*shared, "-nostdlib", "-Wl,--build-id=none")


def link_libraries(compiler: Compiler) -> tuple[str, ...]:
    """What stands behind the objects: integer division and the like for cores without it."""
    return () if compiler.kind == "zig" else ("-lgcc",)
