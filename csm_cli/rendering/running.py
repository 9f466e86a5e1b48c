"""A job while it is rendered: its plan, its takes, what is asked for, and what is noted of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csm_cli.core.errors import CsmError, UsageError
from csm_cli.engine import Sampler
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import Job, JobPlan
from csm_cli.rendering.report import ReportWriter
from csm_cli.rendering.requests import RequestFactory
from csm_cli.takes import ModelIdentity, TakeStore
from csm_cli.takes.lockfile import NAME as LOCK_NAME
from csm_cli.takes.lockfile import differences, read_lock, write_lock
from csm_cli.takes.place import Place, in_use
from csm_cli.takes.record import Used, merge_record


@dataclass(eq=False)
class Running:
    """A job while it is rendered.

    Args:
        plan: its chains.
        asking: what its lines are asked for.
        store: where its takes are; jobs of one project share it.
        beside: names of all scripts that are rendered at the same time.
        facts: what all its takes are made with.
        finished: numbers of the chapters that are written.
    """

    plan: JobPlan
    asking: RequestFactory
    store: TakeStore
    beside: frozenset[str]
    facts: dict[str, Any]
    finished: set[int] = field(default_factory=set)

    @property
    def job(self) -> Job:
        """What is rendered."""
        return self.plan.job


@dataclass(frozen=True)
class Notes:
    """What is written down of a job beside its audio: the takes that its lines use, and its report.

    Args:
        script: name of the script's file.
        takes: folder of the store.
        folder: of the report.
        title: of the book.
        chapters: that the script has.
        facts: what all takes are made with.
        options: to speak a line again in the same way.
    """

    script: str
    takes: Place
    folder: Path
    title: str
    chapters: int
    facts: Mapping[str, Any]
    options: Mapping[str, Any]

    @classmethod
    def of(cls, running: Running, options: RenderOptions) -> Notes:
        """Of a job while it is rendered."""
        job = running.job
        title, count = job.screenplay.title, len(job.screenplay.chapters)
        return cls(job.script, job.takes, job.folder, title, count, running.facts, _plain(options))

    def report(self, store: TakeStore) -> ReportWriter:
        """Writes the report; `store` is the one in `takes`."""
        return ReportWriter(store, self.script, self.title, self.folder, dict(self.facts), self.chapters)

    def record(self, lines: Iterable[SpokenLine]) -> None:
        """Note the takes of a finished chapter.

        Raises:
            CsmError: that cannot be written.
        """
        used = {
            line.planned.id: Used(line.take.id if line.take else "", line.stale, line.reasons)
            for line in lines
        }
        merge_record(self.takes, self.script, used, options=self.options)


def prepare(
    stack: ExitStack,
    plans: Sequence[JobPlan],
    options: RenderOptions,
    model: ModelIdentity,
    sampler: Sampler,
    note: Callable[[str], None],
) -> list[Running]:
    """Open the stores, one for each folder, and look at `csm.lock`.

    Args:
        stack: leaving it ends what is begun here.
        plans: of the jobs.
        options: of the rendering.
        model: that speaks.
        sampler: how codes are drawn.
        note: is told what a person should know.

    Raises:
        CsmError: takes cannot be kept.
        UsageError: `options.locked`, and takes would come out differently.
    """
    stores: dict[Place, TakeStore] = {}
    beside = frozenset(plan.job.script for plan in plans)
    running = []
    for plan in plans:
        for warning in plan.warnings:
            note(warning)
        folder = plan.job.takes
        if folder not in stores:
            store = stores[folder] = TakeStore(folder)
            store.check_writable()
            stack.enter_context(in_use(folder))
            stack.callback(store.close)
            for damaged in store.index.damaged:
                note(f"{damaged}: is damaged; the line is spoken again unless it has another take")
        asking = RequestFactory.of(plan.job, model, sampler, options.context_turns, options.reference)
        facts = asking.facts(_seed(plan.job, options))
        running.append(Running(plan, asking, stores[folder], beside, facts))
    _check_lock(running, options, note)
    return running


def _check_lock(running: Sequence[Running], options: RenderOptions, note: Callable[[str], None]) -> None:
    """Say what differs from csm.lock, and stop if that is asked for; else write down how it is now."""
    folders: dict[Path, dict[str, dict[str, Any]]] = {}
    for each in running:
        folders.setdefault(Path(each.job.screenplay.path).parent, {})[each.job.script] = each.facts
    for folder, scripts in folders.items():
        locked = read_lock(folder)
        found = [text for name in scripts for text in differences(locked.get(name, {}), scripts[name])]
        if found and options.locked:
            raise UsageError(
                f"takes would come out differently: {'; '.join(found)}",
                where=str(folder / LOCK_NAME),
                remedy="render without --locked to accept that, or undo the change",
            )
        for difference in found:
            note(f"{folder / LOCK_NAME}: {difference}; lines that this changes are spoken again")
        try:
            write_lock(folder, scripts)
        except CsmError as error:  # a script may lie where nothing can be written; its takes need not
            note(f"not kept: {error}")


def _seed(job: Job, options: RenderOptions) -> int:
    return (job.screenplay.seed if options.seed is None else options.seed) or 0


def _plain(options: RenderOptions) -> dict[str, Any]:
    """What is needed to plan and speak a line again in the same way."""
    names = ("context_turns", "seed", "temperature", "top_k", "model", "retries", "reference")
    delivery = options.delivery
    said = {name: getattr(options, name) for name in names}
    return said | {"titles": delivery.titles, "credits": delivery.credits}
