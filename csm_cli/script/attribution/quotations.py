"""Finds the quotations of a paragraph by the book's convention of quotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from csm_cli.script.attribution.dashes import incises, spoken_parts
from csm_cli.script.attribution.subjects import tokens_of
from csm_cli.script.attribution.tags import tag_after, verb_of
from csm_cli.script.attribution.words import Words

_OPENERS = {"double": '“"', "single": "‘'", "low": "„", "outward": "«", "inward": "»"}
_CLOSERS = {"double": '”"', "single": "’'", "low": '“”"', "outward": "»", "inward": "«"}
_BEFORE = frozenset(" ([—–-‘'“\"‚‹¿¡/")
_ENDINGS = frozenset(",.!?…—–-;:")
_OPENING_MARKS = frozenset("“‘‚‹\"'’")
_CLOSING_MARKS = frozenset("”\"’'»«›‹)]")
_DASH = re.compile(r"(?:[—–―]|--)\s?(?=[^\s—–―-])")
_HYPHEN = re.compile(r"-\s(?=\S)")
_DROPPED = re.compile(
    r"['‘](?:tis|twas|twill|twere|twould|em|im|er|ere|ave|as|ad|e|ome|ow|ouse|bout|cause|cos|til|till|n|round|fore|"
    r"gainst|neath|ud|alf|and|ead|eard|ell|elp|undred|nother|nuff|way|fraid|pon|oo|specially|stead|\d0s)\b",
    re.IGNORECASE,
)
_CLOSES = re.compile(r"[^‘'’]{1,400}(?:['’]\w[^‘'’]{0,400}){0,20}(?<=[.,!?…—-])['’](?!\w)")
_LONGEST_NESTED, _MOST_CONTEXT = 1000, 200
"""Characters: of a quotation within a quotation; behind a quotation, in which its tag is looked for."""


@dataclass(frozen=True)
class Convention:
    """How a book marks speech.

    Args:
        quotes: "double" (curly or straight), "single", "low" („…“), "outward" («…»), "inward" (»…«), or ""
            for none.
        dashes: whether a paragraph that begins with a dash is speech.
        one_sign: the closing double quote also opens (”…”), as in Swedish.
    """

    quotes: str = "double"
    dashes: bool = False
    one_sign: bool = False


class Quotation(NamedTuple):
    """A quotation in a paragraph: text[start:end], its marks included.

    Args:
        closed: its closing mark is there; if not, the speech goes on in the next paragraph.
        by_dash: a dash marks it.
    """

    start: int
    end: int
    closed: bool = True
    by_dash: bool = False


def convention_of(texts: Iterable[str], words: Words) -> Convention:
    """The convention of a book, by which most of its speech is marked; `texts` are its paragraphs."""
    counts: Counter[str] = Counter()
    dashes = paragraphs = one_sign = curly = 0
    romance = words.code in ("fr", "es", "it")
    for text in texts:
        if len(text) > 20_000:
            continue
        one_sign += text.count("”")
        curly += text.count("“")
        text = text if "“" in text else text.replace("”", '"')
        begins = bool(_DASH.match(text) or (_HYPHEN.match(text) and incises(text[:1000], words, 2)))
        dashes += begins
        found = {
            style: len(list(_speeches(text, style, words)))
            for style, openers in _OPENERS.items()
            if any(sign in text for sign in openers) and not (style == "inward" and romance)
        }
        paragraphs += any(found.values()) and not begins
        counts.update(found)
    quotes = max(_OPENERS, key=lambda style: counts[style])
    return Convention(
        quotes if counts[quotes] else "",
        dashes > 0 and (dashes >= 3 or paragraphs == 0) and dashes * 4 > paragraphs,
        one_sign > 0 and curly == 0,
    )


def quotations_in(text: str, convention: Convention, words: Words, going_on: bool = False) -> list[Quotation]:
    """The quotations of a paragraph that are speech, in order; words in quotes are none.

    Args:
        text: the paragraph.
        convention: of the book.
        words: of the language.
        going_on: the paragraph before ended within a quotation.
    """
    french = going_on and convention.quotes == "outward"  # « Oui ? — Non. »
    if (convention.dashes or french) and (_DASH.match(text) or _HYPHEN.match(text)):
        return list(_by_dash(text, words))
    if not convention.quotes:
        return []
    if convention.one_sign and convention.quotes == "double":
        text = text.replace("”", '"')
    if going_on and convention.quotes == "outward" and text[:1] == "»":
        text = f"«{text[1:]}"  # French: the closing mark is repeated in front of every paragraph
    found = _speeches(text, convention.quotes, words)
    if words.code != "fr" or convention.quotes not in ("outward", "double"):
        return list(found)
    return [part for quotation in found for part in _without_incises(text, quotation, words)]


def _without_incises(text: str, found: Quotation, words: Words) -> Iterator[Quotation]:
    """French: « Oui, dit-il, je viens. » holds words of the narrator."""
    start = found.start
    for begin, end in incises(text[: found.end], words, found.start + 1):
        if end >= found.end - 2:
            continue
        yield Quotation(start, begin)
        start = end + len(text[end:]) - len(text[end:].lstrip())
    yield Quotation(start, found.end, found.closed)


def _speeches(text: str, style: str, words: Words) -> Iterator[Quotation]:
    spoken = False
    for found in _single(text, words) if style == "single" else _pairs(text, style):
        if _is_speech(text, found, spoken, words):
            spoken = True
            yield found


def _pairs(text: str, style: str) -> Iterator[Quotation]:
    openers, closers = _OPENERS[style], _CLOSERS[style]
    at, start, depth = 0, -1, 0
    while at < len(text):
        sign = text[at]
        if start < 0:
            if sign in openers and _may_open(text, at, sign):
                start, depth = at, 1
        elif sign in closers and not (sign == '"' and _may_open(text, at, sign) and text[at - 1] == " "):
            depth -= 1
            if depth == 0:
                yield Quotation(start, at + 1)
                start = -1
        elif sign in openers and sign != '"' and _closed_twice(text, at, sign, closers):
            depth += 1
        at += 1
    if start >= 0:
        yield Quotation(start, len(text), closed=False)


def _closed_twice(text: str, at: int, sign: str, closers: str) -> bool:
    """Whether more quotations end than begin behind an opening mark within a quotation."""
    near = text[at : at + _LONGEST_NESTED]
    return near.count(sign) < sum(map(near.count, closers))


def _may_open(text: str, at: int, sign: str) -> bool:
    follows = text[at + 1 : at + 2]
    if sign in "«»":
        return (at == 0 or text[at - 1] in _BEFORE) and bool(follows)
    if not follows or (follows.isspace() and (sign == '"' or text[at + 2 : at + 3] not in _OPENING_MARKS)):
        return False
    return at == 0 or text[at - 1] in _BEFORE or (sign != '"' and not text[at - 1].isalnum())


def _single(text: str, words: Words) -> Iterator[Quotation]:
    """Spans in single quotes; an apostrophe, within a word, at its beginning or end, is no quote."""
    at = 0
    while at < len(text):
        if not _opens_single(text, at):
            at += 1
            continue
        end, closed = _close_single(text, at, words)
        yield Quotation(at, end, closed)
        at = end


def _opens_single(text: str, at: int) -> bool:
    if text[at] not in "‘'" or not text[at + 1 : at + 2].strip():
        return False
    if at and text[at - 1] not in _BEFORE:
        return False
    before = text[:at].rstrip()[-1:]
    within = bool(before) and (before.isalnum() or before == ",") and text[at + 1].islower()
    if within and _DROPPED.match(text, at):
        return before == "," and bool(_CLOSES.match(text, at + 1))  # said Anna, ‘and cold.’
    return True


def _close_single(text: str, start: int, words: Words) -> tuple[int, bool]:
    """(The end of the span that begins at `start`, whether it is closed)."""
    weak = 0
    for at in range(start + 1, len(text)):
        sign = text[at]
        if sign not in "‘’'":
            continue
        before, after = text[at - 1], text[at + 1 : at + 2]
        if after.isalnum():
            if weak and _opens_single(text, at):
                return weak, True  # the next one opens: the last possible end was the end of this one
            continue
        if before in _ENDINGS or before in '”")' or (not before.isalnum() and not before.isspace()):
            return at + 1, True
        if sign == "‘" or before.isspace():
            continue
        if _tagged(text, at + 1, words):
            return at + 1, True
        weak = weak or (at + 1 if text[start:at].count(" ") < 4 else 0)
    rest = text[start:]
    if weak and (start > 0 or rest[-1] not in ".!?…—"):
        return weak, True
    return len(text), False


def _tagged(text: str, at: int, words: Words) -> bool:
    """Whether a tag with a verb of speech follows."""
    rest = text[at : at + 60]
    if not rest[:1].isspace():
        return rest[:1] in (",",) and _tagged(text, at + 1, words)
    tag = tag_after(tokens_of(rest, words)[:6], words, comma=False)
    return tag is not None and tag.sure


def _is_speech(text: str, found: Quotation, spoken: bool, words: Words) -> bool:
    """Whether a span in quotes is said, and not a word or a title in quotes."""
    inner = text[found.start + 1 : found.end - found.closed].strip()
    if not any(map(str.isalnum, inner)) and not set(inner) & set("?!…—"):
        return False
    before = text[: found.start].rstrip()
    rest = text[found.end : found.end + _MOST_CONTEXT]
    ended = inner[-1] in _ENDINGS or inner[-1] in _CLOSING_MARKS or not found.closed
    alone = not rest.strip() or rest.lstrip()[0] in ",.!?;:—–…"
    after_word = bool(before) and (before[-1].isalnum() or before[-1] in "’'")
    if after_word:
        last = tokens_of(before[-40:], words)
        led = bool(last) and (
            bool(verb_of(last[-1], words)[0]) and last[-1].low not in ("read", "called", "went")
        )
        return (led or (inner[-1] in "!?" and " " in inner)) and (inner[0].isupper() or (led and ended))
    if before and before[-1] == "," and inner[0].islower() and not spoken:
        return _led(before, words)
    if before and spoken and inner[0].islower():
        return ended or alone
    if ended:
        return True
    if alone and (spoken or not before or not rest.strip()):
        return not before or inner[0].isupper()
    return _tagged(text, found.end, words) or (rest[:1] == "," and not before)


def _led(before: str, words: Words) -> bool:
    return any(verb_of(token, words)[0] for token in tokens_of(before[-60:], words))


def _by_dash(text: str, words: Words) -> Iterator[Quotation]:
    for start, end in spoken_parts(text, words):
        yield Quotation(start, end, by_dash=True)
