"""Speech to text, for checking: what was heard in a recording, and how far that agrees with a text."""

from csm_cli.verify.alignment import Agreement, agreement, words_of
from csm_cli.verify.recognisers.recogniser import Recogniser, Weighing, load_recogniser

__all__ = ["Agreement", "Recogniser", "Weighing", "agreement", "load_recogniser", "words_of"]
