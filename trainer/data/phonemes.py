"""The sounds that the synthetic words are made of.

Formant frequencies are an adult male's: vowels from Peterson and Barney, "Control methods used
in a study of the vowels", JASA 24, 1952, table II; consonants from Klatt, "Software for a
cascade/parallel formant synthesizer", JASA 67, 1980, tables II and III.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgesnn.errors import UsageError


@dataclass(frozen=True)
class Phoneme:
    """Targets of one sound.

    `formants` are F1 to F3 in Hz; `length` is milliseconds in plain speech; `voicing`,
    `frication` and `aspiration` are amplitudes relative to a vowel's voicing; the hiss of a
    fricative or burst sits around `hiss` Hz, `hiss_width` Hz wide. `stop` sounds are closed for
    `length` and then burst. `firmness` says how far a neighbouring vowel leaves the formants
    alone: 1 for a vowel itself.
    """

    formants: tuple[float, float, float]
    length: float
    voicing: float = 0.0
    frication: float = 0.0
    aspiration: float = 0.0
    hiss: float = 4000.0
    hiss_width: float = 1500.0
    stop: bool = False
    nasal: bool = False
    firmness: float = 0.6


def _vowel(f1: float, f2: float, f3: float, length: float = 130.0) -> Phoneme:
    return Phoneme((f1, f2, f3), length, voicing=1.0, firmness=1.0)


PHONEMES = {
    "a": _vowel(730, 1090, 2440, 150),
    "e": _vowel(530, 1840, 2480),
    "i": _vowel(270, 2290, 3010, 115),
    "o": _vowel(570, 840, 2410, 140),
    "u": _vowel(300, 870, 2240, 120),
    "m": Phoneme((280, 1100, 2130), 75, voicing=0.45, nasal=True),
    "n": Phoneme((280, 1540, 2470), 70, voicing=0.45, nasal=True),
    "l": Phoneme((310, 1050, 2880), 70, voicing=0.6),
    "r": Phoneme((310, 1060, 1380), 70, voicing=0.6),
    "s": Phoneme((320, 1390, 2530), 105, frication=0.55, hiss=6000, hiss_width=1800),
    "f": Phoneme((340, 1100, 2080), 95, frication=0.2, hiss=4200, hiss_width=6000),
    "p": Phoneme((400, 1100, 2150), 75, frication=0.5, aspiration=0.3, hiss=900, stop=True),
    "t": Phoneme((400, 1600, 2600), 70, frication=0.8, aspiration=0.3, hiss=4400, stop=True),
    "k": Phoneme((300, 1990, 2850), 75, frication=0.7, aspiration=0.4, hiss=2100, stop=True),
    "b": Phoneme((200, 1100, 2150), 65, voicing=0.12, frication=0.3, hiss=800, stop=True),
    "d": Phoneme((200, 1600, 2600), 60, voicing=0.12, frication=0.4, hiss=3600, stop=True),
}
"""One letter a sound, so that a word's spelling is its transcription."""

KEYWORDS = ("limo", "milo", "lomi", "moli", "tasu", "satu", "suta", "tusa")
"""Two sets of four anagrams: within a set only the order of the sounds tells words apart,
so a model that averages over time cannot."""

OTHER_WORDS = (
    *("loim", "mila", "mosi", "talo", "sumo", "lima", "sota", "tamu", "luti", "misu"),
    *("soli", "tumi", "malu", "sato", "lomu", "tisa", "mota", "sumi", "lito", "tasi"),
    *("nero", "pika", "dube", "rofa", "keno", "bapi", "fudo", "rani", "pedu", "kobe"),
)
"""Words that must be heard as unknown: near misses of the keywords, and quite other ones."""


def spell(word: str) -> Sequence[Phoneme]:
    """The sounds of a word, one a letter.

    Raises:
        UsageError: a letter stands for no sound.
    """
    missing = sorted(set(word) - set(PHONEMES))
    if missing or not word:
        raise UsageError(f"cannot pronounce {word!r}: the sounds are {' '.join(PHONEMES)}")
    return [PHONEMES[letter] for letter in word]
