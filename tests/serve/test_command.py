"""`csm serve` from the terminal: what it refuses, and its whole life as a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csm_cli.cli.app import main


def refusal(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """(exit code, stderr) of `csm serve`."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--model", "nowhere", *arguments])
    out, err = capfd.readouterr()
    assert not out and err.count("\n") <= 2
    return int(ended.value.code or 0), " ".join(err.split())


def test_what_cannot_be_served_is_said_in_one_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, text = refusal(capfd, "--host", "0.0.0.0")
    assert code == 2 and "--host: 0.0.0.0 can be reached from other machines; give --token-file" in text
    code, text = refusal(capfd, "--allow-origin", "page.example")
    assert code == 2 and "--allow-origin: 'page.example' is not where a page comes from" in text
    code, text = refusal(capfd, "--allow-host", "http://my.host")
    assert code == 2 and "--allow-host: 'http://my.host' is no name of a machine" in text
    code, text = refusal(capfd, "--token-file", str(tmp_path / "none"))
    assert code == 4 and "there is no such file" in text
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, text = refusal(capfd, "--port", str(taken.getsockname()[1]))
    assert code == 2 and "another program listens there" in text
    code, text = refusal(capfd, "--port", "0")
    assert code == 4 and "nowhere" in text
    monkeypatch.setattr("csm_cli.web.find_spec", lambda name: None)
    code, text = refusal(capfd)
    assert code == 4 and "needs starlette and uvicorn; pip install 'csm-cli[web]'" in text


def fetch(url: str, token: str | None = None, body: Any = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_server_from_its_start_to_sigterm(tiny: Path, tmp_path: Path) -> None:
    """What is at work when it is to end is finished, what comes then is refused; exit code 143."""
    token = tmp_path / "token"
    token.write_text("a-token")
    token.chmod(0o600)
    command = [sys.executable, "-m", "csm_cli", "serve", "--port", "0", "--model", str(tiny), "--metrics"]
    process = subprocess.Popen(
        [*command, "--token-file", str(token)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    answers: list[tuple[int, bytes]] = []
    try:
        assert process.stdout and process.stderr
        url = process.stdout.readline().strip()
        root = url.removesuffix("/v1")
        assert url.startswith("http://127.0.0.1:") and fetch(f"{root}/ready")[0] == 200
        assert fetch(f"{url}/models")[0] == 401 and fetch(f"{url}/models", "a-token")[0] == 200
        assert fetch(f"{root}/metrics")[0] == 401

        def until(holds: Callable[[], bool]) -> None:
            deadline = time.monotonic() + 20
            while not holds():
                assert time.monotonic() < deadline
                time.sleep(0.05)

        body = {"input": "Hello there, it is late. " * 24, "voice": "alloy", "response_format": "wav"}
        asking = threading.Thread(
            target=lambda: answers.append(fetch(f"{url}/audio/speech", "a-token", body | {"mode": "frames"}))
        )
        asking.start()
        until(lambda: b"csm_requests_at_work 1" in fetch(f"{root}/metrics", "a-token")[1])
        process.send_signal(signal.SIGTERM)
        until(lambda: fetch(f"{url}/models", "a-token")[0] == 503)
        assert fetch(f"{root}/health")[0] == 200
        asking.join(60)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    ((status, sound),) = answers
    assert status == 200 and len(sound) > 48_000 * 30
    assert process.returncode == 143 and out == ""
    assert " 200 speech: " in err and "Hello" not in err and "a-token" not in err and "Traceback" not in err
