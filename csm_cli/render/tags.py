"""Speaker tags: the number that stands for a character in the model's prompt, `[0]text`.

For csm-1b a tag is a name and no more: the reference recording under the same tag makes the voice. A model
with shipped voices was trained on each of them under its own tag, 0 to N - 1. Those tags are for these voices
alone; every other voice has one from N up, and is taken from its reference.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from itertools import count

from csm_cli.script import CastMember, Screenplay
from csm_cli.voices.voice import Voice

LAST_TRAINED = 99
"""Of the tags of other voices, on a model with shipped voices: none of three digits was seen in training."""


def cast_tags(screenplay: Screenplay, voices: Mapping[str, Voice], shipped: int = 0) -> dict[str, int]:
    """The speaker tag of every character.

    A tag that the script sets wins. Otherwise it is the voice's own, where that may be used; but two
    characters never share one, not even in one voice: the later moves to the lowest free tag. A voice without
    a clip is nothing but its tag, and has one in all.

    Args:
        screenplay: whose cast.
        voices: from `find_voices`.
        shipped: how many shipped voices the model was trained on.
    """
    cast = screenplay.cast.values()
    tags = {member.name: member.speaker for member in cast if member.speaker is not None}
    taken = set(tags.values())
    bare: dict[str, int] = {}
    for member in cast:
        voice = voices[member.voice]
        if member.speaker is not None:
            continue
        if voice.audio is None and member.voice in bare:
            tags[member.name] = bare[member.voice]
        else:
            tag = _free_tag(voice, taken, shipped)
            tags[member.name] = bare[member.voice] = tag
            taken.add(tag)
    return {member.name: tags[member.name] for member in cast}


def line_tags(
    screenplay: Screenplay, voices: Mapping[str, Voice], tags: Mapping[str, int], shipped: int = 0
) -> dict[tuple[str, str], int]:
    """The speaker tags of lines that are spoken in another voice than their character's usual one.

    A style of a character is the same person, and keeps the tag, unless one of the two is a shipped voice
    that the model knows by its tag. Any other voice has the tag of the character it belongs to, else one of
    its own.

    Args:
        screenplay, voices, shipped: as for `cast_tags`.
        tags: from `cast_tags`.

    Returns:
        tag by (character, voice), where it is not the character's.
    """

    def keeps(member: CastMember, name: str) -> bool:
        usual, other = (_own_tag(voices[each], shipped) for each in (member.voice, name))
        tied = other in range(shipped) or (usual in range(shipped) and tags[member.name] == usual)
        return name == member.voice or (name in member.voices and not tied)

    cast = screenplay.cast.values()
    owners = {name: tags[member.name] for member in cast for name in member.voices if keeps(member, name)}
    found: dict[tuple[str, str], int] = {}
    for line in screenplay.lines:
        member, key = screenplay.cast[line.speaker], (line.speaker, line.voice)
        if key in found or keeps(member, line.voice):
            continue
        if line.voice not in owners:
            owners[line.voice] = _free_tag(voices[line.voice], {*tags.values(), *owners.values()}, shipped)
        found[key] = owners[line.voice]
    return found


def _free_tag(voice: Voice, taken: Container[int], shipped: int) -> int:
    """The voice's own tag if it may have it and nobody else has, else the lowest that is free."""
    own = _own_tag(voice, shipped)
    if own is not None and own not in taken:
        return own
    return next(free for free in count(shipped) if free not in taken)


def _own_tag(voice: Voice, shipped: int) -> int | None:
    """The voice's usual tag; None if it cannot have that on a model with `shipped` voices."""
    tag = voice.speaker
    if tag < shipped:
        # Without a clip there is nothing to take another voice from: it stands for the shipped one.
        return tag if voice.layer == "shipped" or voice.audio is None else None
    return None if shipped and tag > LAST_TRAINED else tag
