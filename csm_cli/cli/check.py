"""`csm check`: measures what was delivered, whatever made it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.console import count, folded
from csm_cli.cli.faults import Faults

EXIT_FAILS = 6
_GAP = re.compile("(?<=[^ ]) {3,}")
COLOURS = {"ok": "32", "WARN": "33", "FAIL": "1;31"}


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="DIR|FILE", help="Audio files, or folders that hold some.")
    ],
    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            metavar="NAME",
            help="acx-spec, podcast, ebu, or auto: acx-spec, whose format is asked of MP3 files only.",
            autocompletion=completion.presets,
        ),
    ] = "auto",
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Every value of every file, beside its limit.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="PAGE.html", help="Write a page with a picture of every file."),
    ] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")] = False,
) -> None:
    """Measure delivered files against what a shop asks for; exit 6 when something fails."""
    from csm_cli.delivery.check import check_files, find_files, presets
    from csm_cli.delivery.check.report import as_json, brief, table, write_page

    rules = presets.preset(preset)
    faults, found = Faults(), list[Path]()
    for path in paths:
        with faults.kept():
            found += find_files([path])
    if not found:
        faults.end()
    files = list(dict.fromkeys(found))
    if rules.name == "acx-spec":
        console.note("acx-spec is the technical part alone: ACX itself takes AI narration only by agreement")
    with measuring(len(files)) as progress:
        checked = check_files(files, rules, progress, strict=preset != presets.AUTO, note=console.note)
    if report is not None:
        write_page(checked, report)
    if json_out:
        console.emit_json(json.loads(as_json(checked)))
    else:
        screen = console.columns(sys.stdout)
        for line in table(checked) if verbose else brief(checked):
            if screen is not None and len(line) > screen:  # the columns of the table are too wide for it
                line = _GAP.sub("  ", line)
            for row in folded(line, screen, " " * 6).split("\n"):
                console.emit(row, _coloured)
    fails, warnings = checked.count("fail"), checked.count("warning")
    verdict = "passes" if checked.ok else count(fails, "value") + (" fails" if fails == 1 else " fail")
    noted = f", {count(warnings, 'warning')}" if warnings else ""
    console.note(f"{count(len(files), 'file')}, {rules.name}: {verdict}{noted}")
    if not checked.ok:
        raise typer.Exit(EXIT_FAILS)
    faults.end()


@contextmanager
def measuring(files: int) -> Iterator[Callable[[Path], None]]:
    """Say on a terminal which file is being measured; long ones take their time."""
    done = 0

    def show(path: Path) -> None:
        nonlocal done
        done += 1
        console.draw(f"measuring {done}/{files}: {path.name} …")

    try:
        yield show
    finally:
        console.draw("")


def _coloured(line: str) -> str:
    """The verdict at an end of a line in its colour, where a person reads it on a screen."""
    if not console.coloured(sys.stdout):
        return line
    for mark, colour in COLOURS.items():
        if line.endswith(f" {mark}"):
            return f"{line[: -len(mark)]}\x1b[{colour}m{mark}\x1b[0m"
        if line.startswith(f"{mark} "):
            return f"\x1b[{colour}m{mark}\x1b[0m{line[len(mark) :]}"
    return line if line.startswith(" ") else f"\x1b[1m{line}\x1b[0m"
