"""An integer network as a C program: every table, struct member and call, before any text.

Templates print a `Program` and decide nothing; `plan` adds up its bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgesnn.codegen.choose import Choice, Class
from edgesnn.codegen.layout import GroupLayout, Table
from edgesnn.codegen.margins import ByteRows
from edgesnn.codegen.tiles import Form
from edgesnn.network import AdaptiveLeaky, Layer, Network

_SIZES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4}


@dataclass(frozen=True)
class Member:
    """An array in the state; no `shape` means one value."""

    ctype: str
    name: str
    shape: tuple[int, ...] = ()

    @property
    def ram_bytes(self) -> int:
        """Bytes without padding."""
        return _SIZES[self.ctype] * math.prod(self.shape)

    @property
    def alignment(self) -> int:
        """Bytes to which the compiler aligns it."""
        return _SIZES[self.ctype]


def struct_bytes(members: tuple[Member, ...]) -> int:
    """`sizeof` a struct of `members`, widest first: only its end is padded."""
    total = sum(member.ram_bytes for member in members)
    alignment = max((member.alignment for member in members), default=1)
    return -(-total // alignment) * alignment


@dataclass(frozen=True)
class Ring:
    """A history of `slots` steps in `array`; a single slot has no cursor.

    The array has two axes, or where `stride` is set one, with `stride` items a slot.
    """

    array: str
    cursor: str
    slots: int
    stride: int = 0

    def before(self, delay: int) -> str:
        """C expression of the entry `delay` steps ago."""
        slot = "0"
        if self.slots > 1:
            slot = self.cursor
        if self.slots > 1 and delay > 0:
            slot = f"edgesnn_slot_before({self.cursor}, {delay}, {self.slots})"
        if self.stride:
            return f"&{self.array}[{slot} * {self.stride}]"
        return f"{self.array}[{slot}]"


@dataclass(frozen=True, eq=False)
class Axons:
    """Spikes under way with axonal delays: `ring` holds what arrives in which step."""

    source: str
    ring: Ring
    delay: Table
    words: int


@dataclass(frozen=True, eq=False)
class GroupCode:
    """A synapse group: kernel, what it gathers from, and where its currents go.

    Attributes:
        now, before, moved: C expressions of graded vectors and of the bitmap of channels that
            differ between them; the latter two are empty for direct encoding.
        spikes: C expression of the bitmap; empty for graded groups.
        axons: set where the group has axonal delays.
        channels: presynaptic neurons.
        words: words of the presynaptic bitmap.
        delay: steps ago in which a graded source is seen.
        pool: `sum`, `max`, or empty.
    """

    layout: GroupLayout
    source: str
    channels: int
    words: int
    target: str
    now: str = ""
    before: str = ""
    moved: str = ""
    spikes: str = ""
    axons: Axons | None = None
    pool: str = ""
    delay: int = 0

    @property
    def graded(self) -> bool:
        """Whether the source is the network's input."""
        return bool(self.now)

    @property
    def listed(self) -> bool:
        """Whether its channels go on a list that all such groups of the layer share."""
        return self.graded and self.layout.events == "sends"

    @property
    def moves(self) -> bool:
        """Whether it is added by edgesnn_add_moves, with all such groups of its layer."""
        return self.listed and bool(self.moved)


@dataclass(frozen=True, eq=False)
class RowGroup:
    """A synapse group whose weights are rows of its layer's tiles.

    Attributes:
        first: number of its first row.
        spikes: C expression of the bitmap.
        words: words of the bitmap.
        axons: set where the group has axonal delays.
    """

    first: int
    spikes: str
    words: int
    axons: Axons | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of all groups of a layer that become one table, `count` of `words` words: those of
    edgesnn_rows.h, or where there are `bytes` of edgesnn_words.h."""

    name: str
    weight: Table
    count: int
    words: int
    bias: int
    bits: int
    groups: tuple[RowGroup, ...]
    bytes: ByteRows | None = None

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Initialisers of `struct edgesnn_rows` or `struct edgesnn_byte_rows`."""
        own = (("bits", self.bits),) if self.bytes is None else (
            ("count", self.count), ("groups", self.bytes.groups),
        )  # fmt: skip
        every = (("weight", self.weight.name), ("words", self.words), ("bias", self.bias), *own)
        return tuple((name, f"{value}") for name, value in every)


