"""Written text → spoken text, and long text → pieces. No model is needed for either."""

from csm_cli.text.characters import fold_to
from csm_cli.text.lexicon import Entry, Lexicon
from csm_cli.text.reading import Reader, reader_for, spoken_text
from csm_cli.text.split import split_text

__all__ = ["Entry", "Lexicon", "Reader", "fold_to", "reader_for", "split_text", "spoken_text"]
