"""The page of `csm review`, in a browser, with a server of these tests behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Watched, _context, browser, watched
from tests.review.page_server import TOKEN, Book, PageServer

PROBES = Path(__file__).with_name("probes.js").read_text(encoding="utf-8")
__all__ = ["_context", "browser", "watched"]


@pytest.fixture(scope="module")
def _server() -> Iterator[PageServer]:
    with PageServer(Book()) as found:
        yield found


@pytest.fixture
def server(_server: PageServer) -> PageServer:
    """A server with a new book."""
    _server.use(Book())
    return _server


@pytest.fixture
def page(server: PageServer, watched: Watched) -> Any:
    page = watched.open(server.address)
    page.wait_for_selector(".row.selected")
    page.wait_for_selector(".takes li")
    return page


def probe(page: Any, name: str) -> Any:
    """What a function of probes.js returns on the page."""
    return page.evaluate(f"() => {{ {PROBES}; return {name}(); }}")


def selected(page: Any) -> str:
    return page.locator(".row.selected .text").text_content()


def until(page: Any, condition: str, given: Any = None) -> None:
    """Wait for a condition on the page."""
    page.wait_for_function(condition, arg=given)


def begins(page: Any, place: str, text: str) -> None:
    """Wait until the text at a place begins like that."""
    until(page, "([at, text]) => document.querySelector(at)?.textContent.startsWith(text)", [place, text])


def asked(server: PageServer, what: str) -> list[Any]:
    return [body for name, _, body in server.book.requests if name == what]


def wait_for(page: Any, server: PageServer, what: str, count: int = 1) -> list[Any]:
    """Requests of a kind, when so many have come."""
    for _ in range(500):
        if len(asked(server, what)) >= count:
            return asked(server, what)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    raise AssertionError(f"{what}: {server.book.requests}")


def select(page: Any, place: int) -> None:
    """The line at a place, from 0, by its row."""
    page.locator(f".row[aria-posinset='{place + 1}'] .text").click()
    until(page, "place => document.querySelector('.row.selected')?.ariaPosInSet === place", str(place + 1))
    until(page, "() => document.querySelector('#panel').ariaBusy === 'false'")


def test_the_token_leaves_the_address_and_stays_in_the_tab(page, server):
    assert page.url == server.address.split("#")[0]
    page.reload()
    page.wait_for_selector(".row.selected")


@pytest.mark.parametrize("token", ["", "#token=an-old-one"])
def test_without_the_token_the_page_says_what_to_do(server, watched, token):
    page = watched.open(server.address.split("#")[0] + token)
    begins(page, "#empty", "Open the address that csm review printed")
    assert page.locator("#panel").text_content().endswith("No line is selected.")
    assert page.locator("#panel").get_by_role("button").count() == 0
    assert page.locator("#write").is_disabled()
    page.evaluate("token => { location.hash = 'token=' + token; }", TOKEN)  # the new address, in this tab
    page.wait_for_selector(".row.selected")
    watched.logged.clear()  # Chromium notes each request that failed


def test_a_script_that_is_still_being_read_is_waited_for(server, watched):
    server.book.loading = 1
    page = watched.open(server.address)
    begins(page, "#empty", "Reading the script")
    page.wait_for_selector(".row.selected")
    until(page, "() => document.querySelectorAll('#chapters li').length === 3")


def test_it_plays_through_without_a_stop_with_the_line_in_view(page, server):
    probe(page, "notePlayed")
    page.locator("#rate").select_option("2.0")
    page.keyboard.press("Escape")
    page.locator("#list").focus()
    page.keyboard.press("Space")
    texts = [line["text"] for line in server.book.lines]
    without = [text for place, text in enumerate(texts) if place % 9 != 3]
    until(page, "() => played.length >= 6")
    assert page.evaluate("played.slice(0, 6)") == without[:6]
    box, row = (page.locator(each).bounding_box() for each in ("#list", ".row.playing"))
    assert box["y"] <= row["y"] and row["y"] + row["height"] <= box["y"] + box["height"]
    page.keyboard.press("Space")
    wait_for(page, server, "mark", 5)
    marks = [line["mark"] for line in server.book.lines]
    assert marks[:6] == ["heard", "heard", "heard", None, "heard", "heard"]
    # More than five, where the last key came late.
    until(page, "() => /^[5-8] of 8 heard/.test(document.querySelector('#chapters .counts').textContent)")


def test_a_take_that_is_gone_is_named_and_the_next_one_played(page, server):
    del server.book.sounds[server.book.lines[1]["take"]]
    page.keyboard.press("Space")
    until(page, "() => document.querySelector('.row.playing')?.ariaPosInSet === '3'")
    begins(page, "#alert", "The sound of the take is gone; say the line again")
    assert [line["mark"] for line in server.book.lines[:3]] == ["heard", None, None]


def test_from_a_line_without_a_take_it_starts_at_the_next_that_has_one(page):
    select(page, 3)
    page.keyboard.press("Space")
    until(page, "() => document.querySelector('.row.playing')?.ariaPosInSet === '5'")
    begins(page, "#said", "That line has no take yet")
    page.keyboard.press("Space")
    page.locator("#kind").select_option("new")
    page.locator("#list").focus()
    page.keyboard.press("k")
    page.keyboard.press("Space")
    begins(page, "#said.failed", "No line that is shown from here on has a take yet; R makes some")


def test_speed_keeps_the_pitch_and_is_kept(page):
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("[")
    assert page.locator("#rate").input_value() == "1.1"
    page.reload()
    page.wait_for_selector(".row.selected")
    assert page.locator("#rate").input_value() == "1.1"


def test_keys_that_move(page, server):
    texts = [line["text"] for line in server.book.lines]
    for key, place in [
        ("j", 1),
        ("ArrowDown", 2),
        ("k", 1),
        ("ArrowUp", 0),
        ("End", 23),
        ("Home", 0),
        ("k", 0),
    ]:
        page.keyboard.press(key)
        until(
            page, "text => document.querySelector('.row.selected .text')?.textContent === text", texts[place]
        )
    page.keyboard.press("PageDown")
    assert texts.index(selected(page)) >= 3
    active = page.locator("#list").get_attribute("aria-activedescendant")
    assert page.locator("#" + active).get_attribute("aria-selected") == "true"


def test_the_next_line_that_is_unmarked_or_bad(page, server):
    select(page, 0)
    for key in "gjgjb":
        page.keyboard.press(key)
    page.keyboard.press("5")
    page.keyboard.press("Home")
    wait_for(page, server, "mark", 3)
    texts = [line["text"] for line in server.book.lines]
    for place in (2, 4, 5, 6, 7, 8):
        page.keyboard.press("Shift+J")
        assert selected(page) == texts[place]


def test_seconds_on_and_back(page, server):
    server.book.seconds = 8.0
    take = server.book.add_take(server.book.lines[0], 5, use=True)
    server.book.changed(server.book.lines[0])
    until(page, "() => document.querySelector('.row.selected .seconds').textContent === '8.0 s'")
    page.keyboard.press("Space")
    until(page, "() => document.querySelector('.row.playing')")
    until(page, "() => document.querySelector('#where').textContent.startsWith('0:01')")
    page.keyboard.press("Space")
    for key, clock in [("ArrowRight", "0:02"), ("ArrowRight", "0:03"), ("ArrowLeft", "0:02")]:
        page.keyboard.press(key)
        until(page, "clock => document.querySelector('#where').textContent.startsWith(clock)", clock)
    assert take["number"] == 2


def test_a_mark_survives_a_reload(page, server):
    page.keyboard.press("g")
    until(page, "() => document.querySelector('.row.selected.good')")
    page.keyboard.press("j")
    page.keyboard.press("b")
    assert page.locator("[role=menu]").is_visible()
    page.keyboard.press("4")
    until(page, "() => document.querySelector('.row.selected .badge.bad')?.textContent === 'bad: voice'")
    wait_for(page, server, "mark", 2)
    page.reload()
    page.wait_for_selector(".row.selected.bad")
    assert page.locator(".row.good").count() == 1
    assert [(line["mark"], line["fault"]) for line in server.book.lines[:2]] == [
        ("good", None),
        ("bad", "voice"),
    ]
    assert page.locator("#chapters li").first.get_attribute("class") is None
    until(page, "() => document.querySelector('#chapters button').ariaLabel.includes('1 good, 1 bad')")


@pytest.mark.parametrize("way", ["Escape", "digit"])
def test_the_menu_of_faults(page, server, way):
    page.keyboard.press("b")
    page.keyboard.press("ArrowDown")
    if way == "Escape":
        page.keyboard.press("Escape")
        assert page.locator("[role=menu]").is_hidden()
        assert not asked(server, "mark")
    else:
        page.keyboard.press("6")
        assert wait_for(page, server, "mark")[0]["fault"] == "other"
    assert page.evaluate("document.activeElement.id") == "list"


def test_a_reroll_arrives_live_and_a_take_is_chosen_and_pinned(page, server):
    line = server.book.lines[0]
    page.keyboard.press("r")
    assert wait_for(page, server, "speak") == [{"count": 3}]
    until(page, "() => document.querySelector('.row.selected .badge.busy')?.textContent === 'queued'")
    line["job"] = "speaking"
    server.book.changed(line)
    until(page, "() => document.querySelector('.row.selected .badge.busy')?.textContent === 'speaking'")
    server.book.spoken(line["id"])
    until(page, "() => document.querySelectorAll('.takes li').length === 4")
    begins(page, "#said", "The new takes are there")
    page.keyboard.press("9")
    until(page, "() => document.querySelector('#said.failed')?.textContent === 'There is no take 9'")
    assert page.locator(".takes li.used kbd").text_content() == "4"
    page.keyboard.press("2")
    until(page, "() => document.querySelector('.takes li.used kbd').textContent === '2'")
    assert wait_for(page, server, "choose") == [{"take": server.book.takes[line["id"]][1]["id"]}]
    page.keyboard.press("p")
    until(page, "() => document.querySelector('.row.selected .badge.pinned')")
    page.keyboard.press("p")
    until(page, "() => !document.querySelector('.row.selected .badge.pinned')")
    page.keyboard.press("u")
    assert wait_for(page, server, "undo")


def test_two_takes_are_compared_at_the_same_place(page, server):
    server.book.seconds = 6.0
    line = server.book.lines[0]
    first, second = server.book.add_take(line, 1, use=True), server.book.add_take(line, 2)
    server.book.changed(line)
    until(page, "() => document.querySelectorAll('.takes li').length === 3")
    page.locator(".takes li").nth(1).locator("canvas").click(position={"x": 100, "y": 10})
    until(page, "() => document.querySelector('.takes li.playing kbd')?.textContent === '2'")
    before = page.locator("#where").text_content()
    page.keyboard.press("x")
    until(page, "() => document.querySelector('.takes li.playing kbd')?.textContent === '3'")
    assert before[:4] != "0:00"
    assert page.locator("#where").text_content()[:4] >= before[:4]
    page.keyboard.press("x")
    until(page, "() => document.querySelector('.takes li.playing kbd')?.textContent === '2'")
    assert first["id"] != second["id"]
    assert not asked(server, "choose")


def test_a_job_that_failed_says_why(page, server):
    line = server.book.lines[1]
    line |= {"job": "failed", "job_message": "the model is not there; csm models pull demo"}
    server.book.changed(line)
    select(page, 1)
    until(page, "() => document.querySelector('.job').textContent.includes('csm models pull demo')")
    message = "demo: there is no such model; csm models pull demo"
    server.book.push("model", {"name": "demo", "state": "failed", "message": message})
    begins(page, "#model", "The model cannot be loaded")
    assert page.locator("#model").get_attribute("title") == message


def test_what_happens_elsewhere_leaves_selection_scroll_and_typing(page, server):
    select(page, 5)
    page.keyboard.press("e")
    page.keyboard.type(" And more")
    page.evaluate("document.querySelector('#list').scrollTop = 90")
    before = page.evaluate("document.querySelector('#list').scrollTop")
    server.book.lines[2]["mark"] = "good"
    server.book.changed(server.book.lines[2])
    server.book.spoken(server.book.lines[5]["id"])
    until(
        page,
        "() => document.querySelectorAll('.takes li').length === 4 && document.querySelector('.row.good')",
    )
    with page.expect_response(lambda response: response.url.endswith("/lines")):
        server.book.push("script", {"script": 0})
    assert page.locator("#text").input_value().endswith(" And more")
    assert page.evaluate("document.activeElement.id") == "text"
    assert page.locator(".row.selected").get_attribute("aria-posinset") == "6"
    assert page.evaluate("document.querySelector('#list').scrollTop") == pytest.approx(before, abs=2)
    assert page.locator(".row.selected .badge.draft").count() == 1


def test_the_text_is_edited_and_keys_are_letters_meanwhile(page, server):
    page.keyboard.press("e")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Jug, bug? 1 [2] Gull.")
    until(page, "() => document.querySelector('#spoken').textContent.includes('jug, bug? 1 [2] gull.')")
    assert not [name for name, _, _ in server.book.requests]
    page.keyboard.press("ControlOrMeta+Enter")
    until(page, "() => document.querySelector('.row.selected .text').textContent === 'Jug, bug? 1 [2] Gull.'")
    assert asked(server, "text") == [{"text": "Jug, bug? 1 [2] Gull.", "version": "v1"}]
    assert page.evaluate("document.activeElement.id") == "list"
    assert server.book.lines[0]["text"] == "Jug, bug? 1 [2] Gull."
    page.keyboard.press("e")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "list"
    assert page.locator("#text").input_value().endswith("Gull.x")
    page.get_by_role("button", name="Discard").click()
    assert page.locator("#text").input_value().endswith("Gull.")


def test_errors_of_lint_are_shown_with_their_place(page, server):
    page.keyboard.press("e")
    page.keyboard.type(" {")
    page.keyboard.press("ControlOrMeta+Enter")
    page.wait_for_selector(".problems li")
    assert page.locator(".problems").text_content() == "lighthouse.md:9:4: error: a brace that nothing closes"
    assert page.locator("#text").input_value().endswith(" {")
    page.keyboard.press("Backspace")
    assert page.locator(".problems").is_hidden()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard").click()


@pytest.mark.parametrize(("way", "told"), [("Save mine", True), ("Take theirs", False)])
def test_an_edit_with_its_conflict(page, server, way, told):
    book = server.book
    select(page, 1)
    page.keyboard.press("e")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("What I say.")
    book.retext(book.lines[1], "What they say.")
    if told:
        book.push("script", {"script": 0})
    else:
        page.keyboard.press("ControlOrMeta+Enter")
    page.wait_for_selector(".conflict")
    focused = page.evaluate("document.activeElement.className || document.activeElement.id")
    assert focused == ("text" if told else "conflict"), "no button is pressed by who types on"
    assert page.locator(".version").all_text_contents() == ["What they say.", "What I say."]
    assert page.locator(".row[aria-posinset='2'] .text").text_content() == "What they say."
    page.get_by_role("button", name=way).click()
    until(page, "() => !document.querySelector('.badge.draft')")
    expected = "What I say." if way == "Save mine" else "What they say."
    until(page, "text => document.querySelector('.row.selected .text').textContent === text", expected)
    assert book.lines[1]["text"] == expected
    assert page.locator(".row.selected").get_attribute("aria-posinset") == "2"


def test_a_script_that_changed_elsewhere_is_no_conflict(page, server):
    page.keyboard.press("e")
    page.keyboard.type(" More.")
    server.book.retext(server.book.lines[5], "Another line.")
    page.keyboard.press("ControlOrMeta+Enter")
    until(page, "() => document.querySelector('.row.selected .text').textContent.endsWith(' More.')")
    assert [body["version"] for body in asked(server, "text")] == ["v1", "v2"]
    assert server.book.lines[5]["text"] == "Another line."


def test_say_it_as_shows_what_changes_and_then_writes(page, server):
    page.keyboard.press("l")
    page.keyboard.type("stairs")
    page.keyboard.press("Tab")
    page.keyboard.type("steers")
    page.keyboard.press("Enter")
    page.wait_for_selector(".changes li")
    count = sum("stairs" in line["text"] for line in server.book.lines)
    assert page.locator(".changes li").count() == count
    assert "steers" in page.locator(".changes ins").first.text_content()
    assert [body["dry_run"] for body in asked(server, "say-as")] == [True]
    page.keyboard.press("Enter")
    until(page, "() => document.querySelector('.changes').textContent.includes('lexicon.yaml is written')")
    assert [body["dry_run"] for body in asked(server, "say-as")] == [True, False]
    for keys in ("l", "nowhere", "Tab", "no where", "Enter"):
        page.keyboard.press(keys) if keys in ("l", "Tab", "Enter") else page.keyboard.type(keys)
    begins(page, ".changes", "No line is read otherwise")
    assert page.evaluate("document.activeElement.id") == "say-as"


def test_speed_gain_and_pause(page, server):
    for name, value in [("speed", "0.9"), ("gain", "-3"), ("pause", "1.5")]:
        page.locator(f"#set-{name}").fill(value)
        page.locator(f"#set-{name}").press("Enter")
        wait_for(page, server, "settings", ["speed", "gain", "pause"].index(name) + 1)
    page.locator("#set-gain").fill("")
    page.locator("#set-gain").press("Tab")
    wait_for(page, server, "settings", 4)
    assert server.book.lines[0]["settings"] == {"speed": 0.9, "gain": None, "pause": 1.5}


def test_writing_the_files_shows_how_far_it_is_and_what_came_of_it(page, server):
    page.locator("#write").click()
    until(page, "() => document.querySelector('#write').textContent === 'Writing 1 of 3'")
    assert page.locator("#progress").get_attribute("value") == "1"
    server.book.push(
        "write",
        {
            "state": "done",
            "done": 3,
            "of": 3,
            "message": "",
            "run": 1,
            "files": ["out/01-arrival.wav", "out/timeline.json"],
        },
    )
    until(page, "() => document.querySelector('#written').textContent === '2 files written'")
    page.locator("#written button").click()
    assert page.locator("dialog[open] li").all_text_contents() == ["out/01-arrival.wav", "out/timeline.json"]


def test_files_that_could_not_be_written_are_reported_once(page, server):
    server.book.fails_to_write = "out/01.wav: there is no room; make some"
    with page.expect_response("**/write") as answered:
        page.locator("#write").click()
        told = "text => document.querySelector('#alert').textContent === text"
        until(page, told, server.book.fails_to_write)
    answered.value.finished()
    page.evaluate("() => new Promise(done => setTimeout(done, 20))")
    assert page.locator("#alert").is_visible(), "the answer that came after it leaves it"
    page.reload()
    page.wait_for_selector(".takes li")
    assert page.locator("#alert").is_hidden()


def test_filters(page, server):
    lines = server.book.lines
    page.locator("#kind").select_option("review")
    until(
        page,
        "count => document.querySelectorAll('.row').length === count",
        sum(line["state"] == "review" for line in lines),
    )
    page.locator("#kind").select_option("all")
    page.locator("#speaker").select_option("TOM")
    until(
        page,
        "count => document.querySelector('#shown').textContent === count",
        f"{sum(line['speaker'] == 'TOM' for line in lines)} of 24",
    )
    page.locator("#speaker").select_option("")
    page.locator("#list").focus()
    page.keyboard.press("/")
    page.keyboard.type(lines[7]["text"][-12:])
    until(page, "() => document.querySelectorAll('.row').length === 1")
    page.locator("#find").fill("no such words")
    until(page, "() => document.querySelector('#empty').textContent === 'No line is like that.'")


def test_help_lists_every_key_and_closes(page):
    page.keyboard.press("?")
    keys = set(page.locator("dialog kbd").all_text_contents())
    assert {
        "Space",
        "J",
        "K",
        "Shift J",
        "G",
        "B",
        "R",
        "1 … 9",
        "P",
        "E",
        "L",
        "←",
        "→",
        "[",
        "]",
        "U",
        "?",
    } <= keys
    page.keyboard.press("g")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.locator(".row.good").count() == 0, "keys belong to the dialog while it is open"


def test_read_only_leaves_nothing_that_changes(server, watched):
    server.use(Book(read_only=True))
    page = watched.open(server.address)
    page.wait_for_selector(".takes li")
    for key in "gbrpelu":
        page.keyboard.press(key)
    assert page.locator("#said.failed").text_content() == "This review is read only: it changes nothing"
    page.keyboard.press("1")
    for name in ("Write the files", "Undo", "Three new takes", "Use take 1", "Good", "Save"):
        assert page.get_by_role("button", name=name, exact=True).count() == 0, name
    assert not server.book.requests
    assert page.locator("#text").get_attribute("readonly") is not None
    until(page, "() => document.querySelector('.takes li.playing')")


def test_a_lost_connection_is_shown_mended_and_what_was_missed_is_read(page, server, watched):
    with page.expect_request("**/api/events"):
        server.book.lines[2]["mark"] = "good"
        server.book.cut()
    until(page, "() => document.querySelectorAll('.row.good').length === 1")
    assert page.locator("#link").is_hidden()


def test_without_the_server_marks_wait_and_the_connection_is_tried_again(page, server, watched):
    page.wait_for_selector(".takes li")  # what is known of the line has come
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.press("g")
    begins(page, "#alert", "The server does not answer; see whether csm review still runs")
    server.book.cut()
    begins(page, "#link", "The connection to csm review is lost")
    assert page.locator(".row.selected.good").count() == 1
    assert not asked(server, "mark")
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    until(page, "() => document.querySelector('#link').hidden")
    assert wait_for(page, server, "mark")[0]["mark"] == "good"
    page.wait_for_selector(".row.selected.good")
    watched.logged.clear()  # Chromium notes each request that failed


def test_errors_are_one_line_with_the_remedy(page, server, watched):
    line = server.book.lines[0]
    line["take"] = server.book.add_take(line, 9)["id"]
    page.keyboard.press("g")
    until(
        page,
        "text => document.querySelector('#alert').textContent === text",
        "The line uses another take by now; look again",
    )
    assert page.locator("#alert").get_attribute("role") == "alert"
    until(page, "() => !document.querySelector('.row.good')")
    page.get_by_role("button", name="Close this message").click()
    assert page.locator("#alert").is_hidden()


def test_names_roles_and_numbers_for_a_screen_reader(page, server):
    problems = probe(page, "problemsOfNames")
    assert problems == []
    option = page.locator(".row.selected")
    assert option.get_attribute("aria-setsize") == "24"
    assert option.get_attribute("aria-posinset") == "1"
    assert option.get_attribute("aria-label").startswith("Chapter 1. Arrival. NARRATOR. The boat")


def test_all_is_reached_by_tab_with_its_focus_in_sight(page, server):
    server.book.add_take(server.book.lines[0], 5)
    server.book.changed(server.book.lines[0])
    until(page, "() => document.querySelectorAll('.takes li').length === 2")
    page.locator("#write").focus()
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, seen = probe(page, "focused")
        end = time.monotonic() + 10
        while not seen and time.monotonic() < end:  # what is scrolled into sight takes a moment
            page.wait_for_timeout(50)
            name, seen = probe(page, "focused")
        assert seen, name
        if name in reached[-40:]:
            break
        reached.append(name)
    wanted = ["Keys", "Which lines", "Speaker", "Find in the texts", "Lines of the script", "Good", "Bad…"]
    wanted += ["Compare A and B", "Three new takes", "Play take 1", "Compare take 1 as A", "Use take 2"]
    wanted += ["Text", "Say a word otherwiseL", "Speed", "Gain", "Commands", "Play", "Speed of playing"]
    assert [name for name in wanted if not any(each.startswith(name) for each in reached)] == []


def test_with_forced_colours_what_is_selected_differs(page):
    page.emulate_media(forced_colors="active")
    edge = "at => getComputedStyle(document.querySelector(at)).borderLeftColor"
    assert page.evaluate(edge, ".row.selected") != page.evaluate(edge, ".row:not(.selected)")
    outline = "at => getComputedStyle(document.querySelector(at)).outlineStyle"
    assert page.evaluate(outline, "nav button[aria-current]") == "solid"
    assert page.evaluate(outline, "nav button:not([aria-current])") == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_that_of_aa(browser, server, scheme):
    watched = Watched(browser, color_scheme=scheme)
    page = watched.open(server.address)
    page.wait_for_selector(".takes li")
    low = probe(page, "lowContrast")
    assert low == []
    watched.close()


def test_a_phone_has_one_column_and_the_line_as_a_sheet(browser, server):
    watched = Watched(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = watched.open(server.address)
    page.wait_for_selector(".row.selected")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.locator("#panel").is_visible()
    page.locator("#sheet").tap()
    page.locator(".takes li").first.wait_for()
    assert page.locator("#panel").bounding_box()["width"] == 390
    page.locator("#panel").get_by_role("button", name="Close").tap()
    page.locator("#panel").wait_for(state="hidden")
    page.locator("#quick-good").tap()
    page.wait_for_selector(".row.selected.good")
    watched.close()


def test_ten_thousand_lines_stay_responsive(server, watched):
    server.use(Book(10_000))
    watched.context.add_init_script(PROBES + "notePainted()")
    page = watched.open(server.address)
    until(page, "() => window.painted")
    loaded = "performance.getEntriesByType('resource').find(each => each.name.endsWith('/lines')).responseEnd"
    assert page.evaluate(f"painted - {loaded}") < 1000, "milliseconds from the data to the painted rows"
    assert page.locator(".row").count() < 60
    told = probe(page, "scrollThrough")
    assert told["gaps"] == []
    assert told["rows"] < 80
    assert told["slowest"] < 1000
    page.locator("#list").focus()
    page.keyboard.press("End")
    until(page, "() => document.querySelector('.row.selected')?.ariaPosInSet === '10000'")
    box, row = (page.locator(each).bounding_box() for each in ("#list", ".row.selected"))
    assert row["y"] >= box["y"] and row["y"] + row["height"] <= box["y"] + box["height"] + 1
