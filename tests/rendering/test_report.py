"""report.json and report.html: what they tell, and that the page works in a browser from disk, offline."""

import html
import json
import os
import re
import shutil
import subprocess

import pytest

from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.report import writer as page_module
from csm_cli.rendering.session import render_jobs
from tests.rendering.conftest import script, voices
from tests.rendering.fake_engine import FakeEngine, capped

__all__ = ["script", "voices"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
BROWSER = os.environ.get("CSM_TEST_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
HOSTILE = "</script><script>document.title='hacked'</script><b>&amp; bold"


def render(script, out, engine=None, **options):
    chosen = RenderOptions(output=out, **options)
    render_jobs(read_jobs([script], chosen), engine or FakeEngine(), chosen)
    return json.loads((out / "report.json").read_text())


def rows(report):
    return {line["text"]: line for chapter in report["chapters"] for line in chapter["lines"]}


def test_what_the_report_tells(script, tmp_path):
    engine = FakeEngine(lambda asked: capped(asked) if asked.text == "Nobody." else None)
    report = render(script, tmp_path / "out", engine)
    assert report["totals"] | {"audio_seconds": 0, "seconds": 0, "times_real_time": 0} == {
        "lines": 7,
        "cached": 0,
        "rendered": 7,
        "silent": 0,
        "retried": 1,
        "stale": 0,
        "review": 1,
        "audio_seconds": 0,
        "seconds": 0,
        "times_real_time": 0,
    }
    bad = rows(report)["Nobody."]
    assert bad["source"] == f"{script}:15:19"
    assert bad["review"][0].startswith("did not end")
    assert bad["take"]["tries"] == 4
    timeline = json.loads((tmp_path / "out" / "timeline.json").read_text())
    spoken = {line["id"]: line for chapter in timeline["chapters"] for line in chapter["lines"]}
    for line in rows(report).values():
        assert (line["start"], line["end"]) == (spoken[line["id"]]["start"], spoken[line["id"]]["end"])
        assert [line["take"]["id"]] == spoken[line["id"]]["takes"]


def test_an_edited_line_shows_what_is_new_and_what_is_stale(script, tmp_path):
    render(script, tmp_path / "out")
    script.write_text(script.read_text().replace("Is that the light?", "Is that a lamp?"))
    report = render(script, tmp_path / "out")
    lines = rows(report)
    assert {text: line["state"] for text, line in lines.items() if line["state"] != "cached"} == {
        "Is that a lamp?": "rendered"
    }
    assert [text for text, line in lines.items() if line["stale"]] == ["Hold on!"]


def test_other_takes_of_a_line_are_listed(script, tmp_path):
    render(script, tmp_path / "out")
    script.write_text(script.read_text().replace("seed: 7", "seed: 8"))
    other = rows(render(script, tmp_path / "out"))["Hold on!"]["others"]
    assert [take["seed"] for take in other] == [7]


def test_chapters_that_were_not_rendered_now_stay(script, tmp_path):
    render(script, tmp_path / "out")
    report = render(script, tmp_path / "out", chapters=frozenset({2}), seed=4)
    assert [chapter["number"] for chapter in report["chapters"]] == [1, 2, 3]
    (tmp_path / "out" / "report.json").write_text(
        '{"schema": 1, "script": "lighthouse.yaml", "chapters": [{}]}'
    )
    report = render(script, tmp_path / "out", chapters=frozenset({2}))
    assert [chapter["number"] for chapter in report["chapters"]] == [2]


@pytest.fixture
def page(script, tmp_path):
    text = script.read_text().replace("The Lighthouse", "'The <Light> & House'")
    text = text.replace("The sky turned grey, then pink, then gold.", f'"{HOSTILE}"')
    script.write_text(text)
    engine = FakeEngine(lambda asked: capped(asked) if asked.text == "Nobody." else None)
    render(script, tmp_path / "out", engine)
    return tmp_path / "out" / "report.html"


def browse(page, script=""):
    """The page as a browser without a network has it after `script`, which may take three seconds."""
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome found; name one with CSM_TEST_BROWSER")
    probe = page.with_name("probe.html")
    probe.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    done = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--autoplay-policy=no-user-gesture-required",
            "--enable-logging=stderr",
            f"--user-data-dir={page.parent / 'profile'}",
            "--window-size=1000,3000",
            "--virtual-time-budget=3000",
            "--dump-dom",
            probe.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert "CONSOLE" not in done.stderr, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout


def test_the_page_shows_every_line_with_a_waveform_and_a_player(page):
    shown = browse(page)
    assert shown.count('<section class="row') == 7
    assert shown.count('data-drawn="1"') == 7
    assert shown.count('aria-label="Play"') == 7
    assert shown.count('class="time"') == 3
    assert shown.count('class="mark review"') == 1
    assert "<title>The &lt;Light&gt; &amp; House · csm</title>" in shown
    assert html.escape(HOSTILE, quote=False) in shown, "as text, not as elements"


def test_the_page_filters_finds_and_plays(page):
    script = """
    const told = {};
    const visible = () => document.querySelectorAll(".row:not([hidden])").length;
    const note = () => document.body.dataset.told = JSON.stringify(told);
    document.querySelector("[data-show=review]").click(); told.review = visible();
    document.querySelector("[data-show=all]").click(); told.all = visible();
    const find = document.getElementById("find");
    find.value = "stairs"; find.dispatchEvent(new Event("input")); told.found = visible();
    find.value = ""; find.dispatchEvent(new Event("input"));
    const speaker = document.getElementById("speaker");
    speaker.value = "Anna"; speaker.dispatchEvent(new Event("change")); told.anna = visible();
    document.querySelector(".player button").click();
    audio.addEventListener("loadedmetadata", () => { told.seconds = audio.duration; note(); });
    told.playing = document.querySelector(".player button").getAttribute("aria-label"); note();
    """
    found = re.search(r'data-told="([^"]*)"', browse(page, script))
    told = json.loads(html.unescape(found[1]))
    first = rows(json.loads(page.with_name("report.json").read_text()))["The boat turned into the wind."]
    assert told.pop("seconds") == pytest.approx(first["take"]["seconds"], abs=0.01)
    assert told == {"review": 1, "all": 7, "found": 1, "anna": 3, "playing": "Stop"}


def test_the_sound_of_a_long_book_lies_beside_it_save_what_needs_review(page, script, monkeypatch):
    embedded = page.read_text()
    assert embedded.count("data:audio/flac;base64,") == 7
    assert "http:" not in embedded
    assert "https:" not in embedded
    monkeypatch.setattr(page_module, "EMBEDDED_SECONDS", 5)
    out = page.parent
    render(script, out)
    text = page.read_text()
    assert text.count("data:audio/flac;base64,") == 1
    paths = set(re.findall(r'"(\.\./[^"]+\.flac)"', text))
    assert len(paths) == 6
    assert all((out / path).is_file() for path in paths)
