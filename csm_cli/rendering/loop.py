"""The loop that speaks chains: one line of each at a time, side by side.

A chain asks for its next line, or for a new try, as soon as the last has been spoken, beside the other
chains' lines: nobody waits for the slowest, and nothing is ever tried again alone. The first chains run
first, so that chapters are finished, written and forgotten in order and memory does not grow with the book. A
line whose take is there already is not spoken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from csm_cli.core.errors import UsageError
from csm_cli.engine import Codes, Segment, Speech, Utterance
from csm_cli.rendering.cast import References
from csm_cli.rendering.context import DEFAULT_TURNS, ContextTurn, choose_context
from csm_cli.rendering.known_take import StoredTake, wants_check
from csm_cli.rendering.line import RETRIES, LineInProgress, SpokenLine, turns_of_try
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.rendering.progress import Progress
from csm_cli.takes import LineRequest, Take
from csm_cli.takes.lineage import Lines
from csm_cli.takes.repository import TakeRepository
from csm_cli.verify import Candidate, Verdict, Verifier
from csm_cli.verify.codes import frame_cap

ReferenceMode = Literal["before", "continue"]
"""How a voice's clip is heard: as a turn before all others, or as sound that the line itself goes on from."""


class BatchScheduler(Protocol):
    """Lines spoken side by side; a finished one makes room for the next at once."""

    def submit(self, utterance: Utterance, /) -> int:
        """Queue a line; its ticket."""

    def poll(self) -> list[tuple[int, Speech]]:
        """Speak until a line is finished, or several at once."""


class Speaker(Protocol):
    """What the loop needs of an engine."""

    @property
    def max_positions(self) -> int:
        """Positions for prompt, context and frames together."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    def positions(self, segments: tuple[Segment, ...], utterance: Utterance | None = None, /) -> int:
        """Positions that the segments, and the utterance's prompt, take up."""

    def scheduler(self, count: int, /) -> BatchScheduler:
        """Room to speak `count` lines side by side."""

    def decode(self, codes: list[Codes], /) -> list[np.ndarray]:
        """float32 mono `[samples]` for each."""

    def encode(self, audio: np.ndarray, /) -> Codes:
        """float32 mono `[samples]` to codes."""


@dataclass(frozen=True, eq=False)
class Work:
    """A chain to speak.

    Args:
        chain: the lines, in order.
        asked: what each of them is asked for.
        references: of its voices.
        desk: where its takes are.
    """

    chain: Chain
    asked: Sequence[LineRequest]
    references: References
    desk: TakeRepository


@dataclass(frozen=True)
class SpeakConfig:
    """How chains are spoken.

    Args:
        batch: most lines spoken at once.
        turns: turns of each speaker kept as context.
        retries: tries of a part beyond the first.
        verifier: judges what is spoken.
        reference: how a voice's clip is heard.
    """

    batch: int = 16
    turns: int = DEFAULT_TURNS
    retries: int = RETRIES
    verifier: Verifier = field(default_factory=Verifier)
    reference: ReferenceMode = "before"


