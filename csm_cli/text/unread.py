"""Whether a spoken form has all that is written: figures read out in a second, independent way, and words.

Nothing is used here of the modules that make the spoken form. Numbers are put into words by num2words,
in every way in which one reads them, and each figure of the text must be found in one of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

_GROUPED = re.compile(
    r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?!\d)|(?<![\d,.])\d{1,3}(?:[\u00a0\u2007\u2009\u202f]\d{3})+(?!\d)"
)
_FIGURES = re.compile(r"(?<!:(?=00))(?<![0-9])(?!0\.[0-9])[0-9]+")
"""Runs of digits, without those that are silent: "10:00", "$0.50"."""
_RAISED = re.compile("(?=[\u00b2\u00b3\u00b9\u2070-\u2089\u00bc-\u00be\u2150-\u215e])")
_WORD = re.compile(r"(?<![\w@#/.:&'’+*=<>^|~-])[^\W\d_]{4,}(?:['’][^\W\d_]+)?(?![\w@/.:&+*=<>^|~])")
_SPOKEN = re.compile(r"[a-z0-9]+")
_LONGEST = 15
_FEW = {
    "0": ("zero", "oh", "o", "nought", "nil", "midnight", "hundred", "clock", "noon"),
    "00": ("hundred", "clock", "midnight", "zero zero", "oh oh", "thousand"),
    "000": ("thousand",),
    "1": ("one", "first", "a", "an", "once", "penny", "half", "third", "halfpenny", "quarter", "tenth"),
    "2": ("two", "second", "squared", "half", "halves", "square", "halfpenny"),
    "3": ("three", "third", "thirds", "cubed", "cubic", "love", "heart"),
    "4": ("four", "quarto", "fourth", "quarter", "quarters", "fourths"),
    "8": ("eight", "eighth", "octavo"),
    "10": ("ten", "tenth", "tens"),
    "100": ("hundreds",),
    "1000": ("thousands",),
    "12": ("twelve", "twelfth", "noon", "midnight", "december", "duodecimo"),
    "24": ("twenty four", "midnight"),
}
_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)


def unread(written: str, spoken: str, known: Collection[str] = ()) -> list[str]:
    """The figures and words of a text that its spoken form lacks.

    Args:
        written: as in the script; English.
        spoken: its spoken form, or a transcript.
        known: words that have another spoken form on purpose, such as those of a lexicon.

    Returns:
        Each once, in order: runs of digits and words of four letters and more. Figures are left out of the
        comparison where num2words is not installed.
    """
    plain = written if written.isascii() else unicodedata.normalize("NFKC", _RAISED.sub(" ", written))
    plain = _GROUPED.sub(lambda match: re.sub(r"\D", "", match[0]), plain)
    said = _SPOKEN.findall(_folded(spoken))
    passed_over = {_folded(word) for each in known for word in each.split()}
    missing = []
    if figures := dict.fromkeys(_FIGURES.findall(plain)):
        everything = f" {' '.join(said)} "
        missing = [
            each
            for each in figures
            if each not in passed_over and not any(f" {reading} " in everything for reading in readings(each))
        ]
    words = set(said)
    strange = [word for word in dict.fromkeys(_WORD.findall(plain)) if word.lower() not in words]
    joined = "".join(said) if strange else ""
    for word in strange:
        bare = re.sub(r"[^a-z0-9]", "", _folded(word))
        if bare and bare not in joined and not _abbreviates(word) and _folded(word) not in passed_over:
            missing.append(word)
    return missing


@lru_cache(512)  # some of them have two thousand readings
def readings(figures: str) -> frozenset[str]:
    """The ways to say a run of digits, in small letters without hyphens and "and"; "7" itself is one."""
    found = {figures, *_FEW.get(figures, ())}
    plain = figures.lstrip("0") or "0"
    if plain != figures:
        found.add(plain)
    try:
        import num2words
    except ImportError:
        return frozenset({*found, ""})  # every text contains it
    say = num2words.num2words
    singly = [str(say(int(digit))) for digit in figures]
    found |= {" ".join(singly), " ".join(singly).replace("zero", "oh")}
    if len(plain) <= _LONGEST:
        number = int(plain)
        words = _plain(say(number))
        found |= {
            words,
            f"{words}pence",
            _plain(say(number, to="ordinal")),
            *_plurals(words),
            *_plurals(_plain(say(number, to="ordinal"))),
        }
        if len(plain) in (3, 4) and plain == figures:
            found |= set(_in_pairs(plain))
        if figures != plain:
            found |= {f"zero {words}", f"oh {words}"}
        if 1 <= number <= 12:
            found.add(_MONTHS[number - 1])
        if number % 1000 == 0 and number:
            found.add(_plain(say(number // 1000)))
    if len(figures) > 1 and figures.endswith("0"):
        found |= readings(figures.rstrip("0") or "0")  # $2.50, .50
    return frozenset(found)


def _in_pairs(figures: str) -> Iterator[str]:
    """1905 as "nineteen oh five" and "nineteen five", 221 as "two twenty one", 1800 as "eighteen hundred"."""
    head, tail = figures[:-2], figures[-2:]
    before = set(readings(head)) - {head, ""}
    after = {"hundred"} if tail == "00" else set(readings(tail)) - {tail, ""}
    for first in before:
        for last in after:
            yield f"{first} {last}"
            yield from (f"{first} {each}" for each in _plurals(last))


def _plurals(words: str) -> tuple[str, ...]:
    return (
        f"{words}rs",
        f"{words}ers",
        f"{words}s",
        f"{words}es",
        f"{words[:-1]}ies" if words.endswith("y") else words,
    )


def _plain(words: str) -> str:
    return " ".join(word for word in re.findall("[a-z]+", words.lower()) if word != "and")


def _folded(text: str) -> str:
    """In small letters, without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _abbreviates(word: str) -> bool:
    """Whether a word may be a unit, a title, or Roman: "approx", "Messrs", "XVIII", "MHz"."""
    inner = word[1:]
    return (
        inner != inner.lower()
        or word.isupper()
        or not re.search("[aeiouyAEIOUY]", word)
        or word.lower() in _ABBREVIATIONS
    )


_ABBREVIATIONS = frozenset(
    re.findall(
        r"\w+",
        "approx dept govt capt prof messrs mlle supt insp bros corp blvd tbsp tbsps mins secs gals assn "
        "univ incl excl misc kcal mbps gbps kbps mmol chas thos jan febr sept thurs tues nebr mass calif "
        "conn tenn minn okla mich cert viii xiii xviii iiii xxii vols chap chaps figs mfg pkwy cmdr yrs",
    )
)
