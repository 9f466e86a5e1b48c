"""Reading again what has changed, and nothing else."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from csm_cli.audio.mastering import Pauses
from csm_cli.editing.lines import ScriptTakes
from csm_cli.editing.pinning import pin
from csm_cli.review import manuscript
from csm_cli.review.reading import OpenScript, RememberingNormaliser, RememberingStore
from csm_cli.review.rows import gaps_of, text_now
from csm_cli.review.stamps import Stamps, TakesWatch
from csm_cli.script import read_screenplay
from csm_cli.takes.place import Url
from csm_cli.text import Entry, Lexicon, Normaliser


def pinned_elsewhere(book):
    """Pin the first line's take, as another process does."""
    other = ScriptTakes(book)
    line = other.lines[0]
    pin(other, line, line.take)
    return line


def test_a_store_sees_what_others_write(book):
    store = RememberingStore(Path(".csm/takes"))
    assert store.refresh() == set()
    line = pinned_elsewhere(book)
    assert store.peek(line.take.id).pins == (line.place,)
    assert store.refresh() == {line.place}
    assert store.index.get(line.take.id).pins == (line.place,)
    assert store.refresh() == set()


def test_a_sidecar_is_read_once_until_it_changes(book):
    store = RememberingStore(Path(".csm/takes"))
    line = ScriptTakes(book).lines[0]
    before = store.peek(line.take.id)
    assert store.peek(line.take.id) is before
    pinned_elsewhere(book)
    assert store.peek(line.take.id) is before
    store.refresh()
    assert store.peek(line.take.id).pins


def test_takes_that_come_and_go(book):
    store = RememberingStore(Path(".csm/takes"))
    store.refresh()
    line = ScriptTakes(book).lines[0]
    (sidecar,) = Path(".csm/takes").glob(f"??/{line.take.id}.json")
    kept = sidecar.read_bytes()
    sidecar.unlink()
    assert store.refresh() == {line.place}
    assert (store.index.get(line.take.id), store.peek(line.take.id)) == (None, None)
    sidecar.write_bytes(b"damaged")
    assert store.refresh() == set()
    assert store.index.damaged == [str(sidecar)]
    sidecar.write_bytes(kept)
    assert store.refresh() == {line.place}
    assert store.peek(line.take.id) == line.take


def test_a_script_read_again_works_nothing_out_twice(book, monkeypatch):
    script = OpenScript(book, None)
    asked = []
    normalise = Normaliser.normalise
    monkeypatch.setattr(
        Normaliser, "normalise", lambda self, *text: asked.append(text[0]) or normalise(self, *text)
    )
    book.write_text(book.read_text().replace("Nobody.", "Somebody."))
    again = OpenScript(book, None, script)
    assert asked == ["Somebody."]
    assert [line.take.id for line in again.lines if line.take] == [
        line.take.id for line in script.lines if line.planned.line.text != "Nobody."
    ]
    assert again.store is script.store
    Path("lexicon.yaml").write_text("boat: bote\n")
    third = OpenScript(book, None, again)
    assert third.lines[0].planned.request.spoken == "The bote turned into the wind."


def test_another_language_or_lexicon_is_worked_out_anew():
    first = RememberingNormaliser(Normaliser("en"))
    assert first.normalise("Dr. Hill") == "Doctor Hill"
    lexicon = Lexicon([Entry("Hill", "Hell", case=True)])
    assert RememberingNormaliser(Normaliser("en", lexicon), first).normalise("Dr. Hill") == "Doctor Hell"
    assert RememberingNormaliser(Normaliser("de"), first).normalise("Dr. Hill") == "Dr. Hill"


def test_lines_that_have_changed(book):
    script = OpenScript(book, None)
    assert script.changed_lines() == []
    line = pinned_elsewhere(book)
    (changed,) = script.changed_lines()
    assert (changed.planned.id, changed.pinned) == (line.planned.id, True)
    assert script.lines[0] is changed is script.by_id[line.planned.id]


