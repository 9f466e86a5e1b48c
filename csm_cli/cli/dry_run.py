"""`csm render --dry-run`: what there is to speak, and what that should come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from csm_cli.cli import console
from csm_cli.cli.console import clock, count, cut, size
from csm_cli.core.errors import CsmError

if TYPE_CHECKING:
    from csm_cli.delivery.options import Delivery
    from csm_cli.rendering.estimate import ChainEstimate
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.project import Job

TAKE_BYTES_A_SECOND = 31_000
"""Of a take: FLAC of the fastest level, and 32 codes a frame."""
SIDECAR_BYTES = 3_000
FILE_BYTES_A_SECOND = {
    "wav": 48_000,
    "flac": 26_000,
    "mp3": 24_000,
    "ogg": 10_000,
    "opus": 8_000,
    "aac": 16_000,
    "m4b": 16_000,
}
HEADINGS = ("lines", "letters", "cached", "new", "audio", "disk", "to speak")
WIDTHS = (6, 9, 8, 6, 8, 9, 10)
MOST_TITLE = 18
"""Characters of a title that are shown: a row holds 80."""


def print_plan(jobs: Sequence[Job], options: RenderOptions) -> None:
    """Print a row for every chapter: lines, characters, audio, lines there and new, time, disk."""
    from csm_cli.rendering.estimate import ChainEstimate, estimate, last_speed
    from csm_cli.rendering.models import choose_model
    from csm_cli.rendering.project import plan_jobs
    from csm_cli.rendering.requests import ModelTraits

    def no_engine() -> None:
        raise AssertionError("a dry run speaks nothing")

    choice = choose_model(options.model)
    try:
        model = choice.lazy(options, no_engine)  # type: ignore[arg-type]
    except CsmError as error:  # the plan is worth seeing all the same
        console.note(f"{error}; nothing is known of takes that are there")
        plans = plan_jobs(jobs, options)
        found, speed = [ChainEstimate.unknown(chain) for plan in plans for chain in plan.chains], None
    else:
        plans = plan_jobs(jobs, options, ModelTraits.of(model, choice.limits()))
        found, speed = list(estimate(plans, options, model)), last_speed(model)
    for plan in plans:
        for warning in plan.warnings:
            console.note(warning)
    rest = iter(found)
    for plan in plans:
        console.emit(f"{plan.job.screenplay.path} -> {plan.job.folder}")
        rows = [next(rest) for _ in plan.chains]
        width = min(MOST_TITLE, max([len("chapter"), *(len(row.chain.chapter.title) for row in rows)]))
        _print_cells("", "chapter", width, HEADINGS if speed else HEADINGS[:-1])
        for row in rows:
            chapter = row.chain.chapter
            _print_cells(str(chapter.number), chapter.title, width, _figures([row], options.delivery, speed))
        _print_cells("", "in all", width, _figures(rows, options.delivery, speed))
    to_speak = sum(row.to_speak for row in found)
    console.note(f"{choice.note}")
    if to_speak and speed is None:
        console.note("how long speaking takes is not known before the first rendering with this model here")
    elif to_speak:
        console.note(f"{count(to_speak, 'line')} to speak, at {speed:.1f}× real time as the last time here")
    else:
        console.note("every line is there already")


def _figures(rows: Sequence[ChainEstimate], delivery: Delivery, speed: float | None) -> list[str]:
    """The cells of a row, under `HEADINGS`; without the last if the speed is not known."""
    cached, new = sum(row.cached for row in rows), sum(row.to_speak for row in rows)
    spoken = sum(row.new_seconds for row in rows)
    seconds = sum(row.audio_seconds for row in rows)
    bytes = spoken * TAKE_BYTES_A_SECOND + new * SIDECAR_BYTES
    bytes += seconds * sum(FILE_BYTES_A_SECOND[name] for name in delivery.formats)
    counts = sum(len(row.chain.lines) for row in rows), sum(row.chain.characters for row in rows), cached, new
    time = [] if speed is None else [clock(spoken / speed)]
    return [*map(str, counts), clock(seconds), size(round(bytes)), *time]


def _print_cells(number: str, title: str, width: int, cells: Sequence[str]) -> None:
    figures = "".join(f"{cell:>{wide}}" for cell, wide in zip(cells, WIDTHS, strict=False))
    console.emit(f"{number:>4}  {cut(title, width):<{width}}{figures}")
