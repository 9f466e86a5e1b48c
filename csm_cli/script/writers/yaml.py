"""Writes a screenplay as a YAML script, which reads back as an equal screenplay, apart from places."""

from __future__ import annotations

import re
from collections.abc import Mapping

from csm_cli.script.document import (
    METADATA,
    NARRATOR,
    PLAIN,
    Bed,
    BedEnd,
    CastMember,
    Chapter,
    Include,
    Item,
    Line,
    Pause,
    SceneBreak,
    Screenplay,
    Settings,
    Sound,
)
from csm_cli.script.header import RESERVED
from csm_cli.script.settings import BED_DUCK, BED_FADE, BED_GAIN, as_written

# Plain scalars that other YAML parsers would not resolve to a string.
_NOT_TEXT = re.compile(
    r"(?:~|null|yes|no|on|off|true|false|y|n|[-+.0-9][-+.0-9_:eExobinfa]*|=|<<|---.*|\.\.\.)", re.IGNORECASE
)
_PLAIN_BLOCK = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=][^\n]*")
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")


def scalar(text: str, *, flow: bool = False) -> str:
    """`text`, which is on one line, as a scalar: plain where that is safe, else in double quotes.

    `flow`: inside `{…}` or `[…]`, where fewer characters are safe.
    """
    if (
        _PLAIN_BLOCK.fullmatch(text)
        and text == text.strip()
        and not _NOT_TEXT.fullmatch(text)
        and not _HIDDEN.search(text)
        and ": " not in text
        and " #" not in text
        and not text.endswith(":")
        and not (flow and re.search(r"[,\[\]{}:]", text))
    ):
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """`text`, which is on one line, as a scalar in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def number(value: float) -> str:
    """A number without an exponent or trailing zeros."""
    return f"{value:.9f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def flow_map(pairs: Mapping[str, str]) -> str:
    """`{key: value, …}`; the values are written scalars, the keys are not."""
    return "{" + ", ".join(f"{scalar(key, flow=True)}: {value}" for key, value in pairs.items()) + "}"


def flow_list(texts: tuple[str, ...]) -> str:
    """`[a, b]`."""
    return "[" + ", ".join(scalar(text, flow=True) for text in texts) + "]"


def write_yaml(play: Screenplay) -> str:
    """The text of a YAML script; variables and includes of an unexpanded screenplay are kept."""
    rows = header_rows(play)
    chapters = play.chapters
    if len(chapters) == 1 and chapters[0].implied and not _own(chapters[0]):
        rows += ["lines:", *_items(play, chapters[0], "  ")]
        return "\n".join(rows) + "\n"
    rows.append("chapters:")
    for chapter in chapters:
        rows += _chapter(play, chapter)
    return "\n".join(rows) + "\n"


def header_rows(play: Screenplay) -> list[str]:
    """The rows of the header, which is also the front matter of a Markdown script."""
    rows = [] if play.untitled else [f"title: {scalar(play.title)}"]
    if play.author:
        rows.append(f"author: {scalar(play.author)}")
    if play.language != "en":
        rows.append(f"language: {scalar(play.language)}")
    rows += [f"{key}: {scalar(play.metadata[key])}" for key in METADATA if key in play.metadata]
    rows += [f"{key}: {value}" for key, value in settings_pairs(play.settings, play.seed).items()]
    if play.join_short:
        rows.append("join_short: on")
    if play.lexicon:
        rows.append(f"lexicon: {flow_list(play.lexicon)}")
    if play.variables:
        rows.append("variables:")
        rows += [f"  {key}: {scalar(value)}" for key, value in play.variables.items()]
    return rows + voices_rows(play)


def voices_rows(play: Screenplay) -> list[str]:
    """The rows of the cast, `voices:` and what is under it; none if no character needs a declaration."""
    declared = {name: member for name, member in play.cast.items() if _declared(member)}
    rows = [f"  {_key(name)}: {_member(member)}".rstrip() for name, member in declared.items()]
    return ["voices:", *rows] if rows else []


def settings_pairs(settings: Settings, seed: int | None = None) -> dict[str, str]:
    """Keys and scalars of settings, in the order in which they are written."""
    pairs = {} if seed is None else {"seed": str(seed)}
    for key in ("temperature", "gain", "speed", "pause_before", "pause_after"):
        if (value := getattr(settings, key)) is not None:
            pairs[key] = number(value)
    if settings.context is not None:
        pairs["context"] = "on" if settings.context else "off"
    return pairs


def own_settings(play: Screenplay, chapter: Chapter, line: Line) -> Settings:
    """The line's own settings, without inherited ones."""
    if line.settings is PLAIN:
        return PLAIN
    return line.settings.beyond(play.inherited(chapter, line.speaker))


