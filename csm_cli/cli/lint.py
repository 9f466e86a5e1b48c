"""`csm lint`: everything that is wrong or doubtful in scripts, at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.console import count, folded
from csm_cli.cli.faults import Faults
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
            help="Check for the languages that this model speaks; 'demo' also for the letters that the demo "
            "voice knows, and for tags of its other voices.",
            autocompletion=completion.models,
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
    from csm_cli.rendering.models import choose_model
    from csm_cli.script.formats import check_there

    languages = choose_model(model).limits().languages if model else ()
    faults = Faults()
    findings = []
    for script in scripts:
        with faults.kept():
            check_there(script)
            findings += check_script(script, written_in, demo=model == "demo", languages=languages)
    failing = [found for found in findings if found.level == "error" or (strict and found.level == "warning")]
    _print(findings, as_json)
    if len(faults) < len(scripts):
        console.note(_summary(findings, len(scripts) - len(faults)))
    if failing:
        raise typer.Exit(3)
    faults.end()


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
    faults = Faults()
    rows: list[str | dict[str, str]] = []
    for script in scripts:
        with faults.kept():
            rows += _spoken_rows(script, format, as_json)
    if as_json:
        console.emit_json(rows)
    else:
        console.emit_rows(map(str, rows))
    faults.end()


def _spoken_rows(script: Path, format: str | None, as_json: bool) -> Iterator[str | dict[str, str]]:
    from csm_cli.lint.reports import spoken_lines
    from csm_cli.script import read_screenplay
    from csm_cli.text.normaliser import normaliser_for

    play = read_screenplay(script, format)
    normaliser = normaliser_for(play)
    if normaliser.note:
        console.note(f"{script}: {normaliser.note}")
    for line, spoken in spoken_lines(play, normaliser):
        if as_json:
            where = {"id": line.id, "place": str(line.source), "speaker": line.speaker}
            yield where | {"text": line.text, "spoken": spoken}
        else:
            yield f"{line.source}: {line.speaker}: {spoken}"
    for warning in normaliser.lexicon.over_limit:
        console.note(warning)
