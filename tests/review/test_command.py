"""`csm review` as a process of its own, with the embedded voice."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

import csm_cli
from csm_cli.editing.lines import ScriptTakes
from csm_cli.editing.pinning import pin

ROOT = str(Path(csm_cli.__file__).parents[1])


class Server:
    """A running `csm review`."""

    def __init__(self, *options):
        command = [sys.executable, "-m", "csm_cli", "review", "--no-open", *map(str, options)]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": ROOT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address, _, self.token = self.process.stdout.readline().strip().partition("/#token=")
        self.events = queue.Queue()

    def ask(self, path, values=None, method=None):
        request = urllib.request.Request(
            f"{self.address}/api/{path}",
            None if values is None else json.dumps(values).encode(),
            {"Authorization": f"Bearer {self.token}"},
            method=method,
        )
        return urllib.request.urlopen(request, timeout=60)

    def get(self, path):
        with self.ask(path) as answer:
            return json.loads(answer.read())

    def listen(self):
        """Collect events from now on."""
        stream = self.ask("events")
        stream.readline()

        def read():
            name = ""
            for row in stream:
                if row.startswith(b"event: "):
                    name = row[7:].strip().decode()
                elif row.startswith(b"data: "):
                    self.events.put((name, json.loads(row[6:])))

        threading.Thread(target=read, daemon=True).start()

    def wait(self, name, wanted):
        while True:
            found, data = self.events.get(timeout=60)
            if found == name and wanted(data):
                return data

    def end(self, number):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def server():
    started = []

    def start(*options):
        started.append(Server(*options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def test_a_review_from_the_first_look_to_the_end(book, server):
    running = server()
    assert running.address.startswith("http://127.0.0.1:")
    first, second, *_ = running.get("scripts/0/lines")["lines"]
    running.listen()
    elsewhere = ScriptTakes(book)
    at = elsewhere.find(second["id"])
    pin(elsewhere, at, at.take)
    changed = running.wait("lines", lambda data: data["lines"][0]["id"] == second["id"])
    assert changed["lines"][0]["state"] == "pinned", "what another process does arrives"
    running.ask(f"scripts/0/lines/{first['id']}/speak", {"count": 1}, "POST").close()
    assert running.wait("model", lambda data: data["state"] in ("ready", "failed"))["name"] == "demo"
    said = running.wait("lines", lambda data: data["lines"][0]["job"] in (None, "failed"))["lines"][0]
    assert (said["job_message"], said["id"]) == ("", first["id"])
    assert said["take"] != first["take"]
    code, out, err = running.end(signal.SIGINT)
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    assert running.token not in err
    assert "The boat" not in err, "texts are in no log"
    (line,) = [each for each in ScriptTakes(book).lines if each.planned.id == first["id"]]
    assert line.take.id == said["take"]


def test_a_request_to_end(book, server):
    running = server(book, "--read-only")
    assert running.get("state")["read_only"] is True
    running.listen()
    code, _, err = running.end(signal.SIGTERM)
    assert (code, "Traceback" in err) == (143, False)


def test_usage(csm, engine):
    result = csm("review", "--no-open")
    assert (result.code, "csm review SCRIPT" in result.err) == (2, True)
    result = csm("review", "a.md", "--no-open")
    assert (result.code, "a.md: there is no such script" in result.err) == (4, True)
    Path("a.md").write_text("# One\n\nA line.\n"), Path("b.md").write_text("# One\n\nA line.\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = csm("review", "a.md", "--no-open", "--port", taken.getsockname()[1])
    assert (result.code, "another program listens there; give another --port" in result.err) == (2, True)
    result = csm("review", "a.md", "b.md", "-o", "out", "--no-open")
    assert (result.code, "name one script" in result.err) == (2, True)


def test_without_the_extra(csm, monkeypatch):
    monkeypatch.setattr("csm_cli.web.find_spec", lambda name: None)
    result = csm("review", "a.md")
    assert result.code == 4
    assert "needs starlette and uvicorn; pip install 'csm-cli[web]'" in result.err
