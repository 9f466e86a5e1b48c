"""All checks of a round, one after the other: cheap ones first, dear ones only on what passed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from csm_cli.engine import Speech
from csm_cli.verify.codes import FRAME_SECONDS, expected_seconds, problems
from csm_cli.verify.verdict import Reading, Verdict


class Verifier:
    """Judges readings.

    Attributes:
        checks: names of what is checked, as sidecars note it.
    """

    checks: tuple[str, ...] = ("signal",)

    def judge(self, readings: Sequence[Reading]) -> list[Verdict]:
        """A verdict for each, in order."""
        return [_signal(reading) for reading in readings]


def _signal(reading: Reading) -> Verdict:
    assert reading.codes is not None
    reasons = problems(Speech(reading.codes, reading.ended), reading.text)
    seconds = max(len(reading.codes), 0.5) * FRAME_SECONDS
    off = abs(math.log(seconds / max(expected_seconds(reading.text), FRAME_SECONDS)))
    return Verdict(reasons, 100 * len(reasons) + off)
