"""What has changed since a take was spoken: the reading of its line, its voice, its context. No model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from csm_cli.core.errors import MissingError
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.plan import PlannedLine
from csm_cli.rendering.project import Job
from csm_cli.rendering.requests import CONTINUED, voice_hash
from csm_cli.takes import Take, TakeStore
from csm_cli.takes.keys import place_of
from csm_cli.takes.lineage import ChainLineage, take_of
from csm_cli.takes.record import Used
from csm_cli.text.characters import ASCII, fold_to
from csm_cli.text.cues import find_cues, spoken_cues

READING = "is read otherwise by now"
VOICE = "is in another voice by now"
CONTEXT = "its context has changed"
GONE = "a line was edited or removed"


class Outdated:
    """Compares takes with a script as it is now.

    Lines are planned without a model here. So it is left open how a text is split, which cues the model can
    speak, and which characters it leaves out.

    Args:
        job: the script.
    """

    def __init__(self, job: Job):
        self._job = job
        self._hashes: dict[str, str | None] = {}
        self._letters: defaultdict[str, set[str]] = defaultdict(lambda: set(ASCII))

    def learn(self, take: Take) -> None:
        """Take note of the characters that the model of a take can say."""
        self._letters[take.asked.model.revision].update(take.asked.spoken)

    def changes(self, planned: PlannedLine, chapter: int, take: Take | None) -> tuple[str, ...]:
        """`READING`, `VOICE`, both or none of them, for the take that a line uses.

        Takes that were pinned or imported are what a person wants, and never outdated.

        Args:
            planned: the line.
            chapter: number of its chapter.
            take: that it uses.
        """
        if take is None or self.kept(planned, take):
            return ()
        found = {READING: self._read_otherwise(planned, chapter, take), VOICE: self._revoiced(planned, take)}
        return tuple(change for change, true in found.items() if true)

    def kept(self, planned: PlannedLine, take: Take) -> bool:
        """Whether a person wants this take for a line, whatever changes."""
        return take.kept_for(place_of(self._job.script, planned.id))

    def _read_otherwise(self, planned: PlannedLine, chapter: int, take: Take) -> bool:
        said, text = take.asked.spoken, planned.request.spoken
        if said == text or self._job.normaliser is None:
            return False
        if known := [cue.text for cue in find_cues(said)]:
            written = spoken_cues(planned.line.text, known)
            text = self._job.normaliser.normalise(written, planned.line.speaker, chapter)
        folded, _ = fold_to(text, self._letters[take.asked.model.revision])
        return _bare(said) not in (_bare(text), _bare(folded))

    def _revoiced(self, planned: PlannedLine, take: Take) -> bool:
        name, then = planned.line.voice, take.asked.voice
        if name not in self._hashes:
            self._hashes[name] = self._hash(name)
        before, now = then.hash.removesuffix(CONTINUED), self._hashes[name]
        if now is None:  # the rendering will say so
            return False
        if before or now:
            return before != now
        return then.name != name and then.tag != planned.tag

    def _hash(self, voice: str) -> str | None:
        """Of a voice's reference; None if that cannot be read."""
        try:
            return voice_hash(self._job.voices[voice])
        except MissingError:
            return None


class StaleLine(NamedTuple):
    """A line whose take had other takes as context than stand before it now.

    Attributes:
        place: `file:line:col` in the script.
        line_id: its stable id.
        causes: what has changed in its context, in plain words.
        new: whether the last rendering did not say so already.
    """

    place: str
    line_id: str
    causes: tuple[str, ...]
    new: bool


def stale_lines(
    store: TakeStore, lines: Sequence[SpokenLine], before: Mapping[str, Used] = MappingProxyType({})
) -> list[StaleLine]:
    """The stale lines of a chapter, with what has changed in front of each. Reads no file.

    Args:
        store: of the takes.
        lines: all of the chapter, those that are stale marked.
        before: the takes that the lines used in the last rendering, by their stable ids.
    """
    used = {line.take.id for line in lines if line.take is not None}
    places = {line.planned.request.place: line.planned.line.source for line in lines}
    found = []
    for line in lines:
        if not line.stale or line.take is None:
            continue
        causes: dict[str, None] = {}
        for reference in map(take_of, line.take.context):
            if reference not in used:
                row = store.index.get(reference)
                source = places.get(row.place) if row is not None else None
                what = f"{source.path}:{source.line} has another take" if source else GONE
                causes[what] = None
        last = before.get(line.planned.id)
        told = last is not None and last.stale and last.take == line.take.id
        found.append(StaleLine(str(line.planned.line.source), line.planned.id, tuple(causes), not told))
    return found


def changed_contexts(store: TakeStore, takes: Sequence[Take | None]) -> list[tuple[str, ...]]:
    """`CONTEXT` or nothing for each take of a chapter, by the takes that its lines use now.

    Reads no file.

    Args:
        store: of the takes.
        takes: of all lines of the chapter.
    """
    chapter = ChainLineage(used={take.id for take in takes if take is not None})
    gone = (take is not None and chapter.gone(store, take.context) for take in takes)
    return [(CONTEXT,) if each else () for each in gone]


def _bare(text: str) -> str:
    return "".join(text.split())
