"""Many clients at once, some of whom leave: nothing is left over, and nothing is lost for the others."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from csm_cli.engine import Engine
from csm_cli.serve.app import Service
from csm_cli.serve.speech import Bounds
from tests.serve.conftest import Running, served

LONG = "word " * 800
USUAL = {"mode": "frames", "response_format": "pcm", "temperature": 0.9}


def ask(port: int, **body: Any) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/audio/speech", json.dumps(USUAL | body))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def leave(port: int, when: Callable[[], Any], **body: Any) -> None:
    """Ask, and go away after `when`, as a process does that is killed."""
    text = json.dumps({"mode": "frames"} | body).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = (
            f"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        connection.sendall(head.encode() + text)
        when()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def holding(port: int, count: int) -> Iterator[None]:
    """Clients that keep their places for the body."""
    over = threading.Event()
    held = [
        threading.Thread(target=leave, args=(port, lambda: over.wait(60)), kwargs={"input": LONG})
        for _ in range(count)
    ]
    for each in held:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in held:
            each.join(10)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> set[str]:
    """Processes of this one, as far as the system says."""
    own = f"/proc/{os.getpid()}/task"
    return {pid for task in os.listdir(own) for pid in Path(own, task, "children").read_text().split()}


@pytest.mark.skipif(
    not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists(), reason="needs /proc"
)
def test_of_thirty_two_clients_some_leave_and_the_others_get_what_they_get_alone(
    engine: Engine, tmp_path: Path, waits: Any
) -> None:
    texts = [f"Line {n}." for n in range(32)]
    stays = [n for n in range(32) if n % 2]
    voices = ("heart", "george", "bella")
    found: dict[int, bytes] = {}
    bounds = Bounds(waiting=40, per_client=40)
    with served(Service(engine, 4, project=tmp_path, bounds=bounds)) as running:
        body = {n: {"input": texts[n], "voice": voices[n % 3], "seed": n} for n in range(32)}
        alone = {n: ask(running.port, **body[n])[2] for n in stays}
        waits(lambda: running.service.encoders.running == 0)
        before = open_files(), threading.active_count(), children()

        def client(n: int) -> None:
            mine = random.Random(n)
            if n in alone:
                found[n] = ask(running.port, **body[n])[2]
            else:
                form = mine.choice(["mp3", "opus", "wav"])
                seconds = 0.05 + mine.random() / 2
                leave(running.port, lambda: time.sleep(seconds), input=LONG, response_format=form)

        threads = [threading.Thread(target=client, args=(n,)) for n in range(32)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        service = running.service
        assert found == alone
        waits(lambda: service.admission.at_work == service.admission.waiting == service.thread.jobs == 0)
        waits(lambda: service.encoders.running == 0 and children() == before[2])
        waits(lambda: open_files() <= before[0] and threading.active_count() <= before[1] + 6)
        assert not service.admission._clients
        assert sum(" 499 speech left" in line for line in running.log) >= 12
        assert ask(running.port, **body[1])[2] == alone[1]


def test_the_same_request_gives_the_same_bytes_whatever_runs_beside_it(server: Running) -> None:
    long = "One short line."
    for more in ({"mode": "frames"}, {"mode": "checked"}, {"response_format": "mp3"}, {"speed": 1.3}):
        body = {"input": long, "seed": 3, "voice": "emma"} | more
        alone = ask(server.port, **body)[2]
        found: list[bytes] = []
        threads = [
            threading.Thread(
                target=lambda into, what: into.append(ask(server.port, **what)[2]), args=(found, body)
            )
            for _ in range(2)
        ]
        others = [{"input": f"Noise beside it, number {n}.", "seed": n, "voice": "heart"} for n in range(3)]
        threads += [threading.Thread(target=ask, args=(server.port,), kwargs=other) for other in others]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        assert found == [alone, alone]
        assert len(alone) > 10_000
    assert ask(server.port, **body | {"seed": 4})[2] != alone


def test_who_comes_when_all_places_are_taken_is_told_when_to_come_again(
    engine: Engine, tmp_path: Path, waits: Any
) -> None:
    bounds = Bounds(waiting=1, per_client=9)
    with served(Service(engine, 1, project=tmp_path, bounds=bounds)) as running:
        admission = running.service.admission
        with holding(running.port, 2):
            waits(lambda: admission.at_work == admission.waiting == 1)
            status, headers, data = ask(running.port, input="Hello.")
        assert (status, json.loads(data)["error"]["code"]) == (429, "busy")
        assert 1 <= int(headers["retry-after"]) <= 60
        waits(lambda: admission.at_work == admission.waiting == 0)
        assert ask(running.port, input="Hello.")[0] == 200


def test_one_client_has_so_many_requests_and_no_more(engine: Engine, tmp_path: Path, waits: Any) -> None:
    bounds = Bounds(per_client=1)
    with served(Service(engine, 2, project=tmp_path, bounds=bounds)) as running:
        with holding(running.port, 1):
            waits(lambda: running.service.admission.at_work == 1)
            status, _, data = ask(running.port, input="Hello.")
        assert (status, json.loads(data)["error"]["code"]) == (429, "client_busy")


def test_a_request_has_its_time(engine: Engine, tmp_path: Path, waits: Any) -> None:
    bounds = Bounds(request_seconds=1.0)
    with served(Service(engine, 1, project=tmp_path, bounds=bounds)) as running:
        status, _, data = ask(running.port, input=LONG, mode="checked", response_format="flac")
        assert (status, json.loads(data)["error"]["code"]) == (504, "timeout")
        with pytest.raises(http.client.IncompleteRead):
            ask(running.port, input=LONG)
        _, _, events = ask(running.port, input=LONG, stream_format="sse")
        assert json.loads(events.strip().rpartition(b"data: ")[2])["error"]["code"] == "timeout"
        waits(lambda: running.service.thread.jobs == 0)


def test_an_engine_that_fails_is_said_to_those_at_work_and_the_next_are_spoken(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(Service(engine, 2, project=tmp_path)) as running:
        with monkeypatch.context() as patch:
            patch.setattr("csm_cli.engine.batch.Batch.step", lambda self: 1 / 0)
            for form in ("wav", "mp3", "opus"):
                status, _, data = ask(running.port, input="Hello.", response_format=form)
                assert (status, json.loads(data)["error"]["code"]) == (500, "failed"), form
        assert ask(running.port, input="Hello.")[0] == 200


def test_nobody_reads_the_answer_and_its_place_is_free_again(
    engine: Engine, tmp_path: Path, waits: Any
) -> None:
    from csm_cli.web.server import Limits

    limits = Limits(unread_seconds=0.2)
    with served(Service(engine, 1, project=tmp_path), limits=limits) as running:
        text = json.dumps({"input": LONG, "mode": "frames", "response_format": "wav", "speed": 0.25}).encode()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", running.port))
            head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
            connection.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)
            waits(lambda: running.service.admission.at_work == 1)
            waits(lambda: running.service.admission.at_work == 0)
            assert any(" 499 speech left" in line for line in running.log)
