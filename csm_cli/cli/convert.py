"""`csm convert`: the same script in the other format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.options import ScriptFormatOption
from csm_cli.core.errors import UsageError
from csm_cli.core.files import real

STDOUT = Path("-")


def convert(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A YAML or Markdown script.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="A .yaml or .md file; - is standard output."),
    ],
    to: Annotated[
        str | None, typer.Option("--to", metavar="yaml|markdown", help="Format, if the ending does not say.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    format: ScriptFormatOption = None,
) -> None:
    """Write a script in another format; nothing is lost but comments and layout."""
    from csm_cli.script.reader import check_screenplay
    from csm_cli.script.writers import write_script, written_format

    target = written_format(output, to)
    play, problems = check_screenplay(script, format.value if format else None, expand=False)
    problems.check()
    assert play is not None
    if output != STDOUT and output.stem != script.stem:
        play = replace(play, untitled=False)  # its title was the name of its file
    text = write_script(play, target)
    save(text, output, force)
    if output != STDOUT and real(script).parent != real(output).parent:
        console.note("files that the script names are looked for beside it: move them along")


def check_free(output: Path, force: bool) -> None:
    """Refuse to replace a file without `force`.

    Raises:
        UsageError: there is one.
    """
    if output != STDOUT and output.exists() and not force:
        raise UsageError("is there already", where=str(output), remedy="say --force to replace it")


def save(text: str, output: Path, force: bool) -> None:
    """Write a script to a file, or to standard output for "-"."""
    if output == STDOUT:
        console.emit_script(text)
        return
    check_free(output, force)
    from csm_cli.core.files import written

    with written(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    console.emit(str(output))
