"""`LazyEngine`: an engine's attributes from the small files of a checkpoint, without torch and weights.

Enough to plan, to find existing takes, and to make chapters of them. The engine itself is loaded when
something has to be generated, encoded or decoded.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.checkpoints.revision import checkpoint_revision
from csm_cli.core.data import read_json
from csm_cli.core.errors import CsmError
from csm_cli.core.files import cache_dir, written
from csm_cli.core.stored import as_json, shaped_items
from csm_cli.core.types import DEFAULT_MAX_CHARACTERS, Codes, Segment, Utterance, cues_of, sampler_of
from csm_cli.engine.prompt import Prompter

if TYPE_CHECKING:
    from csm_cli.engine.decoding import LineDecoder
    from csm_cli.engine.engine import Engine
    from csm_cli.engine.scheduler import BatchScheduler


class LazyEngine:
    """An engine that is not loaded yet; the attributes are those of `Engine`.

    Args:
        checkpoint: of the model.
        device, dtype, quantize: as for `Engine.load`.
        load: returns the engine itself; called at most once.
        resolved: device and number type are those of the engine, not to be chosen.

    Raises:
        MissingError: the checkpoint has no tokenizer, or the device is missing.
        UsageError: no such kind of device or number type.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str,
        dtype: str | None,
        quantize: str | None,
        load: Callable[[], Engine],
        *,
        resolved: bool = False,
    ):
        config = checkpoint.config
        self.model_id, self.files, self.quantize = checkpoint.model_id, checkpoint.identity_files, quantize
        self.device, self.dtype = (device, str(dtype)) if resolved else _device_and_dtype(device, dtype)
        self.sample_rate: int = config["codec_config"]["sampling_rate"]
        self.max_positions: int = config["max_position_embeddings"]
        self.max_characters: int = config.get("max_characters", DEFAULT_MAX_CHARACTERS)
        self.shipped_speakers: int = config.get("shipped_speakers", 0)
        self.cues: tuple[str, ...] = cues_of(config)
        self.default_sampler = sampler_of(checkpoint.generation_config())
        self._prompter = Prompter(checkpoint.tokenizer_file, config)
        self._load = load

    @classmethod
    def of(
        cls,
        model: str | Path,
        device: str,
        dtype: str | None,
        quantize: str | None,
        load: Callable[[], Engine],
    ) -> LazyEngine:
        """Find the checkpoint of a folder or a Hub id.

        Raises:
            MissingError: also as `find_checkpoint`.
        """
        return cls(find_checkpoint(model), device, dtype, quantize, load)

    def positions(self, context: Sequence[Segment], utterance: Utterance | None = None) -> int:
        """See `Engine.positions`."""
        return self._prompter.positions(context, utterance)

    def scheduler(self, count: int) -> BatchScheduler:
        """See `Engine.scheduler`."""
        return self._engine.scheduler(count)

    def line_decoder(self) -> LineDecoder[Any]:
        """See `Engine.line_decoder`."""
        return self._engine.line_decoder()

    def decode(self, codes: Sequence[Codes]) -> list[np.ndarray]:
        """See `Engine.decode`."""
        return self._engine.decode(codes)

    def encode(self, audio: np.ndarray) -> Codes:
        """See `Engine.encode`."""
        return self._engine.encode(audio)

    @cached_property
    def codec_id(self) -> str:
        """See `Engine.codec_id`; kept on disk between runs, as it takes the weights to compute."""
        stored = _codecs().get(checkpoint_revision(self.files))
        return remember_codec(self._engine) if stored is None else str(stored)

    @cached_property
    def _engine(self) -> Engine:
        return self._load()


def remember_codec(engine: Engine) -> str:
    """Store the `codec_id` of an engine for a `LazyEngine` of the same checkpoint; returns it."""
    revision, name = checkpoint_revision(engine.files), engine.codec_id
    stored = _codecs()
    if stored.get(revision) != name:
        with suppress(CsmError), written(_codecs_file()) as temporary:
            temporary.write_text(as_json(stored | {revision: name}, indent=1), encoding="utf-8")
    return name


def _codecs_file() -> Path:
    return cache_dir() / "codecs.json"


def _codecs() -> dict[str, str]:
    """Stored codec ids, by the revisions of checkpoints; empty if the file cannot be read."""
    try:
        return shaped_items(str, read_json(_codecs_file()))
    except (OSError, ValueError):
        return {}


def _device_and_dtype(device: str, dtype: str | None) -> tuple[str, str]:
    """The kind of device, and the number type as torch names it: without torch where that is certain."""
    names = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", None: "float32"}
    if device in ("auto", "cpu") and dtype in names and (device == "cpu" or not may_have_gpu()):
        return "cpu", names[dtype]
    from csm_cli.engine.devices import pick_device, pick_dtype

    where = pick_device(device)
    return where.type, str(pick_dtype(dtype, where)).removeprefix("torch.")


def may_have_gpu() -> bool:
    """Whether torch could find a GPU on this machine; False only where it certainly could not."""
    try:
        if importlib.metadata.version("torch").endswith("+cpu"):
            return False
    except importlib.metadata.PackageNotFoundError:
        return False
    return not sys.platform.startswith("linux") or any(
        Path(node).exists() for node in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    )
