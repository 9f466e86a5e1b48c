"""The header of a script: title, author, language and the cast, whose names and aliases lines refer to.

Its keys are the same in a YAML script and in the front matter of a Markdown script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from csm_cli.core import FASTEST, SLOWEST
from csm_cli.core.visible import without_refused
from csm_cli.script.document import METADATA, NARRATOR, PLAIN, CastMember, Settings
from csm_cli.script.names import composed
from csm_cli.script.problems import Problems, did_you_mean, shown
from csm_cli.script.settings import (
    NAME,
    SCRIPT_KEYS,
    check_keys,
    read_decimal,
    read_number,
    read_seed,
    read_settings,
    read_switch,
)
from csm_cli.script.sources import ParseState
from csm_cli.script.yaml_nodes import Fields, Items, Node, Scalar, kind

HEADER_KEYS = (
    "title",
    "author",
    "language",
    "voices",
    "variables",
    "lexicon",
    "join_short",
    *METADATA,
    *SCRIPT_KEYS,
)
# Keys of lines and cues, which are therefore no names of speakers.
RESERVED = (
    *("speaker", "text", "note", "paragraph", "voice", "seed", "temperature", "gain", "speed", "context"),
    *("pause_before", "pause_after", "pause", "scene", "sound", "over", "bed", "duck", "fade", "include"),
)
COVER_ENDINGS = (".jpg", ".jpeg", ".png")
LEXICON_ENDINGS = (".yaml", ".yml", ".pls", ".xml")
MAX_SPEAKER = 9999
_VOICE_KEYS = ("voice", "speaker", "aliases")
_NO_STYLES = (*_VOICE_KEYS, "speed")  # not among the suggestions: "pleased" is a style
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass
class Header:
    """The header of a script.

    `strict_cast` is False if the cast could not be read, or is not declared in this format. Then undeclared
    speakers are no error.
    """

    title: str
    author: str = ""
    language: str = "en"
    cast: dict[str, CastMember] = field(default_factory=dict)
    strict_cast: bool = True
    metadata: dict[str, str] = field(default_factory=dict)
    settings: Settings = PLAIN
    seed: int | None = None
    lexicon: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    untitled: bool = False
    join_short: bool = False


def read_header(fields: Fields, path: str, state: ParseState, extra: tuple[str, ...] = ()) -> Header:
    """Parse the header.

    Args:
        fields: mapping of the header's keys.
        path: the script's file; its stem is the default title.
        state: receives the problems; has the cast and variables of an including script.
        extra: further allowed keys, which the caller parses.
    """
    problems = state.problems
    check_keys(fields, (*HEADER_KEYS, *extra), problems)
    title = read_text(fields, "title", problems)
    header = default_header(path, state)
    header.title, header.untitled = title or header.title, not title
    header.author = read_text(fields, "author", problems)
    if language := read_text(fields, "language", problems):
        header.language = language
        if not LANGUAGE.fullmatch(language):
            node = fields.get("language")
            assert node is not None
            problems.add(node.source, f'language is a tag such as en or pt-BR, not "{shown(language)}"')
    header.settings, header.seed = read_settings(fields, problems), read_seed(fields, problems)
    if (join := fields.get("join_short")) is not None:
        header.join_short = bool(read_switch("join_short", join, problems))
    _read_metadata(fields, header, state)
    _read_variables(fields.get("variables"), header, problems)
    _read_lexicon(fields.get("lexicon"), header, state)
    voices = fields.get("voices")
    if isinstance(voices, Fields):
        _read_cast(voices, header, problems)
    elif voices is not None and not is_nothing(voices):
        problems.add(voices.source, f"voices is a mapping of characters to voices, not {kind(voices)}")
        header.strict_cast = False
    outer = set(map(composed, state.cast))
    own = {name: it for name, it in header.cast.items() if name in state.cast or composed(name) not in outer}
    header.cast = own | state.cast
    return header


def default_header(path: str, state: ParseState) -> Header:
    """The header of a script without one: the file's stem, cast and variables of an including script."""
    stem = " ".join(without_refused(Path(path).stem, " ").split())
    return Header(stem, cast=dict(state.cast), variables=dict(state.variables), untitled=True)


def read_text(fields: Fields, key: str, problems: Problems) -> str:
    """The text of `key`, white space collapsed; "" if it is absent, empty or (a problem) not a text."""
    node = fields.get(key)
    if node is None:
        return ""
    if isinstance(node, Scalar):
        return " ".join(node.text.split())
    problems.add(node.source, f"{key} must be text, not {kind(node)}")
    return ""


