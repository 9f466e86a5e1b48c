"""Text normalisation: written text to its spoken form, by a lexicon and the rules of the language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.script.names import Names
from csm_cli.text.abbreviations import abbreviations
from csm_cli.text.amounts import FIGURE, figures_to_words
from csm_cli.text.characters import clean, without_marks
from csm_cli.text.dates import dates
from csm_cli.text.lexicon import Lexicon
from csm_cli.text.lexicon_files import load_lexicon
from csm_cli.text.numbers import has_numbers, numbers_in, roman_numerals
from csm_cli.text.units import labels, old_money, units

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
    (re.compile(r"\s+"), " "),  # long runs would make the next rules slow
    (re.compile(r"\s*-(?:\s*-)+\s*"), " - "),
    (re.compile(r"\s*–\s*"), " - "),
]
_ANY_SIGN = re.compile(r"[&@+#=×÷±≈~≤≥<>§©/™®†‡•·*_^|\\¶–]|- ?-")
"""A character that every match of `_SIGNS` contains: a text without one skips them."""
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_STOP = re.compile(r" (?=[,;:!?]|\.(?!\.))")


_TLD = "com|org|net|edu|gov|io|co|uk|de|fr|eu|us|ca|au|info|biz|tv|me|dev|app|ai|int|example"
_EMAIL = re.compile(r"(?<![\w.])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+(?<![.-])")
_URL = re.compile(
    rf"(?:https?://|(?<![\w.@])www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]]"
    rf"|(?<![\w.@/])(?:[a-z0-9-]{{2,63}}\.)+(?:{_TLD})(?![\w.-]*\w)(?:/[^\s<>\"']*[^\s<>\"'.,;:!?)\]])?"
)
_HANDLE = re.compile(r"(?<![\w@#])([@#])([A-Za-z]\w*)")
_MARKS = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "?": "question mark",
    "&": "and",
    "#": "hash",
    "%": "percent",
    ":": "colon",
    "~": "tilde",
}


def addresses(text: str) -> str:
    """`text` with e-mail addresses, URLs, handles and hashtags in words; figures are left for later rules."""
    if "@" in text or "#" in text:
        text = _EMAIL.sub(lambda match: _spelled(match[0]), text)
        text = _HANDLE.sub(lambda match: f"{'at' if match[1] == '@' else 'hashtag'} {match[2]}", text)
    if "." in text:
        text = _URL.sub(_url, text)
    return text


def _url(match: re.Match[str]) -> str:
    address = re.sub(r"^https?://(?:www\.)?", "", match[0]).rstrip("/")
    if address.startswith("www."):
        address = f"w w w{address[3:]}"
    return _spelled(address)


def _spelled(address: str) -> str:
    words = re.sub(r"[^\w\s]|_", lambda mark: f" {_MARKS.get(mark[0], ' ')} ", address)
    return " ".join(words.split())


def spoken_text(text: str, language: str = "en") -> str:
    """The spoken form of a written English `text`: words and plain punctuation.

    Figures and common abbreviations become words, typographic quotes, dashes and ellipses plain ones; white
    space is collapsed. Letters of any script are unchanged (see `fold_to`).

    Args:
        text: as written.
        language: 3/4/2021 is March fourth in "en" and "en-US", the third of April in any other English.
    """
    return in_words(clean(text), language)


def in_words(text: str, language: str = "en") -> str:
    """`spoken_text` of a text that is `clean` already."""
    text = without_marks(text)
    text = addresses(text)
    text = roman_numerals(abbreviations(text))
    text = dates(text, language.lower() not in ("en", "en-us"))
    if FIGURE.search(text):
        text = figures_to_words(units(labels(old_money(text))))
    text = " ".join(text.split())
    if _ANY_SIGN.search(text):
        for pattern, words in _SIGNS:
            text = pattern.sub(words, text)
    return _SPACE_BEFORE_STOP.sub("", _SPACES.sub(" ", text)).strip()


class Normaliser:
    """Text normalisation for a script.

    Args:
        language: tag such as "en" or "de"; the rules for figures, abbreviations and signs are English only.
        lexicon: applied before the rules of the language.
    """

    def __init__(self, language: str = "en", lexicon: Lexicon | None = None):
        self.language = language
        self.lexicon = lexicon or Lexicon()
        self._english = language.lower().split("-")[0] == "en"

    @property
    def note(self) -> str:
        """A warning about what is not normalised in this language; "" for English."""
        if self._english:
            return ""
        left = "abbreviations and signs are" if has_numbers(self.language) else "figures, abbreviations are"
        hint = "" if has_numbers(self.language) else "; pip install 'csm-cli[languages]' for numbers in words"
        return f"in language {self.language}, {left} left to the model{hint}; the lexicon can spell them out"

    def normalise(self, text: str, speaker: str = "", chapter: int = 0) -> str:
        """The spoken form of a written text; speaker and chapter select lexicon entries."""
        text = self.lexicon.apply(clean(text), speaker, chapter)
        if self._english:
            return in_words(text, self.language)
        text = without_marks(text)
        if re.search("[0-9]", text):
            text = numbers_in(text, self.language)
        return " ".join(text.split())


def normaliser_for(screenplay: Screenplay) -> Normaliser:
    """The normaliser of a script, with its lexicons.

    Raises:
        ScriptError: problems in a lexicon.
    """
    folder = Path(screenplay.path).parent
    named = [folder / name for name in screenplay.lexicon]
    lexicon = load_lexicon(folder, named, Names.of(screenplay.cast))
    return Normaliser(screenplay.language, lexicon)
