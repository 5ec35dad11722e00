"""LLVM behind the regions: text in, address of machine code out."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from edgesnn.sim.core.blocks.frame import NAME

OPTIMISE = 2  # of the code generator
_LOCK = threading.Lock()


class Compiler:
    """One LLVM engine, which owns the code that it has made; use `compiler()`."""

    def __init__(self) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self._machine = self._target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), self._target_machine())
        self._count = 0

    @staticmethod
    def _target_machine() -> Any:
        return llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(),
            opt=OPTIMISE, jit=True,
        )  # fmt: skip

    def compile(self, text: str) -> int:
        """Address of the function NAME of `text`; it stays valid as long as the process."""
        self._count += 1
        name = f"{NAME}{self._count}"
        module = llvm.parse_assembly(text.replace(f"@{NAME}(", f"@{name}("))
        self._improve(module)
        self._engine.add_module(module)
        self._engine.finalize_object()
        return int(self._engine.get_function_address(name))

    def _improve(self, module: Any) -> None:
        """The passes that pay: slots into registers, and what that makes simple."""
        builder = llvm.create_pass_builder(self._machine, llvm.create_pipeline_tuning_options())
        passes = llvm.create_new_function_pass_manager()
        passes.add_sroa_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
        for function in module.functions:
            if not function.is_declaration:
                passes.run(function, builder)


@cache
def _compiler() -> Compiler:
    return Compiler()


def compile_region(text: str) -> int:
    """Address of the machine code of a region's module; safe to call from any thread."""
    with _LOCK:
        return _compiler().compile(text)
