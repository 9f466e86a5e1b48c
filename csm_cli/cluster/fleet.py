"""The seam between the driver and what runs its workers: calls go out, signals come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from csm_cli.cluster.messages import Order, Setup, WorkerInfo, WorkerNews
from csm_cli.core.errors import CsmError


@dataclass(frozen=True)
class Ready:
    """A worker has loaded its model."""

    worker: str
    info: WorkerInfo


@dataclass(frozen=True)
class News:
    """A worker has reported; it waits for the next call."""

    worker: str
    news: WorkerNews


@dataclass(frozen=True)
class Lost:
    """A worker is gone, with all that it was speaking.

    Args:
        worker: which.
        why: in words.
        blame: what it was speaking may be the cause; it is not if the whole machine is gone.
    """

    worker: str
    why: str
    blame: bool = True


@dataclass(frozen=True)
class Mastered:
    """A call to a master has been answered."""

    ticket: int
    value: Any


@dataclass(frozen=True)
class MasterLost:
    """A master is gone; another has taken its place and begins with nothing."""

    master: int


@dataclass(frozen=True)
class Fault:
    """Something that only the user can mend.

    Args:
        error: for the user.
        worker: whose it is.
    """

    error: CsmError
    worker: str = ""


Signal = Ready | News | Lost | Mastered | MasterLost | Fault


class Fleet(Protocol):
    """Workers and masters, wherever they run."""

    @property
    def size(self) -> int:
        """Workers that there should be."""

    @property
    def masters(self) -> int:
        """Masters, numbered from 0."""

    def start(self, setup: Setup) -> None:
        """Start all workers; each is `Ready`, `Lost` or at `Fault` in its time."""

    def send(self, worker: str, orders: Sequence[Order]) -> None:
        """Give a worker chains, or nothing; it answers with `News` in its time."""

    def replace(self, worker: str) -> None:
        """Start another worker in the place of one that is lost."""

    def call(self, master: int, ticket: int, method: str, *arguments: Any) -> None:
        """Have a master do something; calls to one master begin in order, and may be answered in another."""

    def wait(self, seconds: float) -> list[Signal]:
        """What has happened; waits at most so long for the first of it."""

    def close(self) -> None:
        """Stop all. What is not finished is dropped."""
