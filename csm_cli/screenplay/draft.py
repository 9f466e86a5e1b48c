"""A screenplay in the making: what both formats hand over, checked and numbered in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from csm_cli.screenplay.document import (
    NARRATOR,
    CastMember,
    Chapter,
    Line,
    Pause,
    SceneBreak,
    Screenplay,
    Source,
)
from csm_cli.screenplay.source_text import Problems, did_you_mean, shown

MAX_PAUSE_SECONDS = 600.0


@dataclass
class Header:
    """What a script says about itself before its chapters.

    `cast_known` is False if the cast could not be read: then no speaker is called unknown.
    """

    title: str
    author: str = ""
    language: str = "en"
    cast: dict[str, CastMember] = field(default_factory=dict)
    cast_known: bool = True


class Draft:
    """Takes chapters and items in the order of the script; `finish` gives the screenplay.

    Args:
        path: the script's file.
        header: title and cast.
        problems: where faults are noted.
    """

    def __init__(self, path: str, header: Header, problems: Problems):
        self._path, self._header, self._problems = path, header, problems
        self._cast = dict(header.cast)
        self._suggestions: dict[str, str] = {}
        self._chapters: list[Chapter] = []
        self._items: list[Line | Pause | SceneBreak] = []
        self._open: tuple[str, Source] | None = None
        self._spoken = 0

    def begin_chapter(self, title: str, source: Source) -> None:
        """Close the chapter before and open the next; an empty title becomes "Chapter 2"."""
        self._close_chapter()
        self._open = (title or f"Chapter {len(self._chapters) + 1}", source)

    @property
    def in_chapter(self) -> bool:
        """Whether a chapter is open."""
        return self._open is not None

    def add_line(
        self,
        speaker: str,
        text: str,
        *,
        named_at: Source,
        source: Source,
        seed: int | None = None,
        new_paragraph: bool = False,
    ) -> None:
        """Add a line. White space in `text` is collapsed; `named_at` is where the speaker's name stands."""
        self._spoken += 1
        text = " ".join(text.split())
        if not text:
            self._problems.add(source, f'empty text for "{shown(speaker)}"')
        elif not any(map(str.isalnum, text)):
            self._problems.add(source, f'no word to speak in "{shown(text)}"; silence is written as a pause')
        if speaker not in self._cast:
            self._admit(speaker, named_at)
        chapter = len(self._chapters) + 1
        self._items.append(
            Line(f"c{chapter:02d}-l{self._spoken:03d}", speaker, text, source, seed, new_paragraph)
        )

    def add_pause(self, seconds: float, source: Source) -> None:
        """Add silence of so many seconds."""
        self._items.append(Pause(seconds, source))

    def add_scene_break(self, source: Source) -> None:
        """Add a scene break."""
        self._items.append(SceneBreak(source))

    def skip_line(self) -> None:
        """Count a line whose fault is already noted, so that its chapter is not called empty."""
        self._spoken += 1

    def finish(self) -> Screenplay:
        """The screenplay.

        Raises:
            ScriptError: with every problem noted on the way.
        """
        self._close_chapter()
        if not self._chapters and not self._problems:
            self._problems.add(Source(self._path, 1, 1), "nothing to speak: the script has no lines")
        self._problems.check()
        header = self._header
        return Screenplay(
            self._path, header.title, header.author, header.language, self._cast, tuple(self._chapters)
        )

    def _close_chapter(self) -> None:
        if self._open is None:
            return
        title, source = self._open
        if not self._spoken:
            self._problems.add(source, f'chapter "{shown(title)}" has no lines')
        self._chapters.append(Chapter(len(self._chapters) + 1, title, tuple(self._items), source))
        self._items, self._open, self._spoken = [], None, 0

    def _admit(self, speaker: str, source: Source) -> None:
        """Let the undeclared narrator in; anybody else is a problem."""
        if speaker == NARRATOR:
            self._cast[NARRATOR] = CastMember(NARRATOR, "", None, source)
        elif self._header.cast_known:
            if speaker not in self._suggestions:
                near = did_you_mean(speaker, [*self._header.cast, NARRATOR])
                self._suggestions[speaker] = near or "; declare it under voices"
            self._problems.add(source, f'unknown speaker "{shown(speaker)}"{self._suggestions[speaker]}')


def read_seconds(text: str, source: Source, problems: Problems) -> float | None:
    """The length of a pause, 0 to 600 s; None, with a problem noted, if `text` is not one."""
    try:
        # float() alone would also take "nan", "inf" and "1_0".
        seconds = float(text) if set(text) <= set("0123456789.+-eE") else None
    except ValueError:
        seconds = None
    if seconds is None:
        problems.add(source, f'a pause is a number of seconds, such as 1.5, not "{shown(text)}"')
    elif seconds < 0:
        problems.add(source, f"a pause cannot be negative: {shown(text)}")
    elif seconds > MAX_PAUSE_SECONDS:
        problems.add(source, f"a pause is at most {MAX_PAUSE_SECONDS:g} seconds: {shown(text)}")
    else:
        return seconds
    return None
