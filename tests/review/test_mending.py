"""Marks, choices, edits, the lexicon and files, through the interface of the page."""

import errno
import json
import os
import shutil
import threading
from pathlib import Path

from csm_cli.core.errors import MissingError
from csm_cli.delivery.options import Delivery
from csm_cli.editing.lines import ScriptTakes
from csm_cli.editing.pinning import pin
from csm_cli.editing.reroll import options_of, reroll
from csm_cli.rendering.loading import LoadedModel
from csm_cli.rendering.models import UNLIMITED
from csm_cli.rendering.outdated import VOICE
from tests.rendering.fake_engine import FakeEngine, capped
from tests.review.conftest import MARKDOWN

NOBODY, LIGHT, BOAT = "Nobody.", "Is that the light?", "The boat turned into the wind."


def mark(page, line, name, fault=None):
    answer = page.put(line, "mark", take=line["take"], mark=name, fault=fault)
    assert answer.status_code == 200, answer.text
    return answer.json()


def edit(page, line, text, version=None):
    return page.put(line, "text", text=text, version=version or page.version())


def spoken_again(page, text, **values):
    """Say a line again, and wait for it."""
    line = page.line(text)
    answer = page.post(line, "speak", **values)
    assert answer.status_code == 202, answer.text

    def done(data):
        return any(each["id"] == line["id"] and each["take"] != line["take"] for each in data["lines"])

    page.published.wait("lines", done)
    page.published.wait("undo", lambda data: data["undo"] and "choice" in data["undo"])
    return page.line(text)


def test_marks_are_counted_kept_and_undone(page, book, open_page):
    line = page.line(LIGHT)
    assert mark(page, line, "bad", "pace")["fault"] == "pace"
    assert (page.line(LIGHT)["mark"], page.details(line)["takes"][0]["mark"]) == ("bad", "bad")
    page.published.wait("lines", lambda data: data["lines"][0]["mark"] == "bad")
    arrival = page.get("state")["scripts"][0]["chapters"][0]
    assert (arrival["bad"], arrival["unheard"]) == (1, 2)
    assert open_page(book).line(LIGHT)["fault"] == "pace", "after a restart too"
    mark(page, line, "good")
    assert page.get("state")["undo"] == "marked as good"
    assert page.undo().json() == {"undone": "marked as good", "script": 0, "line": line["id"]}
    assert (page.line(LIGHT)["mark"], page.line(LIGHT)["fault"]) == ("bad", "pace")
    mark(page, line, None)
    page.undo(), page.undo(), page.undo()
    assert page.line(LIGHT)["mark"] is None
    mark(page, line, "heard")
    answer = page.undo()
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_to_undo"), (
        "hearing is nothing to undo"
    )
    assert page.line(LIGHT)["mark"] == "heard"


def test_marks_lapse_with_an_edit_and_with_another_take_and_come_back(page):
    line = page.line(LIGHT)
    mark(page, line, "good")
    assert edit(page, line, "Is this the light?").status_code == 200
    assert page.line("Is this the light?")["mark"] is None
    assert edit(page, page.line("Is this the light?"), LIGHT).status_code == 200
    assert page.line(LIGHT)["mark"] == "good", "the earlier text has its take and its mark again"
    now = spoken_again(page, LIGHT)
    assert now["mark"] is None
    answer = page.put(line, "mark", take=line["take"], mark="heard")
    assert (answer.status_code, answer.json()["code"]) == (409, "take_changed")
    assert page.post(line, "choose", take=line["take"]).json()["mark"] == "good"


def test_two_reviews_of_one_book_see_each_other(page, book, open_page):
    other = open_page(book)
    line = other.line(LIGHT)
    mark(page, line, "good")
    other.published.wait("lines", lambda data: data["lines"][0]["mark"] == "good")
    page.post(line, "pin", take=line["take"])
    other.published.wait("lines", lambda data: data["lines"][0]["state"] == "pinned")
    assert other.line(LIGHT)["state"] == "pinned"


