"""The content of a script of any format: chapters of lines, pauses, scene breaks and sounds, and a cast.

Every node has its place in its file, so that any later stage can report it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from csm_cli.script.problems import Source

NARRATOR = "narrator"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a line, chapter or script is rendered; None: not set.

    Args:
        temperature: of the sampler, 0 to 5.
        gain: dB relative to the usual level of lines.
        speed: of what is spoken, 0.5 to 2, at the same pitch; 1: as it was spoken.
        context: False: the model's context for the line is its voice's reference alone, no earlier lines.
        pause_before: seconds, instead of the usual gap; of a chapter: before its first line.
        pause_after: seconds, instead of the usual gap; of a chapter: after its last line.
    """

    temperature: float | None = None
    gain: float | None = None
    speed: float | None = None
    context: bool | None = None
    pause_before: float | None = None
    pause_after: float | None = None

    def within(self, outer: Settings) -> Settings:
        """These settings, completed by those of `outer`; pauses are not inherited."""
        if outer is PLAIN:
            return self
        missing = {name: getattr(outer, name) for name in INHERITED if getattr(self, name) is None}
        return replace(self, **missing)

    def beyond(self, outer: Settings) -> Settings:
        """The inverse of `within`: these settings without those that are inherited from `outer`."""
        same = [name for name in INHERITED if getattr(self, name) == getattr(outer, name)]
        return replace(self, **dict.fromkeys(same))


INHERITED = ("temperature", "gain", "speed", "context")
PLAIN = Settings()


@dataclass(frozen=True, slots=True)
class CastMember:
    """A character and its voice.

    Args:
        name: the character, as written in the script.
        voice: name of a registered or shipped voice; "": the default voice.
        speaker: the model's speaker tag if the script sets one, else None (the voice's own tag).
        source: of the declaration; of an undeclared narrator's first line.
        styles: further voices by the delivery note that selects them: `(angry)`.
        aliases: other names of the character in the script.
        speed: of its lines, in place of the chapter's or the script's, or None.
    """

    name: str
    voice: str
    speaker: int | None
    source: Source
    styles: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    speed: float | None = None

    @property
    def voices(self) -> tuple[str, ...]:
        """Every voice this character may speak in, each once, the usual one first."""
        return tuple(dict.fromkeys((self.voice, *self.styles.values())))

    def voice_in(self, overrides: dict[str, str], style: str = "") -> str:
        """The voice of a style, else the chapter's override, else the character's own."""
        return self.styles[style] if style else overrides.get(self.name, self.voice)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one speaker.

    Args:
        id: "c01-l003": number of the chapter, and of the line among the chapter's lines, both from 1.
        speaker: a name in the cast.
        text: as written, white space collapsed, never empty.
        source: of the text's first character.
        seed: of this line's sampling, or None (derived from the chapter's or script's seed).
        new_paragraph: whether a paragraph begins here.
        voice: the voice, styles and overrides applied; "": the default voice.
        style: the delivery note that selected one of the character's styles, or "".
        notes: delivery notes, never spoken.
        settings: of the line, inherited ones included.
    """

    id: str
    speaker: str
    text: str
    source: Source
    seed: int | None
    new_paragraph: bool
    voice: str = ""
    style: str = ""
    notes: tuple[str, ...] = ()
    settings: Settings = PLAIN

    @property
    def speed(self) -> float:
        """Of what is spoken; 1 where nothing sets it."""
        return 1.0 if self.settings.speed is None else self.settings.speed


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence, in seconds (0 or more)."""

    seconds: float
    source: Source


