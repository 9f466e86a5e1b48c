"""Text files beside the audio, made from the timeline: subtitles, lyrics, marks, cue sheets, labels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from csm_cli.core.files import written
from csm_cli.delivery.book import Book, Cue, Unit, book_stem
from csm_cli.delivery.options import Delivery

CUE_CHARACTERS = 84  # two lines of 42, as subtitles have them
JOINED_SECONDS = 0.3  # a shorter pause inside a line does not empty the screen


def srt(unit: Unit, names: bool = True) -> str:
    """SubRip: `Speaker: text`. Where words are timed, a cue for each, without the speaker."""
    blocks = []
    pieces = (word for cue in cues(unit) for word in (_words(cue) if cue.words else [cue]))
    for number, cue in enumerate(pieces, 1):
        text = _named(cue) if names and not cue.words else plain(cue.text)
        times = f"{clock(cue.start, ',')} --> {clock(cue.end, ',')}"
        blocks.append(f"{number}\n{times}\n{text.replace('-->', '→')}\n")
    return "\n".join(blocks)


def vtt(unit: Unit, names: bool = True) -> str:
    """WebVTT: `<v Speaker>text`. Where words are timed, each but the first begins with its time."""
    blocks = ["WEBVTT\n"]
    for cue in cues(unit):
        name = f"<v {_escaped(cue.speaker)}>".replace("-->", "-- >") if names else ""
        text = _escaped(cue.text)
        if cue.words:
            first, *rest = cue.words
            timed = (f"<{clock(start)}>{_escaped(word)}" for word, start, _ in rest)
            text = " ".join([_escaped(first[0]), *timed])
        blocks.append(f"{clock(cue.start)} --> {clock(cue.end)}\n{name}{text}\n")
    return "\n".join(blocks)


def lrc(unit: Unit, book: Book) -> str:
    """LRC, the format of lyrics: a time stamp and a line."""
    head = {"ti": unit.title, "ar": book.author, "al": book.title, "by": book.narrators}
    minutes, seconds = divmod(round(unit.seconds), 60)
    lines = [f"[{key}:{plain(value).replace(']', ')')}]" for key, value in head.items() if value]
    lines.append(f"[length:{minutes:02d}:{seconds:02d}]")
    for cue in unit.lines():
        hundredths = round(cue.start * 100)
        stamp = f"[{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}]"
        lines.append(f"{stamp}{plain(cue.text)}")
    return "\n".join(lines) + "\n"


def cues(unit: Unit) -> Iterator[Cue]:
    """The lines, long ones in pieces that fit on a screen; their times go by the words where those are timed,
    else by the number of characters.
    """
    for line in unit.lines():
        if timed := _timed_pieces(line):
            yield from timed
            continue
        pieces = pieces_of(plain(line.text))
        total = sum(map(len, pieces))
        start, done = line.start, 0
        for piece in pieces:
            done += len(piece)
            end = line.start + (line.end - line.start) * done / max(1, total)
            yield Cue(start, end, line.speaker, piece)
            start = end


def _timed_pieces(line: Cue) -> list[Cue]:
    """A line in pieces between its words; [] if they are not timed, or one is too long for a screen."""
    words = [(plain(word), start, end) for word, start, end in line.words if plain(word)]
    pieces = pieces_of(" ".join(word for word, _, _ in words))
    found: list[Cue] = []
    for piece in pieces:
        own: list[tuple[str, float, float]] = []
        while words and len(" ".join([*(word for word, _, _ in own), words[0][0]])) <= len(piece):
            own.append(words.pop(0))
        if " ".join(word for word, _, _ in own) != piece or not own:
            return []
        start = found[-1].end if found and own[0][1] - found[-1].end < JOINED_SECONDS else own[0][1]
        found.append(Cue(start if found else line.start, own[-1][2], line.speaker, piece, tuple(own)))
    return [*found[:-1], found[-1]._replace(end=line.end)] if found else []


def _named(cue: Cue) -> str:
    """`Speaker: text`; a text that begins so stays as it is."""
    text, name = plain(cue.text), f"{plain(cue.speaker)}: "
    return text if text.startswith(name) else name + text


def _words(cue: Cue) -> Iterator[Cue]:
    for word, start, end in cue.words:
        yield Cue(start, end, cue.speaker, word, cue.words)


def pieces_of(text: str, limit: int = CUE_CHARACTERS) -> list[str]:
    """A text in as few pieces of at most `limit` characters as there can be, of about the same length."""
    count = -(-len(text) // limit)
    pieces: list[str] = []
    rest = text
    while count > 1 and len(rest) > limit:
        wanted = -(-len(rest) // count)
        # At the last space near the even share, else at the last within the limit; inside a word only if it
        # is longer than that.
        ends = (rest.rfind(" ", 0, most + 1) for most in (min(limit, wanted + 10), limit))
        cut = next((end for end in ends if end > 0), min(limit, wanted))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
        count = max(count - 1, -(-len(rest) // limit))
    return [*pieces, rest] if rest or not pieces else pieces


def clock(seconds: float, point: str = ".") -> str:
    """`01:02:03.450`."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def plain(text: str) -> str:
    """On one line, without control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", " ", text).split())


def _escaped(text: str) -> str:
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


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
    """A cue sheet over the first file of each unit. The format has no escape: quotes become apostrophes."""
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


def labels(unit: Unit, names: bool = True) -> str:
    """Audacity labels: start, end, text, set apart by tabs."""
    return "".join(
        f"{line.start:.6f}\t{line.end:.6f}\t{_named(line) if names else plain(line.text)}\n"
        for line in unit.lines()
    )


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


LINE_EXTRAS: dict[str, tuple[str, Callable[[Unit, Book, bool], str]]] = {
    "srt": (".srt", lambda unit, book, names: srt(unit, names)),
    "vtt": (".vtt", lambda unit, book, names: vtt(unit, names)),
    "lrc": (".lrc", lambda unit, book, names: lrc(unit, book)),
    "labels": (".labels.txt", lambda unit, book, names: labels(unit, names)),
}


def write_sidecars(
    folder: Path, book: Book, delivery: Delivery, chapters: Sequence[Unit], volumes: Sequence[Unit]
) -> list[Path]:
    """Write the extras that are texts.

    What belongs to lines goes beside each file; what belongs to chapters beside the book's files or, where
    there are none, over the chapters' one after the other.

    Args:
        delivery: which, and whether they name the speakers.
        chapters: with files of their own.
        volumes: the book's files.

    Raises:
        CsmError: a file cannot be written.
    """
    extras = delivery.extras
    wanted = [name for name in extras if name in LINE_EXTRAS]
    texts = {
        unit.stem + LINE_EXTRAS[name][0]: LINE_EXTRAS[name][1](unit, book, delivery.names)
        for unit in (*chapters, *volumes)
        for name in wanted
    }
    book_files = volumes or chapters
    if book_files and "chapters" in extras:
        for unit in volumes or [_joined(chapters, book)]:
            texts[f"{unit.stem}.chapters.json"] = podcast_chapters(unit, book)
    if book_files and "cue" in extras:
        texts[f"{book_stem(book.title)}.cue"] = cue_sheet(book_files, book)
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
    return Unit(book_stem(book.title), book.title, (), tuple(placed))


def _write(path: Path, text: str) -> Path:
    with written(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path
