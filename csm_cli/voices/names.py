"""Names of voices, of their clips and files, where they lie, and names of earlier versions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from csm_cli.core import PACKAGE_DIR, is_device_name
from csm_cli.core.errors import UsageError
from csm_cli.core.files import MAX_NAME_BYTES, data_dir, real
from csm_cli.core.visible import REFUSED

MAX_NAME = 40
NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{MAX_NAME - 1}}}")


def check_name(name: str) -> str:
    """`name`, if it can be a voice's: lower-case ASCII letters, digits, `-` and `_`, at most 40.

    It becomes the name of a folder, so nothing else is let through: no separators, no dots, no capitals
    (which some file systems treat as equal).

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
    if is_device_name(name):
        raise UsageError(
            f"{name!r} cannot be {what}: on Windows it is a device",
            remedy=f"use another, such as {as_label(name.partition('.')[0]) + '-voice'!r}",
        )
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
    if is_device_name(name) or name.endswith((".", " ")):  # which Windows takes away
        return False
    unfit = re.search(r'[/\\:\0-\x1f<>"|?*]', name) or REFUSED.search(name)
    return (
        name not in ("", ".", "..") and not unfit and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    )


Layer = Literal["project", "user", "shipped"]
CARD = "voice.yaml"


def shipped_dir() -> Path | None:
    """The voices that came with csm: inside the package, else beside it in a checkout; None if neither."""
    if (packaged := PACKAGE_DIR / "voices" / "shipped").is_dir():
        return packaged
    checkout = PACKAGE_DIR.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "voices").is_dir():
        return checkout / "voices"
    return None


def voice_layers(project_dir: Path | None) -> tuple[tuple[Layer, Path], ...]:
    """The folders that hold voices, nearest first.

    Args:
        project_dir: the folder of the script; its `voices/` is the project layer. None: no such layer.
    """
    shipped = shipped_dir()
    layers: list[tuple[Layer, Path]] = []
    if project_dir is not None:
        layers.append(("project", Path(project_dir) / "voices"))
    layers.append(("user", data_dir() / "voices"))
    if shipped is not None:
        # A script at the top of a checkout: its `voices/` is the shipped folder, not to be changed.
        layers = [(layer, folder) for layer, folder in layers if real(folder) != real(shipped)]
        layers.append(("shipped", shipped))
    return tuple(layers)


def voice_names(project_dir: Path | None) -> frozenset[str]:
    """The names of all voices that a script in that folder can cast, damaged ones among them."""
    names: set[str] = set()
    for _, layer in voice_layers(project_dir):
        with suppress(OSError):  # `VoiceRegistry.problems` says that a layer cannot be read
            names.update(each for each in os.listdir(layer) if os.path.isfile(layer / each / CARD))
    return frozenset(names)


def exists(folder: Path) -> bool:
    """Whether a folder is there and may be looked at."""
    try:
        return folder.is_dir()
    except OSError:  # a layer without permission is as good as none; `problems` reports it
        return False


FORMER = {"slt": "heart", "rms": "michael", "awb": "george", "kal": "fenrir", "eve": "bella"}
"""Voice of today by the name of the earlier one that it stands for."""


def renamed(names: Iterable[str], there: Container[str]) -> dict[str, str]:
    """The names among `names` that only earlier versions had, with those of today; clips as `slt/calm`.

    Args:
        names: of voices, as a script or a command line gives them.
        there: names of all voices there are. One of the user's with an earlier one's name is kept.
    """
    found = {}
    for name in names:
        owner, slash, label = name.partition("/")
        if owner in FORMER and owner not in there:
            found[name] = f"{FORMER[owner]}{slash}{label}"
    return found


def note_renames(names: Mapping[str, str], note: Callable[[str], None]) -> None:
    """Report which names have changed, in one line; nothing if there are none.

    Args:
        names: from `renamed`.
        note: takes the line.
    """
    if names:
        note(note_of(names))


def note_of(names: Mapping[str, str]) -> str:
    """Which names have changed, in one line; `names` from `renamed`, not empty."""
    changes = ", ".join(f"{old} is now {new}" for old, new in names.items())
    return f"the voice {changes}" if len(names) == 1 else f"voices have new names: {changes}"
