"""`csm check`: measures what was delivered, whatever made it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import count

EXIT_FAILS = 6
COLOURS = {"ok": "32", "WARN": "33", "FAIL": "1;31"}


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="DIR|FILE", help="Audio files, or folders that hold some.")
    ],
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="NAME",
            help="acx-spec, podcast or ebu. Default: acx-spec, whose format is asked of MP3 files only.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="PAGE.html", help="Write a page with a picture of every file."),
    ] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")] = False,
) -> None:
    """Measure delivered files against what a shop asks for; exit 6 when something fails."""
    from csm_cli.delivery.check import check_files, find_files, presets
    from csm_cli.delivery.check.report import as_json, table, write_page

    rules = presets.preset(preset or "acx-spec")
    files = find_files(paths)
    if rules.name == "acx-spec":
        console.note("acx-spec is the technical part alone: ACX itself takes AI narration only by agreement")
    with measuring(len(files)) as progress:
        checked = check_files(files, rules, progress, preset is not None, console.note)
    if report is not None:
        write_page(checked, report)
    if json_out:
        console.emit(as_json(checked))
    else:
        for line in table(checked):
            console.emit(_coloured(line))
    fails, warnings = checked.count("fail"), checked.count("warning")
    verdict = "passes" if checked.ok else count(fails, "value") + (" fails" if fails == 1 else " fail")
    noted = f", {count(warnings, 'warning')}" if warnings else ""
    console.note(f"{count(len(files), 'file')}, {rules.name}: {verdict}{noted}")
    if not checked.ok:
        raise typer.Exit(EXIT_FAILS)


@contextmanager
def measuring(files: int) -> Iterator[Callable[[Path], None]]:
    """Say on a terminal which file is being measured; long ones take their time."""
    shown = console.is_terminal(sys.stderr)
    done = 0

    def show(path: Path) -> None:
        nonlocal done
        done += 1
        if shown:
            text = f"{console.ERASE_LINE}csm: measuring {done}/{files}: {path.name} …"
            print(text, end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if shown:
            print(console.ERASE_LINE, end="", file=sys.stderr, flush=True)


def _coloured(line: str) -> str:
    """The verdict at the end of a line in its colour, where a person reads it on a screen."""
    if not console.coloured(sys.stdout):
        return line
    for mark, colour in COLOURS.items():
        if line.endswith(f" {mark}"):
            return f"{line[: -len(mark)]}\x1b[{colour}m{mark}\x1b[0m"
    return line if line.startswith(" ") else f"\x1b[1m{line}\x1b[0m"
