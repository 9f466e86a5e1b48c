"""Takes are written beside the speaking: the disk's answer is waited for where it is needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from csm_cli.engine import Codes
from csm_cli.takes.store import TakeStore
from csm_cli.takes.take import Take

THREADS = 4
WAITING = 64
"""Most takes on their way to the disk at once, for the sake of memory."""


class TakeWriter:
    """Saves takes in the background. Use it as a context: leaving waits for all.

    Args:
        store: where they go.
    """

    def __init__(self, store: TakeStore):
        self.store = store
        self._pool = ThreadPoolExecutor(THREADS, "takes")
        self._waiting: deque[Future[Take]] = deque()

    def save(self, take: Take, codes: Sequence[Codes], audio: Sequence[np.ndarray]) -> None:
        """Begin to save a take.

        Raises:
            CsmError: this or an earlier one cannot be written.
        """
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self.store.save, take, codes, audio))

    def wait(self) -> None:
        """Until all is on the disk.

        Raises:
            CsmError: one cannot be written.
        """
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> TakeWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            self.wait()
