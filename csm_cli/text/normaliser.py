"""Text normalisation: written text to its spoken form, by a lexicon and the rules of the language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.script.names import Names
from csm_cli.text.abbreviations import abbreviations
from csm_cli.text.addresses import addresses
from csm_cli.text.amounts import FIGURE, figures_to_words, grouped
from csm_cli.text.angles import angles, directions
from csm_cli.text.characters import GROUP_SPACE, clean, without_marks
from csm_cli.text.dates import dates
from csm_cli.text.labels import labels
from csm_cli.text.lexicon import Lexicon
from csm_cli.text.lexicon_files import load_lexicon
from csm_cli.text.money import money
from csm_cli.text.numbers import has_numbers, numbers_in, spell_endless
from csm_cli.text.roman import roman_numerals
from csm_cli.text.scores import per
from csm_cli.text.signs import paired_signs, signs
from csm_cli.text.units import units
from csm_cli.text.unread import unread

if TYPE_CHECKING:
    from csm_cli.script import Screenplay

_NUMBER_WORD = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_BEGINS = re.compile(
    rf"(?<=[a-z][a-z][.!?])(\"?[\])]? [\"(]?)({_NUMBER_WORD})(?!\w)|(?<=\bno\.)( )({_NUMBER_WORD})(?!\w)",
    re.I,
)


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
    text = without_marks(text.replace(GROUP_SPACE, ","))
    text = addresses(paired_signs(text))
    text = roman_numerals(abbreviations(directions(text)))
    text = dates(text, language.lower() not in ("en", "en-us"))
    if FIGURE.search(text):
        text = figures_to_words(units(labels(money(per(angles(grouped(spell_endless(text))))))))
        text = _BEGINS.sub(_begin, text)
    return signs(" ".join(text.split()))


def _begin(match: re.Match[str]) -> str:
    """A number in words begins with a capital where a sentence begins."""
    space, word = match[1] or match[3], match[2] or match[4]
    return f"{space}{word[0].upper()}{word[1:]}"


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
        text = without_marks(text.replace(GROUP_SPACE, "")).replace("→", " ")
        if re.search("[0-9]", text):
            text = numbers_in(text, self.language)
        return " ".join(text.split())

    def unread(self, text: str, spoken: str, speaker: str = "", chapter: int = 0) -> tuple[str, ...]:
        """The figures and words of an English text that `spoken` lacks, but for what the lexicon replaces."""
        if not self._english:
            return ()
        entries = self.lexicon.used(clean(text), speaker, chapter)
        return tuple(unread(text, spoken, [entry.word for entry in entries]))


def normaliser_for(screenplay: Screenplay) -> Normaliser:
    """The normaliser of a script, with its lexicons.

    Raises:
        ScriptError: problems in a lexicon.
    """
    folder = Path(screenplay.path).parent
    named = [folder / name for name in screenplay.lexicon]
    lexicon = load_lexicon(folder, named, Names.of(screenplay.cast))
    return Normaliser(screenplay.language, lexicon)
