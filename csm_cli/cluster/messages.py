"""What goes between the driver and its workers. All of it can be pickled and needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from csm_cli.cluster.scheduler import Key, Turn
from csm_cli.engine import Sampler
from csm_cli.render.models import Limits
from csm_cli.render.options import RenderOptions
from csm_cli.render.plan import Chain
from csm_cli.render.project import Job
from csm_cli.takes import Asked, ModelIdentity, Take
from csm_cli.takes.place import Place
from csm_cli.voices.voice import Voice


@dataclass(frozen=True)
class Setup:
    """What a worker is told before all else.

    Args:
        folder: the driver's working folder, in which all relative paths hold.
        stores: where takes lie, for each a name of a file beside them that proves that it is the same one.
        options: of the rendering.
        jobs: without their chapters: whose languages, lexicons and voices the checks are for.
        voices: every voice, with the hash of what the model hears of it.
        beside: names of all scripts that are rendered at the same time.
        since: when the rendering began; with `options.fresh`, takes chosen since then are its own.
    """

    folder: Path
    stores: Mapping[Place, str]
    options: RenderOptions
    jobs: tuple[Job, ...] = ()
    voices: tuple[tuple[Voice, str], ...] = ()
    beside: frozenset[str] = frozenset()
    since: str = ""


@dataclass(frozen=True)
class Facts:
    """What a worker tells before it speaks.

    Args:
        host: name of its machine.
        device: where its model runs.
        versions: of all that can change the sound, by name.
        model: that it has loaded.
        sampler: the model's own.
        limits: of the model.
        rate: Hz.
        max_characters: longest piece that the model reads well.
        shipped_speakers: shipped voices that the model was trained on.
        checks: that takes go through.
        slots: lines that it speaks side by side.
        notes: what a person should know.
    """

    host: str
    device: str
    versions: Mapping[str, str]
    model: ModelIdentity
    sampler: Sampler
    limits: Limits
    rate: int
    max_characters: int
    shipped_speakers: int
    checks: tuple[str, ...]
    slots: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """A chain to speak, with all that is needed for it.

    Args:
        turn: which chain, and how much of it.
        chain: its lines; its script holds no other chapter.
        asked: what each line is asked for.
        voices: by the names that the lines use.
        takes: where the store lies.
    """

    turn: Turn
    chain: Chain
    asked: tuple[Asked, ...]
    voices: Mapping[str, Voice]
    takes: Place


@dataclass(frozen=True)
class Result:
    """What a line came to; the fields are those of `SpokenLine`."""

    take: Take | None
    rendered: bool
    stale: bool = False


@dataclass(frozen=True)
class Started:
    """A chain has a slot."""

    key: Key


@dataclass(frozen=True)
class LineDone:
    """A line is finished."""

    key: Key
    number: int
    result: Result


@dataclass(frozen=True)
class ChainDone:
    """All that was asked of a chain is spoken and on the disk."""

    key: Key
    results: tuple[Result, ...]


Event = Started | LineDone | ChainDone


@dataclass(frozen=True)
class Told:
    """What a worker has to tell.

    Args:
        events: since the last time, in order.
        slots: lines that it can speak side by side now.
    """

    events: tuple[Event, ...] = field(default=())
    slots: int = 1
