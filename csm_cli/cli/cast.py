"""`csm cast`: who speaks how much, and in which voice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from csm_cli.cli import console
from csm_cli.cli.console import clock, count
from csm_cli.cli.faults import Faults
from csm_cli.cli.options import JsonOption, ScriptFormatOption

if TYPE_CHECKING:
    from csm_cli.script import Screenplay


def cast(
    scripts: Annotated[list[Path], typer.Argument(metavar="SCRIPT", help="Scripts.")],
    as_json: JsonOption = False,
    assign: Annotated[
        bool,
        typer.Option("--assign", help="Print a `voices:` that gives a shipped voice to whoever has none."),
    ] = False,
    format: ScriptFormatOption = None,
) -> None:
    """List the cast of scripts: lines, words, minutes, longest line, voice."""
    from csm_cli.lint.reports import cast_report

    faults, several = Faults(), len(scripts) > 1
    listed: list[dict[str, Any]] = []
    for script in scripts:
        with faults.kept():
            play = _read(script, format.value if format else None)
            if as_json:
                of = {"script": str(script)} if several else {}
                listed += [of | part.as_dict() for part in cast_report(play)]
                continue
            if several:
                console.emit(f"# {script}" if assign else f"{script}:")
            if assign:
                console.emit_rows(_assigned(play))
            else:
                _print(play, f"{script}: " if several else "")
    if as_json and (listed or not faults):
        console.emit_json(listed)
    faults.end()


def _read(script: Path, written_in: str | None) -> Screenplay:
    """The script, with the voices of today for earlier names."""
    from csm_cli.script import read_screenplay
    from csm_cli.script.reader import recast
    from csm_cli.voices.names import note_renames, renamed, voice_names

    play = read_screenplay(script, written_in)
    former = renamed(play.voices, voice_names(script.parent))
    note_renames(former, console.note)
    return recast(play, former)


def _assigned(play: Screenplay) -> Sequence[str]:
    """The rows of a `voices:` in which everybody has one."""
    from csm_cli.script.attribution import gender_of_name
    from csm_cli.script.writers.yaml import voices_rows
    from csm_cli.voices.casting import assign_voices

    genders = {name: gender_of_name(name) for name in play.cast}
    return voices_rows(assign_voices(play, genders))


def _print(play: Screenplay, where: str) -> None:
    """Print a table of the cast and, behind `where`, what it comes to."""
    from csm_cli.lint.reports import cast_report

    parts = cast_report(play)
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
    console.note(f"{where}{total}, about {clock(seconds)} of speech without pauses")
