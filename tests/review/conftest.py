"""A rendered book under review, with an engine that needs no model."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from csm_cli.rendering.loading import LoadedModel
from csm_cli.rendering.models import UNLIMITED
from csm_cli.rendering.options import RenderOptions
from csm_cli.review.app import create_app
from csm_cli.review.session import Review
from tests.cli.conftest import csm, engine
from tests.rendering.conftest import SCRIPT, script, voices
from tests.rendering.fake_engine import FakeEngine, capped

__all__ = ["csm", "engine", "script", "voices"]
TOKEN = "a-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
MARKDOWN = """\
---
title: The Letter
voices: {narrator: ann, Anna: bob}
---

# One

The letter lay on the table.

**Anna:** Who has read it?
"""


class Published(list[tuple[str, dict[str, Any]]]):
    """What has been published."""

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Condition()

    def add(self, name: str, data: dict[str, Any]) -> None:
        with self._news:
            self.append((name, data))
            self._news.notify_all()

    def wait(self, name: str, wanted=lambda data: True, since: int = 0) -> dict[str, Any]:
        """The first event of a name for which `wanted` holds, from number `since` on, once there is one."""

        deadline, seen = time.monotonic() + 20, since
        while True:
            with self._news:
                there = list(self)
                if seen == len(there):
                    left = deadline - time.monotonic()
                    assert left > 0 and self._news.wait(left), f"no {name} in {there}"
                    continue
            for each, data in there[seen:]:  # not under the lock: `wanted` may ask the review
                if each == name and wanted(data):
                    return data
            seen = len(there)


class Page(NamedTuple):
    """A review as its page sees it."""

    client: TestClient
    review: Review
    published: Published
    notes: list[str]

    def get(self, path: str, **more: Any) -> Any:
        answer = self.client.get(f"/api/{path}", **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def lines(self, script: int = 0) -> list[dict[str, Any]]:
        return self.get(f"scripts/{script}/lines")["lines"]

    def line(self, text: str, script: int = 0) -> dict[str, Any]:
        (found,) = [each for each in self.lines(script) if each["text"] == text]
        return found

    def details(self, line: dict[str, Any], script: int = 0) -> dict[str, Any]:
        return self.get(f"scripts/{script}/lines/{line['id']}")

    def put(self, line: dict[str, Any], what: str, **values: Any) -> Any:
        return self.client.put(f"/api/scripts/0/lines/{line['id']}/{what}", json=values)

    def post(self, line: dict[str, Any], what: str, **values: Any) -> Any:
        return self.client.post(f"/api/scripts/0/lines/{line['id']}/{what}", json=values)

    def version(self, script: int = 0) -> str:
        return self.get(f"scripts/{script}/lines")["version"]

    def undo(self) -> Any:
        return self.client.post("/api/undo")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory) -> Path:
    """Where the first test that needs it leaves the rendered book for the others."""
    return tmp_path_factory.mktemp("rendered") / "project"


@pytest.fixture
def book(csm, engine, script, rendered) -> Path:
    """A rendered script in the current folder, one line of which needs review."""
    if rendered.exists():
        shutil.copytree(rendered, Path(), dirs_exist_ok=True)
        return Path("book.yaml")
    Path("book.yaml").write_text(SCRIPT)
    engine.fail = lambda asked: capped(asked) if asked.text == "Nobody." else None
    assert csm("render", "book.yaml").code == 5
    engine.fail = None
    engine.batches.clear()
    shutil.copytree(Path(), rendered)
    return Path("book.yaml")


@pytest.fixture
def open_page(engine: FakeEngine) -> Iterator[Any]:
    """Opens reviews of scripts; they end with the test."""
    opened: list[Page] = []

    def open_(*scripts: Path, load=None, read_only=False, as_rendered=False, **options: Any) -> Page:
        notes: list[str] = []
        review = Review(
            scripts,
            RenderOptions(**options),
            as_rendered=as_rendered,
            read_only=read_only,
            note=notes.append,
            load=load or (lambda options, note: LoadedModel(engine, UNLIMITED)),
            poll_seconds=0.05,
        )
        published = Published()
        publish = review.events.publish

        def both(name: str, data: dict[str, Any]) -> None:
            published.add(name, data)
            publish(name, data)

        for part in (review.undo, review.speaker, review.writer, *review.books):
            part._publish = both
        app = create_app(review, TOKEN, frozenset(["testserver"]))
        page = Page(TestClient(app, headers=HEADERS, raise_server_exceptions=False), review, published, notes)
        opened.append(page)
        open_.same = page
        review.start()
        return page

    open_.same = None
    yield open_
    for page in opened:
        page.review.close()


@pytest.fixture
def page(book: Path, open_page) -> Page:
    """A review of `book`."""
    return open_page(book)
