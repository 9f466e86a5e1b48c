"""Speaking one line again: the same words after the same lines, with other seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from csm_cli.core.errors import UsageError
from csm_cli.editing.lines import ScriptLine, ScriptTakes
from csm_cli.editing.pinning import choose
from csm_cli.rendering.cast import references
from csm_cli.rendering.line import LineInProgress
from csm_cli.rendering.loop import SpeakConfig, Work, speak_chains
from csm_cli.rendering.models import Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import derive
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.project import plan_jobs
from csm_cli.rendering.requests import RequestFactory, identity_of
from csm_cli.takes import LineRequest, Take
from csm_cli.takes.lineage import Chooser, Lines
from csm_cli.takes.place import in_use
from csm_cli.takes.repository import TakeRepository
from csm_cli.takes.store import TakeWriter
from csm_cli.verify import Verifier

if TYPE_CHECKING:
    from csm_cli.engine import Engine

_RECORDED = ("context_turns", "seed", "temperature", "top_k", "model", "retries", "reference")


def options_of(bench: ScriptTakes, **changes: Any) -> RenderOptions:
    """The options that the script was last rendered with, with changes where they are not None."""
    said = {name: bench.record.options[name] for name in _RECORDED if name in bench.record.options}
    said |= {name: value for name, value in changes.items() if value is not None}
    return replace(bench.options, **said)


def reroll(
    bench: ScriptTakes,
    line: ScriptLine,
    engine: Engine,
    limits: Limits,
    options: RenderOptions,
    *,
    count: int = 1,
    seed: int | None = None,
    verifier: Verifier | None = None,
) -> list[Take]:
    """Speak a line again, all takes in one batch; the best of them is what the line uses from now on.

    Args:
        bench: the script.
        line: of it.
        engine: the model, loaded.
        limits: of the model.
        options: from `options_of`.
        count: takes to make.
        seed: of the first; the others' follow from it. None: seeds that were not used yet.
        verifier: judges them.

    Returns:
        The takes, best first.

    Raises:
        UsageError: the model can say nothing of the line.
        CsmError: a take cannot be written.
    """
    verifier = verifier or Verifier()
    (plan,) = plan_jobs([bench.job], options, engine, limits=limits)
    chain, place = next(
        (chain, place)
        for chain in plan.chains
        for place, planned in enumerate(chain.lines)
        if planned.id == line.planned.id
    )
    if not chain.lines[place].parts:
        raise UsageError("the model can say nothing of this line", where=line.source)
    chain = replace(chain, lines=chain.lines[: place + 1])
    turns = options.context_turns
    sampler = options.sampler(engine.default_sampler)
    asking = RequestFactory.of(bench.job, identity_of(engine), sampler, turns, options.reference)
    asked = asking.ask(chain)
    heard = references(engine, plan.tags, bench.job.screenplay, bench.job.voices, plan.shipped_speakers)
    first = len(bench.takes_of(line))
    made: list[Take] = []
    with in_use(bench.job.takes), TakeWriter(bench.store) as writer:
        works = []
        for number in range(count):
            own = _following(seed, number) if seed is not None else _new(asked[-1], first + number)
            desk = RerollRepository(Chooser(bench.store), writer, verifier.checks, line.planned.id, own)
            works.append(Work(chain, asked, heard, desk))
        manner = SpeakConfig(count, turns, options.retries, verifier, options.reference)
        for _, lines in speak_chains(engine, works, manner, Progress()):
            if lines[-1].take is not None:
                made.append(lines[-1].take)
    made.sort(key=lambda take: (len(take.reasons), take.tries))
    return [choose(bench, line, made[0]), *made[1:]]


def _new(asked: LineRequest, number: int) -> int:
    return derive(asked.seed, "reroll", number)


def _following(seed: int, number: int) -> int:
    return seed if number == 0 else derive(seed, "reroll", number)


class RerollRepository(TakeRepository):
    """Finds the takes of the lines before as they are used now, and none for the line itself."""

    def __init__(self, chooser: Chooser, writer: TakeWriter, checked: Sequence[str], line: str, seed: int):
        super().__init__(chooser, writer, checked)
        self._line, self._own_seed = line, seed

    def find(self, asked: LineRequest, context: Sequence[str], lines: Lines) -> Take | None:
        return None if asked.line == self._line else super().find(asked, context, lines)

    def seed(self, asked: LineRequest) -> int:
        return self._own_seed if asked.line == self._line else super().seed(asked)

    def keep(self, line: LineInProgress, rate: int) -> Take:
        return self.keep_as("rerolled" if line.asked.line == self._line else "spoken", line, rate)
