"""What a rendering tells while it runs; the command line draws it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from csm_cli.render.plan import Chain
from csm_cli.render.takes import SpokenLine


class Progress:
    """Hears of everything and does nothing: the base of what draws."""

    def start(self, chains: Sequence[Chain]) -> None:
        """The plan is made, speaking begins."""

    def line(self, line: SpokenLine) -> None:
        """A line is finished, accepted or not."""

    def chapter(self, chain: Chain, seconds: float, files: Sequence[Path]) -> None:
        """The files of a chapter, `seconds` long, are on the disk."""
