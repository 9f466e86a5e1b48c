"""Whose voices the embedded voice learns: the shipped ones, and guests blended from Kokoro's styles.

A teacher speaks paragraphs. Kokoro (`kokoro_torch` on a GPU, `kokoro_onnx` on a CPU) has a style for every
speaker, and weighted sums of styles are new speakers. hibari, distilled from Kokoro's heart, is one voice
and fast on a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from csm_cli.core.errors import MissingError
from csm_cli.training.segments import GUEST

RATE = 24_000
STEP = RATE // 50
"""Samples of a phone label, 20 ms."""
STYLE_SHAPE = (510, 256)
"""A row for each number of phonemes."""
_FOREIGN = 0.25  # share of blends with a style of another language in them


@dataclass(frozen=True)
class ShippedVoice:
    """A voice that ships with csm.

    Attributes:
        name: as a cast names it. tag: its speaker tag in prompts. style: its name among Kokoro's.
        paragraph: how long the lines of a long paragraph are, as a share of what they are when each is
            spoken alone; by Kokoro's durations of 36 sentences.
        note: who that is.
    """

    name: str
    tag: int
    style: str
    paragraph: float
    note: str

    @property
    def british(self) -> bool:
        """Whether it speaks British English; else American."""
        return self.style.startswith("b")


SHIPPED = (
    ShippedVoice("heart", 0, "af_heart", 1.04, "A woman, American English; warm, the default voice."),
    ShippedVoice("bella", 1, "af_bella", 1.0, "A woman, American English; lively."),
    ShippedVoice("emma", 2, "bf_emma", 0.922, "A woman, British English; even."),
    ShippedVoice("sarah", 3, "af_sarah", 0.95, "A woman, American English; clear."),
    ShippedVoice("michael", 4, "am_michael", 1.013, "A man, American English; calm."),
    ShippedVoice("fenrir", 5, "am_fenrir", 0.943, "A man, American English; strong."),
    ShippedVoice("george", 6, "bm_george", 0.881, "A man, British English; deep."),
    ShippedVoice("fable", 7, "bm_fable", 0.812, "A man, British English; light."),
)
"""In the order of their speaker tags, from 0."""
SHIPPED_SPEED = 0.88
"""Kokoro reads fast: 220 to 250 words a minute at 1."""
LINE, LONG_PARAGRAPH = 90, 360
"""Symbols of an ordinary line, and of a long paragraph."""


@dataclass(frozen=True, eq=False)
class Speaker:
    """Who speaks a paragraph.

    Attributes:
        number: of the shipped voice, or one that no other guest has. tag: 0 to 7, or `GUEST`.
        style: float32 `[510, 256]`, a row for each number of phonemes less one.
        british: whose phonemes it reads. speed: factor on Kokoro's pace.
        shift: factor on pitch and formants together, by resampling.
        paragraph: as in `ShippedVoice`.
    """

    number: int
    tag: int
    style: np.ndarray
    british: bool
    speed: float
    shift: float = 1.0
    paragraph: float = 1.0

    def speed_for(self, symbols: int) -> float:
        """The factor on Kokoro's pace for a paragraph of so many symbols, whose lines shall last as long as
        they do alone."""
        share = (symbols - LINE) / (LONG_PARAGRAPH - LINE)
        return self.speed * (1 + (self.paragraph - 1) * min(max(share, 0.0), 1.0))


class Teacher(Protocol):
    """Speaks phonemes in a style."""

    def speak(
        self, phonemes: Sequence[Sequence[int]], styles: np.ndarray, speeds: Sequence[float]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """(audio float32 `[samples]`, durations int64 `[phonemes + 2]` in units of 600 samples) for each
        row of ids; `styles` is float32 `[B, 256]`."""
        ...


@dataclass(frozen=True, eq=False)
class Blend:
    """A weighted sum of styles: a speaker that no recording is of.

    Attributes:
        style: float32 `[510, 256]`. british: whether British styles outweigh the others.
        parts: what it is made of: (style's name, weight).
    """

    style: np.ndarray
    british: bool
    parts: tuple[tuple[str, float], ...]


class Styles:
    """Kokoro's styles.

    Args:
        root: the folder that `fetch.py` fills.

    Attributes:
        all: float32 `[510, 256]` by name. english: names of the American and British ones.

    Raises:
        MissingError: there are no styles in the folder.
    """

    def __init__(self, root: Path):
        files = sorted((root / "voices").glob("*.bin"))
        if not files:
            raise missing(root, "Kokoro's styles are")
        self.all = {path.stem: np.fromfile(path, "<f4").reshape(STYLE_SHAPE) for path in files}
        self.english = [name for name in self.all if name[0] in "ab"]

    def shipped(self, voice: ShippedVoice, rng: np.random.Generator) -> Speaker:
        """One of the shipped voices, its pace a little varied."""
        speed = SHIPPED_SPEED * float(rng.uniform(0.96, 1.04))
        style = self.all[voice.style]
        return Speaker(voice.tag, voice.tag, style, voice.british, speed, paragraph=voice.paragraph)

    def blend(self, rng: np.random.Generator) -> Blend:
        """Two or three styles in random shares, now and then one of another language among them."""
        count = int(rng.integers(2, 4))
        names = [str(name) for name in rng.choice(self.english, count, replace=False)]
        weights = rng.dirichlet([1.2] * count)
        if rng.random() < _FOREIGN:
            names[-1] = str(rng.choice(sorted(self.all)))
        style = sum(weight * self.all[name] for weight, name in zip(weights, names, strict=True))
        british = sum(weight for weight, name in zip(weights, names, strict=True) if name[0] == "b") > 0.5
        parts = tuple((name, round(float(weight), 3)) for weight, name in zip(weights, names, strict=True))
        return Blend(np.asarray(style, np.float32), bool(british), parts)

    def guest(self, number: int, rng: np.random.Generator) -> Speaker:
        """A speaker that did not exist: a blend, pitch and pace varied."""
        blend = self.blend(rng)
        shift = float(np.exp(rng.uniform(-0.1, 0.1))) if rng.random() < 0.5 else 1.0
        speed = float(rng.uniform(0.78, 1.02)) / shift
        return Speaker(number, GUEST, blend.style, blend.british, speed, shift)


def missing(root: Path, what: str) -> MissingError:
    """That `what` ("Kokoro is") is not in the folder that `fetch.py` fills."""
    return MissingError(
        f"{what} not there", where=str(root), remedy=f"python -m recipes.demo_voice.fetch {root}"
    )
