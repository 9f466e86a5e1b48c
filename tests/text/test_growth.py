"""Text of any kind is read in time that grows with its length, not with the square of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from csm_cli.lint.doubts import doubts, longest_stretch
from csm_cli.script.reader import read_screenplay
from csm_cli.text.normaliser import spoken_text
from csm_cli.text.split import split_text

SHORT, LONG = 1_500, 12_000
UNITS = """
1|1234567890|1,|1, |11,|1,111|1.|1 |1-|1 - |1/|1/2 |1:|1½|x²|²|£1|£1/1/1|$|1s. |1d. |1st|1%|°|1°1'|'1 |1×1|#1
M|X |II |A.|A. |a-|a |Mr. |1 Jan |Jan 1, |May 5, |at 12:30 |1914-18 |1900-pp.|and 1, |! |!|?!|.|. |(|(a) |[
“|” |'|' |-|— |  | - |@|a@b.c |www.a|漢
"""
WHITE = ["\t", "\n", "\n\n"]
READERS: dict[str, Callable[[str], object]] = {
    "spoken_text": spoken_text,
    "split_text": lambda text: split_text(text, 200),
    "doubts": lambda text: list(doubts(text)),
    "longest_stretch": longest_stretch,
}


def seconds(function: Callable[[str], object], text: str) -> float:
    """Of the processor, not of the clock: others may be at work."""
    begin = time.process_time()
    function(text)
    return time.process_time() - begin


def grows_too_fast(function: Callable[[str], object], unit: str, times: int = 1) -> bool:
    """Whether eight times the text takes more than some twenty times as long; 64 is the square."""
    short, long = ((unit * (size * times))[: size * times] for size in (SHORT, LONG))
    # A busy machine has to be slow three times.
    return all(seconds(function, long) > 20 * max(seconds(function, short), 0.002) for _ in range(3))


@pytest.mark.parametrize("reader", READERS)
def test_twice_the_text_takes_twice_the_time(reader: str) -> None:
    units = [unit for row in UNITS.strip("\n").split("\n") for unit in row.split("|")] + WHITE
    assert [unit for unit in units if grows_too_fast(READERS[reader], unit)] == []


LEFT_OUT = ["svg", "math", "img", "video", "iframe", "object", "rt", "sup", "table", "li", "q"]


def test_what_is_left_out_of_a_page_takes_time_in_proportion(tmp_path: Path) -> None:
    path = tmp_path / "a.html"

    def read(body: str) -> None:
        path.write_text(f"<html><body><p>Words.</p>{body}</body></html>", encoding="utf-8")
        read_screenplay(path)

    assert [tag for tag in LEFT_OUT if grows_too_fast(read, f"<{tag}>a</{tag}>", 6)] == []


@pytest.mark.parametrize(
    "digits", ["²" * 5_000, "⁻" + "²" * 5_000, "₁" * 5_000, "1" * 5_000, "1" * 5_000 + "th"]
)
def test_figures_of_any_length_are_read(digits: str) -> None:
    """Python makes no number of more than 4300 digits."""
    assert not any(map(str.isdigit, spoken_text(f"a{digits} and b")))


def test_powers_are_read_as_before() -> None:
    assert spoken_text("x² and y³") == "x squared and y cubed"
    assert spoken_text("10⁻⁶") == "ten to the minus six"


def test_listed_days_are_read_as_before() -> None:
    assert spoken_text("May 1, 2 and 3") == "May first, second and third"
