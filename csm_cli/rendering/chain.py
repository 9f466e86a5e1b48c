"""One chain on its way: its lines in order, each with the turns before it as context, each with its take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from csm_cli.core.errors import UsageError
from csm_cli.core.types import Codes, Segment, Speech, Utterance
from csm_cli.rendering.context import choose_context, drop_oldest
from csm_cli.rendering.line import LineInProgress, SpokenLine, StoredTake, turns_of_try, wants_check
from csm_cli.rendering.options import DEFAULT_BATCH, DEFAULT_RETRIES, DEFAULT_TURNS, ReferenceMode
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.rendering.progress import Progress
from csm_cli.takes import LineRequest, Take
from csm_cli.takes.lineage import ChainLineage, ContextTurn, TakeRepository
from csm_cli.verify import Candidate, Verdict, Verifier
from csm_cli.verify.codes import frame_cap

References = Mapping[tuple[int, str], Segment]
"""The references of voices, by the speaker tag and the voice of the line."""


class SpeakingEngine(Protocol):
    """What a chain needs of an engine; `speak_chains` needs more of it."""

    @property
    def max_positions(self) -> int:
        """Positions for prompt, context and frames together."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of its audio."""

    def positions(self, segments: tuple[Segment, ...], utterance: Utterance | None = None, /) -> int:
        """Positions that the segments, and the utterance's prompt, take up."""

    def encode(self, audio: np.ndarray, /) -> Codes:
        """float32 mono `[samples]` to codes."""


@dataclass(frozen=True)
class SpeakConfig:
    """How chains are spoken.

    Args:
        batch: most lines spoken at once.
        turns: turns of each speaker kept as context.
        retries: tries of a part beyond the first.
        verifier: judges what is spoken.
        reference: how a voice's clip is used.
    """

    batch: int = DEFAULT_BATCH
    turns: int = DEFAULT_TURNS
    retries: int = DEFAULT_RETRIES
    verifier: Verifier = field(default_factory=Verifier)
    reference: ReferenceMode = "before"


@dataclass(frozen=True, eq=False)
class Work:
    """A chain to speak.

    Args:
        chain: the lines, in order.
        references: of its voices.
        repository: where its takes are.
        progress: what is reported of its lines.
        key: distinguishes chains, for whoever ordered them.
    """

    chain: Chain
    references: References
    repository: TakeRepository
    progress: Progress = field(default_factory=Progress)
    key: Any = None


