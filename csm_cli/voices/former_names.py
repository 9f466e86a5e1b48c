"""Names that shipped voices had in earlier versions; a script that casts one still renders."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

FORMER = {"slt": "heart", "rms": "michael", "awb": "george", "kal": "fenrir", "eve": "bella"}
"""Voice of today by the name of the earlier one that it stands for."""


def renamed(names: Iterable[str], there: Container[str]) -> dict[str, str]:
    """The names among `names` that only earlier versions had, with those of today; clips as `slt/calm`.

    Args:
        names: of voices, as a script or a command line gives them.
        there: names of all voices there are. One of the user's that is called as an earlier one is no other.
    """
    found = {}
    for name in names:
        owner, slash, label = name.partition("/")
        if owner in FORMER and owner not in there:
            found[name] = f"{FORMER[owner]}{slash}{label}"
    return found


def tell(names: Mapping[str, str], note: Callable[[str], None]) -> None:
    """Say which names have changed, in one line; nothing if there are none.

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
