"""The cast of a script: which voice and clip, which speaker tag, and the reference segment.

A tag is the number that stands for a character in the model's prompt, `[0]text`. For csm-1b it is a name and
no
more: the reference under the same tag makes the voice. A model with shipped voices was trained on each of
them under its own tag, 0 to N - 1. Those tags are for these voices alone; every other voice has one from N
up, and is taken from its reference.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from csm_cli.core.errors import MissingError
from csm_cli.core.types import Segment
from csm_cli.script import CastMember, Line, Screenplay
from csm_cli.voices.codes import VoiceEncoder, reference_codes
from csm_cli.voices.names import as_label
from csm_cli.voices.registry import VoiceRegistry
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
    that the model was trained on under its tag. Any other voice has the tag of the character it belongs to,
    else one of its own.

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
    found: dict[str, Voice] = {}
    missing: list[MissingError] = []
    for voice, source in screenplay.voices.items():
        try:
            found[voice] = find_voice(registry, voice, str(source))
        except MissingError as error:
            missing.append(error)
    if missing[1:]:
        first, more = missing[0], f"{len(missing) - 1} more: csm lint lists them"
        raise MissingError(first.what, where=first.where, remedy=f"{first.remedy} (and {more})")
    if missing:
        raise missing[0]
    return found


def with_clips(screenplay: Screenplay, voices: Mapping[str, Voice]) -> tuple[Screenplay, dict[str, Voice]]:
    """A script in which lines whose delivery note names a clip of their voice, `(angry)`, are spoken with it.

    A style that the script itself sets wins; a note that names no clip is left for people.

    Args:
        screenplay: the script.
        voices: from `find_voices`.

    Returns:
        (the script; the voices, with the clips that were chosen as voices of their own: `anna/angry`).
    """
    found = dict(voices)

    def chosen(line: Line) -> Line:
        voice = found[line.voice]
        labels = () if line.style or "/" in line.voice else (as_label(note) for note in line.notes)
        label = next((label for label in labels if label and label in voice.labels), None)
        if label is None:
            return line
        name = f"{voice.name}/{label}"
        found.setdefault(name, voice.with_clip(label))
        return replace(line, voice=name, style=label)

    chapters = tuple(chapter.with_lines(chosen) for chapter in screenplay.chapters)
    cast = {
        member.name: replace(member, styles=member.styles | _clips_of(member.voice, found))
        for member in screenplay.cast.values()
    }
    return replace(screenplay, cast=cast, chapters=chapters), found


def _clips_of(voice: str, found: Mapping[str, Voice]) -> dict[str, str]:
    """The styles that were chosen among the clips of a voice."""
    return {name.partition("/")[2]: name for name in found if voice and name.startswith(f"{voice}/")}


def references(
    engine: VoiceEncoder,
    tags: Mapping[str, int],
    screenplay: Screenplay,
    voices: Mapping[str, Voice],
    shipped: int = 0,
) -> dict[tuple[int, str], Segment]:
    """The reference of every voice that speaks a line and has one; tags and `shipped` as for `line_tags`."""
    others = line_tags(screenplay, voices, tags, shipped)
    found: dict[tuple[int, str], Segment] = {}
    for speaker, name in dict.fromkeys((line.speaker, line.voice) for line in screenplay.lines):
        voice, tag = voices[name], others.get((speaker, name), tags[speaker])
        if voice.audio is not None and (tag, name) not in found:
            found[tag, name] = Segment(tag, voice.text, reference_codes(voice, engine))
    return found
