"""Lines in a YAML script: a scalar in any style, settings as further keys of its mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import yaml

from csm_cli.review.spans import KEYS, Change, LineSpan, TextSpan
from csm_cli.script.problems import Source, SourceText
from csm_cli.script.settings import as_written
from csm_cli.script.writers.yaml import quoted, scalar

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOTE = re.compile(r"\(([^()]*)\)\s*")


def yaml_lines(source: SourceText) -> Callable[[Source], LineSpan | None]:
    """Gives the lines of a script by the place of their texts, as in `Line.source`."""
    try:
        root = yaml.compose(source.text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError):
        root = None
    found = {
        value.start_mark.index: (mapping, value, flow)
        for mapping, flow in _mappings(root, False)
        for key, value in mapping.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
    }

    def line(at: Source) -> LineSpan | None:
        if source.index(at) not in found:
            return None
        mapping, value, flow = found[source.index(at)]
        span = _text_span(mapping, value, source.text, flow)
        return None if span is None else YamlLine(span, mapping, value, source.text, flow)

    return line


def _mappings(node: yaml.Node | None, flow: bool) -> Iterator[tuple[yaml.MappingNode, bool]]:
    """Every mapping below a node, and whether its scalars stand between brackets or braces."""
    if isinstance(node, yaml.MappingNode):
        flow = flow or bool(node.flow_style)
        yield node, flow
        for _, value in node.value:
            yield from _mappings(value, flow)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _mappings(each, flow or bool(node.flow_style))


class _Inner(NamedTuple):
    """What of a scalar is text, without quotes and headers, and how text is written there."""

    start: int
    end: int
    whole: Callable[[str], str]
    word: Callable[[str, bool], str]


def _inner(node: yaml.ScalarNode, text: str) -> _Inner:
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        body = text.find("\n", start) + 1
        end = body + len(text[body:end].rstrip())
        start = body + len(text[body:end]) - len(text[body:end].lstrip())
        return _Inner(start, end, as_written, lambda new, _: as_written(new))
    end = start + len(text[start:end].rstrip())
    if node.style == "'":
        return _Inner(start + 1, end - 1, _single, lambda new, _: _single(new))
    if node.style == '"':
        return _Inner(start + 1, end - 1, _double, lambda new, _: _double(new))
    return _Inner(start, end, as_written, lambda new, _: as_written(new))


def _single(text: str) -> str:
    return as_written(text).replace("'", "''")


def _double(text: str) -> str:
    return quoted(as_written(text))[1:-1]


def _text_span(mapping: yaml.MappingNode, node: yaml.ScalarNode, text: str, flow: bool) -> TextSpan | None:
    begin, end, whole, word = _inner(node, text)
    start = begin
    if not {key.value for key, _ in mapping.value} & {"text", "speaker"}:  # then notes stand in front
        while note := _NOTE.match(text, start, end):
            start = note.end()
    if start >= end:
        return None
    notes = text[begin:start]
    if node.style:
        return TextSpan(text[start:end], range(start, end), whole, word)
    # A scalar without quotes gets some where the text needs them, which go around the notes too.
    plain = lambda new: scalar(notes + as_written(new), flow=flow)  # noqa: E731
    return TextSpan(text[start:end], range(start, end), plain, word, region=(begin, end))


class YamlLine(LineSpan):
    """A line in a YAML script.

    Args:
        span: of its text.
        mapping: of the line.
        node: the text.
        text: of the file.
        flow: the mapping stands in braces, or within something that does.
    """

    def __init__(
        self, span: TextSpan, mapping: yaml.MappingNode, node: yaml.ScalarNode, text: str, flow: bool
    ):
        self.text, self._mapping, self._node, self._file, self._flow = span, mapping, node, text, flow
        self.own = {
            key.value: value.value
            for key, value in mapping.value
            if key.value in KEYS and isinstance(value, yaml.ScalarNode)
        }

    def setting(self, key: str, value: str | None) -> Change | None:
        pairs = self._mapping.value
        there = next((at for at, (name, _) in enumerate(pairs) if name.value == key), None)
        if there is None:
            return None if value is None else self._added(f"{key}: {value}")
        name, old = pairs[there]
        start, end = name.start_mark.index, _end(old, self._file)
        if value is not None:
            return Change(old.start_mark.index, end, value)
        if self._flow:
            if len(pairs) < 2:
                return None
            first, last = (
                (_end(pairs[there - 1][1], self._file), end)
                if there
                else (start, pairs[1][0].start_mark.index)
            )
            between = self._file[first:start] if there else self._file[end:last]
            return Change(first, last, "") if between.strip() == "," else None  # a comment stays
        return self._row_removed(there, start, end)

    def _row_removed(self, there: int, start: int, end: int) -> Change | None:
        """Without the row of a setting; a comment in it stays."""
        text = self._file
        row, after = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        after = len(text) if after < 0 else after
        if text[end:after].strip():
            return Change(start, end, "") if not text[row:start].strip() else None
        if not text[row:start].strip():
            return Change(row, min(after + 1, len(text)), "")
        if there or len(self._mapping.value) < 2:
            return None
        following = self._mapping.value[1][0].start_mark.index  # it stands behind the dash: the next moves up
        return None if text[end:following].strip() else Change(start, following, "")

    def _added(self, pair: str) -> Change | None:
        text, end = self._file, _end(self._node, self._file)
        if self._flow:
            if text[self._mapping.start_mark.index] != "{":
                return None
            last = _end(self._mapping.value[-1][1], text)
            return Change(last, last, f", {pair}")
        first = self._mapping.value[0][0].start_mark.index
        indent = " " * (first - text.rfind("\n", 0, first) - 1)
        row_end = text.find("\n", end)
        row_end = len(text) if row_end < 0 else row_end
        return Change(row_end, row_end, f"\n{indent}{pair}")


def _end(node: yaml.Node, text: str) -> int:
    """Behind the last character of a value: the mark of a block goes on to the next key."""
    start, end = node.start_mark.index, node.end_mark.index
    return int(start + len(text[start:end].rstrip()))
