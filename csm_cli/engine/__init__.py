"""Speech at speed: utterances in, codes and audio out. `Engine` loads torch only when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csm_cli.engine.types import Codes, Sampler, Segment, Speech, Utterance

if TYPE_CHECKING:
    from csm_cli.engine.engine import Engine

__all__ = ["Codes", "Engine", "Sampler", "Segment", "Speech", "Utterance"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from csm_cli.engine.engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
