"""How a chapter is laid out: pauses, what is done to its sound, and where everything in it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from csm_cli.audio.loudness import DEFAULT_LOUDNESS, Loudness
from csm_cli.audio.timeline import Bed, Gap, PauseEntry, SoundEntry, TimelineEntry
from csm_cli.core.errors import UsageError


@dataclass(frozen=True)
class Pauses:
    """Seconds of room tone by kind of boundary, counted from the end of speech to the start of speech."""

    line: float = 0.35  # the same speaker goes on
    speaker: float = 0.5
    paragraph: float = 0.9
    scene: float = 2.0
    chapter: float = 1.5  # after a chapter's title
    head: float = 0.75  # shops want 0.5 to 1 s at the head and 1 to 5 s at the tail
    tail: float = 1.5

    def __post_init__(self) -> None:
        for field in fields(self):
            seconds = getattr(self, field.name)
            if not 0 <= seconds <= 60:
                raise UsageError(
                    f"a pause of {seconds} seconds", where=f"pause {field.name!r}", remedy="give 0 to 60"
                )

    def seconds(self, gap: Gap) -> float:
        """The length of a gap: its own, else that of its kind."""
        return gap.seconds if gap.seconds is not None else float(getattr(self, gap.kind))

    def changed(self, values: Mapping[str, float]) -> Pauses:
        """These pauses with some of them set anew, by kind.

        Raises:
            UsageError: there is no such kind, or a length is out of range.
        """
        kinds = [field.name for field in fields(self)]
        for kind in values:
            if kind not in kinds:
                raise UsageError(
                    f"there is no pause of kind {kind!r}", remedy=f"choose from {', '.join(kinds)}"
                )
        return replace(self, **values)


@dataclass(frozen=True)
class Mastering:
    """What is done to the sound of a chapter. None switches a step off.

    Attributes:
        trim: cut the model's silence at head and tail of each line; the pauses take its place.
        loudness: what one static gain and a limiter bring the chapter to.
        fade_seconds: at either edge of a line.
        tone_db: RMS of the room tone.
        tone_seed: of its noise.
    """

    trim: bool = True
    loudness: Loudness = DEFAULT_LOUDNESS
    fade_seconds: float = 0.015
    tone_db: float | None = -66.0
    tone_seed: int = 0


@dataclass(frozen=True)
class PlacedBed:
    """A bed and where it lies, in samples of the chapter."""

    bed: Bed
    start: int
    end: int


@dataclass(frozen=True)
class Layout:
    """Where everything in a chapter is heard.

    Attributes:
        samples: of the chapter.
        beds: still to be laid under it; they need to know where the speech is.
    """

    samples: int
    lines: tuple[TimelineEntry, ...]
    pauses: tuple[PauseEntry, ...]
    sounds: tuple[SoundEntry, ...]
    beds: tuple[PlacedBed, ...]
