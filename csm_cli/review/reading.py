"""A script with its takes, read again and again: what has not changed is not read or worked out twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from csm_cli.editing.lines import ScriptLine, ScriptTakes
from csm_cli.rendering.options import RenderOptions
from csm_cli.takes import Take, TakeStore
from csm_cli.takes.place import Place
from csm_cli.takes.store import takes_folder
from csm_cli.text import Normaliser


class RememberingStore(TakeStore):
    """A store that keeps the sidecars it has read, until `refresh` finds others on the disk."""

    def __init__(self, folder: Place):
        super().__init__(folder)
        self._read: dict[str, Take | None] = {}

    def peek(self, take_id: str) -> Take | None:
        if take_id not in self._read:
            self._read[take_id] = super().peek(take_id)
        return self._read[take_id]

    def update(self, take: Take) -> Take:
        self._read[take.id] = super().update(take)
        return take

    def refresh(self) -> set[str]:
        """Read what has changed on the disk; the places (`script#line`) whose takes that concerns.

        Raises:
            CsmError: a store behind a URL cannot be listed.
        """
        if self._index is None:  # what was read before may be older than what the index finds
            self._read.clear()
        changed = self.index.refresh()
        for take_id in changed:
            self._read.pop(take_id, None)
        return set().union(*changed.values())


class RememberingNormaliser(Normaliser):
    """A normaliser that keeps what it has worked out.

    Args:
        other: does the work.
        before: an earlier one, whose results are kept if language and lexicon are the same.
    """

    def __init__(self, other: Normaliser, before: RememberingNormaliser | None = None):
        super().__init__(other.language, other.lexicon)
        same = before is not None and (before.language, before.lexicon.entries) == (
            other.language,
            other.lexicon.entries,
        )
        self._spoken: dict[tuple[str, str, int], str] = before._spoken if before and same else {}
        self._left: dict[tuple[str, str, int], tuple[str, ...]] = before._left if before and same else {}

    def normalise(self, text: str, speaker: str = "", chapter: int = 0) -> str:
        key = text, speaker, chapter
        if key not in self._spoken:
            self._spoken[key] = super().normalise(text, speaker, chapter)
        return self._spoken[key]

    def unread(self, text: str, spoken: str, speaker: str = "", chapter: int = 0) -> tuple[str, ...]:
        key = text, speaker, chapter
        if key not in self._left:
            self._left[key] = super().unread(text, spoken, speaker, chapter)
        return self._left[key]


class OpenScript(ScriptTakes):
    """A script with its takes.

    Args:
        script: the file.
        takes: where they are kept; None: beside the script.
        before: the same script as it was read before.
        note: as of `ScriptTakes`.

    Raises:
        ScriptError, MissingError: as `ScriptTakes`.
    """

    def __init__(
        self,
        script: Path,
        takes: Place | None,
        before: OpenScript | None = None,
        note: Callable[[str], None] = lambda text: None,
    ):
        self._before = before.normaliser if before else None
        store = before.store if before else RememberingStore(takes or takes_folder(script))
        super().__init__(script, takes, store, note)
        self.store: RememberingStore
        self.chapters = list({line.chapter.number: line.chapter for line in self.lines}.values())
        self.by_id = {line.planned.id: line for line in self.lines}

    @property
    def normaliser(self) -> RememberingNormaliser:
        """Makes the spoken form of its lines."""
        assert isinstance(self.job.normaliser, RememberingNormaliser)
        return self.job.normaliser

    @property
    def rendered_otherwise(self) -> bool:
        """Whether the last rendering had other options than when the script was read."""
        return RenderOptions.recall(self.record.options, self.options.takes) != self.options

    def changed_lines(self) -> list[ScriptLine]:
        """Read what has changed in takes and record; the lines that this concerns, as they are now.

        Raises:
            CsmError: a store behind a URL cannot be listed.
        """
        changed = self.refresh(self.store.refresh())
        self.by_id |= {line.planned.id: line for line in changed}
        return changed

    def _lines(self) -> list[ScriptLine]:
        assert self.job.normaliser is not None
        normaliser = RememberingNormaliser(self.job.normaliser, self._before)
        self.job = replace(self.job, normaliser=normaliser)
        return super()._lines()
