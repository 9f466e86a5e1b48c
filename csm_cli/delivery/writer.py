"""From chapters to files: each chapter's as soon as it is complete, those of the whole book at the end."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from csm_cli.audio.disk_buffer import DiskBuffer
from csm_cli.audio.files import to_pcm16
from csm_cli.audio.mastering import Layout, choose_gain
from csm_cli.audio.measure import Measured
from csm_cli.audio.stitch import mix_beds, mix_chapter
from csm_cli.audio.timeline import ChapterTimeline, Part, Role, Timeline
from csm_cli.core.files import alone, disk_errors
from csm_cli.delivery.book import Book, Unit, book_stem
from csm_cli.delivery.chapter import SHORTEST_SECONDS, MixedChapter, Volume, mix_sample, split_volumes
from csm_cli.delivery.encode import encode, excess_db, measured_draft, misses
from csm_cli.delivery.epub import write_epub
from csm_cli.delivery.formats import FORMATS, Format
from csm_cli.delivery.ledger import Ledger
from csm_cli.delivery.manifest import NAME, with_earlier
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.sidecars import write_sidecars
from csm_cli.delivery.tags import MAX_CHAPTERS_MP3, Mark, Tags

ATTEMPTS = 4


class BookWriter:
    """Writes a book into a folder. Use it as a context: what is unfinished is cleared away at the end.

    Memory does not grow with the book; disk buffers lie in a hidden folder, 345 MB for an hour. Those of
    finished chapters are kept only where something is made of the whole book.

    Args:
        folder: of the files; made when it is not there.
        delivery: what to make.
        rate: Hz, of all sound that comes in.
        chapters: the book has, rendered now or not.
    """

    def __init__(self, book: Book, folder: Path, delivery: Delivery, rate: int, chapters: int):
        self.book, self.folder, self.delivery, self.rate = book, folder, delivery, rate
        self.count = chapters
        self.notes: list[str] = []
        self._work = _work_folder(folder)
        self._chapters: dict[int, MixedChapter] = {}
        self._volumes: list[Unit] = []
        self._made: list[Path] = []
        self._texts: list[Path] | None = None

    def __enter__(self) -> BookWriter:
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._close_buffers()
        shutil.rmtree(self._work, ignore_errors=True)
        with suppress(OSError):
            self.folder.rmdir()  # when nothing came to be in it

    def add(
        self, number: int, title: str, parts: Iterable[Part], role: Role = "chapter"
    ) -> tuple[ChapterTimeline, list[Measured]]:
        """Mix a chapter and, if nothing has to wait for the book's end, write its files.

        Args:
            parts: as for `mix_chapter`.

        Returns:
            (its entry in `timeline.json`; its files, measured).

        Raises:
            CsmError: a file cannot be written, a sound cannot be read.
        """
        delivery = self.delivery
        buffer = DiskBuffer(self._work / f"{number}.buffer")
        try:
            with disk_errors(self.folder):
                layout = mix_chapter(
                    parts, buffer, self.rate, delivery.pauses, chapter=number, mastering=delivery.mastering
                )
                mix_beds(buffer, layout, self.rate, self._work)
        except BaseException:
            buffer.close()
            raise
        chapter = MixedChapter(number, title, role, layout, buffer)
        self._chapters[number] = chapter
        if delivery.level_per == "chapter":
            self._finish_chapter(chapter, choose_gain([buffer], self.rate, delivery.mastering))
            if not self._keeps_buffers:
                buffer.close()
        return chapter.timeline(self.rate), chapter.measured

    def finish(self) -> list[Measured]:
        """Write what is made of the whole book, and the timeline; remove what is outdated.

        Returns:
            the files that were waiting for the book's end, measured; further messages are in `notes`.

        Raises:
            CsmError: a file cannot be written.
        """
        chapters = self._in_order()
        if not chapters:
            return []
        delivery, done = self.delivery, []
        if delivery.level_per == "book":
            gain = choose_gain([chapter.buffer for chapter in chapters], self.rate, delivery.mastering)
            for chapter in chapters:
                self._finish_chapter(chapter, gain)
                done += chapter.measured
        volumes = split_volumes(chapters, self.rate, delivery.split_hours) if delivery.book_formats else []
        for volume in volumes:
            done += self._write_volume(volume, len(volumes))
        if delivery.sample:
            done += self._write_sample(chapters)
        if "epub" in delivery.extras:
            self._write_epub(chapters)
        self._texts = self._write_texts(complete=True)
        return done

    def write_timeline(self) -> list[Path]:
        """Write `timeline.json` and the text files made from it, for what has been finished so far.

        Chapters of an earlier rendering that were not rendered now stay in the timeline. No chapter can be
        added after that: where the disk is full, the buffers make room.

        Returns:
            What was written, by `finish` if it has come to its end; an EPUB too.
        """
        if self._texts is not None:
            return self._texts
        self._close_buffers()
        return self._write_texts(complete=False)

    def _close_buffers(self) -> None:
        for chapter in self._chapters.values():
            with suppress(OSError):
                chapter.buffer.close()

    def _write_texts(self, complete: bool) -> list[Path]:
        chapters = [chapter.timeline(self.rate) for chapter in self._in_order() if chapter.files]
        if not self.delivery.chapter_formats and self._volumes:
            chapters = [chapter for unit in self._volumes for _, chapter in unit.chapters]
        if not chapters:
            return []
        whole = tuple(name for unit in self._volumes for name in unit.files)
        new = Timeline(self.book.title, self.rate, tuple(chapters), self.book.as_dict(), whole)
        units = [Unit.of_chapter(chapter, self.count) for chapter in chapters if chapter.files]
        with alone(self.folder, "csm-files"):  # what another rendering finishes meanwhile stays
            return self._merge(new, units, complete)

    def _merge(self, new: Timeline, units: Sequence[Unit], complete: bool) -> list[Path]:
        texts = write_sidecars(self.folder, self.book, self.delivery, units, self._volumes)
        timeline, problem = with_earlier(self.folder, new, self.count)
        ledger, made = Ledger(self.folder, self.book.source, self.count), self._made + texts
        self.notes += ledger.doubted(problem, self._chapters)
        ledger.add(made, timeline, self._chapters)
        if complete:
            self.notes += ledger.clear(made, timeline, self._chapters)
            if others := ledger.others():
                own = self.folder / Path(self.book.source).stem
                self.notes.append(
                    f"{self.folder} has files of {', '.join(others)} too, but one timeline.json, now that of "
                    f"{self.book.source}; for a folder of its own: -o {own}"
                )
            timeline = ledger.with_files(timeline)
        timeline.write(self.folder / NAME)
        ledger.write()
        return [self.folder / NAME, *texts, *(path for path in self._made if path.suffix == ".epub")]

    def _in_order(self) -> list[MixedChapter]:
        return [self._chapters[number] for number in sorted(self._chapters)]

    @property
    def _keeps_buffers(self) -> bool:
        delivery = self.delivery
        return bool(delivery.book_formats or delivery.sample or "epub" in delivery.extras)

    def _is_levelled(self, chapters: Sequence[MixedChapter]) -> bool:
        """Whether these chapters have been brought to the target level; a sample is a part."""
        alone = self.delivery.level_per == "chapter" or len(chapters) == len(self._chapters)
        return alone and any(chapter.layout.lines for chapter in chapters)

    def _finish_chapter(self, chapter: MixedChapter, gain: float) -> None:
        chapter.gain = gain
        track = chapter.number if chapter.role == "chapter" else None
        tags = self.book.tags(chapter.title, track, self.count)
        for name in self.delivery.chapter_formats:
            measured = self._encode([chapter], chapter.stem(self.count), FORMATS[name], tags)
            chapter.measured.append(measured)
            chapter.files.append(measured.path.name)

    def _write_volume(self, volume: Volume[MixedChapter], volumes: int) -> list[Measured]:
        title = self.book.title if volumes == 1 else f"{self.book.title}, part {volume.number}"
        stem = book_stem(self.book.title) + ("" if volumes == 1 else f"-part-{volume.number}")
        placed, offset = [], 0.0
        for chapter in volume.chapters:
            timeline = chapter.timeline(self.rate)
            placed.append((offset, timeline))
            offset += timeline.duration
        marks = [Mark(start, start + each.duration, each.title) for start, each in placed]
        tags = self.book.tags(title, volume.number if volumes > 1 else None, volumes)
        done = [
            self._encode(volume.chapters, stem, FORMATS[name], tags, marks)
            for name in self.delivery.book_formats
        ]
        if len(marks) > MAX_CHAPTERS_MP3 and "mp3" in self.delivery.book_formats:
            self.notes.append(f"{stem}.mp3: an MP3 lists 255 chapters; it has {len(marks)}")
        self._volumes.append(Unit(stem, title, tuple(each.path.name for each in done), tuple(placed)))
        return done

    def _write_sample(self, chapters: Sequence[MixedChapter]) -> list[Measured]:
        with disk_errors(self.folder):
            buffer = mix_sample(chapters, self.rate, self._work / "sample.buffer")
        with buffer:
            if buffer.size < SHORTEST_SECONDS * self.rate:
                self.notes.append("the sample is shorter than a minute: so is the book")
            layout = Layout(buffer.size, (), (), (), ())
            sample = MixedChapter(0, "Retail sample", "chapter", layout, buffer)
            names = self.delivery.sample_formats
            tags = self.book.tags(f"{self.book.title}: retail sample")
            return [self._encode([sample], "retail-sample", FORMATS[name], tags) for name in names]

    def _write_epub(self, chapters: Sequence[MixedChapter]) -> None:
        audio: list[Path] = []
        for chapter in chapters:
            own = [name for name in chapter.files if name.endswith((".mp3", ".m4a"))]
            path = self.folder / own[0] if own else self._work / f"{chapter.stem(self.count)}.m4a"
            if not own:
                blocks = chapter.blocks(self.rate, self.delivery.mastering)
                encode(map(to_pcm16, blocks), chapter.samples, self.rate, path, FORMATS["aac"])
            audio.append(path)
        timelines = [chapter.timeline(self.rate) for chapter in chapters]
        path = self.folder / f"{book_stem(self.book.title)}.epub"
        write_epub(path, self.book, list(zip(timelines, audio, strict=True)), self.delivery.cover)
        self._made.append(path)

    def _encode(
        self,
        chapters: Sequence[MixedChapter],
        stem: str,
        kind: Format,
        tags: Tags,
        marks: Sequence[Mark] = (),
    ) -> Measured:
        """Write one file and measure it; where encoding lifted a peak over the limit, do it again, lower."""
        loudness, mastering = self.delivery.loudness, self.delivery.mastering
        path = self.folder / f"{stem}{kind.suffix}"
        draft = self._work / path.name
        samples = sum(chapter.samples for chapter in chapters)
        ceiling = loudness.ceiling_db
        for _ in range(ATTEMPTS):
            blocks = (block for each in chapters for block in each.blocks(self.rate, mastering, ceiling))
            pcm = map(to_pcm16, blocks)
            encode(pcm, samples, self.rate, draft, kind, tags, marks, self.delivery.cover, where=path)
            measured = measured_draft(draft, path, samples / self.rate)
            if ceiling is None or not kind.lossy or (excess := excess_db(measured, loudness)) <= 0:
                break
            ceiling -= excess + 0.1
        with disk_errors(path):
            draft.replace(path)
        self._made.append(path)
        measured = replace(measured, path=path)
        self.notes += misses(measured, loudness, self._is_levelled(chapters))
        return measured


def _work_folder(folder: Path) -> Path:
    """A hidden folder of this process; those of processes that are gone are removed."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        host = socket.gethostname()
        for left in folder.glob(f".work-{host}-*"):
            pid = left.name.rpartition("-")[2].partition(".")[0]
            if pid.isdigit() and not _alive(int(pid)):
                shutil.rmtree(left, ignore_errors=True)
        prefix = f".work-{host}-{os.getpid()}."
        try:
            return Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        except FileNotFoundError:  # another process found its folder empty, and removed it just now
            folder.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=prefix, dir=folder))


def _alive(pid: int) -> bool:
    if os.name == "nt":  # where signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True
