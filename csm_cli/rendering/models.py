"""Which model speaks: the one asked for, else csm-1b if it is there already, else the embedded demo voice."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.text.characters import ASCII

if TYPE_CHECKING:
    from csm_cli.engine import Engine
    from csm_cli.engine.lazy import LazyEngine
    from csm_cli.rendering.options import RenderOptions

FULL_MODEL = "sesame/csm-1b"
DEMO = "demo"
GET_FULL = f"the full model: `csm models pull {FULL_MODEL}`"


@dataclass(frozen=True)
class Limits:
    """What a model cannot go beyond.

    Args:
        alphabet: characters it can say; None: any.
    """

    alphabet: frozenset[str] | None = None


UNLIMITED = Limits()


@dataclass(frozen=True)
class ModelChoice:
    """A model to load.

    Args:
        source: a folder or a repository on the Hub.
        note: what was chosen and why, in one line.
    """

    source: str
    note: str

    def limits(self) -> Limits:
        """What the model cannot do: the embedded model knows the letters of English alone."""
        from csm_cli.checkpoints.find import DEMO_CHECKPOINT

        if Path(self.source).resolve() != DEMO_CHECKPOINT.resolve():
            return UNLIMITED
        return Limits(ASCII)

    def sketch(self, options: RenderOptions, load: Callable[[], Engine]) -> LazyEngine:
        """What its small files tell of the engine, which `load` gives if it is needed after all; no torch.

        Raises:
            MissingError, UsageError: as `load`, but for damaged weights.
        """
        from csm_cli.engine.lazy import LazyEngine

        return LazyEngine.of(self.source, options.device, options.dtype, options.quantize, load)

    def load(
        self, options: RenderOptions, notice: Callable[[str], None], *, in_haste: bool = False
    ) -> Engine:
        """The engine, on the device and in the numbers that the options ask for.

        Args:
            options: of the rendering.
            notice: told, in a line, what the user should know.
            in_haste: for a line or two; see `Engine.load`.

        Raises:
            MissingError: checkpoint or device is not there.
            UsageError: it cannot be run in that way.
        """
        from csm_cli.checkpoints.find import find_checkpoint

        find_checkpoint(self.source)  # a wrong name is said before torch is loaded, which takes seconds

        from csm_cli.engine import Engine

        return Engine.load(
            self.source,
            options.device,
            options.dtype,
            quantize=options.quantize,
            eager=options.eager,
            in_haste=in_haste,
            notice=notice,
        )


def choose_model(asked: str | None = None) -> ModelChoice:
    """Choose as docs/design.md says: `asked` (`--model`), `CSM_MODEL`, csm-1b from the cache, the demo voice.

    "demo" names the embedded voice. Nothing is fetched and torch is not loaded.
    """
    for name, origin in ((asked, "--model"), (os.environ.get("CSM_MODEL"), "CSM_MODEL")):
        if name and name != DEMO:
            return ModelChoice(name, f"model {name} ({origin})")
        if name:
            return _demo(origin)
    if is_cached(FULL_MODEL):
        return ModelChoice(
            FULL_MODEL, f"model {FULL_MODEL} (found in the Hub cache; --model {DEMO} for the demo voice)"
        )
    return _demo()


def is_cached(repository: str) -> bool:
    """Whether all weights of a repository on the Hub lie in the local cache; never asks the network."""
    from huggingface_hub import try_to_load_from_cache

    def cached(name: str) -> str | None:
        path = try_to_load_from_cache(repository, name)
        return path if isinstance(path, str) else None

    if not cached("config.json"):
        return False
    if cached("model.safetensors"):
        return True
    index = cached("transformers.safetensors.index.json") or cached("model.safetensors.index.json")
    if not index:
        return False
    shards = set(json.loads(Path(index).read_text(encoding="utf-8")).get("weight_map", {}).values())
    return bool(shards) and all(cached(shard) for shard in shards)


def _demo(origin: str | None = None) -> ModelChoice:
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT

    # Who asked for it knows that there is another.
    more = f" ({origin})" if origin else f"; {GET_FULL}"
    return ModelChoice(str(DEMO_CHECKPOINT), f"the embedded demo voice{more}")
