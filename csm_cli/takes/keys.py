"""The names of takes: hashes of what can change the sound, and of nothing else.

    content   model, sampler, voice, spoken text
    slot      content, seed, number among equal lines, turns of context: a line as planned, in any context
    key       content, seed and the takes in the context, in order: gives the same sound again
    take      what was really spoken: like a key, with each part's own text, seed and context

A line's place in the script, its file's name, pauses, gains, speeds and titles are in none of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from csm_cli.core.types import Sampler

KEY_SCHEMA = 1
"""Counts up whenever the same request would be spoken differently."""
LINE_ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
LINE_ID_LENGTH = 7


def digest(value: Any) -> str:
    """A name of 20 hexadecimal digits for a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def line_id(speaker: str, text: str, occurrence: int) -> str:
    """A line's stable name: it stays when other lines come, go or move.

    Args:
        speaker: the character.
        text: as written.
        occurrence: how many times this speaker said exactly this before, from 0.
    """
    number = int.from_bytes(
        hashlib.sha256(f"{speaker}\x1f{text}\x1f{occurrence}".encode()).digest()[:8], "big"
    )
    return "".join(LINE_ID_LETTERS[number >> 5 * place & 31] for place in range(LINE_ID_LENGTH))


@dataclass(frozen=True)
class ModelIdentity:
    """Which weights spoke, in what numbers.

    Args:
        id: what the user called it; not in the key.
        revision: hash of the checkpoint's files.
        dtype: number type of backbone and depth decoder, such as "float32".
    """

    id: str
    revision: str
    dtype: str


@dataclass(frozen=True)
class VoiceIdentity:
    """Which voice speaks.

    Args:
        name: of the registered voice; not in the key.
        hash: of the reference's audio and transcript, if it is in the context; else "".
        tag: the model's speaker tag.
    """

    name: str
    hash: str
    tag: int


@dataclass(frozen=True)
class LineRequest:
    """The request for a line: all that can change its sound except its context.

    Args:
        script: name of the script's file.
        line: the line's stable id.
        speaker: the character.
        written: the text as it stands in the script.
        parts: its spoken form, in the pieces it is spoken in.
        voice: who speaks.
        model: which model.
        sampler: how codes are drawn.
        seed: of the first try.
        occurrence: how many equal lines came before it in the script, from 0.
        turns: most turns of each speaker in its context.
    """

    script: str
    line: str
    speaker: str
    written: str
    parts: tuple[str, ...]
    voice: VoiceIdentity
    model: ModelIdentity
    sampler: Sampler
    seed: int
    occurrence: int
    turns: int

    @property
    def place(self) -> str:
        """The line among all scripts of a project."""
        return place_of(self.script, self.line)

    @property
    def spoken(self) -> str:
        """The spoken form in one piece."""
        return " ".join(self.parts)

    @cached_property
    def content(self) -> str:
        """Hash of model, sampler, voice and spoken text."""
        return digest([*_speaking(self), list(self.parts)])

    @cached_property
    def slot(self) -> str:
        """Hash of the line as planned, whatever its context."""
        return digest([self.content, self.seed, self.occurrence, self.turns])

    def key(self, context: Sequence[str]) -> str:
        """Hash of the line with the takes `context` before it."""
        return digest([self.content, self.seed, list(context)])


def place_of(script: str, line: str) -> str:
    """The name of a line among all scripts of a project."""
    return f"{script}#{line}"


def spoken_take_id(request: LineRequest, parts: Sequence[tuple[str, int, Sequence[str]]]) -> str:
    """The id of a spoken take.

    Args:
        request: for the line.
        parts: (text, seed, ids of the takes in its context) of each part as spoken.
    """
    return digest([*_speaking(request), [[text, seed, list(context)] for text, seed, context in parts]])


def imported_take_id(request: LineRequest, sound: bytes) -> str:
    """The id of a recording that was imported for a line; `sound` is 16-bit PCM."""
    hash_of_sound = hashlib.sha256(sound).hexdigest()
    return digest([KEY_SCHEMA, "imported", request.written, request.voice.tag, hash_of_sound])


def _speaking(request: LineRequest) -> list[Any]:
    model, voice = request.model, request.voice
    depth_temperature, depth_top_k = request.sampler.depth
    sampler = [request.sampler.temperature, request.sampler.top_k, depth_temperature, depth_top_k]
    return [KEY_SCHEMA, model.revision, model.dtype, sampler, voice.hash, voice.tag]
