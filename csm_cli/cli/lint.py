"""`csm lint`: everything that is wrong or doubtful in scripts, at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import count, folded
from csm_cli.cli.options import ScriptFormatOption
from csm_cli.core.errors import UsageError

if TYPE_CHECKING:
    from csm_cli.script.problems import Finding


def lint(
    scripts: Annotated[
        list[Path] | None, typer.Argument(metavar="SCRIPT", help="Scripts to check; - is standard input.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail like errors.")] = False,
    spoken: Annotated[
        bool, typer.Option("--spoken", help="Print what will be read instead, line by line.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of YAML scripts, for editors, and exit.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="'demo' checks for the letters that the demo voice knows, and for tags of its other voices.",
        ),
    ] = None,
    format: ScriptFormatOption = None,
) -> None:
    """Check scripts: every error, warning and note as file:line:col. Exit code 3 if there is an error."""
    if schema:
        from csm_cli.script.schema import schema_text

        console.emit_rows(schema_text().rstrip("\n").split("\n"))
        return
    if not scripts:
        raise UsageError("Missing argument 'SCRIPT...'", remedy="see csm lint --help")
    written_in = format.value if format else None
    if spoken:
        _print_spoken(scripts, written_in, as_json)
        return
    from csm_cli.lint.script import check_script

    findings = [
        found for script in scripts for found in check_script(script, written_in, demo=model == "demo")
    ]
    failing = [found for found in findings if found.level == "error" or (strict and found.level == "warning")]
    _print(findings, as_json)
    console.note(_summary(findings, len(scripts)))
    if failing:
        raise typer.Exit(3)


def _print(findings: list[Finding], as_json: bool) -> None:
    if as_json:
        console.emit_json([found.as_dict() for found in findings])
    elif findings:
        screen, colours = console.columns(sys.stdout), console.coloured(sys.stdout)
        rows = [row for found in findings for row in folded(str(found), screen).split("\n")]
        console.emit_rows(rows, console.highlighted if colours else None)


def _summary(findings: list[Finding], scripts: int) -> str:
    from csm_cli.script.problems import LEVELS

    numbers = {level: sum(found.number for found in findings if found.level == level) for level in LEVELS}
    parts = [count(number, level) for level, number in numbers.items() if number] or ["nothing to mend"]
    return f"{', '.join(parts)} in {count(scripts, 'script')}"


def _print_spoken(scripts: Sequence[Path], format: str | None, as_json: bool) -> None:
    """Print what will be read for every line of the scripts."""
    from csm_cli.lint.reports import spoken_lines
    from csm_cli.script import read_screenplay
    from csm_cli.text.normaliser import normaliser_for

    rows: list[str | dict[str, str]] = []
    for script in scripts:
        play = read_screenplay(script, format)
        normaliser = normaliser_for(play)
        if normaliser.note:
            console.note(f"{script}: {normaliser.note}")
        for line, spoken in spoken_lines(play, normaliser):
            if as_json:
                where = {"id": line.id, "place": str(line.source), "speaker": line.speaker}
                rows.append(where | {"text": line.text, "spoken": spoken})
            else:
                rows.append(f"{line.source}: {line.speaker}: {spoken}")
        for warning in normaliser.lexicon.over_limit:
            console.note(warning)
    if as_json:
        console.emit_json(rows)
    else:
        console.emit_rows(map(str, rows))
