"""From lines with their takes to the files of a book: chapters placed, written, recorded and reported."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import Bed, BedEnd, ChapterTimeline, Gap, GapKind, Part, Sound, Spoken
from csm_cli.core import available_cores
from csm_cli.delivery.book import Book
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.tags import read_cover
from csm_cli.delivery.writer import BookWriter
from csm_cli.rendering.credits import chapters_of, is_title, role_of
from csm_cli.rendering.delivered import Watermark, delivered
from csm_cli.rendering.files_made import files_to_remember
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.report import ReportWriter
from csm_cli.script import Bed as BedItem
from csm_cli.script import BedEnd as BedEndItem
from csm_cli.script import Chapter, Line, Pause, SceneBreak, Screenplay
from csm_cli.script import Sound as SoundItem
from csm_cli.takes import TakeStore
from csm_cli.takes.place import Place
from csm_cli.takes.record import Used, merge_record
from csm_cli.voices.voice import Voice, statement


@dataclass(frozen=True)
class BookPlan:
    """All that is needed to make the files of a book, but for its lines; can be pickled.

    Args:
        screenplay: all of it.
        voices: of its cast, by the names that lines have for them.
        folder: of the files.
        takes: where they are kept.
        delivery: what to make.
        rate: Hz.
        settings: what all takes were made with, for the report.
        options: to speak a line again in the same way, for the record.
    """

    screenplay: Screenplay
    voices: Mapping[str, Voice]
    folder: Path
    takes: Place
    delivery: Delivery
    rate: int
    settings: Mapping[str, Any]
    options: Mapping[str, Any]

    @property
    def script(self) -> str:
        """Name of the script's file."""
        return self.screenplay.file_name


