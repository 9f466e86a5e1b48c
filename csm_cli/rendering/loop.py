"""The loop that speaks chains: one line of each at a time, side by side.

The next line of a chain, or a new try, is submitted as soon as the last has been spoken, beside the lines
of other chains: nothing waits for the slowest line, and nothing is tried again alone. The first chains
run first, so that chapters are finished, written and forgotten in order and memory does not grow with the
book. A line whose take is there already is not spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from csm_cli.core.errors import CsmError
from csm_cli.core.types import Speech, Utterance
from csm_cli.rendering.chain import ChainInProgress, SpeakConfig, Work
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.utterances import SpeakingEngine

if TYPE_CHECKING:
    from csm_cli.engine.decoding import LineDecoder


class Scheduler(Protocol):
    """Lines spoken side by side; a finished one makes room for the next at once."""

    def submit(self, utterance: Utterance, /) -> int:
        """Queue a line; its ticket."""

    def cancel(self, ticket: int, /) -> None:
        """Give a line up, finished or not."""

    @property
    def unfinished(self) -> int:
        """Lines submitted and not yet returned."""

    def advance(self) -> list[tuple[int, Speech]]:
        """Generate one frame of every line; those that are finished by it."""


class BatchEngine(SpeakingEngine, Protocol):
    """What the loop needs of an engine."""

    def scheduler(self, count: int, /) -> Scheduler:
        """Room to speak `count` lines side by side."""

    def line_decoder(self) -> LineDecoder[Any]:
        """What decodes lines beside the scheduler: float32 mono `[samples]` of each."""


def speak_chains(
    engine: BatchEngine,
    works: Iterable[Work | None],
    config: SpeakConfig,
    between: Callable[[], None] = lambda: None,
    failed: Callable[[Work, Exception], None] | None = None,
) -> Iterator[tuple[Work, list[SpokenLine]]]:
    """Speak chains; each is given back, with its lines, as soon as it is complete.

    Args:
        engine: speaks.
        works: in the order in which they should be finished. None: nothing more just now; the next is taken
            after the next take. While nothing is being spoken, the iterator should wait instead.
        config: how.
        between: called after each take, or several at once.
        failed: called with a work that cannot be gone on with, and why. The chains with its key are given up,
            and the others go on; what it raises ends all. None: the fault is raised.

    Raises:
        CsmError: a take cannot be kept, a voice leaves no room for its line; see `failed`.
    """
    queue = iter(works)
    speaking = _Speaking(engine, config.batch, config.ahead)
    active: list[ChainInProgress] = []

    def give_up(chain: ChainInProgress, fault: Exception) -> None:
        if failed is None:
            raise fault
        failed(chain.work, fault)
        for each in [each for each in active if each.work.key is chain.work.key]:
            active.remove(each)
            speaking.drop(each)

    more = True
    while more or active:
        between()
        lull = False
        while more and not lull and len(active) < config.batch:
            try:
                work = next(queue)
            except StopIteration:
                more = False
                break
            lull = work is None
            if work is not None:
                active.append(ChainInProgress(work, engine, config))
        for chain in _still(active):
            lines = None
            try:
                for line in chain.advance():
                    chain.report_line(line)
                if chain.done:
                    lines = chain.close()
            except (CsmError, OSError) as fault:
                give_up(chain, fault)
            if lines is not None:
                active.remove(chain)
                speaking.leave(chain)
                yield chain.work, lines
        if active and (len(active) == config.batch or lull or not more):
            for chain in _still(active):
                try:
                    if chain.speaking:
                        speaking.submit(chain)
                except CsmError as fault:
                    give_up(chain, fault)
            ready = [chain for chain in active if not chain.speaking] or speaking.poll()
            candidates = [chain.candidates() for chain in ready]
            verdicts = iter(config.verifier.judge([each for some in candidates for each in some]))
            for chain, some in zip(ready, candidates, strict=True):
                own = [next(verdicts) for _ in some]
                if chain not in active:
                    continue
                try:
                    settled = chain.judged(some, own)
                    if chain.work.progress.listening:
                        chain.report_sounds()
                    if settled is not None:
                        chain.report_line(settled)
                except (CsmError, OSError) as fault:
                    give_up(chain, fault)


def _still(active: list[ChainInProgress]) -> Iterator[ChainInProgress]:
    """Each of the chains, if it is still among them when its turn comes."""
    return (chain for chain in tuple(active) if chain in active)


@dataclass
class _Ahead:
    """An utterance that is spoken before it is certain; `speech` when it has been."""

    utterance: Utterance
    ticket: int
    speech: Speech | None = None


class _Speaking:
    """The pieces being spoken, and the chains they belong to: one of each chain at a time.

    While a piece is decoded and judged, the one that most likely follows is spoken already, in the slot that
    has become free. If another follows, that one is given up.

    Args:
        engine: speaks.
        count: pieces spoken at once.
        ahead: whether to do so.
    """

    def __init__(self, engine: BatchEngine, count: int, ahead: bool):
        self._engine, self._count, self._wanted = engine, count, ahead
        self._owners: dict[int, ChainInProgress] = {}
        self._busy: set[ChainInProgress] = set()
        self._ahead: dict[ChainInProgress, _Ahead] = {}

    @cached_property
    def _decoder(self) -> LineDecoder[tuple[ChainInProgress, Speech]]:
        return self._engine.line_decoder()

    @cached_property
    def _scheduler(self) -> Scheduler:
        """Made when first needed: where all takes are there, nothing is ever spoken."""
        return self._engine.scheduler(self._count)

    def submit(self, chain: ChainInProgress) -> None:
        """Let the next piece of a chain be spoken; one that is being spoken goes on.

        Raises:
            UsageError: a voice leaves no room for its line.
        """
        if chain not in self._busy:
            utterance = chain.utterance()
            self._busy.add(chain)
            self._begin(chain, utterance)

    def _begin(self, chain: ChainInProgress, utterance: Utterance) -> None:
        ahead = self._ahead.pop(chain, None)
        if ahead is not None and utterance.says_the_same(ahead.utterance):
            if ahead.speech is None:
                self._owners[ahead.ticket] = chain
            else:
                self._spoken(chain, ahead.speech)
            return
        if ahead is not None:
            self._scheduler.cancel(ahead.ticket)
        self._owners[self._scheduler.submit(utterance)] = chain

    def _spoken(self, chain: ChainInProgress, speech: Speech) -> None:
        """Have it decoded, and what follows spoken meanwhile."""
        self._decoder.submit([((chain, speech), speech.codes)])
        if self._wanted and self._decoder.beside and (following := _forecast(chain, speech)):
            self._ahead[chain] = _Ahead(following, self._scheduler.submit(following))

    def leave(self, chain: ChainInProgress) -> None:
        """A chain is done."""
        if (ahead := self._ahead.pop(chain, None)) is not None:
            self._scheduler.cancel(ahead.ticket)

    def drop(self, chain: ChainInProgress) -> None:
        """A chain is given up, whatever of it is being spoken."""
        self.leave(chain)
        self._busy.discard(chain)
        for ticket in [ticket for ticket, owner in self._owners.items() if owner is chain]:
            del self._owners[ticket]
            self._scheduler.cancel(ticket)

    def poll(self) -> list[ChainInProgress]:
        """Wait until something is spoken and decoded; the chains that have received it."""
        while self._busy:
            decoded = self._decoder.finished(patient=not self._scheduler.unfinished)
            wanted = [each for each in decoded if each[0][0] in self._busy]  # the others were dropped
            for (chain, speech), sound in wanted:
                self._busy.remove(chain)
                chain.receive(speech, sound)
            if wanted:
                return [chain for (chain, _), _ in wanted]
            for ticket, speech in self._scheduler.advance() if self._scheduler.unfinished else ():
                if ticket in self._owners:
                    self._spoken(self._owners.pop(ticket), speech)
                else:
                    (early,) = (each for each in self._ahead.values() if each.ticket == ticket)
                    early.speech = speech
        return []


def _forecast(chain: ChainInProgress, speech: Speech) -> Utterance | None:
    try:
        return chain.forecast(speech)
    except CsmError:  # it is raised again, if that line is really next
        return None
