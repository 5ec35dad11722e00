"""The embedded dataset: keyword-like words, synthesised, so that everything runs offline.

Eight keywords that are two sets of anagrams, thirty other words, silence; 190 voices that no
two splits share. Everything follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.trainer.data.articulate import articulate
from edgesnn.trainer.data.dataset import SILENCE, SPLITS, UNKNOWN, Clip, Dataset, Pcm
from edgesnn.trainer.data.formants import synthesise
from edgesnn.trainer.data.phonemes import KEYWORDS, OTHER_WORDS, spell
from edgesnn.trainer.data.room import record
from edgesnn.trainer.data.silence import made_noise, silence_clips
from edgesnn.trainer.data.voice import draw_voice

GENERATOR = 1
"""Raised whenever the same seed gives other sound, so that nothing stale is taken from a cache."""


@dataclass(frozen=True)
class Share:
    """What one split holds: voices, clips of each keyword, of all other words, and of silence."""

    voices: int
    keyword: int
    unknown: int
    silence: int


SHARES = {
    "training": Share(voices=120, keyword=340, unknown=880, silence=400),
    "validation": Share(voices=30, keyword=50, unknown=130, silence=70),
    "testing": Share(voices=40, keyword=68, unknown=166, silence=90),
}


@dataclass(frozen=True)
class Utterance:
    """One word in one voice, one take, one room."""

    word: str
    voice: int
    take: int
    seed: int

    def pcm(self) -> Pcm:
        """int16 (16000,)."""
        voice = draw_voice(np.random.Generator(np.random.PCG64([self.seed, self.voice])))
        random = np.random.Generator(np.random.PCG64([self.seed, self.voice, 1 + self.take]))
        tracks = articulate(spell(self.word), voice, random)
        return record(synthesise(tracks, voice, random), random)

    def key(self) -> str:
        """Changes with every setting and with the generator."""
        return f"utterance{GENERATOR}:{self.word}:{self.voice}:{self.take}:{self.seed}"


def open_synthetic(seed: int = 0) -> Dataset:
    """The embedded dataset: 4,000 training, 600 validation and 800 test clips in ten classes."""
    classes = (*KEYWORDS, UNKNOWN, SILENCE)
    background = made_noise(seed)
    clips: list[Clip] = []
    first_voice = 0
    for split in SPLITS:
        clips += _split_clips(split, first_voice, seed)
        first_voice += SHARES[split].voices
    silences = {split: share.silence for split, share in SHARES.items()}
    clips += silence_clips(background, silences, classes.index(SILENCE), seed)
    return Dataset("synthetic", classes, tuple(clips), background, version=str(GENERATOR))


def _split_clips(split: str, first_voice: int, seed: int) -> list[Clip]:
    """Words and voices in turn, so that each voice says nearly equally many of each."""
    share = SHARES[split]
    words = [(word, label) for label, word in enumerate(KEYWORDS)] * share.keyword
    others = [OTHER_WORDS[index % len(OTHER_WORDS)] for index in range(share.unknown)]
    words += [(word, len(KEYWORDS)) for word in others]
    random = np.random.Generator(np.random.PCG64([seed, 10**6 + first_voice]))
    clips = []
    for take, place in enumerate(random.permutation(len(words))):
        word, label = words[place]
        voice = first_voice + take % share.voices
        source = Utterance(word, voice, take, seed)
        clips.append(Clip(f"{word}/v{voice:03d}_{take:04d}", label, f"v{voice:03d}", split, source))
    return clips
