"""Text before synthesis: normalisation, lexicons, splitting into utterances."""

from csm_cli.text.characters import fold_to
from csm_cli.text.lexicon import Entry, Lexicon
from csm_cli.text.normaliser import Normaliser, normaliser_for, spoken_text
from csm_cli.text.split import split_text

__all__ = ["Entry", "Lexicon", "Normaliser", "fold_to", "normaliser_for", "split_text", "spoken_text"]
