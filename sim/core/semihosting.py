"""Arm semihosting: the calls that firmware without devices uses to speak and to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

# Numbers of the Semihosting for AArch32 and AArch64 specification.
SYS_OPEN, SYS_CLOSE, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ = 1, 2, 3, 4, 5, 6
SYS_ISTTY, SYS_CLOCK, SYS_TIME, SYS_ERRNO = 9, 0x10, 0x11, 0x13
SYS_GET_CMDLINE, SYS_HEAPINFO, SYS_EXIT, SYS_EXIT_EXTENDED = 0x15, 0x16, 0x18, 0x20
SYS_ELAPSED, SYS_TICKFREQ = 0x30, 0x31
APPLICATION_EXIT = 0x20026
LONGEST_STRING = 1 << 16
FAILURE = 0xFFFFFFFF


class Semihosting:
    """Serves BKPT 0xAB; nothing of the host's file system is reachable.

    Attributes:
        output: what the firmware has written to its console.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.output = bytearray()
        self._calls = {
            SYS_OPEN: self._open, SYS_CLOSE: lambda _: 0, SYS_WRITEC: self._write_character,
            SYS_WRITE0: self._write_string, SYS_WRITE: self._write, SYS_ISTTY: lambda _: 1,
            SYS_CLOCK: self._clock, SYS_TIME: lambda _: 0, SYS_ERRNO: lambda _: 0,
            SYS_READ: lambda at: self._word(at, 2), SYS_EXIT: self._exit,
            SYS_EXIT_EXTENDED: self._exit_extended, SYS_TICKFREQ: lambda _: 1_000_000,
            SYS_ELAPSED: self._elapsed, SYS_GET_CMDLINE: self._command_line,
        }  # fmt: skip

    def call(self) -> None:
        """Do the call in r0 with its argument in r1; the result goes to r0."""
        number, argument = (int(word) for word in self._core.regs[:2])
        serve = self._calls.get(number)
        if serve is None:
            self._core.fault(f"semihosting call {number:#x} is not supported", "usage")
            return
        self._core.regs[0] = serve(argument) & 0xFFFFFFFF

    def _word(self, block: int, index: int) -> int:
        return int.from_bytes(self._core.memory.read(block + 4 * index, 4), "little")

    def _open(self, block: int) -> int:
        """Only the console, `:tt`, can be opened."""
        length = min(self._word(block, 2), 16)
        return 1 if self._core.memory.read(self._word(block, 0), length) == b":tt" else FAILURE

    def _write_character(self, address: int) -> int:
        self.output += self._core.memory.read(address, 1)
        return 0

    def _write_string(self, address: int) -> int:
        for offset in range(LONGEST_STRING):
            octet = self._core.memory.read(address + offset, 1)
            if octet == b"\0":
                break
            self.output += octet
        return 0

    def _write(self, block: int) -> int:
        length = self._word(block, 2)
        self.output += self._core.memory.read(self._word(block, 1), length)
        return 0

    def _clock(self, _: int) -> int:
        return self._core.cycles // 10_000

    def _elapsed(self, block: int) -> int:
        self._core.memory.write(block, self._core.cycles.to_bytes(8, "little"))
        return 0

    def _command_line(self, block: int) -> int:
        """An empty command line."""
        self._core.memory.write(self._word(block, 0), b"\0")
        self._core.memory.write(block + 4, bytes(4))
        return 0

    def _exit(self, reason: int) -> int:
        self._core.stop("exit", 0 if reason == APPLICATION_EXIT else 1)
        return 0

    def _exit_extended(self, block: int) -> int:
        reason, code = self._word(block, 0), self._word(block, 1)
        self._core.stop("exit", code if reason == APPLICATION_EXIT else 1)
        return 0
