"""`csm render`."""

import inspect
import io
import json
import os
import re
import shlex
import signal
import threading
from pathlib import Path

import numpy as np
import soundfile

from csm_cli.audio.ffmpeg import check_measuring
from csm_cli.cli import render as command
from csm_cli.core.errors import MissingError
from csm_cli.rendering.models import ModelChoice
from csm_cli.rendering.options import RenderOptions
from csm_cli.voices.registry import VoiceRegistry
from tests.rendering.fake_engine import capped
from tests.voices.sounds import TEXT, speech, written


def test_paths_on_stdout_and_messages_on_stderr(csm, engine, script):
    result = csm("render", script, "-o", "out")
    assert result.code == 0
    assert result.out.splitlines()[-3:] == ["out/timeline.json", "out/report.json", "out/report.html"]
    assert sorted(result.out.splitlines()[:-3]) == [
        "out/01-arrival.wav",
        "out/02-the-lamp.wav",
        "out/03-morning.wav",
    ]
    assert "csm: chapter 1 'Arrival': 3 lines, 0:0" in result.err
    assert "\x1b" not in result.err
    assert "\r" not in result.err
    assert re.search(
        r"csm: 7 lines, \d+\.\d s of audio in .* s; \d+\.\d s of speech made, .*× real time\n$", result.err
    )


def test_options_reach_the_rendering(csm, engine, script):
    options = ["--chapters", "3,1", "--format", "flac", "--format", "wav", "--batch", 1]
    result = csm("render", script, *options, "--context-turns", 0, "--seed", 9, "--top-k", 3)
    assert result.out.splitlines() == [
        "lighthouse/01-arrival.flac",
        "lighthouse/01-arrival.wav",
        "lighthouse/03-morning.flac",
        "lighthouse/03-morning.wav",
        "lighthouse/timeline.json",
        "lighthouse/report.json",
        "lighthouse/report.html",
    ]
    assert [len(batch) for batch in engine.batches] == [1] * 4
    assert all(asked.context == () and asked.sampler.top_k == 3 for asked in engine.asked)


def test_lines_to_review_exit_5(csm, engine, script):
    engine.fail = lambda asked: capped(asked) if asked.text == "Nobody." else None
    result = csm("render", script)
    assert result.code == 5
    pattern = rf"csm: needs review: {re.escape(str(script))}:15:19: [0-9a-z]{{7}} narrator: did not end"
    assert re.search(pattern, result.err)
    assert "csm: 7 lines (1 retried, 1 to review), " in result.err
    assert "02-the-lamp.wav" in result.out


def test_what_is_stale_or_not_speakable_is_named_and_counted(csm, engine, script):
    csm("render", script)
    script.write_text(script.read_text().replace("Is that the light?", "Is that a light?"))
    result = csm("render", script)
    place = rf"{re.escape(str(script))}:\d+:\d+"
    what = "a line was edited or removed; 1 line was spoken after what stood there before"
    assert re.search(rf"^csm: stale: {what}: {place}$", result.err, re.MULTILINE), result.err
    assert f"\n  csm render {shlex.quote(str(script))} --lineage strict\n" in result.err
    assert "csm: 7 lines (6 there already, 1 spoken now, 1 stale), " in result.err
    again = csm("render", script)
    assert "csm: stale" not in again.err and "(7 there already, 1 stale, as before), " in again.err
    strict = csm("render", script, "--lineage", "strict")
    assert "stale" not in strict.err and "--lineage" not in strict.err


def test_a_reroll_says_once_what_follows_from_it(csm, engine, script):
    csm("render", script, "--format", "flac")
    csm("takes", "reroll", f"{script}:7")
    said = csm("render", script, "--format", "flac").err
    assert f"csm: stale: {script}:7 has another take; 1 line was spoken after " in said
    assert f"\n  csm render {shlex.quote(str(script))} --format flac --lineage strict\n" in said
    assert "csm: stale" not in csm("render", script).err
    csm("takes", "reroll", f"{script}:7")
    assert "csm: stale" not in csm("render", script).err, "it fitted no more anyway"


def test_pinned_lines_are_never_stale(csm, engine, script):
    csm("render", script)
    (later,) = [
        each for each in json.loads(csm("takes", "list", script, "--json").out) if each["text"] == "Hold on!"
    ]
    csm("takes", "pin", later["name"], "--script", script)
    script.write_text(script.read_text().replace("Is that the light?", "Is that a light?"))
    result = csm("render", script)
    report = json.loads(Path("lighthouse/report.json").read_text())
    lines = {line["text"]: line for chapter in report["chapters"] for line in chapter["lines"]}
    assert lines["Hold on!"]["take"]["pinned"] and not lines["Hold on!"]["stale"]
    assert report["totals"]["stale"] == sum(line["stale"] for line in lines.values())
    assert f"{later['source']}:" not in result.err
    assert "stale" not in csm("render", script, "--lineage", "strict").err
    assert "stale" not in csm("master", script).err


