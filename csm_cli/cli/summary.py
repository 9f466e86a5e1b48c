"""The last lines of a rendering."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.cli import console
from csm_cli.cli.console import count
from csm_cli.cli.options import MaybePlace
from csm_cli.core.errors import CsmError

if TYPE_CHECKING:
    from csm_cli.audio.measure import Measured
    from csm_cli.editing import ScriptTakes
    from csm_cli.rendering.outdated import StaleLine
    from csm_cli.rendering.progress import RenderReport, Review


STRICT = ("--lineage", "strict")
"""Options that have `csm render` speak stale lines again."""
STALE_NAMED = 5
"""Stale lines, and reasons for it, that are named one by one."""


def print_summary(
    report: RenderReport, in_store: Sequence[str] | None = None, again: Sequence[str] = ()
) -> None:
    """Say what it came to, and which lines a person should look after.

    Args:
        report: of the rendering.
        in_store: options that name the store, for the commands to hear a line and to speak it again; None:
            nothing was stored.
        again: the command that speaks stale lines again.
    """
    print_reviews(report.reviews, in_store)
    print_stale(report.stale_lines, again)
    text = f"{count(report.lines, 'line')}"
    parts = [
        f"{number} {what}"
        for number, what in [
            (report.cached, "there already"),
            (report.rendered if report.rendered != report.lines else 0, "spoken now"),
            (report.silent, "not speakable"),
            (report.retried, "retried"),
            (report.stale, "stale" if any(line.new for line in report.stale_lines) else "stale, as before"),
            (len(report.reviews), "to review"),
        ]
        if number
    ]
    if parts:
        text += f" ({', '.join(parts)})"
    text += f", {report.audio_seconds:.1f} s of audio in {report.seconds:.1f} s"
    if report.rendered:
        text += f"; {report.spoken_seconds:.1f} s of speech made, {report.times_real_time:.1f}× real time"
    console.note(text)


def print_stale(lines: Sequence[StaleLine], again: Sequence[str] = ()) -> None:
    """Say once which lines have become stale, by what, and what to do; `again` as for `print_summary`."""
    lines = [line for line in lines if line.new]
    if not lines:
        return
    one = len(lines) == 1
    causes = _few([cause for line in lines for cause in line.causes])
    spoken = f"{count(len(lines), 'line')} {'was' if one else 'were'} spoken after what stood there before"
    console.note(f"stale: {causes}; {spoken}: {_few([line.place for line in lines])}")
    if again:
        console.note(f"  {'it is used as it is' if one else 'they are used as they are'}; to speak again:")
        console.offer(again)


def _few(things: Sequence[str]) -> str:
    """Some things by name, each once, and how many more there are."""
    each = list(dict.fromkeys(things))
    more = [f"{len(each) - STALE_NAMED} more"] if len(each) > STALE_NAMED else []
    return ", ".join([*each[:STALE_NAMED], *more])


def print_reviews(reviews: Sequence[Review], in_store: Sequence[str] | None) -> None:
    """Name each line that a person should look at, with what to do; `in_store` as for `print_summary`."""
    for review in reviews:
        console.note(f"needs review: {review}")
        if review.silent:
            console.note("  write it in other words, or give its spoken form in a lexicon")
        elif in_store is None:
            console.note("  say it again with another --seed, or in other words")
        else:
            console.note("  to hear it, and to speak it again:")
            for command in ("play", "reroll"):
                console.offer(["csm", "takes", command, str(review.source), *in_store])


def print_files(files: Sequence[Measured]) -> None:
    """The paths of finished files on stdout, and what was measured on each on stderr."""
    for file in files:
        console.emit(str(file.path))
        levels = f"RMS {file.rms_db:.1f} dB · peak {file.peak_db:.1f} dBFS (true {file.true_peak_db:.1f})"
        levels += f" · {file.lufs:.1f} LUFS · floor {file.noise_floor_db:.0f} dB"
        console.note(f"  {file.path.name}: {levels}" if len(files) > 1 else f"  {levels}")


def print_results(report: RenderReport, takes: MaybePlace, again: Sequence[str]) -> None:
    """Print the paths not printed yet, and what it came to; `takes` as the option was given."""
    print_other_files(report)
    print_summary(report, store_options(takes), again)


def store_options(takes: MaybePlace) -> list[str]:
    """The options that name the store in a further command."""
    return [] if takes is None else ["--takes", str(takes)]


def print_other_files(report: RenderReport) -> None:
    """Print the paths of files that are no sound; the others were named when they were written."""
    from csm_cli.delivery.formats import FORMATS

    sounds = {kind.suffix for kind in FORMATS.values()}
    for file in report.files:
        if file.suffix not in sounds:
            console.emit(str(file))


def note_render(taken: ScriptTakes) -> None:
    """Say what brings a change into the files, where those of the last rendering are."""
    from csm_cli.delivery.options import Delivery
    from csm_cli.rendering.files_made import files_remembered

    words = ["csm", "render", str(taken.script)]
    try:
        made = files_remembered(taken.record.options, taken.script)
    except CsmError:  # its cover is gone: the command says so
        made = None
    if made:
        folder, delivery = made
        if folder != Path(taken.script.stem):
            words += ["-o", str(folder)]
        if delivery.formats != Delivery().formats:
            words += [word for name in delivery.formats for word in ("--format", name)]
        if delivery.extras:
            words += ["--with", ",".join(delivery.extras)]
    console.note("to put it into the files:")
    console.offer(words)
