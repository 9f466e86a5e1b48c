"""What a rendering would find and have to speak, and how fast that went last time: for a dry run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from csm_cli.core.data import read_json
from csm_cli.core.errors import CsmError
from csm_cli.core.files import cache_dir, written
from csm_cli.core.stored import as_json, shaped_items
from csm_cli.core.types import Codes
from csm_cli.rendering.chain import ChainInProgress, Work
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.rendering.project import JobPlan
from csm_cli.rendering.requests import IdentifiedModel, identity_of
from csm_cli.rendering.session import speak_config
from csm_cli.takes import Take, TakeStore
from csm_cli.takes.lineage import AudioEncoder, TakeRepository
from csm_cli.takes.place import Place
from csm_cli.takes.store import TakeWriter
from csm_cli.verify import Verifier

if TYPE_CHECKING:
    from csm_cli.engine.lazy import LazyEngine

LEAST_SECONDS = 5.0
"""Of speech; the speed of less means nothing."""


@dataclass(frozen=True)
class ChainEstimate:
    """What there is to do for a chain.

    Args:
        chain: the lines.
        cached: lines whose take is there.
        to_speak: lines that have to be spoken.
        new_seconds: that these should come to as they are spoken, pauses left out.
        audio_seconds: of all lines at their speeds, pauses left out.
    """

    chain: Chain
    cached: int
    to_speak: int
    new_seconds: float
    audio_seconds: float

    @classmethod
    def unknown(cls, chain: Chain) -> ChainEstimate:
        """With nothing there."""
        to_speak = sum(bool(line.parts) for line in chain.lines)
        return cls(
            chain,
            0,
            to_speak,
            chain.seconds,
            sum(_at_speed(line, line.seconds) for line in chain.lines),
        )


class _ReadOnlyRepository(TakeRepository):
    """Only looks; a recording that was never encoded stays so."""

    def codes(self, take: Take, encoder: AudioEncoder) -> list[Codes]:
        return self.store.codes(take)


def estimate(plans: Sequence[JobPlan], options: RenderOptions, model: LazyEngine) -> Iterator[ChainEstimate]:
    """Look for the takes of each chain, in order. Writes nothing.

    Voices' clips are left out of the context of lines. That matters to no take but one that would be chosen
    among several by it. Checks that are new to a take are not made.

    Args:
        plans: made for this model.
        options: of the rendering.
        model: which would speak.
    """
    stores: dict[Place, TakeStore] = {}
    config = speak_config(options, Verifier())
    scripts = [plan.job.script for plan in plans]
    for plan in plans:
        store = stores.setdefault(plan.job.takes, TakeStore(plan.job.takes))
        beside = tuple(name for name in scripts if name != plan.job.script)
        with TakeWriter(store) as writer:
            repository = _ReadOnlyRepository(
                writer, lineage=options.lineage, fresh=options.fresh, beside=beside
            )
            for chain in plan.chains:
                work = Work(chain, {}, repository)
                yield _estimated(ChainInProgress(work, model, config))


def _estimated(chain: ChainInProgress) -> ChainEstimate:
    there: list[SpokenLine] = []
    new: list[PlannedLine] = []
    while True:
        there += chain.advance()
        if chain.done:
            return ChainEstimate(
                chain.work.chain,
                sum(line.take is not None for line in there),
                len(new),
                sum(line.seconds for line in new),
                sum(_at_speed(line.planned, line.seconds) for line in there)
                + sum(_at_speed(line, line.seconds) for line in new),
            )
        new.append(chain.skip())


def _at_speed(planned: PlannedLine, spoken: float) -> float:
    return spoken / planned.line.speed


class PlacedModel(IdentifiedModel, Protocol):
    """A model on a device."""

    @property
    def device(self) -> object:
        """Where it runs, as torch writes it."""


def note_speed(model: PlacedModel, spoken: float, took: float) -> None:
    """Remember that `spoken` seconds of speech took `took` seconds, if that is long enough."""
    if spoken < LEAST_SECONDS or took <= 0:
        return
    speeds = _read() | {_key(model): round(spoken / took, 3)}
    with suppress(CsmError), written(_path()) as temporary:
        temporary.write_text(as_json(speeds, indent=1), encoding="utf-8")


def last_speed(model: PlacedModel) -> float | None:
    """Times real time when this model last spoke on this kind of device; None: never here."""
    found = _read().get(_key(model), 0.0)
    return found if found > 0 else None


def _key(model: PlacedModel) -> str:
    identity = identity_of(model)
    return f"{identity.revision} {identity.dtype} {str(model.device).partition(':')[0]}"


def _path() -> Path:
    return cache_dir() / "speeds.json"


def _read() -> dict[str, float]:
    try:
        return shaped_items(float, read_json(_path()))
    except (OSError, ValueError):
        return {}
