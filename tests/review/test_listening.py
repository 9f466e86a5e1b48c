"""What the page is given: scripts, chapters, lines, takes, sounds; and who may ask."""

import json
from pathlib import Path

import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.review.conftest import HEADERS, MARKDOWN


def test_the_state(page):
    state = page.get("state")
    (script,) = state["scripts"]
    assert (state["read_only"], state["undo"], state["write"]["state"]) == (False, None, "idle")
    assert (script["id"], script["path"], script["title"], script["language"]) == (
        0,
        "book.yaml",
        "The Lighthouse",
        "en",
    )
    assert (script["problem"], script["editable"]) == (None, True)
    chapters = script["chapters"]
    assert [(each["title"], each["lines"], each["unheard"], each["new"]) for each in chapters] == [
        ("Arrival", 3, 3, 0),
        ("The Lamp", 3, 3, 0),
        ("Morning", 1, 1, 0),
    ]
    assert [each["review"] for each in chapters] == [0, 1, 0]
    assert chapters[0]["seconds"] == pytest.approx(sum(each["seconds"] for each in page.lines()[:3]))


def test_the_lines(page):
    answer = page.get("scripts/0/lines")
    assert answer["speakers"] == {"narrator": 0, "Anna": 1}
    assert answer["version"] == page.get("state")["scripts"][0]["version"] != ""
    first, second, third, *_, nobody, last = answer["lines"]
    assert (first["source"], first["speaker"], first["voice"]) == ("book.yaml:6", "narrator", "ann")
    assert (first["state"], first["mark"], first["job"], first["job_message"]) == ("ok", None, None, "")
    assert (first["gap"], second["gap"], third["gap"]) == (0.5, 1.5, 2.25), "speaker, pause, tail and head"
    assert len(first["peaks"]) == 160
    assert nobody["state"] == "review"
    assert nobody["reasons"]
    assert last["chapter"] == 3


def test_a_line_with_its_takes(page):
    found = page.details(page.line("Hold on!"))
    (take,) = found["takes"]
    assert (take["number"], take["in_use"], take["pinned"], take["mark"], take["seed"]) == (
        1,
        True,
        False,
        None,
        7,
    )
    assert {"id", "origin", "made", "seconds", "tries", "checked", "reasons", "scores", "peaks"} <= set(take)
    assert (found["spoken"], found["edit"]) == ("Hold on!", None)
    assert found["settings"] == {"speed": None, "gain": None, "pause": None}


