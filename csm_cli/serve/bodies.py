"""The body of a request for speech: every field checked, every fault with the name of its field."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, NoReturn

from csm_cli.core.visible import REFUSED, described
from csm_cli.serve.catalogue import Catalogue
from csm_cli.serve.encoders import FORMATS
from csm_cli.serve.reading import Ask, Mode
from csm_cli.web.errors import ApiError

SLOWEST, FASTEST = 0.25, 4.0
HOTTEST = 5.0
SEEDS = 1 << 53
MODES: dict[str, Mode] = {"checked": "checked", "frames": "frames"}


@dataclass(frozen=True)
class Wanted:
    """A request for speech.

    Args:
        ask: what is said, and how.
        format: of the answer.
        events: the answer is a stream of events, not the bytes themselves.
        ignored: fields that were sent and have no effect.
    """

    ask: Ask
    format: str
    events: bool
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class BodyReader:
    """Reads bodies.

    Args:
        catalogue: of models and voices.
        characters: of a text at most.
        mode: where none is asked for.
        missing: formats that this machine cannot make.
    """

    catalogue: Catalogue
    characters: int
    mode: Mode = "checked"
    missing: tuple[str, ...] = ()

    def read(self, body: bytes) -> Wanted:
        """What a body asks for.

        Raises:
            ApiError: it is no JSON, a field is wrong, there is no such model or voice.
        """
        fields = _object(body)
        if (model := _text(fields, "model")) is not None:
            self.catalogue.model_called(model)
        form = _one_of(fields, "response_format", tuple(FORMATS)) or "mp3"
        if form in self.missing:
            raise ApiError(
                422, "format_missing", f"this machine has no encoder for {form}", "ask for wav, flac or pcm",
                "response_format",
            )  # fmt: skip
        speed = _number(fields, "speed", SLOWEST, FASTEST)
        ask = Ask(
            self._input(fields),
            self.catalogue.voice_called(_voice(fields)),
            1.0 if speed is None else speed,
            _seed(fields),
            _number(fields, "temperature", 0.0, HOTTEST),
            MODES[_one_of(fields, "mode", tuple(MODES)) or self.mode],
        )
        events = _one_of(fields, "stream_format", ("audio", "sse")) == "sse"
        return Wanted(ask, form, events, ("instructions",) if _text(fields, "instructions") else ())

    def _input(self, fields: dict[str, Any]) -> str:
        text = _text(fields, "input")
        if text is None or not text.strip():
            _refuse("input", "input_missing", "there is no text", "send it as input")
        if len(text) > self.characters:
            _refuse(
                "input",
                "string_too_long",
                f"the text has {len(text)} characters, {self.characters} are allowed",
                "send it in parts",
            )
        return text


def _object(body: bytes) -> dict[str, Any]:
    def refuse(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        found = json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise ApiError(400, "bad_json", "the body is not JSON", "send an object in UTF-8") from None
    if not isinstance(found, dict):
        raise ApiError(400, "bad_json", "the body is no JSON object", "send an object with input and voice")
    return found


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        _refuse(name, "invalid_type", "is not a text", "send a string")
    if any("\ud800" <= each <= "\udfff" for each in value):
        _refuse(name, "invalid_value", "holds half of a character", "send whole ones")
    if found := REFUSED.search(value.replace("\f", "\n")):  # form feeds are ends of pages
        _refuse(name, "invalid_value", f"holds {described(found[0])}", "send the text without it")
    return value


def _voice(fields: dict[str, Any]) -> str:
    value = fields.get("voice")
    if isinstance(value, dict):  # as OpenAI's clients name voices of their own
        return _text({"voice": value.get("id")}, "voice") or ""
    return _text(fields, "voice") or ""


def _one_of(fields: dict[str, Any], name: str, values: tuple[str, ...]) -> str | None:
    value = _text(fields, name)
    if value is not None and value not in values:
        _refuse(name, "invalid_value", "is none that there is", f"choose from {', '.join(values)}")
    return value


def _number(fields: dict[str, Any], name: str, low: float, high: float) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(name, "invalid_type", "is not a number", f"give {low:g} to {high:g}")
    if not low <= value <= high or not math.isfinite(value):
        _refuse(name, "invalid_value", "is out of range", f"give {low:g} to {high:g}")
    return float(value)


def _seed(fields: dict[str, Any]) -> int | None:
    value = fields.get("seed")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse("seed", "invalid_type", "is not a whole number", "give 0 or more")
    if not 0 <= value < SEEDS:
        _refuse("seed", "invalid_value", "is out of range", "give 0 to 2^53 - 1")
    return value


def _refuse(name: str, code: str, what: str, remedy: str) -> NoReturn:
    raise ApiError(400, code, what if name == "input" else f"{name} {what}", remedy, name)
