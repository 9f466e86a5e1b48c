"""The run of an evaluation: which lines are spoken in which condition, and judged beside the speaking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from csm_cli.core.errors import UsageError
from csm_cli.core.types import Segment
from recipes.demo_voice.conditions import BATCH, Model, Spoken, turns_before
from recipes.demo_voice.judge import Judge, Sample
from recipes.demo_voice.material import LIST, Line, read_line
from recipes.demo_voice.results import Results, Row
from recipes.demo_voice.teachers import RATE

CONDITIONS = ("teacher", "codec", "short", "alone", "long", "context", "clone")
_judge: Judge


def start_judge(root: Path) -> None:
    """Loads the judge of a process of the pool."""
    global _judge
    _judge = Judge(root)


def _measure(sample: Sample) -> dict[str, Any]:
    return _judge.measure(sample)


@dataclass(frozen=True)
class Selection:
    """What is measured.

    Args:
        conditions: names out of `CONDITIONS`.
        counts: at most so many `short`, `long` and `context` lines of a voice, `blends`, and `line`s of a
            blend.
        own_turns: the turns before a line of the condition `context` are the model's own, not the teacher's.
    """

    conditions: frozenset[str]
    counts: Mapping[str, int]
    own_turns: bool = True


class _Judging(NamedTuple):
    results: Results
    condition: str
    lines: Sequence[Line]
    more: Sequence[Row]
    job: AsyncResult[list[Row]]


class Evaluation:
    """Speaks and judges: while the model speaks 16 lines, other processes judge the 16 before.

    Args:
        model: what is measured.
        lines: the material.
        pool: processes that were started with `start_judge`.
        root: the folder that `fetch.py` fills.
        results: for the rows of the `teacher`, of the `codec` and of the `model`.
        select: what is measured.

    Attributes:
        clips: the clips of all blends, in the order of the `cosines` in the rows.
    """

    def __init__(
        self,
        model: Model,
        lines: Sequence[Line],
        pool: Pool,
        root: Path,
        results: Mapping[str, Results],
        select: Selection,
    ):
        self.model, self.lines, self.results, self.select = model, lines, results, select
        self.clips = [line for line in lines if line.tag is None and line.set == "clip"]
        self._pool, self._root = pool, root
        self._judging: _Judging | None = None
        self._embeddings: np.ndarray | None = None

    def run(self, voices: Sequence[str]) -> None:
        """Measures the shipped voices named, then the blends.

        Raises:
            UsageError: the material has no such voice.
        """
        for voice in voices:
            own = [line for line in self.lines if line.voice == voice and line.tag is not None]
            clip = next((line for line in own if line.set == "clip"), None)
            if clip is None:
                raise UsageError(
                    f"there is no voice {voice!r} in the material", where="--voices", remedy=f"see {LIST}"
                )
            self._shipped(clip, own)
        if "clone" in self.select.conditions and self.clips:
            self._blends()
        self._collect()

    def _shipped(self, clip: Line, own: Sequence[Line]) -> None:
        assert clip.tag is not None
        sets = {kind: self._some(own, kind) for kind in ("short", "long", "context")}
        for kind, lines in sets.items():
            self._recorded(kind, lines)
        reference = self.model.reference(clip)
        for condition, kind in (("short", "short"), ("alone", "short"), ("long", "long")):
            context = () if condition == "alone" else (reference,)
            lines = sets[kind]
            self._speak(condition, lines, clip.tag, {line.file: context for line in lines})
        lines = sets["context"]
        if self._missing("model", "context", lines):
            turns = turns_before(self._turns(lines, clip.tag, reference))
            contexts = {line.file: (reference, *some) for line, some in zip(lines, turns, strict=True)}
            self._speak("context", lines, clip.tag, contexts)

    def _turns(self, lines: Sequence[Line], tag: int, reference: Segment) -> list[Segment]:
        if not self.select.own_turns:
            return [self.model.recorded(line, tag) for line in lines]
        spoken = self.model.speak(lines, tag, [(reference,)] * len(lines), "turns")
        return [each.segment for some in spoken for each in some]

    def _blends(self) -> None:
        from recipes.demo_voice.speaker import Speaker

        speaker = Speaker(self._root)
        clips = [read_line(self.model.folder, clip) for clip in self.clips]
        self._embeddings = np.stack([speaker.embed(clip, RATE) for clip in clips])
        for clip in self.clips[: self.select.counts["blends"]]:
            lines = self._some([line for line in self.lines if line.voice == clip.voice], "line")
            self._recorded("line", lines)
            if self._missing("model", "clone", lines):
                reference = self.model.registered(clip)
                contexts = {line.file: (reference,) for line in lines}
                self._speak("clone", lines, reference.speaker, contexts)

    def _some(self, lines: Sequence[Line], kind: str) -> list[Line]:
        return [line for line in lines if line.set == kind][: self.select.counts[kind]]

    def _missing(self, where: str, condition: str, lines: Sequence[Line]) -> list[Line]:
        """The lines that are wanted and have no row yet."""
        wanted = condition.split("-")[0]
        if wanted not in self.select.conditions:
            return []
        done = self.results[where].done(condition)
        return [line for line in lines if line.file not in done]

    def _recorded(self, kind: str, lines: Sequence[Line]) -> None:
        """Judges the teacher and, on short lines and those of the blends, the teacher through the codec."""
        for some in _batches(self._missing("teacher", f"teacher-{kind}", lines)):
            audio = [read_line(self.model.folder, line) for line in some]
            self._submit("teacher", f"teacher-{kind}", some, audio)
        if kind in ("short", "line"):
            for some in _batches(self._missing("codec", f"codec-{kind}", lines)):
                self._submit("codec", f"codec-{kind}", some, self.model.through_codec(some))

    def _speak(
        self, condition: str, lines: Sequence[Line], tag: int, contexts: Mapping[str, tuple[Segment, ...]]
    ) -> None:
        missing = self._missing("model", condition, lines)
        for spoken in self.model.speak(missing, tag, [contexts[line.file] for line in missing], condition):
            audio = [each.audio for each in spoken]
            self._submit("model", condition, [each.line for each in spoken], audio, spoken)

    def _submit(
        self,
        where: str,
        condition: str,
        lines: Sequence[Line],
        audio: Sequence[np.ndarray],
        spoken: Sequence[Spoken] = (),
    ) -> None:
        folder = self.model.folder
        samples = [
            Sample(
                line.text,
                sound,
                RATE,
                beside=None if where == "teacher" else read_line(folder, line),
                clips=self._embeddings if line.tag is None else None,
            )
            for line, sound in zip(lines, audio, strict=True)
        ]
        more: list[Row] = [{"ended": each.ended} for each in spoken] or [{} for _ in lines]
        self._collect()
        job = self._pool.map_async(_measure, samples, chunksize=1)
        self._judging = _Judging(self.results[where], condition, lines, more, job)

    def _collect(self) -> None:
        """Writes down the rows of the lines that are being judged, and prints what they come to."""
        if self._judging is None:
            return
        results, condition, lines, more, job = self._judging
        self._judging = None
        rows: list[Row] = [
            {
                "condition": condition,
                "file": line.file,
                "voice": line.voice,
                "text": line.text,
                **extra,
                **row,
            }
            for line, extra, row in zip(lines, more, job.get(), strict=True)
        ]
        results.add(rows)
        errors = sum(row["errors"] for row in rows) / max(1, sum(row["words"] for row in rows))
        print(f"{lines[0].voice} {condition}: {len(lines)} lines, word errors {errors:.3f}", flush=True)


def _batches(lines: Sequence[Line]) -> Iterable[Sequence[Line]]:
    return (lines[at : at + BATCH] for at in range(0, len(lines), BATCH))
