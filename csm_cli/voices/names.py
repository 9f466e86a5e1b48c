"""Names of voices, of their clips, and of the files that hold them."""

from __future__ import annotations

import re

from csm_cli.core.errors import UsageError

MAX_NAME = 40
NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{MAX_NAME - 1}}}")


def check_name(name: str) -> str:
    """`name`, if it can be a voice's: lower-case ASCII letters, digits, `-` and `_`, at most 40.

    It becomes the name of a folder, so nothing else is let through: no separators, no dots, no capitals
    (which some file systems do not tell apart).

    Raises:
        UsageError: it cannot; the remedy proposes one that can.
    """
    return _checked(name, "the name of a voice", "narrator")


def check_label(label: str) -> str:
    """`label`, if it can be a clip's: the same characters as a name; it becomes the name of a file.

    Raises:
        UsageError: it cannot; the remedy proposes one that can.
    """
    return _checked(label, "the label of a clip", "calm")


def as_label(text: str) -> str:
    """The label that a delivery note or a file name would have: "Very  Angry!" is `very-angry`; may be ""."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:MAX_NAME].strip("-_")


def _checked(name: str, what: str, usual: str) -> str:
    if NAME.fullmatch(name):
        return name
    raise UsageError(
        f"{name!r} cannot be {what}",
        remedy=f"use up to {MAX_NAME} of a-z, 0-9, - and _, such as {as_label(name) or usual!r}",
    )


def whole(name: str) -> str:
    """The name, if it is that of a voice.

    Raises:
        UsageError: it names one of a voice's clips.
    """
    owner, slash, _ = name.partition("/")
    if slash and NAME.fullmatch(owner):
        raise UsageError(
            f"{name!r} names a clip, and this concerns a voice with all its clips", remedy=f"give {owner!r}"
        )
    return name


def is_file_name(name: str) -> bool:
    """Whether `name` is a file's own name on any system: no folder, no drive, nothing that leads away."""
    return bool(name) and name not in (".", "..") and not re.search(r'[/\\:\0-\x1f<>"|?*]', name)
