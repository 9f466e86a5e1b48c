"""What a script says, whatever it was written in: chapters of lines, pauses, scenes and sounds, and a cast.

Every node knows where it stands in its file, so that any later stage can point at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

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
class Settings:
    """How something is to be spoken; None where the script does not say.

    Args:
        temperature: of the sampler, 0 to 5.
        gain: dB on top of the level that lines have anyway.
        context: False: nothing said earlier is heard before the line, only its voice's reference.
        pause_before: seconds in place of the gap that would be there; of a chapter: before its first line.
        pause_after: the same behind it; of a chapter: behind its last line.
    """

    temperature: float | None = None
    gain: float | None = None
    context: bool | None = None
    pause_before: float | None = None
    pause_after: float | None = None

    def within(self, outer: Settings) -> Settings:
        """These settings, and those of `outer` that a chapter hands down to its lines: all but the pauses."""
        if outer is PLAIN or (outer.temperature is outer.gain is outer.context is None):
            return self
        return Settings(
            outer.temperature if self.temperature is None else self.temperature,
            outer.gain if self.gain is None else self.gain,
            outer.context if self.context is None else self.context,
            self.pause_before,
            self.pause_after,
        )

    def beyond(self, outer: Settings) -> Settings:
        """What has to be said inside `outer` so that `within` gives these settings."""
        handed = {"temperature", "gain", "context"}
        return Settings(
            **{
                field.name: None
                if field.name in handed and getattr(self, field.name) == getattr(outer, field.name)
                else getattr(self, field.name)
                for field in fields(self)
            }
        )


PLAIN = Settings()


@dataclass(frozen=True, slots=True)
class CastMember:
    """A character and the voice that speaks it.

    Args:
        name: the character, as written in the script.
        voice: name of a registered or shipped voice; "" stands for the default voice.
        speaker: the model's speaker tag if the script sets one, else None (the voice's own tag).
        source: where the script declares it; for an undeclared narrator, where it first speaks.
        styles: further references of the voice by the delivery note that chooses them: `(angry)`.
        aliases: other names that the script calls the character by.
    """

    name: str
    voice: str
    speaker: int | None
    source: Source
    styles: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    @property
    def voices(self) -> tuple[str, ...]:
        """Every voice this character may speak in, each once, the usual one first."""
        return tuple(dict.fromkeys((self.voice, *self.styles.values())))


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said by one character.

    Args:
        id: "c01-l003": chapter and place among the chapter's lines, from 1; nothing else is counted.
        speaker: a name in the cast.
        text: what is written, on one line, never empty.
        source: where the text begins.
        seed: fixes the chance of this line, or None (derived from the chapter's or script's seed).
        new_paragraph: whether a paragraph begins here.
        voice: the voice it is spoken in, styles and overrides applied; "" stands for the default voice.
        style: the delivery note that chose one of the voice's references, or "".
        notes: delivery notes for people, never spoken.
        settings: those of the line, with what its chapter and script hand down.
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


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence asked for by the script, in seconds (0 or more)."""

    seconds: float
    source: Source


@dataclass(frozen=True, slots=True)
class SceneBreak:
    """The scene changes; how long that lasts is the renderer's choice. `title` is for people, not spoken."""

    source: Source
    title: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file that is heard at this place.

    Args:
        file: as the script names it.
        path: where it lies; it was there when the script was read.
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
    """A sound file under all that follows, again and again, until the next bed, scene, `BedEnd` or chapter.

    Args:
        file: as the script names it.
        path: where it lies; it was there when the script was read.
        gain: dB on the file's own level while nobody speaks.
        duck: dB by which it is lower while somebody speaks, 0 or more.
        fade: seconds in which it comes and goes.
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
    """Another script goes here. Only in a screenplay that was read unexpanded, to be written again."""

    file: str
    source: Source


Item = Line | Pause | SceneBreak | Sound | Bed | BedEnd | Include


@dataclass(frozen=True, slots=True)
class Scene:
    """Part of a chapter between two scene breaks; "" if the scene has no title."""

    title: str
    items: tuple[Item, ...]
    source: Source

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is spoken in this scene, in order."""
        return tuple(item for item in self.items if isinstance(item, Line))


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter, numbered from 1, with its items in the order of the script.

    Args:
        settings: what the chapter itself sets.
        seed: takes the place of the script's seed here, or None.
        voices: characters that have another voice in this chapter.
        untitled: the title was made up, not written.
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
        """Whether the script has no chapters, so that this one bears the script's title and no number."""
        return self.untitled and self.title != f"Chapter {self.number}"

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is spoken in this chapter, in order."""
        return tuple(item for item in self.items if isinstance(item, Line))

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """The chapter cut at its scene breaks; those without a single item are left out."""
        found: list[Scene] = []
        title, source, items = "", self.source, list[Item]()
        for item in (*self.items, SceneBreak(self.source)):
            if not isinstance(item, SceneBreak):
                items.append(item)
                continue
            if items:
                found.append(Scene(title, tuple(items), source))
            title, source, items = item.title, item.source, []
        return tuple(found)


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
        metadata: further facts of the book, such as publisher and cover, as written; keys of `METADATA`.
        settings: what holds for every line.
        seed: of the whole script, or None.
        lexicon: lexicon files that the script names, relative to its folder.
        variables: texts that `{{name}}` stands for.
        untitled: the title is the file's stem.
        join_short: very short lines are spoken together with a neighbour of the same speaker.
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
    def lines(self) -> tuple[Line, ...]:
        """Everything that is spoken, in order."""
        return tuple(line for chapter in self.chapters for line in chapter.lines)

    @property
    def voices(self) -> dict[str, Source]:
        """Every voice that it names, with the first place that does; "" is the default voice."""
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
        """The voice of a character in a chapter and style: what a line has unless it names one itself."""
        return voice_of(self.cast[speaker], chapter.voices, style)


def voice_of(member: CastMember, override: dict[str, str], style: str = "") -> str:
    """The voice of a character: of the style, else the chapter's for it, else its own."""
    if style:
        return member.styles[style]
    return override.get(member.name, member.voice)


METADATA = (
    "subtitle",
    "series",
    "translator",
    "publisher",
    "date",
    "identifier",
    "copyright",
    "genre",
    "description",
    "cover",
)
"""What a script may say of its book beside title, author and language, in the order it is written in."""
