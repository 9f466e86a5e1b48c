"""`csm import --guess-speakers`: speakers and voices for a book's quotations, and what is said about them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from csm_cli.cli import console
from csm_cli.cli.console import count

if TYPE_CHECKING:
    from csm_cli.script.attribution import Guesses
    from csm_cli.script.document import Screenplay

KEYS = ("CSM_ATTRIBUTE_KEY", "OPENAI_API_KEY")
"""Environment variables for the key of a language model; the first that is set counts."""


def guess_cast(play: Screenplay, url: str | None, model: str) -> Guesses:
    """Assign quotations to speakers, and voices to these.

    Args:
        play: the book.
        url: of a language model that is asked too, or None.
        model: its name at the server.

    Raises:
        UsageError: the URL is none.
    """
    from dataclasses import replace

    from csm_cli.script.attribution import attribute_with, guess_speakers
    from csm_cli.voices.casting import assign_voices

    if url:
        key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "")
        guesses = attribute_with(play, url, key=key, model=model)
    else:
        guesses = guess_speakers(play)
    if not guesses.guessed:
        return guesses
    return replace(guesses, screenplay=assign_voices(guesses.screenplay, guesses.genders))


def report(guesses: Guesses) -> None:
    """Print how many quotations were assigned, and how many are doubtful."""
    for note in guesses.notes:
        console.note(note)
    text = f"guessed who says {guesses.guessed} of {count(guesses.quotes, 'quotation')}"
    if guesses.doubtful:
        text += f"; {guesses.doubtful} of them marked (who?), csm lint lists them"
    console.note(f"{text}: check them")
