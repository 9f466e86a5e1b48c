"""A check as a table, as JSON, and as a page with a picture of the loudness of every file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.audio.atomic import written
from csm_cli.audio.measure import Measured
from csm_cli.delivery.check.findings import Finding
from csm_cli.delivery.check.run import Checked, CheckedFile

MARKS = {"ok": "ok", "warning": "WARN", "fail": "FAIL", "-": ""}
COLUMNS = (2, 23, 45, 76)
"""Where item, value, limit and verdict begin: a line holds 80 characters."""
POINTS = 900
LOWEST_DB = -80.0


def table(checked: Checked) -> Iterator[str]:
    """The lines of the table: every value, its limit beside it, and how it stands."""
    for file in checked.files:
        yield f"{file.path}  ({_what(file)})"
        yield from _rows(file.findings)
    if checked.together:
        yield "all files together"
        yield from _rows(checked.together)


def as_json(checked: Checked) -> str:
    """The whole check; levels of every half second too."""
    value = {
        "preset": checked.preset,
        "ok": checked.ok,
        "fails": checked.count("fail"),
        "warnings": checked.count("warning"),
        "files": [_file_value(file) for file in checked.files],
        "together": [_value(finding) for finding in checked.together],
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def write_page(checked: Checked, path: Path) -> None:
    """Write the check as one self-contained HTML page.

    Raises:
        CsmError: it cannot be written.
    """
    parts = []
    for file in checked.files:
        parts.append(f"<h2>{escape(file.path.name)} <small>{_what(file)}</small></h2>")
        if file.sound is not None:
            parts.append(_picture(file.sound))
        parts.append(_html_rows(file.findings))
    if checked.together:
        parts.append("<h2>All files together</h2>" + _html_rows(checked.together))
    verdict = "passes" if checked.ok else f"{checked.count('fail')} values fail"
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>csm check</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(checked.preset)}: {verdict}</h1>"
        f"{''.join(parts)}</body></html>\n"
    )
    with written(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 960px; padding: 0 1em; }
table { border-collapse: collapse; margin: 0.5em 0 2em; } td { padding: 0.15em 1.5em 0.15em 0; }
small { font-weight: normal; color: #777; } .fail td { color: #b00020; font-weight: 600; }
.warning td { color: #9a6700; } svg { width: 100%; height: 160px; background: #f6f8fa; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } svg { background: #1b1f24; }
.fail td { color: #ff6b6b; } .warning td { color: #e3b341; } }
"""


def _what(file: CheckedFile) -> str:
    return file.role if file.asked else f"{file.role}; its level alone: not meant for this preset"


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
        "format_asked": file.asked,
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


def _picture(sound: Measured) -> str:
    """Loudness over time as SVG: the RMS of every half second, 0 dB at the top, -80 at the bottom."""
    levels = np.maximum(sound.windows_db(step=0.1), LOWEST_DB)
    if levels.size > POINTS:  # the loudest of each stretch, so that no peak is lost
        edges = np.linspace(0, levels.size, POINTS + 1).astype(int)
        levels = np.maximum.reduceat(levels, edges[:-1])
    xs = np.linspace(0, 1000, levels.size)
    line = " ".join(f"{x:.1f},{-2 * y:.1f}" for x, y in zip(xs, levels, strict=True))
    rulers = "".join(
        f'<line x1="0" x2="1000" y1="{-2 * level}" y2="{-2 * level}" stroke="#8884"/>'
        f'<text x="4" y="{-2 * level - 2}" font-size="9" fill="#888">{level} dB</text>'
        for level in (-20, -40, -60)
    )
    rulers += "".join(
        f'<text x="{1000 * part}" y="158" font-size="9" fill="#888" text-anchor="{anchor}">'
        f"{_clock(part * sound.seconds)}</text>"
        for part, anchor in ((0.25, "middle"), (0.5, "middle"), (0.75, "middle"), (1, "end"))
    )
    return (
        '<svg viewBox="0 0 1000 160" preserveAspectRatio="none" role="img" '
        f'aria-label="loudness over {sound.seconds:.0f} seconds">{rulers}'
        f'<polyline points="{line}" fill="none" stroke="#2f6feb" stroke-width="1.2"/></svg>'
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
