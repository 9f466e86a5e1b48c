"""Where voices lie, and what they are called; nothing heavy is loaded to know it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import csm_cli
from csm_cli.core.paths import data_dir

Layer = Literal["project", "user", "shipped"]
CARD = "voice.yaml"


def shipped_dir() -> Path | None:
    """The voices that came with csm: inside the package, else beside it in a checkout; None if neither."""
    package = Path(csm_cli.__file__).parent
    if (packaged := package / "voices" / "shipped").is_dir():
        return packaged
    checkout = package.parent
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
        layers = [(layer, folder) for layer, folder in layers if folder.resolve() != shipped.resolve()]
        layers.append(("shipped", shipped))
    return tuple(layers)


def voice_names(project_dir: Path | None) -> frozenset[str]:
    """The names of all voices that a script in that folder can cast, damaged ones among them."""
    return frozenset(
        folder.name
        for _, layer in voice_layers(project_dir)
        if layer.is_dir()
        for folder in layer.iterdir()
        if (folder / CARD).is_file()
    )


def exists(folder: Path) -> bool:
    """Whether a folder is there and may be looked at."""
    try:
        return folder.is_dir()
    except OSError:  # a layer without permission is as good as none; `problems` reports it
        return False
