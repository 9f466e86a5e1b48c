"""The sweep: a real run at a tiny size, and what it does when a way fails, hangs or is cut off."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import sweep as module
from benchmarks.sweep import Limits, Results, fastest, main, sweep
from benchmarks.way import Settings

SETTINGS = Settings("fused", "tiny", "cpu", None, (1, 4))
LIMITS = Limits(step=20, whole=60)


def test_a_whole_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sweep.jsonl"
    words = ["--shape", "tiny", "--device", "cpu", "--ways", "fused", "--batch", "1", "--context", "40"]
    assert main([*words, "--frames", "2", "--out", str(out)]) == 0
    correct, frames, first, parts, book, chapters = (
        json.loads(line) for line in out.read_text().splitlines()
    )
    assert [line["status"] for line in (correct, frames, first, parts, book)] == ["ok"] * 5
    assert correct["equal_greedy"] > 0.99
    assert correct["codes_equal_to_steps"] == correct["codes_equal_to_steps_float32"] == [1.0] * 6
    assert frames["times_real_time"] == pytest.approx(80 / frames["ms_per_frame"])
    assert frames["machine"]["dtype"] == "float32"
    assert parts["prompt_ms"]["1"] > 0 and parts["codec_ms_of_50_frames"]["1"] > 0
    assert 0 < first["first_audio_ms"] <= first["first_time_ms"]
    assert book["sound"] == pytest.approx(sum(20 + n * 37 % 61 for n in range(20)) * 0.08)
    assert book["prompts"] + book["frames"] + book["waiting"] + book["host"] <= book["seconds"] * 1.001
    assert chapters["sound"] == book["sound"] and chapters["frames_in_all"] * 0.08 == pytest.approx(
        book["sound"]
    )
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["1"]["way"] == "fused"


def stand_in(monkeypatch: pytest.MonkeyPatch, lines: str) -> list[list[tuple[str, int]]]:
    """Put a script without torch in place of a way's process; returns the steps of each start."""
    started: list[list[tuple[str, int]]] = []
    script = "import json, sys, time\nsteps = json.loads(sys.argv[1])\n" + lines

    def command(settings: Settings, steps: list[tuple[str, int]]) -> list[str]:
        started.append(list(steps))
        return [sys.executable, "-I", "-u", "-c", script, json.dumps(steps)]

    monkeypatch.setattr(module, "_command", command)
    return started


SCRIPT = """
print("output of a library")
print(json.dumps({"loaded": 1}))
for step in steps:
    if step == ["frames", 4]:
        %s
    print(json.dumps({"done": step, "times_real_time": 2.0 * step[1]}))
"""


@pytest.mark.parametrize(
    ("fault", "message"),
    [("sys.exit('illegal memory access')", "illegal memory access"), ("time.sleep(60)", "stopped after 4 s")],
)
def test_a_step_that_fails_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, message: str
) -> None:
    started = stand_in(monkeypatch, SCRIPT % fault)
    results = Results(tmp_path / "out")
    sweep([SETTINGS], results, Limits(step=4, whole=60))
    assert started == [SETTINGS.steps, [("first audio", 1), ("parts", 4), ("book", 4), ("chapters", 4)]]
    assert [line["status"] for line in results.lines] == ["ok", "ok", "failed", "ok", "ok", "ok", "ok"]
    assert message in results.lines[2]["error"]
    assert fastest(results.lines).keys() == {1}
    with (tmp_path / "out").open("a") as file:
        file.write('{"way": "fus')
    started = stand_in(monkeypatch, SCRIPT % "pass")
    again = Results(tmp_path / "out")
    sweep([SETTINGS], again, LIMITS)
    assert started == [[("frames", 4)]]
    assert fastest(again.lines).keys() == {1, 4}


def test_a_way_that_cannot_be_loaded_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = stand_in(monkeypatch, "sys.exit('there is no fp8 on cpu')")
    results = Results(tmp_path / "out")
    sweep([SETTINGS], results, LIMITS)
    assert len(started) == 1
    assert {line["status"] for line in results.lines} == {"failed"}
    assert len(results.lines) == len(SETTINGS.steps)
    assert fastest(results.lines) == {}


def test_nothing_is_begun_when_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = stand_in(monkeypatch, SCRIPT % "pass")
    results = Results(tmp_path / "out")
    sweep([SETTINGS], results, Limits(step=2, whole=0))
    assert started == []
    assert {line["status"] for line in results.lines} == {"no time left"}
