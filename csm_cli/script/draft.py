"""A screenplay in the making: what every format hands over, checked and numbered in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from csm_cli.script.document import (
    NARRATOR,
    PLAIN,
    Bed,
    BedEnd,
    CastMember,
    Chapter,
    Include,
    Item,
    Line,
    Pause,
    SceneBreak,
    Screenplay,
    Settings,
    Sound,
    Source,
    voice_of,
)
from csm_cli.script.problems import MAX_LINE_CHARACTERS, MAX_LINES, did_you_mean, shown
from csm_cli.script.reading import SOUND_ENDINGS, Reading
from csm_cli.script.settings import fill

_NAME_NOTE = re.compile(r"([^()]*[^()\s])\s*\(([^()]*)\)")


@dataclass
class Header:
    """What a script says about itself before its chapters.

    `cast_known` is False if the cast could not be read, or is not declared in this format: then no speaker is
    called unknown.
    """

    title: str
    author: str = ""
    language: str = "en"
    cast: dict[str, CastMember] = field(default_factory=dict)
    cast_known: bool = True
    metadata: dict[str, str] = field(default_factory=dict)
    settings: Settings = PLAIN
    seed: int | None = None
    lexicon: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    untitled: bool = False
    join_short: bool = False


@dataclass
class _Open:
    """The chapter that is being read."""

    title: str
    source: Source
    settings: Settings = PLAIN
    seed: int | None = None
    voices: dict[str, str] = field(default_factory=dict)
    untitled: bool = False
    items: list[Item] = field(default_factory=list)
    spoken: int = 0

    def chapter(self, number: int) -> Chapter:
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


class Draft:
    """Takes chapters and items in the order of the script; `finish` gives the screenplay.

    Args:
        path: the script's file.
        header: title and cast.
        reading: where faults are noted, and what the script shares with those that it includes.
    """

    def __init__(self, path: str, header: Header, reading: Reading):
        self.header = header
        self._path, self._reading, self._problems = path, reading, reading.problems
        self._cast = dict(header.cast)
        self._known = {
            alias: member.name for member in header.cast.values() for alias in (*member.aliases, member.name)
        }
        self._known |= {name: name for name in header.cast}
        self._suggestions: dict[str, str] = {}
        self._chapters: list[Chapter] = []
        self._open: _Open | None = None

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
        """Close the chapter before and open the next; an empty title becomes "Chapter 2".

        `implied`: the script does not divide itself into chapters.
        """
        self._close_chapter()
        self._open = _Open(
            title or f"Chapter {len(self._chapters) + 1}",
            source,
            settings,
            seed,
            {self.resolve(name)[0]: voice for name, voice in (voices or {}).items()},
            implied or not title,
        )

    @property
    def in_chapter(self) -> bool:
        """Whether a chapter is open."""
        return self._open is not None

    @property
    def spoken(self) -> int:
        """Lines in the chapter that is open."""
        return self._open.spoken if self._open else 0

    def retitle(self, title: str, source: Source) -> None:
        """Call a chapter in which nothing has been said yet by its own title and the one that follows."""
        assert self._open is not None
        if title and title != self._open.title:
            self._open.title = title if self._open.untitled else f"{self._open.title}: {title}"
            self._open.untitled = False

    def fill(self, text: str, source: Source) -> str:
        """`text` with its variables filled in (or kept, if the script is to be written again)."""
        if "{{" not in text:
            return text
        return fill(text, self.header.variables, source, self._problems, self._reading.expand)

    def resolve(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The character that `name` means, and the note in "Anna (angry)"."""
        name = " ".join(name.split())
        if name in self._known:
            return self._known[name], ()
        if name.endswith(")") and (match := _NAME_NOTE.fullmatch(name)):
            base = match[1]
            if base in self._known or base == NARRATOR or not self.header.cast_known:
                return self._known.get(base, base), (match[2].strip(),) if match[2].strip() else ()
        return name, ()

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
        """Add a line. White space in `text` is collapsed; `named_at` is where the speaker's name stands."""
        assert self._open is not None
        self._open.spoken += 1
        self._count(source)
        text = " ".join(text.split())
        speaker, note = self.resolve(speaker)
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
        if speaker not in self._cast:
            self._admit(speaker, named_at)
        member = self._cast.get(speaker)
        style = self._style(member, notes, named_at) if member else ""
        if not voice and member:
            voice = voice_of(member, self._open.voices, style)
        identity = f"c{len(self._chapters) + 1:02d}-l{self._open.spoken:03d}"
        settings = settings.within(self._open.settings).within(self.header.settings)
        self._open.items.append(
            Line(identity, speaker, text, source, seed, new_paragraph, voice, style, notes, settings)
        )

    def append(self, text: str) -> None:
        """Put marks without a word, such as a paragraph of three dots, behind what was said last."""
        for index in range(len(self._open.items) - 1 if self._open else -1, -1, -1):
            item = self._items[index]
            if isinstance(item, Line):
                self._items[index] = replace(item, text=f"{item.text} {text}")
                return

    def add_pause(self, seconds: float, source: Source) -> None:
        """Add silence of so many seconds."""
        self._items.append(Pause(seconds, source))

    def add_scene_break(self, source: Source, title: str = "") -> None:
        """Add a scene break; `title` is not spoken."""
        self._items.append(SceneBreak(source, " ".join(title.split())))

    def add_sound(self, file: str, source: Source, gain: float = 0.0, over: bool = False) -> None:
        """Add a sound file that is heard here."""
        path = self._reading.find(file, source, "the sound", SOUND_ENDINGS)
        if path is not None:
            self._items.append(Sound(file, str(path), gain, over, source))

    def add_bed(self, file: str, source: Source, gain: float, duck: float, fade: float) -> None:
        """Add a sound file under what follows."""
        path = self._reading.find(file, source, "the bed", SOUND_ENDINGS)
        if path is not None:
            self._items.append(Bed(file, str(path), gain, duck, fade, source))

    def end_bed(self, source: Source) -> None:
        """End the bed."""
        self._items.append(BedEnd(source))

    def include(self, file: str, source: Source, endings: tuple[str, ...]) -> None:
        """Put another script here: its lines into this chapter, or its chapters behind this one."""
        if not self._reading.expand:
            if self._reading.find(file, source, "the included script", endings) is not None:
                if self._open is None:
                    self._open = _Open("", source, untitled=True)
                self._open.items.append(Include(file, source))
                self._open.spoken += 1
            return
        outer = self._reading.cast, self._reading.variables
        self._reading.cast, self._reading.variables = self.header.cast, self.header.variables
        play = self._reading.include(file, source, endings)
        self._reading.cast, self._reading.variables = outer
        if play is None:
            self.skip_line()
            return
        for member in play.cast.values():
            self._cast.setdefault(member.name, member)
        if len(play.chapters) == 1 and play.chapters[0].untitled:
            (chapter,) = play.chapters
            if self._open is None:
                self._open = _Open(play.title, chapter.source, chapter.settings, chapter.seed, untitled=True)
            self._take(chapter.items)
            return
        for chapter in play.chapters:
            self._close_chapter()
            self._open = _Open(
                chapter.title,
                chapter.source,
                chapter.settings,
                play.seed if chapter.seed is None else chapter.seed,
                chapter.voices,
                chapter.untitled,
            )
            self._take(chapter.items)

    def skip_line(self) -> None:
        """Count a line whose fault is already noted, so that its chapter is not called empty."""
        if self._open is None:
            self._open = _Open(self.header.title, Source(self._path, 1, 1))
        self._open.spoken += 1

    def finish(self) -> Screenplay:
        """The screenplay, as far as it could be read: a caller has to look for problems."""
        self._close_chapter()
        if not self._chapters and not self._problems:
            self._problems.add(Source(self._path, 1, 1), "nothing to speak: the script has no lines")
        header = self.header
        return Screenplay(
            self._path,
            header.title,
            header.author,
            header.language,
            self._cast,
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

    def _take(self, items: tuple[Item, ...]) -> None:
        """Items of an included script, with the numbers and settings of this one."""
        assert self._open is not None
        for item in items:
            if isinstance(item, Line):
                self._open.spoken += 1
                item = replace(
                    item,
                    id=f"c{len(self._chapters) + 1:02d}-l{self._open.spoken:03d}",
                    settings=item.settings.within(self._open.settings).within(self.header.settings),
                )
            self._open.items.append(item)

    def _close_chapter(self) -> None:
        if self._open is None:
            return
        if not self._open.spoken:
            self._problems.add(self._open.source, f'chapter "{shown(self._open.title)}" has no lines')
        self._chapters.append(self._open.chapter(len(self._chapters) + 1))
        self._open = None

    def _count(self, source: Source) -> None:
        self._reading.lines += 1
        if self._reading.lines == MAX_LINES + 1:
            self._problems.add(source, f"more than {MAX_LINES} lines; divide the script")
            self._problems.check()

    def _style(self, member: CastMember, notes: tuple[str, ...], source: Source) -> str:
        """The first of the notes that names a reference of the voice."""
        if not member.styles or not notes:
            return ""
        styles = {style.casefold(): style for style in member.styles}
        words = [word.strip().casefold() for note in notes for word in (note, *note.split(","))]
        for word in words:
            if word in styles:
                return styles[word]
        if near := did_you_mean(words[0], member.styles):
            what = f'"{shown(notes[0])}" is no style of {shown(member.name)}'
            self._problems.add(source, what + near, "warning")
        return ""

    def _admit(self, speaker: str, source: Source) -> None:
        """Let the undeclared narrator in; anybody else is a problem."""
        if speaker == NARRATOR or not self.header.cast_known:
            for name, member in self.header.cast.items():
                if name.casefold() == speaker:  # in whose voice the narration would then not be
                    what = (
                        f'"{shown(name)}" is not the narrator, whose lines name nobody; write it "{speaker}"'
                    )
                    self._problems.add(member.source, what)
            self._cast[speaker] = CastMember(speaker, "", None, source)
            self._known[speaker] = speaker
        else:
            if speaker not in self._suggestions:
                near = did_you_mean(speaker, [*self._known, NARRATOR])
                self._suggestions[speaker] = near or "; declare it under voices"
            self._problems.add(source, f'unknown speaker "{shown(speaker)}"{self._suggestions[speaker]}')
