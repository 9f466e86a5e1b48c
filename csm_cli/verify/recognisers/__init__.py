"""Speech to text, for checks: transcripts of recordings, and their agreement with a text."""

from csm_cli.verify.alignment import Agreement, agreement, words_of
from csm_cli.verify.recognisers.loading import load_recogniser
from csm_cli.verify.recognisers.recogniser import Aligning, Recogniser, Weighing

__all__ = ["Agreement", "Aligning", "Recogniser", "Weighing", "agreement", "load_recogniser", "words_of"]
