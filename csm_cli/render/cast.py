"""The cast of a script and its voices: which voice, which speaker tag, which reference the model hears.

A model is told who speaks by a tag alone, the number in `[0]text`. csm-1b knows nobody by tag: a reference
recording under the same tag makes the voice. A model trained on certain speakers (the demo model) knows those
tags and needs, and understands, no other reference.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.engine import Segment
from csm_cli.screenplay import Screenplay
from csm_cli.voices.codes import reference_codes
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.voice import Voice

if TYPE_CHECKING:
    from csm_cli.engine import Engine


def find_voice(registry: VoiceRegistry, name: str, where: str | None = None) -> Voice:
    """The voice of that name; for "" the shipped voice with the lowest tag, the same on every machine.

    Raises:
        MissingError: there is none.
    """
    if name:
        return registry.get(name, where=where)
    shipped = [voice for voice in registry.all() if voice.layer == "shipped"]
    if shipped:
        return min(shipped, key=lambda voice: voice.speaker)
    return Voice("", 0, "", None, "", "", "shipped", Path())


def find_voices(screenplay: Screenplay) -> dict[str, Voice]:
    """The voices of a cast by the names it gives them. A script's own folder is its project.

    Raises:
        MissingError: a voice that is not there, with the place in the script that names it.
    """
    registry = VoiceRegistry(Path(screenplay.path).parent)
    cast = screenplay.cast.values()
    return {member.voice: find_voice(registry, member.voice, str(member.source)) for member in cast}


def cast_tags(
    screenplay: Screenplay, voices: Mapping[str, Voice], trained: Collection[int] = ()
) -> dict[str, int]:
    """The speaker tag of every character.

    A tag that the script sets wins. Otherwise it is the voice's own; but where the tag is no more than a
    name, two voices never share one: the later moves to the lowest free tag.

    Args:
        screenplay: whose cast.
        voices: from `find_voices`.
        trained: tags that the model was trained on, if it knows its speakers by them. One of those stands in
            for a voice with another tag.
    """
    cast = screenplay.cast.values()
    holders = {member.speaker: member.voice for member in cast if member.speaker is not None}
    own: dict[str, int] = {}
    for name in dict.fromkeys(member.voice for member in cast if member.speaker is None):
        tag = voices[name].speaker
        if trained:
            tag = stand_in(tag, trained)
        elif holders.get(tag, name) != name:
            tag = next(free for free in count() if free not in holders)
        own[name] = tag
        holders[tag] = name
    return {member.name: own[member.voice] if member.speaker is None else member.speaker for member in cast}


def stand_in(tag: int, trained: Collection[int]) -> int:
    """`tag` itself if the model was trained on it, else one that it was, always the same."""
    return tag if tag in trained else sorted(trained)[tag % len(trained)]


def references(
    engine: Engine, tags: Mapping[str, int], screenplay: Screenplay, voices: Mapping[str, Voice]
) -> dict[int, Segment]:
    """What the model hears first, by speaker tag: the reference of every voice that is cast and has one."""
    found: dict[int, Segment] = {}
    for name in dict.fromkeys(line.speaker for line in screenplay.lines):
        voice = voices[screenplay.cast[name].voice]
        if voice.audio is not None and tags[name] not in found:
            found[tags[name]] = Segment(tags[name], voice.text, reference_codes(voice, engine))
    return found
