"""A line while it is being spoken: its parts one after the other, each tried until a take is good."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from csm_cli.engine import Codes, Segment, Speech
from csm_cli.render.checks import FRAME_SECONDS, expected_seconds, problems
from csm_cli.render.plan import PlannedLine
from csm_cli.render.seeds import part_seed, take_seed

RETRIES = 3


@dataclass(frozen=True, eq=False)
class Take:
    """One try at one part of a line.

    Args:
        codes: int16 `[frames, codebooks]`.
        seed: it was spoken with.
        reasons: what speaks against it; empty for a good take.
    """

    codes: Codes
    seed: int
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


@dataclass(frozen=True, eq=False)
class SpokenLine:
    """A line with the take kept for each of its parts."""

    planned: PlannedLine
    takes: tuple[Take, ...]

    @property
    def seed(self) -> int:
        """Set as `seed:` of the line, this gives the same takes again."""
        return self.takes[0].seed if self.takes else self.planned.seed

    @property
    def seconds(self) -> float:
        """Of speech, before any trimming."""
        return sum(len(take.codes) for take in self.takes) * FRAME_SECONDS

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the line needs review; empty if all is well."""
        found = [reason for take in self.takes for reason in take.reasons]
        if self.planned.unspoken:
            found.insert(0, f"the model cannot say {self.planned.unspoken!r}")
        return tuple(dict.fromkeys(found))


@dataclass(eq=False)
class LineInProgress:
    """What is known so far of a line that is being spoken."""

    planned: PlannedLine
    kept: list[Take] = field(default_factory=list)
    tries: list[Take] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether a take is kept for every part."""
        return len(self.kept) == len(self.planned.parts)

    @property
    def text(self) -> str:
        """The part that is to be spoken next."""
        return self.planned.parts[len(self.kept)]

    @property
    def seed(self) -> int:
        """The seed of the next try."""
        first = self.kept[0].seed if self.kept else self.planned.seed
        return take_seed(part_seed(first, len(self.kept)), len(self.tries))

    def receive(self, speech: Speech) -> Segment | None:
        """Judge what was spoken for `text` with `seed`.

        Returns:
            The turn that later lines may hear, if this take was accepted.
        """
        text = self.text
        take = Take(speech.codes, self.seed, problems(speech, text))
        self.tries.append(take)
        if take.accepted:
            self._keep(take)
            return Segment(self.planned.tag, text, take.codes)
        if len(self.tries) > RETRIES:
            self._keep(min(self.tries, key=lambda tried: _badness(tried, text)))
        return None

    def finished(self) -> SpokenLine:
        """The line, once `done`."""
        return SpokenLine(self.planned, tuple(self.kept))

    def _keep(self, take: Take) -> None:
        self.kept.append(take)
        self.tries.clear()


def _badness(take: Take, text: str) -> tuple[int, float]:
    """Orders takes: fewest faults first, then by how far the length is from what is expected."""
    seconds = max(len(take.codes), 0.5) * FRAME_SECONDS
    return len(take.reasons), abs(math.log(seconds / max(expected_seconds(text), FRAME_SECONDS)))
