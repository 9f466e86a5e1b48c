"""`report.html`: one page that opens from disk, with everything it needs inside."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from csm_cli.core.errors import CsmError
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
    template = resources.files("csm_cli.rendering.report").joinpath("page.html").read_text(encoding="utf-8")
    title = f"{report['title']} · csm"
    for name, value in (("report", dict(report)), ("sounds", sounds)):
        template = template.replace(f"/*{name}*/null", _script(value))
    return template.replace("<!--title-->", title.replace("&", "&amp;").replace("<", "&lt;"))


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
