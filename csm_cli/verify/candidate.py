"""What is checked, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from csm_cli.core.types import Codes


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Args:
        reasons: what speaks against it, in plain words; empty for a good reading.
        badness: orders bad readings; 0 is perfect.
        scores: the figures, by name.
    """

    reasons: tuple[str, ...] = ()
    badness: float = 0.0
    scores: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            self.reasons + other.reasons, self.badness + other.badness, {**self.scores, **other.scores}
        )


@dataclass(frozen=True, eq=False)
class Candidate:
    """One piece of a line as it was spoken in one go: what is judged, and what a take is made of.

    Args:
        text: what it should say, in spoken form.
        codes: int16 `[frames, codebooks]`; None for a recording.
        ended: False if the frame cap cut it off.
        audio: float32 mono `[samples]`.
        rate: of the audio, Hz.
        voice: name of the voice it should be in.
        seed: of its noise.
        context: takes that it had as context, as in `Part.heard`.
        verdict: of the checks; empty before it is judged.
        unread: figures and words of the written line that its spoken form lacks, by `text.unread`.
    """

    text: str
    codes: Codes | None
    ended: bool
    audio: np.ndarray
    rate: int
    voice: str = ""
    seed: int = 0
    context: tuple[str, ...] = ()
    verdict: Verdict = Verdict()
    unread: tuple[str, ...] = ()