def own_voice(play: Screenplay, chapter: Chapter, line: Line) -> str:
    """The voice that the line itself names, or ""."""
    return "" if line.voice == play.cast_voice(chapter, line.speaker, line.style) else line.voice


def _declared(member: CastMember) -> bool:
    """Whether a character needs a declaration: all but a narrator with the defaults."""
    return (
        member.name != NARRATOR
        or bool(member.voice or member.styles or member.aliases)
        or (member.speaker is not None)
        or (member.speed is not None)
    )


def _member(member: CastMember) -> str:
    if member.speaker is member.speed is None and not member.styles and not member.aliases:
        return scalar(member.voice) if member.voice else ""
    pairs: dict[str, str] = {}
    if member.voice and member.voice != next(iter(member.styles.values()), ""):
        pairs["voice"] = scalar(member.voice, flow=True)
    if member.speaker is not None:
        pairs["speaker"] = str(member.speaker)
    if member.speed is not None:
        pairs["speed"] = number(member.speed)
    if member.aliases:
        pairs["aliases"] = flow_list(member.aliases)
    pairs |= {style: scalar(voice, flow=True) for style, voice in member.styles.items()}
    return flow_map(pairs)


def _key(name: str) -> str:
    return scalar(name) if ":" not in name and "#" not in name else scalar(name, flow=True)


def _own(chapter: Chapter) -> Mapping[str, object]:
    return settings_pairs(chapter.settings, chapter.seed) | chapter.voices


def _chapter(play: Screenplay, chapter: Chapter) -> list[str]:
    rows = [] if chapter.untitled else [f"title: {scalar(as_written(chapter.title))}"]
    rows += [f"{key}: {value}" for key, value in settings_pairs(chapter.settings, chapter.seed).items()]
    if chapter.voices:
        voices = {name: scalar(voice, flow=True) for name, voice in chapter.voices.items()}
        rows.append(f"voices: {flow_map(voices)}")
    if not rows and len(chapter.items) == 1 and isinstance(chapter.items[0], Include):
        return [f"  - include: {scalar(chapter.items[0].file)}"]
    rows.append("lines:")
    rows += _items(play, chapter, "  ")
    return [f"  - {rows[0]}", *(f"    {row}" for row in rows[1:])]


def _items(play: Screenplay, chapter: Chapter, indent: str) -> list[str]:
    rows, opening = [], True
    for item in chapter.items:
        rows.append(f"{indent}- {_item(play, chapter, item, opening)}")
        opening = isinstance(item, SceneBreak) or (opening and not isinstance(item, Line))
    return rows


def _item(play: Screenplay, chapter: Chapter, item: Item, opening: bool) -> str:
    if isinstance(item, Line):
        return _line(play, chapter, item, opening)
    if isinstance(item, Pause):
        return f"pause: {number(item.seconds)}"
    if isinstance(item, SceneBreak):
        return f"scene: {scalar(as_written(item.title))}" if item.title else "scene break"
    if isinstance(item, BedEnd):
        return "bed end"
    if isinstance(item, Include):
        return f"include: {scalar(item.file)}"
    pairs = sound_pairs(item)
    kind = "bed" if isinstance(item, Bed) else "sound"
    if not pairs:
        return f"{kind}: {scalar(item.file)}"
    return flow_map({kind: scalar(item.file, flow=True)} | pairs)


def sound_pairs(item: Sound | Bed) -> dict[str, str]:
    """The options of a sound or bed that differ from the defaults."""
    if isinstance(item, Bed):
        options = {
            "gain": (item.gain, BED_GAIN),
            "duck": (item.duck, BED_DUCK),
            "fade": (item.fade, BED_FADE),
        }
        return {key: number(value) for key, (value, default) in options.items() if value != default}
    pairs = {"gain": number(item.gain)} if item.gain else {}
    return pairs | ({"over": "on"} if item.over else {})


def _line(play: Screenplay, chapter: Chapter, line: Line, opening: bool) -> str:
    pairs: dict[str, str] = {}
    if line.notes:
        pairs["note"] = scalar(line.notes[0], flow=True) if len(line.notes) == 1 else flow_list(line.notes)
    if line.new_paragraph and not opening:
        pairs["paragraph"] = "on"
    pairs |= settings_pairs(own_settings(play, chapter, line), line.seed)
    if voice := own_voice(play, chapter, line):
        pairs["voice"] = scalar(voice, flow=True)
    text = as_written(line.text)
    if not pairs and line.speaker not in RESERVED and not text.startswith("("):
        return f"{_key(line.speaker)}: {scalar(text)}"
    speaker = {"speaker": scalar(line.speaker, flow=True)} if line.speaker != NARRATOR else {}
    return flow_map(speaker | pairs | {"text": scalar(text, flow=True)})