def test_a_terminated_rendering_says_what_is_kept(csm, engine, script):
    spoken = []

    def fail(asked):
        spoken.append(asked)
        if len(spoken) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    engine.fail = fail
    result = csm("render", script, "--batch", 1)
    assert (result.code, result.out) == (143, "")
    assert re.search(r"csm: 2 of 7 lines spoken and kept, \d+\.\d s of audio\n", result.err)
    assert f"\n  csm render {shlex.quote(str(script))} --batch 1\n" in result.err
    engine.fail = None
    assert "(2 there already, 5 spoken now)" in csm("render", script).err


def test_off_a_terminal_a_line_now_and_then_tells_where_it_stands(csm, engine, script, monkeypatch):
    monkeypatch.setattr("csm_cli.cli.progress.PLAIN_SECONDS", 0.0)
    said = csm("render", script, "--batch", 1).err
    assert re.search(r"csm: 1/7 lines · 0:0\d of audio · .*× real time · 0:\d\d left\n", said)


def test_a_fault_of_an_option_is_told_in_our_own_words(csm, script):
    result = csm("render", script, "--verify", "words")
    said = "Invalid value for '--verify': 'words' is not one of 'asr', 'voice'; see csm render --help"
    assert (result.code, result.err) == (2, f"csm: error: {said}\n")


def test_a_stream_knows_nothing_of_files(csm, script, monkeypatch):
    refused = {
        ("--format", "mp3"): "the stream is a plain WAV, without --format; leave it out, or name a folder",
        (
            "--whole",
            "--with",
            "srt",
            "--sample",
        ): "the stream is a plain WAV, without --whole, --with, --sample; leave them out, or name a folder",
        (
            "--watermark",
            "key",
        ): "the stream is a plain WAV, without --watermark; leave it out, or name a folder",
        (script,): "one script at a time; stream them one after the other",
    }
    for options, said in refused.items():
        assert csm("render", script, "-o", "-", *options) == (2, "", f"csm: error: -o -: {said}\n")


