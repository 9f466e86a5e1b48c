"""`csm say`: a text becomes an audio file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.choices import (
    Device,
    DeviceOption,
    DtypeOption,
    EagerOption,
    ModelOption,
    QuantizeOption,
    ReferenceMode,
    ReferenceOption,
    SeedOption,
    TemperatureOption,
    TopKOption,
    typed_name,
)
from csm_cli.cli.delivering import LoudnessOption, PlayOption
from csm_cli.cli.loading import load_model
from csm_cli.cli.playback import check_hearing, hearing
from csm_cli.cli.summary import print_summary
from csm_cli.core.errors import UsageError

DEFAULT_OUTPUT = Path("say.wav")


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from standard input.")],
    voice: Annotated[
        str | None,
        typer.Option("-v", "--voice", metavar="NAME", help="See 'csm voices list'.", callback=typed_name),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="A .wav, .flac, .mp3, .opus or .m4a file; - streams a WAV."
        ),
    ] = DEFAULT_OUTPUT,
    show_spoken: Annotated[
        bool, typer.Option("--show-spoken", help="Print what would be read, and speak nothing.")
    ] = False,
    loudness: LoudnessOption = None,
    play: PlayOption = False,
    reference: ReferenceOption = ReferenceMode.before,
    seed: SeedOption = None,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    model: ModelOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = None,
    quantize: QuantizeOption = None,
    eager: EagerOption = False,
) -> None:
    """Say a text and write it to a file."""
    to_stdout = str(output) == "-"
    check_hearing(to_stdout, play)
    text = _decoded(sys.stdin.buffer.read(), "-") if text == "-" else _decoded(os.fsencode(text), "TEXT")

    with console.busy("loading"):
        from csm_cli.audio.level import DEFAULT_LOUDNESS, parse_loudness
        from csm_cli.delivery.options import Delivery
        from csm_cli.rendering.options import RenderOptions
        from csm_cli.rendering.progress import Progress
        from csm_cli.rendering.say import PAUSES, Saying, check_output, write_file
        from csm_cli.voices.names import tell

        target = parse_loudness(loudness) if loudness else DEFAULT_LOUDNESS
        if not to_stdout:
            check_output(output, target)
        saying = Saying(text, voice)
        tell(saying.renamed, console.note)
        if show_spoken:
            console.emit("\n\n".join(saying.spoken()))
            return
        options = RenderOptions(
            delivery=Delivery(loudness=target),
            seed=seed,
            temperature=temperature,
            top_k=top_k,
            model=model,
            device=device.value,
            reference=reference.value,
            dtype=dtype.value if dtype else None,
            quantize=quantize.value if quantize else None,
            eager=eager,
        )
    model_to_use = load_model(options)
    engine, limits = model_to_use.engine, model_to_use.limits
    with (
        console.busy("speaking"),
        hearing(
            Progress(), engine.sample_rate, options.delivery, PAUSES, to_stdout=to_stdout, play=play
        ) as progress,
    ):
        segment, report = saying.speak(engine, options, limits=limits, progress=progress)
        if not to_stdout:
            write_file(segment, output, saying)
    if not to_stdout:
        console.emit(str(output))
    print_summary(report)
    if report.reviews:
        raise typer.Exit(5)


def _decoded(data: bytes, where: str) -> str:
    """The text that was typed or piped in."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        what = f"byte 0x{data[fault.start]:02x} is not UTF-8"
        raise UsageError(what, where=where, remedy="give the text in UTF-8") from None