def is_nothing(node: Node) -> bool:
    """Whether a value is empty: `voices:` with nothing after it."""
    return isinstance(node, Scalar) and node.plain and not node.text


def read_list(node: Node, what: str, problems: Problems) -> list[Scalar]:
    """The non-empty texts of a scalar or a list of scalars; other items are problems."""
    nodes = node.items if isinstance(node, Items) else [node]
    for item in nodes:
        if not isinstance(item, Scalar):
            problems.add(item.source, f"{what} must be text or a list of texts, not {kind(item)}")
    return [item for item in nodes if isinstance(item, Scalar) and item.text.strip()]


def _read_metadata(fields: Fields, header: Header, state: ParseState) -> None:
    for key in METADATA:
        if value := read_text(fields, key, state.problems):
            node = fields.get(key)
            assert node is not None
            if key != "cover" or state.find(value, node.source, "the cover", COVER_ENDINGS):
                header.metadata[key] = value


def _read_variables(node: Node | None, header: Header, problems: Problems) -> None:
    if node is None or is_nothing(node):
        return
    if not isinstance(node, Fields):
        problems.add(node.source, f"variables is a mapping of names to texts, not {kind(node)}")
        return
    for key, value in node.pairs:
        if not NAME.fullmatch(key.text):
            problems.add(key.source, f'a variable is called by a word, not "{shown(key.text)}"')
        elif not isinstance(value, Scalar):
            problems.add(value.source, f"a variable must be text, not {kind(value)}")
        elif "{{" in value.text:
            problems.add(value.source, "a variable cannot hold another variable")
        else:
            header.variables[key.text] = " ".join(value.text.split())


def _read_lexicon(node: Node | None, header: Header, state: ParseState) -> None:
    if node is None or is_nothing(node):
        return
    for name in read_list(node, "lexicon", state.problems):
        path = state.find(name.text, name.source, "the lexicon", LEXICON_ENDINGS)
        if path is not None:
            header.lexicon += (name.text.strip(),)


def _read_cast(voices: Fields, header: Header, problems: Problems) -> None:
    taken: dict[str, str] = {}
    for key, value in voices.pairs:
        name = " ".join(key.text.split())
        if not name:
            problems.add(key.source, "a character needs a name")
            continue
        if name in RESERVED:
            problems.add(
                key.source, f'a character cannot be called "{name}"; the word has a meaning of its own'
            )
        member = CastMember(name, "", None, key.source)
        if isinstance(value, Scalar):
            member = CastMember(name, " ".join(value.text.split()), None, key.source)
        elif isinstance(value, Fields):
            member = _read_member(name, value, key, problems)
        else:
            problems.add(value.source, f'the voice of "{shown(name)}" must be a name, not {kind(value)}')
        for called in (name, *member.aliases):
            if (other := taken.setdefault(composed(called), name)) != name:
                problems.add(key.source, f'"{shown(called)}" is also a name of {shown(other)}')
        header.cast[name] = member


def _read_member(name: str, value: Fields, key: Scalar, problems: Problems) -> CastMember:
    """The long form. Keys other than `_NO_STYLES` are styles: `{calm: anna-calm, angry: anna-angry}`."""
    voice = read_text(value, "voice", problems)
    speaker = read_number(value, "speaker", MAX_SPEAKER, problems)
    pace = value.get("speed")
    speed = None if pace is None else read_decimal("speed", pace, SLOWEST, FASTEST, problems)
    given = value.get("aliases")
    aliases = [] if given is None else read_list(given, "aliases", problems)
    styles: dict[str, str] = {}
    for style, reference in value.pairs:
        if style.text in _NO_STYLES:
            continue
        meant = did_you_mean(style.text, _VOICE_KEYS)
        if meant:
            problems.add(style.source, f'unknown key "{shown(style.text)}"{meant}')
        elif not isinstance(reference, Scalar) or not reference.text.strip():
            what = f'the style "{shown(style.text)}" of "{shown(name)}" must be the name of a voice'
            problems.add(reference.source, f"{what}, not {kind(reference)}")
        else:
            styles[" ".join(style.text.split())] = " ".join(reference.text.split())
    if not voice and styles:
        voice = next(iter(styles.values()))
    called = tuple(dict.fromkeys(" ".join(alias.text.split()) for alias in aliases))
    if NARRATOR in called and name != NARRATOR:
        problems.add(key.source, f'"{NARRATOR}" is a character of its own')
    return CastMember(name, voice, speaker, key.source, styles, called, speed)
