"""Who says the quotations of a book: speakers found from what stands beside them."""

from csm_cli.script.attribution.joining import gender_of_name
from csm_cli.script.attribution.model import attribute_with
from csm_cli.script.attribution.speakers import WHO, Guesses, guess_speakers

__all__ = ["WHO", "Guesses", "attribute_with", "gender_of_name", "guess_speakers"]
