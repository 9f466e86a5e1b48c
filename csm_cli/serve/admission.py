"""Who is at work and who waits: so many at once, so many behind them, so many of one client."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from csm_cli.web.errors import ApiError

LONGEST_RETRY = 60
_WEIGHT = 0.2
"""Of the last request, in the mean of how long they take."""


class Admission:
    """Used in one event loop.

    Args:
        at_once: requests at work.
        waiting: behind them, in the order in which they came.
        per_client: of either kind, of one client.
    """

    def __init__(self, at_once: int, waiting: int, per_client: int):
        self._at_once, self._most, self._per_client = at_once, waiting, per_client
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._clients: Counter[str] = Counter()
        self._seconds = 2.0
        self.at_work = 0

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[None]:
        """Wait for a place at work, and keep it for the body.

        Raises:
            ApiError: too many wait, or are this client's.
        """
        if self._clients[client] >= self._per_client:
            raise self._refusal(
                "client_busy", f"{self._per_client} requests of this client are at work or wait"
            )
        if self.at_work >= self._at_once and len(self._waiting) >= self._most:
            raise self._refusal("busy", f"{self.at_work} requests are at work and {self.waiting} wait")
        self._clients[client] += 1
        try:
            await self._enter()
            began = asyncio.get_running_loop().time()
            try:
                yield
            finally:
                self._seconds += _WEIGHT * (asyncio.get_running_loop().time() - began - self._seconds)
                self._leave()
        finally:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]

    async def _enter(self) -> None:
        if self.at_work < self._at_once:
            self.at_work += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place in self._waiting:
                self._waiting.remove(place)
            elif not place.cancelled():  # it had been given the place already
                self._leave()
            raise

    def _leave(self) -> None:
        """Give the place to the next, if there is one."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.at_work -= 1

    def _refusal(self, code: str, what: str) -> ApiError:
        seconds = math.ceil(self._seconds * (self.waiting + 1) / self._at_once)
        headers = {"Retry-After": str(min(max(seconds, 1), LONGEST_RETRY))}
        return ApiError(429, code, what, "ask again later", headers=headers)
