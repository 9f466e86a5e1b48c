"""How long a training run lasts and what its learning rate is on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """A run's length in steps or in seconds, whichever ends first.

    Attributes:
        steps, seconds: limits; None is no limit. start_fraction, end_fraction: the part of the whole
            schedule that this run covers, for a schedule that spans several runs.
    """

    steps: int | None = None
    seconds: float | None = None
    start_fraction: float = 0.0
    end_fraction: float = 1.0
    step: int = 0
    began: float = field(default_factory=time.monotonic)

    def _done(self) -> float:
        """How much of this run has passed, 0 to 1."""
        by_step = self.step / self.steps if self.steps else 0.0
        by_time = (time.monotonic() - self.began) / self.seconds if self.seconds else 0.0
        return min(max(by_step, by_time), 1.0)

    def fraction(self) -> float:
        """How much of the whole schedule has passed, 0 to 1."""
        return self.start_fraction + self._done() * (self.end_fraction - self.start_fraction)

    def over(self) -> bool:
        """Whether this run has had its steps or its time (a budget of no or negative time is over at
        once)."""
        return self._done() >= 1.0 or (self.seconds is not None and self.seconds <= 0)


def learning_rate(
    fraction: float, step: int, peak: float, warmup: int, flat: float, floor: float = 0.01
) -> float:
    """Linear warm-up over `warmup` steps, constant until `flat` of the run, then linear down to `floor` ×
    peak."""
    rise = min(1.0, (step + 1) / warmup)
    fall = 1.0 if fraction < flat else max(floor, (1 - fraction) / (1 - flat))
    return peak * rise * fall
