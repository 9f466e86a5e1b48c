"""Speech to text, for checks: transcripts of recordings, and their agreement with a text."""

from csm_cli.verify.alignment import Agreement, agreement, words_of
from csm_cli.verify.recognisers.loading import load_recogniser
from csm_cli.verify.recognisers.recogniser import Recogniser, Weighing

__all__ = ["Agreement", "Recogniser", "Weighing", "agreement", "load_recogniser", "words_of"]
