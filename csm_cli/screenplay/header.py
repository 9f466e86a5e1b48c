"""Title, author, language and voices: the keys that a YAML script and Markdown front matter share."""

from __future__ import annotations

import re
from pathlib import Path

from csm_cli.screenplay.document import CastMember
from csm_cli.screenplay.draft import Header
from csm_cli.screenplay.nodes import Fields, Node, Scalar, kind
from csm_cli.screenplay.source_text import Problems, did_you_mean, shown

HEADER_KEYS = ("title", "author", "language", "voices")
# They mean something else where a speaker's name may stand.
RESERVED = ("pause", "seed", "speaker", "text")
_VOICE_KEYS = ("voice", "speaker")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def read_header(fields: Fields, path: str, problems: Problems, extra: tuple[str, ...] = ()) -> Header:
    """Read the header from the keys of a mapping.

    Args:
        fields: the mapping.
        path: the script's file; its stem is the title of a script without one.
        problems: where faults are noted.
        extra: keys that the caller reads itself.
    """
    check_keys(fields, (*HEADER_KEYS, *extra), problems)
    header = Header(title=read_text(fields, "title", problems) or Path(path).stem)
    header.author = read_text(fields, "author", problems)
    if language := read_text(fields, "language", problems):
        header.language = language
        if not _LANGUAGE.fullmatch(language):
            node = fields.get("language")
            assert node is not None
            problems.add(node.source, f'language is a tag such as en or pt-BR, not "{shown(language)}"')
    voices = fields.get("voices")
    if isinstance(voices, Fields):
        _read_cast(voices, header, problems)
    elif voices is not None and not is_nothing(voices):
        problems.add(voices.source, f"voices is a mapping of characters to voices, not {kind(voices)}")
        header.cast_known = False
    return header


def check_keys(fields: Fields, known: tuple[str, ...], problems: Problems) -> None:
    """Note every key of `fields` that is not in `known`."""
    for key, _ in fields.pairs:
        if key.text not in known:
            hint = did_you_mean(key.text, known) or f"; known here: {', '.join(known)}"
            problems.add(key.source, f'unknown key "{shown(key.text)}"{hint}')


def read_text(fields: Fields, key: str, problems: Problems) -> str:
    """The text of `key` on one line; "" if it is absent, empty or (then noted) not a text."""
    node = fields.get(key)
    if node is None:
        return ""
    if isinstance(node, Scalar):
        return " ".join(node.text.split())
    problems.add(node.source, f"{key} must be text, not {kind(node)}")
    return ""


def read_number(fields: Fields, key: str, highest: int, problems: Problems) -> int | None:
    """The whole number of `key`, 0 to `highest`; None if it is absent or (then noted) not one."""
    node = fields.get(key)
    if node is None:
        return None
    text = node.text if isinstance(node, Scalar) and node.plain else ""
    if re.fullmatch("[0-9]{1,20}", text) and int(text) <= highest:
        return int(text)
    problems.add(node.source, f"{key} must be a whole number from 0 to {highest}, not {kind(node)}")
    return None


def is_nothing(node: Node) -> bool:
    """Whether a value was left out: `voices:` with nothing behind it."""
    return isinstance(node, Scalar) and node.plain and not node.text


def _read_cast(voices: Fields, header: Header, problems: Problems) -> None:
    for key, value in voices.pairs:
        name = " ".join(key.text.split())
        if not name:
            problems.add(key.source, "a character needs a name")
            continue
        if name in RESERVED:
            problems.add(
                key.source, f'a character cannot be called "{name}"; the word has a meaning of its own'
            )
        voice, speaker = "", None
        if isinstance(value, Scalar):
            voice = " ".join(value.text.split())
        elif isinstance(value, Fields):
            check_keys(value, _VOICE_KEYS, problems)
            voice = read_text(value, "voice", problems)
            speaker = read_number(value, "speaker", 9999, problems)
        else:
            problems.add(value.source, f'the voice of "{shown(name)}" must be a name, not {kind(value)}')
        header.cast[name] = CastMember(name, voice, speaker, key.source)
