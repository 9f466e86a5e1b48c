"""The few properties of CSS that decide what of a page is text: hidden, raised, or a block of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from csm_cli.script.sources import local_name

MAX_SHEET_CHARACTERS = 2**20
_MAX_RULES = 2_000
_MAX_NESTED = 50
"""Rules whose selectors name elements around theirs."""
_MOST_ANCESTORS = 16
_PROPERTIES = frozenset(["display", "visibility", "vertical-align", "float"])
_COMPOUND = re.compile(r"([A-Za-z][\w-]*|\*)?((?:[.#][\w-]+)*)")
_NAME = re.compile(r"[.#][\w-]+")
_SCREEN = re.compile(r"@media\s*(?:only\s+)?(?:all|screen)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Compound:
    tag: str
    classes: frozenset[str]
    identity: str

    def fits(self, element: Any) -> bool:
        return (
            self.tag in ("", local_name(element))
            and (not self.identity or element.get("id") == self.identity)
            and self.classes <= set((element.get("class") or "").split())
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    path: tuple[_Compound, ...]
    rank: tuple[int, int, int, int, int]
    name: str
    value: str

    def fits(self, element: Any) -> bool:
        if not self.path[-1].fits(element):
            return False
        ancestors = islice(element.iterancestors(), _MOST_ANCESTORS)
        return all(any(part.fits(each) for each in ancestors) for part in reversed(self.path[:-1]))


class Styles:
    """The style sheets of a page. Child combinators count as descendants; pseudo-classes are not read.

    Args:
        sheets: their texts, in order.
    """

    def __init__(self, sheets: Iterable[str] = ()):
        self._rules: dict[str, list[_Rule]] = {}
        self._cache: dict[tuple[str, str | None, str | None], dict[str, str]] = {}
        self._flat = True  # no rule depends on ancestors
        number = nested = 0
        self._last: tuple[Any, dict[str, str]] = (None, {})
        for sheet in sheets:
            for selectors, body in _blocks(_without_comments(sheet[:MAX_SHEET_CHARACTERS])):
                declared = list(_declarations(body))
                for selector in selectors.split(",") if declared else ():
                    path = _path(selector)
                    nested += len(path) > 1
                    if not path or number >= _MAX_RULES or (len(path) > 1 and nested > _MAX_NESTED):
                        continue
                    self._flat = self._flat and len(path) == 1
                    for name, value, important in declared:
                        number += 1
                        rule = _Rule(path, _rank(path, important, number), name, value)
                        self._rules.setdefault(_key(path[-1]), []).append(rule)

    def of(self, element: Any) -> dict[str, str]:
        """The values of display, visibility, vertical-align and float that are set on an element."""
        if element is self._last[0]:
            return self._last[1]
        style = element.get("style")
        found = self._from_sheets(element) if self._rules else {}
        if style:
            found = {**found, **{name: value for name, value, _ in _declarations(style)}}
        self._last = element, found
        return found

    def _from_sheets(self, element: Any) -> dict[str, str]:
        classes, identity = element.get("class"), element.get("id")
        key = (local_name(element), classes, identity)
        if self._flat and key in self._cache:
            return self._cache[key]
        keys = ["*", key[0], *(f".{name}" for name in (classes or "").split()), f"#{identity}"]
        rules = [rule for each in keys for rule in self._rules.get(each, ()) if rule.fits(element)]
        rules.sort(key=lambda rule: rule.rank)
        found = {rule.name: rule.value for rule in rules}
        if self._flat:
            self._cache[key] = found
        return found


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("/*", at)) >= 0:
        kept.append(text[at:start])
        end = text.find("*/", start + 2)
        if end < 0:
            return "".join(kept)
        at = end + 2
    return "".join([*kept, text[at:]])


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that hold on a screen."""
    at = 0
    while (start := text.find("{", at)) >= 0:
        prelude = text[at:start].rpartition("}")[2].rpartition(";")[2].strip()
        if prelude.startswith("@"):
            at = start + 1 if _SCREEN.match(prelude) else _behind_block(text, start)
            continue
        end = text.find("}", start)
        end = len(text) if end < 0 else end
        yield prelude, text[start + 1 : end]
        at = end + 1


def _behind_block(text: str, at: int) -> int:
    depth = 0
    for brace in re.finditer("[{}]", text[at:]):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return at + brace.end()
    return len(text)


def _declarations(body: str) -> Iterator[tuple[str, str, bool]]:
    for declaration in body.split(";"):
        name, _, value = declaration.partition(":")
        if (name := name.strip().lower()) in _PROPERTIES:
            value, _, important = value.partition("!")
            yield name, value.strip().lower(), bool(important)


def _path(selector: str) -> tuple[_Compound, ...]:
    """The compounds of a selector; empty if it has parts that are not read."""
    path = []
    for part in selector.replace(">", " ").split():
        match = _COMPOUND.fullmatch(part)
        if not match:
            return ()
        names = _NAME.findall(match[2])
        path.append(
            _Compound(
                (match[1] or "").lower().replace("*", ""),
                frozenset(name[1:] for name in names if name[0] == "."),
                next((name[1:] for name in names if name[0] == "#"), ""),
            )
        )
    return tuple(path)


def _key(compound: _Compound) -> str:
    if compound.identity:
        return f"#{compound.identity}"
    return f".{min(compound.classes)}" if compound.classes else compound.tag or "*"


def _rank(path: tuple[_Compound, ...], important: bool, number: int) -> tuple[int, int, int, int, int]:
    ids = sum(bool(part.identity) for part in path)
    classes = sum(len(part.classes) for part in path)
    return important, ids, classes, sum(bool(part.tag) for part in path), number
