"""The next utterance of a line: its text, seed and cap, and its context within the model's positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from csm_cli.core.errors import UsageError
from csm_cli.core.types import Codes, Segment, Utterance
from csm_cli.rendering.context import choose_context
from csm_cli.rendering.line import LineInProgress, turns_of_try
from csm_cli.rendering.options import ReferenceMode
from csm_cli.rendering.plan import PlannedLine
from csm_cli.takes.lineage import ContextTurn
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


class Utterances:
    """Makes the utterances of a chain.

    Args:
        engine: whose positions there are.
        references: of the voices.
        most: turns of each speaker that a line has as context.
        mode: how a voice's clip is used.
    """

    def __init__(self, engine: SpeakingEngine, references: References, most: int, mode: ReferenceMode):
        self._engine, self._most, self._mode = engine, most, mode
        self._references = {key: ContextTurn(segment, "") for key, segment in references.items()}
        self._costs: dict[ContextTurn, int] = {}

    def next_of(self, line: LineInProgress) -> tuple[Utterance, tuple[ContextTurn, ...]]:
        """The next utterance of a line, and its context.

        Raises:
            UsageError: its voice leaves no room for it.
        """
        turns = turns_of_try(self._most, line.number)
        bare = self._bare(line.planned, line.text, line.seed)
        context = self._choose(line.planned, bare, [*line.window, *line.own_turns()], turns)
        return replace(bare, context=tuple(turn.segment for turn in context)), context

    def window(
        self, planned: PlannedLine, turns: list[ContextTurn]
    ) -> tuple[tuple[ContextTurn, ...], list[ContextTurn]]:
        """Those of the turns that a line has as context, and those that are kept for it and later ones.

        Raises:
            UsageError: as `next_of`.
        """
        request = planned.request
        bare = self._bare(planned, request.parts[0], request.seed)
        chosen = tuple(turn for turn in self._choose(planned, bare, turns, request.turns) if turn.take)
        if request.turns < self._most or len(chosen) == len(turns):
            return chosen, turns
        # No room for all: half of what there was room for, so that the next lines' prompts begin alike.
        half = chosen[len(chosen) // 2 :]
        return half, list(half)

    def forget_all_but(self, turns: Iterable[ContextTurn]) -> None:
        """Keep what was computed for these turns alone."""
        kept = set(turns)
        self._costs = {turn: cost for turn, cost in self._costs.items() if turn in kept}

    def _bare(self, planned: PlannedLine, text: str, seed: int) -> Utterance:
        """The utterance without its context; the lead, where lines continue their voice's clip."""
        reference = self._references.get((planned.tag, planned.voice))
        lead = reference.segment if reference and self._mode == "continue" else None
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
