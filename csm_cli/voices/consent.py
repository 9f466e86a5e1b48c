"""What the files say of the voices in them: that a machine speaks, in whose voice, and on what terms."""

from __future__ import annotations

from collections.abc import Iterable

from csm_cli.voices.voice import Voice

NOTHING_NOTED = "no licence or consent noted"
MAX_CHARACTERS = 240
"""Of what is said of one voice: a tag is no place for a contract."""


def statement(voices: Iterable[Voice]) -> str:
    """The voices of a rendering with licence and consent, each person once; "" if none has a name.

    For example: "Voices: anna (for this book alone; Anna Berg agreed, March 2026), zoe (CC0)".
    """
    said = {}
    for voice in voices:
        if voice.name and voice.audio is not None:
            terms = "; ".join(part.rstrip(" .;") for part in (voice.licence, voice.consent) if part.strip())
            said[voice.name] = f"{voice.name} ({_short(terms) or NOTHING_NOTED})"
    return f"Voices: {', '.join(said[name] for name in sorted(said))}" if said else ""


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1].rstrip() + "…"
