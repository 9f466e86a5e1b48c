"""YAML as a tree of text with positions.

Built from the parser's events instead of constructed values, for four reasons: a name such as `No` or `1`
stays text; every key and value knows its place; aliases, tags and deep nesting are refused before they cost
anything; and no object can be made from a script.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from csm_cli.script.document import Source
from csm_cli.script.problems import MAX_YAML_DEPTH, Problems, shown
from csm_cli.script.source_text import SourceText

# Words and figures that YAML takes for something else than text; csm itself would not.
_NOT_TEXT = re.compile(
    r"(?:~|null|yes|no|on|off|true|false|y|n|[-+.0-9][-+.0-9_:eExobinfa]*|=|<<|---.*|\.\.\.)", re.IGNORECASE
)
_PLAIN_BLOCK = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=][^\n]*")
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")


def scalar(text: str, *, flow: bool = False) -> str:
    """`text` as it may stand behind a key: plain where that is safe, else in double quotes.

    Args:
        text: on one line.
        flow: it stands inside `{…}` or `[…]`.
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
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def number(value: float) -> str:
    """A number as a person writes it."""
    return f"{value:.9f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def flow_map(pairs: Mapping[str, str]) -> str:
    """`{key: value, …}`; the values are scalars already."""
    return "{" + ", ".join(f"{scalar(key, flow=True)}: {value}" for key, value in pairs.items()) + "}"


def flow_list(texts: tuple[str, ...]) -> str:
    """`[a, b]`."""
    return "[" + ", ".join(scalar(text, flow=True) for text in texts) + "]"


QUOTE = "put text in quotes if it has a colon or begins with one of & * ! % @ ` { [ \" '"
_WORDS = re.compile(r"\s*(?![-#{\[])[^\n:\"']+")


def explained(fault: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """(where in the text the author has to look, what is wrong there and what to do).

    The parser tells where it could go no further; of what was left open that is often pages behind.
    """
    mark = fault.problem_mark or fault.context_mark
    index = min(mark.index, len(text)) if mark else 0
    problem, context = fault.problem or fault.context or "it does not parse", fault.context or ""
    opened = fault.context_mark.index if fault.context_mark else index
    if "quoted scalar" in context:
        return opened, f"this quote has no end; close it with another {text[opened : opened + 1]}"
    if "flow" in context:
        begun = text[opened : opened + 1]
        if "\n" in text[opened:index]:
            return opened, f"this {begun} has no end; close it with {'}' if begun == '{' else ']'}"
    elif "cannot start any token" in problem and text[index : index + 1] == "\t":
        return index, "a tab; indent with spaces"
    elif "mapping values are not allowed" in problem:
        row = text.rfind("\n", 0, index) + 1
        before = text.rfind("\n", 0, max(row - 1, 0)) + 1
        if ":" not in text[row:index] and row and _WORDS.fullmatch(text, before, row - 1):
            return before, "a key without a colon; write key: value"
        return index, f"a second colon in one line; {QUOTE}"
    elif "block" in context and text[text.rfind("\n", 0, index) + 1 : index].isspace():
        return index, "indented otherwise than the lines above that it belongs to; line them up"
    return index, f"{problem}; {QUOTE}"


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Scalar:
    """A text, number or nothing: always as it was written. `plain` is False if it was quoted or a block."""

    text: str
    plain: bool
    source: Source


@dataclass(slots=True)
class Items:
    """A sequence."""

    source: Source
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Fields:
    """A mapping; every key is a text and occurs once. `pairs` keeps the order of the file."""

    source: Source
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        return next((value for name, value in self.pairs if name.text == key), None)


Node = Scalar | Items | Fields
_KINDS = {Scalar: "text", Items: "a list", Fields: "a mapping"}


def kind(node: Node) -> str:
    """What `node` is, for a message."""
    if isinstance(node, Scalar):
        return f'"{shown(node.text)}"' if node.text.strip() else "nothing"
    return _KINDS[type(node)]


def parse_nodes(source: SourceText, problems: Problems) -> Node | None:
    """The tree of a YAML text; None if the text is empty or does not parse (then a problem was noted)."""
    builder = _Builder(source, problems)
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as fault:
        index, what = explained(fault, source.text)
        problems.add(source.at(index), f"not valid YAML: {what}")
        return None
    except (yaml.YAMLError, RecursionError) as fault:
        problems.add(source.at(0), f"not valid YAML: {shown(str(fault))}")
        return None
    except _Refused:
        return None
    return builder.root


class _Refused(Exception):
    """The text cannot be read on; the problem is noted."""


class _Builder:
    """Assembles events into nodes. An open mapping holds the key that waits for its value."""

    def __init__(self, source: SourceText, problems: Problems):
        self.root: Node | None = None
        self._source, self._problems = source, problems
        self._open: list[Items | Fields] = []
        self._keys: list[Scalar | None] = []
        self._seen: list[dict[str, Source]] = []

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            place = self._place(event)
            self._put(Scalar(event.value, not event.style, place))
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            place = self._place(event)
            node = Items(place) if isinstance(event, yaml.SequenceStartEvent) else Fields(place)
            self._put(node)
            if len(self._open) == MAX_YAML_DEPTH:
                self._problems.add(place, f"nested more than {MAX_YAML_DEPTH} deep; a script is not")
                raise _Refused
            self._open.append(node)
            self._keys.append(None)
            self._seen.append({})
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self._open.pop(), self._keys.pop(), self._seen.pop()
        elif isinstance(event, yaml.AliasEvent):
            place = self._start(event)
            self._problems.add(place, "YAML aliases are not accepted; put text that begins with * in quotes")
            self._put(Scalar("alias", False, place))
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self._problems.add(
                self._start(event),
                "a second document begins here; a script is one (a scene break is written: - scene break)",
            )
            raise _Refused

    def _start(self, event: yaml.Event) -> Source:
        # The index, not the mark's line: YAML also breaks lines at U+0085 and U+2028, editors do not.
        return self._source.at(event.start_mark.index if event.start_mark else 0)

    def _place(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> Source:
        place = self._start(event)
        if event.anchor is not None:
            self._problems.add(place, "YAML anchors are not accepted; put text that begins with & in quotes")
        if event.tag is not None:
            self._problems.add(
                place, f'YAML tag "{shown(event.tag)}" is not accepted; put text that begins with ! in quotes'
            )
        return place

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
        elif (key := self._keys[-1]) is None:
            if not isinstance(node, Scalar):
                self._problems.add(node.source, f"a key must be text, not {kind(node)}")
                raise _Refused
            self._keys[-1] = node
        else:
            self._keys[-1] = None
            first = self._seen[-1].setdefault(key.text, key.source)
            if first is not key.source:
                self._problems.add(
                    key.source, f'duplicate key "{shown(key.text)}"; first used on line {first.line}'
                )
            else:
                parent.pairs.append((key, node))
