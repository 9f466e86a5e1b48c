"""Scripts made from their JSON Schema: every key and every kind of value in every place."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import yaml

from fuzz.mutations import TEXTS

_NAMES = ("Anna", "ANNA", "narrator", "Ben 2", "Ms. O'Neill", "ärger", "no", "5", "a:b", "calm")
_WORDS = (
    "No.",
    "It is 5 p.m.",
    "*Is* that the **light**?",
    "[laughs] Yes.",
    "{{name}}",
    "en",
    "2024-05-01",
    "x",
)
_MOST_DEPTH = 7
_ODD = [text for text in TEXTS if not any("\ud800" <= sign <= "\udfff" for sign in text)]


@cache
def _schema() -> dict[str, Any]:
    from csm_cli.script.schema import schema

    return schema()


def script_of(chance: Random) -> bytes:
    """A script in YAML that agrees with the schema, in one of YAML's styles."""
    style = chance.choice((False, False, None, True))
    quotes = chance.choice((None, None, '"', "'", "|"))
    return yaml.safe_dump(
        value_of(chance), sort_keys=False, allow_unicode=True, default_flow_style=style, default_style=quotes
    ).encode()


def value_of(chance: Random) -> dict[str, Any]:
    """A script as YAML gives it."""
    value: dict[str, Any] = _value(_schema(), chance, 0)
    if chance.random() < 0.9:  # one of the two is needed
        value.pop("lines" if value.get("chapters") else "chapters", None)
    return value


def _value(node: dict[str, Any], chance: Random, depth: int) -> Any:
    if "$ref" in node:
        return _value(_schema()["$defs"][node["$ref"].rpartition("/")[2]], chance, depth)
    if "anyOf" in node:
        kinds = node["anyOf"]
        if depth > _MOST_DEPTH:
            kinds = [kind for kind in kinds if "$ref" not in kind] or kinds
        return _value(chance.choice(kinds), chance, depth)
    if "enum" in node:
        return chance.choice(node["enum"])
    if "const" in node:
        return node["const"]
    kind = node.get("type")
    if kind == "object":
        return _mapping(node, chance, depth)
    if kind == "array":
        least = node.get("minItems", 0)
        return [_value(node["items"], chance, depth + 1) for _ in range(least + chance.randrange(4))]
    if kind in ("integer", "number"):
        return _number(node, chance, whole=kind == "integer")
    if "pattern" in node:
        return chance.choice(("en", "pt-BR"))
    return {"boolean": chance.random() < 0.5, "null": None}.get(str(kind), _text(chance))


def _mapping(node: dict[str, Any], chance: Random, depth: int) -> dict[str, Any]:
    known, needed = node.get("properties", {}), node.get("required", ())
    share = chance.choice((0.1, 0.3, 0.9))
    found = {
        name: _value(part, chance, depth + 1)
        for name, part in known.items()
        if name in needed or chance.random() < share or (not depth and name in ("lines", "chapters"))
    }
    more = node.get("additionalProperties")
    if isinstance(more, dict) or more is True:
        for _ in range(node.get("minProperties") or chance.randrange(3)):
            found[chance.choice(_NAMES)] = _value(more, chance, depth + 1) if isinstance(more, dict) else "x"
    return found


def _number(node: dict[str, Any], chance: Random, whole: bool) -> float:
    low, high = node.get("minimum", -(2**40)), node.get("maximum", 2**40)
    between = chance.randint(low, high) if whole else low + (high - low) * chance.random()
    return chance.choice((low, high, max(low, 0), max(low, 1), between))


def _text(chance: Random) -> str:
    return chance.choice(_ODD) if chance.random() < 0.1 else chance.choice((*_WORDS, *_NAMES))
