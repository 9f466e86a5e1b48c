"""Comparing texts by their words: alignment by Levenshtein distance, of the whole or of a part."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from csm_cli.text import spoken_text

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True)
class Agreement:
    """How far a transcript agrees with the expected text.

    Attributes:
        words: of the text.
        hits: of them that are in the transcript.
        errors: the least number of words replaced, left out and put in.
        span: (first, one past the last) word of the text between the first and last hit; (0, 0) without any.
        pairs: (place in the text, place in the transcript) of each hit, in order.
    """

    words: int
    hits: int
    errors: int
    span: tuple[int, int]
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def share(self) -> float:
        """Share of the words that are in the transcript, 0 to 1; 1 for a text without words."""
        return self.hits / self.words if self.words else 1.0

    @property
    def error_rate(self) -> float:
        """Word error rate; may be above 1."""
        return self.errors / max(1, self.words)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, numbers written out, accents and punctuation dropped."""
    plain = unicodedata.normalize("NFKD", spoken_text(text).replace("’", "'").lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return [word.replace("'", "") for word in _WORD.findall(plain.replace("-", " "))]


def agreement(text: str, transcript: str) -> Agreement:
    """Aligns a transcript with `text`, both as words, with the fewest errors."""
    return align(words_of(text), words_of(transcript))


def align(expected: Sequence[str], found: Sequence[str], *, part: bool = False) -> Agreement:
    """Aligns two lists of words by Levenshtein distance.

    Args:
        part: words of `expected` before the first and behind the last hit are not errors. This, and that ties
            end in the last possible hit, is what rapidfuzz and jiwer do not offer.
    """
    rows, columns = len(expected), len(found)
    cost = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    cost[0] = np.arange(columns + 1)
    cost[:, 0] = 0 if part else np.arange(rows + 1)
    steps = np.arange(columns + 1)
    for row in range(1, rows + 1):
        differs = np.fromiter((expected[row - 1] != word for word in found), dtype=np.int32, count=columns)
        best = cost[row - 1] + 1
        best[1:] = np.minimum(best[1:], cost[row - 1, :-1] + differs)
        best[0] = cost[row, 0]
        # Words put in cost one each along the row: a running minimum of cost less place.
        cost[row] = np.minimum.accumulate(best - steps) + steps
    end = int(np.argmin(cost[:, columns])) if part else rows
    hits = _trace(cost, expected, found, end)[::-1]
    span = (hits[0][0], hits[-1][0] + 1) if hits else (0, 0)
    return Agreement(rows, len(hits), int(cost[end, columns]), span, tuple(hits))


def _trace(
    cost: np.ndarray, expected: Sequence[str], found: Sequence[str], row: int
) -> list[tuple[int, int]]:
    """(place in `expected`, place in `found`) of the hits, from the last to the first."""
    column, hits = len(found), []
    while row and column:
        same = expected[row - 1] == found[column - 1]
        if cost[row, column] == cost[row - 1, column - 1] + (not same):
            row, column = row - 1, column - 1
            if same:
                hits.append((row, column))
        elif cost[row, column] == cost[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
    return hits
