"""The last lines of a rendering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csm_cli.cli import console

if TYPE_CHECKING:
    from csm_cli.render.report import RenderReport


def clock(seconds: float) -> str:
    """Seconds as 1:05 or 2:03:04."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def print_summary(report: RenderReport) -> None:
    """Say what it came to, and which lines a person should listen to."""
    for review in report.reviews:
        console.note(f"needs review: {review}")
    text = f"{report.lines} line{'s' if report.lines != 1 else ''}, {report.audio_seconds:.1f} s of audio"
    text += f" in {report.seconds:.1f} s ({report.times_real_time:.1f}× real time)"
    if report.reviews:
        text += f"; {len(report.reviews)} to review"
    console.note(text)