def test_a_line_is_said_again_with_an_engine_that_stays(book, open_page, engine):
    loads = []

    def load(options, note):
        loads.append(options)
        return LoadedModel(engine, UNLIMITED)

    page = open_page(book, load=load)
    assert page.get("state")["model"]["state"] == "none"
    before = page.line(NOBODY)
    now = spoken_again(page, NOBODY)
    assert (now["state"], now["job"], now["reasons"]) == ("ok", None, [])
    takes = page.details(now)["takes"]
    assert [each["in_use"] for each in takes].count(True) == 1
    assert [each["origin"] for each in takes] == ["spoken", "rerolled", "rerolled", "rerolled"]
    assert len({each["seed"] for each in takes}) == 4
    states = [data["state"] for name, data in page.published if name == "model"]
    assert states == ["loading", "ready"]
    jobs = [each["job"] for name, data in page.published if name == "lines" for each in data["lines"]]
    assert jobs[:2] == ["queued", "speaking"] or jobs[0] == "speaking"
    assert page.get("state")["undo"] == "the choice of new takes"
    page.undo()
    assert (page.line(NOBODY)["take"], page.line(NOBODY)["state"]) == (before["take"], "review")
    assert len(page.details(now)["takes"]) == 4, "takes stay"
    spoken_again(page, LIGHT, count=1)
    assert len(loads) == 1
    assert page.get("state")["model"]["state"] == "ready"


class Held(FakeEngine):
    """Speaks when it may."""

    def __init__(self):
        super().__init__()
        self.begun, self.may = threading.Event(), threading.Event()

    def speak(self, utterances):
        self.begun.set()
        assert self.may.wait(20)
        return super().speak(utterances)


def test_waiting_lines_can_be_dropped_and_are_bounded(book, open_page, monkeypatch):
    monkeypatch.setattr("csm_cli.review.speaking.MOST", 2)
    held = Held()
    page = open_page(book, load=lambda options, note: LoadedModel(held, UNLIMITED))
    first, second, third, fourth, *_ = page.lines()
    page.post(first, "speak", count=1)
    assert held.begun.wait(20)
    assert [page.post(each, "speak").json()["queued"] for each in (second, third)] == [1, 2]
    assert page.post(second, "speak").json()["queued"] == 2, "it waits already"
    answer = page.post(fourth, "speak")
    assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
    assert [each["job"] for each in page.lines()[:4]] == ["speaking", "queued", "queued", None]
    assert page.post(second, "cancel").json()["job"] is None
    assert page.post(first, "cancel").json()["code"] == "speaking"
    held.may.set()
    page.published.wait(
        "lines", lambda data: data["lines"][0]["id"] == third["id"] and data["lines"][0]["job"] is None
    )
    assert len(page.details(page.line(second["text"]))["takes"]) == 1


def test_the_end_does_not_wait_for_a_line(book, open_page):
    class Endless(FakeEngine):
        def scheduler(self, count):
            slots = super().scheduler(count)
            slots.advance = lambda: begun.set() or []
            return slots

    begun = threading.Event()
    page = open_page(book, load=lambda options, note: LoadedModel(Endless(), UNLIMITED))
    first, second, *_ = page.lines()
    page.post(first, "speak"), page.post(second, "speak")
    assert begun.wait(20)
    page.review.close()
    assert not page.review.speaker._thread.is_alive()
    assert not list(Path(".csm/takes").glob(".render-*"))


def test_what_fails_is_said_at_the_line_and_the_next_is_spoken(book, open_page, engine):
    fail = True

    def load(options, note):
        if fail:
            raise MissingError("is not there", where="model", remedy="fetch it")
        return LoadedModel(engine, UNLIMITED)

    page = open_page(book, load=load)
    line = page.line(LIGHT)
    page.post(line, "speak")
    failed = page.published.wait("lines", lambda data: data["lines"][0]["job"] == "failed")
    found = failed["lines"][0]
    assert (found["job"], found["job_message"]) == ("failed", "model: is not there; fetch it")
    assert page.get("state")["model"]["state"] == "failed"
    assert page.post(line, "cancel").json()["job"] is None
    fail = False
    assert spoken_again(page, LIGHT)["job"] is None
    engine.fail = lambda asked: 1 / 0
    page.post(page.line(NOBODY), "speak")
    page.published.wait(
        "lines", lambda data: data["lines"][0]["job_message"].startswith("internal: ZeroDivisionError")
    )
    engine.fail = None
    assert spoken_again(page, NOBODY)["job"] is None


