"""Undo takes back what was done here, and nothing that somebody else has done since."""

from __future__ import annotations

from pathlib import Path

from csm_cli.editing.lines import ScriptTakes
from csm_cli.editing.pinning import pin
from csm_cli.engine.decoding import LineDecoder
from csm_cli.rendering.loading import LoadedModel
from csm_cli.rendering.models import UNLIMITED
from csm_cli.review.marks import MarkFile
from tests.rendering.fake_engine import FakeEngine
from tests.review.test_mending import LIGHT, mark, spoken_again


def test_a_mark_that_another_process_has_changed_stays(page, book):
    line = page.line(LIGHT)
    mark(page, line, "good")
    other = MarkFile(page.review.books[0].place, "book.yaml")
    other.mark(line["id"], line["take"], "bad", "noise")
    answer = page.undo()
    assert answer.status_code == 409 and answer.json()["code"] == "mark_changed"
    other.refresh()
    assert other.get(line["id"], line["take"]).fault == "noise"


def test_a_pin_that_was_set_elsewhere_stays(page, book):
    line = spoken_again(page, LIGHT, count=2)
    script = ScriptTakes(book)
    there = script.find(line["id"])
    pin(script, there, script.find_take(there, page.details(line)["takes"][0]["id"]))
    answer = page.undo()
    assert answer.status_code == 409 and answer.json()["code"] == "choice_changed"
    assert ScriptTakes(book).find(line["id"]).pinned


def test_files_that_somebody_has_removed_are_written_again(page, book):
    def written() -> list[str]:
        since = len(page.published)
        assert page.client.post("/api/scripts/0/write").status_code == 202
        return page.published.wait("write", lambda data: data["state"] == "done", since)["files"]

    files = written()
    chapters = [Path(name) for name in files if name.endswith(".wav")]
    assert chapters and not [name for name in written() if name.endswith(".wav")]
    for path in chapters:
        path.unlink()
    written()
    assert all(path.is_file() for path in chapters)


def test_a_piece_that_was_begun_early_is_given_up(book, open_page, monkeypatch):
    """The sound of the first piece is bad, which its codes do not show."""

    class Spoilt(FakeEngine):
        def line_decoder(self):
            return LineDecoder(self.decode, 1, gather=100)

        def _tone(self, codes):
            tone = super()._tone(codes)
            tone[1000:1200] = 1.0
            return tone

    monkeypatch.setattr("csm_cli.engine.decoding._PATIENCE", 60.0)
    page = open_page(book, load=lambda options, note: LoadedModel(Spoilt(), UNLIMITED))
    assert len(page.details(spoken_again(page, LIGHT, count=1))["takes"]) == 2


def test_numbers_that_no_float_holds_are_refused(page):
    line = page.line(LIGHT)
    body = f'{{"speed": {"9" * 4000}, "version": "{page.version()}"}}'
    answer = page.client.put(f"/api/scripts/0/lines/{line['id']}/settings", content=body)
    assert answer.status_code in (400, 422)
