"""The loop that speaks chains: one line of each at a time, as a batch.

A chain that waits for a new try of its line simply asks again in the next batch, beside the other chains'
next lines: nothing is ever tried again alone. The first chains run first, so that chapters are finished,
written and forgotten in order and memory does not grow with the book.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from csm_cli.engine import Sampler, Segment, Speech, Utterance
from csm_cli.errors import UsageError
from csm_cli.render.cast import References
from csm_cli.render.checks import frame_cap
from csm_cli.render.context import choose_context
from csm_cli.render.plan import Chain, PlannedLine
from csm_cli.render.progress import Progress
from csm_cli.render.takes import LineInProgress, SpokenLine


class Speaker(Protocol):
    """What the loop needs of an engine."""

    @property
    def max_positions(self) -> int:
        """Positions for prompt, context and frames together."""

    def positions(self, segments: tuple[Segment, ...], utterance: Utterance | None = None) -> int:
        """Positions that the segments, and the utterance's prompt, take up."""

    def speak(self, utterances: list[Utterance]) -> list[Speech]:
        """Speak a batch."""


class ChainInProgress:
    """One chain on its way: the line being spoken, and what has been heard before it."""

    def __init__(self, chain: Chain, references: References, turns: int):
        self.chain = chain
        self.spoken: list[SpokenLine] = []
        self._references = references
        self._turns = turns
        self._heard: list[Segment] = []
        self._costs: dict[int, int] = {}
        self._rest = iter(chain.lines)
        self._line: LineInProgress | None = None

    def advance(self) -> list[SpokenLine]:
        """Move on to the next line that has something to say; return the lines finished by that."""
        finished = []
        while self._line is None or self._line.done:
            if self._line is not None:
                finished.append(self._line.finished())
            planned = next(self._rest, None)
            self._line = None if planned is None else LineInProgress(planned)
            if planned is None:
                break
        self.spoken += finished
        return finished

    @property
    def done(self) -> bool:
        """Whether every line has been spoken."""
        return self._line is None

    def request(self, engine: Speaker, sampler: Sampler) -> Utterance:
        """What the chain wants spoken next."""
        assert self._line is not None
        line, text = self._line, self._line.text
        if (temperature := line.planned.line.settings.temperature) is not None:
            sampler = replace(sampler, temperature=temperature, depth_temperature=None)
        bare = Utterance(line.planned.tag, text, seed=line.seed, max_frames=frame_cap(text), sampler=sampler)
        room = engine.max_positions - bare.max_frames - engine.positions((), bare)
        try:
            context = choose_context(
                self._references.get((line.planned.tag, line.planned.voice)),
                () if line.planned.line.settings.context is False else self._heard,
                lambda segment: self._cost(engine, segment),
                room,
                self._turns,
            )
        except ValueError as error:
            raise _reference_too_long(line.planned, error) from error
        return Utterance(bare.speaker, text, context, bare.seed, bare.max_frames, sampler)

    def receive(self, speech: Speech) -> None:
        """Take what was spoken for the last request."""
        assert self._line is not None
        if segment := self._line.receive(speech):
            self._heard.append(segment)

    def _cost(self, engine: Speaker, segment: Segment) -> int:
        if id(segment) not in self._costs:  # segments live as long as the chain, so their ids are theirs
            self._costs[id(segment)] = engine.positions((segment,))
        return self._costs[id(segment)]


def speak_chains(
    engine: Speaker,
    chains: Iterable[tuple[Chain, References]],
    sampler: Sampler,
    *,
    batch: int,
    turns: int,
    progress: Progress,
) -> Iterator[tuple[Chain, list[SpokenLine]]]:
    """Speak chains; each is given back, with its lines, as soon as it is complete.

    Args:
        engine: speaks.
        chains: in the order in which they should be finished; each with the references of its voices.
        sampler: how codes are drawn.
        batch: most lines spoken at once.
        turns: turns of each speaker kept as context.
        progress: hears of every finished line.
    """
    waiting = deque(ChainInProgress(chain, references, turns) for chain, references in chains)
    active: list[ChainInProgress] = []
    while waiting or active:
        while waiting and len(active) < batch:
            active.append(waiting.popleft())
        for state in tuple(active):
            for line in state.advance():
                progress.line(line)
            if state.done:
                active.remove(state)
                yield state.chain, state.spoken
        if active and (len(active) == batch or not waiting):
            speeches = engine.speak([state.request(engine, sampler) for state in active])
            for state, speech in zip(active, speeches, strict=True):
                state.receive(speech)


def _reference_too_long(line: PlannedLine, error: ValueError) -> UsageError:
    return UsageError(
        f"the voice {line.voice} leaves no room for the line ({error})",
        where=str(line.line.source),
        remedy="register a shorter reference recording; 5 to 20 seconds are enough",
    )
