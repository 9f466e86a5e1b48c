"""What a script needs beside its words: sounds, tags that are free, a model that speaks its language."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from csm_cli.core.errors import CsmError
from csm_cli.script.document import Bed, Screenplay, Sound
from csm_cli.script.problems import Source, shown

_NAMES = {"eng": "en", "english": "en"}
"""Languages as model cards call them, beside their tags."""


def sound_faults(play: Screenplay) -> Iterator[tuple[Source, str]]:
    """Sounds and beds of a script that cannot be played: (place, message); each file is looked at once."""
    looked: dict[str, str] = {}
    for chapter in play.chapters:
        for item in chapter.items:
            if isinstance(item, Sound | Bed):
                if item.path not in looked:
                    looked[item.path] = _sound_fault(Path(item.path))
                if fault := looked[item.path]:
                    yield item.source, f'the sound "{shown(item.file)}" {fault}'


def _sound_fault(path: Path) -> str:
    """What is wrong with a sound file: by its header, or by decoding it where that says nothing."""
    from csm_cli.audio.files import audio_seconds, read_audio

    try:
        if not audio_seconds(path):
            read_audio(path)
    except CsmError as error:
        return f"{error.what}; {error.remedy}" if error.remedy else error.what
    return ""


def tag_doubts(play: Screenplay, own: Mapping[str, int], shipped: int) -> Iterator[tuple[Source, str]]:
    """Characters whose speaker tag is that of a shipped voice, but not theirs: (place, message).

    Args:
        play: the script.
        own: tags of the shipped voices, by the names that the cast uses.
        shipped: number of shipped voices that the model was trained on; they have the lowest tags.
    """
    for member in play.cast.values():
        tag = member.speaker
        if tag is not None and tag < shipped and own.get(member.voice) != tag:
            yield (
                member.source,
                f"speaker {tag} of {shown(member.name)} is a shipped voice's on this model, "
                f"which will be heard in it; give {shipped} to 99, or leave it out",
            )


def language_fault(play: Screenplay, spoken: Collection[str]) -> str:
    """What is wrong with a script's language, for a model that speaks only some; "" if nothing is.

    Args:
        play: the script.
        spoken: tags of the languages that the model speaks, such as "en"; none: it does not say.
    """
    known = {plain_language(tag) for tag in spoken}
    if not known or plain_language(play.language) in known:
        return ""
    return (
        f"the language is {shown(play.language)}, and the model speaks {', '.join(sorted(known))} only; "
        "choose another --model, or correct `language` in the script"
    )


def plain_language(tag: str) -> str:
    """A language without region and script: "en" of "en-US", "en_GB", "eng"."""
    first = tag.strip().lower().replace("_", "-").partition("-")[0]
    return _NAMES.get(first, first)
