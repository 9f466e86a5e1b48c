"""Cues in brackets, `[pause 1]`, `[sound door.wav gain=-6]`, and settings in braces, `{seed=7 gain=-3}`."""

from __future__ import annotations

import re

from csm_cli.script.document import Source
from csm_cli.script.draft import Draft
from csm_cli.script.problems import Problems, did_you_mean, shown
from csm_cli.script.settings import check_keys, read_decimal, read_seconds, read_switch
from csm_cli.script.yaml_nodes import Fields, Scalar

_QUOTED = r'"(?:[^"\\]|\\.)*"'
CUE = re.compile(rf"\[(pause|sound|bed|include)\b:?\s*+((?:{_QUOTED}|[^\[\]\"])*+)\]", re.IGNORECASE)
_PAIR = rf"(?:{_QUOTED}|[^\s={{}}\",]+)\s*=\s*(?:{_QUOTED}|[^\s{{}}\",]+)"
BRACES = re.compile(rf"\{{\s*({_PAIR}(?:[\s,]+{_PAIR})*)\s*\}}\s*")
_PARTS = re.compile(rf"({_QUOTED}|[^\s={{}}\",]+)\s*=\s*({_QUOTED}|[^\s{{}}\",]+)")
_OPTION = re.compile(r"\s(?:(gain|duck|fade)\s*=?\s*([-+]?[0-9.]+)(?:\s*(?:dB|s))?|(over))\s*,?$")

SOUND_KEYS = ("sound", "gain", "over")
BED_KEYS = ("bed", "gain", "duck", "fade")
BED_GAIN, BED_DUCK, BED_FADE = -12.0, 8.0, 2.0
SOUND_RANGES = {"gain": (-60.0, 20.0, " dB"), "duck": (0.0, 60.0, " dB"), "fade": (0.0, 60.0, " s")}
MAX_CUE = 1000
INCLUDED_ENDINGS = (".yaml", ".yml", ".md", ".markdown", ".fountain", ".spmd", ".txt", ".json")


def read_cue(match: re.Match[str], source: Source, draft: Draft, problems: Problems) -> None:
    """Add what a match of `CUE` asks for; `source` is where it begins."""
    word, rest = match[1].lower(), match[2].strip()
    at = Source(source.path, source.line, source.column + match.start(2) - match.start())
    if word == "pause":
        if (seconds := read_seconds(rest, at, problems)) is not None:
            draft.add_pause(seconds, source)
    elif word == "include":
        draft.include(_unquoted(rest), source, INCLUDED_ENDINGS)
    elif word == "bed" and rest.lower() in ("end", "stop", "off"):
        draft.end_bed(source)
    elif len(rest) > MAX_CUE:
        problems.add(at, f"a cue of {len(rest)} characters; {MAX_CUE} are the most")
    else:
        add_sound(*_options(word, rest, at), draft, problems)


def add_sound(fields: Fields, source: Source, draft: Draft, problems: Problems) -> None:
    """Add the sound or bed that a mapping describes; `source` is where its file is named."""
    bed = fields.get("bed") is not None
    check_keys(fields, BED_KEYS if bed else SOUND_KEYS, problems)
    values: dict[str, float] = {}
    for key, (low, high, unit) in SOUND_RANGES.items():
        if (node := fields.get(key)) is not None:
            number = read_decimal(key, node, low, high, problems, unit)
            values[key] = 0.0 if number is None else number
    file = fields.get("bed" if bed else "sound")
    name = file.text.strip() if isinstance(file, Scalar) else ""
    if bed:
        values = {"gain": BED_GAIN, "duck": BED_DUCK, "fade": BED_FADE} | values
        draft.add_bed(name, source, values["gain"], values["duck"], values["fade"])
    else:
        over = fields.get("over")
        switched = over is not None and bool(read_switch("over", over, problems))
        draft.add_sound(name, source, values.get("gain", 0.0), switched)


def read_braces(match: re.Match[str], row: int, offset: int, path: str) -> Fields:
    """The pairs in a match of `BRACES` as a mapping; `offset`: column of the string's first character."""
    fields = Fields(Source(path, row, offset + match.start()))
    for pair in _PARTS.finditer(match.string, match.start(1), match.end(1)):
        key = Scalar(_unquoted(pair[1]), True, Source(path, row, offset + pair.start(1)))
        value = pair[2]
        node = Scalar(_unquoted(value), value[0] != '"', Source(path, row, offset + pair.start(2)))
        fields.pairs.append((key, node))
    return fields


def trailing_braces(text: str) -> re.Match[str] | None:
    """The settings at the end of a heading; a backslash before the brace makes text of them."""
    for match in BRACES.finditer(text):
        if match.end() == len(text):
            return None if text[: match.start()].endswith("\\") else match
    return None


def check_twice(fields: Fields, problems: Problems) -> None:
    """Note keys that occur twice; YAML's reader does so by itself."""
    seen: set[str] = set()
    for key, _ in fields.pairs:
        if key.text in seen:
            problems.add(key.source, f'duplicate key "{shown(key.text)}"')
        seen.add(key.text)


def unknown_cue(text: str) -> str:
    """A hint if `text`, in brackets on a line of its own, looks like a cue with a slip in it; else ""."""
    word = re.match(r"\[\s*([A-Za-z]{3,12})\b", text)
    return did_you_mean(f"[{word[1].lower()}", ["[pause", "[sound", "[bed", "[include"]) if word else ""


def _options(word: str, rest: str, at: Source) -> tuple[Fields, Source]:
    """`door.wav gain=-6 over` as a mapping: options are taken off the end, the rest is the file."""
    fields = Fields(at)
    rest = rest.rstrip().removesuffix(",")
    while option := _OPTION.search(rest):
        key, value = (option[1], option[2]) if option[1] else ("over", "on")
        fields.pairs.append((Scalar(key, True, at), Scalar(value, True, at)))
        rest = rest[: option.start()].rstrip().removesuffix(",").rstrip()
    fields.pairs.append((Scalar(word, True, at), Scalar(_unquoted(rest), True, at)))
    return fields, at


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