class ChainInProgress:
    """A chain, the line of it that is being spoken, and the turns before that line.

    `advance` to the next line that has to be spoken or judged; for the one, `utterance` and `receive`, for
    both `candidates` and `judged`; `close` when `done`.
    """

    def __init__(self, work: Work, engine: SpeakingEngine, config: SpeakConfig):
        self.work = work
        self.lines: list[SpokenLine] = []
        self._engine, self._config, self._repository = engine, config, work.repository
        self._references = {key: ContextTurn(segment, "") for key, segment in work.references.items()}
        self._turns: list[ContextTurn] = []
        self._costs: dict[ContextTurn, int] = {}
        self._rest = iter(work.chain.lines)
        self._lineage = ChainLineage({line.request.slot for line in work.chain.lines})
        self._line: LineInProgress | None = None
        self._stored: StoredTake | None = None
        self._context: tuple[ContextTurn, ...] = ()
        self._spoken: tuple[Speech, np.ndarray] | None = None
        self._reported: tuple[LineInProgress | None, int] = None, 0

    def advance(self) -> Iterator[SpokenLine]:
        """Move on to the next line that has to be spoken or judged; give the lines finished by that."""
        while self._stored is None and (self._line is None or self._line.done):
            if self._line is not None:
                yield self._finished(self._line)
                self._line = None
            planned = next(self._rest, None)
            if planned is None:
                break
            request = planned.request
            if not request.parts:
                self._lineage.settle(request, None)
                yield self._settled(SpokenLine(planned, None, rendered=False))
                continue
            window = self._window(planned)
            take = self._repository.find(request, [turn.take for turn in window], self._lineage)
            retries = self._config.retries
            if take is None:
                seed = self._repository.seed(request)
                self._line = LineInProgress(planned, window, retries, seed)
            elif wants_check(take, self._config.verifier.checks, retries):
                line = LineInProgress(planned, window, retries)
                self._stored = StoredTake.read(line, take, self._repository.store)
            else:
                yield self._found(planned, take)

    @property
    def done(self) -> bool:
        """Whether every line has its take."""
        return self._line is None and self._stored is None

    @property
    def speaking(self) -> bool:
        """Whether a line waits to be spoken; if not, a take that was there waits to be judged."""
        return self._line is not None

    def skip(self) -> PlannedLine:
        """Go on without the line that waits, as if it were no context of any other; gives that line."""
        waiting = self._stored.line if self._stored else self._line
        assert waiting is not None
        self._stored = self._line = None
        self._lineage.settle(waiting.request, None)
        return waiting.planned

    def utterance(self) -> Utterance:
        """What is to be spoken next."""
        assert self._line is not None
        line = self._line
        turns = turns_of_try(self._config.turns, line.number)
        bare = self._bare(line.planned, line.text, line.seed)
        self._context = self._choose(line.planned, bare, [*line.window, *line.own_turns()], turns)
        return replace(bare, context=tuple(turn.segment for turn in self._context))

    def receive(self, speech: Speech, audio: np.ndarray) -> None:
        """Take what was spoken for the last `utterance`: audio is float32 `[samples]`."""
        self._spoken = speech, audio

    def candidates(self) -> list[Candidate]:
        """What waits to be judged."""
        if self._stored is not None:
            return list(self._stored.candidates)
        assert self._line is not None and self._spoken is not None
        context = [turn.take for turn in self._context if turn.take]
        return [self._line.candidate(*self._spoken, self._engine.sample_rate, context)]

    def judged(self, candidates: Sequence[Candidate], verdicts: Sequence[Verdict]) -> SpokenLine | None:
        """Take the verdicts on `candidates()`; give the line that is settled by that."""
        if self._stored is None:
            assert self._line is not None
            self._line.receive(replace(candidates[0], verdict=verdicts[0]))
            return None
        stored, self._stored = self._stored, None
        take = stored.judged(verdicts, self._config.verifier.checks)
        if not wants_check(take, self._config.verifier.checks, self._config.retries):
            take = self._repository.store.add_findings(take)
            return self._found(stored.line.planned, take)
        self._line = stored.again(verdicts)
        return None

    def report_sounds(self) -> None:
        """Report the pieces of the line being spoken that were kept since the last time."""
        if self._line is None:
            return
        kept = self._line.audio()
        before = self._reported[1] if self._reported[0] is self._line else 0
        for sound in kept[before:]:
            self.work.progress.sound(self._line.planned, sound)
        self._reported = self._line, len(kept)

    def report_line(self, line: SpokenLine) -> None:
        """Report a finished line; of a take that was there its sound as well, if that is wanted."""
        progress = self.work.progress
        if progress.listening and line.take is not None and not line.rendered:
            for sound in self._repository.store.audio(line.take):
                progress.sound(line.planned, sound)
        progress.line(line)

    def close(self) -> list[SpokenLine]:
        """All lines, once done, with their takes on the disk and what has become stale marked."""
        self._repository.wait()
        return [self._closed(line) for line in self.lines]

    def _closed(self, line: SpokenLine) -> SpokenLine:
        if line.take is None:
            return line
        store = self._repository.store
        take = (store.peek(line.take.id) if line.rendered else None) or line.take
        return replace(line, take=take, stale=self._lineage.gone(store, take.context))

    def _found(self, planned: PlannedLine, take: Take) -> SpokenLine:
        """A line whose take was there."""
        codes = self._repository.codes(take, self._engine) if take.accepted else []
        self._lend(planned.request, take, codes)
        return self._settled(SpokenLine(planned, take, rendered=False))

    def _finished(self, line: LineInProgress) -> SpokenLine:
        codes = line.codes()
        take = self._repository.keep(line.take(self._engine.sample_rate), codes, line.audio())
        self._lend(line.request, take, codes)
        return self._settled(SpokenLine(line.planned, take))

    def _settled(self, line: SpokenLine) -> SpokenLine:
        self.lines.append(line)
        return line

    def _lend(self, request: LineRequest, take: Take, codes: Sequence[Codes]) -> None:
        """Let later lines have a take as context."""
        self._lineage.settle(request, take.id)
        turns = [*self._turns, *self._repository.turns(request, take, codes)]
        self._turns = drop_oldest(turns, self._config.turns)
        alive = set(self._turns)
        self._costs = {turn: cost for turn, cost in self._costs.items() if turn in alive}

    def _window(self, planned: PlannedLine) -> tuple[ContextTurn, ...]:
        request = planned.request
        bare = self._bare(planned, request.parts[0], request.seed)
        chosen = tuple(turn for turn in self._choose(planned, bare, self._turns, request.turns) if turn.take)
        if request.turns == self._config.turns and len(chosen) < len(self._turns):
            # No room for all: half of what there was room for, so that the next lines' prompts begin alike.
            self._turns = list(chosen[len(chosen) // 2 :])
            chosen = tuple(self._turns)
        return chosen

    def _bare(self, planned: PlannedLine, text: str, seed: int) -> Utterance:
        """The utterance without its context; the lead, where lines continue their voice's clip."""
        reference = self._references.get((planned.tag, planned.voice))
        lead = reference.segment if reference and self._config.reference == "continue" else None
        sampler = planned.request.sampler
        return Utterance(planned.tag, text, seed=seed, max_frames=frame_cap(text), sampler=sampler, lead=lead)

    def _choose(
        self, planned: PlannedLine, bare: Utterance, turns: Sequence[ContextTurn], most: int
    ) -> tuple[ContextTurn, ...]:
        room = self._engine.max_positions - bare.max_frames - self._engine.positions((), bare)
        reference = None if bare.lead else self._references.get((planned.tag, planned.voice))
        try:
            if bare.lead and room < 0:
                raise ValueError(f"{-room} positions too few")
            return choose_context(reference, turns, self._cost, room, most)
        except ValueError as error:
            raise _reference_too_long(planned, error) from error

    def _cost(self, turn: ContextTurn) -> int:
        if turn not in self._costs:
            self._costs[turn] = self._engine.positions((turn.segment,))
        return self._costs[turn]


def _reference_too_long(line: PlannedLine, error: ValueError) -> UsageError:
    return UsageError(
        f"the voice {line.voice} leaves no room for the line ({error})",
        where=str(line.line.source),
        remedy="register a shorter reference recording; 5 to 20 seconds are enough",
    )
