"""Telling that a sound file was cut short, where libsndfile plays what is left without a word."""

from __future__ import annotations

from pathlib import Path

RIFF_STREAMED = (0, 0xFFFFFFFF)
"""Lengths that writers leave in a WAV whose end they did not know."""

LONGEST_OGG_PAGE = 65_307
"""Bytes (RFC 3533, section 6)."""


def is_cut_short(path: Path) -> bool:
    """Whether a WAV ends before its header says, or an Ogg file without its last page.

    Other formats say so themselves when they are decoded. Raises OSError.
    """
    with path.open("rb") as file:
        start = file.read(12)
        size = file.seek(0, 2)
        if start[:4] == b"RIFF" and start[8:] == b"WAVE":
            length = int.from_bytes(start[4:8], "little")
            return length not in RIFF_STREAMED and size < 8 + length
        if start[:4] == b"OggS":
            file.seek(max(0, size - LONGEST_OGG_PAGE))
            return not _ends_a_stream(file.read())
    return False


def _ends_a_stream(tail: bytes) -> bool:
    """Whether the last Ogg page is whole and flagged as the last (RFC 3533, section 6)."""
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27:
        return False
    segments = page[27 : 27 + page[26]]
    return bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(segments)
