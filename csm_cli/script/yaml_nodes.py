"""YAML 1.1 as a tree of texts with places, built from PyYAML's parser events.

Constructed values would not do: scalars such as `No` or `1_000` must stay text, every key and value needs its
place, duplicate keys are errors, and aliases, tags and deep nesting are refused before they use memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from csm_cli.core.visible import REFUSED, described
from csm_cli.script.problems import MAX_YAML_DEPTH, Problems, Source, SourceText, shown

_QUOTE = "put text in quotes if it has a colon or begins with one of & * ! % @ ` { [ \" '"
_WORDS = re.compile(r"\s*(?![-#{\[])[^\n:\"']+")


def _explain(fault: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """A syntax error as (index of the cause in `text`, message with a remedy).

    The parser's mark is where it stopped, which may be far after a bracket or quote that was not closed.
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
        return index, f"a second colon in one line; {_QUOTE}"
    elif "block" in context and text[text.rfind("\n", 0, index) + 1 : index].isspace():
        return index, "indented otherwise than the lines above that it belongs to; line them up"
    return index, f"{problem}; {_QUOTE}"


_SHORT = {"0": "\0", "a": "\a", "b": "\b", "v": "\v", "f": "\f", "e": "\x1b"}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Scalar:
    """A scalar, as text. `plain` is False if it was quoted or a block scalar."""

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
    """A mapping: `pairs` in the order of the file; keys are unique scalars."""

    source: Source
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        return next((value for name, value in self.pairs if name.text == key), None)


Node = Scalar | Items | Fields
_KINDS = {Scalar: "text", Items: "a list", Fields: "a mapping"}


def kind(node: Node) -> str:
    """A description of `node` for a message."""
    if isinstance(node, Scalar):
        return f'"{shown(node.text)}"' if node.text.strip() else "nothing"
    return _KINDS[type(node)]


def parse_nodes(source: SourceText, problems: Problems) -> Node | None:
    """The tree of a YAML text; None if the text is empty or (a problem) does not parse."""
    builder = _Builder(source, problems)
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            builder.add(event)
    except yaml.MarkedYAMLError as fault:
        index, what = _explain(fault, source.text)
        problems.add(source.at(index), f"not valid YAML: {what}")
        return None
    except (yaml.YAMLError, RecursionError) as fault:
        problems.add(source.at(0), f"not valid YAML: {shown(str(fault))}")
        return None
    except _Refused:
        return None
    return builder.root


class _Refused(Exception):
    """Parsing stops here; the problem has been added."""


class _Builder:
    """Assembles events into nodes. `_keys` holds, for each open mapping, the key whose value comes next."""

    def __init__(self, source: SourceText, problems: Problems):
        self.root: Node | None = None
        self._source, self._problems = source, problems
        self._open: list[Items | Fields] = []
        self._keys: list[Scalar | None] = []
        self._seen: list[dict[str, Source]] = []

    def add(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            place = self._place(event)
            if refused := REFUSED.search(event.value):  # as an escape, for no file holds it as it is
                self._problems.add(self._escape(event), f"{described(refused[0])}; remove it")
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
        # By index: the mark's line also counts U+0085 and U+2028 as line breaks, unlike editors.
        return self._source.at(event.start_mark.index if event.start_mark else 0)

    def _escape(self, event: yaml.ScalarEvent) -> Source:
        """The place of the first escape of a text that stands for a character that is refused."""
        if event.start_mark is None or event.end_mark is None:
            return self._start(event)
        begin, end = event.start_mark.index, event.end_mark.index
        for escape in _ESCAPE.finditer(self._source.text, begin, end):
            hexadecimal = escape[1][1:]
            if REFUSED.match(chr(int(hexadecimal, 16)) if hexadecimal else _SHORT.get(escape[1], "")):
                return self._source.at(escape.start())
        return self._start(event)

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