def test_choices_and_pins_and_their_way_back(page):
    spoken_again(page, LIGHT, count=2)
    line = page.line(LIGHT)
    first, second, third = (each["id"] for each in page.details(line)["takes"])
    assert page.post(line, "choose", take=first).json()["take"] == first
    pinned = page.post(line, "pin", take=third).json()
    assert (pinned["take"], pinned["state"]) == (third, "pinned")
    for what in ("choose", "speak"):
        answer = page.post(line, what, take=second)
        assert (answer.status_code, answer.json()["code"]) == (409, "pinned")
    page.post(line, "pin", take=second)
    assert [each["pinned"] for each in page.details(line)["takes"]] == [False, True, False]
    page.undo()
    assert [each["pinned"] for each in page.details(line)["takes"]] == [False, False, True]
    assert page.post(line, "unpin").json()["state"] == "ok"
    page.undo()
    assert (page.line(LIGHT)["take"], page.line(LIGHT)["state"]) == (third, "pinned")
    page.undo()
    assert (page.line(LIGHT)["take"], page.line(LIGHT)["state"]) == (first, "ok")
    page.undo()
    assert page.line(LIGHT)["take"] == line["take"]
    assert page.post(line, "choose", take="0" * 20).status_code == 404


def test_what_is_done_elsewhere_arrives_as_events(page, book, csm, engine):
    line = page.line(LIGHT)
    elsewhere = ScriptTakes(book)
    at = elsewhere.find(line["id"])
    made = reroll(elsewhere, at, engine, UNLIMITED, options_of(elsewhere), count=2)
    page.published.wait("lines", lambda data: data["lines"][0]["take"] == made[0].id)
    assert len(page.details(line)["takes"]) == 3
    later = page.line("Hold on!")
    assert (later["state"], later["reasons"]) == ("stale", ["its context has changed"])
    assert [each["text"] for each in page.lines() if each["state"] == "stale"] == ["Hold on!"]
    assert page.get("state")["scripts"][0]["chapters"][0]["stale"] == 1
    again = ScriptTakes(book)
    pin(again, again.find(line["id"]), made[1])
    page.published.wait("lines", lambda data: data["lines"][0]["state"] == "pinned")
    engine.fail = lambda asked: capped(asked) if asked.text == NOBODY else None
    book.write_text(book.read_text().replace("They climbed", "Slowly they climbed"))
    page.published.wait("script", lambda data: page.lines()[3]["state"] == "new")
    assert csm("render", book).code == 5
    page.published.wait(
        "lines", lambda data: any(each["text"].startswith("Slowly") for each in data["lines"])
    )
    assert page.lines()[3]["state"] == "ok"


def test_an_edit_of_a_text(page, book):
    line = page.line(LIGHT)
    version = page.version()
    answer = edit(page, line, "  Is this\n the light?  ")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["version"] == page.version() != version
    changed, later = found["lines"]
    assert (changed["id"], changed["text"], changed["state"]) == (found["id"], "Is this the light?", "new")
    assert (later["text"], later["state"]) == ("Hold on!", "stale"), "it was spoken after the text before"
    assert found["id"] != line["id"]
    assert "      - Anna: Is this the light?\n" in book.read_text()
    page.published.wait("script")
    assert page.undo().json() == {"undone": "a text", "script": 0, "line": line["id"]}
    assert page.line(LIGHT)["take"] == line["take"]
    assert page.line("Hold on!")["state"] == "ok"
    assert page.version() == version


def test_a_script_that_changed_outside_is_shown_beside_and_never_overwritten(page, book):
    line, version = page.line(LIGHT), page.version()
    theirs = book.read_text().replace("Is that the light?", "Is it the light?")
    book.write_text(theirs)
    answer = edit(page, line, "Mine?", version)
    assert answer.status_code == 409
    found = answer.json()
    assert (found["code"], found["theirs"], found["mine"]) == ("script_changed", "Is it the light?", "Mine?")
    assert book.read_text() == theirs
    now = page.line("Is it the light?")
    assert edit(page, now, "Mine?", found["version"]).status_code == 200
    book.write_text(book.read_text().replace("      - Anna: Mine?\n", ""))
    answer = page.undo()
    assert (answer.status_code, answer.json()["code"]) == (409, "script_changed")
    assert "Mine?" not in book.read_text()