def test_a_stream_is_heard_while_it_is_being_spoken(csm, engine, script, monkeypatch):
    """The last line is not spoken before the first has come out at the other end of the pipe."""
    reading, writing = os.pipe()
    received, heard = bytearray(), threading.Event()

    def listen():
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            while data := pipe.read(1 << 16):
                received.extend(data)
                sound = np.frombuffer(received[44 : len(received) // 2 * 2], "<i2")
                if np.any(np.abs(sound) > 2000):
                    heard.set()

    def fail(asked):
        assert not asked.text.startswith("The sky") or heard.wait(60), "nothing has been heard yet"

    engine.fail = fail
    listener = threading.Thread(target=listen)
    listener.start()
    with os.fdopen(writing, "w") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        result = csm("render", script, "-o", "-")
        monkeypatch.undo()
    listener.join()
    assert result.code == 0, result.err
    sound, rate = soundfile.read(io.BytesIO(received))
    assert rate == 24_000 and 10 < sound.size / rate < 60
    assert engine.asked[-1].text.startswith("The sky")


def test_stale_lines_without_a_page(csm, engine, script):
    csm("render", script)
    text = script.read_text()
    script.write_text(text.replace("The boat turned", "A boat turned"))
    said = csm("render", script, "-o", "-").err
    assert "report.html" not in said and "csm: stale: " in said
    assert f"\n  csm render {shlex.quote(str(script))} --output - --lineage strict\n" in said
    assert "csm: stale" not in csm("master", script, "-o", "out").err, "it is said already"
    script.write_text(text.replace("The boat turned", "One boat turned"))


def test_where_nothing_can_be_measured_nothing_is_rendered(csm, engine, script, monkeypatch):
    """A WAV needs no encoder; what is delivered is measured all the same."""

    def gone():
        raise MissingError("ffmpeg was not found", remedy="install ffmpeg")

    check_measuring.cache_clear()
    monkeypatch.setattr("csm_cli.audio.ffmpeg.find_ffmpeg", gone)
    assert csm("render", script) == (4, "", "csm: error: ffmpeg was not found; install ffmpeg\n")
    assert csm("say", "Hello there.", "--loudness", "podcast").code == 4
    assert engine.asked == []
    monkeypatch.setattr("csm_cli.audio.ffmpeg.find_ffmpeg", lambda: "/bin/echo")
    result = csm("master", script)
    assert result.code == 4
    assert "/bin/echo: this ffmpeg cannot measure loudness (it has no ebur128)" in result.err


def test_faults_of_a_script_are_listed_and_exit_3(csm, script):
    script.write_text("chapters: [{title: One, lines: [{Nobody: Hello.}, {pause: soon}]}]")
    result = csm("render", script)
    assert (result.code, result.out) == (3, "")
    *problems, last = result.err.splitlines()
    assert len(problems) >= 2
    assert all(problem.startswith(f"{script}:1:") for problem in problems)
    assert last == f"csm: error: {len(problems)} problems in the script"


def test_a_missing_voice_exits_4(csm, script):
    script.write_text(script.read_text().replace("ann", "annn"))
    result = csm("render", script)
    assert result.code == 4
    assert re.match(r"csm: error: .+yaml:2:\d+: no voice named 'annn'; did you mean 'ann'\?", result.err)


def test_the_embedded_model_is_given_the_clip_of_every_voice_first(csm, engine, tmp_path):
    script = tmp_path / "own.yaml"
    path = written(tmp_path / "mia.wav", speech("emma"))
    assert csm("voices", "add", "mia", path, "--text", TEXT, "--licence", "free").code == 0
    script.write_text("voices: {narrator: george, Mia: mia}\nlines:\n- narrator: One.\n- Mia: Two.\n")
    assert csm("render", script, "--model", "demo", "-o", "out").code == 0
    narrator, mia = engine.asked
    assert [segment.text for segment in narrator.context] == [VoiceRegistry().get("george").text]
    assert [segment.text for segment in mia.context] == [TEXT, "One."]
    for asked in (narrator, mia):
        assert asked.context[0].speaker == asked.speaker


def test_a_dry_run_needs_no_model(csm, script, monkeypatch):
    result = csm("render", script, "--dry-run", "--chapters", "2-3")
    assert result.code == 0
    head, names, second, third, total = result.out.splitlines()
    assert head == f"{script} -> lighthouse"
    assert names.split() == ["chapter", "lines", "letters", "cached", "new", "audio", "disk"]
    assert second.split()[:4] == ["2", "The", "Lamp", "3"]
    assert third.split()[:3] == ["3", "Morning", "1"]
    assert total.split()[:4] == ["in", "all", "4", "130"]
    monkeypatch.setenv("CSM_MODEL", "/nonexistent")
    result = csm("render", script, "--dry-run")
    assert result.code == 0
    assert "csm: /nonexistent: no such checkpoint folder" in result.err
    assert re.search(r"in all +7 +\d+ +0 +7 ", result.out)


def test_where_every_take_is_there_no_model_is_loaded(csm, own_home, tmp_path, monkeypatch):
    script = tmp_path / "short.yaml"
    script.write_text("chapters: [{title: One, lines: [{narrator: Yes.}, {narrator: Come in now.}]}]")
    said = csm("render", script, "--model", "demo")
    assert "csm: 2 lines, " in said.err

    def load(*given):
        raise AssertionError("loaded")

    monkeypatch.setattr(ModelChoice, "load", load)
    dry = csm("render", script, "--model", "demo", "--dry-run")
    assert re.search(r"in all +2 +\d+ +2 +0 ", dry.out)
    assert "every line is there already" in dry.err
    again = csm("render", script, "--model", "demo", "-o", "two", "--pause", "line=1")
    assert "(2 there already)" in again.err
    gone = csm("render", script, "--model", "/nonexistent")
    assert gone.code == 4
    assert "without a model, `csm master SCRIPT`" in gone.err
    script.write_text(script.read_text().replace("Yes.", "No."))
    dry = csm("render", script, "--model", "demo", "--dry-run")
    assert re.search(r"in all +2 +\d+ +1 +1 ", dry.out)
    assert "id: demo" in (tmp_path / "csm.lock").read_text()


def test_interrupted_says_how_to_continue_and_exits_130(csm, engine, script):
    engine.interrupt_at = 4
    result = csm("render", script, "--batch", 1, "-o", "my out", "--format", "wav", "--seed", 3)
    assert result.code == 130
    assert result.out.splitlines() == [
        "my out/01-arrival.wav",
        "my out/timeline.json",
        "my out/report.json",
        "my out/report.html",
    ]
    *_, line, last = result.err.splitlines()
    assert last == "csm: interrupted"
    assert line.startswith(f"  csm render {shlex.quote(str(script))} --output 'my out' ")
    assert "--batch 1" in line
    assert "--seed 3" in line
    assert "--format wav" in line


def test_several_scripts(csm, engine, script):
    other = script.with_name("other.yaml")
    other.write_text("chapters: [{title: Only, lines: [{narrator: One line.}]}]")
    result = csm("render", script, other, "-o", "out")
    assert result.code == 0
    assert {"out/other/01-only.wav", "out/other/timeline.json", "out/lighthouse/timeline.json"} <= set(
        result.out.splitlines()
    )
    assert json.loads(Path("out/other/timeline.json").read_text())["title"] == "other"


def test_the_defaults_of_the_command_are_those_of_the_library():
    shown = {name: each.default for name, each in inspect.signature(command.render).parameters.items()}
    library = RenderOptions()
    assert (shown["batch"], shown["context_turns"], shown["seed"]) == (
        library.batch,
        library.context_turns,
        library.seed,
    )


def test_two_scripts_in_one_folder_are_told(csm, engine, script, tmp_path):
    other = tmp_path / "other.md"
    other.write_text("# Night\n\nOnce.\n")
    assert "timeline.json" not in csm("render", script, "-o", "out").err
    told = csm("render", other, "-o", "out").err
    assert f"out has files of {script.name} too, but one timeline.json, now that of other.md" in told
    assert "for a folder of its own: -o out/other" in told
    assert "timeline.json" not in csm("render", other, "-o", "out/other").err
