"""The last lines of a rendering."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.cli import console
from csm_cli.cli.words import count

if TYPE_CHECKING:
    from csm_cli.audio.measure import Measured
    from csm_cli.render.report import RenderReport


def print_summary(report: RenderReport, in_store: Sequence[str] | None = None) -> None:
    """Say what it came to, and which lines a person should listen to.

    Args:
        report: of the rendering.
        in_store: options that name the store, for the commands to hear a line and to speak it again; None:
            nothing was stored.
    """
    for review in report.reviews:
        console.note(f"needs review: {review}")
        if in_store is not None:
            play, again = (
                shlex.join(["csm", "takes", command, str(review.source), *in_store])
                for command in ("play", "reroll")
            )
            console.note(f"  {play} && {again}")
    text = f"{count(report.lines, 'line')}"
    told = [
        f"{number} {what}"
        for number, what in [
            (report.cached, "there already"),
            (report.rendered if report.cached else 0, "spoken"),
            (report.retried, "retried"),
            (report.stale, "stale"),
            (len(report.reviews), "to review"),
        ]
        if number
    ]
    if told:
        text += f" ({', '.join(told)})"
    text += f", {report.audio_seconds:.1f} s of audio in {report.seconds:.1f} s"
    if report.rendered:
        text += f" ({report.times_real_time:.1f}× real time)"
    console.note(text)


def print_files(files: Sequence[Measured]) -> None:
    """The paths of finished files on stdout, and what was measured on each on stderr."""
    for file in files:
        console.emit(str(file.path))
        levels = f"RMS {file.rms_db:.1f} dB · peak {file.peak_db:.1f} dBFS"
        levels += f" · true peak {file.true_peak_db:.1f} dBTP"
        levels += f" · {file.lufs:.1f} LUFS · floor {file.noise_floor_db:.0f} dB"
        console.note(f"  {file.path.name}: {levels}")


def print_results(report: RenderReport, takes: Path | None = None) -> None:
    """Print the paths not printed yet, and what it came to; `takes` as the option was given."""
    from csm_cli.audio.formats import FORMATS

    sounds = {kind.suffix for kind in FORMATS.values()}
    for file in report.files:
        if file.suffix not in sounds:  # those were named when they were written
            console.emit(str(file))
    print_summary(report, [] if takes is None else ["--takes", str(takes)])
