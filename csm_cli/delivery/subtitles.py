"""Subtitles and lyrics: what is heard, as it was written, with the speaker's name, when it is heard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from csm_cli.delivery.book import Book
from csm_cli.delivery.units import Heard, Unit

CUE_CHARACTERS = 84  # two lines of 42, as subtitles have them


def srt(unit: Unit) -> str:
    """SubRip: `Speaker: text`."""
    blocks = []
    for number, cue in enumerate(cues(unit), 1):
        text = f"{plain(cue.speaker)}: {plain(cue.text)}".replace("-->", "→")
        times = f"{clock(cue.start, ',')} --> {clock(cue.end, ',')}"
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks)


def vtt(unit: Unit) -> str:
    """WebVTT: `<v Speaker>text`."""
    blocks = ["WEBVTT\n"]
    for cue in cues(unit):
        text = f"<v {_escaped(cue.speaker)}>{_escaped(cue.text)}"
        blocks.append(f"{clock(cue.start)} --> {clock(cue.end)}\n{text}\n")
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


def cues(unit: Unit) -> Iterator[Heard]:
    """The lines, long ones in pieces that fit on a screen; their times go by the number of characters."""
    for line in unit.lines():
        pieces = pieces_of(plain(line.text))
        total = sum(map(len, pieces))
        start, done = line.start, 0
        for piece in pieces:
            done += len(piece)
            end = line.start + (line.end - line.start) * done / max(1, total)
            yield Heard(start, end, line.speaker, piece)
            start = end


def pieces_of(text: str, limit: int = CUE_CHARACTERS) -> list[str]:
    """A text in as few pieces of at most `limit` characters as there can be, of about the same length."""
    count = -(-len(text) // limit)
    pieces: list[str] = []
    rest = text
    while count > 1 and len(rest) > limit:
        wanted = -(-len(rest) // count)
        # At the last space that keeps the piece within the limit, near the even share.
        cut = max(rest.rfind(" ", 0, min(limit, wanted + 10) + 1), 0) or min(limit, wanted)
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
