"""Who a stretch of narration is about: subjects of sentences, as names, pronouns or descriptions."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from csm_cli.script.attribution.words import Words, words_of

LONGEST_NAME, LONGEST_DESCRIPTION = 4, 5
_PARTICLES = frozenset(re.findall(r"\S+", "de von van der den la le du da di del d’ O’"))
_ELIDED = re.compile(r"[ldLD][’'](?=\w)")
_OWNED = re.compile(r"(.+?)(?:[’']s|(?<=[sxz])[’'])")
_VOICES = frozenset(["voice", "tone", "reply", "answer", "voix"])
_ALSO_VERBS = frozenset(("Will", "May"))
_IT_WAS = {("it", "was"), ("it", "is"), ("es", "war"), ("c’était", ""), ("era", "")}
_PERSON_KINDS = ("name", "he", "she", "first")

Kind = Literal["name", "he", "she", "they", "first", "description", "kin", "owned", "other"]


class Token(NamedTuple):
    """A word, where it stands in its text, and the characters between it and the word before."""

    text: str
    start: int
    end: int
    gap: str

    @property
    def low(self) -> str:
        """In small letters."""
        return self.text.lower()

    @property
    def capital(self) -> bool:
        """Whether it is written with a capital."""
        return self.text[0].isupper()


class Subject(NamedTuple):
    """Who does something.

    Args:
        kind: "name"; pronouns "he", "she", "they" (several people), "first" (the person who tells the story);
            "description" ("the captain"), "kin" ("his wife"), "owned" ("Anna’s mother"); "other".
        text: the name, or the description.
        end: number of the first token behind it.
    """

    kind: Kind
    text: str
    end: int

    @property
    def is_person(self) -> bool:
        """Whether it may be one known character."""
        return self.kind in _PERSON_KINDS


@lru_cache
def _pattern(code: str) -> re.Pattern[str]:
    dotted = [re.escape(title) for title in sorted(words_of(code).titles) if title.endswith(".")]
    return re.compile(rf"(?:{'|'.join(dotted) or '(?!)'}|\b[A-Z]\.)(?!\w)|[^\W_]+(?:[’'‑-][^\W_]+)*[’']?")


def tokens_of(text: str, words: Words) -> list[Token]:
    """The words of a text; the point behind an abbreviated title is part of its word."""
    found, last = [], 0
    for match in _pattern(words.code).finditer(text):
        found.append(Token(match[0], match.start(), match.end(), text[last : match.start()]))
        last = match.end()
    return found


def sentences_of(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens, sentence by sentence."""
    found: list[list[Token]] = []
    for token in tokens:
        if not found or any(mark in token.gap for mark in ".!?…"):
            found.append([])
        found[-1].append(token)
    return found


def joined(token: Token) -> bool:
    """Whether nothing but space stands between a token and the one before."""
    return not token.gap.strip()


def subject_at(
    tokens: Sequence[Token], at: int, words: Words, known: Container[str] | None = None
) -> Subject | None:
    """The subject that begins at a token.

    Args:
        tokens: of one sentence.
        at: number of the token.
        words: of the language.
        known: names that count as such; None: every word with a capital that is not known to be none.
    """
    if at >= len(tokens):
        return None
    token = tokens[at]
    low = token.low
    if low in words.first and (words.code != "en" or token.text == "I"):
        return Subject("first", token.text, at + 1)
    if low in words.he:
        return Subject("he", token.text, at + 1)
    if low in words.she:
        return Subject("she", token.text, at + 1)
    if low in words.they:
        return Subject("they", token.text, at + 1)
    begin = at
    while (
        begin - at < 2
        and begin + 1 < len(tokens)
        and joined(tokens[begin + 1])
        and (tokens[begin].low in words.adjectives or tokens[begin].low in ("the", "der", "die"))
        and (tokens[begin].low in words.adjectives or tokens[begin + 1].low in words.adjectives)
        and (tokens[begin + 1].capital or tokens[begin + 1].low in words.adjectives)
    ):
        begin += 1
    if tokens[begin].low not in words.determiners or tokens[begin].text in words.titles:
        found = _name_at(tokens, begin, words, known)
        if found:
            return found
    if low in words.determiners or _ELIDED.match(token.text):
        return _description_at(tokens, at, words, known)
    return None


def _name_at(tokens: Sequence[Token], at: int, words: Words, known: Container[str] | None) -> Subject | None:
    if at == 0 and _begins_sentence(tokens, words):
        at = 1
    parts: list[str] = []
    end = at
    while end < len(tokens) and len(parts) < LONGEST_NAME:
        token = tokens[end]
        if parts and not joined(token):
            break
        particle = parts and token.low in _PARTICLES and end + 1 < len(tokens) and tokens[end + 1].capital
        if particle and not (joined(tokens[end + 1]) and token.low != "the"):
            break
        is_title = token.text in words.titles and not (parts and parts[-1] not in words.titles)
        if not (is_title or particle or (token.capital and token.text not in words.no_names)):
            break
        if not parts and token.capital and token.text.isupper() and len(token.text) > 1 and known is None:
            return None
        if token.text in _ALSO_VERBS and not parts and _asks(tokens, end, words):
            return None
        owned = _OWNED.fullmatch(token.text)
        if owned:
            parts.append(owned[1])
            return _owned(tokens, end, " ".join(parts), words)
        parts.append(token.text)
        end += 1
    while parts and (parts[-1].lower() in _PARTICLES):
        parts.pop()
        end -= 1
    if not parts or (len(parts) == 1 and parts[0] in words.titles and not _alone(parts[0], known)):
        return None
    name = " ".join(parts)
    if known is not None and name not in known:
        for shorter in range(len(parts) - 1, 0, -1):  # "Tom Friday": the known part of it
            if " ".join(parts[:shorter]) in known:
                return Subject("name", " ".join(parts[:shorter]), at + shorter)
        return None
    if end + 1 < len(tokens) and tokens[end].low in ("and", "und", "et", "y", "e"):
        other = tokens[end + 1]
        follows = joined(tokens[end]) and joined(other) and other.capital
        if follows and other.text not in words.no_names and not _OWNED.fullmatch(other.text):
            return Subject("they", name, end + 2)
    return Subject("name", name, end)


