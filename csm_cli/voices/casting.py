"""Gives every character that speaks and has no voice one of the shipped voices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from csm_cli.script.document import NARRATOR, CastMember, Line, Screenplay
from csm_cli.voices.registry import VoiceRegistry

DEFAULT_VOICE = "heart"
"""The voice of a script that names none; the narrator's."""


def shipped_genders() -> dict[str, str]:
    """Names of the shipped voices, in the order of their tags, with "m", "f" or "" for their gender."""
    shipped = [voice for voice in VoiceRegistry().all() if voice.layer == "shipped"]
    kinds = {"man": "m", "woman": "f"}
    found = {}
    for voice in sorted(shipped, key=lambda voice: voice.speaker):
        words = voice.note.lower().replace(",", " ").split()
        found[voice.name] = next((kinds[word] for word in words if word in kinds), "")
    return found


def assign_voices(
    play: Screenplay, genders: Mapping[str, str], voices: Mapping[str, str] | None = None
) -> Screenplay:
    """The screenplay with a voice for every character that speaks and has none.

    Those who speak most choose first, a voice of their gender if there is one left, else any that is left.
    When none is left, voices are shared, those first that speak least. The narrator has the default voice.

    Args:
        play: the script.
        genders: "m" or "f" by the character's name, where it is known.
        voices: gender by the name of the voice; None: the shipped voices.
    """
    there = shipped_genders() if voices is None else dict(voices)
    if not there:
        return play
    said: Counter[str] = Counter()
    for line in play.lines:
        said[line.speaker] += len(line.text.split())
    words = dict.fromkeys(there, 0)
    cast = dict(play.cast)
    for member in cast.values():
        if member.voice in words:
            words[member.voice] += max(said[member.name], 1)
    first = [NARRATOR] if NARRATOR in said else []
    for name in [*first, *(name for name, _ in said.most_common() if name != NARRATOR)]:
        member = cast.get(name) or CastMember(name, "", None, play.lines[0].source)
        if member.voice:
            continue
        usual = DEFAULT_VOICE if name == NARRATOR and not words.get(DEFAULT_VOICE, 1) else ""
        voice = usual or _choose(genders.get(name, ""), there, words)
        words[voice] += max(said[name], 1)
        cast[name] = replace(member, voice=voice)
    order = {name: cast[name] for name in (*first, *cast)}
    return _voiced(replace(play, cast=order))


def _choose(gender: str, voices: Mapping[str, str], words: Mapping[str, int]) -> str:
    """The voice for a character of a gender, by how many words each voice has so far."""
    free = [name for name in voices if not words[name]]
    fitting = [name for name in free if gender and voices[name] == gender]
    if fitting:
        return fitting[0]
    if free:  # the kind of voice of which more are left
        counts = Counter(voices[name] for name in free)
        return max(free, key=lambda name: counts[voices[name]])
    same = [name for name in voices if not gender or voices[name] == gender] or list(voices)
    return min(same, key=lambda name: words[name])


def _voiced(play: Screenplay) -> Screenplay:
    """The screenplay with the voices of its cast in the lines that had none."""
    chapters = tuple(
        replace(
            chapter,
            items=tuple(
                replace(item, voice=play.cast_voice(chapter, item.speaker))
                if isinstance(item, Line) and not item.voice
                else item
                for item in chapter.items
            ),
        )
        for chapter in play.chapters
    )
    return replace(play, chapters=chapters)
