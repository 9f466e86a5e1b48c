"""Scripts to render on many workers, and what comes of them."""

from __future__ import annotations

from csm_cli.cluster.driver import render_on_fleet
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from tests.rendering.fake_engine import FakeEngine

HEAD = "title: Book {book}\nvoices: {{narrator: ann, Anna: bob}}\nchapters:\n"
LINES = 30
WORDS = ("nought", "one", "two", "three", "four", "five", "six", "seven")


def write_books(folder):
    """Two scripts of three chapters, 30 lines in all, no two of them the same."""
    paths = []
    for book in range(2):
        text = HEAD.format(book=book)
        for chapter in range(3):
            text += f"  - title: Chapter {chapter}\n    lines:\n"
            for line in range(4 + chapter):
                who = "Anna" if line % 3 else "narrator"
                text += f"      - {who}: Line {WORDS[line]}, chapter {WORDS[chapter]}, book {WORDS[book]}.\n"
        paths.append(folder / f"book{book}.yaml")
        paths[-1].write_text(text)
    return paths


def options_of(folder, name="out", **more):
    return RenderOptions(output=folder / name, **({"batch": 2, "takes": folder / f"takes-{name}"} | more))


def alone(folder, books, engine=None, name="alone", **more):
    """Render with one engine."""
    options = options_of(folder, name, **more)
    return render_jobs(
        read_jobs(books, options), engine or FakeEngine(), options, limits=choose_model().limits()
    )


def together(folder, books, fleet, progress=None, notes=None, **more):
    """Render on a fleet, which is closed then."""
    options, note = options_of(folder, **more), (notes if notes is not None else []).append
    try:
        return render_on_fleet(read_jobs(books, options), fleet, options, progress, note=note)
    finally:
        fleet.close()


def files(folder):
    """All that a rendering makes, save what tells of its time."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(("report.", ".csm-files"))
    }
