"""The whole way with the real engine, as a user goes it: text in, files out, in a process each."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import soundfile

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.core import signals_held_back
from tests.cli.conftest import process
from tests.rendering.tiny import write_tiny_checkpoint

SCRIPT = """\
title: Short
voices: {narrator: ann, Anna: bob}
chapters:
  - {title: One, lines: [{narrator: The light was on.}, {Anna: Who is there?}]}
  - {title: Two, lines: [{narrator: Nobody.}]}
"""


@pytest.fixture(scope="module")
def babbler(tmp_path_factory):
    """A model that never says anything sensible: every line needs review."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def short(tmp_path, voices):
    path = tmp_path / "short.yaml"
    path.write_text(SCRIPT)
    return path


def test_a_model_that_babbles_leaves_files_and_a_long_list(babbler, short, tmp_path):
    out = tmp_path / "out"
    short.write_text(SCRIPT.replace("The light was on.", "Hm.").replace("Who is there?", "Oh."))
    done = process("render", short, "-o", out, "--model", babbler, "--device", "cpu")
    assert done.returncode == 5, done.stderr
    names = [Path(line).name for line in done.stdout.splitlines()]
    assert names[:3] == ["01-one.wav", "02-two.wav", "timeline.json"]
    assert done.stderr.count("needs review") == 3
    assert soundfile.info(out / "01-one.wav").duration > 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_exits_130_with_the_command_that_continues(babbler, short, tmp_path):
    lines = ", ".join(f"{{narrator: Line {number} of many.}}" for number in range(500))  # a minute at least
    short.write_text(SCRIPT + f"  - {{title: Three, lines: [{lines}]}}\n")
    arguments = ["render", str(short), "-o", str(tmp_path / "out"), "--model", str(babbler)]
    running = subprocess.Popen(
        [sys.executable, "-m", "csm_cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert running.stderr is not None
    assert running.stderr.readline().startswith("csm: model ")
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err


def test_an_interrupt_waits_for_an_import_or_the_compiler_and_a_second_one_does_not():
    """Raised within a callback of a library it would be lost."""
    done = []
    with pytest.raises(KeyboardInterrupt):
        with signals_held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("imported")
        done.append("never")
    assert done == ["imported"]
    with pytest.raises(KeyboardInterrupt), signals_held_back():
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
            done.append("held back")
    assert done == ["imported", "held back"]
    with pytest.raises(KeyboardInterrupt), signals_held_back():
        signal.raise_signal(signal.SIGINT)
        raise ImportError("not there")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_that_a_library_swallows_is_heeded_at_the_next_line(monkeypatch):
    from csm_cli.cli import console, progress
    from csm_cli.cli.app import stoppable

    monkeypatch.setattr(progress.PlainProgress, "note_between", lambda self: None)
    source = SimpleNamespace(source=SimpleNamespace(path="a.md"))
    planned = SimpleNamespace(characters=3, line=source)
    line = SimpleNamespace(planned=planned, seconds=1.0, take=None, rendered=False)
    with stoppable():
        shown = progress.PlainProgress()
        shown.line(line)
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            shown.line(line)
    with stoppable():
        shown.line(line)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert console.stops == []


def test_an_interrupt_within_an_exec_exits_130_as_well(tmp_path):
    """While a library is imported, that makes its dataclasses by `exec`."""
    (tmp_path / "interrupted.py").write_text("""
from types import SimpleNamespace
from csm_cli.cli import app

def stop(*arguments, **options):
    exec("raise KeyboardInterrupt")

app.typer.main.get_command = lambda _: SimpleNamespace(main=stop)
app.main(["render"])
""")
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (done.returncode, done.stderr) == (130, "csm: interrupted\n")


def test_the_demo_voice_renders_a_script(short, tmp_path):
    done = process("render", short, "-o", tmp_path / "out", "--model", "demo", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    chapters = json.loads((tmp_path / "out" / "timeline.json").read_text())["chapters"]
    for chapter in chapters:
        sound, _ = soundfile.read(tmp_path / "out" / chapter["file"])
        assert abs(sound).max() > 0.1
        for line in chapter["lines"]:
            seconds = line["end"] - line["start"]
            assert 0.4 < seconds / (len(line["text"]) / 14) < 2.5, line


def test_the_demo_voice_says_a_text_the_same_way_twice(tmp_path):
    for name in ("a.wav", "b.wav"):
        done = process(
            "say", "Is that the light you told me about?", "-o", tmp_path / name, "--model", "demo"
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_the_demo_voice_is_there():
    assert (DEMO_CHECKPOINT / "config.json").is_file()
