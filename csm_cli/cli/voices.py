"""`csm voices`: the voices that a script can cast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.choices import Device, DeviceOption, JsonOption, ModelOption
from csm_cli.errors import CsmError

if TYPE_CHECKING:
    from csm_cli.voices.registry import VoiceRegistry
    from csm_cli.voices.voice import Voice

app = typer.Typer(
    help="Register, list and remove voices.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the voice.")]


@app.command()
def add(
    name: NameArgument,
    audio: Annotated[Path, typer.Argument(metavar="AUDIO", help="5 to 15 s of clear speech, in any format.")],
    text: Annotated[
        str, typer.Option("--text", metavar="TRANSCRIPT", help="What the recording says, word for word.")
    ],
    speaker: Annotated[
        int | None,
        typer.Option("--speaker", min=0, metavar="N", help="Speaker tag. Default: the lowest free one."),
    ] = None,
    project: Annotated[
        bool,
        typer.Option(
            "--project", help="Keep it in ./voices, beside the scripts here, not in the user's folder."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a voice of that name.")] = False,
    licence: Annotated[
        str, typer.Option("--licence", help="Under what terms the recording may be used.")
    ] = "",
    note: Annotated[str, typer.Option("--note", help="A remark for the listing.")] = "",
    model: ModelOption = None,
    device: DeviceOption = Device.auto,
) -> None:
    """Register a voice from a recording and its transcript."""
    with console.busy("reading the recording"):
        added = _registry().add(
            name, audio, text, speaker, project=project, force=force, licence=licence, note=note
        )
    for warning in added.warnings:
        console.note(f"warning: {warning}")
    _keep_codes(added.voice, model, device)
    console.emit(str(added.voice.folder))


@app.command("list")
def list_voices(as_json: JsonOption = False) -> None:
    """List all voices that a script here can cast."""
    voices, problems = _registry().scan()
    if as_json:
        _print_json(voices)
    else:
        width = max((len(voice.name) for voice in voices), default=0)
        for voice in voices:
            clip = f"{voice.seconds:.1f} s" if voice.audio else "tag only"
            console.emit(
                f"{voice.name:<{width}} {voice.speaker:>4}  {voice.layer:<7} {clip:>8}  {voice.note}".rstrip()
            )
    for problem in problems:
        console.note(f"warning: {problem}")


@app.command()
def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show all that is known of a voice."""
    voice = _registry().get(name)
    if as_json:
        _print_json([voice])
        return
    for key, value in voice.as_dict().items():
        if value not in ("", None):
            console.emit(f"{key}: {value}")


@app.command()
def remove(name: NameArgument) -> None:
    """Remove a voice that you registered."""
    _registry().remove(name)
    console.note(f"removed the voice {name}")


def _registry() -> VoiceRegistry:
    from csm_cli.voices.registry import VoiceRegistry

    return VoiceRegistry(Path.cwd())


def _print_json(voices: list[Voice] | tuple[Voice, ...]) -> None:
    console.emit(json.dumps([voice.as_dict() for voice in voices], indent=2, ensure_ascii=False))


def _keep_codes(voice: Voice, model: str | None, device: Device) -> None:
    """Encode the recording now, so that the first line spoken need not wait for it."""
    from csm_cli.cli.loading import load_model
    from csm_cli.render.options import RenderOptions
    from csm_cli.voices.codes import reference_codes

    try:
        engine = load_model(RenderOptions(model=model, device=device.value)).engine
        with console.busy("encoding"):
            reference_codes(voice, engine)
    except CsmError as error:  # the voice is registered all the same
        console.note(f"warning: not encoded yet: {error}")
