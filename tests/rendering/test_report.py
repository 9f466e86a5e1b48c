"""report.json and report.html: what they state, and that the page works in a browser from disk, offline."""

import json
import re

import pytest

from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.report import writer as page_module
from csm_cli.rendering.session import render_jobs
from tests.browser import _context, browser, watched
from tests.rendering.conftest import script, voices
from tests.rendering.fake_engine import FakeEngine, capped

__all__ = ["_context", "browser", "script", "voices", "watched"]

HOSTILE = "</script><script>document.title='hacked'</script><b>&amp; /*sounds*/null bold"


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


def opened(watched, page):
    """The report in a browser, as it lies on the disk."""
    shown = watched.open(page.as_uri())
    shown.wait_for_selector("canvas[data-drawn]")
    return shown


def reported(page):
    """The lines as report.json has them."""
    report = json.loads(page.with_name("report.json").read_text())
    return [line for chapter in report["chapters"] for line in chapter["lines"]]


def until(shown, condition, given=None):
    shown.wait_for_function(condition, arg=given)


def test_the_page_shows_every_line_with_a_waveform_and_a_player(page, watched):
    shown = opened(watched, page)
    shown.set_viewport_size({"width": 1000, "height": 3000})
    until(shown, "() => document.querySelectorAll('canvas[data-drawn]').length === 7")
    assert shown.locator("section.row").count() == 7
    assert shown.get_by_role("button", name="Play", exact=True).count() == 7
    assert shown.locator(".time").count() == 3
    assert shown.locator(".mark.review").count() == 1
    assert shown.title() == "The <Light> & House · csm"
    assert shown.locator(".text").last.text_content() == HOSTILE, "as text, not as elements"


def test_the_page_filters_and_finds(page, watched):
    shown = opened(watched, page)
    lines = shown.locator(".row:not([hidden])")
    for kind, count in [("review", 1), ("stale", 0), ("rendered", 7), ("all", 7)]:
        shown.locator(f"[data-show={kind}]").click()
        assert lines.count() == count
    shown.locator("#speaker").select_option("Anna")
    assert lines.count() == 3
    shown.locator("#speaker").select_option("")
    for key in ("Escape", "/"):
        shown.keyboard.press(key)
    shown.keyboard.type("stairs")
    assert lines.count() == 1


def test_the_page_plays_through_in_order(page, watched):
    shown = opened(watched, page)
    shown.evaluate("""() => { window.played = []; new MutationObserver(() => {
        const id = document.querySelector(".row.now")?.id;
        if (id && played.at(-1) !== id) played.push(id);
    }).observe(document.querySelector("main"), {subtree: true, attributes: true}); }""")
    shown.locator("#rate").select_option("2.0")
    shown.locator("#find").focus()
    shown.keyboard.press("Escape")
    shown.keyboard.press("Space")
    until(shown, "() => document.querySelector('#through').ariaLabel === 'Pause'")
    until(shown, "() => played.length >= 2")
    assert shown.evaluate("played.slice(0, 2)") == [line["id"] for line in reported(page)[:2]]
    button = shown.locator(".row.now .player button")
    assert button.get_attribute("aria-label") == "Stop"
    button.click()
    until(shown, "() => document.querySelector('#through').ariaLabel === 'Play through'")


def test_the_page_has_keys_and_commands_to_copy(page, watched, script):
    shown = opened(watched, page)
    lines = reported(page)
    for key, place in [("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("Shift+J", 5)]:
        shown.keyboard.press(key)
        until(shown, "id => document.querySelector('.row.now')?.id === id", lines[place]["id"])
    shown.keyboard.press("r")
    name = f"{script}#{lines[5]['id']}"
    name = f"'{name}'" if " " in name else name
    until(shown, "text => document.querySelector('#said').textContent.endsWith(text)", f"takes reroll {name}")
    shown.keyboard.press("p")
    pinned = f"csm takes pin {name} {lines[5]['take']['id']}"
    until(shown, "text => document.querySelector('#said').textContent.endsWith(text)", pinned)
    shown.keyboard.press("1")
    until(shown, "() => document.querySelector('.row.now .player button').ariaLabel === 'Stop'")
    shown.keyboard.press("]")
    assert shown.locator("#rate").input_value() == "1.1"
    shown.locator(".row.now summary").click()
    until(shown, "() => document.querySelectorAll('.row.now .commands code').length === 2")
    commands = shown.locator(".row.now .commands code").all_text_contents()
    assert commands == [f"csm takes play {name}", f"csm takes reroll {name}"]
    shown.keyboard.press("?")
    assert shown.locator("dialog[open] tr").count() >= 10


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
