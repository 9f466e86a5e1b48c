"""`csm cast`: who speaks how much, and in which voice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import clock, count
from csm_cli.cli.options import JsonOption, ScriptFormatOption


def cast(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A script.")],
    as_json: JsonOption = False,
    assign: Annotated[
        bool,
        typer.Option("--assign", help="Print a `voices:` that gives a shipped voice to whoever has none."),
    ] = False,
    format: ScriptFormatOption = None,
) -> None:
    """List the cast of a script: lines, words, minutes, longest line, voice."""
    from csm_cli.lint.reports import cast_report
    from csm_cli.script import read_screenplay
    from csm_cli.script.reader import recast
    from csm_cli.voices.names import note_renames, renamed, voice_names

    play = read_screenplay(script, format.value if format else None)
    former = renamed(play.voices, voice_names(script.parent))
    note_renames(former, console.note)
    play = recast(play, former)
    if assign:
        from csm_cli.script.attribution import gender_of_name
        from csm_cli.script.writers.yaml import voices_rows
        from csm_cli.voices.casting import assign_voices

        genders = {name: gender_of_name(name) for name in play.cast}
        console.emit_rows(voices_rows(assign_voices(play, genders)))
        return
    parts = cast_report(play)
    if as_json:
        console.emit_json([part.as_dict() for part in parts])
        return
    rows = [("character", "voice", "lines", "words", "time", "longest line")]
    for part in parts:
        longest = part.longest
        what = f"{count(len(longest.text.split()), 'word')}, {longest.source}" if longest else "never speaks"
        voices = ", ".join(voice or "(default)" for voice in part.voices)
        figures = (str(part.lines), str(part.words), clock(part.seconds))
        rows.append((part.name, voices, *figures, what))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        left = [f"{cell:<{width}}" for cell, width in zip(row[:2], widths[:2], strict=True)]
        right = [f"{cell:>{width}}" for cell, width in zip(row[2:5], widths[2:], strict=True)]
        console.emit("  ".join([*left, *right, row[5]]).rstrip())
    lines, words = sum(part.lines for part in parts), sum(part.words for part in parts)
    seconds = sum(part.seconds for part in parts)
    total = f"{count(len(play.chapters), 'chapter')}, {count(lines, 'line')}, {count(words, 'word')}"
    console.note(f"{total}, about {clock(seconds)} of speech without pauses")
