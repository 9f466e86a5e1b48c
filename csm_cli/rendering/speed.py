"""How fast lines are delivered: `--speed` times the speeds of the script. Takes do not depend on it."""

from __future__ import annotations

from dataclasses import replace

from csm_cli.core import FASTEST, SLOWEST
from csm_cli.script import Line, Screenplay
from csm_cli.script.problems import Problems

DIGITS = 4
"""Behind the point, so that 0.8 times 1.25 is 1."""


def at_speed(play: Screenplay, factor: float) -> Screenplay:
    """The script with the speed of every line times `factor`.

    Raises:
        ScriptError: what comes of it for a line is not from 0.5 to 2; every such line.
    """
    if factor == 1:
        return play
    problems = Problems()
    for line in play.lines:
        if not SLOWEST <= (speed := _product(line, factor)) <= FASTEST:
            what = f"speed {line.speed:g} times {factor:g} (--speed) is {speed:g}"
            problems.add(line.source, f"{what}; {SLOWEST:g} to {FASTEST:g} can be spoken")
    problems.check()

    def sped(line: Line) -> Line:
        return replace(line, settings=replace(line.settings, speed=_product(line, factor)))

    return replace(play, chapters=tuple(chapter.with_lines(sped) for chapter in play.chapters))


def _product(line: Line, factor: float) -> float:
    return round(line.speed * factor, DIGITS)
