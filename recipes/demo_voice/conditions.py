"""What is spoken for the evaluation: lines with the context that csm gives them, and registered voices."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csm_cli.core.errors import MissingError
from csm_cli.core.types import Sampler, Segment, Utterance
from csm_cli.engine.engine import Engine
from csm_cli.verify.codes import frame_cap
from recipes.demo_voice.material import Line, read_line

BATCH = 16
TURNS = 3
FIRST_GUEST = 8  # the lowest speaker tag that no shipped voice has


@dataclass(frozen=True, eq=False)
class Spoken:
    """A line as the model spoke it.

    Attributes:
        line: the teacher's recording of the same text.
        segment: the turn, as later lines have it in their context.
        audio: float32 `[samples]` at 24 kHz.
        ended: whether an EOS frame came.
    """

    line: Line
    segment: Segment
    audio: np.ndarray
    ended: bool


class Model:
    """The checkpoint that is measured, with the sampling and the seed of this run.

    Args:
        engine: the checkpoint.
        sampler: how codes are drawn.
        seed: every line's own seed follows from it and from the line's file, so that a line does not depend
            on what is spoken beside it.
        folder: of the material.
    """

    def __init__(self, engine: Engine, sampler: Sampler, seed: int, folder: Path):
        self.engine, self.sampler, self.seed, self.folder = engine, sampler, seed, folder

    def speak(
        self, lines: Sequence[Line], tag: int, contexts: Sequence[tuple[Segment, ...]], condition: str
    ) -> Iterator[list[Spoken]]:
        """Speaks lines, 16 at once, each after its own context; yields each 16 when they are done."""
        for at in range(0, len(lines), BATCH):
            some = lines[at : at + BATCH]
            speeches = self.engine.speak(
                [
                    Utterance(
                        tag,
                        line.text,
                        context,
                        self.seed * 1_000_003 + zlib.crc32(f"{condition}/{line.file}".encode()),
                        frame_cap(line.text),
                        self.sampler,
                    )
                    for line, context in zip(some, contexts[at : at + BATCH], strict=True)
                ]
            )
            audio = self.engine.decode([speech.codes for speech in speeches])
            yield [
                Spoken(line, Segment(tag, line.text, speech.codes), sound, speech.ended)
                for line, speech, sound in zip(some, speeches, audio, strict=True)
            ]

    def recorded(self, line: Line, tag: int) -> Segment:
        """A recording of the teacher as a turn of `tag`."""
        return Segment(tag, line.text, self.engine.encode(read_line(self.folder, line)))

    def reference(self, clip: Line) -> Segment:
        """The turn that csm puts before every line of a shipped voice: its own clip, or the material's."""
        from csm_cli.voices.codes import reference_codes
        from csm_cli.voices.registry import VoiceRegistry

        assert clip.tag is not None
        with own_home():
            try:
                voice = VoiceRegistry().get(clip.voice)
                return Segment(clip.tag, voice.text, reference_codes(voice, self.engine))
            except MissingError:
                return self.recorded(clip, clip.tag)

    def registered(self, clip: Line) -> Segment:
        """The turn of a new voice, made from its clip on the path of `csm voices add`."""
        from csm_cli.voices.adding import Recording, prepare_all
        from csm_cli.voices.codes import reference_codes
        from csm_cli.voices.registry import VoiceRegistry

        with own_home():
            (prepared,) = prepare_all([Recording(self.folder / clip.file, clip.text)])
            voice = VoiceRegistry().add(clip.voice, [prepared.clip]).voice
            codes = reference_codes(voice, self.engine)
            return Segment(max(voice.speaker, FIRST_GUEST), voice.text, codes)

    def through_codec(self, lines: Sequence[Line]) -> list[np.ndarray]:
        """Recordings encoded and decoded again; float32 `[samples]` each."""
        return self.engine.decode([self.engine.encode(read_line(self.folder, line)) for line in lines])


def turns_before(turns: Sequence[Segment]) -> list[tuple[Segment, ...]]:
    """For each of the turns, the three that follow it in a ring: its context, which it is not part of."""
    count = len(turns)
    return [
        tuple(turns[(at + 1 + step) % count] for step in range(min(TURNS, count - 1))) for at in range(count)
    ]


@contextmanager
def own_home() -> Iterator[None]:
    """A user's folder of voices that is empty, for as long as the block lasts."""
    before = os.environ.get("CSM_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CSM_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["CSM_HOME"]
            else:
                os.environ["CSM_HOME"] = before