@dataclass(frozen=True, slots=True)
class SceneBreak:
    """A new scene begins; the renderer decides on the gap. `title` is not spoken."""

    source: Source
    title: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file that is played here.

    Args:
        file: as the script names it.
        path: of the file, which existed when the script was read.
        gain: dB on the file's own level.
        over: True: the next line begins with it; False: the next line waits for its end.
    """

    file: str
    path: str
    gain: float
    over: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Bed:
    """A sound file looped under all that follows, until the next bed, scene break, `BedEnd` or chapter.

    Args:
        file: as the script names it.
        path: of the file, which existed when the script was read.
        gain: dB on the file's own level, without speech.
        duck: dB of attenuation while somebody speaks, 0 or more.
        fade: seconds of fade in and fade out.
    """

    file: str
    path: str
    gain: float
    duck: float
    fade: float
    source: Source


@dataclass(frozen=True, slots=True)
class BedEnd:
    """The bed fades out here."""

    source: Source


@dataclass(frozen=True, slots=True)
class Include:
    """Another script is included here. Only in a screenplay read with `expand=False`."""

    file: str
    source: Source


Item = Line | Pause | SceneBreak | Sound | Bed | BedEnd | Include


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter, numbered from 1, with its items in the order of the script.

    Args:
        settings: what the chapter itself sets.
        seed: overrides the script's seed, or None.
        voices: voices that differ from the cast's in this chapter, by character.
        untitled: the title was generated.
    """

    number: int
    title: str
    items: tuple[Item, ...]
    source: Source
    settings: Settings = PLAIN
    seed: int | None = None
    voices: dict[str, str] = field(default_factory=dict)
    untitled: bool = False

    @property
    def implied(self) -> bool:
        """Whether the script declares no chapters; this one then has the script's title."""
        return self.untitled and self.title != f"Chapter {self.number}"

    @property
    def lines(self) -> tuple[Line, ...]:
        """The chapter's lines, in order."""
        return tuple(item for item in self.items if isinstance(item, Line))

    def with_lines(self, change: Callable[[Line], Line]) -> Chapter:
        """The chapter with what `change` makes of each line."""
        return replace(self, items=tuple(change(it) if isinstance(it, Line) else it for it in self.items))


@dataclass(frozen=True, slots=True)
class Screenplay:
    """A parsed script.

    Args:
        path: the file it was read from, as the caller gave it.
        title: the book's title; the file's stem if the script has none.
        author: "" if the script names none.
        language: language tag such as "en" (the default).
        cast: every character that speaks or is declared, by name, in the order of declaration.
        chapters: at least one, each with at least one line.
        metadata: of the book, such as publisher and cover, as written; keys of `METADATA`.
        settings: defaults of every line.
        seed: of the whole script, or None.
        lexicon: lexicon files that the script names, relative to its folder.
        variables: texts that replace `{{name}}`.
        untitled: the title is the file's stem.
        join_short: very short lines are rendered together with a neighbour of the same speaker.
    """

    path: str
    title: str
    author: str
    language: str
    cast: dict[str, CastMember]
    chapters: tuple[Chapter, ...]
    metadata: dict[str, str] = field(default_factory=dict)
    settings: Settings = PLAIN
    seed: int | None = None
    lexicon: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    untitled: bool = False
    join_short: bool = False

    @property
    def file_name(self) -> str:
        """Name of its file, which is its own among the scripts of a project."""
        return Path(self.path).name

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of every chapter, in order."""
        return tuple(line for chapter in self.chapters for line in chapter.lines)

    @property
    def voices(self) -> dict[str, Source]:
        """Every voice that the script names, with its first place; "" is the default voice."""
        found: dict[str, Source] = {}
        for member in self.cast.values():
            for voice in member.voices:
                found.setdefault(voice, member.source)
        for chapter in self.chapters:
            for voice in chapter.voices.values():
                found.setdefault(voice, chapter.source)
            for line in chapter.lines:
                found.setdefault(line.voice, line.source)
        return found

    def cast_voice(self, chapter: Chapter, speaker: str, style: str = "") -> str:
        """The voice of a line that names none itself."""
        return self.cast[speaker].voice_in(chapter.voices, style)

    def inherited(self, chapter: Chapter, speaker: str) -> Settings:
        """The settings of a line that sets none itself: its character's, its chapter's, then the script's."""
        own = Settings(speed=self.cast[speaker].speed)
        return own.within(chapter.settings).within(self.settings)


METADATA = (
    *("subtitle", "series", "translator", "publisher", "date", "identifier", "copyright", "genre"),
    *("description", "cover"),
)
"""Header keys about the book beside title, author and language, in the order in which they are written."""
