"""Which chain is spoken where. Without Ray, engine or clock, so that it can be simulated and tested.

Chains are given out longest first, to each worker as many as its share of what is left. When a worker is
lost, its chains go back: they begin again at their first line, and find what has been spoken in the store.

A line that is being spoken when its worker dies may be the cause. So it is spoken alone next, on a worker
that does nothing else, most likely the one that comes in the place of the dead. When three have died of it
alone it is set aside: other lines are not blamed for it, nor it for what happens to workers from outside.
That a whole machine is gone is no line's fault.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

Key = tuple[int, int]
"""A chain: the number of its book, and its own in the book."""
DEATHS_ALONE = 3
"""Workers that may die of a line that they speak alone, before it is set aside."""
AHEAD = 16
"""A worker has one chain waiting for every so many slots, so that no slot waits for the scheduler."""


@dataclass(frozen=True)
class Assignment:
    """A chain that a worker is to speak.

    Args:
        key: which.
        until: number of the line before which it stops; None: all of it.
        aside: numbers of lines that are left out.
        again: some of it may have been spoken by another worker, just now.
    """

    key: Key
    until: int | None = None
    aside: frozenset[int] = frozenset()
    again: bool = False


@dataclass(eq=False)
class _Chain:
    key: Key
    seconds: Sequence[float]
    left: float
    done: int = 0
    deaths: int = 0
    given: bool = False
    started: bool = False
    until: int | None = None
    aside: set[int] = field(default_factory=set)


@dataclass(eq=False)
class _Worker:
    slots: int = 0
    chains: dict[Key, _Chain] = field(default_factory=dict)
    started: int = 0
    alone: bool = False

    @property
    def speaking(self) -> int:
        return min(self.slots, self.started)


class Scheduler:
    """Gives chains to workers.

    Args:
        workers: that there should be; some may still be starting.

    Attributes:
        expected: the same; lower it when one is given up.
        slots: of the workers at work.
        speaking: slots in use.
    """

    def __init__(self, workers: int):
        self.expected = workers
        # Counted along: they are needed at every turn, and there may be a thousand slots.
        self.slots = self.speaking = self._given = 0
        self._workers: dict[Hashable, _Worker] = {}
        self._chains: dict[Key, _Chain] = {}
        self._longest: list[tuple[float, int, _Chain]] = []
        self._suspects: deque[_Chain] = deque()
        self._clearing: Hashable | None = None
        self._count = 0

    @property
    def workers(self) -> int:
        """Workers at work."""
        return len(self._workers)

    @property
    def waiting(self) -> int:
        """Chains that no worker has."""
        return len(self._longest) + len(self._suspects)

    @property
    def done(self) -> bool:
        """Whether no chain is left."""
        return not self._chains

    def add(self, key: Key, seconds: Sequence[float]) -> None:
        """Add a chain; `seconds`: what each of its lines still costs, 0 for one that is there."""
        chain = self._chains[key] = _Chain(key, seconds, sum(seconds))
        self._push(chain)

    def join(self, worker: Hashable, slots: int) -> None:
        """A worker is ready; or it has another number of slots than before."""
        mine = self._workers.setdefault(worker, _Worker())
        self._count_slots(mine, slots - mine.slots, 0)

    def leave(self, worker: Hashable, *, blame: bool = True) -> list[tuple[Key, int]]:
        """A worker is lost; gives the lines, as (chain, number), that are set aside for it.

        Args:
            worker: which.
            blame: what it was speaking may be the cause.
        """
        lost = self._workers.pop(worker, None)
        if self._clearing == worker:
            self._clearing = None
        aside: list[tuple[Key, int]] = []
        if lost:
            self.slots -= lost.slots
            self.speaking -= lost.speaking
            self._given -= len(lost.chains)
        for chain in lost.chains.values() if lost else ():
            alone = chain.until is not None and chain.done < chain.until
            if chain.until is not None and not alone:
                self._push(chain)  # the line was spoken
            elif chain.started and blame:
                chain.deaths += alone
                if chain.deaths == DEATHS_ALONE:
                    chain.aside.add(chain.done)
                    aside.append((chain.key, chain.done))
                    chain.deaths = 0
                    self._push(chain)
                else:
                    self._suspects.append(chain)
            elif alone:
                self._suspects.append(chain)
            else:
                self._push(chain)
            chain.started = False
        return aside

    def assign(self, worker: Hashable) -> list[Assignment]:
        """What a worker is to speak beside what it has."""
        mine = self._workers[worker]
        if mine.alone or self._kept_clear(worker, mine):
            return []
        if self._suspects and not mine.chains:
            mine.alone, self._clearing = True, None
            suspect = self._suspects.popleft()
            return [self._hand(mine, suspect, suspect.done + 1)]
        room = mine.slots
        if len(self._longest) > self.slots:
            room += max(1, mine.slots // AHEAD)
        else:
            share = -(-(len(self._longest) + self._given) // max(1, self.expected))
            room = min(room, share)
        turns = []
        while self._longest and len(mine.chains) < room:
            turns.append(self._hand(mine, heapq.heappop(self._longest)[-1], None))
        return turns

    def started(self, worker: Hashable, key: Key) -> None:
        """A worker has begun with a chain."""
        if (chain := self._of(worker, key)) and not chain.started:
            chain.started = True
            self._count_slots(self._workers[worker], 0, 1)

    def line(self, worker: Hashable, key: Key, number: int) -> bool:
        """A line is finished; False if that is no news."""
        chain = self._of(worker, key)
        if chain is None or number < chain.done:
            return False
        chain.left -= sum(chain.seconds[chain.done : number + 1])
        chain.done, chain.deaths = number + 1, 0
        return True

    def finished(self, worker: Hashable, key: Key) -> bool:
        """A worker has spoken what it was given of a chain; False if there is more of the chain."""
        mine = self._workers.get(worker)
        chain = mine.chains.pop(key, None) if mine else None
        if mine is None or chain is None:
            return False
        self._given -= 1
        self._count_slots(mine, 0, -int(chain.started))
        mine.alone = chain.started = False
        if chain.until is None:
            del self._chains[key]
            return True
        chain.deaths = 0
        self._push(chain)
        return False

    def _of(self, worker: Hashable, key: Key) -> _Chain | None:
        mine = self._workers.get(worker)
        return mine.chains.get(key) if mine else None

    def _count_slots(self, mine: _Worker, slots: int, started: int) -> None:
        """A worker has so many slots, and so many chains that it speaks, more."""
        before = mine.speaking
        mine.slots += slots
        mine.started += started
        self.slots += slots
        self.speaking += mine.speaking - before

    def _kept_clear(self, worker: Hashable, mine: _Worker) -> bool:
        """Whether the worker is to run empty, for a line that has to be spoken alone.

        Not while another is to come, which will be empty.
        """
        if not self._suspects or not mine.chains or len(self._workers) < self.expected:
            return False
        if any(each.alone for each in self._workers.values()):
            return False
        if self._clearing is None:
            self._clearing = min(self._workers, key=lambda each: len(self._workers[each].chains))
        return self._clearing == worker

    def _hand(self, mine: _Worker, chain: _Chain, until: int | None) -> Assignment:
        mine.chains[chain.key] = chain
        self._given += 1
        again, chain.given, chain.until = chain.given, True, until
        return Assignment(chain.key, until, frozenset(chain.aside), again)

    def _push(self, chain: _Chain) -> None:
        self._count += 1
        heapq.heappush(self._longest, (-chain.left, self._count, chain))
