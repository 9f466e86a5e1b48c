"""`csm voices`: the voices that a script can cast."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console, voices_add, voices_listen
from csm_cli.cli.console import folded
from csm_cli.cli.faults import Faults
from csm_cli.cli.help import App, Group
from csm_cli.cli.options import JsonOption, NameArgument, typed_name

if TYPE_CHECKING:
    from csm_cli.voices.registry import VoiceRegistry
    from csm_cli.voices.voice import Voice


def export(
    name: NameArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: NAME.zip, here.")
    ] = None,
) -> None:
    """Write a voice, with its clips, transcripts, licence and consent, to a zip file."""
    from csm_cli.voices.archive import export_voice
    from csm_cli.voices.names import whole
    from csm_cli.voices.registry import VoiceRegistry

    voice = VoiceRegistry(Path.cwd()).get(whole(name))
    if not (voice.licence or voice.consent):
        console.note(
            f"warning: the voice {name} has no licence or consent noted; whoever gets it should know"
        )
    console.emit(str(export_voice(voice, output or Path(f"{voice.name}.zip"))))


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files that export wrote.")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Another name for it.", callback=typed_name)
    ] = None,
    project: Annotated[bool, typer.Option("--project", help="Keep it in ./voices.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a voice of that name.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Register the voices of zip files."""
    from csm_cli.core.errors import UsageError
    from csm_cli.voices.archive import import_voice
    from csm_cli.voices.registry import VoiceRegistry

    if name is not None and len(files) > 1:
        raise UsageError("one name for several voices", where="--as", remedy="import them one by one")
    registry = VoiceRegistry(Path.cwd())
    made = []
    faults = Faults()
    for file in files:
        with faults.kept():
            added = import_voice(registry, file, name=name, project=project, force=force)
            for warning in added.warnings:
                console.note(f"warning: {warning}")
            if not added.changed:
                console.note(f"the voice {added.voice.name} is registered already, just so")
            made.append(added.voice.as_dict() | {"changed": added.changed})
            if not as_json:
                console.emit(str(added.voice.folder))
    if as_json:
        console.emit_json(made)
    faults.end()


app = App(
    cls=Group,
    help="Register voices, list them, listen to them, pass them on.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

app.command("add")(voices_add.add)


@app.command("list")
def list_voices(as_json: JsonOption = False) -> None:
    """List all voices that a script here can cast."""
    voices, problems = _registry().scan()
    if as_json:
        _print_json(voices)
    else:
        screen = console.columns(sys.stdout)
        rows = [("name", "tag", "layer", "clip", "")] if screen else []  # a shell loop wants none
        for voice in voices:
            clip = f"{voice.seconds:.1f} s" if voice.audio else "tag only"
            about = "  ".join(part for part in (", ".join(voice.labels), voice.note) if part)
            rows.append((voice.name, str(voice.speaker), voice.layer, clip, about))
        width = max((len(row[0]) for row in rows), default=0)
        for name, tag, layer, clip, about in rows:
            line = f"{name:<{width}} {tag:>4}  {layer:<7} {clip:>8}  "
            console.emit_rows(folded(f"{line}{about}".rstrip(), screen, " " * len(line)).split("\n"))
    for problem in problems:
        console.note(f"warning: {problem}")


@app.command()
def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show all that is known of a voice."""
    from csm_cli.voices.names import note_renames, renamed, voice_names

    voice = _registry().get(name)
    note_renames(renamed([name], voice_names(Path.cwd())), console.note)
    if as_json:
        _print_json([voice])
        return
    values = voice.as_dict()
    clips = values.pop("clips")
    for key, value in values.items():
        if value not in ("", None):
            console.emit(f"{key}: {value}")
    for clip in clips if voice.labels else []:
        console.emit(f"{clip['label']}: {clip['seconds']:.1f} s, {clip['audio']}: {clip['text']}")


@app.command()
def rename(
    name: NameArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.", callback=typed_name)],
) -> None:
    """Give a voice that you registered another name. Scripts that cast it are yours to change."""
    voice = _registry().rename(name, new)
    console.note(f"the voice {name} is now {voice.name}; takes that are there stay good")
    console.emit(str(voice.folder))


@app.command()
def remove(name: NameArgument) -> None:
    """Remove a voice that you registered."""
    _registry().remove(name)
    console.note(f"removed the voice {name}")


app.command("export")(export)
app.command("import")(import_)
app.command("play")(voices_listen.play)
app.command("test")(voices_listen.test)
app.command("compare")(voices_listen.compare)


def _registry() -> VoiceRegistry:
    from csm_cli.voices.registry import VoiceRegistry

    return VoiceRegistry(Path.cwd())


def _print_json(voices: list[Voice] | tuple[Voice, ...]) -> None:
    console.emit_json([voice.as_dict() for voice in voices])
