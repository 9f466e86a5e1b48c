"""`csm render --dry-run`: what there is to speak, and what that should come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from csm_cli.cli import console
from csm_cli.cli.words import clock, count
from csm_cli.errors import CsmError

if TYPE_CHECKING:
    from csm_cli.delivery.options import Delivery
    from csm_cli.render.options import RenderOptions
    from csm_cli.render.project import Job
    from csm_cli.render.survey import Surveyed

TAKE_BYTES_A_SECOND = 31_000
"""Of a take: FLAC of the fastest level, and 32 codes a frame."""
SIDECAR_BYTES = 3_000
FILE_BYTES_A_SECOND = {
    "wav": 48_000,
    "flac": 26_000,
    "mp3": 24_000,
    "opus": 8_000,
    "aac": 16_000,
    "m4b": 16_000,
}


def print_plan(jobs: Sequence[Job], options: RenderOptions) -> None:
    """Print a row for every chapter: lines, characters, audio, lines there and new, time, disk."""
    from csm_cli.render.models import UNLIMITED, choose_model
    from csm_cli.render.project import plan_jobs
    from csm_cli.render.speed import last_speed
    from csm_cli.render.survey import Surveyed, survey

    def no_engine() -> None:
        raise AssertionError("a dry run speaks nothing")

    choice = choose_model(options.model)
    try:
        sketch = choice.sketch(options, no_engine)  # type: ignore[arg-type]
    except CsmError as error:  # the plan is worth seeing all the same
        console.note(f"{error}; nothing is known of takes that are there")
        plans = plan_jobs(jobs, options, limits=UNLIMITED)
        found, speed = [Surveyed.unknown(chain) for plan in plans for chain in plan.chains], None
    else:
        limits = choice.limits()
        plans = plan_jobs(jobs, options, max_characters=sketch.max_characters, limits=limits)
        found, speed = list(survey(plans, options, sketch, limits)), last_speed(sketch)
    rest = iter(found)
    for plan in plans:
        console.emit(f"{plan.job.screenplay.path} -> {plan.job.folder}")
        rows = [next(rest) for _ in plan.chains]
        width = min(32, max((len(row.chain.chapter.title) for row in rows), default=6) + 1)
        for row in rows:
            chapter = row.chain.chapter
            _print_row(f"{chapter.number:>4}  {chapter.title:<{width}}", [row], options.delivery, speed)
        _print_row(f"{'':>4}  {'in all':<{width}}", rows, options.delivery, speed)
    to_speak = sum(row.to_speak for row in found)
    console.note(f"{choice.note}")
    if to_speak and speed is None:
        console.note("how long speaking takes is not known before the first rendering with this model here")
    elif to_speak:
        console.note(f"{count(to_speak, 'line')} to speak, at {speed:.1f}× real time as the last time here")
    else:
        console.note("every line is there already")


def _print_row(head: str, rows: Sequence[Surveyed], delivery: Delivery, speed: float | None) -> None:
    lines = sum(len(row.chain.lines) for row in rows)
    characters = sum(row.chain.characters for row in rows)
    cached, new = sum(row.cached for row in rows), sum(row.to_speak for row in rows)
    spoken = sum(row.new_seconds for row in rows)
    seconds = spoken + sum(row.cached_seconds for row in rows)
    size = spoken * TAKE_BYTES_A_SECOND + new * SIDECAR_BYTES
    size += seconds * sum(FILE_BYTES_A_SECOND[name] for name in delivery.formats)
    time = "" if speed is None else f" {clock(spoken / speed):>7} to speak"
    console.emit(
        f"{head} {lines:>5} lines {characters:>7} characters {seconds / 60:>6.1f} min "
        f"{cached:>5} cached {new:>5} new{time} {size / 1e6:>7.1f} MB"
    )
