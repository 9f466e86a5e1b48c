"""Speed is made of the takes that are there: nothing is spoken again, and times and pitch are right."""

from __future__ import annotations

import json
import re
import zipfile
from itertools import pairwise

import jsonschema
import numpy as np
import pytest
import soundfile

from csm_cli.core.errors import ScriptError, UsageError
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import Delivery
from csm_cli.editing import ScriptTakes
from csm_cli.editing.pinning import pin
from csm_cli.rendering.estimate import estimate
from csm_cli.rendering.master import master_jobs
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import plan_jobs, read_jobs
from csm_cli.rendering.requests import ModelTraits
from csm_cli.rendering.say import Saying
from csm_cli.rendering.session import render_jobs
from csm_cli.script import read_screenplay
from tests.delivery.books import onsets
from tests.delivery.test_timeline import SCHEMA
from tests.rendering.fake_engine import FakeEngine
from tests.rendering.test_live import listen

RATE = 24_000


def run(script, folder, engine=None, **delivery):
    """Render, or without an engine master: (report, lines of the first chapter, how many were spoken)."""
    options = RenderOptions(output=folder, delivery=Delivery(**delivery))
    jobs = read_jobs([script], options)
    report = render_jobs(jobs, engine, options) if engine else master_jobs(jobs, options)
    return report, timeline(folder)["chapters"][0], len(engine.asked) if engine else 0


def timeline(folder):
    return json.loads((folder / "timeline.json").read_text())


def lasts(lines):
    return [line["end"] - line["start"] for line in lines]


def seconds(hours, minutes, rest):
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def change(script, old, new):
    text = script.read_text()
    assert old in text
    script.write_text(text.replace(old, new))


def test_another_speed_speaks_nothing_and_changes_its_line_alone(script, tmp_path):
    _, before, spoken = run(script, tmp_path / "out", FakeEngine())
    assert spoken == 7
    takes = sorted(path.name for path in (tmp_path / ".csm" / "takes").rglob("*") if path.is_file())
    change(script, '"Hold on!", seed: 7', '"Hold on!", seed: 7, speed: 0.8')
    report, after, spoken = run(script, tmp_path / "out", FakeEngine())
    assert (spoken, report.rendered, report.cached, report.stale) == (0, 0, 7, 0)
    assert takes == sorted(p.name for p in (tmp_path / ".csm" / "takes").rglob("*") if p.is_file())
    first, second = lasts(before["lines"]), lasts(after["lines"])
    assert second[:2] == pytest.approx(first[:2], abs=1e-6)
    assert second[2] == pytest.approx(first[2] / 0.8, abs=0.01)
    assert [line.get("speed") for line in after["lines"]] == [None, None, 0.8]
    assert [line["takes"] for line in after["lines"]] == [line["takes"] for line in before["lines"]]


@pytest.mark.parametrize(("speed", "near"), [(0.5, 0.03), (0.8, 0.02), (1.25, 0.02), (2, 0.02)])
def test_the_files_are_as_the_timeline_says_and_pauses_keep_their_length(script, tmp_path, speed, near):
    _, before, _ = run(script, tmp_path / "a", FakeEngine())
    change(script, "title: The Lighthouse", f"title: The Lighthouse\nspeed: {speed}")
    _, after, spoken = run(script, tmp_path / "b", FakeEngine())
    assert spoken == 0
    pauses = [[each["end"] - each["start"] for each in chapter["pauses"]] for chapter in (before, after)]
    assert pauses[0] == pytest.approx(pauses[1], abs=1e-5)
    assert lasts(after["lines"]) == pytest.approx([each / speed for each in lasts(before["lines"])], abs=1e-4)
    sound, rate = soundfile.read(tmp_path / "b" / after["file"])
    assert len(sound) == after["samples"]
    heard = onsets(sound, rate)
    assert len(heard) == len(after["lines"])
    for found, line in zip(heard, after["lines"], strict=True):
        assert found == pytest.approx((line["start"], line["end"]), abs=near)
        piece = sound[round(line["start"] * rate) : round(line["end"] * rate)]
        loudest = np.fft.rfftfreq(piece.size, 1 / rate)[np.argmax(np.abs(np.fft.rfft(piece)))]
        assert loudest == pytest.approx(250 if line["speaker"] == "Anna" else 200, rel=0.01)