def test_the_sound_of_a_take_whole_and_in_ranges(page, tmp_path):
    take = page.lines()[0]["take"]
    path = f"/api/scripts/0/takes/{take}/audio"
    whole = page.client.get(path)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/flac")
    (tmp_path / "take.flac").write_bytes(whole.content)
    assert soundfile.info(tmp_path / "take.flac").duration == pytest.approx(
        page.lines()[0]["seconds"], abs=0.001
    )
    size = len(whole.content)
    for asked, first, last in [
        ("0-99", 0, 99),
        ("100-", 100, size - 1),
        ("-7", size - 7, size - 1),
        (f"5-{size + 9}", 5, size - 1),
    ]:
        part = page.client.get(path, headers={"Range": f"bytes={asked}"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    assert page.client.get(path, headers={"Range": f"bytes={size}-"}).status_code == 416
    for odd in ("bytes=5-2", "bytes=0-1,3-4", "bytes=-", "lines=1-2"):
        assert page.client.get(path, headers={"Range": odd}).status_code == 200
    assert page.client.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    old = page.client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (old.status_code, len(old.content)) == (200, size)


def test_a_take_that_is_damaged_or_not_there(page):
    take = page.lines()[0]["take"]
    (path,) = Path(".csm/takes").glob(f"??/{take}.flac")
    path.write_bytes(path.read_bytes()[:-9])
    answer = page.client.get(f"/api/scripts/0/takes/{take}/audio")
    assert (answer.status_code, answer.json()["code"]) == (404, "damaged_take")
    assert "render again" in answer.json()["remedy"]
    for name in ("0" * 20, "..%2F..%2Fbook.yaml", "x"):
        assert page.client.get(f"/api/scripts/0/takes/{name}/audio").status_code == 404


def test_a_spoken_form(page):
    answer = page.client.get("/api/scripts/0/spoken", params={"text": "Dr. Hill has 3 boats."})
    assert answer.json() == {"spoken": "Doctor Hill has three boats."}


def test_what_is_not_there(page):
    for path in ("scripts/7/lines", "scripts/0/lines/zzzzzzz", "nothing", "scripts/0/lines/zzzzzzz/mark"):
        answer = (
            page.client.get(f"/api/{path}")
            if "mark" not in path
            else page.client.put(f"/api/{path}", json={"take": "x"})
        )
        assert answer.status_code == 404
        assert set(answer.json()) == {"code", "message", "remedy", "place"}


def test_who_may_ask(page):
    client = page.client
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}):
        assert client.get("/api/state", headers=headers).status_code == 401
    assert client.get("/api/state", headers={"Host": "evil.example"}).json()["code"] == "host"
    answer = client.post("/api/undo", headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin")
    index = client.get("/", headers={"Authorization": ""})
    assert index.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in index.headers["content-security-policy"]
    assert client.get("/api/state").headers["cache-control"] == "no-store"
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        assert client.get(path).status_code == 404


def test_nothing_changes_in_a_review_that_is_read_only(book, open_page):
    page = open_page(book, read_only=True)
    line = page.lines()[0]
    before = {path: path.stat().st_mtime_ns for path in Path(".csm").rglob("*") if path.is_file()}
    state = page.get("state")
    assert (state["read_only"], state["scripts"][0]["editable"]) == (True, False)
    asked = [
        page.put(line, "mark", take=line["take"], mark="good"),
        page.put(line, "text", text="x", version=page.version()),
        page.put(line, "settings", speed=1.1, version=page.version()),
        *(page.post(line, what, take=line["take"]) for what in ("speak", "cancel", "choose", "pin", "unpin")),
        page.undo(),
        page.client.post("/api/scripts/0/write"),
        page.client.post("/api/scripts/0/say-as", json={"word": "boat", "as": "bote", "dry_run": True}),
    ]
    assert {(each.status_code, each.json()["code"]) for each in asked} == {(403, "read_only")}
    assert page.details(line)["takes"]
    page.review.close()
    assert {path: path.stat().st_mtime_ns for path in Path(".csm").rglob("*") if path.is_file()} == before


def test_bodies_that_cannot_be_used(page):
    line = page.lines()[0]
    path = f"/api/scripts/0/lines/{line['id']}"
    for what, body in [
        ("mark", b"{"),
        ("mark", b"[]"),
        ("mark", b"\xff"),
        ("mark", b'{"mark": "good"}'),
        ("mark", b'{"take": 3, "mark": "good"}'),
        ("mark", b'{"take": "' + line["take"].encode() + b'", "mark": "fine"}'),
        ("mark", b'{"take": "' + line["take"].encode() + b'", "mark": 4}'),
        ("settings", b'{"version": "x"}'),
        ("settings", b'{"version": "x", "speed": "fast"}'),
        ("settings", b'{"version": "x", "speed": true}'),
        ("settings", b'{"version": "x", "speed": NaN}'),
        ("text", b'{"version": "x"}'),
        ("text", b'{"version": "x", "text": "\\ud800"}'),
    ]:
        answer = page.client.put(f"{path}/{what}", content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), body
    assert page.post(line, "speak", count=0).status_code == 400
    assert page.post(line, "speak", count="3").status_code == 400
    assert page.client.put(f"{path}/mark", content=b" " * (2 << 20)).status_code == 413
    assert page.client.delete(f"{path}/mark").status_code == 405


def test_scripts_with_errors_do_not_keep_the_others_from_being_shown(book, open_page):
    Path("wrong.yaml").write_text("lines:\n  - Anna: Hello.\n    speed: 9\n")
    Path("worse.md").write_bytes(b"\xff\xfe\x00")
    page = open_page(book, Path("wrong.yaml"), Path("worse.md"), Path("gone.md"))
    good, wrong, worse, gone = page.get("state")["scripts"]
    assert (good["problem"], len(good["chapters"])) == (None, 3)
    assert wrong["problem"].startswith("wrong.yaml:")
    assert ": error: " in wrong["problem"]
    assert worse["problem"].startswith("worse.md:1:1: error: this file is UTF-16")
    assert gone["problem"] == "gone.md: error: no such file"
    for number in (1, 2, 3):
        assert page.get(f"scripts/{number}/lines")["lines"] == []
        answer = page.client.get(f"/api/scripts/{number}/lines/abcdefg")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_script")
    Path("wrong.yaml").write_text("voices: {Anna: bob}\nlines:\n  - Anna: Hello.\n")
    page.published.wait("script", lambda data: data["script"] == 1 and len(page.lines(1)) == 1)
    assert page.get("state")["scripts"][1]["problem"] is None
    (line,) = page.lines(1)
    assert (line["state"], line["take"], line["seconds"], line["peaks"]) == ("new", None, 0.0, "")


def test_a_script_that_breaks_is_still_shown_as_it_was(page, book):
    lines = page.lines()
    book.write_text(book.read_text().replace("narrator: Nobody.", "Nobody: Nobody."))
    page.published.wait("script", lambda data: page.get("state")["scripts"][0]["problem"] is not None)
    assert "unknown speaker" in page.get("state")["scripts"][0]["problem"]
    assert page.lines() == lines
    answer = page.put(lines[0], "text", text="Other.", version=page.version())
    assert answer.status_code == 409


def test_markdown_is_shown_too(page, open_page):
    Path("letter.md").write_text(MARKDOWN)
    other = open_page(Path("letter.md"))
    assert [(each["text"], each["state"]) for each in other.lines()] == [
        ("The letter lay on the table.", "new"),
        ("Who has read it?", "new"),
    ]
    assert other.client.get("/api/state", headers=HEADERS).json()["scripts"][0]["chapters"][0]["new"] == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats() | st.text(max_size=12) | st.just("good"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    ["take", "mark", "fault", "text", "version", "speed", "gain", "pause", "count", "word", "as"]
)
WAYS = ["mark", "text", "settings", "speak", "cancel", "choose", "pin", "unpin", "say-as"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=st.sampled_from(WAYS), values=st.dictionaries(FIELDS, JSON, max_size=4), known=st.booleans())
def test_whatever_is_sent_is_answered(book, open_page, way, values, known):
    page = open_page.same or open_page(book)
    line = page.lines()[0]
    if known:
        values = {"take": line["take"], "version": page.version()} | values
    path = f"/api/scripts/0/{way}" if way == "say-as" else f"/api/scripts/0/lines/{line['id']}/{way}"
    method = "PUT" if way in ("mark", "text", "settings") else "POST"
    answer = page.client.request(method, path, content=json.dumps(values).encode())
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert {"code", "message", "remedy", "place"} <= set(answer.json())
