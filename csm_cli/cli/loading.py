"""What a rendering needs beside its scripts: a model, with the line that says which, a watermark, workers."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from csm_cli.cli import console
from csm_cli.cli.console import count
from csm_cli.core.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from csm_cli.audio.watermark import Watermark
    from csm_cli.engine import Engine
    from csm_cli.rendering.models import Limits
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.progress import Progress, RenderReport
    from csm_cli.rendering.project import Job, JobPlan


class LoadedModel(NamedTuple):
    """An engine, what its model cannot go beyond, and the plans that were made for it, if any were."""

    engine: Engine
    limits: Limits
    plans: Sequence[JobPlan] | None = None


def note_former_names(jobs: Iterable[Job]) -> None:
    """Say once which voices of the scripts have new names."""
    from csm_cli.voices.names import note_renames

    note_renames({old: new for job in jobs for old, new in job.renamed.items()}, console.note)


def load_model(options: RenderOptions) -> LoadedModel:
    """The engine of the chosen model, for a line or two; says on stderr which that is and how to get the full
    one.
    """
    from csm_cli.rendering.models import choose_model

    choice = choose_model(options.model)
    console.note(choice.note)
    with console.busy("loading the model"):
        engine = choice.load(options, console.note, in_haste=True)
    return LoadedModel(engine, choice.limits())


def load_if_needed(jobs: Sequence[Job], options: RenderOptions) -> LoadedModel:
    """As `load_model`, for a book, with its plans; where every line is there already, torch stays out."""
    from csm_cli.engine.lazy import remember_codec
    from csm_cli.rendering.estimate import estimate
    from csm_cli.rendering.models import choose_model
    from csm_cli.rendering.project import plan_jobs
    from csm_cli.rendering.requests import ModelTraits
    from csm_cli.takes.place import may_hold_takes

    choice = choose_model(options.model)
    console.note(choice.note)

    def load() -> Engine:
        with console.busy("loading the model"):
            engine = choice.load(options, console.note)
            if any(voice.audio for job in jobs for voice in job.voices.values()):
                remember_codec(engine)  # so that next time the codes of the voices' clips are found
        return engine

    limits = choice.limits()
    if options.fresh or not any(may_hold_takes(job.takes) for job in jobs):
        return LoadedModel(load(), limits)
    with console.busy("looking for takes"):
        try:
            lazy = choice.lazy(options, lambda: choice.load(options, console.note))
        except MissingError:
            console.note("without a model, `csm master SCRIPT` makes chapters of the takes that are there")
            raise
        plans = plan_jobs(jobs, options, ModelTraits.of(lazy, limits))
        complete = not any(each.to_speak for each in estimate(plans, options, lazy))
    return LoadedModel(cast("Engine", lazy) if complete else load(), limits, plans)


def load_watermark(key: str | None, folder: Path | None, device: str) -> Watermark | None:
    """The watermark; None if there is no key or, which is said, if it cannot be made."""
    if key is None:
        return None
    from csm_cli.audio.watermark import Watermark

    try:
        with console.busy("loading the watermark"):
            return Watermark(key, folder, "cuda" if device == "cuda" else "cpu")
    except MissingError as error:
        console.note(f"warning: the files will NOT carry a watermark: {error}")
        return None


def render_on_workers(
    jobs: Sequence[Job], options: RenderOptions, workers: int | None, address: str | None, progress: Progress
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
