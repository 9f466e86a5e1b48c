"""Splits long lines into utterances that the model reads well: whole sentences, of about equal length."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# Cost of a break, in pieces: hardly audible between sentences, always inside a word.
_SENTENCE, _CLAUSE, _SPACE, _HARD = 0, 1, 3, 20
TINY = 15
"""Characters; a shorter piece, such as "Yes.", is spoken unsteadily by itself."""
_TINY_COST = 2

_ENDS_SENTENCE = re.compile(r"""[.!?…]["'”’)\]]*$""")
_ENDS_CLAUSE = re.compile(r"""(?:[;:,—–]["'”’)\]]*|^-+)$""")
_ABBREVIATION = re.compile(
    r"""["'“‘(\[]*(?:Mr|Mrs|Ms|Dr|St|Prof|Capt|Sgt|Lt|Col|Gen|Rev|Mt|No|vs|approx|e\.g|i\.e|[a-z]\.[a-z]|[A-Z])\.$"""
)


@dataclass(slots=True)
class _Unit:
    """Text that is not broken, and the cost of a break after it. `glued`: no space follows it."""

    text: str
    cost: int
    glued: bool = False


def split_text(text: str, limit: int) -> list[str]:
    """Cut `text` into pieces of at most `limit` characters.

    Breaks are at sentence ends first, then after ; : , and dashes, then at spaces, and inside a word only if
    it is longer than `limit`. Pieces are as few as that allows, and of about equal length. A very short one
    is joined with its neighbour, which is broken at a clause if there is no room otherwise.

    Returns:
        The pieces, white space collapsed; none for an empty text.

    Raises:
        ValueError: `limit` is less than 1.
    """
    if limit < 1:
        raise ValueError(f"limit must be 1 or more, got {limit}")
    words = text.split()
    if len(whole := " ".join(words)) <= limit:
        return [whole] if whole else []
    pieces = _group(_sentences(words, limit), limit)
    if any(len(piece) < TINY for piece in pieces):
        pieces = _group(_sentences(words, limit, whole=False), limit)
    return pieces


def _sentences(words: list[str], limit: int, whole: bool = True) -> list[_Unit]:
    return _cut(words, _ends_sentence, _SENTENCE, limit if whole else 0, lambda part: _clauses(part, limit))


def _clauses(words: list[str], limit: int) -> list[_Unit]:
    return _cut(words, _ends_clause, _CLAUSE, limit, lambda part: _words(part, limit))


def _words(words: list[str], limit: int) -> list[_Unit]:
    units = []
    for word in words:
        chunks = [word[start : start + limit] for start in range(0, len(word), limit)]
        units += [_Unit(chunk, _HARD, glued=True) for chunk in chunks]
        units[-1] = _Unit(chunks[-1], _SPACE)
    return units


def _cut(
    words: list[str],
    ends: Callable[[list[str], int], bool],
    cost: int,
    limit: int,
    finer: Callable[[list[str]], list[_Unit]],
) -> list[_Unit]:
    """Units of `words` up to each end; one that is longer than `limit` is cut by `finer`."""
    units, start = [], 0
    for at in range(len(words)):
        if at + 1 == len(words) or ends(words, at):
            part = words[start : at + 1]
            text = " ".join(part)
            units += [_Unit(text, cost)] if len(text) <= limit else finer(part)
            units[-1].cost = cost
            start = at + 1
    return units


def _ends_sentence(words: list[str], at: int) -> bool:
    """ "Hold on!" she said: no sentence begins in lower case. Mr. and e.g. end none."""
    word, following = words[at], words[at + 1]
    if not _ENDS_SENTENCE.search(word) or (_ABBREVIATION.match(word) and word != "I."):
        return False
    return not following.lstrip("\"'“‘([")[:1].islower()


def _ends_clause(words: list[str], at: int) -> bool:
    return bool(_ENDS_CLAUSE.search(words[at]))


def _group(units: list[_Unit], limit: int) -> list[str]:
    """Join units into pieces by dynamic programming: least cost, then least sum of squared lengths."""
    # best[i]: cost, sum of squares and start of the last piece of the best cut of the first i units.
    best: list[tuple[int, int, int]] = [(0, 0, 0)]
    for end in range(1, len(units) + 1):
        length, choice = 0, None
        for start in range(end - 1, -1, -1):
            length += len(units[start].text) + (start + 1 < end and not units[start].glued)
            if length > limit:
                break
            cost, squares, _ = best[start]
            tiny = _TINY_COST if length < TINY <= limit // 2 else 0
            break_cost = units[start - 1].cost if start else 0
            here = (cost + 1 + tiny + break_cost, squares + length * length, start)
            choice = min(choice, here) if choice else here
        assert choice is not None, "every unit fits the limit"
        best.append(choice)
    pieces, end = [], len(units)
    while end:
        start = best[end][2]
        joined = "".join(unit.text + ("" if unit.glued else " ") for unit in units[start:end])
        pieces.append(joined.rstrip(" "))
        end = start
    return pieces[::-1]