def test_a_character_is_faster_in_all_of_its_lines(script, tmp_path):
    _, before, _ = run(script, tmp_path / "a", FakeEngine())
    change(script, "Anna: bob", "Anna: {voice: bob, speed: 1.25}")
    _, after, spoken = run(script, tmp_path / "b", FakeEngine())
    assert spoken == 0
    ratios = [a / b for a, b in zip(lasts(before["lines"]), lasts(after["lines"]), strict=True)]
    assert ratios == pytest.approx([1, 1.25, 1.25], rel=0.01)


def test_the_option_multiplies_and_one_is_the_same_to_the_byte(script, tmp_path):
    _, before, _ = run(script, tmp_path / "a", FakeEngine())
    change(script, "Anna: bob", "Anna: {voice: bob, speed: 0.8}")
    engine = FakeEngine()
    _, after, spoken = run(script, tmp_path / "b", engine, speed=1.25)
    assert spoken == 0
    assert [line.get("speed", 1) for line in after["lines"]] == [1.25, 1, 1]
    change(script, "speed: 0.8", "speed: 1")
    run(script, tmp_path / "c", engine)
    assert [path.read_bytes() for path in sorted((tmp_path / "c").glob("*.wav"))] == [
        path.read_bytes() for path in sorted((tmp_path / "a").glob("*.wav"))
    ]
    assert timeline(tmp_path / "c") == timeline(tmp_path / "a")
    assert lasts(before["lines"])[1:] == pytest.approx(lasts(after["lines"])[1:])


def test_mastering_again_needs_no_model_for_it(script, tmp_path):
    _, before, _ = run(script, tmp_path / "a", FakeEngine())
    _, after, _ = run(script, tmp_path / "b", speed=1.5)
    assert lasts(after["lines"]) == pytest.approx([each / 1.5 for each in lasts(before["lines"])], rel=0.01)
    _, again, _ = run(script, tmp_path / "c", FakeEngine(), speed=1.5)
    assert again == after
    value = timeline(tmp_path / "b")
    jsonschema.validate(value, SCHEMA)
    assert read_timeline(tmp_path / "b" / "timeline.json").as_dict() == value


def test_a_speed_that_comes_out_beyond_the_limits_is_told_with_its_line(script, tmp_path):
    change(script, '"Hold on!", seed: 7', '"Hold on!", seed: 7, speed: 1.8')
    told = r"lighthouse.yaml:9:\d+: error: speed 1.8 times 1.5 \(--speed\) is 2.7; 0.5 to 2 can be spoken$"
    with pytest.raises(ScriptError, match=told):
        run(script, tmp_path, FakeEngine(), speed=1.5)
    for speed in (0.4, 2.5, float("nan")):
        with pytest.raises(UsageError, match=r"--speed: a speed of .*; give 0.5 to 2"):
            Delivery(speed=speed)


def test_a_pinned_take_stays_and_is_heard_at_the_new_speed(script, tmp_path):
    _, before, _ = run(script, tmp_path / "a", FakeEngine())
    takes = ScriptTakes(script)
    line = takes.lines[0]
    pin(takes, line, line.take)
    change(script, "title: The Lighthouse", "title: The Lighthouse\nspeed: 1.25")
    _, after, spoken = run(script, tmp_path / "b", FakeEngine())
    assert spoken == 0
    assert after["lines"][0]["takes"] == before["lines"][0]["takes"] == [line.take.id]
    again = ScriptTakes(script)
    assert again.lines[0].place in again.lines[0].take.pins
    assert lasts(after["lines"])[0] == pytest.approx(lasts(before["lines"])[0] / 1.25, rel=0.01)


def test_subtitles_and_the_book_to_read_along_are_in_time(script, tmp_path):
    change(script, "title: The Lighthouse", "title: The Lighthouse\nspeed: 0.75")
    _, chapter, _ = run(script, tmp_path / "out", FakeEngine(), extras=("srt", "epub"), formats=("mp3",))

    found = re.findall(r"(\d\d):(\d\d):([\d,]+) --> ", next((tmp_path / "out").glob("01*.srt")).read_text())
    starts = [seconds(hours, minutes, rest.replace(",", ".")) for hours, minutes, rest in found]
    assert starts == pytest.approx([line["start"] for line in chapter["lines"]], abs=0.002)
    with zipfile.ZipFile(next((tmp_path / "out").glob("*.epub"))) as book:
        overlay = next(book.read(name).decode() for name in book.namelist() if name.endswith("1.smil"))
    begins = [seconds(*found) for found in re.findall(r'clipBegin="(\d+):(\d+):([\d.]+)"', overlay)]
    assert begins == pytest.approx([0, *starts[1:]], abs=0.002)


