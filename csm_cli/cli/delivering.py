"""Options for what is delivered, shared by the commands that make files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from csm_cli.delivery.options import Delivery

PANEL = "What is delivered"


class LevelPer(StrEnum):
    """What one static gain levels."""

    chapter = "chapter"
    book = "book"


FormatOption = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="wav, flac, mp3, opus, aac or m4b; may be repeated. Default: wav; mp3 with the "
        "loudness of a shop or a podcast.",
    ),
]
WholeOption = Annotated[
    bool, typer.Option("--whole", help="One file for the book with chapters in it, not a file for each.")
]
LoudnessOption = Annotated[
    str | None,
    typer.Option(
        "--loudness",
        metavar="LEVEL",
        help="podcast, ebu, acx-spec, none, or targets: lufs=-18,peak=-1 or rms=-20,peak=-3. "
        "Default: acx-spec.",
    ),
]
LevelPerOption = Annotated[
    LevelPer, typer.Option("--level-per", help="One static gain for each chapter, or for the book.")
]
PauseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pause",
        metavar="KIND=SECONDS",
        help="Pauses: line, speaker, paragraph, scene, chapter, head, tail. May be repeated.",
    ),
]
ToneOption = Annotated[
    str, typer.Option("--room-tone", metavar="DB", help="Level of the room tone, or none.")
]
ExtrasOption = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="EXTRA",
        help="srt, vtt, lrc, chapters, cue, labels, epub, description, or all. May be repeated.",
    ),
]
SplitOption = Annotated[
    float | None,
    typer.Option("--split-hours", metavar="H", help="Split a whole file between chapters, H hours at most."),
]
CoverOption = Annotated[
    Path | None,
    typer.Option("--cover", metavar="PICTURE", help="A JPEG or PNG."),
]
NarratorOption = Annotated[
    str,
    typer.Option("--narrator", metavar="NAME", help="Who is named as the narrator."),
]
SampleOption = Annotated[bool, typer.Option("--sample", help="Make a retail sample of one to five minutes.")]
CreditsOption = Annotated[
    bool, typer.Option("--credits", help="Speak opening and closing credits, as files of their own.")
]
TitlesOption = Annotated[bool, typer.Option("--titles", help="Speak the title at the head of each chapter.")]


PlayOption = Annotated[bool, typer.Option("--play", help="Play it while it is being spoken.")]


def delivery(
    formats: list[str] | None,
    whole: bool,
    loudness: str | None,
    level_per: LevelPer,
    pauses: list[str] | None,
    tone: str,
    extras: list[str] | None,
    split_hours: float | None,
    cover: Path | None,
    sample: bool,
    narrator: str,
    credits: bool,
    titles: bool,
) -> Delivery:
    """The options as one value, checked.

    Raises:
        UsageError, MissingError: something cannot be used, or ffmpeg or a codec is not there.
    """
    from csm_cli.audio.ffmpeg import check_measuring
    from csm_cli.audio.level import DEFAULT_LOUDNESS, parse_loudness
    from csm_cli.delivery.formats import check_formats
    from csm_cli.delivery.options import Delivery, check_extras, choose_formats, parse_pauses, parse_tone
    from csm_cli.delivery.tags import read_cover

    target = None if loudness is None else parse_loudness(loudness)
    wanted = Delivery(
        formats=choose_formats(formats, target),
        whole=whole,
        loudness=target or DEFAULT_LOUDNESS,
        level_per=level_per.value,
        pauses=parse_pauses(pauses or []),
        tone_db=parse_tone(tone),
        extras=check_extras(extras or []),
        split_hours=split_hours,
        cover=None if cover is None else read_cover(cover),
        sample=sample,
        narrator=narrator.strip(),
        credits=credits,
        titles=titles,
    )
    check_formats(wanted.needed_formats)
    check_measuring()  # whatever is delivered, a WAV too
    return wanted
