"""Speaking one line again: the same words after the same lines, with other seeds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from csm_cli.core.errors import UsageError
from csm_cli.editing.lines import ScriptLine, ScriptTakes
from csm_cli.editing.pinning import choose
from csm_cli.rendering.chain import Work
from csm_cli.rendering.loop import speak_chains
from csm_cli.rendering.models import Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import derive
from csm_cli.rendering.project import plan_jobs
from csm_cli.rendering.requests import ModelTraits
from csm_cli.rendering.session import speak_config
from csm_cli.takes import LineRequest, Take
from csm_cli.takes.lineage import ChainLineage, TakeRepository
from csm_cli.takes.place import in_use
from csm_cli.takes.store import TakeWriter
from csm_cli.takes.take import Origin
from csm_cli.verify import Verifier

if TYPE_CHECKING:
    from csm_cli.engine import Engine


def options_of(script: ScriptTakes, **changes: Any) -> RenderOptions:
    """The options that the script was last rendered with, with changes where they are not None."""
    return replace(script.options, **{name: value for name, value in changes.items() if value is not None})


def reroll(
    script: ScriptTakes,
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
        script: with its takes.
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
    (plan,) = plan_jobs([script.job], options, ModelTraits.of(engine, limits))
    chain, place = next(
        (chain, place)
        for chain in plan.chains
        for place, planned in enumerate(chain.lines)
        if planned.id == line.planned.id
    )
    if not chain.lines[place].parts:
        raise UsageError("the model can say nothing of this line", where=line.source)
    chain = replace(chain, lines=chain.lines[: place + 1])
    first = len(script.takes_of(line))
    made: list[Take] = []
    with ExitStack() as stack:
        stack.enter_context(in_use(script.job.takes))
        writer = stack.enter_context(TakeWriter(script.store))
        references = plan.references(engine)
        works = []
        for number in range(count):
            own = (
                _following(seed, number)
                if seed is not None
                else _new(chain.lines[-1].request, first + number)
            )
            repository = _RerollRepository(writer, verifier.checks, line.planned.id, own)
            works.append(Work(chain, references, repository))
        for _, lines in speak_chains(engine, works, speak_config(options, verifier, batch=count)):
            if lines[-1].take is not None:
                made.append(lines[-1].take)
    made.sort(key=lambda take: (len(take.reasons), take.tries))
    return [choose(script, line, made[0]), *made[1:]]


def _new(request: LineRequest, number: int) -> int:
    return derive(request.seed, "reroll", number)


def _following(seed: int, number: int) -> int:
    return seed if number == 0 else derive(seed, "reroll", number)


class _RerollRepository(TakeRepository):
    """Finds the takes of the lines before as they are used now, and none for the line itself."""

    def __init__(self, writer: TakeWriter, checks: Sequence[str], line: str, seed: int):
        super().__init__(writer, checks)
        self._line, self._own_seed = line, seed

    def find(self, request: LineRequest, context: Sequence[str], chain: ChainLineage) -> Take | None:
        return None if request.line == self._line else super().find(request, context, chain)

    def seed(self, request: LineRequest) -> int:
        return self._own_seed if request.line == self._line else super().seed(request)

    def keep(self, take: Take, codes: Sequence[Any], audio: Sequence[Any]) -> Take:
        origin: Origin = "rerolled" if take.asked.line == self._line else "spoken"
        return super().keep(replace(take, origin=origin), codes, audio)
