"""Files made again from takes, and the chapters that a script does not write out."""

import json
from dataclasses import replace

import pytest
import soundfile

from csm_cli.audio.level import PRESETS
from csm_cli.audio.mastering import Pauses
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.delivery.book import Book
from csm_cli.delivery.encode import encode
from csm_cli.delivery.options import Delivery
from csm_cli.rendering.credits import role_of, with_credits, with_titles
from csm_cli.rendering.master import master_jobs
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.script import METADATA, read_screenplay
from tests.rendering.fake_engine import FakeEngine


def run(scripts, output, engine=None, **delivery):
    options = RenderOptions(output=output, delivery=Delivery(**delivery))
    jobs = read_jobs(scripts, options)
    return render_jobs(jobs, engine, options) if engine else master_jobs(jobs, options)


def timeline(folder):
    return json.loads((folder / "timeline.json").read_text())


def test_the_same_again_without_a_model(script, tmp_path):
    run([script], tmp_path / "a", FakeEngine())
    report = run([script], tmp_path / "b")
    assert report.lines == 7
    for file in (tmp_path / "a").glob("[!.]*"):
        if file.stem == "report":  # of the speaking
            continue
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_another_preset_other_pauses_and_formats(script, tmp_path):
    run([script], tmp_path / "a", FakeEngine())
    pauses = Pauses(speaker=1.25)
    run([script], tmp_path / "b", formats=("flac", "m4b"), loudness=PRESETS["ebu"], pauses=pauses)
    first, second = timeline(tmp_path / "b")["chapters"][0]["lines"][:2]
    assert second["start"] - first["end"] == pytest.approx(1.25, abs=1e-5)
    assert (tmp_path / "b" / "the-lighthouse.m4b").exists()
    level = [timeline(tmp_path / name)["chapters"][0]["gain_db"] for name in "ab"]
    assert level[1] < level[0]


def test_where_a_chapter_fails_the_timeline_is_that_of_the_finished_ones(script, tmp_path, monkeypatch):
    run([script], tmp_path / "a", FakeEngine())
    before = timeline(tmp_path / "a")["chapters"]

    def failing(blocks, samples, rate, path, *rest, **named):
        if path.stem.startswith("02"):
            raise CsmError("cannot be written")
        encode(blocks, samples, rate, path, *rest, **named)

    monkeypatch.setattr("csm_cli.delivery.writer.encode", failing)
    monkeypatch.setattr("csm_cli.rendering.master.WORKERS", 1)
    with pytest.raises(CsmError, match="cannot be written"):
        run([script], tmp_path / "a", pauses=Pauses(speaker=1.25))
    after = timeline(tmp_path / "a")["chapters"]
    assert after[0]["duration"] > before[0]["duration"] and after[1]["lines"] == before[1]["lines"]
    for chapter in after:
        assert soundfile.info(tmp_path / "a" / chapter["file"]).frames == chapter["samples"]


def test_titles_pauses_and_gains_of_the_script_as_it_is_now(script, tmp_path):
    run([script], tmp_path, FakeEngine())
    script.write_text(script.read_text().replace("pause: 1.5", "pause: 3").replace("Arrival", "Landing"))
    run([script], tmp_path / "b")
    chapter = timeline(tmp_path / "b")["chapters"][0]
    assert chapter["title"] == "Landing"
    assert [pause["kind"] for pause in chapter["pauses"]] == ["head", "speaker", "pause", "tail"]
    assert chapter["pauses"][2]["end"] - chapter["pauses"][2]["start"] == pytest.approx(3)


def test_lines_without_a_take_are_named(script, tmp_path):
    with pytest.raises(MissingError, match=r"lighthouse.yaml:6:.*\(and 6 more lines\); speak it first"):
        run([script], tmp_path / "a")
    run([script], tmp_path / "a", FakeEngine())
    script.write_text(script.read_text().replace("Nobody.", "No one."))
    with pytest.raises(MissingError, match=r":15:.*the line has no take yet;"):
        run([script], tmp_path / "b")


