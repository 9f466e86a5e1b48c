"""Rendering on several workers: the options, and the step from one engine to a fleet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import count

if TYPE_CHECKING:
    from csm_cli.cli.progress import PlainProgress
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.progress import RenderReport
    from csm_cli.rendering.project import Job

WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=0,
        metavar="N",
        help="Render with N engines side by side, one on each GPU, or on a share of the cores; 0: as many as "
        "there is room for. Needs the extra 'ray'.",
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Render on the Ray cluster there, or 'auto' for the one this machine belongs to.",
    ),
]


def render_on_workers(
    jobs: Sequence[Job],
    options: RenderOptions,
    workers: int | None,
    address: str | None,
    progress: PlainProgress,
) -> RenderReport:
    """Render on a fleet that is started for it and ends with it; says on stderr what that is."""
    from csm_cli.cluster.driver import render_on_fleet
    from csm_cli.cluster.ray_fleet import ray_fleet
    from csm_cli.rendering.models import choose_model

    console.note(choose_model(options.model).note)
    with ExitStack() as stack:
        with console.busy("starting the workers"):
            fleet = stack.enter_context(ray_fleet(workers, address, options.device))
        console.note(f"{count(fleet.size, 'worker')}, {fleet.where}")
        return render_on_fleet(jobs, fleet, options, progress, note=console.note)
