"""The OpenOCD back end: a subprocess, for probes that pyOCD does not know."""

from __future__ import annotations

import shutil
import subprocess

from edgesnn.codegen.flash.backend import Advance, Flashed, Options, Target, silent
from edgesnn.codegen.flash.content import count_bytes, flash_content
from edgesnn.errors import BoardError, MachineError
from edgesnn.wiring import wiring_of

PATIENCE = 300.0
"""Seconds after which OpenOCD is taken for hung."""

_REASONS = (
    ("no device found", "no debug probe answers: plug the board in"),
    ("unable to open", "no debug probe answers: plug the board in, or give yourself access to it"),
    ("multiple devices", "several debug probes are plugged in: choose one with --probe"),
    ("device is locked", "the chip is locked: run this again with --erase, which clears it"),
    ("device is secured", "the chip is secured: run this again with --erase, which clears it"),
    ("readout protect", "the chip is read-protected: run this again with --erase"),
    ("target voltage", "the board has no power, or the probe is not connected to it"),
    ("verify failed", "flash holds other bytes than were written: the board will not start well"),
    ("init mode failed", "the probe does not reach the chip: check the cable and the board"),
)


class OpenOcd:
    """Runs `openocd` once, for everything."""

    name = "openocd"

    def plan(self, target: Target, options: Options) -> list[str]:
        """OpenOCD's command."""
        return [" ".join(_quote(each) for each in openocd_command(target, options))]

    def program(self, target: Target, options: Options, advance: Advance = silent) -> Flashed:
        """Program, verify, reset."""
        blocks = flash_content(target.elf, target.board)
        command = openocd_command(target, options)
        if shutil.which(command[0]) is None:
            raise MachineError(
                "openocd is not installed: Debian and Ubuntu have it as openocd, Homebrew as "
                "open-ocd; or use --backend pyocd"
            )
        try:
            done = subprocess.run(
                command, timeout=PATIENCE, capture_output=True, text=True, errors="replace",
                check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise MachineError(
                f"openocd did not finish within {PATIENCE:.0f} s; the board may hold half an image"
            ) from error
        if done.returncode != 0:
            raise MachineError(_explain(done.stderr + done.stdout))
        advance(1)
        return Flashed(self.name, options.probe or "openocd", count_bytes(blocks), options.verify)


def openocd_command(target: Target, options: Options) -> list[str]:
    """The command that flashes `target`.

    Raises:
        BoardError: no configuration of OpenOCD is known for the board.
    """
    known = wiring_of(target.board).tools.openocd
    if not known:
        raise BoardError(f"no OpenOCD configuration is known for {target.board.name}")
    serial = ["-c", f"adapter serial {options.probe}"] if options.probe else []
    verify = " verify" if options.verify else ""
    erase = ["-c", "init; reset halt; flash erase_sector 0 0 last"] if options.erase else []
    programming = f"program {{{target.elf.resolve()}}}{verify} reset exit"
    return ["openocd", *known, *serial, *erase, "-c", programming]


def _quote(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _explain(output: str) -> str:
    """OpenOCD's complaint as one line."""
    lowered = output.lower()
    half = "; the board may hold half an image" if "programming started" in lowered else ""
    for sign, reason in _REASONS:
        if sign in lowered:
            return f"openocd: {reason}{half}"
    errors = [line for line in output.splitlines() if line.startswith("Error")]
    said = (errors or output.strip().splitlines() or ["no output"])[0]
    return f"openocd failed: {said}{half}"
