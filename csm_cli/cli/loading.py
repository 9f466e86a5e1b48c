"""What a rendering needs beside its scripts: a model, with the line that says which, a watermark, workers."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from csm_cli.cli import console
from csm_cli.cli.console import count
from csm_cli.core.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from csm_cli.audio.watermark import Watermark
    from csm_cli.engine import Engine
    from csm_cli.rendering.loading import LoadedModel
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.progress import Progress, RenderReport
    from csm_cli.rendering.project import Job


def note_former_names(jobs: Iterable[Job]) -> None:
    """Say once which voices of the scripts have new names."""
    from csm_cli.rendering.project import former_names
    from csm_cli.voices.names import note_renames

    note_renames(former_names(jobs), console.note)


def load_model(options: RenderOptions, *, resident: bool = True) -> LoadedModel:
    """The engine of the chosen model, for a line or two; says on stderr which that is and how to get the full
    one.

    Args:
        resident: the engine of a running `csm serve` will do, if it is the same; then nothing is loaded.
    """
    from csm_cli.engine.resident import find_resident, wanted
    from csm_cli.rendering.loading import LoadedModel
    from csm_cli.rendering.models import choose_model

    choice = choose_model(options.model)
    console.note(choice.note)

    def load() -> Engine:
        with console.busy("loading the model"):
            return choice.load(options, console.note, in_haste=True)

    if resident and wanted():
        found = find_resident(
            choice.source,
            load,
            console.note,
            device=options.device,
            dtype=options.dtype,
            quantize=options.quantize,
            eager=options.eager,
        )
        if found is not None:
            console.note(f"csm serve (process {found.process}) has it loaded, and speaks")
            return LoadedModel(cast("Engine", found), choice.limits())
    return LoadedModel(load(), choice.limits())


def load_if_needed(jobs: Sequence[Job], options: RenderOptions) -> LoadedModel:
    """As `load_model`, for a book, with its plans; where every line is there already, torch stays out."""
    from csm_cli.rendering.loading import load_if_needed as load
    from csm_cli.rendering.models import choose_model

    choice = choose_model(options.model)
    console.note(choice.note)
    return load(jobs, options, choice, console.note, console.busy)


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
