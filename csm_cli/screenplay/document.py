"""What a script says, whatever it was written in: chapters of lines, pauses and scene breaks, and a cast.

Every node knows where it stands in its file, so that any later stage can point at it.
"""

from __future__ import annotations

from dataclasses import dataclass

NARRATOR = "narrator"


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a script; `str()` is `file:line:col`. Both count from 1, columns in characters."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class CastMember:
    """A character and the voice that speaks it.

    Args:
        name: the character, as written in the script.
        voice: name of a registered or shipped voice; "" stands for the default voice.
        speaker: the model's speaker tag if the script sets one, else None (the voice's own tag).
        source: where the script declares it; for an undeclared narrator, where it first speaks.
    """

    name: str
    voice: str
    speaker: int | None
    source: Source


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said by one character.

    Args:
        id: "c01-l003": chapter and place among the chapter's lines, from 1; pauses are not counted.
        speaker: a name in the cast.
        text: what is written, on one line, never empty.
        source: where the text begins.
        seed: fixes the chance of this line, or None (derived from the script's seed).
        new_paragraph: whether a paragraph begins here.
    """

    id: str
    speaker: str
    text: str
    source: Source
    seed: int | None
    new_paragraph: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence asked for by the script, in seconds (0 or more)."""

    seconds: float
    source: Source


@dataclass(frozen=True, slots=True)
class SceneBreak:
    """The scene changes; how long that lasts is the renderer's choice."""

    source: Source


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter, numbered from 1, with its items in the order of the script."""

    number: int
    title: str
    items: tuple[Line | Pause | SceneBreak, ...]
    source: Source

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is spoken in this chapter, in order."""
        return tuple(item for item in self.items if isinstance(item, Line))


@dataclass(frozen=True, slots=True)
class Screenplay:
    """A whole script.

    Args:
        path: the file it was read from, as the caller gave it.
        title: the book's title; the file's stem if the script has none.
        author: "" if the script names none.
        language: language tag such as "en" (the default).
        cast: every character that speaks or is declared, by name, in the order of declaration.
        chapters: at least one, each with at least one line.
    """

    path: str
    title: str
    author: str
    language: str
    cast: dict[str, CastMember]
    chapters: tuple[Chapter, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Everything that is spoken, in order."""
        return tuple(line for chapter in self.chapters for line in chapter.lines)
