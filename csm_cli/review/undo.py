"""What can be undone: the last changes, each with the way back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from csm_cli.web.errors import ApiError

MOST = 200


@dataclass(frozen=True)
class Step:
    """A change.

    Args:
        what: that it was, in a few words.
        back: undoes it, and returns the id of the line that it was of, as it is then.
        script: the number of its script.
    """

    what: str
    back: Callable[[], str | None]
    script: int | None = None


class UndoStack:
    """The last changes of this session. Safe to use from several threads.

    Args:
        publish: called with what would be undone next.
    """

    def __init__(self, publish: Callable[[str, dict[str, Any]], None]):
        self._steps: deque[Step] = deque(maxlen=MOST)
        self._lock, self._publish = Lock(), publish

    @property
    def what(self) -> str | None:
        """What would be undone next."""
        with self._lock:
            return self._steps[-1].what if self._steps else None

    def push(self, step: Step) -> None:
        """Note a change."""
        with self._lock:
            self._steps.append(step)
        self._publish("undo", {"undo": self.what})

    def undo(self) -> dict[str, Any]:
        """Undo the last change. One that cannot be undone any more is dropped.

        Raises:
            ApiError: there is none.
            CsmError, ApiError: it cannot be undone.
        """
        with self._lock:
            step = self._steps.pop() if self._steps else None
        if step is None:
            raise ApiError(404, "nothing_to_undo", "there is nothing to undo")
        try:
            line = step.back()
        finally:
            self._publish("undo", {"undo": self.what})
        return {"undone": step.what, "script": step.script, "line": line}
