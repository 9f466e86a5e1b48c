"""`csm say`: a text becomes an audio file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.choices import Device, DeviceOption, ModelOption, SeedOption, TemperatureOption, TopKOption
from csm_cli.cli.loading import load_model
from csm_cli.cli.summary import print_summary
from csm_cli.errors import UsageError

DEFAULT_OUTPUT = Path("say.wav")


def say(
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    voice: Annotated[
        str | None, typer.Option("-v", "--voice", metavar="NAME", help="See 'csm voices list'.")
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="A .wav, .flac or .mp3 file; - is WAV on standard output."
        ),
    ] = DEFAULT_OUTPUT,
    show_spoken: Annotated[
        bool, typer.Option("--show-spoken", help="Print what would be read, and speak nothing.")
    ] = False,
    seed: SeedOption = None,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    model: ModelOption = None,
    device: DeviceOption = Device.auto,
) -> None:
    """Say a text and write it to a file."""
    to_stdout = str(output) == "-"
    if to_stdout and sys.stdout.isatty():
        raise UsageError(
            "audio is not written to a terminal", where="-o -", remedy="send it to a file or a pipe"
        )
    if text == "-":
        text = sys.stdin.read()

    with console.busy("loading"):
        from csm_cli.render.options import RenderOptions
        from csm_cli.render.say import Saying, check_output, write_file, write_stream

        if not to_stdout:
            check_output(output)
        saying = Saying(text, voice)
        if show_spoken:
            console.emit("\n\n".join(saying.spoken()))
            return
        options = RenderOptions(
            seed=seed, temperature=temperature, top_k=top_k, model=model, device=device.value
        )
    model_to_use = load_model(options)
    model_to_use.note_unknown(saying.voices.values())
    with console.busy("speaking"):
        segment, report = saying.speak(model_to_use.engine, options, limits=model_to_use.limits)
    if to_stdout:
        write_stream(segment, sys.stdout.buffer)
    else:
        write_file(segment, output)
        console.emit(str(output))
    print_summary(report)
    if report.reviews:
        raise typer.Exit(5)
