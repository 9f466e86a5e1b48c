"""What a rendering would find and have to speak: for a dry run, and to see whether a model is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csm_cli.engine import Codes
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.loop import ChainInProgress, SpeakConfig, Work
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.rendering.project import JobPlan
from csm_cli.rendering.requests import RequestFactory, identity_of
from csm_cli.takes import Take, TakeStore
from csm_cli.takes.lineage import Chooser
from csm_cli.takes.place import Place
from csm_cli.takes.repository import Encoder, TakeRepository
from csm_cli.takes.store import TakeWriter
from csm_cli.verify.codes import expected_seconds

if TYPE_CHECKING:
    from csm_cli.engine.lazy import LazyEngine


@dataclass(frozen=True)
class Surveyed:
    """What there is to do for a chain.

    Args:
        chain: the lines.
        cached: lines whose take is there.
        to_speak: lines that have to be spoken.
        cached_seconds: of the takes that are there.
        new_seconds: that the others should come to, pauses left out.
    """

    chain: Chain
    cached: int
    to_speak: int
    cached_seconds: float
    new_seconds: float

    @classmethod
    def unknown(cls, chain: Chain) -> Surveyed:
        """With nothing there."""
        return cls(chain, 0, sum(bool(line.parts) for line in chain.lines), 0.0, _expected(chain.lines))


class _ReadOnlyRepository(TakeRepository):
    """Only looks; a recording that was never encoded stays so."""

    def codes(self, take: Take, encoder: Encoder) -> list[Codes]:
        return self.store.codes(take)


def survey(plans: Sequence[JobPlan], options: RenderOptions, model: LazyEngine) -> Iterator[Surveyed]:
    """Look for the takes of each chain, in order. Writes nothing.

    Voices' clips are left out of what lines hear. That matters to no take but one that would be chosen among
    several by it. Checks that are new to a take are not made.

    Args:
        plans: made for this model.
        options: of the rendering.
        model: which would speak.
    """
    stores: dict[Place, TakeStore] = {}
    sampler, identity = options.sampler(model.default_sampler), identity_of(model)
    manner = SpeakConfig(options.batch, options.context_turns, options.retries, reference=options.reference)
    scripts = [plan.job.script for plan in plans]
    for plan in plans:
        job = plan.job
        store = stores.setdefault(job.takes, TakeStore(job.takes))
        asking = RequestFactory.of(job, identity, sampler, options.context_turns, options.reference)
        beside = tuple(name for name in scripts if name != job.script)
        with TakeWriter(store) as writer:
            desk = _ReadOnlyRepository(Chooser(store, options.lineage, options.fresh, beside), writer)
            for chain in plan.chains:
                state = ChainInProgress(Work(chain, asking.ask(chain), {}, desk), model, manner)
                yield _surveyed(chain, state)


def _surveyed(chain: Chain, state: ChainInProgress) -> Surveyed:
    there: list[SpokenLine] = []
    new: list[PlannedLine] = []
    while True:
        there += state.advance()
        if state.done:
            return Surveyed(
                chain,
                sum(line.take is not None for line in there),
                len(new),
                sum(line.seconds for line in there),
                _expected(new),
            )
        new.append(state.skip())


def _expected(lines: Iterable[PlannedLine]) -> float:
    return sum(expected_seconds(part) for line in lines for part in line.parts)