def test_titles_and_credits_go_at_the_speed_of_whoever_reads_them(script, tmp_path):
    change(script, "narrator: ann", "narrator: {voice: ann, speed: 0.9}")
    run(script, tmp_path / "out", FakeEngine(), titles=True, credits=True, speed=0.8)
    opening, first, *_ = timeline(tmp_path / "out")["chapters"]
    assert {line["speed"] for line in opening["lines"]} == {0.72}
    assert [line["speed"] for line in first["lines"]] == [0.72, 0.72, 0.8, 0.8]


def test_a_mark_is_put_into_what_is_heard(script, tmp_path):
    change(script, "title: The Lighthouse", "title: The Lighthouse\nspeed: 0.5")
    marked = []

    def mark(sound, rate):
        marked.append(sound.size / rate)
        return sound

    options = RenderOptions(output=tmp_path / "out")
    render_jobs(read_jobs([script], options), FakeEngine(), options, watermark=mark)
    takes = [line.take for line in ScriptTakes(script).lines]
    assert len(takes) == 7
    assert sorted(marked) == pytest.approx(sorted(2 * take.seconds for take in takes), abs=0.001)


def test_what_is_listened_to_has_the_speed_too(script, tmp_path):
    usual = listen(script, tmp_path / "a").sound.size / RATE
    spoken = sum(line.take.seconds - 0.05 for line in ScriptTakes(script).lines)
    change(script, "title: The Lighthouse", "title: The Lighthouse\nspeed: 0.5")
    slow = listen(script, tmp_path / "b").sound.size / RATE
    assert slow - usual == pytest.approx(spoken, rel=0.05)


def test_what_is_said_has_it_too(voices):
    lengths = []
    for speed in (1.0, 0.5):
        segment, _ = Saying("Hello there, how are you today?", "ann").speak(
            FakeEngine(), RenderOptions(delivery=Delivery(speed=speed))
        )
        lengths.append(segment.duration_seconds - 0.3)  # less the pauses at head and tail
    assert lengths[1] == pytest.approx(2 * lengths[0], rel=0.01)


def test_an_estimate_counts_what_is_heard_and_what_is_spoken(script, tmp_path):
    engine = FakeEngine()
    found = []
    for speed in (1.0, 0.5):
        options = RenderOptions(output=tmp_path / "out", delivery=Delivery(speed=speed))
        plans = plan_jobs(read_jobs([script], options), options, ModelTraits.of(engine))
        found.append(list(estimate(plans, options, engine)))
    for usual, slow in zip(*found, strict=True):
        assert slow.new_seconds == usual.new_seconds
        assert slow.audio_seconds == pytest.approx(2 * usual.audio_seconds)


def test_keys_of_takes_know_nothing_of_it(script):
    def keys():
        options = RenderOptions()
        (plan,) = plan_jobs(read_jobs([script], options), options)
        return [(line.request.slot, line.request.key(())) for chain in plan.chains for line in chain.lines]

    before = keys()
    change(script, "title: The Lighthouse", "title: The Lighthouse\nspeed: 0.5")
    change(script, "Anna: bob", "Anna: {voice: bob, speed: 1.25}")
    change(script, '"Hold on!", seed: 7', '"Hold on!", seed: 7, speed: 2')
    assert keys() == before
    assert {line.speed for line in read_screenplay(script).lines} == {0.5, 1.25, 2}


def test_lines_follow_one_another_without_a_gap_in_the_timeline(script, tmp_path):
    change(script, "title: The Lighthouse", "title: The Lighthouse\nspeed: 1.9")
    _, chapter, _ = run(script, tmp_path / "out", FakeEngine())
    spans = sorted(
        (each["start_sample"], each["end_sample"]) for each in (*chapter["lines"], *chapter["pauses"])
    )
    assert all(first[1] == second[0] for first, second in pairwise(spans))
    assert (spans[0][0], spans[-1][1]) == (0, chapter["samples"])
