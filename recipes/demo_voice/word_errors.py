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

from rapidfuzz.distance import Levenshtein, Opcodes

from csm_cli.speech import spoken_text
from csm_cli.speech.numbers import cardinal

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


def _distance(said: list[str], heard: list[str], sounds: Sequence[Sounds]) -> int:
    keys = {word: _key(word, sounds[:1]) for word in {*said, *heard}}
    a, b = [keys[word] for word in said], [keys[word] for word in heard]
    errors = 0
    for first, last, start, end in _stretches(Levenshtein.opcodes(a, b)):
        left, right = said[first:last], heard[start:end]
        if left and right and _sound_alike(left, right, sounds):
            continue
        errors += Levenshtein.distance(a[first:last], b[start:end])
    return errors


def _stretches(codes: Opcodes) -> list[tuple[int, int, int, int]]:
    """(first, end, first, end) of the places where two lists differ, neighbouring ones as one."""
    found: list[list[int]] = []
    for code in codes:
        if code.tag == "equal":
            continue
        a, b, c, d = code.src_start, code.src_end, code.dest_start, code.dest_end
        if found and (found[-1][1], found[-1][3]) == (a, c):
            found[-1][1], found[-1][3] = b, d
        else:
            found.append([a, b, c, d])
    return [(a, b, c, d) for a, b, c, d in found]


def _key(text: str, sounds: Sequence[Sounds]) -> str:
    return (_NO_SOUND.sub("", sounds[0](text)) or text) if sounds else text


def _sound_alike(left: Sequence[str], right: Sequence[str], sounds: Sequence[Sounds]) -> bool:
    if "".join(left) == "".join(right):
        return True
    return any(_key(" ".join(left), [one]) == _key(" ".join(right), [one]) for one in sounds)