def _begins_sentence(tokens: Sequence[Token], words: Words) -> bool:
    """Whether the first word has its capital from its place, and a name follows: "Ask Tom"."""
    first, *others = tokens[:2]
    if not others or not joined(others[0]) or not others[0].capital or others[0].text in words.no_names:
        return False
    known = (words.titles, words.names, words.capitals, words.no_names)
    return first.capital and not any(first.text in each for each in known)


def _asks(tokens: Sequence[Token], at: int, words: Words) -> bool:
    """Whether a word that may be a name is a verb: "Will you come?"."""
    if at + 1 >= len(tokens):
        return False
    low = tokens[at + 1].low
    pronouns = words.he | words.she | words.they | words.first | words.determiners
    return low in pronouns or low in ("you", "it", "not", "there")


_BY_THEMSELVES = frozenset(
    (
        *("Mother", "Father", "Grandpa", "Granny", "Grandma", "Grandfather", "Grandmother", "Nurse"),
        *("Auntie", "Aunt", "Uncle", "Sister", "Brother", "Captain", "Professor", "Sergeant"),
    )
)


def _alone(title: str, known: Container[str] | None) -> bool:
    """Whether a title may be a name by itself: "Mother", "Captain", but not "Mr."."""
    if known is not None and title in known:
        return True
    return title in _BY_THEMSELVES


def _owned(tokens: Sequence[Token], at: int, owner: str, words: Words) -> Subject:
    """What stands behind "Anna’s": her voice is herself, anything else is somebody else."""
    end = at + 1
    while end < len(tokens) and end - at <= 3 and joined(tokens[end]):
        low = tokens[end].low
        if low in _VOICES:
            return Subject("name", owner, end + 1)
        if low in words.ends or low in words.verbs or words.is_adverb(tokens[end].text):
            break
        end += 1
    return Subject("owned", " ".join([f"{owner}’s", *(each.text for each in tokens[at + 1 : end])]), end)


def _description_at(tokens: Sequence[Token], at: int, words: Words, known: Container[str] | None) -> Subject:
    end = at + 1
    parts = [tokens[at].text]
    owned = False
    while end < len(tokens) and end - at < LONGEST_DESCRIPTION and joined(tokens[end]):
        low = tokens[end].low
        known_end = (
            low in words.ends
            or low in words.verbs
            or words.is_adverb(tokens[end].text)
            or low.endswith("ing")
        )
        if known_end and end > at + 1:
            break
        if (
            end > at + 1
            and tokens[end].capital
            and not (owned or words.nouns_have_capitals or tokens[end - 1].capital)
        ):
            named = _name_at(tokens, end, words, known)  # my sister Anna
            if named:
                return named
        owned = owned or bool(_OWNED.fullmatch(tokens[end].text))
        parts.append(tokens[end].text)
        end += 1
    text = " ".join(parts)
    low = tokens[at].low
    if owned:
        return Subject("owned", text, end)
    if low in words.his or low in words.her or low in ("my", "our"):
        return Subject("kin", text, end)
    if low in words.definite or _ELIDED.match(tokens[at].text):
        return Subject("description", text, end)
    return Subject("other", text, end)


def _named_behind(sentence: Sequence[Token], at: int, words: Words, known: Container[str]) -> Subject | None:
    """The name in apposition to a description: "the mate, whose name was Hobb," or "his friend, Tom,"."""
    if at >= len(sentence) or (joined(sentence[at]) and sentence[at].low not in ("called", "named")):
        return None
    if sentence[at].low in ("whose", "called", "named"):
        at += 3 if sentence[at].low == "whose" else 1
    found = subject_at(sentence, at, words, known)
    return found if found and found.kind == "name" else None


def subject_of(
    sentence: Sequence[Token], words: Words, known: Container[str], within: int = 6
) -> Subject | None:
    """The subject of a sentence: at its beginning, or the first known person among its first words."""
    lows = tuple(token.low for token in sentence[:2])
    if lows in _IT_WAS or (*lows[:1], "") in _IT_WAS:
        named = subject_at(sentence, 2 if lows in _IT_WAS else 1, words, known)
        if named and named.kind == "name":
            return named
    first = subject_at(sentence, 0, words, known)
    if first and (first.is_person or first.kind == "they"):
        return first
    if first and first.kind == "description" and (named := _named_behind(sentence, first.end, words, known)):
        return named
    described = first
    for at in range(1, min(within, len(sentence))):
        if sentence[at].low in words.verbs and words.code != "de":
            break
        found = subject_at(sentence, at, words, known)
        after_preposition = sentence[at - 1].low in words.ends and joined(sentence[at])
        follows = found is not None and found.end < len(sentence) and not sentence[found.end].capital
        if found and found.is_person and follows and not after_preposition:
            return found
        if found and found.kind == "description" and not after_preposition:
            described = described or found
    return described
