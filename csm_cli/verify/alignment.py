"""Comparing texts by their words: aligned, counted, and the part of a text that was heard."""

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
    """How far what was heard agrees with what should be said.

    Attributes:
        words: of the text.
        hits: of them that were heard.
        errors: the least number of words replaced, left out and put in.
        span: (first, one past the last) word of the text between the first and last hit; (0, 0) without any.
        pairs: (place in the text, place in what was heard) of each hit, in order.
    """

    words: int
    hits: int
    errors: int
    span: tuple[int, int]
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def share(self) -> float:
        """Share of the words that were heard, 0 to 1; 1 for a text without words."""
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


def agreement(text: str, heard: str) -> Agreement:
    """Aligns what was heard with `text`, both as words, with the fewest errors."""
    return align(words_of(text), words_of(heard))


def align(said: Sequence[str], heard: Sequence[str], *, part: bool = False) -> Agreement:
    """Aligns two lists of words by Levenshtein distance.

    Args:
        part: words of `said` before the first and behind the last one heard are not errors.
    """
    rows, columns = len(said), len(heard)
    cost = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    cost[0] = np.arange(columns + 1)
    cost[:, 0] = 0 if part else np.arange(rows + 1)
    steps = np.arange(columns + 1)
    for row in range(1, rows + 1):
        differs = np.fromiter((said[row - 1] != word for word in heard), dtype=np.int32, count=columns)
        best = cost[row - 1] + 1
        best[1:] = np.minimum(best[1:], cost[row - 1, :-1] + differs)
        best[0] = cost[row, 0]
        # Words put in cost one each along the row: a running minimum of cost less place.
        cost[row] = np.minimum.accumulate(best - steps) + steps
    end = int(np.argmin(cost[:, columns])) if part else rows
    hits = _trace(cost, said, heard, end)[::-1]
    span = (hits[0][0], hits[-1][0] + 1) if hits else (0, 0)
    return Agreement(rows, len(hits), int(cost[end, columns]), span, tuple(hits))


def _trace(cost: np.ndarray, said: Sequence[str], heard: Sequence[str], row: int) -> list[tuple[int, int]]:
    """(place in `said`, place in `heard`) of the words that were heard, from the last to the first."""
    column, hits = len(heard), []
    while row and column:
        same = said[row - 1] == heard[column - 1]
        if cost[row, column] == cost[row - 1, column - 1] + (not same):
            row, column = row - 1, column - 1
            if same:
                hits.append((row, column))
        elif cost[row, column] == cost[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
    return hits