def test_takes_behind_a_url(csm, engine, script, open_page):
    place = Url("memory://review-test/takes")
    assert csm("render", script, "-o", "out", "--takes", str(place)).code == 0
    page = open_page(script, takes=place)
    line = page.lines()[0]
    assert page.client.get(f"/api/scripts/0/takes/{line['take']}/audio").status_code == 200
    assert page.put(line, "mark", take=line["take"], mark="bad", fault="cut").json()["fault"] == "cut"
    other = ScriptTakes(script, place)
    pin(other, other.lines[0], other.lines[0].take)
    page.review.book(0).refresh()
    assert page.line(line["text"])["state"] == "pinned"
    assert open_page(script, takes=place).line(line["text"])["mark"] == "bad"


def test_stamps_notice_files_that_come_change_and_go(tmp_path):
    path = tmp_path / "a"
    stamps = Stamps()
    assert [stamps.changed([path]), stamps.changed([path])] == [True, False]
    path.write_text("1")
    assert [stamps.changed([path]), stamps.changed([path])] == [True, False]
    os.utime(path, ns=(1, 1))
    assert [stamps.changed([path]), stamps.changed([path])] == [True, False]
    path.unlink()
    assert [stamps.changed([path]), stamps.changed([path])] == [True, False]


def test_what_was_written_just_now_counts_once_more(tmp_path):
    stamps = Stamps(fresh=True)
    assert stamps.changed([tmp_path]) is True
    assert stamps.changed([tmp_path]) is True, "it may have been written again in the same tick of its clock"
    os.utime(tmp_path, ns=(1, 1))
    assert [stamps.changed([tmp_path]), stamps.changed([tmp_path])] == [True, False]


def test_a_watch_notices_every_kind_of_change(book):
    watch = TakesWatch(Path(".csm/takes"))

    def settle():
        for folder in [Path(".csm/takes"), *Path(".csm/takes").iterdir()]:
            os.utime(folder, ns=(1, 1))
        watch.changed(), watch.changed()
        assert watch.changed() is False

    settle()
    pinned_elsewhere(book)
    assert watch.changed() is True
    settle()
    shutil.copytree(next(Path(".csm/takes").glob("??")), ".csm/takes/zz")
    assert watch.changed() is True


def test_the_pauses_behind_lines(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(
        "---\nvoices: {Anna: heart}\n---\n\n# One {pause_after=3}\n\nA a.\n\nB b.\n**Anna:** C c.\n"
        "[pause 2]\n**Anna:** {pause_after=0.25} D d.\n\n---\n\nE e.\n\n# Two\n\nF f.\n"
    )
    one, two = (gaps_of(chapter, Pauses()) for chapter in read_screenplay(path).chapters)
    assert list({line: one[line] for line in sorted(one)}.values()) == [0.9, 0.5, 2.0, 2.25, 5.25]
    assert list(two.values()) == [2.25]


@pytest.mark.parametrize(
    "now, text",
    [
        ({"a": "A", "x": "X", "c": "C"}, "X"),
        ({"a": "A", "b": "B", "c": "C"}, "B"),
        ({"a": "A", "c": "C"}, None),
        ({"a": "A", "x": "X", "y": "Y", "c": "C"}, None),
        ({"x": "X", "y": "Y", "c": "C"}, None),
        ({"c": "C", "x": "X", "a": "A"}, None),
    ],
)
def test_what_has_become_of_a_line(now, text):
    rows = {name: {"text": each} for name, each in now.items()}
    assert text_now("b", ["a", "b", "c"], rows) == text


@pytest.mark.parametrize("damage", [b"", b"title: x\n", b"\xff"])
def test_a_manuscript_notices_every_change(tmp_path, damage):
    (tmp_path / "part.md").write_text("Two.\n")
    path = tmp_path / "a.md"
    path.write_text("# One\n\nOne.\n\n[include part.md]\n")
    found = manuscript.Manuscript(path)
    assert found.is_current()
    (tmp_path / "part.md").write_bytes(damage)
    assert not found.is_current()
    (tmp_path / "part.md").unlink()
    assert not found.is_current()
    line = replace(found.play.lines[0], text="Other.")
    assert found.why_not(line) is not None