def test_credits_are_chapters_of_their_own(script, tmp_path):
    engine = FakeEngine()
    formats = {"formats": ("mp3",), "credits": True, "narrator": "Nora"}
    report = run([script], tmp_path, engine, **formats)
    names = [file.name for file in report.files if file.suffix == ".mp3"]
    assert sorted(names)[0] == "00-opening-credits.mp3" and sorted(names)[-1] == "04-closing-credits.mp3"
    chapters = timeline(tmp_path)["chapters"]
    assert [(each["number"], each["role"]) for each in chapters] == [
        (0, "opening credits"),
        *((number, "chapter") for number in (1, 2, 3)),
        (4, "closing credits"),
    ]
    assert [line["text"] for line in chapters[0]["lines"]] == ["The Lighthouse.", "Narrated by Nora."]
    assert chapters[4]["lines"][-1]["text"] == "The end."
    asked = len(engine.asked)
    run([script], tmp_path, engine, **formats)
    assert len(engine.asked) == asked, "credits are takes like any other line"


def test_what_credits_say(script):
    play = read_screenplay(script)
    book = Book("Who?", "Ann", "Nora", publisher="Press", copyright="© 2024 Ann")
    whole = with_credits(play, book)
    assert [line.text for line in whole.chapters[0].lines] == ["Who?", "Written by Ann.", "Narrated by Nora."]
    longer = with_credits(play, replace(book, author="J. R.", subtitle="A tale", translator="Tim"))
    assert [line.text for line in longer.chapters[0].lines] == [
        *("Who?", "A tale.", "Written by J. R.", "Translated by Tim.", "Narrated by Nora.")
    ]
    assert [line.text for line in whole.chapters[-1].lines] == [
        "This has been Who?",
        "Written by Ann.",
        "Narrated by Nora.",
        "Published by Press.",
        "Copyright 2024 Ann.",
        "The end.",
    ]
    assert [role_of(play, chapter) for chapter in play.chapters] == ["chapter"] * 3
    script.write_text("language: de\n" + script.read_text())
    with pytest.raises(UsageError, match="no credits in 'de'"):
        with_credits(read_screenplay(script), book)


def test_all_that_a_script_says_of_its_book_is_delivered(script, tmp_path):
    facts = {name: f"the {name}" for name in METADATA if name != "cover"}
    head = "".join(f"{name}: {value}\n" for name, value in facts.items())
    script.write_text(head + script.read_text())
    run([script], tmp_path / "out", FakeEngine())
    book = timeline(tmp_path / "out")["book"]
    assert {name: book[name] for name in facts} == facts


def test_titles_are_spoken_before_a_pause_of_their_own(script, tmp_path):
    run([script], tmp_path, FakeEngine(), titles=True)
    chapter = timeline(tmp_path)["chapters"][0]
    assert [line["text"] for line in chapter["lines"]][:2] == ["Arrival.", "The boat turned into the wind."]
    assert chapter["pauses"][1]["kind"] == "chapter"
    untitled = read_screenplay(script)
    assert with_titles(untitled).chapters[1].lines[0].id == "c02-title"


def test_a_retail_sample_and_everything_around(script, tmp_path):
    out = tmp_path / "out"
    report = run(
        [script],
        out,
        FakeEngine(),
        sample=True,
        extras=("srt", "vtt", "lrc", "labels", "chapters", "cue", "epub", "description"),
    )
    assert sorted(set(report.files)) == sorted(report.files) == sorted(out.glob("[!.]*"))
    sample = soundfile.info(out / "retail-sample.wav")
    chapters = timeline(out)["chapters"]
    assert 0.5 * sum(each["duration"] for each in chapters) < sample.duration
    assert (out / "the-lighthouse.epub").stat().st_size > 1000
