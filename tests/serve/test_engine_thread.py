"""The thread that owns the engine: lines from many threads, side by side, each as it is alone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

from csm_cli.core.errors import CsmError
from csm_cli.engine import Engine, Segment, Speech, Utterance
from csm_cli.serve.engine_thread import EngineThread

VOICE = Segment(0, "a voice", np.random.default_rng(3).integers(0, 400, (9, 4)).astype(np.int16))


@pytest.fixture
def thread(engine: Engine) -> Iterator[EngineThread]:
    thread = EngineThread(engine, 3)
    thread.start()
    yield thread
    thread.close()
    assert not thread.alive and thread.jobs == 0


class Receiver:
    """What a line's callbacks were called with."""

    def __init__(self) -> None:
        self.frames: list[np.ndarray] = []
        self.done: SimpleQueue[Any] = SimpleQueue()

    def result(self) -> Any:
        return self.done.get(timeout=30)


def speak(thread: EngineThread, utterance: Utterance) -> Receiver:
    receiver = Receiver()
    receiver.job = thread.submit(utterance, receiver.frames.append, receiver.done.put)  # type: ignore[attr-defined]
    return receiver


def line(seed: int, cap: int = 12) -> Utterance:
    return Utterance(seed % 3, f"line number {seed}", (VOICE,), seed=seed, max_frames=cap)


def test_frames_come_one_by_one_and_add_up_to_the_line(thread: EngineThread, engine: Engine) -> None:
    receiver = speak(thread, line(1))
    speech = receiver.result()
    assert np.array_equal(np.concatenate(receiver.frames), speech.codes)
    assert [len(each) for each in receiver.frames] == [1] * len(speech.codes)
    assert np.array_equal(speech.codes, engine.speak([line(1)])[0].codes)


def test_lines_do_not_depend_on_what_comes_and_goes_beside_them(thread: EngineThread, engine: Engine) -> None:
    lines = [line(seed, 4 + seed % 9) for seed in range(18)]
    wanted = [engine.speak([each])[0].codes for each in lines]
    found: dict[int, Any] = {}
    given_up = []

    def client(seeds: list[int]) -> None:
        mine = random.Random(seeds[0])
        for seed in seeds:
            bystander = speak(thread, line(1000 + seed, 40))
            receiver = speak(thread, lines[seed])
            time.sleep(mine.random() / 50)
            thread.cancel(bystander.job)  # type: ignore[attr-defined]
            given_up.append(bystander)
            found[seed] = receiver.result()

    clients = [threading.Thread(target=client, args=([*range(n, 18, 6)],)) for n in range(6)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(60)
    assert sorted(found) == [*range(18)]
    assert all(np.array_equal(found[seed].codes, wanted[seed]) for seed in range(18))
    assert all(isinstance(each.result(), Speech | CancelledError) for each in given_up)
    assert thread.jobs == 0


def test_a_line_that_cannot_be_spoken_is_said_to_its_owner_alone(thread: EngineThread) -> None:
    good, bad = speak(thread, line(1)), speak(thread, line(2, 100_000))
    assert isinstance(bad.result(), CsmError)
    assert isinstance(good.result(), Speech)


def test_a_receiver_that_fails_ends_its_own_line_alone(thread: EngineThread) -> None:
    done: SimpleQueue[Any] = SimpleQueue()

    def fails(frames: np.ndarray) -> None:
        raise KeyError("no room")

    def fails_too(what: Any) -> None:
        raise KeyError("nobody")

    thread.submit(line(1), fails, done.put)
    thread.submit(line(2), None, fails_too)
    good = speak(thread, line(3))
    assert isinstance(done.get(timeout=30), KeyError)
    assert isinstance(good.result(), Speech)


def test_after_a_failure_of_the_engine_the_next_line_is_spoken(
    thread: EngineThread, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("csm_cli.engine.batch.Batch.step", lambda self: 1 / 0)
        failed = speak(thread, line(1)).result()
    assert isinstance(failed, CsmError)
    assert np.array_equal(speak(thread, line(1)).result().codes, engine.speak([line(1)])[0].codes)


def test_a_failure_of_the_slots_while_a_line_is_given_up_ends_no_thread(
    thread: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("csm_cli.engine.scheduler.BatchScheduler.cancel", lambda self, ticket: 1 / 0)
        beside, given_up = speak(thread, line(1, 300)), speak(thread, line(2, 300))
        thread.cancel(given_up.job)  # type: ignore[attr-defined]
        assert isinstance(beside.result(), CsmError)
    assert isinstance(speak(thread, line(3)).result(), Speech)


def test_functions_run_between_frames(thread: EngineThread, engine: Engine) -> None:
    long = speak(thread, line(5, 60))
    names = thread.call(lambda given: (given is engine, threading.current_thread().name)).result(30)
    assert names == (True, "csm-engine")
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda given: 1 // 0).result(30)
    assert isinstance(long.result(), Speech)


def test_closing_gives_up_what_is_left_and_takes_nothing_more(engine: Engine) -> None:
    thread = EngineThread(engine, 1)
    thread.start()
    receivers = [speak(thread, line(seed, 200)) for seed in range(4)]
    thread.close()
    assert [type(each.result()) for each in receivers] == [CancelledError] * 4
    assert isinstance(speak(thread, line(1)).result(), CancelledError)
    assert thread.call(lambda engine: 1).cancelled()
