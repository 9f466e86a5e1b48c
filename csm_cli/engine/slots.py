"""What the host keeps of a request, and of the slot that it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from csm_cli.core.types import Codes, Utterance
from csm_cli.engine.prompt import Position, keys_of


@dataclass(eq=False)
class Request:
    """An utterance that was submitted.

    Attributes:
        prompt: what stands at each of its positions.
        output: frames generated before an interruption, int16 `[frames, codebooks]`; most often none.
    """

    ticket: int
    utterance: Utterance
    prompt: list[Position]
    output: Codes

    @cached_property
    def keys(self) -> np.ndarray:
        """A hash of each position of the prompt."""
        return keys_of(self.prompt)


@dataclass(eq=False)
class Slot:
    """A row of the state, as far as the host keeps track of it.

    Attributes:
        request: being generated; None: the slot is free.
        cached: what its KV cache holds, but for the frames of the request being generated.
        keys: a hash of each position of that.
        steps: frames computed since the request was admitted.
        frames: of the request, as far as the host has them; int16 `[K]` each.
    """

    request: Request | None = None
    cached: list[Position] = field(default_factory=list)
    keys: np.ndarray = field(default_factory=partial(np.zeros, 0, np.int64))
    steps: int = 0
    frames: list[Codes] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Positions in its KV cache at most: off the CPU, a line's end reaches the host a frame late."""
        return len(self.cached) + self.steps
