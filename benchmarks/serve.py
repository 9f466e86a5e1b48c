"""`csm serve` from outside: how soon sound comes, and eight clients against one after the other.

    python -m benchmarks.serve                      # starts a server with the embedded voice, and ends it
    python -m benchmarks.serve --url http://host:8880/v1 --token TOKEN

Both ways are measured by turns in one run, as other programs on the machine slow down whatever runs beside
them; the last line is JSON with the load average before and after.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

TEXT = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of "
    "foolishness, it was the epoch of belief, and here is sentence number {number}."
)
SHORT = "Good morning, what can I do for you?"
SOUND_BYTES = 48_000
"""A second of PCM."""


@dataclass(frozen=True)
class Answer:
    """Seconds until the first sound and until the end, and of sound."""

    first: float
    whole: float
    sound: float


@dataclass(frozen=True)
class Client:
    """Asks one server."""

    url: str
    token: str | None

    def ask(self, text: str, mode: str) -> Answer:
        """Have a text spoken, and receive all of it."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        began = time.perf_counter()
        body = json.dumps({"input": text, "mode": mode, "response_format": "pcm"})
        connection.request("POST", f"{parts.path}/audio/speech", body, headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"{answer.status} {answer.read().decode()}")
        size = len(answer.read(1))
        first = time.perf_counter() - began
        while data := answer.read(1 << 16):
            size += len(data)
        connection.close()
        return Answer(first, time.perf_counter() - began, size / SOUND_BYTES)


@contextmanager
def own_server(options: list[str]) -> Iterator[str]:
    """The address of a server that runs for the body."""
    command = [sys.executable, "-m", "csm_cli", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def together(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """All at once, in threads."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda call: answers.append(call()), args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def compare(client: Client, mode: str, clients: int, turns: int) -> dict[str, Any]:
    """So many requests one after the other and at once, by turns; medians over the turns."""
    rows: dict[str, list[Any]] = {"alone": [], "together": [], "ratio": [], "first": []}
    sound = 0.0
    for turn in range(turns):
        texts = [TEXT.format(number=turn * clients + number) for number in range(clients)]
        calls = [partial(client.ask, text, mode) for text in texts]
        began = time.perf_counter()
        sound = sum(call().sound for call in calls)
        alone = time.perf_counter() - began
        began = time.perf_counter()
        answers = together(calls)
        beside = time.perf_counter() - began
        rows["alone"].append(alone)
        rows["together"].append(beside)
        rows["ratio"].append(alone / beside)
        rows["first"].append(statistics.median(each.first for each in answers))
    found = {name: round(statistics.median(values), 3) for name, values in rows.items()}
    return {"mode": mode, "clients": clients, **found, "times_real_time": round(sound / found["together"], 1)}


def main() -> None:
    """Measure, and print a row for each mode."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", help="of a running server, with /v1")
    parser.add_argument("--token", default=os.environ.get("CSM_TOKEN"))
    parser.add_argument("--model", default="demo")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    if given.url:
        measure(Client(given.url, given.token), given.clients, given.turns)
        return
    with own_server(["--model", given.model, "--slots", str(given.clients)]) as url:
        measure(Client(url, given.token), given.clients, given.turns)


def measure(client: Client, clients: int, turns: int) -> None:
    """All measurements of one server."""
    load = os.getloadavg()[0]
    client.ask(SHORT, "checked")
    firsts = {mode: [client.ask(SHORT, mode).first for _ in range(7)] for mode in ("frames", "checked")}
    result: dict[str, Any] = {"load_before": round(load, 2)}
    for mode, seconds in firsts.items():
        result[f"first_{mode}"] = round(statistics.median(seconds), 3)
        print(f"{mode}: first sound of a short text, alone: {statistics.median(seconds):.3f} s")
    result["rows"] = []
    for mode in ("frames", "checked"):
        row = compare(client, mode, clients, turns)
        result["rows"].append(row)
        print(
            f"{mode}: {clients} one by one {row['alone']:.2f} s, at once {row['together']:.2f} s: "
            f"{row['ratio']:.2f} times; first sound of these {row['first']:.2f} s; "
            f"{row['times_real_time']:.1f} times real time"
        )
    result["load_after"] = round(os.getloadavg()[0], 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
