"""One chain on its way: its lines in order, each with the turns before it as context, each with its take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from csm_cli.core.types import Codes, Speech, Utterance
from csm_cli.rendering.context import drop_oldest
from csm_cli.rendering.line import LineInProgress, SpokenLine, StoredTake, wants_check
from csm_cli.rendering.options import DEFAULT_BATCH, DEFAULT_RETRIES, DEFAULT_TURNS, ReferenceMode
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.utterances import References, SpeakingEngine, Utterances
from csm_cli.takes import LineRequest, Take
from csm_cli.takes.lineage import ChainLineage, ContextTurn, TakeRepository
from csm_cli.verify import Candidate, Verdict, Verifier
from csm_cli.verify.codes import problems


@dataclass(frozen=True)
class SpeakConfig:
    """How chains are spoken.

    Args:
        batch: most lines spoken at once.
        turns: turns of each speaker kept as context.
        retries: tries of a part beyond the first.
        verifier: judges what is spoken.
        reference: how a voice's clip is used.
        ahead: whether the next piece is spoken while the last is decoded and judged.
    """

    batch: int = DEFAULT_BATCH
    turns: int = DEFAULT_TURNS
    retries: int = DEFAULT_RETRIES
    verifier: Verifier = field(default_factory=Verifier)
    reference: ReferenceMode = "before"
    ahead: bool = True


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
        self._utterances = Utterances(engine, work.references, config.turns, config.reference)
        self._turns: list[ContextTurn] = []
        self._rest = deque(work.chain.lines)
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
            if not self._rest:
                break
            planned = self._rest.popleft()
            request = planned.request
            if not request.parts:
                self._lineage.settle(request, None)
                yield self._settled(SpokenLine(planned, None, rendered=False))
                continue
            window, self._turns = self._utterances.window(planned, self._turns)
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
        found, self._context = self._utterances.next_of(self._line)
        return found

    def forecast(self, speech: Speech) -> Utterance | None:
        """What `utterance` gives after the last one's speech is judged, if its codes are all that decides.

        None at the end of the chain, and where a take may be there already.

        Raises:
            UsageError: a voice leaves no room for its line.
        """
        assert self._line is not None
        line, silence = self._line.copy(), np.zeros(0, dtype=np.float32)
        faults = problems(speech, line.text)
        candidate = line.candidate(speech, silence, self._engine.sample_rate, self._context_takes())
        line.receive(replace(candidate, verdict=Verdict(faults, float(len(faults)))))
        if not line.done:
            return self._utterances.next_of(line)[0]
        planned = next((each for each in self._rest if each.request.parts), None)
        if planned is None or self._repository.may_find(planned.request):
            return None
        turns = self._turns_after(line.request, line.take(self._engine.sample_rate), line.codes())
        window, _ = self._utterances.window(planned, turns)
        seed = self._repository.seed(planned.request)
        following = LineInProgress(planned, window, self._config.retries, seed)
        return self._utterances.next_of(following)[0]

    def receive(self, speech: Speech, audio: np.ndarray) -> None:
        """Take what was spoken for the last `utterance`: audio is float32 `[samples]`."""
        self._spoken = speech, audio

    def candidates(self) -> list[Candidate]:
        """What waits to be judged."""
        if self._stored is not None:
            return list(self._stored.candidates)
        assert self._line is not None and self._spoken is not None
        return [self._line.candidate(*self._spoken, self._engine.sample_rate, self._context_takes())]

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
        """All lines, once done, with their takes on the disk; those that have become stale are marked."""
        self._repository.wait()
        return [self._closed(line) for line in self.lines]

    def _closed(self, line: SpokenLine) -> SpokenLine:
        if line.take is None:
            return line
        store = self._repository.store
        take = (store.peek(line.take.id) if line.rendered else None) or line.take
        kept = take.kept_for(line.planned.request.place)
        return replace(line, take=take, stale=not kept and self._lineage.gone(store, take.context))

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
        self._turns = self._turns_after(request, take, codes)
        self._utterances.forget_all_but(self._turns)

    def _turns_after(self, request: LineRequest, take: Take, codes: Sequence[Codes]) -> list[ContextTurn]:
        """The turns that later lines may have, with those of a take."""
        return drop_oldest([*self._turns, *self._repository.turns(request, take, codes)], self._config.turns)

    def _context_takes(self) -> list[str]:
        """The takes in the context of the last utterance."""
        return [turn.take for turn in self._context if turn.take]
