"""The server: limits for slow clients, and its end."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from csm_cli.core.errors import UsageError
from csm_cli.web.server import Limits, Server, bind


class Slow:
    """An application whose answer to /slow waits until it is let go, and whose /endless never ends."""

    def __init__(self) -> None:
        self.asked, self.go, self.left = threading.Event(), threading.Event(), threading.Event()
        routes = [Route(path, getattr(self, path[1:])) for path in ("/slow", "/endless", "/health")]
        self.app = Starlette(routes=routes)

    async def slow(self, request):
        self.asked.set()
        while not self.go.is_set():
            await asyncio.sleep(0.01)
        return PlainTextResponse("done")

    async def endless(self, request):
        async def blocks():
            try:
                while True:
                    yield b"\0" * (1 << 20)
                    await asyncio.sleep(0)
            finally:
                self.left.set()

        return StreamingResponse(blocks())

    async def health(self, request):
        return PlainTextResponse("ok")


@contextmanager
def running(slow: Slow, **options) -> Iterator[tuple[Server, int]]:
    bound = bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    server, ready = Server(slow.app, bound, **options), threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(10)
        yield server, port
    finally:
        server.stop()
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def ask(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends it within ten seconds; what it sends is dropped."""
    connection.settimeout(10)
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_taken_port_and_no_address_are_said_in_one_line():
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(UsageError, match="another program listens there; give another --port"):
            bind("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(UsageError, match="--host"):
        bind("192.0.2.1", 0)
    with pytest.raises(UsageError, match="--host"):
        bind("no such name", 0)


def test_heads_that_do_not_come_are_not_waited_for():
    with running(Slow(), limits=Limits(head_seconds=0.2)) as (_, port):
        for begun in (b"", b"GET /health HTTP/1.1\r\nHo"):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(begun)
                assert closed(connection)
        assert ask(port, "/health") == (200, b"ok")


def test_a_body_that_goes_on_after_its_answer_is_not_waited_for():
    limits = Limits(head_seconds=0.2)
    with running(Slow(), limits=limits) as (_, port), socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        ended = threading.Event()
        threading.Thread(target=lambda: closed(one) and ended.set(), daemon=True).start()
        for _ in range(100):  # a byte now and then keeps nothing open
            if ended.wait(0.1):
                break
            with suppress(OSError):
                one.sendall(b"x")
        assert ended.is_set()


def test_a_request_at_work_is_not_taken_for_a_slow_head():
    slow = Slow()
    with running(slow, limits=Limits(head_seconds=0.1, unread_seconds=0.1)) as (_, port):
        threading.Timer(0.5, slow.go.set).start()
        assert ask(port, "/slow") == (200, b"done")


def test_a_client_that_does_not_read_is_left():
    slow = Slow()
    with running(slow, limits=Limits(unread_seconds=0.2)) as (_, port):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
            assert slow.left.wait(10)
        assert ask(port, "/health") == (200, b"ok")


def test_connections_are_counted():
    with running(Slow(), limits=Limits(connections=2)) as (_, port):
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        time.sleep(0.1)
        assert ask(port, "/health")[0] == 503
        for each in held:
            each.close()


def test_while_draining_work_is_finished_and_new_requests_are_refused():
    slow = Slow()
    answers: list[tuple[int, bytes]] = []
    ended = []
    with running(slow, on_drain=lambda: ended.append(1), shape="openai") as (server, port):
        asking = threading.Thread(target=lambda: answers.append(ask(port, "/slow")))
        asking.start()
        assert slow.asked.wait(10)
        server.stop()
        refused = ask(port, "/slow")
        assert refused[0] == 503
        assert json.loads(refused[1])["error"]["code"] == "draining"
        assert ask(port, "/health") == (200, b"ok")
        slow.go.set()
        asking.join(10)
    assert answers == [(200, b"done")] and ended == [1]


PROGRAM = """
import sys
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from csm_cli.web.server import bind, run

async def endless(request):
    import asyncio
    async def blocks():
        while True:
            yield b"."
            await asyncio.sleep(0.01)
    return StreamingResponse(blocks())

bound = bind("127.0.0.1", 0)
try:
    run(Starlette(routes=[Route("/", endless)]), bound, drain_seconds=float(sys.argv[1]),
        on_ready=lambda: print(bound.getsockname()[1], flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("drain", ["0.2", "600"])
def test_signals_end_it_within_its_time_and_a_second_one_at_once(drain):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, drain], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1000)
            process.send_signal(signal.SIGINT)
            if drain == "600":
                while ask(port, "/other")[0] != 503:  # the first signal has not been noticed yet
                    time.sleep(0.02)
                process.send_signal(signal.SIGINT)
            assert closed(connection)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "interrupted\n", "")
