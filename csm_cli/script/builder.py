"""Builds a screenplay from the chapters, lines and cues that a parser of any format adds, and checks them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from csm_cli.script.cast import Cast
from csm_cli.script.document import (
    PLAIN,
    Bed,
    BedEnd,
    Chapter,
    Include,
    Item,
    Line,
    Pause,
    SceneBreak,
    Screenplay,
    Settings,
    Sound,
)
from csm_cli.script.header import Header
from csm_cli.script.problems import MAX_LINE_CHARACTERS, MAX_LINES, Source, shown
from csm_cli.script.settings import SoundCue, fill
from csm_cli.script.sources import SOUND_ENDINGS, ParseState


@dataclass
class _Chapter:
    """The chapter to which items are being added."""

    title: str
    source: Source
    settings: Settings = PLAIN
    seed: int | None = None
    voices: dict[str, str] = field(default_factory=dict)
    untitled: bool = False
    items: list[Item] = field(default_factory=list)
    lines: int = 0

    def close(self, number: int) -> Chapter:
        return Chapter(
            number,
            self.title,
            tuple(self.items),
            self.source,
            self.settings,
            self.seed,
            self.voices,
            self.untitled,
        )


class ScreenplayBuilder:
    """Chapters and items are added in the order of the script; `finish` returns the screenplay.

    Args:
        path: the script's file.
        header: title, cast and defaults.
        state: receives the problems; shared with included scripts.
    """

    def __init__(self, path: str, header: Header, state: ParseState):
        self.header = header
        self.cast = Cast(header, state.problems)
        self._path, self._state, self._problems = path, state, state.problems
        self._chapters: list[Chapter] = []
        self._open: _Chapter | None = None

    def begin_chapter(
        self,
        title: str,
        source: Source,
        settings: Settings = PLAIN,
        seed: int | None = None,
        voices: dict[str, str] | None = None,
        *,
        implied: bool = False,
    ) -> None:
        """Close the open chapter and open the next; an empty title becomes "Chapter 2".

        `implied`: the script declares no chapters.
        """
        self._close_chapter()
        self._open = _Chapter(
            title or f"Chapter {len(self._chapters) + 1}",
            source,
            settings,
            seed,
            {self.cast.resolve(name)[0]: voice for name, voice in (voices or {}).items()},
            implied or not title,
        )

    @property
    def in_chapter(self) -> bool:
        """Whether a chapter is open."""
        return self._open is not None

    @property
    def lines(self) -> int:
        """How many lines the open chapter has."""
        return self._open.lines if self._open else 0

    def retitle(self, title: str, *, before: bool = False) -> None:
        """Extend the title of the open chapter, which has no lines yet: "Part One: Chapter 1".

        `before`: `title` comes first.
        """
        assert self._open is not None
        if title and title != self._open.title:
            parts = (title, self._open.title) if before else (self._open.title, title)
            self._open.title = title if self._open.untitled else ": ".join(parts)
            self._open.untitled = False

    def fill(self, text: str, source: Source) -> str:
        """`text` with its variables replaced, or marked if the script is read unexpanded."""
        if "{{" not in text:
            return text
        return fill(text, self.header.variables, source, self._problems, self._state.expand)

    def add_line(
        self,
        speaker: str,
        text: str,
        *,
        named_at: Source,
        source: Source,
        seed: int | None = None,
        new_paragraph: bool = False,
        notes: tuple[str, ...] = (),
        settings: Settings = PLAIN,
        voice: str = "",
    ) -> None:
        """Add a line. White space in `text` is collapsed; `named_at` is the place of the speaker's name."""
        assert self._open is not None
        self._open.lines += 1
        self._count(source)
        text = " ".join(text.split())
        speaker, note = self.cast.resolve(speaker)
        notes = note + notes
        if not text:
            what = f'only a delivery note for "{shown(speaker)}"' if notes else ""
            self._problems.add(source, what or f'empty text for "{shown(speaker)}"')
        elif len(text) > MAX_LINE_CHARACTERS:
            self._problems.add(
                source, f"a line of {len(text)} characters; {MAX_LINE_CHARACTERS} are the most: divide it"
            )
        elif not any(map(str.isalnum, text)):
            self._problems.add(source, f'no word to speak in "{shown(text)}"; silence is written as a pause')
        member = self.cast.member(speaker, named_at)
        style = self.cast.style(member, notes, named_at) if member else ""
        if not voice and member:
            voice = member.voice_in(self._open.voices, style)
        if member and member.speed is not None:
            settings = settings.within(Settings(speed=member.speed))
        settings = settings.within(self._open.settings).within(self.header.settings)
        self._open.items.append(
            Line(self._line_id, speaker, text, source, seed, new_paragraph, voice, style, notes, settings)
        )

    def append(self, text: str) -> None:
        """Append punctuation without a word, such as a paragraph of three dots, to the last line."""
        for index in range(len(self._open.items) - 1 if self._open else -1, -1, -1):
            item = self._items[index]
            if isinstance(item, Line):
                self._items[index] = replace(item, text=" ".join(f"{item.text} {text}".split()))
                return

    def add_pause(self, seconds: float, source: Source) -> None:
        """Add silence."""
        self._items.append(Pause(seconds, source))

    def add_scene_break(self, source: Source, title: str = "") -> None:
        """Add a scene break; `title` is not spoken."""
        self._items.append(SceneBreak(source, " ".join(title.split())))

    def add_sound(self, cue: SoundCue, source: Source) -> None:
        """Add a sound or bed; `source` is the place of its file's name."""
        path = self._state.find(cue.file, source, "the bed" if cue.bed else "the sound", SOUND_ENDINGS)
        if path is None:
            return
        if cue.bed:
            self._items.append(Bed(cue.file, str(path), cue.gain, cue.duck, cue.fade, source))
        else:
            self._items.append(Sound(cue.file, str(path), cue.gain, cue.over, source))

    def end_bed(self, source: Source) -> None:
        """Fade out the bed."""
        self._items.append(BedEnd(source))

    def include(self, file: str, source: Source) -> None:
        """Include another script: its lines in the open chapter, or its chapters after it."""
        if not self._state.expand:
            if self._state.find_script(file, source) is not None:
                if self._open is None:
                    self._open = _Chapter("", source, untitled=True)
                self._open.items.append(Include(file, source))
                self._open.lines += 1
            return
        outer = self._state.cast, self._state.variables
        self._state.cast, self._state.variables = self.header.cast, self.header.variables
        play = self._state.include(file, source)
        self._state.cast, self._state.variables = outer
        if play is None:
            self.skip_line()
            return
        for member in play.cast.values():
            self.cast.adopt(member)
        if len(play.chapters) == 1 and play.chapters[0].untitled:
            (chapter,) = play.chapters
            if self._open is None:
                self._open = _Chapter(
                    play.title, chapter.source, chapter.settings, chapter.seed, untitled=True
                )
            self._adopt(chapter.items)
            return
        for chapter in play.chapters:
            self._close_chapter()
            self._open = _Chapter(
                chapter.title,
                chapter.source,
                chapter.settings,
                play.seed if chapter.seed is None else chapter.seed,
                chapter.voices,
                chapter.untitled,
            )
            self._adopt(chapter.items)

    def skip_line(self) -> None:
        """Count a line that has a problem, so that its chapter is not reported as empty."""
        if self._open is None:
            self._open = _Chapter(self.header.title, Source(self._path, 1, 1))
        self._open.lines += 1

    def finish(self) -> Screenplay:
        """The screenplay; incomplete if there are problems."""
        self._close_chapter()
        if not self._chapters and not self._problems:
            self._problems.add(Source(self._path, 1, 1), "nothing to speak: the script has no lines")
        header = self.header
        return Screenplay(
            self._path,
            header.title,
            header.author,
            header.language,
            self.cast.members,
            tuple(self._chapters),
            header.metadata,
            header.settings,
            header.seed,
            header.lexicon,
            header.variables,
            header.untitled,
            header.join_short,
        )

    @property
    def _items(self) -> list[Item]:
        assert self._open is not None
        return self._open.items

    @property
    def _line_id(self) -> str:
        """The id of the line that was counted last."""
        assert self._open is not None
        return f"c{len(self._chapters) + 1:02d}-l{self._open.lines:03d}"

    def _adopt(self, items: tuple[Item, ...]) -> None:
        """Add the items of an included script, with new ids and this script's settings."""
        assert self._open is not None
        for item in items:
            if isinstance(item, Line):
                self._open.lines += 1
                item = replace(
                    item,
                    id=self._line_id,
                    settings=item.settings.within(self._open.settings).within(self.header.settings),
                )
            self._open.items.append(item)

    def _close_chapter(self) -> None:
        if self._open is None:
            return
        if not self._open.lines:
            self._problems.add(self._open.source, f'chapter "{shown(self._open.title)}" has no lines')
        self._chapters.append(self._open.close(len(self._chapters) + 1))
        self._open = None

    def _count(self, source: Source) -> None:
        self._state.lines += 1
        if self._state.lines == MAX_LINES + 1:
            self._problems.add(source, f"more than {MAX_LINES} lines; divide the script")
            self._problems.check()
