"""Which files were made of a script, and where: noted in its record, to make them again as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from csm_cli.core.files import real
from csm_cli.delivery.options import Delivery

_KEY = "files"


def files_to_remember(delivery: Delivery, folder: Path, script: Path) -> dict[str, Any]:
    """What to note of a rendering of a script into a folder; nothing, if it makes no files."""
    if not delivery.formats:
        return {}
    place = real(folder)
    with suppress(ValueError):  # on another drive
        place = Path(os.path.relpath(place, real(script).parent))  # so that both may be moved
    return {_KEY: {"folder": place.as_posix(), "delivery": delivery.as_dict()}}


def files_remembered(options: Mapping[str, Any], script: Path) -> tuple[Path, Delivery] | None:
    """The folder of the files of the last rendering, and what they were; None, if that is not known.

    Args:
        options: that were noted.
        script: that was rendered.

    Raises:
        MissingError, UsageError: the cover is not there any more; a value cannot be used any more.
    """
    try:
        noted = options[_KEY]
        folder = Path(os.path.relpath(real(script).parent / noted["folder"]))
        delivery = Delivery.from_dict(noted["delivery"])
        return (folder, delivery) if folder.is_dir() else None
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        return None
