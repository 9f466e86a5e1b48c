"""Whether a transcript has the words of a text: words aligned, with tolerance for what is not audible.

* Words that sound alike count as the same word: "knight" and "night", "fire place" and "fireplace".
* Figures stand for number words in any of their readings.
* A name (a capital inside a sentence, or a lexicon entry) may be written down in any way that sounds like it.
* In a text of fewer than five words a single wrong guess is a large share: there, for a weak recogniser, the
  sound of the whole counts, and the length of the take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

from csm_cli.text.numbers import cardinal, digits
from csm_cli.verify.alignment import align, words_of

FEW_WORDS = 5
ALIKE = 0.5
"""Share of a short text's sound that must be in the transcript."""
NAME_ALIKE = 0.6
MOST_REPEATED = 3
"""Words; a longer stretch is more likely a recogniser in a loop."""
SHORT_WORD = 6
"""Letters."""
_CAPITAL = re.compile(r"(?<=[^\s.!?…:\"“(])\s+([A-Z][\w'’]+)")
_FIGURES = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.,])\d{1,9}(?!\w)")
_LARGE = frozenset({"hundred", "thousand", "million", "billion"})
_COUNTS = frozenset(words_of(" ".join(cardinal(number) for number in (*range(1, 21), *range(30, 100, 10)))))
_SOUNDS = {"one": "WN", "our": "AR", "hour": "AR", "eye": "I", "owe": "O", "oh": "O"}
"""Words of which Metaphone takes the letters for sounds."""


@dataclass(frozen=True)
class Comparison:
    """A text compared with a transcript.

    Args:
        words: of the text.
        errors: words replaced, left out or put in.
        allowed: errors that are let through.
        alike: for a short text, the share of its sound that is in the transcript; else 1.
    """

    words: int
    errors: int
    allowed: int
    alike: float = 1.0

    @property
    def agrees(self) -> bool:
        """Whether the errors are within tolerance, or a short text sounds alike."""
        return self.errors <= self.allowed or (self.words < FEW_WORDS and self.alike >= ALIKE)


