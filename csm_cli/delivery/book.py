"""The book as a whole, its units (chapters or volumes with files of their own), and their file names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.core import is_device_name
from csm_cli.delivery.tags import Tags

MAX_SLUG = 48
# Letters that decomposition leaves whole.
LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}
)


def slug(title: str) -> str:
    """`title` as a file name: lower-case ASCII letters, digits and hyphens, at most 48; never empty.

    A title in letters that cannot be transliterated simply becomes "chapter".
    """
    text = unicodedata.normalize("NFKD", title.lower().translate(LETTERS)).lower().translate(LETTERS)
    text = re.sub(r"['’ʼ`]", "", "".join(c for c in text if not unicodedata.combining(c)))
    text = re.sub(r"[^a-z0-9]+", "-", text).strip("-")
    if len(text) > MAX_SLUG:
        cut = text[: MAX_SLUG + 1].rpartition("-")[0]  # at the end of a word, if there is one
        text = (cut if len(cut) > MAX_SLUG // 2 else text[:MAX_SLUG]).strip("-")
    return text or "chapter"


def book_stem(title: str) -> str:
    """The name of a book's own files without an ending: its slug, if that is no device of Windows."""
    stem = slug(title)
    return f"{stem}-book" if is_device_name(stem) else stem


def chapter_stem(number: int, title: str, count: int = 0) -> str:
    """`01-arrival`: unique by its number; digits enough that `count` chapters sort by name."""
    return f"{number:0{max(2, len(str(count)))}d}-{slug(title)}"


AI_NARRATED = "AI-narrated"
NO_NARRATOR = "AI voices"


@dataclass(frozen=True)
class Book:
    """A book.

    Attributes:
        narrator: who is named as the narrator; "" stands for "AI voices".
        language: a tag such as "en".
        description: the text of a shop's page.
        source: the script's file name.
        voices: in whose voices it is spoken and on what terms, in a sentence.
        identifier: of the book that is read, such as an ISBN.
    """

    title: str
    author: str = ""
    narrator: str = ""
    language: str = "en"
    publisher: str = ""
    date: str = ""
    copyright: str = ""
    description: str = ""
    source: str = ""
    voices: str = ""
    subtitle: str = ""
    series: str = ""
    translator: str = ""
    identifier: str = ""
    genre: str = ""

    @property
    def narrators(self) -> str:
        """The narrator, never empty."""
        return self.narrator or NO_NARRATOR

    def as_dict(self) -> dict[str, Any]:
        """The values that are set, as they stand in `timeline.json`."""
        return {key: value for key, value in asdict(self).items() if value}

    def tags(self, title: str, track: int | None = None, tracks: int | None = None) -> Tags:
        """The tags of one file of the book."""
        return Tags(
            title=title,
            album=self.title,
            artist=self.author,
            album_artist=self.author,
            composer=self.narrators,
            track=track,
            tracks=tracks,
            comment=f"{AI_NARRATED}. {self.voices}" if self.voices else AI_NARRATED,
            date=self.date,
            language=self.language,
            publisher=self.publisher,
            copyright=self.copyright,
            description=self.description,
            subtitle=self.subtitle,
            series=self.series,
        )


class Cue(NamedTuple):
    """A line of a unit, or a piece of one: its text and times, in seconds from the unit's beginning.

    Attributes:
        words: (word, start, end) of all of `text`, if its words are timed.
    """

    start: float
    end: float
    speaker: str
    text: str
    words: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Unit:
    """What has files of its own: a chapter, or a volume of several.

    Attributes:
        stem: of its files' names.
        files: the same sound in several formats.
        chapters: (seconds from the unit's beginning, chapter), in order, one right after the other.
    """

    stem: str
    title: str
    files: tuple[str, ...]
    chapters: tuple[tuple[float, ChapterTimeline], ...]

    @classmethod
    def of_chapter(cls, chapter: ChapterTimeline, chapters: int) -> Unit:
        """The unit of a chapter with files of its own, in a book of so many chapters."""
        stem = chapter_stem(chapter.number, chapter.title, chapters)
        return cls(stem, chapter.title, chapter.files, ((0.0, chapter),))

    @property
    def seconds(self) -> float:
        """Its length, from its chapters' durations."""
        return sum(chapter.duration for _, chapter in self.chapters)

    def lines(self) -> Iterator[Cue]:
        """Every line, in order."""
        for offset, chapter in self.chapters:
            for line in chapter.entries:
                words = tuple(
                    (line.text[each.first : each.last], offset + each.start, offset + each.end)
                    for each in line.words
                )
                yield Cue(offset + line.start, offset + line.end, line.speaker, line.text, words)
