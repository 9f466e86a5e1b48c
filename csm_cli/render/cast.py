"""The cast of a script and its voices: which voice, which clip of it, and the reference it is taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from csm_cli.core.errors import MissingError
from csm_cli.engine import Segment
from csm_cli.render.tags import line_tags
from csm_cli.script import Line, Screenplay
from csm_cli.voices.codes import Encoder, reference_codes
from csm_cli.voices.names import as_label
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.voice import Voice


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
        found.setdefault(name, voice.heard_as(label))
        return replace(line, voice=name, style=label)

    chapters = tuple(
        replace(
            chapter,
            items=tuple(chosen(item) if isinstance(item, Line) else item for item in chapter.items),
        )
        for chapter in screenplay.chapters
    )
    cast = {
        member.name: replace(member, styles=member.styles | _clips_of(member.voice, found))
        for member in screenplay.cast.values()
    }
    return replace(screenplay, cast=cast, chapters=chapters), found


def _clips_of(voice: str, found: Mapping[str, Voice]) -> dict[str, str]:
    """The styles that were chosen among the clips of a voice."""
    return {name.partition("/")[2]: name for name in found if voice and name.startswith(f"{voice}/")}


References = Mapping[tuple[int, str], Segment]
"""What the model hears first, by the speaker tag and the voice of the line."""


def references(
    engine: Encoder,
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
