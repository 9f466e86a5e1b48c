"""The JSON Schema of YAML scripts, for completion and validation in editors.

csm itself uses `readers.yaml`, whose messages have places; a test keeps the keys of both the same. The
docstrings of the models are descriptions in the schema.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from csm_cli.core import FASTEST, REPOSITORY, SLOWEST
from csm_cli.script.problems import MAX_PAUSE_SECONDS
from csm_cli.script.settings import MAX_SEED

SCHEMA_ADDRESS = f"{REPOSITORY}/raw/main/docs/script.schema.json"
"""Where the newest one is published: its `$id`."""

Text = Annotated[str | int | float | bool | None, Field(description="Text; figures need no quotes.")]
Name = Annotated[str | int | float | bool, Field(description="A name.")]
Seconds = Annotated[float, Field(ge=0, le=MAX_PAUSE_SECONDS, description="Seconds.")]
Speed = Annotated[
    float | None, Field(ge=SLOWEST, le=FASTEST, description="1: as it was spoken; the pitch is kept.")
]
_NO_NAMES: list[JsonValue] = [
    "speaker",
    "text",
    "pause",
    "scene",
    "sound",
    "over",
    "bed",
    "duck",
    "fade",
    "include",
]
Switch = bool | Literal["on", "off"]


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Inherited(_Node):
    """Settings that chapters inherit from the script, and lines from their chapter."""

    seed: Annotated[
        int | None, Field(ge=0, le=MAX_SEED, description="Fixes the chance in how it comes out.")
    ] = None
    temperature: Annotated[float | None, Field(ge=0, le=5, description="Liveliness.")] = None
    gain: Annotated[float | None, Field(ge=-60, le=20, description="dB on top of the usual level.")] = None
    speed: Speed = None
    context: Annotated[
        Switch | None, Field(description="off: the line does not hear the lines before it.")
    ] = None


class _Paused(_Inherited):
    pause_before: Annotated[Seconds | None, Field(description="Seconds of silence in front.")] = None
    pause_after: Annotated[Seconds | None, Field(description="Seconds of silence behind.")] = None


class NamedLine(_Paused):
    """`Anna: text`, with settings. The one other key is the speaker's name."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"propertyNames": {"not": {"enum": _NO_NAMES}}, "minProperties": 1},
    )
    __pydantic_extra__: dict[str, Text] = Field(init=False)

    @model_validator(mode="after")
    def _one_speaker(self) -> NamedLine:
        names = self.model_extra or {}
        if len(names) != 1 or any(name in _NO_NAMES for name in names):
            raise ValueError("a line has one speaker, and no other keys than its settings")
        return self

    note: Annotated[Name | list[Name] | None, Field(description="Delivery notes; never spoken.")] = None
    paragraph: Annotated[Switch | None, Field(description="on: a paragraph begins here.")] = None
    voice: Annotated[Name | None, Field(description="Another voice, for this line.")] = None


class LongLine(_Paused):
    """`{speaker: Anna, text: …}`; without a speaker it is the narrator's."""

    text: Text
    speaker: Name | None = None
    note: Annotated[Name | list[Name] | None, Field(description="Delivery notes; never spoken.")] = None
    paragraph: Annotated[Switch | None, Field(description="on: a paragraph begins here.")] = None
    voice: Annotated[Name | None, Field(description="Another voice, for this line.")] = None


class PauseCue(_Node):
    """Silence."""

    pause: Seconds


class SceneCue(_Node):
    """A scene begins; its title is not spoken."""

    scene: Name | None


class SoundCue(_Node):
    """A sound file that is heard here."""

    sound: str
    gain: Annotated[float | None, Field(ge=-60, le=20, description="dB.")] = None
    over: Annotated[Switch | None, Field(description="on: speech goes on over it.")] = None


class BedCue(_Node):
    """A sound file under what follows, until the next bed, scene or chapter, or `bed end`."""

    bed: str
    gain: Annotated[float | None, Field(ge=-60, le=20, description="dB while nobody speaks.")] = None
    duck: Annotated[float | None, Field(ge=0, le=60, description="dB lower while somebody speaks.")] = None
    fade: Annotated[float | None, Field(ge=0, le=60, description="Seconds in which it comes and goes.")] = (
        None
    )


class Include(_Node):
    """Another script goes here."""

    include: str


Cue = PauseCue | SceneCue | SoundCue | BedCue | Include
Item = Literal["scene break", "scene", "---", "bed end"] | Cue | LongLine | NamedLine
Lines = Annotated[list[Item], Field(min_length=1)]


class ChapterNode(_Paused):
    """A chapter."""

    title: Text = None
    voices: Annotated[
        dict[str, Name] | None, Field(description="Characters that have another voice here.")
    ] = None
    lines: Lines


class VoiceNode(BaseModel):
    """A voice in the long form. Further keys are styles: `{calm: anna-calm, angry: anna-angry}`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Name] = Field(init=False)

    voice: Name | None = None
    speaker: Annotated[int | None, Field(ge=0, le=9999, description="The model's speaker tag.")] = None
    aliases: Annotated[Name | list[Name] | None, Field(description="Other names of the character.")] = None
    speed: Speed = None


class Script(_Inherited):
    """A csm script: chapters of lines, or just lines."""

    title: Text = None
    author: Text = None
    language: Annotated[
        str | None, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", description="en, pt-BR, …")
    ] = None
    subtitle: Text = None
    series: Text = None
    translator: Text = None
    publisher: Text = None
    date: Text = None
    identifier: Text = None
    copyright: Text = None
    genre: Text = None
    description: Text = None
    cover: Annotated[str | None, Field(description="A .jpg or .png file beside the script.")] = None
    lexicon: Annotated[str | list[str] | None, Field(description="Lexicon files (YAML or PLS).")] = None
    join_short: Annotated[
        Switch | None, Field(description="on: very short lines are spoken together with a neighbour.")
    ] = None
    variables: Annotated[
        dict[str, Text] | None, Field(description="{{name}} in a text stands for these.")
    ] = None
    voices: Annotated[
        dict[str, Name | VoiceNode | None] | None, Field(description="Each character and its voice.")
    ] = None
    chapters: Annotated[list[ChapterNode | Include] | None, Field(min_length=1)] = None
    lines: Annotated[Lines | None, Field(description="In place of chapters.")] = None


def schema() -> dict[str, Any]:
    """The schema as a JSON object."""
    value = Script.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ADDRESS}
    return {**head, **value, "title": "csm script"}


def schema_text() -> str:
    """The text of `docs/script.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
