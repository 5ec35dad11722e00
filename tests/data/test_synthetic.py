"""The embedded dataset: the same everywhere, and hard in the way that words are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from edgesnn.errors import UsageError
from edgesnn.trainer.data import Clip, open_dataset
from edgesnn.trainer.data import formants as module
from edgesnn.trainer.data.articulate import FRAMES, PITCH, VOICING, articulate
from edgesnn.trainer.data.dataset import SPLITS
from edgesnn.trainer.data.phonemes import KEYWORDS, OTHER_WORDS, spell
from edgesnn.trainer.data.synthetic import SHARES, Utterance, open_synthetic
from edgesnn.trainer.data.voice import draw_voice

Array = npt.NDArray[np.float64]


def test_classes_sizes_and_voices() -> None:
    dataset = open_dataset("synthetic")
    assert dataset.classes == (*KEYWORDS, "unknown", "silence")
    assert [len(dataset.split(split)) for split in SPLITS] == [4_000, 600, 800]
    voices = [{c.group for c in dataset.split(s) if c.group.startswith("v")} for s in SPLITS]
    assert [len(names) for names in voices] == [SHARES[split].voices for split in SPLITS]
    assert len(set.union(*voices)) == sum(len(names) for names in voices)


def test_seed_decides_everything() -> None:
    first, other = open_synthetic(0), open_synthetic(1)
    assert open_synthetic(0) == first
    assert first.fingerprint() != other.fingerprint()
    for clip, unlike in zip(first.clips[::900], other.clips[::900], strict=True):
        assert np.array_equal(clip.source.pcm(), clip.source.pcm())
        assert not np.array_equal(clip.source.pcm(), unlike.source.pcm())


def test_keywords_are_anagrams_of_each_other_and_no_other_word() -> None:
    assert {"".join(sorted(word)) for word in KEYWORDS} == {"ilmo", "astu"}
    assert not set(KEYWORDS) & set(OTHER_WORDS)
    assert len(set(OTHER_WORDS)) == len(OTHER_WORDS)


# Loudness of each 100 ms of three utterances, in LSB RMS. Sound, not bytes, is compared, since
# the last bit of exp and cos may differ from one machine's mathematical library to the next.
GOLDEN = {
    "limo": [487.1, 432.3, 706.6, 1636.5, 1821.1, 1339.2, 2455.6, 2346.6, 501.2, 506.9],
    "satu": [499.8, 443.5, 578.5, 1671.2, 3058.5, 2408.3, 809.8, 1204.8, 747.7, 520.4],
    "kobe": [454.6, 403.3, 504.9, 648.8, 2732.2, 2297.1, 1025.2, 1608.3, 647.8, 475.9],
}


@pytest.mark.parametrize("word", GOLDEN)
def test_sound_is_the_same_on_every_machine(word: str) -> None:
    pcm = Utterance(word, voice=3, take=5, seed=0).pcm().astype(np.float64)
    loudness = np.sqrt(np.mean(pcm.reshape(10, -1) ** 2, axis=1))
    np.testing.assert_allclose(loudness, GOLDEN[word], atol=0.6)


def test_compiled_synthesiser_is_the_interpreted_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = Utterance("tasu", voice=1, take=2, seed=3).pcm()
    monkeypatch.setattr(module, "_compiled", lambda: module.run_resonators)
    assert np.abs(Utterance("tasu", 1, 2, 3).pcm().astype(int) - fast).max() <= 1


@pytest.mark.parametrize("seed", range(20))
def test_every_word_fits_into_its_second(seed: int) -> None:
    random = np.random.default_rng(seed)
    voice = draw_voice(random)
    for word in ("limo", "tasu", "limolimolimo"):
        tracks = articulate(spell(word), voice, random)
        assert tracks.shape[0] == FRAMES and np.isfinite(tracks).all()
        sounding = np.flatnonzero(tracks[:, VOICING] > 0.01)
        assert sounding[0] > 0 and sounding[-1] < FRAMES - 1
        assert tracks[:, PITCH].min() >= 59 and tracks[:, PITCH].max() < 700


def test_unpronounceable_word_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot pronounce 'xylo'"):
        spell("xylo")


def log_mels(clips: Sequence[Clip]) -> Array:
    """(clips, 49, 24) log energies in bands a third of an octave wide or so."""
    pcm = np.stack([clip.source.pcm() for clip in clips]).astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(pcm, 512, axis=1)[:, ::320]
    power = np.abs(np.fft.rfft(frames * np.hanning(512))) ** 2
    edges = np.unique(np.geomspace(4, 257, 25).astype(int))
    return np.asarray(np.log(np.add.reduceat(power[..., :257], edges[:-1], axis=2) + 1e3))


def in_order(mels: Array, parts: int = 6) -> Array:
    """Mean log energies of `parts` successive parts of the loud stretch of each clip."""
    loud = mels.mean(axis=2)
    rows = []
    for clip, loudness in zip(mels, loud, strict=True):
        middle = (np.percentile(loudness, 20) + loudness.max()) / 2
        heard = np.flatnonzero(loudness > middle)
        pieces = np.array_split(clip[heard[0] : max(heard[-1] + 1, heard[0] + parts)], parts)
        rows.append(np.concatenate([piece.mean(axis=0) for piece in pieces]))
    return np.stack(rows)


def ridge_accuracy(train: Array, labels: Array, test: Array, truth: Array) -> float:
    """Of a linear classifier by least squares on standardised features."""
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-9
    x = np.hstack([(train - mean) / spread, np.ones((len(train), 1))])
    targets = np.eye(int(labels.max()) + 1)[labels.astype(int)]
    weights = np.linalg.solve(x.T @ x + 3.0 * np.eye(x.shape[1]), x.T @ targets)
    scores = np.hstack([(test - mean) / spread, np.ones((len(test), 1))]) @ weights
    return float(np.mean(scores.argmax(axis=1) == truth))


def test_order_tells_the_words_and_averages_do_not() -> None:
    dataset = open_synthetic()
    words = len(KEYWORDS)
    train = [clip for clip in dataset.split("training") if clip.label < words][:800]
    test = [clip for clip in dataset.split("testing") if clip.label < words][:300]
    mels, unheard = log_mels(train), log_mels(test)
    labels = np.array([float(clip.label) for clip in train])
    truth = np.array([float(clip.label) for clip in test])
    averaged = ridge_accuracy(mels.mean(axis=1), labels, unheard.mean(axis=1), truth)
    ordered = ridge_accuracy(in_order(mels), labels, in_order(unheard), truth)
    assert averaged < 0.42
    assert ordered > 0.65
