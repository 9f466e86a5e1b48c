"""The text files around the audio, all made from the timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from csm_cli.core.atomic import written
from csm_cli.delivery.book import Book
from csm_cli.delivery.marks import cue_sheet, description, labels, podcast_chapters
from csm_cli.delivery.names import slug
from csm_cli.delivery.subtitles import lrc, srt, vtt
from csm_cli.delivery.units import Unit

LINE_EXTRAS: dict[str, tuple[str, Callable[[Unit, Book], str]]] = {
    "srt": (".srt", lambda unit, book: srt(unit)),
    "vtt": (".vtt", lambda unit, book: vtt(unit)),
    "lrc": (".lrc", lrc),
    "labels": (".labels.txt", lambda unit, book: labels(unit)),
}


def write_sidecars(
    folder: Path, book: Book, extras: Sequence[str], chapters: Sequence[Unit], volumes: Sequence[Unit]
) -> list[Path]:
    """Write the extras that are texts.

    What belongs to lines goes beside each file; what belongs to chapters beside the book's files or, where
    there are none, over the chapters' one after the other.

    Args:
        chapters: with files of their own.
        volumes: the book's files.

    Raises:
        CsmError: a file cannot be written.
    """
    wanted = [name for name in extras if name in LINE_EXTRAS]
    texts = {
        unit.stem + LINE_EXTRAS[name][0]: LINE_EXTRAS[name][1](unit, book)
        for unit in (*chapters, *volumes)
        for name in wanted
    }
    book_files = volumes or chapters
    if book_files and "chapters" in extras:
        for unit in volumes or [_joined(chapters, book)]:
            texts[f"{unit.stem}.chapters.json"] = podcast_chapters(unit, book)
    if book_files and "cue" in extras:
        texts[f"{slug(book.title)}.cue"] = cue_sheet(book_files, book)
    if book_files and "description" in extras:
        texts["description.txt"] = description(book_files, book)
    return [_write(folder / name, text) for name, text in texts.items()]


def _joined(units: Sequence[Unit], book: Book) -> Unit:
    """The chapters one after the other, as if they were one file."""
    placed, offset = [], 0.0
    for unit in units:
        for start, chapter in unit.chapters:
            placed.append((offset + start, chapter))
        offset += unit.seconds
    return Unit(slug(book.title), book.title, (), tuple(placed))


def _write(path: Path, text: str) -> Path:
    with written(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path
