"""`csm voices export` and `import`: a voice as one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.choices import JsonOption, NameArgument, typed_name


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
    for file in files:
        added = import_voice(registry, file, name=name, project=project, force=force)
        for warning in added.warnings:
            console.note(f"warning: {warning}")
        if not added.changed:
            console.note(f"the voice {added.voice.name} is registered already, just so")
        made.append(added.voice.as_dict() | {"changed": added.changed})
        if not as_json:
            console.emit(str(added.voice.folder))
    if as_json:
        console.emit(json.dumps(made, indent=2, ensure_ascii=False))
