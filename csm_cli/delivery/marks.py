"""Marks for players and editors: Podcasting 2.0 chapters, cue sheets, Audacity labels."""

from __future__ import annotations

import json
from collections.abc import Sequence

from csm_cli.delivery.book import Book
from csm_cli.delivery.subtitles import plain
from csm_cli.delivery.units import Unit

CUE_FRAMES = 75  # in a second, as on a compact disc


def podcast_chapters(unit: Unit, book: Book) -> str:
    """The JSON chapters of Podcasting 2.0, version 1.2."""
    value = {
        "version": "1.2.0",
        "title": unit.title,
        **({"author": book.author} if book.author else {}),
        "chapters": [
            {"startTime": _ms(start), "endTime": _ms(start + chapter.duration), "title": chapter.title}
            for start, chapter in unit.chapters
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def cue_sheet(units: Sequence[Unit], book: Book) -> str:
    """A cue sheet over the first file of each unit. The format knows no escape: quotes become apostrophes."""
    lines = [f"PERFORMER {_quoted(book.author)}"] if book.author else []
    lines.append(f"TITLE {_quoted(book.title)}")
    number = 0
    for unit in units:
        kind = "MP3" if unit.files[0].endswith(".mp3") else "WAVE"
        lines.append(f"FILE {_quoted(unit.files[0])} {kind}")
        for start, chapter in unit.chapters:
            number += 1
            frames = round(start * CUE_FRAMES)
            minutes, rest = divmod(frames, 60 * CUE_FRAMES)
            lines.append(f"  TRACK {number:02d} AUDIO")
            lines.append(f"    TITLE {_quoted(chapter.title)}")
            lines.append(f"    INDEX 01 {minutes:02d}:{rest // CUE_FRAMES:02d}:{rest % CUE_FRAMES:02d}")
    return "\n".join(lines) + "\n"


def labels(unit: Unit) -> str:
    """Audacity labels: start, end, text, set apart by tabs."""
    rows = (
        f"{line.start:.6f}\t{line.end:.6f}\t{plain(f'{line.speaker}: {line.text}')}\n"
        for line in unit.lines()
    )
    return "".join(rows)


def description(units: Sequence[Unit], book: Book) -> str:
    """The text for a shop's or a video's page: who and what, the chapters with their times, whose voices."""
    seconds = sum(unit.seconds for unit in units)
    facts = (
        ("{}", book.title),
        ("{}", book.subtitle),
        ("By {}", book.author),
        ("Translated by {}", book.translator),
        ("Narrated by {} (AI-narrated)", book.narrators),
        ("Series: {}", book.series),
        ("Genre: {}", book.genre),
        ("Length: {}", _hours(seconds)),
    )
    head = [text.format(plain(value)) for text, value in facts if value]
    parts = ["\n".join(head)]
    parts += [book.description.strip()] if book.description.strip() else []
    rows, offset = [], 0.0
    for unit in units:
        for start, chapter in unit.chapters:
            rows.append(f"{_hours(offset + start)} {plain(chapter.title)}")
        offset += unit.seconds
    parts += ["\n".join(rows)]
    parts += [text for text in (book.copyright.strip(), book.voices.strip()) if text]
    return "\n\n".join(parts) + "\n"


def _hours(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _quoted(text: str) -> str:
    return '"' + plain(text).replace('"', "'") + '"'


def _ms(seconds: float) -> float:
    return round(seconds, 3)
