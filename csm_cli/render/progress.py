"""What a rendering tells while it runs; the command line draws it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csm_cli.audio.measure import Measured
from csm_cli.render.line import SpokenLine
from csm_cli.render.plan import Chain, PlannedLine


class Progress:
    """Hears of everything and does nothing: the base of what draws."""

    def start(self, chains: Sequence[Chain]) -> None:
        """The plan is made, speaking begins."""

    listening = False
    """Whether `sound` is wanted: reading stored takes for it costs time."""

    def sound(self, planned: PlannedLine, audio: np.ndarray) -> None:
        """A piece of a line is kept for good: float32 mono `[samples]`, in order."""

    def line(self, line: SpokenLine) -> None:
        """A line is finished, accepted or not."""

    def fleet(self, workers: int, wanted: int, speaking: int, slots: int) -> None:
        """Workers at work, of how many there should be; slots that speak, of how many there are."""

    def chapter(self, chain: Chain, seconds: float, files: Sequence[Measured]) -> None:
        """A chapter, `seconds` long, is complete; so are its own files."""

    def book(self, files: Sequence[Measured], notes: Sequence[str]) -> None:
        """The files that waited for the last chapter are written."""
