"""Whether a voice stays itself over a chapter: the likeness of its lines to its clip, from first to last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LEAST_LINES = 4
DRIFTED = -0.1
"""A fall of the likeness by this much from the first third of a voice's lines to the last is told."""


def drifts(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The likeness over a chapter of every voice whose takes were held against their clips.

    Args:
        lines: as `line_row` gives them. `scores` of their takes hold `voice_similarity`, a cosine, where a
            speaker encoder was there to measure it.

    Returns:
        For each voice, in order of appearance: `voice`; `points`, [seconds into the chapter, likeness] a
        line; `mean`; `drift`, mean of the last third of the lines less that of the first, None for fewer
        than four; `drifted`.
    """
    found: dict[str, list[list[float]]] = {}
    for line in lines:
        likeness = _likeness(line["take"])
        if likeness is not None and line["start"] is not None:
            found.setdefault(line["voice"], []).append([line["start"], round(likeness, 4)])
    return [_drift(voice, points) for voice, points in found.items()]


def _likeness(take: Mapping[str, Any] | None) -> float | None:
    """The mean over the parts of a take that were measured."""
    scores = (
        []
        if take is None
        else [each["voice_similarity"] for each in take["scores"] if "voice_similarity" in each]
    )
    return sum(scores) / len(scores) if scores else None


def _drift(voice: str, points: list[list[float]]) -> dict[str, Any]:
    values = [value for _, value in points]
    third = max(1, len(values) // 3)
    drift = None
    if len(values) >= LEAST_LINES:
        drift = round(_mean(values[-third:]) - _mean(values[:third]), 4)
    return {
        "voice": voice,
        "points": points,
        "mean": round(_mean(values), 4),
        "drift": drift,
        "drifted": drift is not None and drift <= DRIFTED,
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
