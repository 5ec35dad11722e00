"""The QEMU back end: the board that is always there. Flashing it is starting it."""

from __future__ import annotations

from edgesnn.codegen.flash.backend import Advance, Flashed, Options, Target, silent
from edgesnn.codegen.flash.content import count_bytes, flash_content
from edgesnn.errors import BoardError, MachineError


class QemuBoard:
    """Runs an image that ends by itself, and keeps what it says."""

    name = "qemu"

    def plan(self, target: Target, options: Options) -> list[str]:
        """QEMU's command."""
        from edgesnn.codegen.qemu import emulator_command

        _require_emulator(target)
        return [" ".join(emulator_command(target.board, target.elf))]

    def program(self, target: Target, options: Options, advance: Advance = silent) -> Flashed:
        """Run it to its end; of one that serves without end, ask who it is and stop it."""
        _require_emulator(target)
        count = count_bytes(flash_content(target.elf, target.board))
        told = _run(target) if target.ends else _ask(target)
        advance(1)
        return Flashed(self.name, f"QEMU {target.board.name}", count, True, told)


def _run(target: Target) -> str:
    from edgesnn.codegen.qemu import run_image

    status, told = run_image(target.board, target.elf)
    if status not in (0, 1):
        raise MachineError(f"{target.board.name} in QEMU ended with status {status}: {told}")
    return told


def _ask(target: Target) -> str:
    from edgesnn.codegen.flash.session import QemuPort, Session

    with QemuPort(target.board, target.elf) as port:
        found = Session(port).identify()
    return f"serves {found.name} {found.sha256}\n"


def _require_emulator(target: Target) -> None:
    if target.board.emulator is None:
        raise BoardError(
            f"QEMU does not emulate {target.board.name}; leave out --backend qemu, or take a board "
            "of QEMU's (edgesnn boards)"
        )
