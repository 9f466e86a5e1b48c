"""A check as a table, as JSON, and as a page with a picture of the loudness of every file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.core.files import written
from csm_cli.core.stored import as_json as json_text
from csm_cli.core.stored import finite
from csm_cli.core.visible import visible
from csm_cli.delivery.check.files import picture
from csm_cli.delivery.check.findings import Finding
from csm_cli.delivery.check.presets import Preset
from csm_cli.delivery.check.run import Checked, CheckedBook, CheckedFile

MOST_PATH = 40
"""Characters of a path that the columns behind it are set for."""
MARKS = {"ok": "ok", "warning": "WARN", "fail": "FAIL", "-": ""}
COLUMNS = (2, 23, 45, 76)
"""Where item, value, limit and verdict begin: a line holds 80 characters."""


def table(checked: Checked) -> Iterator[str]:
    """The lines of the table: every value, its limit beside it, and how it stands."""
    for book in checked.books:
        for file in book.files:
            yield f"{file.path}  ({_what(file)})"
            yield from _rows(file.findings)
        if book.together:
            yield _together(book, checked)
            yield from _rows(book.together)


def brief(checked: Checked) -> Iterator[str]:
    """A line for each file: how it stands, and its level; below it what fails, or is to be looked at."""
    width = min(max((len(str(file.path)) for file in checked.files), default=0), MOST_PATH)
    for book in checked.books:
        for file in book.files:
            line = f"{_mark(file.findings):<4}  {file.path!s:<{width}}  {_levels(file)}"
            if file.role != "chapter":
                line += f"  {file.role}"
            yield (line if file.format_applies else f"{line}  (format not checked)").rstrip()
            yield from _rows([each for each in file.findings if each.verdict in ("warning", "fail")])
        if book.together:
            yield f"{_mark(book.together):<4}  {_together(book, checked)}"
            yield from _rows([each for each in book.together if each.verdict in ("warning", "fail")])


def _mark(findings: Sequence[Finding]) -> str:
    """The worst verdict."""
    verdicts = {each.verdict for each in findings}
    return MARKS["fail" if "fail" in verdicts else "warning" if "warning" in verdicts else "ok"]


def _levels(file: CheckedFile) -> str:
    """The length of a file, its level and its peak, those that the rules limit."""
    found = {each.item: each for each in file.findings}
    parts = [found["duration"].shown] if "duration" in found else []
    for name, short in (("RMS", "RMS "), ("loudness", ""), ("peak", "peak "), ("true peak", "true peak ")):
        if name in found and found[name].limit:
            parts.append(f"{short}{found[name].shown}")
    return "  ".join(parts)


def as_json(checked: Checked) -> str:
    """The whole check; levels of every half second too."""
    value = {
        "preset": checked.preset,
        "ok": checked.ok,
        "fails": checked.count("fail"),
        "warnings": checked.count("warning"),
        "files": [_file_value(file) for file in checked.files],
        "books": [
            {
                "folder": None if book.folder is None else str(book.folder),
                "files": [str(file.path) for file in book.files],
                "findings": [_value(finding) for finding in book.together],
            }
            for book in checked.books
        ],
    }
    return json_text(finite(value), indent=2)


def write_page(checked: Checked, path: Path) -> None:
    """Write the check as one self-contained HTML page.

    Raises:
        CsmError: it cannot be written.
    """
    parts = []
    for book in checked.books:
        for file in book.files:
            name = file.path.name if len(checked.books) == 1 else str(file.path)
            parts.append(f"<h2>{escape(visible(name))} <small>{_what(file)}</small></h2>")
            if file.sound is not None:
                parts.append(picture(file.sound, checked.rules))
            parts.append(_html_rows(file.findings))
        if book.together:
            parts.append(f"<h2>{escape(visible(_together(book, checked)).capitalize())}</h2>")
            parts.append(_html_rows(book.together))
    fails = checked.count("fail")
    verdict = "passes" if checked.ok else f"{fails} value{'' if fails == 1 else 's'} fail{'s' * (fails == 1)}"
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>csm check</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(checked.preset)}: {verdict}</h1>"
        f"{_legend(checked.rules)}{''.join(parts)}</body></html>\n"
    )
    with written(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 960px; padding: 0 1em; }
table { border-collapse: collapse; margin: 0.5em 0 2em; } td { padding: 0.15em 1.5em 0.15em 0; }
small { font-weight: normal; color: #777; } .fail td { color: #b00020; font-weight: 600; }
.warning td { color: #9a6700; } svg { width: 100%; height: auto; background: #f6f8fa; }
svg text { font-size: 10px; fill: #888; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } svg { background: #1b1f24; }
.fail td { color: #ff6b6b; } .warning td { color: #e3b341; } }
"""


def _what(file: CheckedFile) -> str:
    return file.role if file.format_applies else f"{file.role}; its level alone: not meant for this preset"


def _together(book: CheckedBook, checked: Checked) -> str:
    """Whose files are compared with each other."""
    if len(checked.books) == 1:
        return "all files together"
    return f"all files in {book.folder}" if book.folder else "all other files together"


def _legend(rules: Preset) -> str:
    """What the lines of the pictures mean."""
    sentences = ["The line is the RMS of every half second."]
    sentences += ["In the green band lies the RMS of a whole file that passes."] if rules.rms else []
    sentences += ["The quietest half second lies below the broken line."] if rules.floor is not None else []
    return f"<p>{' '.join(sentences)}</p>"


def _rows(findings: Sequence[Finding]) -> Iterator[str]:
    for each in findings:
        line = ""
        for column, cell in zip(
            COLUMNS, (each.item, each.shown, each.limit, MARKS[each.verdict]), strict=True
        ):
            # What is too long moves the next cell, and no further one if that is short.
            line = f"{line.rstrip() + '  ' if line else '':<{column}}{cell}"
        yield line.rstrip()


def _html_rows(findings: Sequence[Finding]) -> str:
    rows = (
        f'<tr class="{each.verdict}"><td>{escape(each.item)}</td><td>{escape(each.shown)}</td>'
        f"<td>{escape(each.limit)}</td><td>{MARKS[each.verdict]}</td></tr>"
        for each in findings
    )
    return f"<table>{''.join(rows)}</table>"


def _file_value(file: CheckedFile) -> dict[str, Any]:
    levels = np.zeros(0) if file.sound is None else file.sound.windows_db(step=0.5)
    return {
        "path": str(file.path),
        "role": file.role,
        "format_asked": file.format_applies,
        "ok": file.ok,
        "findings": [_value(finding) for finding in file.findings],
        "levels": [round(float(level), 1) if math.isfinite(level) else None for level in levels],
    }


def _value(finding: Finding) -> dict[str, Any]:
    value = round(finding.value, 3) if isinstance(finding.value, float) else finding.value
    return {
        "item": finding.item,
        "value": value,
        "shown": finding.shown,
        "limit": finding.limit or None,
        "verdict": None if finding.verdict == "-" else finding.verdict,
    }