def compare(text: str, transcript: str, tolerance: float = 0.1, names: Collection[str] = ()) -> Comparison:
    """Compare a text with a transcript of it, both in spoken form.

    Args:
        text: the expected one.
        transcript: from a recogniser.
        tolerance: share of the words that may be wrong; at least one always may.
        names: further words outside a recogniser's vocabulary.
    """
    expected = words_of(text)
    count = len(expected)
    if not count:
        return Comparison(0, 0, 0)
    errors, reading = min((_errors(text, expected, each, names), each) for each in readings(transcript))
    # As field practice has it: max(1, ceil(n / 10)) for a good recogniser.
    allowed = max(1, -int(-count * tolerance // 1)) if count >= FEW_WORDS else 0
    alike = 1.0 if count >= FEW_WORDS else likeness("".join(expected), "".join(words_of(reading)))
    return Comparison(count, errors, allowed, alike)


def readings(transcript: str) -> Iterator[str]:
    """A transcript, and the same with its figures read digit by digit, in pairs, and as one number."""
    yield transcript
    if _FIGURES.search(transcript):
        for read in (digits, _in_pairs, _as_one):
            yield _FIGURES.sub(partial(_read_figures, read), transcript)


def blocks(expected: Sequence[str], found: Sequence[str]) -> list[tuple[slice, slice]]:
    """The stretches of two lists of words that differ by sound, with the fewest errors."""
    different, row, column = [], 0, 0
    pairs = align(_by_sound(expected), _by_sound(found)).pairs
    for next_row, next_column in (*pairs, (len(expected), len(found))):
        here, there = slice(row, next_row), slice(column, next_column)
        if (here.stop > row or there.stop > column) and not _same(expected[here], found[there]):
            different.append((here, there))
        row, column = next_row + 1, next_column + 1
    return different


class Correction(NamedTuple):
    """A transcript with the text's words in one place where it differs.

    Args:
        text: the transcript so corrected.
        repeat: whether what was put right is a word, or two or three, that the transcript has twice in a row.
    """

    text: str
    repeat: bool = False


def corrections(text: str, transcript: str, names: Collection[str] = ()) -> tuple[str, list[Correction]]:
    """A transcript, figures as `text` reads them; and it with the text's words wherever it differs.

    The probability of one of these beside that of the transcript shows the weight of the differing words
    alone, not of a recogniser's habits in figures, capitals or stops. A name transcribed as something that
    sounds like it does not differ.
    """
    expected = words_of(text)
    transcript = min((_errors(text, expected, each, names), each) for each in readings(transcript))[1]
    ours, theirs = _tokens(text), _tokens(transcript)
    if ours is None or theirs is None:
        return _capital(transcript), [Correction(_capital(text))]
    name_words, found = _name_words(text, names), []
    for here, there in _whole_blocks(ours, theirs):
        if not (set(ours.words[here]) <= name_words and _alike(ours.words[here], theirs.words[there])):
            tokens = theirs.tokens[:]
            tokens[theirs.span(there)] = ours.tokens[ours.span(here)]
            repeat = here.start == here.stop and _repeats(theirs.words, there)
            found.append(Correction(_capital(" ".join(tokens)), repeat))
    return _capital(transcript), found


def doubled(text: str) -> list[str]:
    """The text with one of its short words expected twice, for each that is not repeated there anyhow.

    Whisper writes a longer word twice where it is expected twice; of the short ones it often leaves one out.
    """
    tokens = text.split()
    found = []
    for place, token in enumerate(tokens):
        core = token.rstrip(".,;:!?…\"”’')")
        words = words_of(core)
        beside = [words_of(each) for each in tokens[max(0, place - 1) : place + 2]]
        if words and len("".join(words)) <= SHORT_WORD and beside.count(words) == 1:
            again = core if core == "I" or core.startswith("I'") else core[:1].lower() + core[1:]
            found.append(" ".join([*tokens[:place], core, again + token[len(core) :], *tokens[place + 1 :]]))
    return found


def names_in(text: str) -> list[str]:
    """Words with a capital inside a sentence."""
    return [name for name in _CAPITAL.findall(text) if name != "I" and not name.startswith(("I'", "I’"))]


def likeness(first: str, second: str) -> float:
    """How alike two words sound, 0 to 1."""
    from jellyfish import levenshtein_distance

    a, b = sound_of(first), sound_of(second)
    return 1 - levenshtein_distance(a, b) / max(len(a), len(b), 1)


@lru_cache(4096)
def sound_of(word: str) -> str:
    """The sound of a word by Lawrence Philips' Metaphone; the word itself where that gives none."""
    from jellyfish import metaphone

    return _SOUNDS.get(word) or metaphone(word).replace(" ", "") or word


def _errors(text: str, expected: Sequence[str], transcript: str, names: Collection[str]) -> int:
    found_words = _with_names(expected, words_of(transcript), _name_words(text, names))
    found = blocks(_without_and(expected), _without_and(found_words))
    return sum(max(here.stop - here.start, there.stop - there.start) for here, there in found)


def _by_sound(words: Sequence[str]) -> list[str]:
    return [sound_of(word) for word in words]


def _same(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Whether two stretches sound alike once their words are joined."""
    return bool(expected and found) and sound_of("".join(expected)) == sound_of("".join(found))


def _without_and(words: Sequence[str]) -> list[str]:
    """Without the "and" inside a number: "one hundred and five" is "one hundred five"."""
    inner = _inner_ands(words)
    return [word for place, word in enumerate(words) if place not in inner]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _inner_ands(words: Sequence[str]) -> set[int]:
    """The places of "and" inside a number."""
    return {
        place
        for place in range(1, len(words) - 1)
        if words[place] == "and" and words[place - 1] in _LARGE and words[place + 1] in _COUNTS
    }


def _read_figures(read: Callable[[str], str], found: re.Match[str]) -> str:
    return read(found.group().replace(",", ""))


def _as_one(figures: str) -> str:
    return cardinal(int(figures))


def _in_pairs(figures: str) -> str:
    """ "1905" as "nineteen oh five", as years, rooms and telephones are read."""
    pairs = [figures[max(0, end - 2) : end] for end in range(len(figures), 0, -2)][::-1]
    return " ".join(f"oh {pair[1]}" if len(pair) == 2 and pair[0] == "0" else pair for pair in pairs)


@dataclass(frozen=True)
class _Tokens:
    """What stands between spaces in a text, its words, and for each word the place of the token it is in."""

    tokens: list[str]
    words: list[str]
    owners: list[int]

    def cut(self, place: int) -> bool:
        """Whether a token begins or all end before a word."""
        return place in (0, len(self.words)) or self.owners[place - 1] != self.owners[place]

    def span(self, words: slice) -> slice:
        """The tokens that hold some words; for none, the empty place before that of the next word."""
        first = self.owners[words.start] if words.start < len(self.words) else len(self.tokens)
        return slice(first, self.owners[words.stop - 1] + 1 if words.stop > words.start else first)


def _tokens(text: str) -> _Tokens | None:
    """None if the words of the whole are not those of its parts, as for "May 3rd"."""
    tokens = text.split()
    words = [(word, place) for place, token in enumerate(tokens) for word in words_of(token)]
    plain = [word for word, _ in words]
    return _Tokens(tokens, plain, [place for _, place in words]) if plain == words_of(text) else None


def _whole_blocks(ours: _Tokens, theirs: _Tokens) -> list[tuple[slice, slice]]:
    """`blocks`, each made larger until it holds whole tokens on both sides."""
    found: list[tuple[slice, slice]] = []
    our_ands, their_ands = _inner_ands(ours.words), _inner_ands(theirs.words)
    for here, there in blocks(ours.words, theirs.words):
        if {*range(here.start, here.stop)} <= our_ands and {*range(there.start, there.stop)} <= their_ands:
            continue
        a, b, c, d = here.start, here.stop, there.start, there.stop
        while min(a, c) > 0 and not (ours.cut(a) and theirs.cut(c)):
            a, c = a - 1, c - 1
        while b < len(ours.words) and d < len(theirs.words) and not (ours.cut(b) and theirs.cut(d)):
            b, d = b + 1, d + 1
        if found and (a <= found[-1][0].stop or c <= found[-1][1].stop):
            before = found.pop()
            a, c = min(a, before[0].start), min(c, before[1].start)
            b, d = max(b, before[0].stop), max(d, before[1].stop)
        found.append((slice(a, b), slice(c, d)))
    return found


def _repeats(words: Sequence[str], place: slice) -> bool:
    """Whether some words repeat those just before or just behind them."""
    some, count = words[place], place.stop - place.start
    return count <= MOST_REPEATED and some in (
        words[max(0, place.start - count) : place.start],
        words[place.stop :][:count],
    )


def _name_words(text: str, names: Collection[str]) -> set[str]:
    """The words of a text's names and of those of the lexicon."""
    return {word for name in (*names, *names_in(text)) for word in words_of(name)}


def _alike(expected: Sequence[str], found: Sequence[str]) -> bool:
    return bool(expected and found) and likeness("".join(expected), "".join(found)) >= NAME_ALIKE


def _with_names(expected: Sequence[str], found_words: Sequence[str], names: Collection[str]) -> list[str]:
    """The words found, with each name of the text in the place of one or two words that sound like it."""
    missing = [word for word in expected if word in names and word not in found_words]
    found = list(found_words)
    for name in missing:
        spans = [(i, i + size) for size in (1, 2) for i in range(len(found) - size + 1)]
        best = max(spans, key=lambda span: likeness(name, "".join(found[slice(*span)])), default=None)
        if best is not None and likeness(name, "".join(found[slice(*best)])) >= NAME_ALIKE:
            found[slice(*best)] = [name]
    return found
