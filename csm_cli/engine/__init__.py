"""Fast generation: utterances in, codes and audio out. torch is imported on the first access to `Engine`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from csm_cli.core import signals_held_back
from csm_cli.core.types import Codes, Sampler, Segment, Speech, Utterance

if TYPE_CHECKING:
    from csm_cli.engine.engine import Engine

__all__ = ["Codes", "Engine", "Sampler", "Segment", "Speech", "Utterance"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        # Read by OpenMP when torch is loaded: waiting threads sleep instead of spinning. Spinning makes a
        # frame several times slower as soon as another program needs a core.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with signals_held_back():
            from csm_cli.engine.engine import Engine
        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