def chapters_at_once() -> int:
    """Chapters that should be made at the same time, each by a thread, beside the speaking."""
    return max(1, min(4, available_cores() // 4))


class BookAssembler:
    """Makes the files of a book while its chapters become complete; use it as a context.

    Args:
        plan: of the book.
        store: where its takes are.

    Raises:
        CsmError: the folder cannot be written, the cover not be read.
    """

    def __init__(self, plan: BookPlan, store: TakeStore):
        self.plan, self._store = plan, store
        self._writer = book_writer(plan.screenplay, plan.voices, plan.folder, plan.delivery, plan.rate)
        self._chapters = {chapter.number: chapter for chapter in plan.screenplay.chapters}
        title, count = plan.screenplay.title, len(self._chapters)
        self._report = ReportWriter(store, plan.script, title, plan.folder, dict(plan.settings), count)

    @property
    def notes(self) -> Sequence[str]:
        """What a person should know of the files, a line each."""
        return self._writer.notes

    def __enter__(self) -> BookAssembler:
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def add(
        self, number: int, lines: Sequence[SpokenLine], watermark: Watermark | None = None
    ) -> tuple[ChapterTimeline, list[Measured]]:
        """Make a chapter whose lines are all there.

        Args:
            number: of the chapter.
            lines: with their takes.
            watermark: is put into each line as it is delivered.

        Returns:
            (what `timeline.json` will say of it; its files, measured).

        Raises:
            CsmError: a file cannot be written, a take is damaged.
        """
        chapter = self._chapters[number]
        parts = chapter_parts(self._store, chapter, lines, watermark, words=self.plan.delivery.words)
        return self._writer.add(number, chapter.title, parts, role_of(self.plan.screenplay, chapter))

    def report(
        self,
        number: int,
        timeline: ChapterTimeline,
        lines: Sequence[SpokenLine],
        others: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Take a finished chapter into the report; `others` as for `ReportWriter.add`."""
        self._report.add(self._chapters[number], timeline, lines, others)

    def record(self, lines: Iterable[SpokenLine]) -> None:
        """Record the takes of a chapter's lines, for `csm takes` and `csm master`.

        Raises:
            CsmError: that cannot be written.
        """
        used = {
            line.planned.id: Used(line.take.id if line.take else "", line.stale, line.reasons)
            for line in lines
        }
        files = files_to_remember(self.plan.delivery, self.plan.folder, Path(self.plan.screenplay.path))
        merge_record(self.plan.takes, self.plan.script, used, options={**self.plan.options, **files})

    def finish(self) -> list[Measured]:
        """Write what is made of the whole book.

        Raises:
            CsmError: a file cannot be written.
        """
        return self._writer.finish()

    def write_texts(self, seconds: float, speech_seconds: float) -> list[Path]:
        """Write the timeline, what is made from it, and the report, of the chapters that are finished.

        Args:
            seconds: that the rendering has taken.
            speech_seconds: of speech that was made in them.
        """
        return [*self._writer.write_timeline(), *self._report.write(seconds, speech_seconds)]


def book_of(play: Screenplay, narrator: str = "", voices: str = "") -> Book:
    """The book of a script.

    Args:
        narrator: who is named as the narrator.
        voices: what is stated of the voices.
    """
    facts = {key: value for key, value in play.metadata.items() if key != "cover"}
    return Book(
        title=play.title,
        author=play.author,
        narrator=narrator,
        language=play.language,
        source=play.file_name,
        voices=voices,
        **facts,
    )


def with_cover(delivery: Delivery, play: Screenplay) -> Delivery:
    """The delivery with the script's cover, unless it has one.

    Raises:
        MissingError, UsageError: the script's cover is not there or no picture.
    """
    named = play.metadata.get("cover")
    if delivery.cover or not named:
        return delivery
    return replace(delivery, cover=read_cover(Path(play.path).parent / named))


def book_writer(
    play: Screenplay, voices: Mapping[str, Voice], folder: Path, delivery: Delivery, rate: int
) -> BookWriter:
    """The writer of a script's files; arguments and errors as for `BookPlan` and `BookAssembler`."""
    used = dict.fromkeys(line.voice for line in play.lines)
    book = book_of(play, delivery.narrator, statement(voices[name] for name in used))
    return BookWriter(book, folder, with_cover(delivery, play), rate, chapters_of(play))


def chapter_parts(
    store: TakeStore,
    chapter: Chapter,
    lines: Sequence[SpokenLine],
    watermark: Watermark | None = None,
    *,
    words: bool = False,
) -> Iterator[Part]:
    """What a chapter consists of, read from the stored takes as it is iterated over; no model is needed.

    Args:
        store: where the takes are.
        chapter: of the script.
        lines: its lines, each with the take that is used.
        watermark: is put into each line as it is delivered; None: none.
        words: find when each word is spoken.

    Raises:
        CsmError: while it is read, where a take is damaged or gone.
    """
    sounding = {line.planned.line.id: line for line in lines if line.take is not None}
    return arrange(
        chapter, sounding, lambda line: delivered(store, sounding[line.id], watermark, words=words)
    )


def arrange(chapter: Chapter, sounding: Container[str], sound: Callable[[Line], Spoken]) -> Iterator[Part]:
    """The lines of a chapter with a gap at each boundary, and its sounds and beds.

    A pause or a scene break of the script takes the place of the gap that would be there; several add up.
    A chapter's own pauses come before its first line and behind its last. A bed ends with its scene.

    Args:
        sounding: the ids of the lines that have a sound.
        sound: gives it, called once for each of them, in order.
    """
    before: Line | None = None
    waiting: list[Part] = _pause(chapter.settings.pause_before)
    for item in chapter.items:
        if isinstance(item, Pause):
            waiting.append(Gap("pause", item.seconds))
        elif isinstance(item, SceneBreak | BedEndItem):
            # A chapter may begin with the title of its first scene.
            if isinstance(item, SceneBreak) and (before is not None or not item.title):
                waiting.append(Gap("scene"))
            waiting.append(BedEnd())
        elif isinstance(item, SoundItem):
            waiting.append(Sound(Path(item.path), item.gain, item.over))
        elif isinstance(item, BedItem):
            waiting.append(Bed(Path(item.path), item.gain, -item.duck, item.fade))
        elif isinstance(item, Line) and item.id in sounding:
            waiting += _pause(item.settings.pause_before)
            if before is not None and not any(isinstance(part, Gap) for part in waiting):
                yield Gap(_boundary(before, item))
            yield from waiting
            if waiting and isinstance(waiting[-1], Sound) and not waiting[-1].under:
                yield Gap("line")
            yield sound(item)
            before, waiting = item, _pause(item.settings.pause_after)
    yield from waiting
    yield from _pause(chapter.settings.pause_after)


def _pause(seconds: float | None) -> list[Part]:
    return [] if seconds is None else [Gap("pause", seconds)]


def _boundary(before: Line, after: Line) -> GapKind:
    if is_title(before):
        return "chapter"
    if before.speaker != after.speaker:
        return "speaker"
    return "paragraph" if after.new_paragraph else "line"
