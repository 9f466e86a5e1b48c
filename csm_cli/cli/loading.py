"""Loading the model, with the one line that says which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from csm_cli.cli import console
from csm_cli.core.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from csm_cli.engine import Engine
    from csm_cli.rendering.models import Limits
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.project import Job


class LoadedModel(NamedTuple):
    """An engine, and what its model cannot go beyond."""

    engine: Engine
    limits: Limits


def tell_former(jobs: Iterable[Job]) -> None:
    """Say once which voices of the scripts have new names."""
    from csm_cli.voices.names import tell

    tell({old: new for job in jobs for old, new in job.renamed.items()}, console.note)


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
    """As `load_model`, for a book; where every line is there already, only a sketch, and torch stays out."""
    from csm_cli.engine.lazy import remember_codec
    from csm_cli.rendering.models import choose_model
    from csm_cli.rendering.project import plan_jobs
    from csm_cli.rendering.survey import survey
    from csm_cli.takes.place import may_hold_takes

    choice = choose_model(options.model)
    console.note(choice.note)

    def load() -> Engine:
        with console.busy("loading the model"):
            engine = choice.load(options, console.note)
            if any(voice.audio for job in jobs for voice in job.voices.values()):
                remember_codec(engine)  # so that next time a sketch finds the codes of the voices' clips
        return engine

    if not options.fresh and any(may_hold_takes(job.takes) for job in jobs):
        with console.busy("looking for takes"):
            limits = choice.limits()
            try:
                sketch = choice.sketch(options, lambda: choice.load(options, console.note))
            except MissingError:
                console.note(
                    "without a model, `csm master SCRIPT` makes chapters of the takes that are there"
                )
                raise
            plans = plan_jobs(jobs, options, sketch, limits=limits)
            complete = not any(each.to_speak for each in survey(plans, options, sketch))
        if complete:
            return LoadedModel(cast("Engine", sketch), limits)  # it becomes one when needed
    return LoadedModel(load(), choice.limits())
