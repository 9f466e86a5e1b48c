"""Options declared once: dataclass fields that carry their flag, help and limits along with their default.

The command line makes its options of these fields, the library uses the dataclass, and what a later run has
to remember is what is marked so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from csm_cli.core.files import real
from csm_cli.core.stored import shaped

_KEY = "option"


@dataclass(frozen=True)
class Flag:
    """How a field stands on the command line.

    Args:
        names: such as "-o", "--output".
        help: one or two sentences.
        metavar: of its value; None: of its type.
        min, max: of a number.
        kind: type on the command line; None: that of the field.
        parse: makes the field's value of that; may raise a `UsageError`.
        remembered: whether to speak a line again in the same way needs it.
    """

    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    min: float | None = None
    max: float | None = None
    kind: Any = None
    parse: Callable[[Any], Any] | None = None
    remembered: bool = False


def option(default: Any, *names: str, help: str, **more: Any) -> Any:
    """A dataclass field that is an option of the command line; `more` as for `Flag`."""
    return field(default=default, metadata={_KEY: Flag(names, help, **more)})


def flags_of(options: type) -> dict[str, Flag]:
    """The flags of a dataclass, by the names of its fields, in order."""
    return {each.name: each.metadata[_KEY] for each in fields(options) if _KEY in each.metadata}


def remembered(options: Any) -> dict[str, Any]:
    """The values of the fields that are marked so, by name, as JSON has them."""
    found = {}
    for name, flag in flags_of(type(options)).items():
        if flag.remembered:
            value = getattr(options, name)
            if isinstance(value, Path):
                value = str(real(value))
            found[name] = sorted(value) if isinstance(value, frozenset) else value
    return found


def recalled(
    options: type, values: Mapping[str, Any], left_out: Callable[[str], None] = lambda problem: None
) -> dict[str, Any]:
    """Of values that were remembered, maybe by another version, those that are options still.

    Args:
        left_out: called with each value that its option cannot have.
    """
    found = {}
    for name, flag in flags_of(options).items():
        if flag.remembered and name in values:
            try:
                found[name] = _checked(options, name, flag, values[name])
            except ValueError as error:
                left_out(f"{name}: {error}")
    return found


def _checked(options: type, name: str, flag: Flag, value: Any) -> Any:
    if flag.parse is not None:  # a list of choices
        return flag.parse(shaped(flag.kind, value))
    (of,) = (each.type for each in fields(options) if each.name == name)
    kind = eval(of, vars(sys.modules[options.__module__])) if isinstance(of, str) else of
    if isinstance(value, str):  # a path need not be UTF-8
        found = shaped(kind, value.encode("utf-8", "replace").decode())
        if not isinstance(found, Path):
            return value
        if "\0" in value:
            raise ValueError("it holds a NUL, which no path may")
        os.fsencode(value)  # half of a character is none either
        return Path(value)
    found = shaped(kind, value)
    if isinstance(found, int | float) and not isinstance(found, bool):
        low, high = flag.min, flag.max
        if (low is not None and found < low) or (high is not None and found > high):
            raise ValueError(f"{found} is out of range")
    return found