class ChainInProgress:
    """One chain on its way: the line being spoken, and what has been heard before it."""

    def __init__(self, work: Work, engine: Speaker, manner: SpeakConfig):
        self.chain, self._desk = work.chain, work.desk
        self.spoken: list[SpokenLine] = []
        self._engine, self._manner = engine, manner
        self._references = {key: ContextTurn(segment, "") for key, segment in work.references.items()}
        self._heard: list[ContextTurn] = []
        self._costs: dict[int, tuple[ContextTurn, int]] = {}
        self._rest = iter(zip(work.chain.lines, work.asked, strict=True))
        self._lines = Lines({asked.slot for asked in work.asked})
        self._line: LineInProgress | None = None
        self._known: StoredTake | None = None
        self._context: tuple[ContextTurn, ...] = ()
        self._spoken: tuple[Speech, np.ndarray] | None = None
        self._told: tuple[LineInProgress | None, int] = None, 0

    def advance(self) -> Iterator[SpokenLine]:
        """Move on to the next line that has to be spoken or checked; give the lines finished by that."""
        while self._known is None and (self._line is None or self._line.done):
            if self._line is not None:
                yield self._finished(self._line)
                self._line = None
            planned, asked = next(self._rest, (None, None))
            if planned is None or asked is None:
                break
            if not asked.parts:
                self._lines.settle(asked, None)
                yield self._note(SpokenLine(planned, None, rendered=False))
                continue
            window = self._window(planned, asked)
            take = self._desk.find(asked, [turn.take for turn in window], self._lines)
            if take is None:
                self._line = LineInProgress(
                    planned, asked, window, self._manner.retries, self._desk.seed(asked)
                )
            elif wants_check(take, self._manner.verifier.checks, self._manner.retries):
                self._known = StoredTake.read(planned, asked, window, take, self._desk.store)
            else:
                yield self._found(planned, asked, take)

    @property
    def done(self) -> bool:
        """Whether every line has its take."""
        return self._line is None and self._known is None

    @property
    def speaking(self) -> bool:
        """Whether a request is waiting; if not, a take that was there waits to be judged."""
        return self._line is not None

    def skip(self) -> PlannedLine:
        """Go on without the line that waits, as if nobody would hear it; gives that line."""
        waiting = self._known or self._line
        assert waiting is not None
        self._known = self._line = None
        self._lines.settle(waiting.asked, None)
        return waiting.planned

    def request(self) -> Utterance:
        """What the chain wants spoken next."""
        assert self._line is not None
        line = self._line
        turns = turns_of_try(self._manner.turns, line.number)
        bare = self._bare(line.planned, line.asked, line.text, line.seed)
        self._context = self._choose(line.planned, bare, [*line.window, *line.own()], turns)
        return replace(bare, context=tuple(turn.segment for turn in self._context))

    def receive(self, speech: Speech, audio: np.ndarray) -> None:
        """Take what was spoken for the last request."""
        self._spoken = speech, audio

    def readings(self) -> list[Candidate]:
        """What waits to be judged."""
        if self._known is not None:
            return self._known.readings()
        assert self._line is not None and self._spoken is not None
        speech, audio = self._spoken
        rate, voice = self._engine.sample_rate, self._line.asked.voice.name
        return [Candidate(self._line.text, speech.codes, speech.ended, audio, rate, voice)]

    def judged(self, verdicts: Sequence[Verdict]) -> SpokenLine | None:
        """Take the verdicts on `readings()`; give the line that is settled by that."""
        if self._known is None:
            assert self._line is not None and self._spoken is not None
            heard = [turn.take for turn in self._context if turn.take]
            self._line.receive(*self._spoken, verdicts[0], heard)
            return None
        known, self._known = self._known, None
        take = known.judged(verdicts, self._manner.verifier.checks)
        if not wants_check(take, self._manner.verifier.checks, self._manner.retries):
            return self._found(known.planned, known.asked, self._desk.store.add_findings(take))
        self._line = known.again(verdicts, self._manner.retries)
        return None

    def _found(self, planned: PlannedLine, asked: LineRequest, take: Take) -> SpokenLine:
        """A line whose take was there."""
        self._settle(asked, take, self._desk.codes(take, self._engine) if take.accepted else [])
        return self._note(SpokenLine(planned, take, rendered=False))

    def sounds(self, take: Take) -> list[np.ndarray]:
        """The parts of a take that was there."""
        return self._desk.store.audio(take)

    def tell_sounds(self, progress: Progress) -> None:
        """Tell of the pieces of the line being spoken that were kept since the last time."""
        if self._line is None:
            return
        kept = self._line.audio()
        told = self._told[1] if self._told[0] is self._line else 0
        for sound in kept[told:]:
            progress.sound(self._line.planned, sound)
        self._told = self._line, len(kept)

    def close(self) -> list[SpokenLine]:
        """All lines, once done, with their takes on the disk and what has become stale marked."""
        self._desk.finish()
        return [self._closed(line) for line in self.spoken]

    def _closed(self, line: SpokenLine) -> SpokenLine:
        if line.take is None:
            return line
        store = self._desk.store
        take = (store.peek(line.take.id) if line.rendered else None) or line.take
        return replace(line, take=take, stale=self._lines.gone(store, take.context))

    def _finished(self, line: LineInProgress) -> SpokenLine:
        take = self._desk.keep(line, self._engine.sample_rate)
        self._settle(line.asked, take, line.codes())
        return self._note(SpokenLine(line.planned, take))

    def _note(self, line: SpokenLine) -> SpokenLine:
        self.spoken.append(line)
        return line

    def _settle(self, asked: LineRequest, take: Take, codes: Sequence[Codes]) -> None:
        self._lines.settle(asked, take.id)
        self._heard += self._desk.turns(asked, take, codes)
        # Beyond the quota of its speaker no turn is ever heard again.
        quota: Counter[int] = Counter()
        kept = []
        for turn in reversed(self._heard):
            quota[turn.speaker] += 1
            if quota[turn.speaker] <= self._manner.turns:
                kept.append(turn)
        self._heard = kept[::-1]
        alive = {id(turn) for turn in self._heard}
        self._costs = {key: cost for key, cost in self._costs.items() if key in alive}

    def _window(self, planned: PlannedLine, asked: LineRequest) -> tuple[ContextTurn, ...]:
        bare = self._bare(planned, asked, asked.parts[0], asked.seed)
        chosen = self._choose(planned, bare, self._heard, asked.turns)
        return tuple(turn for turn in chosen if turn.take)

    def _bare(self, planned: PlannedLine, asked: LineRequest, text: str, seed: int) -> Utterance:
        """The utterance without its context; the lead, where lines continue their voice's clip."""
        reference = self._references.get((planned.tag, planned.voice))
        lead = reference.segment if reference and self._manner.reference == "continue" else None
        return Utterance(
            asked.voice.tag, text, seed=seed, max_frames=frame_cap(text), sampler=asked.sampler, lead=lead
        )

    def _choose(
        self, planned: PlannedLine, bare: Utterance, heard: Sequence[ContextTurn], turns: int
    ) -> tuple[ContextTurn, ...]:
        room = self._engine.max_positions - bare.max_frames - self._engine.positions((), bare)
        reference = None if bare.lead else self._references.get((planned.tag, planned.voice))
        try:
            if bare.lead and room < 0:
                raise ValueError(f"{-room} positions too few")
            return choose_context(reference, heard, self._cost, room, turns)
        except ValueError as error:
            raise _reference_too_long(planned, error) from error

    def _cost(self, turn: ContextTurn) -> int:
        known = self._costs.get(id(turn))
        if known is None or known[0] is not turn:
            known = self._costs[id(turn)] = (turn, self._engine.positions((turn.segment,)))
        return known[1]


