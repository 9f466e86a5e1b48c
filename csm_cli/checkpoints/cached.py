"""What the Hub's cache holds for csm."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from csm_cli.checkpoints.config import read_json
from csm_cli.checkpoints.find import ADAPTER_CONFIG, find_checkpoint
from csm_cli.core.errors import first_line


@dataclass(frozen=True)
class Cached:
    """A repository in the Hub cache that holds a CSM, an adapter for one, its codec, or a Whisper.

    Attributes:
        size: of what lies in the cache, in bytes.
        problem: why it cannot be used, in one line; None if it can.
    """

    repository: str
    kind: str
    folder: Path
    size: int
    problem: str | None


def cached_models() -> list[Cached]:
    """What the Hub cache holds of CSMs, adapters, codecs and recognisers, by name.

    A damaged one is listed with its problem; the Hub library's own listing ends at the first.
    """
    from huggingface_hub import constants

    found = []
    for place in _entries(Path(constants.HF_HUB_CACHE)):
        snapshots = sorted(_entries(place / "snapshots"), key=_changed, reverse=True)
        if not place.name.startswith(_MODELS) or not snapshots:
            continue
        name, folder = place.name.removeprefix(_MODELS).replace("--", "/"), snapshots[0]
        kind = problem = None
        try:
            kind = kind_of(folder)
            if kind in ("model", "adapter"):
                find_checkpoint(name)
        except Exception as error:  # whatever it is, the others are listed
            kind, problem = kind or "unknown", getattr(error, "what", None) or first_line(error)
        if kind is not None:
            found.append(Cached(name, kind, folder, _size_of(place), problem))
    return sorted(found, key=lambda each: each.repository)


_MODELS = "models--"


def _entries(folder: Path) -> list[Path]:
    """The folders in a folder; none where it cannot be read."""
    try:
        return [each for each in folder.iterdir() if os.path.isdir(each)]
    except OSError:
        return []


def _changed(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _size_of(place: Path) -> int:
    """Bytes of a repository's files; a file of several revisions counts once."""
    files = {os.path.realpath(each) for each in place.rglob("*") if each.is_file()}
    return sum(os.path.getsize(each) for each in files)


def kind_of(folder: Path) -> str | None:
    """What a snapshot holds; None: nothing for csm.

    Raises:
        CsmError: its config.json is damaged.
    """
    if (folder / ADAPTER_CONFIG).is_file():
        return "adapter"
    if not (folder / "config.json").is_file():
        return None
    config = read_json(folder / "config.json")
    if config.get("model_type") == "csm" or "backbone_flavor" in config:
        return "model"
    if "alignment_heads" in config and (folder / "model.bin").is_file():  # a Whisper in CTranslate2's format
        return "recogniser"
    return {"mimi": "codec", "whisper": "recogniser"}.get(str(config.get("model_type")))
