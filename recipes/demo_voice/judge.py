"""What a line is worth: words by Whisper base, the voice by a speaker encoder, pitch and pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.core.errors import MissingError
from recipes.demo_voice.phonemes import converter
from recipes.demo_voice.prosody import measure_prosody
from recipes.demo_voice.speaker import Speaker, cosine
from recipes.demo_voice.word_errors import Sounds, word_errors

WHISPER_RATE = 16_000


@dataclass(frozen=True, eq=False)
class Sample:
    """A line to judge.

    Args:
        text: what should be said.
        audio: float32 `[samples]`.
        rate: Hz.
        beside: the teacher's recording of the same line, at the same rate; None: no cosine is wanted.
        clips: embeddings that the voice is compared with, float32 `[clips, 256]`; None: with none.
    """

    text: str
    audio: np.ndarray
    rate: int
    beside: np.ndarray | None = None
    clips: np.ndarray | None = None


class Whisper:
    """Whisper base by faster-whisper: int8, beam 5, temperature 0, English, without timestamps, in encoder
    windows of 10 to 30 s as `csm_cli.verify.recognisers` has them: as good as 30 s on short lines for a
    quarter of the time.

    Args:
        root: the folder that `fetch.py` fills.

    Raises:
        MissingError: the recogniser is not in it.
    """

    def __init__(self, root: Path):
        from csm_cli.verify.recognisers.whisper import Whisper as Recogniser

        folder = root / "whisper-base"
        if not (folder / "model.bin").is_file():
            raise MissingError(
                "Whisper is not there", where=str(folder), remedy=f"python -m recipes.demo_voice.fetch {root}"
            )
        self._recogniser = Recogniser(str(folder), "en", "cpu")

    def transcribe(self, audio: np.ndarray, rate: int) -> str:
        """The words of mono `audio` `[samples]`; "" for less than 20 ms."""
        if len(audio) < rate // 50:
            return ""
        return self._recogniser.transcribe([audio], rate)[0]


class Judge:
    """Measures lines; one for each process.

    Args:
        root: the folder that `fetch.py` fills.
    """

    def __init__(self, root: Path):
        self.whisper, self.speaker = Whisper(root), Speaker(root)
        self.sounds: Sequence[Sounds] = [
            lru_cache(50_000)(converter(root)),
            lru_cache(50_000)(converter(root, british=True)),
        ]

    def measure(self, sample: Sample) -> dict[str, Any]:
        """All figures of a line, as plain values.

        Returns:
            `heard`, `errors`, `words`, `seconds`, `f0_semitones`, `pauses`, `pause_seconds`; `ratio` of the
            length to the teacher's and `cosine` to the teacher's voice if `beside` is given; `cosines` if
            `clips` are.
        """
        heard = self.whisper.transcribe(sample.audio, sample.rate)
        errors = word_errors(sample.text, heard, self.sounds)
        row: dict[str, Any] = {"heard": heard, "errors": errors.errors, "words": errors.words}
        row["seconds"] = round(len(sample.audio) / sample.rate, 3)
        row |= {
            name: round(value, 3)
            for name, value in asdict(measure_prosody(sample.audio, sample.rate)).items()
        }
        if sample.beside is None and sample.clips is None:
            return row
        voice = self.speaker.embed(sample.audio, sample.rate)
        if sample.beside is not None:
            row["ratio"] = round(len(sample.audio) / len(sample.beside), 3)
            row["cosine"] = round(cosine(voice, self.speaker.embed(sample.beside, sample.rate)), 4)
        if sample.clips is not None:
            row["cosines"] = [round(float(each), 4) for each in sample.clips @ voice]
        return row
