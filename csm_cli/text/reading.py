"""How the lines of a script are read: its lexicon, then what its language has for figures and signs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.text.clean import clean, without_marks
from csm_cli.text.lexicon import Lexicon
from csm_cli.text.lexicon_files import load_lexicon
from csm_cli.text.spoken import in_words

if TYPE_CHECKING:
    from csm_cli.script import Screenplay


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
        from csm_cli.text.languages import has_numbers

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
            from csm_cli.text.languages import numbers_in

            text = numbers_in(text, self.language)
        return " ".join(text.split())


def reader_for(screenplay: Screenplay) -> Reader:
    """The reader of a script, with the lexicons that hold for it.

    Raises:
        ScriptError: problems in a lexicon.
    """
    folder = Path(screenplay.path).parent
    return Reader(screenplay.language, load_lexicon(folder, [folder / name for name in screenplay.lexicon]))
