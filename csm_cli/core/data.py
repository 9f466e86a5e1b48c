"""JSON and YAML from files that anybody may have written: nesting is bounded, and nothing grows when read."""

from __future__ import annotations

import json
from typing import Any

import yaml

MAX_DEPTH = 64
"""Of YAML: lists and mappings within each other."""
MAX_COLLECTIONS = 50_000
MAX_NUMBER = 1_000
"""Characters of a number: what it takes to read one grows with their square."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_json(data: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_yaml(data: bytes | str) -> Any:
    """The value of a YAML text of one document: plain values, without aliases, anchors and tags.

    A few aliases make a value of any size; a tag may ask for a value that its text does not give.

    Raises:
        ValueError: it is not UTF-8 or not YAML (with the line), holds one of these, or is nested too deeply.
    """
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    depth = count = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth, count = depth + 1, count + 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise ValueError(f"line {_line(event)}: aliases and anchors are not accepted")
            if getattr(event, "tag", None) is not None:
                raise ValueError(f"line {_line(event)}: tags are not accepted")
            if depth > MAX_DEPTH:
                raise ValueError(f"line {_line(event)}: it is nested too deeply")
            if count > MAX_COLLECTIONS:
                raise ValueError(f"it has more than {MAX_COLLECTIONS} lists and mappings")
            if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and _is_long_number(event.value):
                raise ValueError(f"line {_line(event)}: a number has more than {MAX_NUMBER} digits")
        return yaml.load(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem or 'it is not YAML'}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _is_long_number(text: str) -> bool:
    return len(text) > MAX_NUMBER and text[0] in "+-.0123456789" and not any(map(str.isspace, text))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
