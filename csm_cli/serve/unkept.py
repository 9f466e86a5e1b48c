"""What a chain of lines needs of takes and progress where nothing is kept beyond its request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from csm_cli.rendering.plan import PlannedLine
from csm_cli.rendering.progress import Progress
from csm_cli.takes import LineRequest, Take, TakeStore
from csm_cli.takes.lineage import ChainLineage, TakeRepository
from csm_cli.takes.store import TakeWriter


class KeptSounds(Progress):
    """Collects the pieces of lines that are kept."""

    listening = True

    def __init__(self) -> None:
        self._sounds: list[np.ndarray] = []

    def sound(self, planned: PlannedLine, audio: np.ndarray) -> None:
        if audio.size:
            self._sounds.append(audio)

    def taken(self) -> list[np.ndarray]:
        """Those since the last call."""
        sounds, self._sounds = self._sounds, []
        return sounds


class Unkept(TakeRepository):
    """Takes that are forgotten with their request: none is found, none is written.

    Args:
        checks: that they go through.
    """

    def __init__(self, checks: tuple[str, ...]):
        super().__init__(TakeWriter(TakeStore(None)), checks)

    def find(self, request: LineRequest, context: Any, chain: ChainLineage) -> None:
        return None

    def keep(self, take: Take, codes: Any, audio: Any) -> Take:
        return replace(take, checked=self._checks)
