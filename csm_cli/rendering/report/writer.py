"""`report.json` and `report.html` of one script, chapter by chapter."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.core import __version__
from csm_cli.core.data import read_json
from csm_cli.core.errors import CsmError
from csm_cli.core.files import alone, written
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.report.rows import chapter_row, other_takes, totals
from csm_cli.script import Chapter
from csm_cli.takes import TakeStore

EMBEDDED_SECONDS = 15 * 60
"""Of audio that is put into the page, about 2.5 MB a minute. A longer book has the lines to review inside,
and plays the others from the takes' own files."""


def page(report: Mapping[str, Any], store: TakeStore, folder: Path) -> str:
    """The page as text.

    Args:
        report: as `report.json` has it.
        store: where the takes are.
        folder: where the page will lie: takes that are not inside are named relative to it.
    """
    everything = sum(take["seconds"] for _, take in _takes(report)) <= EMBEDDED_SECONDS
    room = float(EMBEDDED_SECONDS)
    sounds: dict[str, str] = {}
    for line, take in _takes(report):
        inside = everything or (bool(line["review"]) and take["seconds"] <= room)
        room -= take["seconds"] if inside else 0.0
        sounds[take["id"]] = _sound(store, take["id"], folder, inside)
    title = f"{report['title']} · csm"
    values = {
        "<!--title-->": title.replace("&", "&amp;").replace("<", "&lt;"),
        "/*report*/null": _script(dict(report)),
        "/*sounds*/null": _script(sounds),
    }
    return re.sub("|".join(map(re.escape, values)), lambda found: values[found[0]], _template())


SHARED = ("dom.js", "waveform.js", "words.js", "player.js", "keys.js")
"""Modules of `shared/`, which the page of `csm review` has as well; each after those that it imports."""
OWN = ("data.js", "listening.js", "rows.js", "page.js")
"""The others."""


def _template() -> str:
    """The page without a report. Its modules are one script inside, in which imports are needless."""
    folder = resources.files("csm_cli.rendering.report")
    shared = folder.joinpath("shared")

    def read(place: Traversable) -> str:
        return place.read_text(encoding="utf-8")

    sources = [shared.joinpath(name) for name in SHARED] + [folder.joinpath(name) for name in OWN]
    script = "\n".join(
        re.sub(r"^import [^;]*;\n|^export ", "", read(source), flags=re.M) for source in sources
    )
    style = read(shared.joinpath("look.css")) + read(folder.joinpath("page.css"))
    page = read(folder.joinpath("page.html"))
    return page.replace("/*style*/", style).replace("/*script*/", script)


def _takes(report: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(line, take) of every take on the page, each line's own first."""
    for chapter in report["chapters"]:
        for line in chapter["lines"]:
            for take in (line["take"], *line["others"]):
                if take is not None:
                    yield line, take


def _sound(store: TakeStore, take_id: str, folder: Path, inside: bool) -> str:
    """What a player is pointed at; "" if the sound is gone."""
    take = store.peek(take_id)
    if take is None:
        return ""
    path = store.audio_path(take)
    if not inside and store.folder is not None:
        if path is None:
            return store.audio_where(take)
        try:
            return quote(Path(os.path.relpath(path, folder)).as_posix())
        except ValueError:  # another drive
            return path.resolve().as_uri()
    try:
        return f"data:audio/flac;base64,{base64.b64encode(store.audio_bytes(take)).decode()}"
    except CsmError:
        return ""


def _script(value: Any) -> str:
    """JSON that can stand in a script element: nothing in a text can end it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


JSON_NAME, HTML_NAME = "report.json", "report.html"
SCHEMA = 1


class ReportWriter:
    """Collects what a rendering comes to, and writes it.

    Args:
        store: where the takes are.
        script: name of the script's file.
        title: of the book.
        folder: of the report.
        facts: what all takes were made with.
        chapters: the script has; chapters of an earlier report beyond that are dropped.
    """

    def __init__(
        self, store: TakeStore, script: str, title: str, folder: Path, facts: dict[str, Any], chapters: int
    ):
        self._store, self._script, self._title, self._folder = store, script, title, folder
        self._facts, self._count = facts, chapters
        self._chapters: dict[int, dict[str, Any]] = {}

    def add(
        self,
        chapter: Chapter,
        timeline: ChapterTimeline,
        lines: Sequence[SpokenLine],
        others: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Take in a finished chapter.

        Args:
            chapter: of the script.
            timeline: of its lines.
            lines: with their takes.
            others: ids of other takes, as `other_takes` gives them; None: look for them in the store.
        """
        if others is None:
            others = other_takes(self._store, self._script, lines)
        row = chapter_row(self._store, self._script, chapter, timeline, lines, others)
        self._chapters[chapter.number] = row

    def write(self, seconds: float, speech_seconds: float) -> list[Path]:
        """Write both files; chapters that were not rendered now stay as an earlier report has them.

        Args:
            seconds: that the rendering took.
            speech_seconds: of speech that was made in them.

        Returns:
            The files; none if no chapter was finished.

        Raises:
            CsmError: a file cannot be written.
        """
        if not self._chapters:
            return []
        with alone(self._folder, "csm-files"):  # chapters that another rendering adds meanwhile stay
            return self._merge(seconds, speech_seconds)

    def _merge(self, seconds: float, speech_seconds: float) -> list[Path]:
        merged = self._earlier() | self._chapters
        chapters = [merged[number] for number in sorted(merged)]
        report = {
            "schema": SCHEMA,
            "csm": __version__,
            "script": self._script,
            "title": self._title,
            "made_with": self._facts,
            "totals": totals(chapters)
            | {
                "seconds": round(seconds, 3),
                "times_real_time": round(speech_seconds / seconds, 2) if seconds else 0.0,
            },
            "chapters": chapters,
        }
        text = json.dumps(report, ensure_ascii=False) + "\n"
        paths = []
        for name, content in ((JSON_NAME, text), (HTML_NAME, page(report, self._store, self._folder))):
            path = self._folder / name
            with written(path) as temporary:
                temporary.write_text(content, encoding="utf-8")
            paths.append(path)
        return paths

    def _earlier(self) -> dict[int, dict[str, Any]]:
        """Chapters of the report that is there, if it is this script's."""
        try:
            value = read_json(self._folder / JSON_NAME)
            if (value["schema"], value["script"]) != (SCHEMA, self._script):
                return {}
            found = {int(chapter["number"]): dict(chapter) for chapter in value["chapters"]}
            totals(list(found.values()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}
        return {number: chapter for number, chapter in found.items() if 1 <= number <= self._count}
