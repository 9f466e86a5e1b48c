"""The engine for a rendering: loaded only if something has to be spoken, with the plans made on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple, cast

from csm_cli.core.errors import MissingError
from csm_cli.rendering.estimate import estimate
from csm_cli.rendering.models import Limits, ModelChoice
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import Job, JobPlan, plan_jobs
from csm_cli.rendering.requests import ModelTraits
from csm_cli.takes.place import may_hold_takes

if TYPE_CHECKING:
    from csm_cli.engine import Engine

Busy = Callable[[str], AbstractContextManager[object]]
"""Shows what takes a while: `with busy("loading the model"): …`."""


class LoadedModel(NamedTuple):
    """An engine, what its model cannot go beyond, and the plans that were made for it, if any were."""

    engine: Engine
    limits: Limits
    plans: Sequence[JobPlan] | None = None


def load_if_needed(
    jobs: Sequence[Job],
    options: RenderOptions,
    choice: ModelChoice,
    note: Callable[[str], None],
    busy: Busy = lambda text: nullcontext(),
) -> LoadedModel:
    """The engine of a chosen model; where every line has its take, one that is not loaded: torch stays out.

    Args:
        jobs: to render.
        options: of the rendering.
        choice: from `choose_model`.
        note: called with what a person should know, a line each.
        busy: shows what takes a while.

    Raises:
        MissingError, UsageError: as `ModelChoice.load`.
    """

    def load() -> Engine:
        from csm_cli.engine.lazy import remember_codec

        with busy("loading the model"):
            engine = choice.load(options, note)
            if any(voice.audio for job in jobs for voice in job.voices.values()):
                remember_codec(engine)  # so that next time the codes of the voices' clips are found
        return engine

    limits = choice.limits()
    if options.fresh or not any(may_hold_takes(job.takes) for job in jobs):
        return LoadedModel(load(), limits)
    with busy("looking for takes"):
        try:
            lazy = choice.lazy(options, lambda: choice.load(options, note))
        except MissingError:
            note("without a model, `csm master SCRIPT` makes chapters of the takes that are there")
            raise
        plans = plan_jobs(jobs, options, ModelTraits.of(lazy, limits))
        complete = not any(each.to_speak for each in estimate(plans, options, lazy))
    return LoadedModel(cast("Engine", lazy) if complete else load(), limits, plans)
