"""`csm master`: other files from the same takes, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.loading import note_former_names
from csm_cli.cli.options import DeliveryOptions, TakesOption, expanded
from csm_cli.cli.summary import print_results
from csm_cli.rendering.options import RenderOptions


@expanded
def master(
    *,
    scripts: Annotated[list[Path], typer.Argument(metavar="SCRIPT", help="Scripts that have been rendered.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of the files, as for csm render."),
    ] = None,
    chapters: Annotated[
        str | None, typer.Option("--chapters", metavar="1-3,5", help="These chapters only.")
    ] = None,
    delivery: DeliveryOptions,
    takes: TakesOption = None,
) -> None:
    """Make deliverables again from existing takes; no model is loaded."""
    with console.busy("reading"):
        from csm_cli.rendering.master import master_jobs
        from csm_cli.rendering.options import parse_chapters
        from csm_cli.rendering.project import read_jobs

        options = RenderOptions(output, parse_chapters(chapters), delivery.checked(), takes=takes)
        jobs = read_jobs(scripts, options)
    note_former_names(jobs)

    from csm_cli.cli.progress import choose_progress

    progress = choose_progress()
    try:
        report = master_jobs(jobs, options, progress, console.note)
    finally:
        progress.close()
    print_results(report, takes, page=False)
