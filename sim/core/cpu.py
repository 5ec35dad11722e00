"""A Cortex-M core: memory, registers and the compiled loop, with the system around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgesnn.errors import MachineError
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import CoreModel, core_model
from edgesnn.sim.core.attention import Watchers, attend
from edgesnn.sim.core.blocks.pace import Engine, Pace, find_engine
from edgesnn.sim.core.cache import fresh_state
from edgesnn.sim.core.calls import CallTree
from edgesnn.sim.core.devices import Bus, Device
from edgesnn.sim.core.elf import Image
from edgesnn.sim.core.exceptions import Exceptions
from edgesnn.sim.core.fpu import FloatingPoint
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.memory import DEFAULT_MAP, Memory, MemoryMap
from edgesnn.sim.core.semihosting import Semihosting
from edgesnn.sim.core.start import power_on, put_segments, read_vectors
from edgesnn.sim.core.stop import RETURN_ADDRESS, CoreFault, Stop
from edgesnn.sim.core.system import SystemInstructions
from edgesnn.sim.core.systick import FOREVER
from edgesnn.sim.core.timing import Timing, timing_of
from edgesnn.sim.core.translate import Translator


class Core:
    """One simulated core with its memory.

    Args:
        model: a core's name or model.
        layout: the memory map.
        timing: a timing table other than the core's own.
        devices: peripherals beside the system control space.
        engine: what executes: `interpreter`, `translated`, or `auto`, which translates what is
            hot in long runs; state, cycles and counts are the same.
    """

    def __init__(
        self,
        model: CoreModel | str,
        layout: MemoryMap = DEFAULT_MAP,
        *,
        timing: Timing | None = None,
        devices: tuple[Device, ...] = (),
        engine: Engine | str = "auto",
    ) -> None:
        from edgesnn.sim.core.loop import run  # compiles or loads the loop: only when needed

        self._run: Callable[..., int] = run
        self.model = core_model(model) if isinstance(model, str) else model
        self.timing = timing or timing_of(self.model.timing)
        self.memory = Memory(layout)
        self.regs = np.zeros(op.REGISTERS, np.int64)
        self.state = fresh_state(layout.timing, self.memory.flash_bytes)
        self._clear_profile()
        self.translator = Translator(self.memory, self.model, self.timing)
        self.exceptions = Exceptions(self)
        self.fpu = FloatingPoint(self)
        self.patience = 0  # reads of an unmodelled register before it changes; 0: never
        self.bus = Bus(self, devices)
        self.semihosting = Semihosting(self)
        self.system = SystemInstructions(self)
        self.image: Image | None = None
        self.call_tree: CallTree | None = None
        self._calls = np.zeros(0, np.int64)
        self._entries = np.zeros(0, np.int64)  # of translated code
        self.take_faults = False
        self.stack_top = 0
        self._pace = Pace(self, find_engine(engine) if isinstance(engine, str) else engine)
        self._stop: Stop | None = None
        self.watchers = Watchers(self)
        power_on(self.state, self.memory, self.model, self.timing)

    def _clear_profile(self) -> None:
        """Time asleep, and executions and cycles of each row (zeros cost nothing till touched)."""
        self._profile = np.zeros(self.memory.table.size // op.ROW * 2, np.int64)
        self.executed = self._profile.reshape(-1, 2)
        self.slept = 0  # cycles in WFI and WFE

    @property
    def profile(self) -> npt.NDArray[np.int64]:
        """Executions and cycles of each row of the decode table since reset, int64 (rows, 2)."""
        self._pace.settle()
        return self.executed

    def load(self, image: Image) -> None:
        """Put an image's segments into memory.

        Raises:
            MachineError: a segment lies outside the memory map.
        """
        put_segments(image, self.memory)
        self.image = image

    def reset(self) -> None:
        """Start as after power-on: stack pointer and entry from the vector table.

        Raises:
            MachineError: no vector table, or its entry is not Thumb code in memory.
        """
        vectors = self.image.vectors if self.image else 0
        stack, entry = read_vectors(self.memory, vectors)
        self._pace.restart()
        power_on(self.state, self.memory, self.model, self.timing)
        self.regs[:] = 0
        self.regs[op.LR] = 0xFFFFFFFF
        self.regs[op.SP] = self.stack_top = stack
        self._clear_profile()
        self.exceptions.reset(vectors)
        for part in (self.semihosting, self.bus, self.fpu):
            part.reset()
        self.pc = entry
        if self.call_tree is not None:
            self.call_tree.start(int(self.state[op.S_AT]))

    def trace_calls(self) -> CallTree:
        """Follow calls and returns from the next reset on, with the traced loop.

        Raises:
            MachineError: no image is loaded.
        """
        from edgesnn.sim.core.loop import run_traced

        if self.image is None:
            raise MachineError("no image is loaded")
        self._pace.stop()
        self._run = run_traced
        self.call_tree = CallTree(self.memory, self.image)
        self._calls = self.call_tree.vector
        return self.call_tree

    @property
    def pc(self) -> int:
        """Address of the next instruction."""
        return self.memory.address_of(int(self.state[op.S_AT]))

    @pc.setter
    def pc(self, address: int) -> None:
        flat = self.memory.flat(address)
        if flat < 0:
            raise MachineError(f"cannot execute at {address:#010x}: no memory there")
        self.state[op.S_AT] = flat >> 1
        self.state[op.S_PIPELINE] = 0

    @property
    def cycles(self) -> int:
        """Cycles since reset."""
        return int(self.state[op.S_CYCLES])

    @property
    def instructions(self) -> int:
        """Instructions since reset."""
        return int(self.state[op.S_INSTRUCTIONS])

    def call(self, function: int | str, *arguments: int, limit: int = FOREVER) -> int:
        """Call a function by the procedure call standard; returns r0.

        Args:
            function: its name, or its address.
            arguments: up to four words.
            limit: instructions that the call may take.

        Raises:
            MachineError: no such function, or it did not return within `limit`.
            CoreFault: it went wrong.
        """
        if len(arguments) > 4:
            raise MachineError("only four arguments go into registers")
        address = self.function_address(function)
        self.regs[: len(arguments)] = [argument & 0xFFFFFFFF for argument in arguments]
        self.regs[op.LR] = RETURN_ADDRESS | 1
        self.pc = address & ~1
        stop = self.run(instructions=limit)
        if stop.reason != "returned":
            raise MachineError(f"{function} did not return: {stop.reason} at {self.where()}")
        return int(self.regs[0])

    def output(self) -> str:
        """What the firmware printed, by semihosting and then by each UART."""
        uarts = (getattr(device, "output", b"") for device in self.bus.devices)
        return b"".join([bytes(self.semihosting.output), *uarts]).decode("utf-8", "replace")

    def function_address(self, function: int | str) -> int:
        """Address of a function given by name or already by address."""
        if isinstance(function, int):
            return function
        if self.image is None:
            raise MachineError("no image is loaded")
        return self.image.symbol(function).address

    def watch(self, address: int, notify: Callable[[], None]) -> None:
        """Call `notify` every time execution reaches `address`, before it goes on."""
        self._pace.forbid(address)
        self.watchers.add(address, notify)

    def unwatch(self, address: int, notify: Callable[[], None]) -> None:
        """Undo one `watch`."""
        self.watchers.remove(address, notify)

    def stop(self, reason: str, code: int = 0) -> None:
        """Ask the running core to stop: for semihosting and devices."""
        self._stop = Stop(reason, 0, code)

    def run(self, *, instructions: int = FOREVER, cycles: int = FOREVER) -> Stop:
        """Run until the firmware exits or sleeps for ever, or a limit (from now on) is reached.

        Raises:
            CoreFault: unknown instruction, access outside memory, stack overflow …
        """
        limit = min(self.instructions + instructions, FOREVER)
        last_cycle = min(self.cycles + cycles, FOREVER)
        self._stop = None
        while (stopped := self.stopped) is None:
            self._go_on(limit, last_cycle)
        return Stop(stopped.reason, self.pc, stopped.code)

    @property
    def translated(self) -> int:
        """Instructions since reset that translated code has done."""
        return self._pace.settle()

    def look(self) -> None:
        """Translate now what has become hot, where the engine translates at all."""
        self._pace.look()

    def use_entries(self, entries: npt.NDArray[np.int64]) -> None:
        """Take the vector of translated code, as `operations` lays it out."""
        self._entries = entries

    @property
    def stopped(self) -> Stop | None:
        """Why the core is to stop, if it is."""
        return self._stop

    def _go_on(self, limit: int, last_cycle: int) -> None:
        """Run the compiled loop once, and do what it came back for."""
        self.exceptions.take_pending()
        self.state[op.S_DEADLINE] = min(last_cycle, self.exceptions.next_event())
        reason = self.once(min(limit, self._pace.pause))
        if reason == op.R_LIMIT and self.instructions < limit:
            self._pace.look()
        elif reason == op.R_LIMIT:
            self.stop("instructions")
        elif reason == op.R_DEADLINE:
            self.exceptions.tick()
            if self.cycles >= last_cycle:
                self.stop("cycles")
        else:
            attend(self, reason)

    def once(self, limit: int) -> int:
        """Run the compiled loop up to an instruction count; returns why it came back (R_*)."""
        memory = self.memory
        return int(
            self._run(
                self.state, self.regs, memory.table, memory.pages, memory.octets, memory.halves,
                memory.words, self._profile, self._calls, self._entries, limit,
            )
        )  # fmt: skip

    def instruction(self) -> Instruction:
        """The next instruction, decoded."""
        if self.pc not in self.translator.instructions:
            self.translator.decode_at(self.pc)
        return self.translator.instructions[self.pc]

    def finish(self, instruction: Instruction, cycles: int | None = None) -> None:
        """Account for an instruction that Python has done, and go on after it."""
        row = int(self.state[op.S_AT])
        cost = int(self.memory.table[row * op.ROW + op.R_TIMING]) & 63 if cycles is None else cycles
        cost += int(self.state[op.S_STALLS])  # for the line of flash that it is in
        self.state[op.S_STALLS] = 0
        self.executed[row] += (1, cost)
        self.state[op.S_CYCLES] += cost
        self.state[op.S_INSTRUCTIONS] += 1
        self.state[op.S_AT] = row + instruction.size // 2

    def where(self) -> str:
        """The next instruction's address with its function, for messages."""
        function = self.image.function_at(self.pc) if self.image else None
        return f"{self.pc:#010x}" + (f" in {function}" if function else "")

    def fault(self, what: str, kind: str) -> None:
        """Report a fault, or take its exception where `take_faults` is set.

        Raises:
            CoreFault: unless the exception is taken.
        """
        if self.take_faults and self.exceptions.fault(kind):
            return
        decoded = self.translator.instructions.get(self.pc)
        at = f" at {decoded.mnemonic}, {self.where()}" if decoded else f" at {self.where()}"
        raise CoreFault(f"the firmware faulted{at}: {what}", self.pc)
