"""Words beside a quotation that say who speaks: "said Tom", "Anna replied", "Tom leaned over and said:"."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

from csm_cli.script.attribution.subjects import (
    Kind,
    Subject,
    Token,
    joined,
    sentences_of,
    subject_at,
    subject_of,
)
from csm_cli.script.attribution.words import Words

_INVERTED = re.compile(r"(.+?)(?:-t)?-(il|elle|ils|elles|je|on|nous)")
_AUXILIARIES = frozenset(re.findall(r"\S+", "had has have would did does could can was were is only just"))
_OBJECTS = frozenset(re.findall(r"\S+", "lui leur me se le les te nous vous y en m’ s’ ne"))
_PLAIN_VERBS = frozenset(
    re.findall(
        r"\S+",
        "said says asked asks replied replies answered answers told repeated added whispered shouted "
        "sagte fragte rief antwortete dit demanda répondit dijo preguntó respondió disse chiese rispose",
    )
)
_TAKES_UP = _PLAIN_VERBS | {"interrupted", "cried", "retorted", "exclaimed", "returned", "rejoined"}
_JOINTS = frozenset(("but", "and", "then", "till", "until", "when", "before"))
_PRONOUNS: dict[str, Kind] = {"il": "he", "elle": "she", "je": "first"}
_ANSWERS = frozenset(("answer", "reply", "response", "comment", "question", "verdict", "greeting", "cry"))
_LONGEST_APPOSITION = 10


class Tag(NamedTuple):
    """Who is said to speak.

    Args:
        subject: None: a verb of speech without a subject.
        sure: there is a verb of speech.
        end: number of the first token behind it.
    """

    subject: Subject | None
    sure: bool
    end: int


def verb_of(token: Token, words: Words) -> tuple[str, str]:
    """(The verb of speech that a token is, the pronoun joined to it, as "il" in "dit-il"); "" for none."""
    low = token.low
    if words.code == "fr":
        if inverted := _INVERTED.fullmatch(low):
            verb, pronoun = inverted[1], inverted[2]
            return (verb, pronoun) if _is_verb(verb, words) else ("", "")
        return (low, "") if _is_verb(low, words) else ("", "")
    return (low, "") if low in words.verbs else ("", "")


def _is_verb(low: str, words: Words) -> bool:
    return low in words.verbs or (low[:2] in ("s’", "s'", "l’", "m’") and low[2:] in words.verbs)


def tag_after(tokens: Sequence[Token], words: Words, comma: bool, stop: bool = False) -> Tag | None:
    """The tag at the beginning of the narration behind a quotation.

    Args:
        tokens: of the first sentence.
        words: of the language.
        comma: whether the quotation ends as if its sentence went on.
        stop: whether it ends with a full stop; then "Tom laughed" says what he does, and not how he speaks.
    """
    if not tokens:
        return None
    at = 1 if len(tokens) > 2 and tokens[0].low in ("and", "but", "so", "then", "et", "und") else 0
    if answer := _answer(tokens, words):
        return answer
    verb, pronoun = verb_of(tokens[at], words)
    if verb and not (tokens[at].capital and words.nouns_have_capitals):
        if pronoun:
            return Tag(Subject(_PRONOUNS.get(pronoun, "they"), pronoun, at + 1), True, at + 1)
        return _inverted_tag(tokens, at + 1, words)
    subject = subject_at(tokens, at, words)
    if subject is None:
        return None
    end = _verb_behind(tokens, subject.end, words)
    if end and not (stop and tokens[at].capital and tokens[end - 1].low not in _PLAIN_VERBS):
        return Tag(subject, True, end)
    if comma and subject.end < len(tokens) and not tokens[subject.end].capital:
        return Tag(subject, False, subject.end)
    return None


def _answer(tokens: Sequence[Token], words: Words) -> Tag | None:
    """The tag in “No,” was my only answer."""
    if tokens[0].low not in ("was", "came", "is", "were") or len(tokens) < 3:
        return None
    owner = tokens[1].low
    end = next((at for at in range(2, min(7, len(tokens))) if tokens[at].low in _ANSWERS), 0)
    if not end or owner not in ("my", "his", "her"):
        return None
    kind: Kind = "first" if owner == "my" else "he" if owner in words.his else "she"
    return Tag(Subject(kind, owner, end + 1), True, end + 1)


def _inverted_tag(tokens: Sequence[Token], at: int, words: Words) -> Tag:
    """The tag whose verb stands before `at`."""
    begin = at
    while (
        begin < len(tokens)
        and begin - at < 3
        and words.is_adverb(tokens[begin].text)
        and joined(tokens[begin])
    ):
        begin += 1
    if begin < len(tokens) and not joined(tokens[begin]):
        return Tag(None, True, begin)
    subject = subject_at(tokens, begin, words)
    if (
        subject
        and subject.kind == "name"
        and not tokens[begin].capital
        and tokens[begin].text in words.no_names
    ):
        subject = None
    return Tag(subject, True, subject.end if subject else begin)


def _verb_behind(tokens: Sequence[Token], at: int, words: Words) -> int:
    """The number of the token behind a verb of speech that follows a subject; 0 if there is none."""
    if at >= len(tokens):
        return 0
    if joined(tokens[at]):
        return _verb_from(tokens, at, words)
    if tokens[at].gap.strip() == ",":  # Tom, who was tired, said
        for close in range(at + 1, min(at + _LONGEST_APPOSITION, len(tokens))):
            if tokens[close].gap.strip() == ",":
                return _verb_from(tokens, close, words)
    return 0


def _verb_from(tokens: Sequence[Token], at: int, words: Words) -> int:
    romance = words.code in ("fr", "es", "it")
    for end in range(at, min(at + 4, len(tokens))):
        if end > at and not joined(tokens[end]):
            return 0
        if verb_of(tokens[end], words)[0]:
            return end + 1
        low = tokens[end].low
        if not (words.is_adverb(tokens[end].text) or low in _AUXILIARIES or (romance and low in _OBJECTS)):
            return 0
    return 0


def handed_over(tokens: Sequence[Token], words: Words, known: Container[str]) -> Tag | None:
    """The tag of another person in narration between two quotations, who speaks the second.

    "Tom said to Anna, who answered," and "said Tom, but Anna interrupted."; not "said Tom, and Anna nodded,".
    """
    at = next((at for at in reversed(range(len(tokens))) if verb_of(tokens[at], words)[0]), 0)
    if at < 2 or tokens[at].low not in _TAKES_UP:
        return None
    joint = tokens[at - 1].low
    for begin in range(max(1, at - 4), at):
        found = subject_at(tokens, begin, words, known)
        if found is None or not found.is_person:
            continue
        if joint == "who" and found.end == at - 1:
            return Tag(found, True, at + 1)
        if found.end == at and tokens[begin - 1].low in _JOINTS:
            return Tag(found, True, at + 1)
    return None


def tag_before(text: str, tokens: Sequence[Token], words: Words, known: Container[str]) -> Tag | None:
    """The tag at the end of the narration in front of a quotation: "Tom leaned over and said:".

    Args:
        text: the narration.
        tokens: its tokens.
        words: of the language.
        known: names of people.
    """
    ending = text.rstrip()[-1:]
    sentences = sentences_of(tokens)
    if not sentences or not ending or ending in ".!?…”’»":
        return None
    sentence = sentences[-1]
    verbs = [at for at, token in enumerate(sentence) if verb_of(token, words)[0]]
    for at in reversed(verbs):
        for begin in range(max(0, at - 5), at):
            found = subject_at(sentence, begin, words)
            if found and found.end <= at and _verb_behind(sentence, found.end, words) == at + 1:
                return Tag(found, True, at + 1)
        if at + 1 < len(sentence) and joined(sentence[at + 1]):
            follows = subject_at(sentence, at + 1, words, known)  # and then said Tom, “…”
            alone = follows and not any(subject_at(sentence, each, words, known) for each in range(at))
            if follows and alone and follows.is_person:
                return Tag(follows, True, follows.end)
    subject = subject_of(sentence, words, known)
    if subject is None:
        return None
    return Tag(subject, bool(verbs) or ending == ":", len(sentence))
