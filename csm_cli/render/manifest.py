"""`timeline.json` when only some chapters are rendered: the others stay in it as they were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from csm_cli.audio.atomic import written
from csm_cli.audio.timeline import SCHEMA_VERSION, ChapterTimeline, Timeline

NAME = "timeline.json"


def write_manifest(folder: Path, title: str, rate: int, chapters: Sequence[ChapterTimeline], of: int) -> Path:
    """Write the timeline of a script, keeping chapters of an earlier rendering that were not rendered now.

    Args:
        folder: of the chapter files.
        title: the book's.
        rate: Hz.
        chapters: rendered now.
        of: chapters the script has; what an earlier rendering had beyond that is dropped.
    """
    value = Timeline(title, rate, tuple(chapters)).as_dict()
    new = {chapter["number"]: chapter for chapter in value["chapters"]}
    old = {number: chapter for number, chapter in _earlier(folder, rate).items() if 1 <= number <= of}
    merged = old | new
    value["chapters"] = [merged[number] for number in sorted(merged)]
    path = folder / NAME
    with written(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _earlier(folder: Path, rate: int) -> dict[int, dict]:
    """Chapters of the timeline that is there, if it can be used and their files are still there."""
    try:
        value = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if (value["schema"], value["sample_rate"]) != (SCHEMA_VERSION, rate):
            return {}
        return {
            int(chapter["number"]): chapter
            for chapter in value["chapters"]
            if (folder / chapter["file"]).is_file()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}
