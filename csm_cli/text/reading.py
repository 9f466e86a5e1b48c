"""How the lines of a script are read: its lexicon, then what its language has for figures and signs."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.text.abbreviations import abbreviations
from csm_cli.text.amounts import FIGURE, figures_to_words
from csm_cli.text.characters import clean, without_marks
from csm_cli.text.dates import dates
from csm_cli.text.labels import addresses, labels
from csm_cli.text.lexicon import Lexicon
from csm_cli.text.lexicon_files import load_lexicon
from csm_cli.text.numbers import roman_numerals
from csm_cli.text.scores import old_money
from csm_cli.text.units import units

if TYPE_CHECKING:
    from csm_cli.script import Screenplay

_SIGNS = [
    (re.compile(r"\s*&\s*"), " and "),
    (re.compile(r"(?<=\w)\s*@\s*(?=\w)"), " at "),
    (re.compile(r"(?<=\bC)\+\+"), " plus plus"),
    (re.compile(r"(?<=\b[A-F])\+(?!\w)"), " plus"),
    (re.compile(r"(?<=\w)\s*\+\s*(?=\w)"), " plus "),
    (re.compile(r"(?<=\b[A-G])#(?!\w)"), " sharp"),
    (re.compile(r"(?<=\w)\s*=\s*(?=\w)"), " equals "),
    (re.compile(r"(?<=\w)\s*×\s*(?=\w)"), " times "),
    (re.compile(r"(?<=\w)\s*÷\s*(?=\w)"), " divided by "),
    (re.compile(r"\s*±\s*"), " plus or minus "),
    (re.compile(r"\s*≈\s*|(?<!\S)~(?=\w)"), " about "),
    (re.compile(r"\s*≤\s*"), " less than or equal to "),
    (re.compile(r"\s*≥\s*"), " greater than or equal to "),
    (re.compile(r"(?<=\w)\s+<\s+(?=\w)"), " is less than "),
    (re.compile(r"(?<=\w)\s+>\s+(?=\w)"), " is greater than "),
    (re.compile(r"§§?\s*"), "section "),
    (re.compile(r"©\s*"), "copyright "),
    (re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), " slash "),
    (re.compile(r"[™®†‡•·*_^|\\~¶]+"), " "),
    (re.compile(r"\s+"), " "),  # long runs would make the rules below slow
    (re.compile(r"\s*-(?:\s*-)+\s*"), " - "),
    (re.compile(r"\s*–\s*"), " - "),
]
_ANY_SIGN = re.compile(r"[&@+#=×÷±≈~≤≥<>§©/™®†‡•·*_^|\\¶–]|- ?-")
"""What each of these has in it: most lines have none of it, and are spared them all."""
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_STOP = re.compile(r" (?=[,;:!?]|\.(?!\.))")


def spoken_text(text: str, language: str = "en") -> str:
    """The words and plain punctuation to be said for a written English `text`.

    Figures become words, common abbreviations are read out, typographic quotes, dashes and ellipses become
    plain ones, white space is collapsed. Letters of any script pass as they are (see `fold_to`).

    Args:
        text: as written.
        language: "en-US" reads 3/4/2021 as March fourth, every other English as the third of April.
    """
    return in_words(clean(text), language)


def in_words(text: str, language: str = "en") -> str:
    """The same for a text that went through `clean` before."""
    text = without_marks(text)
    text = addresses(text)
    text = roman_numerals(abbreviations(text))
    text = dates(text, language.lower() not in ("en", "en-us"))
    if FIGURE.search(text):
        text = figures_to_words(units(labels(old_money(text))))
    text = " ".join(text.split())
    if _ANY_SIGN.search(text):
        for pattern, said in _SIGNS:
            text = pattern.sub(said, text)
    return _SPACE_BEFORE_STOP.sub("", _SPACES.sub(" ", text)).strip()


_NUMBER = re.compile(r"(?<![\w.,:/-])[0-9]{1,12}(?:[.,][0-9]{1,6})?(?![\w]|[.,:/-][0-9])")
_POINT = re.compile("[.,]")


@cache
def has_numbers(language: str) -> bool:
    """Whether numbers of that language can be put into words."""
    return _words("1", language) != "1"


def numbers_in(text: str, language: str) -> str:
    """`text` with plain whole and decimal numbers in words; all that is harder stays as it is."""
    if not has_numbers(language):
        return text
    return _NUMBER.sub(lambda match: _words(match[0], language), text)


@cache
def _words(number: str, language: str) -> str:
    try:
        from num2words import num2words
    except ImportError:
        return number
    if len(number) > 1 and number.startswith("0") and number.isdigit():
        return number  # a telephone number, or an agent's
    value = float(_POINT.sub(".", number)) if _POINT.search(number) else int(number)
    for tag in (language.replace("-", "_"), language.split("-")[0]):
        try:
            return str(num2words(value, lang=tag))
        except (NotImplementedError, KeyError, TypeError, ValueError, OverflowError):
            continue
    return number


class Reader:
    """Makes spoken text of written text.

    Args:
        language: of the script, such as "en" or "de".
        lexicon: overrules the language's readings.
    """

    def __init__(self, language: str = "en", lexicon: Lexicon | None = None):
        self.language = language
        self.lexicon = lexicon or Lexicon()
        self._english = language.lower().split("-")[0] == "en"

    @property
    def note(self) -> str:
        """What the reader cannot do in this language; "" if it can do all."""
        if self._english:
            return ""

        left = "abbreviations and signs are" if has_numbers(self.language) else "figures, abbreviations are"
        hint = "" if has_numbers(self.language) else "; pip install 'csm-cli[languages]' for numbers in words"
        return f"in language {self.language}, {left} left to the model{hint}; the lexicon can spell them out"

    def spoken(self, text: str, speaker: str = "", chapter: int = 0) -> str:
        """What is said for a written text by that character in that chapter."""
        text = self.lexicon.apply(clean(text), speaker, chapter)
        if self._english:
            return in_words(text, self.language)
        text = without_marks(text)
        if re.search("[0-9]", text):
            text = numbers_in(text, self.language)
        return " ".join(text.split())


def reader_for(screenplay: Screenplay) -> Reader:
    """The reader of a script, with the lexicons that hold for it.

    Raises:
        ScriptError: problems in a lexicon.
    """
    folder = Path(screenplay.path).parent
    return Reader(screenplay.language, load_lexicon(folder, [folder / name for name in screenplay.lexicon]))
