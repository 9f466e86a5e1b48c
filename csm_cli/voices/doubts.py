"""What is doubtful about a voice beside the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from csm_cli.core.errors import CsmError
from csm_cli.voices.places import Layer, exists
from csm_cli.voices.store import NewClip, same
from csm_cli.voices.voice import Voice, load_voice


def doubts(
    voice: Voice, clips: Sequence[NewClip], others: Mapping[int, str], layers: Iterable[tuple[Layer, Path]]
) -> tuple[str, ...]:
    """What its owner should know of a voice that was registered, one line each.

    Args:
        clips: those of the voice.
        others: names of the other voices by their tags.
        layers: the folders of voices.
    """
    found = []
    if voice.speaker in others:
        found.append(
            f"speaker {voice.speaker} is also {others[voice.speaker]!r}; cast together, one gets another"
        )
    homes = dict(layers)
    other: Layer = "user" if voice.layer == "project" else "project"
    if other in homes and exists(homes[other] / voice.name):
        there = sound_voice(homes[other] / voice.name, other)
        if there is None or not same(there, clips):
            found.append(
                f"the project has its own {voice.name!r}, which is used before this one"
                if other == "project"
                else f"there is another {voice.name!r} among your own voices; here, this one is used"
            )
    return tuple(found)


def sound_voice(folder: Path, layer: Layer) -> Voice | None:
    """The voice in a folder; None if it is damaged."""
    with suppress(CsmError):
        return load_voice(folder, layer)
    return None
