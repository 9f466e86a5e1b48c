"""Cues inside a line, `[laughs]`, `(sighs)`, `*coughs*`, `<laugh>`: directions, which few models can say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from csm_cli.script.cue_words import CUE_WORDS, canonical, cue_word, is_starred_cue

_MARKS = "*_"
_PAIRS = {"[": "]", "(": ")", "<": ">"}
_CUE = re.compile(
    rf"(?P<open>[*_]{{0,3}}[\[(<]/?[*_]{{0,3}}|[*_]{{1,3}})\s?{CUE_WORDS}[.!…]{{0,3}}\s?"
    r"(?P<close>[*_]{0,3}/?[\])>][*_]{0,3}|[*_]{1,3})",
    re.IGNORECASE,
)
_ANY = re.compile(r"[\[(<*_]")
_STOPS = ",.;:!?…"
_OPENING = '"“‘«('


class Cue(NamedTuple):
    """A cue in a line.

    Args:
        word: the usual word for it: "laughs" for `(laughing softly)`.
        text: as written, with its brackets.
        at: index of its first character in the line's text.
    """

    word: str
    text: str
    at: int


def cues(text: str) -> tuple[str, tuple[Cue, ...]]:
    """(`text` without its cues, the cues in their order); what else stands in brackets stays text."""
    found = find_cues(text)
    return (spoken_cues(text, ()), found) if found else (text, found)


def find_cues(text: str) -> tuple[Cue, ...]:
    """The cues in a text."""
    if not _ANY.search(text):
        return ()
    found = []
    for match in _CUE.finditer(text):
        opened, closed = match["open"].strip(_MARKS + "/"), match["close"].strip(_MARKS + "/")
        if _PAIRS.get(opened, "") != closed:
            continue
        if opened or is_starred_cue(text, match.start(), match.end()):
            found.append(Cue(canonical(match[2]), match[0], match.start()))
    return tuple(found)


def spoken_cues(text: str, known: Iterable[str]) -> str:
    """`text` as a model is given it: without the cues that it does not know, the others as it knows them.

    Args:
        text: as written.
        known: cues that the model has learned, as its config lists them: "laughs" is given as `[laughs]`,
            `<laugh>` as it stands.
    """
    found = find_cues(text)
    if not found:
        return text
    forms = {cue_word(each): each for each in known}
    kept, done = text[: found[0].at], 0
    for cue, following in zip(found, [*found[1:], None], strict=True):
        done = cue.at + len(cue.text)
        if form := forms.get(cue.word):
            kept = _joined(kept, form if form[0] in _PAIRS else f"[{form}]")
        kept = _joined(kept, text[done : following.at if following else len(text)])
    return kept


def _joined(left: str, right: str) -> str:
    """What stood before a cue and behind it, with one space, and without stops that are left alone."""
    left, right = left.rstrip(), right.lstrip()
    if not left or left[-1] in _STOPS:
        right = right.lstrip(f"{_STOPS} ")
    if not left or not right or right[0] in _STOPS or left[-1] in _OPENING:
        return left + right
    return f"{left} {right}"
