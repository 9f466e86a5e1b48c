"""The page of `csm review` in a browser, with the server that users have; the engine has no model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn

from csm_cli.rendering.loading import LoadedModel
from csm_cli.rendering.models import UNLIMITED
from csm_cli.rendering.options import RenderOptions
from csm_cli.review.app import create_app
from csm_cli.review.session import Review
from csm_cli.web.security import allowed_hosts
from csm_cli.web.server import bind
from tests.browser import _context, browser, watched

__all__ = ["_context", "browser", "watched"]
TOKEN = "a-token-for-tests"


class Served(NamedTuple):
    page: Any
    script: Path


@pytest.fixture
def served(book: Path, engine: Any, watched: Any) -> Iterator[Served]:
    """The page of a review of `book`, open."""
    load = lambda options, note: LoadedModel(engine, UNLIMITED)  # noqa: E731
    review = Review([book], RenderOptions(), load=load, poll_seconds=0.05)
    sock = bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    app = create_app(review, TOKEN, allowed_hosts("127.0.0.1", port, ()))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    review.start()
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    page = watched.open(f"http://127.0.0.1:{port}/#token={TOKEN}")
    page.wait_for_selector(".row.selected")
    page.wait_for_selector(".takes li")
    yield Served(page, book)
    watched.check()
    review.events.close()
    server.should_exit = True
    thread.join(20)
    review.close()
    assert not thread.is_alive()


def until(page: Any, condition: str, given: Any = None) -> None:
    """Wait for a condition on the page."""
    page.wait_for_function(condition, arg=given)


def text_is(page: Any, text: str) -> None:
    """Wait until the selected line has a text."""
    until(page, "text => document.querySelector('.row.selected .text')?.textContent === text", text)


def test_it_plays_through_and_what_was_heard_is_kept(served):
    page = served.page
    page.locator("#rate").select_option("2.0")
    page.keyboard.press("Escape")
    page.keyboard.press("Space")
    until(page, "() => document.querySelector('.row.playing')?.ariaPosInSet === '2'")
    until(page, "() => document.querySelectorAll('.row.heard').length >= 1")
    page.keyboard.press("Space")
    page.reload()
    page.wait_for_selector(".row.heard")
    assert page.locator(".row.selected").get_attribute("aria-posinset") == "2"


def test_a_mark_survives_a_reload_and_can_be_undone(served):
    page = served.page
    page.keyboard.press("g")
    page.wait_for_selector(".row.selected.good")
    for key in "jb3":
        page.keyboard.press(key)
    until(page, "() => document.querySelector('.row.selected .badge.bad')?.textContent === 'bad: pace'")
    until(page, "() => !document.querySelector('#undo').disabled")
    page.reload()
    page.wait_for_selector(".row.selected.bad")
    assert page.locator(".row.good").count() == 1
    refused = page.request.post(page.url + "api/undo", headers={"Origin": "https://page.example"})
    assert (refused.status, refused.json()["code"]) == (403, "origin")
    assert refused.json()["remedy"] == "open the address that csm review printed"
    page.keyboard.press("u")
    until(page, "() => !document.querySelector('.row.bad')")


def test_a_reroll_arrives_live_and_a_take_is_chosen_and_pinned(served):
    page = served.page
    page.keyboard.press("r")
    until(page, "() => document.querySelectorAll('.takes li').length === 4")
    until(page, "() => !document.querySelector('.row.selected .badge.busy')")
    page.keyboard.press("3")
    until(page, "() => document.querySelector('.takes li.used kbd').textContent === '3'")
    page.keyboard.press("p")
    page.wait_for_selector(".row.selected .badge.pinned")
    page.keyboard.press("p")
    until(page, "() => !document.querySelector('.row.selected .badge.pinned')")


@pytest.mark.parametrize("way", ["Save mine", "Take theirs"])
def test_an_edit_with_its_conflict(served, way):
    page, script = served
    page.keyboard.press("j")
    text_is(page, "Is that the light?")
    page.keyboard.press("e")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Is that our lamp?")
    script.write_text(script.read_text().replace("Is that the light?", "Is that their lamp?"))
    page.keyboard.press("ControlOrMeta+Enter")
    page.wait_for_selector(".conflict")
    assert page.locator(".version").all_text_contents() == ["Is that their lamp?", "Is that our lamp?"]
    page.get_by_role("button", name=way).click()
    expected = "Is that our lamp?" if way == "Save mine" else "Is that their lamp?"
    until(page, "() => !document.querySelector('.badge.draft')")
    text_is(page, expected)
    assert f"- Anna: {expected}\n" in script.read_text()


def test_an_edit_errors_of_lint_and_undo(served):
    page, script = served
    before = script.read_text()
    page.keyboard.press("e")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("The boat turned.")
    page.keyboard.press("ControlOrMeta+Enter")
    text_is(page, "The boat turned.")
    assert "- narrator: The boat turned.\n" in script.read_text()
    page.locator("#set-speed").fill("9")
    page.locator("#set-speed").press("Enter")
    begins = "() => document.querySelector('#alert').textContent.startsWith('Speed: from 0.5 to 2;')"
    until(page, begins)
    until(page, "() => !document.querySelector('#undo').disabled")
    page.locator("#list").focus()
    page.keyboard.press("u")
    text_is(page, "The boat turned into the wind.")
    assert script.read_text() == before


def test_settings_lexicon_and_writing_the_files(served):
    page, script = served
    page.locator("#set-gain").fill("-3")
    page.locator("#set-gain").press("Enter")
    until(page, "() => !document.querySelector('#undo').disabled")
    assert "gain: -3" in script.read_text()
    page.locator("#list").focus()
    page.keyboard.press("l")
    page.keyboard.type("boat")
    page.keyboard.press("Tab")
    page.keyboard.type("bote")
    page.keyboard.press("Enter")
    until(page, "() => document.querySelector('.changes ins')?.textContent.includes('bote')")
    page.keyboard.press("Enter")
    until(page, "() => document.querySelector('#spoken').textContent.includes('The bote turned')")
    page.get_by_role("button", name="Say that line again").click()
    until(page, "() => document.querySelectorAll('.takes li').length === 2")
    assert "bote" in (script.parent / "lexicon.yaml").read_text()
    page.locator("#write").click()
    until(page, "() => /^[1-9].* written$/.test(document.querySelector('#written').textContent)")
    page.locator("#written button").click()
    state = page.request.get(page.url + "api/state", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert (state["write"]["run"], state["write"]["state"]) == (1, "done")
    assert "book/01-arrival.wav" in page.locator("dialog[open] li").all_text_contents()
