"""How fast speech is heard: `--speed` on top of the speeds of the script; takes know nothing of it."""

from __future__ import annotations

from dataclasses import replace

from csm_cli.core import FASTEST, SLOWEST
from csm_cli.core.errors import UsageError
from csm_cli.script import Line, Screenplay

DIGITS = 4
"""Behind the point, so that 0.8 times 1.25 is 1."""


def at_speed(play: Screenplay, factor: float) -> Screenplay:
    """The script with the speed of every line times `factor`.

    Raises:
        UsageError: what comes of it for a line is not from 0.5 to 2.
    """
    if factor == 1:
        return play
    beyond = [line for line in play.lines if not SLOWEST <= _product(line, factor) <= FASTEST]
    if beyond:
        first, others = beyond[0], f" (and {len(beyond) - 1} more lines)" if len(beyond) > 1 else ""
        raise UsageError(
            f"speed {first.speed:g} in the script, times {factor:g} by --speed, is "
            f"{_product(first, factor):g}{others}",
            where=str(first.source),
            remedy=f"change one of them: {SLOWEST:g} to {FASTEST:g} can be spoken",
        )
    chapters = tuple(
        replace(
            chapter,
            items=tuple(
                replace(item, settings=replace(item.settings, speed=_product(item, factor)))
                if isinstance(item, Line)
                else item
                for item in chapter.items
            ),
        )
        for chapter in play.chapters
    )
    return replace(play, chapters=chapters)


def _product(line: Line, factor: float) -> float:
    return round(line.speed * factor, DIGITS)
