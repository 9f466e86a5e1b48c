"""A browser for the tests of pages: the system's Chromium, which must ask no other host and log nothing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
BROWSER = os.environ.get("CSM_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]
EXPECTED = re.compile(r"responded with a status of (409|422|503|404 .*/(lines/\w+|audio)$)")
"""Chromium notes answers that the page expects: conflicts, errors of lint, what is gone by now."""


@pytest.fixture(scope="module")
def browser(short_folder: Path) -> Iterator[Any]:
    """Chromium, for all tests of a module."""
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome found; name one with CSM_TEST_BROWSER")
    playwright = pytest.importorskip("playwright.sync_api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(short_folder))  # for Chromium's profile, which holds a socket
        started = playwright.sync_playwright().start()
    try:
        browser = started.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield browser
        browser.close()
    finally:
        started.stop()


class Watched:
    """Pages of a context of their own; what they log and whom they ask is noted."""

    def __init__(self, browser: Any, **options: Any):
        self.context = browser.new_context(**{"viewport": {"width": 1300, "height": 800}} | options)
        self.context.set_default_timeout(10_000)
        self.logged: list[str] = []
        self.hosts: set[str] = set()
        self.context.on("console", self._note)
        self.context.on("weberror", lambda error: self.logged.append(str(error.error)))
        self.context.on("dialog", lambda dialog: dialog.accept())
        self.context.on("request", lambda request: self._ask(request.url))

    def _ask(self, url: str) -> None:
        if not url.startswith(("data:", "blob:")):
            self.hosts.add(url.split("/")[2].split(":")[0])

    def _note(self, message: Any) -> None:
        text = f"{message.type}: {message.text} {message.location.get('url')}"
        if not EXPECTED.search(text):
            self.logged.append(text)

    def open(self, address: str) -> Any:
        """A page; the one of the last test is used again."""
        page = self.context.pages[0] if self.context.pages else self.context.new_page()
        page.goto(address)
        return page

    def close(self) -> None:
        """Raises: AssertionError, if anything was logged, or asked of another host."""
        self.check()
        self.context.close()

    def check(self) -> None:
        """Raises: AssertionError, if anything was logged, or asked of another host, since the last time."""
        for page in self.context.pages:
            if page.url == "about:blank":
                continue
            page.unroute_all(behavior="ignoreErrors")
            page.evaluate("localStorage.clear(); sessionStorage.clear();")
            page.goto("about:blank")
        logged, self.logged = self.logged, []
        assert not logged, logged
        assert self.hosts <= {"127.0.0.1", ""}


@pytest.fixture(scope="module")
def _context(browser: Any) -> Iterator[Watched]:
    found = Watched(browser)
    yield found
    found.close()


@pytest.fixture
def watched(_context: Watched) -> Iterator[Watched]:
    """A context; its page is left after the test, which fails if it logs something or leaves the host."""
    yield _context
    _context.check()
