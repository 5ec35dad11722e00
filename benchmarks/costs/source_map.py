"""Which function of the source an instruction comes from, inlined ones included.

The compiler's debug information has a tree: functions, the functions inlined into them, and so
on, each with its ranges of addresses. The chain of an address is its path from the root.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

SCOPES = ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine")
NESTS = (*SCOPES, "DW_TAG_lexical_block")


class SourceMap:
    """Chains of function names by address, outermost first."""

    def __init__(self, elf: Path) -> None:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            names = _functions(file)
            spans = list(_spans(file.get_dwarf_info(), names)) if file.has_dwarf_info() else []
        #: (start, end, chain), by start, the inner after the outer.
        self._spans = sorted(spans, key=lambda span: (span[0], -span[1], len(span[2])))
        self._found: dict[int, tuple[str, ...]] = {}
        self._starts = [start for start, _, _ in self._spans]

    def chain(self, address: int) -> tuple[str, ...]:
        """Names from the function down to the innermost one inlined at `address`."""
        if address not in self._found:
            self._found[address] = self._search(address)
        return self._found[address]

    def _search(self, address: int) -> tuple[str, ...]:
        found: tuple[str, ...] = ()
        for start, end, chain in self._spans[: bisect.bisect_right(self._starts, address)]:
            if start <= address < end and len(chain) > len(found):
                found = chain
        return found


def _functions(file: ELFFile) -> dict[int, str]:
    """Names of the linked functions by address, without what the compiler appends to clones."""
    symbols = file.get_section_by_name(".symtab").iter_symbols()
    return {
        symbol["st_value"] & ~1: symbol.name.split(".")[0]
        for symbol in symbols
        if symbol["st_info"]["type"] == "STT_FUNC"
    }


def _spans(dwarf: Any, linked: dict[int, str]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Spans of all functions that were linked; those left out are still described, at address 0."""
    ranges = dwarf.range_lists()
    for unit in dwarf.iter_CUs():
        base = unit.get_top_DIE().attributes.get("DW_AT_low_pc")
        start = base.value if base is not None else 0
        for die in unit.get_top_DIE().iter_children():
            spans = list(_walk(die, (), ranges, start, unit))
            if spans and any(linked.get(first) == name[0] for first, _, name in spans):
                yield from spans


def _walk(
    die: Any, outer: tuple[str, ...], ranges: Any, base: int, unit: Any
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    if die.tag not in NESTS:
        return
    chain = (*outer, _name(die)) if die.tag in SCOPES else outer
    if die.tag in SCOPES:
        for start, end in _ranges(die, ranges, base, unit):
            yield start, end, chain
    for child in die.iter_children():
        yield from _walk(child, chain, ranges, base, unit)


def _name(die: Any) -> str:
    while "DW_AT_name" not in die.attributes:
        for link in ("DW_AT_abstract_origin", "DW_AT_specification"):
            if link in die.attributes:
                die = die.get_DIE_from_attribute(link)
                break
        else:
            return "(unnamed)"
    return str(die.attributes["DW_AT_name"].value.decode())


def _ranges(die: Any, ranges: Any, base: int, unit: Any) -> Iterator[tuple[int, int]]:
    attributes = die.attributes
    if "DW_AT_ranges" in attributes:
        entries = ranges.get_range_list_at_offset(attributes["DW_AT_ranges"].value, cu=unit)
        for entry in entries:
            if hasattr(entry, "base_address"):
                base = entry.base_address
                continue
            offset = 0 if getattr(entry, "is_absolute", False) else base
            yield entry.begin_offset + offset, entry.end_offset + offset
    elif "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
        low, high = attributes["DW_AT_low_pc"], attributes["DW_AT_high_pc"]
        size = high.value if high.form.startswith("DW_FORM_data") else high.value - low.value
        yield low.value, low.value + size