def speak_chains(
    engine: Speaker, works: Iterable[Work | None], manner: SpeakConfig, progress: Progress
) -> Iterator[tuple[Chain, list[SpokenLine]]]:
    """Speak chains; each is given back, with its lines, as soon as it is complete.

    Args:
        engine: speaks.
        works: in the order in which they should be finished. None: nothing more just now, ask again after
            the next take; asked while nothing is being spoken, it should wait instead.
        manner: how.
        progress: hears of every finished line.

    Raises:
        CsmError: a take cannot be kept, a voice leaves no room for its line.
    """
    queue = iter(works)
    speaking = Speaking(engine, manner.batch)
    active: list[ChainInProgress] = []
    more = True
    while more or active:
        lull = False
        while more and not lull and len(active) < manner.batch:
            try:
                work = next(queue)
            except StopIteration:
                more = False
                break
            lull = work is None
            if work is not None:
                active.append(ChainInProgress(work, engine, manner))
        for state in tuple(active):
            for line in state.advance():
                _tell(progress, state, line)
            if state.done:
                active.remove(state)
                yield state.chain, state.close()
        if active and (len(active) == manner.batch or lull or not more):
            speaking.ask(state for state in active if state.speaking)
            ready = [state for state in active if not state.speaking] or speaking.take()
            readings = [state.readings() for state in ready]
            verdicts = iter(manner.verifier.judge([reading for each in readings for reading in each]))
            for state, each in zip(ready, readings, strict=True):
                settled = state.judged([next(verdicts) for _ in each])
                if progress.listening:
                    state.tell_sounds(progress)
                if settled is not None:
                    _tell(progress, state, settled)


def _tell(progress: Progress, state: ChainInProgress, line: SpokenLine) -> None:
    if progress.listening and line.take is not None and not line.rendered:
        for sound in state.sounds(line.take):
            progress.sound(line.planned, sound)
    progress.line(line)


class Speaking:
    """The pieces being spoken, and the chains they belong to: one of each chain at a time.

    Args:
        engine: speaks.
        count: pieces spoken at once.
    """

    def __init__(self, engine: Speaker, count: int):
        self._engine, self._count = engine, count
        self._owners: dict[int, ChainInProgress] = {}

    @cached_property
    def _slots(self) -> BatchScheduler:
        """Made when first needed: where all takes are there, nothing is ever spoken."""
        return self._engine.scheduler(self._count)

    def ask(self, states: Iterable[ChainInProgress]) -> None:
        """Let the next piece of each chain be spoken; one that is being spoken goes on."""
        asked = {id(state) for state in self._owners.values()}
        for state in states:
            if id(state) not in asked:
                self._owners[self._slots.submit(state.request())] = state

    def take(self) -> list[ChainInProgress]:
        """Wait until something is spoken; the chains that have received it."""
        done = self._slots.poll()
        sounds = self._engine.decode([speech.codes for _, speech in done])
        states = [self._owners.pop(ticket) for ticket, _ in done]
        for state, (_, speech), sound in zip(states, done, sounds, strict=True):
            state.receive(speech, sound)
        return states


def _reference_too_long(line: PlannedLine, error: ValueError) -> UsageError:
    return UsageError(
        f"the voice {line.voice} leaves no room for the line ({error})",
        where=str(line.line.source),
        remedy="register a shorter reference recording; 5 to 20 seconds are enough",
    )
