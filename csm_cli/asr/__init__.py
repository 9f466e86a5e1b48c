"""Speech to text, for checking: what was heard in a recording, and how far that agrees with a text."""

from csm_cli.asr.recogniser import Recogniser, Weighing, load_recogniser
from csm_cli.asr.words import Agreement, agreement, words_of

__all__ = ["Agreement", "Recogniser", "Weighing", "agreement", "load_recogniser", "words_of"]
