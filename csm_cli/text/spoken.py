"""What is written, as it is said in English; what is displayed stays as written."""

from __future__ import annotations

import re

from csm_cli.text.abbreviations import abbreviations
from csm_cli.text.amounts import FIGURE, figures_to_words
from csm_cli.text.clean import clean, without_marks
from csm_cli.text.dates import dates
from csm_cli.text.labels import labels
from csm_cli.text.old_money import old_money
from csm_cli.text.roman import roman_numerals
from csm_cli.text.units import units
from csm_cli.text.web import addresses

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
