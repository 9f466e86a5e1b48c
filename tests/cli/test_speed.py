"""`--speed` of `csm render`, `csm master` and `csm say`, and `speed:` on its way through `csm convert`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from tests.cli.conftest import piped


def lines(folder: str):
    return json.loads((Path(folder) / "timeline.json").read_text())["chapters"][0]["lines"]


def lasts(folder: str) -> list[float]:
    return [line["end"] - line["start"] for line in lines(folder)]


def test_render_and_master_make_the_same_of_it_and_speak_nothing_again(csm, engine, script):
    assert csm("render", script, "-o", "usual").code == 0
    spoken = len(engine.asked)
    assert csm("render", script, "-o", "slow", "--speed", "0.8").code == 0
    assert len(engine.asked) == spoken
    assert lasts("slow") == pytest.approx([each / 0.8 for each in lasts("usual")], abs=1e-3)
    assert csm("master", script, "-o", "again", "--speed", "0.8").code == 0
    for wav in Path("slow").glob("*.wav"):
        assert wav.read_bytes() == (Path("again") / wav.name).read_bytes()
    assert lines("again") == lines("slow")
    assert csm("master", script, "-o", "back").code == 0
    assert lasts("back") == lasts("usual"), "an option of delivery: nothing remembers it"


def test_it_multiplies_the_speeds_of_the_script(csm, engine, script):
    script.write_text(script.read_text().replace("Anna: bob", "Anna: {voice: bob, speed: 0.8}"))
    assert csm("render", script, "-o", "out", "--speed", "1.1").code == 0
    assert [line["speed"] for line in lines("out")] == [1.1, 0.88, 0.88]


def test_a_text_is_said_at_it(csm, engine):
    for name, speed in (("usual.wav", "1"), ("fast.wav", "1.5")):
        assert csm("say", "Hello there, how are you today?", "-o", name, "--speed", speed).code == 0
    usual, fast = (soundfile.info(name).duration - 0.3 for name in ("usual.wav", "fast.wav"))
    assert fast == pytest.approx(usual / 1.5, abs=0.01)


@pytest.mark.parametrize("speed", ["0.4", "2.1", "0", "-1", "nan"])
def test_what_is_no_speed_is_told_in_one_line_before_any_model(csm, script, speed):
    for command in (("render", script), ("master", script), ("say", "Hello.")):
        result = csm(*command, "--speed", speed)
        assert result.code == 2 and result.out == ""
        assert result.err == f"csm: error: --speed: a speed of {float(speed):g}; give 0.5 to 2\n"
    assert not list(Path().iterdir())


def test_every_line_that_would_be_too_fast_is_named(csm, script):
    text = script.read_text().replace("seed: 7}", "seed: 7, speed: 1.8}")
    script.write_text(text.replace("narrator: Nobody.", "{text: Nobody., speed: 1.9}"))
    result = csm("render", script, "--speed", "1.5")
    assert result.code == 3
    assert [row.partition("lighthouse.yaml:")[2] for row in result.err.splitlines()[:2]] == [
        "9:31: error: speed 1.8 times 1.5 (--speed) is 2.7; 0.5 to 2 can be spoken",
        "15:16: error: speed 1.9 times 1.5 (--speed) is 2.85; 0.5 to 2 can be spoken",
    ]


def test_convert_keeps_it(csm, monkeypatch):
    text = (
        "title: A\nspeed: 0.9\nvoices:\n  narrator: heart\n  Anna: {voice: bella, speed: 1.1}\n"
        "chapters:\n  - title: One\n    speed: 0.8\n    lines:\n      - narrator: Hello.\n"
        "      - {speaker: Anna, speed: 1.25, text: Hello!}\n"
    )
    Path("a.yaml").write_text(text)
    assert csm("convert", "a.yaml", "-o", "a.md").code == 0
    markdown = Path("a.md").read_text()
    assert "speed: 0.9\n" in markdown and "Anna: {voice: bella, speed: 1.1}\n" in markdown
    assert "# One {speed=0.8}\n" in markdown and "**Anna:** {speed=1.25} Hello!\n" in markdown
    assert csm("convert", "a.md", "-o", "b.yaml").code == 0
    assert Path("b.yaml").read_text() == text
    monkeypatch.setattr("sys.stdin", piped(b"{speed=9} Text.\n"))
    result = csm("lint", "-", "--from", "markdown")
    assert result.code == 3
    assert '-:1:8: error: speed is a number from 0.5 to 2, not "9"' in result.out + result.err
