"""The identity of a checkpoint, by its files and not by its name. torch is not needed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from csm_cli.core.data import read_json
from csm_cli.core.errors import CsmError, MissingError
from csm_cli.core.files import cache_dir, written
from csm_cli.core.reading import open_file
from csm_cli.core.stored import as_json, shaped_items


def checkpoint_revision(files: Iterable[Path]) -> str:
    """A hash of the files of a checkpoint, by name and content, 20 hexadecimal digits.

    Gigabytes of weights are read once; the hash of a file is then stored by path, size and time of change.

    Raises:
        MissingError: a file cannot be read.
    """
    stored = _stored()
    total = hashlib.sha256()
    changed = False
    for file in sorted(files):
        try:
            status = file.stat()
            mark = f"{file.resolve()}:{status.st_size}:{status.st_mtime_ns}"
            if mark not in stored:
                with open_file(file) as stream:
                    stored[mark] = hashlib.file_digest(stream, "sha256").hexdigest()
                changed = True
        except OSError as error:
            raise MissingError(
                f"cannot be read ({error.strerror or error})", where=str(file), remedy="check its permissions"
            ) from error
        total.update(f"{file.name}:{stored[mark]}\n".encode())
    if changed:
        with suppress(CsmError), written(_cache()) as temporary:
            temporary.write_text(as_json(stored, indent=1), encoding="utf-8")
    return total.hexdigest()[:20]


def _cache() -> Path:
    return cache_dir() / "checkpoints.json"


def _stored() -> dict[str, str]:
    try:
        found = shaped_items(str, read_json(_cache()))
    except (OSError, ValueError):
        return {}
    return {mark: name for mark, name in found.items() if re.fullmatch("[0-9a-f]{64}", name)}
