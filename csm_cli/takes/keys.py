"""The names of takes: hashes of what can change the sound, and of nothing else.

    content   model, sampler, voice, spoken text
    slot      content, seed, number among equal lines, turns of context: a line as planned, whatever it hears
    request   content, seed and the takes heard before, in order: gives the same sound again
    take      what was really spoken: like a request, with each part's own text, seed and context

A line's place in the script, its file's name, pauses, gains and titles are in none of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from csm_cli.engine import Sampler

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
    """Which voice was asked for.

    Args:
        name: of the registered voice; not in the key.
        hash: of the reference's audio and transcript, if the model hears one; else "".
        tag: the model's speaker tag.
    """

    name: str
    hash: str
    tag: int


@dataclass(frozen=True)
class LineRequest:
    """What a line is asked for: all that can change its sound, save what it hears.

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
        turns: most turns of each speaker that it hears.
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
        """Hash of the line as planned, whatever it hears."""
        return digest([self.content, self.seed, self.occurrence, self.turns])

    def request(self, context: Sequence[str]) -> str:
        """Hash of the line after hearing the takes `context`."""
        return digest([self.content, self.seed, list(context)])


def place_of(script: str, line: str) -> str:
    """The name of a line among all scripts of a project."""
    return f"{script}#{line}"


def spoken_take_id(asked: LineRequest, parts: Sequence[tuple[str, int, Sequence[str]]]) -> str:
    """The id of a spoken take.

    Args:
        asked: what was asked for.
        parts: (text, seed, what was heard) of each part as spoken.
    """
    return digest([*_speaking(asked), [[text, seed, list(heard)] for text, seed, heard in parts]])


def imported_take_id(asked: LineRequest, sound: bytes) -> str:
    """The id of a recording that was imported for a line; `sound` is 16-bit PCM."""
    return digest([KEY_SCHEMA, "imported", asked.written, asked.voice.tag, hashlib.sha256(sound).hexdigest()])


def _speaking(asked: LineRequest) -> list[Any]:
    model, voice = asked.model, asked.voice
    depth_temperature, depth_top_k = asked.sampler.depth
    sampler = [asked.sampler.temperature, asked.sampler.top_k, depth_temperature, depth_top_k]
    return [KEY_SCHEMA, model.revision, model.dtype, sampler, voice.hash, voice.tag]


def asked_as_dict(asked: LineRequest) -> dict[str, Any]:
    """As it stands in a sidecar."""
    return asdict(asked)


def asked_from_dict(value: dict[str, Any]) -> LineRequest:
    """Read what `asked_as_dict` gave.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    return LineRequest(
        **value
        | {
            "parts": tuple(map(str, value["parts"])),
            "voice": VoiceIdentity(**value["voice"]),
            "model": ModelIdentity(**value["model"]),
            "sampler": Sampler(**value["sampler"]),
        }
    )
