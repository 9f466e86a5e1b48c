"""`csm master`: other files from the same takes, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.faults import end_without, report_batch
from csm_cli.cli.loading import note_former_names
from csm_cli.cli.options import DeliveryOptions, TakesOption, expanded
from csm_cli.cli.summary import STRICT, print_results, store_options
from csm_cli.core.errors import CsmError
from csm_cli.rendering.options import RenderOptions

if TYPE_CHECKING:
    from csm_cli.rendering.project import Job


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
        from csm_cli.rendering.batch import read_batch
        from csm_cli.rendering.master import master_jobs
        from csm_cli.rendering.options import parse_chapters

        options = RenderOptions(output, parse_chapters(chapters), delivery.checked(), takes=takes)
        batch = read_batch(scripts, options, unread=console.note)
    faults, left = report_batch(batch), list(batch.faults)
    jobs = batch.jobs
    note_former_names(jobs)

    from csm_cli.cli.progress import choose_progress

    progress = choose_progress()

    def failed(job: Job, error: CsmError) -> None:
        if len(scripts) == 1:
            raise error
        faults.report(error)
        left.append(Path(job.screenplay.path))

    try:
        report = master_jobs(jobs, options, progress, failed, console.note)
    finally:
        progress.close()
    print_results(report, takes, ["csm", "render", *map(str, scripts), *store_options(takes), *STRICT])
    end_without(faults, left, "not made")
