"""When the words of a line as written are spoken: "83" is one written word, said as "eighty-three"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from csm_cli.audio.word_times import Span, WordTime, word_times
from csm_cli.takes import Part
from csm_cli.verify.alignment import align, words_of

_WORD = re.compile(r"\S+")


def part_times(part: Part, audio: np.ndarray, rate: int) -> list[tuple[str, Span]]:
    """The spoken words of a part with their times in its sound, in seconds.

    Args:
        part: with the times that a recogniser found, if one did (`Verifier`).
        audio: float32 `[samples]` of it, as spoken.
        rate: Hz.
    """
    words = part.text.split()
    spans = word_times(audio, rate, words, _known(part.scores, len(words)))
    return list(zip(words, spans, strict=False))


def written_times(
    text: str, spoken: Sequence[tuple[str, Span]], silent: Sequence[tuple[int, int]] = ()
) -> tuple[WordTime, ...]:
    """The words of a text as written, each with the time of all that is said for it.

    What is not said, such as a dash or a direction, belongs to the word before it, or behind it at the
    beginning.

    Args:
        text: of the line; its words are set apart by white space.
        spoken: words as said, with their times, in order.
        silent: (first, one past the last) character of what is not said.
    """
    written = [match.span() for match in _WORD.finditer(text)]
    ours = [
        (word, number)
        for number, (first, last) in enumerate(written)
        if not any(first < end and start < last for start, end in silent)
        for word in words_of(text[first:last])
    ]
    said = [each for word, span in spoken for each in _split(word, span)]
    if not ours or not said:
        return ()
    found: list[list[Any]] = []  # [number of the first written word, of the one behind the last, start, end]
    for owner, (_, (start, end)) in zip(_owners(ours, [word for word, _ in said]), said, strict=True):
        if found and found[-1][0] == owner:
            found[-1][3] = max(found[-1][3], end)
        else:
            found.append([owner, owner + 1, start, end])
    found[0][0] = 0
    for each, following in zip(found, [*(row[0] for row in found[1:]), len(written)], strict=True):
        each[1] = following
    return tuple(
        WordTime(written[first][0], written[last - 1][1], start, end) for first, last, start, end in found
    )


def _known(scores: Mapping[str, Any], count: int) -> dict[int, Span]:
    """The times in a take's scores, by the place of the word; none where they are not of this text."""
    times = scores.get("times")
    if not isinstance(times, list) or len(times) != count:
        return {}
    return {
        place: (float(each[0]), float(each[1]))
        for place, each in enumerate(times)
        if isinstance(each, list) and len(each) == 2 and None not in each
    }


def _split(word: str, span: Span) -> list[tuple[str, Span]]:
    """The words of a spoken one, "eighty-three", which share its time by their letters."""
    words = words_of(word)
    marks = np.cumsum([0, *map(len, words)]) / max(1, sum(map(len, words)))
    start, length = span[0], span[1] - span[0]
    times = [float(start + length * mark) for mark in marks]
    return [(each, (times[place], times[place + 1])) for place, each in enumerate(words)]


def _owners(ours: Sequence[tuple[str, int]], said: Sequence[str]) -> list[int]:
    """The number of the written word that each spoken one is said for; never falls.

    Words that are the same are each other's. Between two of them, the spoken ones are shared out among the
    written ones by their letters; where there are none, they belong to the written word before.
    """
    owners: list[int] = []
    row = 0
    pairs = align([word for word, _ in ours], said).pairs
    for next_row, next_column in (*pairs, (len(ours), len(said))):
        between, rest = ours[row:next_row], said[len(owners) : next_column]
        if between and rest:
            ends = np.cumsum([max(1, len(word)) for word, _ in between])
            letters = np.cumsum([0, *(max(1, len(word)) for word in rest)])
            middles = (letters[:-1] + letters[1:]) / 2 / letters[-1] * ends[-1]
            places = np.minimum(np.searchsorted(ends, middles), len(between) - 1)
            owners += [between[place][1] for place in places]
        elif rest:
            owners += [ours[row - 1][1] if row else ours[0][1]] * len(rest)
        if next_row < len(ours):
            owners.append(ours[next_row][1])
        row = next_row + 1
    return owners
