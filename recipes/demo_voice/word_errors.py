"""Word errors of a transcript, with what sounds the same counted as the same.

What is forgiven, on both sides alike: capitals, punctuation, accents, hyphens; figures for number words,
read as a number or as a year; "and" inside a number; contractions written out; and any stretch that sounds
the same in US or in British English ("grey" and "gray", "knight" and "night", "fire place" and "fireplace").
Everything else counts: words replaced, left out, put in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from csm_cli.text import spoken_text
from csm_cli.text.numbers import cardinal

Sounds = Callable[[str], str]
"""From a word to its phonemes."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_IRREGULAR = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "let's": "let us",
}
_ENDINGS = {"n't": " not", "'re": " are", "'ll": " will", "'ve": " have", "'m": " am"}
_IS = {f"{word}'s" for word in "it that he she what there here who where how".split()}  # noqa: SIM905
_NUMBER_WORDS = frozenset(
    "hundred thousand million billion".split()  # noqa: SIM905
)
LONGEST_JOIN = 3  # words
_NO_SOUND = re.compile(r"[ˈˌː\s]")


@dataclass(frozen=True)
class WordErrors:
    """Errors of a transcript against a text of `words` words."""

    errors: int
    words: int


def words_of(text: str) -> list[str]:
    """A text as words in lower case, as described above, but for sounds."""
    plain = unicodedata.normalize("NFKD", spoken_text(text).replace("’", "'").lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    words: list[str] = []
    for word in _WORD.findall(plain.replace("-", " ")):
        words += _written_out(word).replace("'", "").split()
    return [
        word
        for place, word in enumerate(words)
        if not (word == "and" and place and words[place - 1] in _NUMBER_WORDS and _goes_on(words, place))
    ]


def _written_out(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _IS:
        return word.replace("'s", " is")
    for ending, full in _ENDINGS.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + full
    return word


def _goes_on(words: Sequence[str], place: int) -> bool:
    """Whether a number goes on behind the "and" at `place`."""
    numbers = {part for number in range(1, 100) for part in cardinal(number).replace("-", " ").split()}
    return place + 1 < len(words) and words[place + 1] in numbers


def word_errors(text: str, heard: str, sounds: Sequence[Sounds] = ()) -> WordErrors:
    """The least number of errors that turns the words of `text` into those of `heard`.

    Args:
        text: what should be said.
        heard: the transcript.
        sounds: pronunciations, one for each accent; without any, only equal spelling is equal.
    """
    said = words_of(text)
    readings = {spoken_text(heard), re.sub(r"\d+", lambda m: cardinal(int(m[0])), heard.replace(",", ""))}
    return WordErrors(min(_distance(said, words_of(reading), sounds) for reading in readings), len(said))


def _distance(said: Sequence[str], heard: Sequence[str], sounds: Sequence[Sounds]) -> int:
    """Levenshtein's distance of two lists of words, where up to three words match up to three at no cost if
    they are the same run together, by their letters or by their sounds in one accent."""
    spellings = [lambda word: word, *sounds]
    left = [[_NO_SOUND.sub("", spell(word)) or word for word in said] for spell in spellings]
    right = [[_NO_SOUND.sub("", spell(word)) or word for word in heard] for spell in spellings]
    cost = [[0] * (len(heard) + 1) for _ in range(len(said) + 1)]
    for i in range(len(said) + 1):
        for j in range(len(heard) + 1):
            steps = [cost[i - 1][j] + 1] if i else []
            steps += [cost[i][j - 1] + 1] if j else []
            steps += [cost[i - 1][j - 1] + 1] if i and j else []
            for a in range(1, min(i, LONGEST_JOIN) + 1):
                for b in range(1, min(j, LONGEST_JOIN) + 1):
                    if any(_joined(x, i, a) == _joined(y, j, b) for x, y in zip(left, right, strict=True)):
                        steps.append(cost[i - a][j - b])
            cost[i][j] = min(steps, default=0)
    return cost[-1][-1]


def _joined(words: Sequence[str], end: int, count: int) -> str:
    return "".join(words[end - count : end])
