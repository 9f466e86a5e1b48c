"""Values in a script: settings, switches, numbers, sound options, and variables in its texts."""

from __future__ import annotations

import re
from typing import NamedTuple

from csm_cli.core import FASTEST, SLOWEST
from csm_cli.script.document import NARRATOR, PLAIN, Settings
from csm_cli.script.problems import (
    MAX_LINE_CHARACTERS,
    MAX_PAUSE_SECONDS,
    Problems,
    Source,
    did_you_mean,
    shown,
)
from csm_cli.script.yaml_nodes import Fields, Node, Scalar, kind

NAME = re.compile(r"[^\W\d][\w-]*")
_USE = re.compile(r"(\\)\{\{|()\{\{\s*([^{}]{0,100}?)\s*\}\}")
# Around a variable's name in a text that is read unexpanded; no script contains these characters.
KEPT_OPEN, KEPT_CLOSE = "\x0e", "\x0f"
_KEPT = re.compile(f"{KEPT_OPEN}([^{KEPT_CLOSE}]*){KEPT_CLOSE}")


def fill(text: str, variables: dict[str, str], source: Source, problems: Problems, expand: bool) -> str:
    """`text` with its variables replaced; a backslash before `{{` keeps it as it is.

    Args:
        text: as written.
        variables: texts by name.
        source: place of `text`.
        problems: receives unknown names.
        expand: False: mark the variables, for `as_written`, instead of replacing them.
    """

    room = MAX_LINE_CHARACTERS

    def one(match: re.Match[str]) -> str:
        escaped, name = match[1], match[3]
        if escaped:
            return match[0][1:]
        if name not in variables:
            hint = did_you_mean(name, variables) or "; declare it under variables, or write \\{{"
            problems.add(source, f'unknown variable "{shown(name)}"{hint}')
            return match[0]
        nonlocal room
        room -= len(variables[name])
        if room < 0:
            problems.add(source, f"with its variables longer than {MAX_LINE_CHARACTERS} characters")
            return ""
        return variables[name] if expand else f"{KEPT_OPEN}{name}{KEPT_CLOSE}"

    return _USE.sub(one, text)


def as_written(text: str) -> str:
    """The inverse of `fill` with `expand=False`: literal `{{` escaped, marked variables as `{{name}}`."""
    text = text.replace("{{", r"\{{")
    return _KEPT.sub(r"{{\1}}", text)


SCRIPT_KEYS = ("seed", "temperature", "gain", "speed", "context")
CHAPTER_KEYS = (*SCRIPT_KEYS, "pause_before", "pause_after")
LINE_KEYS = (*CHAPTER_KEYS, "voice")
MAX_SEED = 2**63 - 1
_RANGES = {
    "temperature": (0.0, 5.0, ""),
    "gain": (-60.0, 20.0, " dB"),
    "speed": (SLOWEST, FASTEST, ""),
}
_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_NUMBER = re.compile(r"[-+]?[0-9]{1,9}(\.[0-9]{0,9})?|[-+]?\.[0-9]{1,9}")


def read_settings(fields: Fields, problems: Problems) -> Settings:
    """The settings among the keys of a mapping; other keys are ignored."""
    values: dict[str, float | bool | None] = {}
    for key, node in fields.pairs:
        name = key.text
        if name in _RANGES:
            low, high, unit = _RANGES[name]
            values[name] = read_decimal(name, node, low, high, problems, unit)
        elif name == "context":
            values[name] = read_switch(name, node, problems)
        elif name in ("pause_before", "pause_after"):
            text = node.text if isinstance(node, Scalar) else kind(node)
            values[name] = read_seconds(text, node.source, problems)
    return Settings(**values) if values else PLAIN  # type: ignore[arg-type]


def read_decimal(
    name: str, node: Node, low: float, high: float, problems: Problems, unit: str = ""
) -> float | None:
    """A number from `low` to `high`; None and a problem if `node` is not one."""
    text = node.text.strip() if isinstance(node, Scalar) else ""
    if _NUMBER.fullmatch(text) and low <= float(text) <= high:
        return float(text)
    problems.add(node.source, f"{name} is a number from {low:g} to {high:g}{unit}, not {kind(node)}")
    return None


def read_switch(name: str, node: Node, problems: Problems) -> bool | None:
    """on or off; None and a problem if `node` is neither."""
    value = _SWITCH.get(node.text.lower()) if isinstance(node, Scalar) else None
    if value is None:
        problems.add(node.source, f"{name} is on or off, not {kind(node)}")
    return value


def read_seed(fields: Fields, problems: Problems) -> int | None:
    """The seed among the keys of a mapping."""
    return read_number(fields, "seed", MAX_SEED, problems)


