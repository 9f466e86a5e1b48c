"""What is to be delivered, as one value, checked before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from csm_cli.audio.level import DEFAULT_LOUDNESS, Loudness
from csm_cli.audio.mastering import Mastering, Pauses
from csm_cli.core import FASTEST, SLOWEST
from csm_cli.core.errors import UsageError
from csm_cli.core.files import real
from csm_cli.core.stored import shaped
from csm_cli.delivery.formats import FORMATS, check_formats
from csm_cli.delivery.tags import Cover, read_cover

EXTRAS = ("srt", "vtt", "lrc", "chapters", "cue", "labels", "epub", "description")
LONGEST_HOURS = 100.0
LOUDEST_DB = 200.0


@dataclass(frozen=True)
class Delivery:
    """What is to be delivered.

    Attributes:
        formats: by name (`delivery.formats`).
        whole: one file for the book in each format, not one for each chapter. M4B always is.
        loudness: the target.
        level_per: what one static gain levels: each chapter, or the book.
        pauses: by kind of boundary.
        speed: of all speech, 0.5 to 2, times the speeds of the script; the pitch is kept.
        room_tone_db: dBFS RMS of the room tone; None: digital silence.
        extras: of `EXTRAS`: files beside the audio.
        split_hours: longest part of a whole file, between chapters; None: one file.
        cover: for every container that takes one.
        sample: a retail sample of one to five minutes.
        narrator: who is named as the narrator; "": AI voices.
        credits: opening and closing credits are spoken, as files of their own.
        titles: each chapter's title is spoken at its head.
        words: find when each word is spoken, for subtitles, the EPUB and `timeline.json`.
        names: subtitles and labels name the speakers.
    """

    formats: tuple[str, ...] = ("wav",)
    whole: bool = False
    loudness: Loudness = DEFAULT_LOUDNESS
    level_per: Literal["chapter", "book"] = "chapter"
    pauses: Pauses = field(default_factory=Pauses)
    speed: float = 1.0
    room_tone_db: float | None = -66.0
    extras: tuple[str, ...] = ()
    split_hours: float | None = None
    cover: Cover | None = None
    sample: bool = False
    narrator: str = ""
    credits: bool = False
    titles: bool = False
    words: bool = False
    names: bool = True

    def __post_init__(self) -> None:
        if not SLOWEST <= self.speed <= FASTEST:
            raise UsageError(
                f"a speed of {self.speed:g}", where="--speed", remedy=f"give {SLOWEST:g} to {FASTEST:g}"
            )
        if self.split_hours is not None and not 0 < self.split_hours <= LONGEST_HOURS:
            raise UsageError(
                f"{self.split_hours:g} hours",
                where="--split-hours",
                remedy=f"give up to {LONGEST_HOURS:g}",
            )
        if self.split_hours is not None and not self.book_formats:
            raise UsageError(
                "nothing to split", where="--split-hours", remedy="it needs --format m4b, or --whole"
            )
        if self.room_tone_db is not None and not -100 <= self.room_tone_db <= -40:
            raise UsageError(
                f"room tone of {self.room_tone_db:g} dB",
                where="--room-tone",
                remedy="give -100 to -40, or none",
            )

    @property
    def chapter_formats(self) -> tuple[str, ...]:
        """Formats with a file for each chapter."""
        return () if self.whole else tuple(name for name in self.formats if not FORMATS[name].whole)

    @property
    def book_formats(self) -> tuple[str, ...]:
        """Formats with a file for the book."""
        return tuple(name for name in self.formats if self.whole or FORMATS[name].whole)

    @property
    def sample_formats(self) -> tuple[str, ...]:
        """Formats of the retail sample: the chapters', else MP3."""
        return self.chapter_formats or ("mp3",)

    @property
    def needed_formats(self) -> tuple[str, ...]:
        """Everything that will be encoded; to be checked before anything is rendered."""
        needed = [*self.formats, *(self.sample_formats if self.sample else ())]
        if "epub" in self.extras and not {"mp3", "aac"} & set(self.chapter_formats):
            needed.append("aac")
        return tuple(dict.fromkeys(needed))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it; of the cover, where it lies."""
        values = asdict(replace(self, cover=None))
        return values | {"cover": None if self.cover is None else str(real(self.cover.path))}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Delivery:
        """What `as_dict` gave, maybe in another version: what is not known now is left out.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
            MissingError, UsageError: the cover is not there any more; a value cannot be used any more.
        """
        needed = {name: values[name] for name in ("loudness", "pauses", "formats", "extras")}
        found = shaped(cls, {**values, **needed, "cover": None})
        if unknown := {*found.formats} - {*FORMATS} | {*found.extras} - {*EXTRAS}:
            raise ValueError(f"{unknown} is not known")
        level = found.loudness
        if any(abs(each or 0.0) > LOUDEST_DB for each in (level.rms_db, level.lufs, level.peak_db)):
            raise ValueError(f"{level} is no loudness")
        cover = values.get("cover") or None
        if not isinstance(cover, str | None):
            raise ValueError("cover: is no path")
        return found if cover is None else replace(found, cover=read_cover(cover))

    @property
    def mastering(self) -> Mastering:
        """The part of it that concerns the mixing."""
        return Mastering(loudness=self.loudness, room_tone_db=self.room_tone_db)


def choose_formats(formats: Iterable[str] | None, loudness: Loudness | None) -> tuple[str, ...]:
    """The given formats; without any, MP3 where the loudness is that of a podcast, else WAV.

    The default loudness, that of a shop, changes nothing when it is named.

    Raises:
        UsageError, MissingError: as `check_formats`.
    """
    podcast = loudness is not None and loudness.name == "podcast"
    return check_formats(formats or (["mp3"] if podcast else ["wav"]))


def check_extras(extras: Iterable[str]) -> tuple[str, ...]:
    """The extras, each once; "all" stands for every one of them.

    Raises:
        UsageError: one that does not exist.
    """
    wanted: list[str] = []
    for name in (item.strip().lower() for text in extras for item in text.split(",")):
        if name not in (*EXTRAS, "all"):
            raise UsageError(
                f"unknown extra {name!r}", where="--with", remedy=f"choose from {', '.join(EXTRAS)}, all"
            )
        wanted += EXTRAS if name == "all" else [name]
    return tuple(dict.fromkeys(wanted))


def parse_pauses(items: Iterable[str], pauses: Pauses | None = None) -> Pauses:
    """Read "scene=2.5" and the like.

    Raises:
        UsageError: not a kind, not a number, or out of range.
    """
    values: dict[str, float] = {}
    for item in (part for text in items for part in text.split(",")):
        kind, _, seconds = (part.strip() for part in item.partition("="))
        try:
            values[kind] = float(seconds)
        except ValueError:
            raise UsageError(
                f"{item.strip()!r} is no pause", where="--pause", remedy='write "scene=2.5"'
            ) from None
    try:
        return (pauses or Pauses()).changed(values)
    except UsageError as error:
        raise UsageError(error.what, where="--pause", remedy=error.remedy) from None


def parse_tone(text: str) -> float | None:
    """Read a level in dB, or "none".

    Raises:
        UsageError: it is neither.
    """
    if text.strip().lower() in ("none", "off"):
        return None
    try:
        return float(text.lower().removesuffix("db"))
    except ValueError:
        raise UsageError(f"{text!r} is no level", where="--room-tone", remedy="write -66, or none") from None
