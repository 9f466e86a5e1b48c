"""Where a store lies: a folder, or a URL that fsspec understands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Url:
    """A store beyond the file system, such as `s3://bucket/takes`.

    Args:
        text: without a slash at its end.
    """

    text: str

    def __str__(self) -> str:
        return self.text


Place = Path | Url
_FILE = "file://"


def place_from(text: str) -> Place:
    """What a person names: what has `://` in it is a URL, and `file://` a folder all the same."""
    if text.startswith(_FILE):
        return Path(text.removeprefix(_FILE))
    return Url(text.rstrip("/")) if "://" in text else Path(text)


def may_hold_takes(place: Place) -> bool:
    """False for a folder that is not there yet."""
    return isinstance(place, Url) or place.is_dir()
