"""A person's word on takes: pinned, let go, chosen, or brought from outside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from csm_cli.audio.files import SAMPLE_RATE, read_audio, to_pcm16
from csm_cli.core.types import Sampler
from csm_cli.editing.lines import ScriptLine, ScriptTakes
from csm_cli.takes import ModelIdentity, Part, Take
from csm_cli.takes.keys import imported_take_id
from csm_cli.takes.place import in_use
from csm_cli.takes.take import now
from csm_cli.verify.signal import sound_problems


def pin(script: ScriptTakes, line: ScriptLine, take: Take) -> Take:
    """Pin a take: every rendering uses it, whatever changes around it. It replaces another pin of the line.

    Raises:
        CsmError: it cannot be written.
    """
    for other in script.takes_of(line):
        if line.place in other.pins and other.id != take.id:
            script.store.update(replace(other, pins=_without(other, line)))
    pinned = script.store.update(replace(take, pins=(*_without(take, line), line.place)))
    script.use(line, pinned)
    return pinned


def unpin(script: ScriptTakes, line: ScriptLine) -> Take | None:
    """Let a line go again; it keeps using the take until something better is found by a rendering.

    Returns:
        The take that was pinned; None if there was none.

    Raises:
        CsmError: it cannot be written.
    """
    freed = None
    for take in script.takes_of(line):
        if line.place in take.pins:
            freed = script.store.update(replace(take, pins=_without(take, line)))
    return freed


def choose(script: ScriptTakes, line: ScriptLine, take: Take) -> Take:
    """Let a line use a take until its text changes, or strict lineage or another choice replaces it."""
    chosen = script.store.update(replace(take, chosen={**take.chosen, line.place: now()}))
    script.use(line, chosen)
    return chosen


def import_recording(script: ScriptTakes, line: ScriptLine, file: Path) -> tuple[Take, tuple[str, ...]]:
    """Make a recording the pinned take of a line. Its codes are made when it becomes context.

    Args:
        file: any audio format.

    Returns:
        (the take; what is doubtful about the recording, in plain words).

    Raises:
        MissingError, UsageError: the file is not there or cannot be read.
        CsmError: the take cannot be written.
    """
    return import_sound(script, line, read_audio(file, SAMPLE_RATE))


def import_sound(script: ScriptTakes, line: ScriptLine, sound: np.ndarray) -> tuple[Take, tuple[str, ...]]:
    """As `import_recording`, of float32 mono `[samples]` at 24 kHz."""
    planned = line.planned
    voice = replace(planned.request.voice, hash="")
    request = replace(
        planned.request, voice=voice, model=ModelIdentity("", "", ""), sampler=Sampler(), turns=0
    )
    name = imported_take_id(request, to_pcm16(sound).tobytes())
    part = Part(request.spoken, planned.seed, 0, int(sound.size))
    take = Take(name, "imported", request, (), (part,), (), now(), rate=SAMPLE_RATE)
    with in_use(script.job.takes):  # until the sidecar lies there, a clean-up would see leftovers
        if (there := script.store.load(name)) is None:
            there = script.store.save(take, [], [sound])
        return pin(script, line, there), sound_problems(sound, SAMPLE_RATE)


def _without(take: Take, line: ScriptLine) -> tuple[str, ...]:
    return tuple(place for place in take.pins if place != line.place)
