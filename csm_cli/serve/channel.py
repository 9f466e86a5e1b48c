"""Blocks of bytes from a thread to the event loop: few wait at a time, and the reader may leave."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import CancelledError

from csm_cli.web.errors import ApiError

_GIVEN_UP = ApiError(503, "draining", "the server ended before all was spoken", "ask again when it is back")


class Channel:
    """From one thread to one reader in the event loop that makes it.

    Args:
        most: blocks that wait; the thread waits while there are so many.

    Attributes:
        begun: a block was received.
    """

    def __init__(self, most: int = 8):
        self._loop, self._most = asyncio.get_running_loop(), most
        self._blocks: deque[bytes] = deque()
        self._room = threading.Condition()
        self._ready = asyncio.Event()
        self._left = self._ended = self.begun = False
        self._error: BaseException | None = None

    def pour(self, blocks: Iterable[bytes]) -> None:
        """Send blocks until there are no more, or the reader has left; in the thread.

        What `blocks` raises is raised at the reader's.
        """
        try:
            for block in blocks:
                if not self._send(block):
                    return
        except BaseException as error:
            self._error = error
        finally:
            self._ended = True
            self._wake()

    async def receive(self) -> bytes | None:
        """The next block; None at the end.

        Raises:
            ApiError: the speaking was given up, as the server ends.
            BaseException: what else the blocks ended with, once all before it were received.
        """
        while True:
            with self._room:
                if self._blocks:
                    block, self.begun = self._blocks.popleft(), True
                    self._room.notify()
                    return block
                ended = self._ended
                self._ready.clear()
            if ended:
                if self._error is not None:
                    raise _GIVEN_UP if isinstance(self._error, CancelledError) else self._error
                return None
            await self._ready.wait()

    def leave(self) -> None:
        """The reader wants nothing more: the thread ends at its next block."""
        with self._room:
            self._left = True
            self._blocks.clear()
            self._room.notify()

    def _send(self, block: bytes) -> bool:
        with self._room:
            while len(self._blocks) >= self._most and not self._left:
                self._room.wait()
            if self._left:
                return False
            self._blocks.append(block)
        self._wake()
        return True

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the loop has ended, and nobody reads
            self._left = True
