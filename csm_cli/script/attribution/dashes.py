"""Speech that a dash introduces: what of the paragraph is said, and what is the narrator's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from csm_cli.script.attribution.subjects import joined, sentences_of, subject_at, tokens_of
from csm_cli.script.attribution.tags import tag_after, verb_of
from csm_cli.script.attribution.words import Words

_INNER = re.compile(r"\s[—–―](?=[^\W\d_])|(?<=[\s.,;:!?…])[—–―]\s(?=\S)")
_RESUMES = re.compile(r"\s?[—–―](?=[\s.,;:!?…]|$)[.,;:!?…]*|\s[—–―]\s?(?=\S)")
_CLAUSE = re.compile(r"(?<=[,!?.…»])\s+(?=\S)")
_STATES = frozenset(
    re.findall(
        r"\S+",
        "is was are were has have will would can could may might must shall isn’t wasn’t est était es era "
        "ist",
    )
)
_MOST_PARTS = 400


def spoken_parts(text: str, words: Words) -> Iterator[tuple[int, int]]:
    """(start, end) of what is said in a paragraph that begins with a dash."""
    start = 0
    for begin, end in incises(text, words, at=2):
        if text[start:begin].strip(" —–―-"):
            yield start, begin
        start = end + len(text[end:]) - len(text[end:].lstrip())
    if text[start:].strip(" —–―-.,"):
        yield start, len(text)


def incises(text: str, words: Words, at: int = 0) -> list[tuple[int, int]]:
    """(start, end) of the narrator's words within speech: "said Tom", "—dijo Ana—"; both at spaces.

    Args:
        text: speech with its marks.
        words: of the language.
        at: where to begin.
    """
    found: list[tuple[int, int]] = []
    marked = _marked(text, words, at)
    if marked:
        return marked
    clauses = [match.start() for match in _CLAUSE.finditer(text, at)][:_MOST_PARTS]
    position = at
    for begin in clauses:
        if begin < position:
            continue
        length = _length(text, begin, words)
        if length:
            found.append((begin, begin + length))
            position = begin + length
    return found


def _marked(text: str, words: Words, at: int) -> list[tuple[int, int]]:
    """Narration between dashes: —Sí —dijo Ana—. Ven."""
    found: list[tuple[int, int]] = []
    position = at
    while len(found) < _MOST_PARTS:
        opens = _INNER.search(text, position)
        if opens is None:
            break
        begin = opens.start() if text[opens.start()].isspace() else opens.start() - 1
        rest = text[opens.end() : opens.end() + 200]
        tokens = sentences_of(tokens_of(rest, words))
        tag = tag_after(tokens[0], words, comma=False) if tokens else None
        closes = _RESUMES.search(text, opens.end())
        spaced = text[opens.end() - 1].isspace()
        if tag is None and (spaced or (closes is None and not rest[:1].islower())):
            position = opens.end()
            continue
        end = len(text)
        if closes:
            end = closes.end() if text[closes.end() - 1] != " " else closes.start()
            if text[closes.start()].isspace() and text[closes.end() - 1] not in ".,;:!?…":
                end = closes.start()
        if begin > 0:
            found.append((begin, end))
        position = max(end, opens.end())
    return found


def _length(text: str, begin: int, words: Words) -> int:
    """Characters of the tag that begins behind a comma or the end of a sentence; 0 if none does."""
    rest = text[begin : begin + 300]
    sentences = sentences_of(tokens_of(rest, words))
    if not sentences:
        return 0
    sentence = sentences[0]
    comma = text[begin - 1] == ","
    tag = tag_after(sentence, words, comma=False)
    if tag is None or not tag.sure or tag.subject is None:
        return 0
    inverted = bool(verb_of(sentence[0], words)[0])
    behind = sentence[tag.subject.end] if not inverted and tag.subject.end < len(sentence) else None
    if behind and not joined(behind):  # — I am well, Nan, thanks, said Ben: here Nan is spoken to
        return 0
    if not inverted and (words.code != "en" or (not comma and tag.subject.kind != "name")):
        return 0
    asked = bool(re.match(r"[^.!?…]*[!?]", rest[sentence[tag.end - 1].end :]))
    end = sentence[-1].end
    for token in sentence[tag.end :]:
        if joined(token):
            continue
        narrated = token.low in words.ends or token.low.endswith(("ing", "ant"))
        if not narrated or (asked and token.low not in ("who", "qui")):
            end = token.start - len(token.gap) + len(token.gap.rstrip())
            return end
    closing = re.match(r"[^\w\s]*", rest[end:])
    end += closing.end() if closing else 0
    for sentence in sentences[1:]:  # He wiped the counter.
        subject = subject_at(sentence, 0, words)
        if subject is None or subject.kind not in ("he", "she") or subject.end >= len(sentence):
            break
        if sentence[subject.end].low in _STATES or sentence[subject.end].capital:
            break
        end = sentence[-1].end
        closing = re.match(r"[^\w\s]*", rest[end:])
        end += closing.end() if closing else 0
        break
    return end
