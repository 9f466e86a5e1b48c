"""The engine that says lines again: how it is loaded, called, and stopped between two frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from csm_cli.checkpoints.find import DEMO, DEMO_CHECKPOINT
from csm_cli.core.files import real
from csm_cli.rendering.loading import LoadedModel
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions

Load = Callable[[RenderOptions, Callable[[str], None]], LoadedModel]


def load_model(options: RenderOptions, note: Callable[[str], None]) -> LoadedModel:
    """The engine of the model that the options name."""
    choice = choose_model(options.model)
    return LoadedModel(choice.load(options, note), choice.limits())


class StoppedError(Exception):
    """The end has come while a line was being spoken."""


class _Slots(Protocol):
    """A scheduler of an engine."""

    unfinished: int

    def submit(self, utterance: Any, /) -> int: ...

    def cancel(self, ticket: int, /) -> None: ...

    def advance(self) -> list[tuple[int, Any]]: ...


class StoppableEngine:
    """An engine that stops between two frames.

    Args:
        engine: does the work.
        stopped: asked before each frame.
    """

    def __init__(self, engine: Any, stopped: Callable[[], bool]):
        self._engine, self._stopped = engine, stopped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def scheduler(self, count: int) -> StoppableSlots:
        """See `Engine.scheduler`."""
        return StoppableSlots(self._engine.scheduler(count), self._stopped)


class StoppableSlots:
    """As `StoppableEngine`, of its scheduler."""

    def __init__(self, slots: _Slots, stopped: Callable[[], bool]):
        self._slots, self._stopped = slots, stopped

    @property
    def unfinished(self) -> int:
        """See the engine's."""
        return self._slots.unfinished

    def submit(self, utterance: Any) -> int:
        """See the engine's."""
        return self._slots.submit(utterance)

    def cancel(self, ticket: int) -> None:
        """See the engine's."""
        self._slots.cancel(ticket)

    def advance(self) -> list[tuple[int, Any]]:
        """See the engine's; raises StoppedError at the end."""
        if self._stopped():
            raise StoppedError
        return self._slots.advance()


def model_name(options: RenderOptions | None, model: str | None) -> str:
    """The name of the model that would speak."""
    named = model or (options.model if options else None)
    return short_name(named or choose_model(None).source)


def short_name(name: str) -> str:
    """A model's name as people say it: the embedded one is "demo", one in a folder has that folder's name."""
    if name == DEMO or real(name) == real(DEMO_CHECKPOINT):
        return DEMO
    return Path(name).name if Path(name).is_dir() else name