def test_lint_errors_are_listed_with_their_places_and_nothing_is_written(page, book):
    before = book.read_text()
    line = page.line(LIGHT)
    answer = edit(page, line, "...")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_script")
    assert answer.json()["place"] == "book.yaml:7:15"
    answer = page.put(line, "settings", speed=9, version=page.version())
    assert (answer.status_code, answer.json()["place"]) == (422, "book.yaml:8:16")
    (problem,) = answer.json()["problems"]
    assert problem.startswith("book.yaml:8:16: error: speed is a number from 0.5 to 2")
    answer = edit(page, line, "(aside) Yes.")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_editable")
    assert book.read_text() == before


def test_settings_and_their_way_back(page, book):
    before, line = book.read_text(), page.line("Hold on!")
    answer = page.put(line, "settings", gain=-3, pause=2.5, version=page.version())
    assert (answer.status_code, answer.json()["id"]) == (200, line["id"])
    assert answer.json()["lines"][0]["gap"] == 4.75, "its own pause, and those at the ends of chapters"
    assert '{speaker: Anna, text: "Hold on!", seed: 7, gain: -3, pause_after: 2.5}' in book.read_text()
    assert page.details(line)["settings"] == {"speed": None, "gain": -3.0, "pause": 2.5}
    assert page.line("Hold on!")["take"] == line["take"], "nothing is spoken again for it"
    page.put(line, "settings", gain=None, version=page.version())
    assert page.details(line)["settings"] == {"speed": None, "gain": None, "pause": 2.5}
    page.undo(), page.undo()
    assert book.read_text() == before


def test_scripts_that_are_no_screenplays_say_how_to_get_one(book, open_page):
    Path("play.fountain").write_text("Title: P\n\nADA\nWho put it out?\n")
    page = open_page(Path("play.fountain"))
    (line,) = page.lines()
    assert page.get("state")["scripts"][0]["editable"] is False
    assert "csm import play.fountain" in page.details(line)["edit"]
    answer = edit(page, line, "Who was it?")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_editable")


def test_say_it_as(page, book):
    def say(word, how, dry_run):
        return page.client.post("/api/scripts/0/say-as", json={"word": word, "as": how, "dry_run": dry_run})

    (change,) = say("boat", "bote", True).json()["changes"]
    assert change == {
        "id": page.lines()[0]["id"],
        "text": "The boat turned into the wind.",
        "before": "The boat turned into the wind.",
        "after": "The bote turned into the wind.",
    }
    assert not Path("lexicon.yaml").exists()
    answer = say("boat", "bote", False)
    assert (answer.json()["file"], answer.json()["changes"]) == ("lexicon.yaml", [change])
    assert Path("lexicon.yaml").read_text() == "boat: bote\n"
    assert page.details(page.lines()[0])["spoken"] == change["after"]
    say("boat", "boht", False)
    assert Path("lexicon.yaml").read_text() == "boat: boht\n"
    assert page.get("state")["undo"] == '"boat" in the lexicon'
    page.undo()
    assert Path("lexicon.yaml").read_text() == "boat: bote\n"
    page.undo()
    assert not Path("lexicon.yaml").exists()
    assert page.details(page.lines()[0])["spoken"] == change["before"]
    assert say("...", "x", True).status_code == 400
    Path("lexicon.yaml").write_text("boat: [\n")
    assert say("light", "lite", False).json()["code"] == "invalid_script"
    assert Path("lexicon.yaml").read_text() == "boat: [\n"


