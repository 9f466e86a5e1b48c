"""`csm voices`: the voices that a script can cast."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console, voices_add, voices_listen, voices_share
from csm_cli.cli.choices import JsonOption, NameArgument, typed_name
from csm_cli.cli.groups import Group
from csm_cli.cli.words import folded

if TYPE_CHECKING:
    from csm_cli.voices.registry import VoiceRegistry
    from csm_cli.voices.voice import Voice

app = typer.Typer(
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
            console.emit(folded(f"{line}{about}".rstrip(), screen, " " * len(line)))
    for problem in problems:
        console.note(f"warning: {problem}")


@app.command()
def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show all that is known of a voice."""
    from csm_cli.voices.former_names import renamed, tell
    from csm_cli.voices.places import voice_names

    voice = _registry().get(name)
    tell(renamed([name], voice_names(Path.cwd())), console.note)
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


app.command("export")(voices_share.export)
app.command("import")(voices_share.import_)
app.command("test")(voices_listen.test)
app.command("compare")(voices_listen.compare)


def _registry() -> VoiceRegistry:
    from csm_cli.voices.registry import VoiceRegistry

    return VoiceRegistry(Path.cwd())


def _print_json(voices: list[Voice] | tuple[Voice, ...]) -> None:
    console.emit(json.dumps([voice.as_dict() for voice in voices], indent=2, ensure_ascii=False))
