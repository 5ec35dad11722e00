"""Arm semihosting: the calls that firmware without devices uses to speak and to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

# Numbers of the Semihosting for AArch32 and AArch64 specification.
SYS_OPEN, SYS_CLOSE, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ = 1, 2, 3, 4, 5, 6
SYS_ISTTY, SYS_SEEK, SYS_FLEN, SYS_CLOCK, SYS_TIME, SYS_ERRNO = (
    9, 0xA, 0xC, 0x10, 0x11, 0x13,
)  # fmt: skip
SYS_GET_CMDLINE, SYS_HEAPINFO, SYS_EXIT, SYS_EXIT_EXTENDED = 0x15, 0x16, 0x18, 0x20
SYS_ELAPSED, SYS_TICKFREQ = 0x30, 0x31
APPLICATION_EXIT = 0x20026
LONGEST_STRING = 1 << 16
LONGEST_NAME = 256
CONSOLE = 1  # handle of `:tt`
MODE_WRITE = 4  # fopen modes from here on write
FAILURE = 0xFFFFFFFF


class File:
    """An open file in memory: bytes to read, or a buffer that writes append to."""

    def __init__(self, content: bytes | bytearray) -> None:
        self.content = content
        self.position = 0

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end."""
        found = bytes(self.content[self.position : self.position + count])
        self.position += len(found)
        return found


class Semihosting:
    """Serves BKPT 0xAB; nothing of the host's file system is reachable.

    Attributes:
        output: what the firmware has written to its console.
        files: what the firmware can open for reading, by name.
        written: what it has opened for writing, by name.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.output = bytearray()
        self.files: dict[str, bytes] = {}
        self.written: dict[str, bytearray] = {}
        self._open_files: dict[int, File] = {}
        self._calls: dict[int, Callable[[int], int]] = {
            SYS_OPEN: self._open, SYS_CLOSE: self._close, SYS_WRITEC: self._write_character,
            SYS_WRITE0: self._write_string, SYS_WRITE: self._write, SYS_READ: self._read,
            SYS_ISTTY: self._is_console, SYS_SEEK: self._seek, SYS_FLEN: self._length,
            SYS_CLOCK: self._clock, SYS_TIME: lambda _: 0, SYS_ERRNO: lambda _: 0,
            SYS_EXIT: self._exit, SYS_EXIT_EXTENDED: self._exit_extended,
            SYS_TICKFREQ: lambda _: 1_000_000, SYS_ELAPSED: self._elapsed,
            SYS_GET_CMDLINE: self._command_line,
        }  # fmt: skip

    def reset(self) -> None:
        """Forget what was printed, written and opened; files to read stay."""
        self.output.clear()
        self.written.clear()
        self._open_files.clear()

    def call(self) -> None:
        """Do the call in r0 with its argument in r1; the result goes to r0."""
        number, argument = (int(word) for word in self._core.regs[:2])
        serve = self._calls.get(number)
        if serve is None:
            self._core.fault(f"semihosting call {number:#x} is not supported", "call")
            return
        self._core.regs[0] = serve(argument) & 0xFFFFFFFF

    def _word(self, block: int, index: int) -> int:
        return int.from_bytes(self._core.memory.read(block + 4 * index, 4), "little")

    def _open(self, block: int) -> int:
        """Open the console `:tt` or a file in memory; returns a handle."""
        name = self._text(self._word(block, 0), self._word(block, 2))
        mode = self._word(block, 1)
        if name == ":tt":
            return CONSOLE
        if mode >= MODE_WRITE:
            opened = File(self.written.setdefault(name, bytearray()))
        elif name in self.files:
            opened = File(self.files[name])
        else:
            return FAILURE
        handle = CONSOLE + 1 + len(self._open_files)
        self._open_files[handle] = opened
        return handle

    def _text(self, address: int, length: int) -> str:
        return self._core.memory.read(address, min(length, LONGEST_NAME)).decode("latin-1")

    def _close(self, block: int) -> int:
        return 0 if self._word(block, 0) in self._open_files else FAILURE

    def _read(self, block: int) -> int:
        """Returns how many bytes were not read."""
        handle, address, count = (self._word(block, index) for index in range(3))
        opened = self._open_files.get(handle)
        found = opened.read(count) if opened else b""
        self._core.memory.write(address, found)
        return count - len(found)

    def _is_console(self, block: int) -> int:
        return int(self._word(block, 0) == CONSOLE)

    def _seek(self, block: int) -> int:
        opened = self._open_files.get(self._word(block, 0))
        if opened is None:
            return FAILURE
        opened.position = self._word(block, 1)
        return 0

    def _length(self, block: int) -> int:
        opened = self._open_files.get(self._word(block, 0))
        return FAILURE if opened is None else len(opened.content)

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
        """Returns how many bytes were not written."""
        handle, address, count = (self._word(block, index) for index in range(3))
        content = self._core.memory.read(address, count)
        if handle == CONSOLE:
            self.output += content
        elif handle in self._open_files and isinstance(self._open_files[handle].content, bytearray):
            self._open_files[handle].content += content
        else:
            return count
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
