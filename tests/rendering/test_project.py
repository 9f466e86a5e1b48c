"""Scripts to folders: files, timeline, reviews, interruption."""

import json

import pytest
import soundfile

from csm_cli.core.errors import MissingError, ScriptError, UsageError
from csm_cli.delivery.options import Delivery
from csm_cli.rendering.models import Limits
from csm_cli.rendering.options import RenderOptions, format_chapters, parse_chapters
from csm_cli.rendering.progress import Interrupted
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from tests.rendering.fake_engine import FakeEngine, capped


def render(scripts, engine=None, formats=("wav",), **options):
    chosen = RenderOptions(delivery=Delivery(formats=formats), **options)
    return render_jobs(read_jobs(scripts, chosen), engine or FakeEngine(), chosen)


def timeline(folder):
    return json.loads((folder / "timeline.json").read_text())


def test_chapter_files_and_a_timeline_that_fits_them(script, tmp_path):
    out = tmp_path / "out"
    report = render([script], output=out)
    names = ["01-arrival.wav", "02-the-lamp.wav", "03-morning.wav"]
    reports = ["report.html", "report.json"]
    assert sorted(path.name for path in out.iterdir()) == [
        ".csm-files.json",
        ".csm-files.lock",
        *names,
        *reports,
        "timeline.json",
    ]
    assert sorted(report.files) == sorted(out.glob("[!.]*"))
    assert report.lines == 7
    assert report.reviews == []
    manifest = timeline(out)
    assert [chapter["file"] for chapter in manifest["chapters"]] == names
    for chapter in manifest["chapters"]:
        info = soundfile.info(out / chapter["file"])
        assert (info.samplerate, info.channels) == (24_000, 1)
        assert info.frames == chapter["samples"]
        ends = [0.0] + [line["end"] for line in chapter["lines"]]
        for line, before in zip(chapter["lines"], ends, strict=False):
            assert before <= line["start"] < line["end"] <= chapter["duration"]
    _first, second, third = manifest["chapters"][0]["lines"]
    assert (second["speaker"], second["text"]) == ("Anna", "Is that the light?")
    assert third["seed"] == 7
    assert third["start"] - second["end"] == pytest.approx(1.5, abs=0.1)
    assert report.audio_seconds == pytest.approx(sum(c["duration"] for c in manifest["chapters"]))


def test_the_same_again_is_the_same(script, tmp_path):
    render([script], output=tmp_path / "a")
    render([script], output=tmp_path / "b", batch=1)
    for file in (tmp_path / "a").glob("[!.]*"):
        if file.stem == "report":  # which tells how long it took
            continue
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_some_chapters_leave_the_others_in_the_timeline(script, tmp_path):
    out = tmp_path / "out"
    render([script], output=out)
    before = timeline(out)
    render([script], output=out, chapters=frozenset({2}), seed=5)
    after = timeline(out)
    assert after["chapters"][0] == before["chapters"][0]
    assert after["chapters"][2] == before["chapters"][2]
    assert after["chapters"][1] != before["chapters"][1]
    (out / "01-arrival.wav").unlink()
    render([script], output=out, chapters=frozenset({2}))
    assert [chapter["number"] for chapter in timeline(out)["chapters"]] == [2, 3]


def test_several_formats(script, tmp_path):
    render([script], output=tmp_path, chapters=frozenset({3}), formats=("flac", "wav"))
    assert (tmp_path / "03-morning.flac").exists()
    assert timeline(tmp_path)["chapters"][0]["files"] == ["03-morning.flac", "03-morning.wav"]


def test_several_scripts_get_a_folder_each(script, tmp_path):
    other = script.with_name("other.yaml")
    other.write_text("chapters: [{title: Only, lines: [{narrator: One line.}]}]")
    report = render([script, other], output=tmp_path / "out")
    assert (tmp_path / "out" / "lighthouse" / "timeline.json").exists()
    assert (tmp_path / "out" / "other" / "01-only.wav").exists()
    assert report.lines == 8


def test_the_default_folder_is_named_like_the_script_and_lies_here(script, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    render([script], chapters=frozenset({3}))
    assert (here / "lighthouse" / "03-morning.wav").exists()


def test_lines_that_stay_bad_are_reported_and_still_heard(script, tmp_path):
    engine = FakeEngine(lambda asked: capped(asked) if asked.text == "Nobody." else None)
    report = render([script], engine, output=tmp_path)
    (review,) = report.reviews
    assert str(review).startswith(f"{script}:15:")
    assert " narrator: did not end" in str(review)
    assert [line["text"] for line in timeline(tmp_path)["chapters"][1]["lines"]][-1] == "Nobody."


def test_what_the_model_cannot_say_is_reported(tmp_path):
    path = tmp_path / "far.yaml"
    path.write_text("chapters: [{title: One, lines: [{narrator: One line.}, {narrator: Привет.}]}]")
    options = RenderOptions(output=tmp_path / "out")
    limits = Limits(frozenset(map(chr, range(32, 127))))
    report = render_jobs(read_jobs([path], options), FakeEngine(), options, limits=limits)
    assert len(timeline(tmp_path / "out")["chapters"][0]["lines"]) == 1
    assert report.reviews[0].reasons == ("the model cannot say 'Привет'",)


def test_interrupted_keeps_what_is_finished(script, tmp_path):
    with pytest.raises(Interrupted) as stop:
        render([script], FakeEngine(interrupt_at=4), output=tmp_path, batch=1)
    assert [chain.chapter.number for chain in stop.value.unfinished] == [2, 3]
    assert [chapter["number"] for chapter in timeline(tmp_path)["chapters"]] == [1]
    assert stop.value.report.lines == 3
    render([script], output=tmp_path, chapters=frozenset({2, 3}))
    assert [chapter["number"] for chapter in timeline(tmp_path)["chapters"]] == [1, 2, 3]


def test_all_problems_of_all_scripts_at_once(tmp_path):
    paths = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.yaml"
        path.write_text("chapters: [{title: One, lines: [{Nobody: Hello.}, {pause: soon}]}]")
        paths.append(path)
    with pytest.raises(ScriptError) as error:
        render(paths)
    assert {str(path) for path in paths} == {problem.partition(":")[0] for problem in error.value.problems}


def test_faults_are_found_before_anything_is_written(script, tmp_path):
    engine = FakeEngine()
    with pytest.raises(UsageError, match="no chapter 4-5; choose from 1-3"):
        render([script], engine, output=tmp_path / "out", chapters=frozenset({1, 4, 5}))
    twin = tmp_path / "twin" / script.name
    twin.parent.mkdir()
    twin.write_text(script.read_text())
    with pytest.raises(UsageError, match="same name"):
        render([script, twin], engine, output=tmp_path / "out")
    with pytest.raises(UsageError, match="is a file"):
        render([script], engine, output=script)
    script.write_text(script.read_text().replace("ann", "nobody"))
    with pytest.raises(MissingError, match="no voice named 'nobody'"):
        render([script], engine, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert engine.batches == []


@pytest.mark.parametrize(
    ("text", "numbers"), [("1", {1}), ("1-3,5", {1, 2, 3, 5}), (" 2 , 4 - 5", {2, 4, 5}), ("3,3", {3})]
)
def test_chapters_are_read(text, numbers):
    assert parse_chapters(text) == numbers
    assert parse_chapters(format_chapters(list(numbers))) == numbers


@pytest.mark.parametrize("text", ["", "x", "0", "3-1", "1-", "-2", "1,,2", "1-2-3", "999999"])
def test_what_is_no_list_of_chapters(text):
    with pytest.raises(UsageError, match="--chapters"):
        parse_chapters(text)