@dataclass(frozen=True, eq=False)
class LayerCode:
    """A layer: members of the state, tables, groups, and the neurons' struct.

    Attributes:
        groups: those that add to the currents, one kernel each.
        rows: groups that are added straight into the lanes of a layer in tiles.
        sited: whether its currents are lanes (edgesnn_sites.h).
        choice: what the layout planner chose, and from what.
        form: how the neurons are stepped in lanes (edgesnn_membranes.h); None where they are not.
    """

    layer: Layer
    name: str
    member: str
    members: tuple[Member, ...]
    groups: tuple[GroupCode, ...]
    parameters: tuple[Table, ...]
    fields: tuple[tuple[str, str], ...]
    spikes: Ring
    words: int
    touched_words: int
    outgoing: tuple[Axons, ...] = ()
    form: Form | None = None
    choice: Choice | None = None
    rows: Rows | None = None
    sited: bool = False

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables in the order of the file; axonal delays stand with the axons' neurons."""
        groups = [each for group in self.groups for each in group.layout.tables]
        groups += [self.rows.weight] if self.rows is not None else []
        delays = [axons.delay for axons in self.outgoing]
        return (*groups, *delays, *self.parameters)

    @property
    def tiled(self) -> bool:
        """Whether the neurons are stepped in lanes."""
        return self.form is not None and not self.worded

    @property
    def worded(self) -> bool:
        """Whether the layer is computed in words."""
        return self.form == "words"

    @property
    def sums_apart(self) -> bool:
        """Whether sums of all tiles are written down before the neurons are stepped."""
        narrow = self.rows is not None and self.rows.bits == 4
        return self.form == "tables" or (self.tiled and narrow)

    @property
    def rests(self) -> bool:
        """Whether steps are left out once nothing arrives and nothing changes."""
        return not self.layer.is_readout and not getattr(self.layer.neuron, "reset_delay", False)

    @property
    def incoming(self) -> tuple[Axons, ...]:
        """Axons with delays that end in the layer."""
        own = [group.axons for group in self.rows.groups] if self.rows is not None else []
        every = [*(group.axons for group in self.groups), *own]
        return tuple(axons for axons in every if axons is not None)

    @property
    def turned(self) -> bool:
        """Whether its currents have a site's channels side by side."""
        return any(group.layout.kernel == "edgesnn_conv_sites" for group in self.groups)

    @property
    def uses_currents(self) -> bool:
        """Whether the layer works on the scratch currents."""
        if self.tiled or (self.rows is not None and not self.keeps_graded):
            return any(group.target.endswith("current") for group in self.groups)
        return True

    @property
    def keeps_graded(self) -> bool:
        """Whether graded currents outlive the step, as delta encoding has it."""
        return any(member.name == "graded" for member in self.members)

    @property
    def takes_features(self) -> bool:
        """Whether a group reads the step's features themselves."""
        return any(group.now == "features" for group in self.groups)

    @property
    def adaptive(self) -> bool:
        """Whether the neurons have an adaptation current."""
        return isinstance(self.layer.neuron, AdaptiveLeaky)


@dataclass(frozen=True, eq=False)
class DetectorCode:
    """The detector: its part of the state, which classes are keywords, and its struct."""

    members: tuple[Member, ...]
    keyword: Table
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Program:
    """A network's C program."""

    network: Network
    layers: tuple[LayerCode, ...]
    input_members: tuple[Member, ...]
    seen: Ring
    scratch: tuple[Member, ...]
    frontend_tables: tuple[Table, ...]
    frontend_fields: tuple[tuple[str, str], ...]
    detector: DetectorCode | None = None
    compact: bool = False
    cores: Class = "dsp"

    @property
    def rings(self) -> tuple[Ring, ...]:
        """All rings with a cursor, which a step advances first."""
        arrivals = [axons.ring for layer in self.layers for axons in layer.outgoing]
        spikes = [layer.spikes for layer in self.layers]
        return tuple(ring for ring in (self.seen, *spikes, *arrivals) if ring.slots > 1)


def words(neurons: int) -> int:
    """32-bit words of a bitmap of `neurons`."""
    return -(-neurons // 32)
