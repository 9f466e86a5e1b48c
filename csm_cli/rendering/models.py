"""Which model speaks: the one that is named, else csm-1b if it is there, else the embedded demo voice."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.data import read_json
from csm_cli.text.characters import ASCII

if TYPE_CHECKING:
    from csm_cli.engine import Engine
    from csm_cli.engine.lazy import LazyEngine
    from csm_cli.rendering.options import RenderOptions

FULL_MODEL = "sesame/csm-1b"
GET_FULL = f"the full model: `csm models pull {FULL_MODEL}`"


@dataclass(frozen=True)
class Limits:
    """What a model cannot go beyond.

    Args:
        alphabet: characters it can say; None: any.
    """

    alphabet: frozenset[str] | None = None


UNLIMITED = Limits()


def limits_of(source: str | Path) -> Limits:
    """What the model in a folder cannot do: the embedded model has learned the letters of English alone."""
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT

    return Limits(ASCII) if Path(source).resolve() == DEMO_CHECKPOINT.resolve() else UNLIMITED


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
        """What the model cannot do."""
        return limits_of(self.source)

    def lazy(self, options: RenderOptions, load: Callable[[], Engine]) -> LazyEngine:
        """An engine that `load` gives when needed; until then the small files are enough, without torch.

        Raises:
            MissingError, UsageError: as `load`, but for damaged weights.
        """
        from csm_cli.engine.lazy import LazyEngine

        return LazyEngine.of(self.source, options.device, options.dtype, options.quantize, load)

    def load(
        self, options: RenderOptions, notice: Callable[[str], None], *, in_haste: bool = False
    ) -> Engine:
        """The engine, on the device and in the number type of the options.

        Args:
            options: of the rendering.
            notice: called with what the user should know, a line each.
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


def choose_model(name: str | None = None) -> ModelChoice:
    """Choose as docs/design.md says: `name` (`--model`), `CSM_MODEL`, csm-1b from the cache, the demo voice.

    "demo" names the embedded voice. Nothing is fetched and torch is not loaded.
    """
    from csm_cli.checkpoints.find import DEMO

    for wanted, origin in ((name, "--model"), (os.environ.get("CSM_MODEL"), "CSM_MODEL")):
        if wanted and wanted != DEMO:
            return ModelChoice(wanted, f"model {wanted} ({origin})")
        if wanted:
            return _demo(origin)
    if is_cached(FULL_MODEL):
        return ModelChoice(
            FULL_MODEL, f"model {FULL_MODEL} (found in the Hub cache; --model {DEMO} for the demo voice)"
        )
    return _demo()


def is_cached(repository: str) -> bool:
    """Whether all weights of a repository on the Hub lie in the local cache; without the network."""
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
    try:
        shards = set(read_json(index)["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # a download that was cut short
        return False
    return bool(shards) and all(isinstance(shard, str) and cached(shard) for shard in shards)


def _demo(origin: str | None = None) -> ModelChoice:
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT

    # Whoever names it is not reminded of the other.
    more = f" ({origin})" if origin else f"; {GET_FULL}"
    return ModelChoice(str(DEMO_CHECKPOINT), f"the embedded demo voice{more}")
