"""`csm say`: a text becomes an audio file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.loading import load_model
from csm_cli.cli.options import (
    Fields,
    LoudnessOption,
    NoResidentOption,
    PlayOption,
    SpeakFields,
    SpeedOption,
    expanded,
    typed_name,
)
from csm_cli.cli.playback import check_playback, playing
from csm_cli.cli.summary import print_summary
from csm_cli.core.errors import UsageError
from csm_cli.core.visible import check_text
from csm_cli.rendering.options import RenderOptions

DEFAULT_OUTPUT = Path("say.wav")


@expanded
def say(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from standard input.")],
    voice: Annotated[
        str | None,
        typer.Option(
            "-v",
            "--voice",
            metavar="NAME",
            help="See 'csm voices list'.",
            callback=typed_name,
            autocompletion=completion.voices,
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A .wav, .flac, .mp3, .opus, .m4a or .ogg file; - streams a WAV.",
        ),
    ] = DEFAULT_OUTPUT,
    show_spoken: Annotated[
        bool, typer.Option("--show-spoken", help="Print what would be read, and speak nothing.")
    ] = False,
    loudness: LoudnessOption = None,
    speed: SpeedOption = 1.0,
    play: PlayOption = False,
    no_resident: NoResidentOption = False,
    reference: Annotated[dict[str, Any], Fields(RenderOptions, "reference")],
    speaking: SpeakFields,
) -> None:
    """Say a text and write it to a file."""
    options = RenderOptions(**reference, **speaking)
    say_text(
        text,
        voice,
        output,
        options,
        loudness=loudness,
        speed=speed,
        play=play,
        show_spoken=show_spoken,
        resident=not no_resident,
    )


def say_text(
    text: str,
    voice: str | None,
    output: Path,
    options: RenderOptions,
    *,
    loudness: str | None = None,
    speed: float = 1.0,
    play: bool = False,
    show_spoken: bool = False,
    resident: bool = True,
) -> None:
    """Say a text; arguments as for `csm say`. Ends with exit code 5 if it needs review."""
    to_stdout = str(output) == "-"
    check_playback(to_stdout, play)
    text = _decoded(sys.stdin.buffer.read(), "-") if text == "-" else _decoded(os.fsencode(text), "TEXT")
    with console.busy("loading"):
        from csm_cli.audio.level import DEFAULT_LOUDNESS, parse_loudness
        from csm_cli.delivery.options import Delivery
        from csm_cli.rendering.progress import Progress
        from csm_cli.rendering.say import PAUSES, Saying, check_output, write_file
        from csm_cli.voices.names import note_renames

        delivery = Delivery(loudness=parse_loudness(loudness) if loudness else DEFAULT_LOUDNESS, speed=speed)
        if not to_stdout:
            check_output(output, delivery.loudness)
        saying = Saying(text, voice)
        note_renames(saying.renamed, console.note)
        if show_spoken:
            console.emit_rows("\n\n".join(saying.spoken()).split("\n"))
            for warning in saying.normaliser.lexicon.over_limit:
                console.note(warning)
            return
        options = replace(options, delivery=delivery)
    loaded = load_model(options, resident=resident)
    engine = loaded.engine
    with (
        console.busy("speaking"),
        playing(
            Progress(), engine.sample_rate, options.delivery, PAUSES, to_stdout=to_stdout, play=play
        ) as progress,
    ):
        segment, report = saying.speak(engine, options, limits=loaded.limits, progress=progress)
        if not to_stdout:
            write_file(segment, output, saying)
    for warning in saying.normaliser.lexicon.over_limit:
        console.note(warning)
    if not to_stdout:
        console.emit(str(output))
    print_summary(report)
    if report.reviews:
        raise typer.Exit(5)


def _decoded(data: bytes, where: str) -> str:
    """The text that was typed or piped in."""
    try:
        text = data.decode("utf-8-sig")
        check_text(text.replace("\f", " "), where)  # form feeds are ends of pages
        return text
    except UnicodeDecodeError as fault:
        what = f"byte 0x{data[fault.start]:02x} is not UTF-8"
        raise UsageError(what, where=where, remedy="give the text in UTF-8") from None
