"""Where csm keeps what belongs to the user: `CSM_HOME`, else the XDG data folder."""

from __future__ import annotations

import os
from pathlib import Path


def data_dir() -> Path:
    """The user's data folder (voices, downloaded extras); it need not exist yet."""
    if home := os.environ.get("CSM_HOME"):
        return Path(home)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "csm"


def cache_dir() -> Path:
    """The folder for what can be made again, such as encoded voice references."""
    if home := os.environ.get("CSM_HOME"):
        return Path(home) / "cache"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "csm"
