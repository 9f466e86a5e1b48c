"""csm: a script becomes spoken chapters. docs/api.md shows how to use it from Python.

Names are imported when they are first asked for: `import csm_cli` loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from csm_cli.core import __version__

if TYPE_CHECKING:
    from csm_cli.core.errors import CsmError
    from csm_cli.core.types import Codes, Sampler, Segment, Speech, Utterance
    from csm_cli.engine import Engine
    from csm_cli.rendering.api import render, say
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.progress import Progress, RenderReport

_HOME = {
    "Codes": "core.types",
    "CsmError": "core.errors",
    "Engine": "engine",
    "Progress": "rendering.progress",
    "RenderOptions": "rendering.options",
    "RenderReport": "rendering.progress",
    "Sampler": "core.types",
    "Segment": "core.types",
    "Speech": "core.types",
    "Utterance": "core.types",
    "render": "rendering.api",
    "say": "rendering.api",
}

__all__ = [
    "Codes",
    "CsmError",
    "Engine",
    "Progress",
    "RenderOptions",
    "RenderReport",
    "Sampler",
    "Segment",
    "Speech",
    "Utterance",
    "__version__",
    "render",
    "say",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"csm_cli.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