def read_number(fields: Fields, key: str, highest: int, problems: Problems) -> int | None:
    """The whole number of `key`, 0 to `highest`; None if it is absent or (a problem) not one."""
    node = fields.get(key)
    if node is None:
        return None
    text = node.text if isinstance(node, Scalar) and node.plain else ""
    if re.fullmatch("[0-9]{1,20}", text) and int(text) <= highest:
        return int(text)
    problems.add(node.source, f"{key} must be a whole number from 0 to {highest}, not {kind(node)}")
    return None


def read_seconds(text: str, source: Source, problems: Problems) -> float | None:
    """The length of a pause, 0 to 600 s; None and a problem if `text` is not one."""
    try:
        # float() alone would also take "nan", "inf" and "1_0".
        seconds = float(text) if set(text) <= set("0123456789.+-eE") else None
    except ValueError:
        seconds = None
    if seconds is None:
        problems.add(source, f'a pause is a number of seconds, such as 1.5, not "{shown(text)}"')
    elif seconds < 0:
        problems.add(source, f"a pause cannot be negative: {shown(text)}")
    elif seconds > MAX_PAUSE_SECONDS:
        problems.add(source, f"a pause is at most {MAX_PAUSE_SECONDS:g} seconds: {shown(text)}")
    else:
        return seconds
    return None


def check_keys(fields: Fields, allowed: tuple[str, ...], problems: Problems) -> None:
    """Report every key of `fields` that is not allowed, with the one that was probably meant."""
    for key, value in fields.pairs:
        if key.text not in allowed:
            hint = (
                meant(key.text, allowed, value.text if isinstance(value, Scalar) else None)
                or f"; known here: {', '.join(allowed)}"
            )
            problems.add(key.source, f'unknown key "{shown(key.text)}"{hint}')


_OTHER_WORDS = {
    "voices": "voice speaker speakers cast characters character roles people actors personae narrators",
    "author": "writer by creator authors",
    "title": "name heading book",
    "language": "lang locale",
    "chapters": "scenes parts sections acts",
    "lines": "script dialogue dialog content contents text body paragraphs",
    "lexicon": "pronunciation pronunciations dictionary lexicons words",
    "variables": "vars define constants",
    "date": "year published",
    "identifier": "isbn id",
    "copyright": "rights licence license",
    "description": "summary abstract blurb",
    "cover": "image picture artwork",
    "speaker": "character who name",
    "text": "says say line words content",
    "note": "emotion mood style direction delivery tone",
    "speed": "pace tempo rate",
    "gain": "volume level",
    "pause_after": "wait silence break",
}
"""Words that people write for a key, beside misspellings of it."""
_OPTIONS = (
    "model",
    "format",
    "output",
    "device",
    "loudness",
    "takes",
    "batch",
    "watermark",
    "retries",
    "asr",
)
"""Options of `csm render` that are no keys of a script."""


def meant(key: str, allowed: tuple[str, ...], value: str | None = None) -> str:
    """'; did you mean "…"?' for an unknown key, or what else to write; "" if nothing is near.

    Args:
        key: as written.
        allowed: the keys that may stand there.
        value: its value, if that is a text.
    """
    word = key.strip().casefold()
    is_name = value and "voices" in allowed and (word == NARRATOR or key[:1].isupper())
    if is_name and not did_you_mean(key, allowed):
        return f"; voices stand under voices: `voices: {{{shown(key)}: {shown(value or '')}}}`"
    for right, others in _OTHER_WORDS.items():
        if right in allowed and word in others.split():
            return f'; did you mean "{right}"?'
    if near := did_you_mean(key, allowed):
        return near
    return f"; it is an option of the command: `csm render --{word}`" if word in _OPTIONS else ""


SOUND_KEYS = ("sound", "gain", "over")
BED_KEYS = ("bed", "gain", "duck", "fade")
BED_GAIN, BED_DUCK, BED_FADE = -12.0, 8.0, 2.0
SOUND_RANGES = {"gain": (-60.0, 20.0, " dB"), "duck": (0.0, 60.0, " dB"), "fade": (0.0, 60.0, " s")}


class SoundCue(NamedTuple):
    """A sound or bed: `gain` and `duck` in dB, `fade` in seconds; see `Sound` and `Bed`."""

    file: str
    bed: bool
    gain: float
    over: bool
    duck: float
    fade: float


def read_sound(fields: Fields, problems: Problems) -> SoundCue:
    """The sound or bed that a mapping describes."""
    bed = fields.get("bed") is not None
    check_keys(fields, BED_KEYS if bed else SOUND_KEYS, problems)
    values = {"gain": BED_GAIN if bed else 0.0, "duck": BED_DUCK, "fade": BED_FADE}
    for key, (low, high, unit) in SOUND_RANGES.items():
        if (node := fields.get(key)) is not None:
            values[key] = read_decimal(key, node, low, high, problems, unit) or 0.0
    file, over = fields.get("bed" if bed else "sound"), fields.get("over")
    name = file.text.strip() if isinstance(file, Scalar) else ""
    switched = not bed and over is not None and bool(read_switch("over", over, problems))
    return SoundCue(name, bed, values["gain"], switched, values["duck"], values["fade"])