def test_a_line_that_is_read_otherwise_is_stale_until_it_is_said_again(page, book):
    def write():
        seen = len(page.published)
        assert page.client.post("/api/scripts/0/write").status_code == 202
        return page.published.wait("write", lambda data: data["state"] in ("done", "failed"), since=seen)

    write()
    seen = len(page.published)
    page.client.post("/api/scripts/0/say-as", json={"word": "boat", "as": "bote", "dry_run": False})
    (line,) = page.published.wait("lines", since=seen)["lines"]
    assert (line["text"], line["state"], line["reasons"]) == (BOAT, "stale", ["is read otherwise by now"])
    assert page.line(BOAT) == line
    assert page.get("state")["scripts"][0]["chapters"][0]["stale"] == 1
    before = "book.yaml:6 is read otherwise by now, and is written as it was spoken before: say it again"
    assert write()["message"] == f"nothing has changed since the files were written; {before}"
    page.undo()
    assert (page.line(BOAT)["state"], page.line(BOAT)["reasons"]) == ("ok", [])
    page.client.post("/api/scripts/0/say-as", json={"word": "boat", "as": "bote", "dry_run": False})
    now = spoken_again(page, BOAT, count=1)
    assert (now["state"], now["reasons"]) == ("ok", [])
    then = write()
    assert (then["done"], then["message"]) == (1, "")
    book.write_text(book.read_text().replace("Anna: bob", "Anna: ann"))
    page.published.wait("script", lambda data: VOICE in page.line(LIGHT)["reasons"])
    several = "3 lines are to be said again, and are written as they were spoken before: "
    assert write()["message"] == f"{several}book.yaml:7, book.yaml:9, book.yaml:13"


def test_writing_the_files(page, book):
    def write():
        seen = len(page.published)
        assert page.client.post("/api/scripts/0/write").status_code == 202
        return page.published.wait("write", lambda data: data["state"] in ("done", "failed"), since=seen)

    first = write()
    assert (first["state"], first["done"], first["of"]) == ("done", 3, 3)
    assert "book/01-arrival.wav" in first["files"]
    nothing = write()
    assert (nothing["state"], nothing["files"]) == ("done", [])
    spoken_again(page, NOBODY)
    then = write()
    assert (then["done"], then["of"]) == (1, 1)
    assert "book/02-the-lamp.wav" in then["files"]
    timeline = json.loads(Path("book/timeline.json").read_text())
    assert timeline["chapters"][1]["lines"][2]["takes"] == [page.line(NOBODY)["take"]]
    edit(page, page.line(LIGHT), "Is this the light?")
    failed = write()
    assert failed["state"] == "failed"
    assert failed["message"] == "chapter 1 left out: 1 line has no take yet"


def test_two_writings_at_once(page, monkeypatch):
    may = threading.Event()
    monkeypatch.setattr("csm_cli.review.writing.master_jobs", lambda *asked: may.wait(20) and None)
    assert page.client.post("/api/scripts/0/write").status_code == 202
    answer = page.client.post("/api/scripts/0/write")
    may.set()
    assert (answer.status_code, answer.json()["code"]) == (409, "writing")


def test_a_full_disk_is_said_and_loses_nothing(page, book, monkeypatch):
    line, version = page.line(LIGHT), page.version()
    before = book.read_bytes()
    mark(page, line, "bad")

    def full(*asked):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("csm_cli.core.files.os.fsync", full)
        asked = [
            page.put(line, "mark", take=line["take"], mark="good"),
            page.put(line, "text", text="Is this?", version=version),
            page.put(line, "settings", gain=1, version=version),
            page.post(line, "pin", take=line["take"]),
            page.client.post("/api/scripts/0/say-as", json={"word": "boat", "as": "bote", "dry_run": False}),
        ]
    assert {(each.status_code, each.json()["code"]) for each in asked} == {(507, "disk_full")}
    assert (page.line(LIGHT)["mark"], page.line(LIGHT)["state"]) == ("bad", "ok")
    assert (book.read_bytes(), Path("lexicon.yaml").exists()) == (before, False)
    assert page.get("state")["undo"] == "marked as bad"
    assert edit(page, line, "Is this?", version).status_code == 200


def test_equal_lines_are_told_apart(csm, engine, voices, open_page):
    Path("letter.md").write_text(MARKDOWN + "\n**Anna:** Who has read it?\n")
    assert csm("render", "letter.md").code == 0
    page = open_page(Path("letter.md"))
    _, first, second = page.lines()
    assert first["id"] != second["id"]
    answer = edit(page, second, "Who else?")
    assert [each["text"] for each in page.lines()] == [
        "The letter lay on the table.",
        "Who has read it?",
        "Who else?",
    ]
    assert answer.json()["id"] == page.line("Who else?")["id"]


