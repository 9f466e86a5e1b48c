"""From rows of single lines to the figures of the evaluation, and their tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from recipes.demo_voice.results import Row

SPOKEN = ("short", "long", "context")
"""Conditions of the shipped voices in which the model speaks as csm has it speak."""
_INNER_MARK = re.compile(r"[,;:.!?]['\")]*\s+\S|\s-\s")
"""Where a text asks for a pause. Teachers also pause in long sentences without a mark."""

GOALS = {
    "short_wer": ("word errors, short lines", "<=", 0.06, 0.03),
    "context_wer": ("word errors, after three turns", "<=", 0.06, 0.03),
    "long_wer": ("word errors, long lines", "<=", 0.08, 0.04),
    "ended": ("ends by itself", ">=", 0.99, 1.0),
    "fits": ("length 0.8 to 1.25 of the teacher's", ">=", 0.97, 1.0),
    "cosine": ("cosine to the teacher", ">=", 0.78, 0.81),
    "f0": ("spread of F0, of the teacher's", ">=", 0.8, 1.0),
    "pauses": ("pauses at marks, of the teacher's", ">=", 0.8, 1.0),
    "pause_length": ("length of a pause, of the teacher's", ">=", 0.8, 1.0),
    "clone_cosine": ("unseen blends: cosine to the clip", ">=", 0.75, 0.80),
    "clone_nearest": ("unseen blends: own clip nearest", ">=", 0.85, 1.0),
    "clone_wer": ("unseen blends: word errors", "<=", 0.08, 0.03),
}
"""Figure: (what it is, the side on which it is good, to reach, then to aim for)."""


def wer(rows: Iterable[Row]) -> float | None:
    """Word errors of all lines over words of all lines."""
    rows = list(rows)
    words = sum(row["words"] for row in rows)
    return sum(row["errors"] for row in rows) / words if words else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def of_voice(rows: Sequence[Row]) -> dict[str, float | None]:
    """The figures of one shipped voice; None where there are no lines for them."""
    by: Mapping[str, list[Row]] = defaultdict(list)
    for row in rows:
        by[row["condition"]].append(row)
    spoken = [row for condition in SPOKEN for row in by[condition]]
    teachers = {row["file"]: row for kind in SPOKEN for row in by[f"teacher-{kind}"]}
    pairs = [(row, teachers[row["file"]]) for row in spoken if row["file"] in teachers]
    marked = [(own, teacher) for own, teacher in pairs if _INNER_MARK.search(own["text"])]
    figures = {
        "teacher_wer": wer(by["teacher-short"]),
        "teacher_long_wer": wer(by["teacher-long"]),
        "codec_wer": wer(by["codec-short"]),
        "codec_cosine": _mean(row["cosine"] for row in by["codec-short"]),
        "alone_wer": wer(by["alone"]),
        **{f"{condition}_wer": wer(by[condition]) for condition in SPOKEN},
        "ended": _mean(row["ended"] for row in spoken),
        "fits": _mean(0.8 <= row["ratio"] <= 1.25 for row in spoken),
        "length": float(np.median([row["ratio"] for row in spoken])) if spoken else None,
        "cosine": _mean(row["cosine"] for row in spoken),
        "f0": _ratio(
            _mean(own["f0_semitones"] for own, _ in pairs),
            _mean(teacher["f0_semitones"] for _, teacher in pairs),
        ),
        "codec_f0": _ratio(
            _mean(row["f0_semitones"] for row in by["codec-short"]),
            _mean(teachers[r["file"]]["f0_semitones"] for r in by["codec-short"] if r["file"] in teachers),
        ),
        "pauses": _ratio(
            sum(own["pauses"] for own, _ in marked), sum(teacher["pauses"] for _, teacher in marked)
        ),
        "pause_length": _ratio(
            _ratio(sum(own["pause_seconds"] for own, _ in marked), sum(own["pauses"] for own, _ in marked)),
            _ratio(sum(t["pause_seconds"] for _, t in marked), sum(t["pauses"] for _, t in marked)),
        ),
    }
    return figures


def of_blends(rows: Sequence[Row], names: Sequence[str]) -> dict[str, float | None]:
    """The figures of the unseen blends.

    Args:
        rows: all rows; those of the conditions `clone`, `teacher-line` and `codec-line` count.
        names: the blends, in the order of the `cosines` of each row.
    """
    figures: dict[str, float | None] = {}
    for condition, name in (
        ("clone", "clone"),
        ("teacher-line", "clone_teacher"),
        ("codec-line", "clone_codec"),
    ):
        lines = [row for row in rows if row["condition"] == condition]
        own = [(names.index(row["voice"]), np.array(row["cosines"])) for row in lines]
        voices: dict[int, list[np.ndarray]] = defaultdict(list)
        for place, cosines in own:
            voices[place].append(cosines)
        figures |= {
            f"{name}_wer": wer(lines),
            f"{name}_cosine": _mean(float(cosines[place]) for place, cosines in own),
            # Of a voice's lines together: the mean of the cosines has its maximum where that of the mean
            # embedding has it.
            f"{name}_nearest": _mean(
                int(np.argmax(np.sum(all_, 0))) == place for place, all_ in voices.items()
            ),
            f"{name}_nearest_line": _mean(int(np.argmax(cosines)) == place for place, cosines in own),
        }
    lines = [row for row in rows if row["condition"] == "clone"]
    figures["clone_ended"] = _mean(row["ended"] for row in lines)
    figures["clone_fits"] = _mean(0.8 <= row["ratio"] <= 1.25 for row in lines)
    return figures


def summary(rows: Sequence[Row], voices: Sequence[str], blends: Sequence[str]) -> dict[str, Any]:
    """All figures: `voices` by name, `blends`, and `mean`, the means over the voices with those of the
    blends."""
    by_voice = {name: of_voice([row for row in rows if row["voice"] == name]) for name in voices}
    clones = of_blends(rows, blends)
    keys = next(iter(by_voice.values()), {})
    mean = {key: _mean(figures[key] for figures in by_voice.values()) for key in keys}
    return {"voices": by_voice, "blends": clones, "mean": mean | clones}


def _shown(value: float | None, share: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if share else f"{value:.3f}"


_COLUMNS = {
    "teacher_wer": "teacher",
    "codec_wer": "codec",
    "short_wer": "short",
    "alone_wer": "alone",
    "context_wer": "context",
    "long_wer": "long",
    "ended": "ended",
    "fits": "fits",
    "length": "length",
    "cosine": "cosine",
    "codec_cosine": "codec's",
    "f0": "F0",
    "codec_f0": "codec's",
    "pauses": "pauses",
    "pause_length": "length",
}


def voice_table(figures: Mapping[str, Any]) -> str:
    """A row for each voice and one for their means: word errors first, then the rest."""
    rows = [["voice", *_COLUMNS.values()]]
    for name, each in (*figures["voices"].items(), ("mean", figures["mean"])):
        rows.append([name, *(_shown(each.get(key), key in ("ended", "fits")) for key in _COLUMNS)])
    return _table(rows)


def goal_table(figures: Mapping[str, Any]) -> str:
    """The means beside what is to be reached and what to aim for."""
    rows = [["figure", "measured", "to reach", "aim", ""]]
    for key, (what, side, reach, aim) in GOALS.items():
        value = figures["mean"].get(key)
        if value is None:
            verdict = "not measured"
        else:
            met = [value <= goal if side == "<=" else value >= goal for goal in (reach, aim)]
            verdict = "aim reached" if all(met) else "reached" if met[0] else "NOT REACHED"
        rows.append([what, _shown(value), f"{side} {reach:g}", f"{side} {aim:g}", verdict])
    for name in ("clone_teacher", "clone_codec"):
        mean = figures["mean"]
        values = [_shown(mean.get(f"{name}_{key}")) for key in ("cosine", "nearest", "wer")]
        what = {"clone_teacher": "the teacher", "clone_codec": "the teacher through the codec"}[name]
        rows.append([f"  blends, {what}: cosine, nearest, errors", " ".join(values), "", "", ""])
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