def test_a_line_in_the_middle_of_a_long_book(csm, engine, voices, open_page):
    lines = 500
    body = "\n\n".join(f"Line {'abcdefghij'[at % 10]} of the book, {at}." for at in range(lines))
    Path("long.md").write_text(f"# One\n\n{body}\n")
    page = open_page(Path("long.md"))
    rows = page.lines()
    assert len(rows) == lines
    answer = edit(page, rows[lines // 2], "Another line.")
    assert [each["text"] for each in answer.json()["lines"]] == ["Another line."]
    assert page.lines()[lines // 2]["id"] == answer.json()["id"]


def test_a_chapter_that_was_never_rendered_is_not_said_line_by_line(csm, engine, voices, open_page):
    Path("new.md").write_text(
        "\n\n".join(["# One", *(f"This is line {'abcdefghijkl'[at]}." for at in range(12))])
    )
    page = open_page(Path("new.md"))
    first, *_, last = page.lines()
    answer = page.post(last, "speak")
    assert (answer.status_code, answer.json()["code"], answer.json()["remedy"]) == (
        409,
        "not_rendered",
        "csm render new.md",
    )
    assert spoken_again(page, first["text"], count=1)["state"] == "ok"


def test_the_files_of_the_last_rendering_are_written_again(csm, engine, script, open_page):
    made = [
        "-o",
        "made",
        "--format",
        "flac",
        "--loudness",
        "ebu",
        "--pause",
        "line=0.6",
        "--with",
        "srt",
        "--titles",
    ]
    assert csm("render", script, *made).code == 0
    before = {path.name: path.read_bytes() for path in Path("made").glob("*.flac")}
    assert csm("render", script, "-o", "-", "--titles").code == 0, "what makes no files is not noted"
    for path in Path("made").glob("*.flac"):
        path.unlink()
    page = open_page(script, as_rendered=True)
    assert page.lines()[0]["gap"] == 1.5, "behind a title"
    assert page.lines()[-2]["gap"] == 1.5
    page.client.post("/api/scripts/0/write")
    end = page.published.wait("write", lambda data: data["state"] in ("done", "failed"))
    assert end["state"] == "done", end
    assert {path.name: path.read_bytes() for path in Path("made").glob("*.flac")} == before
    assert len(before) == 3
    shutil.move("made", "gone")
    page = open_page(script, as_rendered=True)
    page.client.post("/api/scripts/0/write")
    end = page.published.wait("write", lambda data: data["state"] in ("done", "failed"))
    assert "lighthouse/01-arrival.wav" in end["files"], "moved elsewhere: as csm master writes them"


def test_a_book_in_one_file_needs_all_of_its_lines(page, book, open_page, csm):
    whole = open_page(book, delivery=Delivery(formats=("m4b",)))

    def write():
        seen = len(whole.published)
        assert whole.client.post("/api/scripts/0/write").status_code == 202
        return whole.published.wait("write", lambda data: data["state"] in ("done", "failed"), since=seen)

    assert write()["files"][0].endswith(".m4b")
    edit(page, page.line(LIGHT), "Is this the light?")
    whole.published.wait("script", lambda data: whole.lines()[1]["state"] == "new")
    failed = write()
    assert (failed["state"], failed["files"]) == ("failed", [])
    assert failed["message"].endswith("has no take yet; what is made of the whole book needs them all")
    page.undo()
    whole.published.wait("script", lambda data: whole.lines()[1]["state"] == "ok")
    assert write()["message"] == "nothing has changed since the files were written"


def test_marks_on_the_command_line(page, csm):
    mark(page, page.line(LIGHT), "bad", "pace")
    mark(page, page.line("Hold on!"), "good")
    (bad,) = json.loads(csm("takes", "list", "--marked", "bad", "--json").out)
    assert (bad["text"], bad["mark"], bad["fault"]) == (LIGHT, "bad", "pace")
    lines = csm("takes", "list").out.splitlines()
    assert lines[1].endswith("  [bad: pace] Is that the light?")
    assert lines[2].endswith("  [good] Hold on!")
    assert lines[0].endswith("  The boat turned into the wind.")
    edit(page, page.line(LIGHT), "Is this the light?")
    assert csm("takes", "list", "--marked", "bad").out == ""
