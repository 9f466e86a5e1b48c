"""A `Checkpoint` of any format → a `CsmForConditionalGeneration` or a `CsmProcessor`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE
from csm_cli.checkpoints.tensors import DAMAGED, wrong_shape
from csm_cli.core.errors import MissingError


def load_model(checkpoint: Checkpoint | str | Path, dtype: torch.dtype | None = None) -> Any:
    """Build the model with the checkpoint's weights in it, in eval mode, on the CPU.

    Weights that are stored in the type asked for stay where the file is mapped until they are written to: a
    load takes no more memory than the file.

    Args:
        dtype: of all but the codec, which is in float32; None: as stored.

    Raises:
        MissingError: a file is missing or damaged, or a tensor is missing or has another shape than the
            config says.
    """
    from csm_cli.model.configuration import CsmConfig
    from csm_cli.model.generation_settings import load_generation_config
    from csm_cli.model.model import CsmForConditionalGeneration

    if not isinstance(checkpoint, Checkpoint):
        checkpoint = find_checkpoint(checkpoint)
    tensors = checkpoint.tensors()
    config = CsmConfig.from_dict(checkpoint.config)
    stored = {name: tensors[name] for name in tensors}
    kind = dtype or stored["lm_head.weight"].dtype
    with _quiet():
        model, info = super(CsmForConditionalGeneration, CsmForConditionalGeneration).from_pretrained(
            None,
            config=config,
            state_dict=stored,
            dtype=kind,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    for name, found, wanted in sorted(info["mismatched_keys"]):
        raise wrong_shape(name, tuple(found), tuple(wanted), tensors.where)
    # The audio table may be stored under one of its names.
    spare = {BACKBONE_TABLE, DEPTH_TABLE} if {BACKBONE_TABLE, DEPTH_TABLE} & stored.keys() else set()
    for name in sorted(set(info["missing_keys"]) - spare):
        raise MissingError(f"the weights lack {name}", where=tensors.where, remedy=DAMAGED)
    if path := checkpoint.file("generation_config.json"):
        checkpoint.generation_config()  # transformers passes over one that is damaged
        load_generation_config(model, path.parent)
    return model


def is_foreign(source: Any) -> bool:
    """Whether a folder or weight file is one that transformers' own loader does not read."""
    if source is None or not Path(source).exists():
        return False
    try:
        checkpoint = find_checkpoint(Path(source))
        return checkpoint.base is not None or Path(source).is_file() or checkpoint.format == "original"
    except MissingError:  # its loader says what is wrong in its own words
        return False


def dtype_of(options: dict[str, Any]) -> torch.dtype | None:
    """The `dtype` (or `torch_dtype`) among the options of `from_pretrained`; None: as stored."""
    kind = options.get("dtype") or options.get("torch_dtype")
    return getattr(torch, kind, None) if isinstance(kind, str) else kind


def load_processor(checkpoint: Checkpoint | str | Path) -> Any:
    """The processor of a checkpoint; one without `preprocessor_config.json` gets the settings that all CSMs
    share.

    Raises:
        MissingError: there is no tokenizer.
    """
    from transformers import EncodecFeatureExtractor, PreTrainedTokenizerFast

    from csm_cli.model.processor import AUDIO, AUDIO_EOS, BOS, END, CsmProcessor

    if not isinstance(checkpoint, Checkpoint):
        checkpoint = find_checkpoint(checkpoint)
    folder, config = checkpoint.tokenizer_file.parent, checkpoint.config
    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    except Exception as error:  # the tokenizers library raises bare Exceptions
        raise MissingError(
            f"the tokenizer cannot be read ({error})", where=str(folder), remedy=DAMAGED
        ) from error
    known = tokenizer.get_vocab()
    for token in (BOS, END):
        if token not in known:
            raise MissingError(
                f"the tokenizer has no {token}",
                where=str(folder),
                remedy="use a checkpoint with CSM's tokens",
            )
    rate = config["codec_config"].get("sampling_rate", 24000)
    processor = CsmProcessor(EncodecFeatureExtractor(sampling_rate=rate), tokenizer)
    # The tokenizer that the original release takes knows nothing of audio: only the ids are reserved.
    if AUDIO not in known:
        processor.audio_token_id = config.get("audio_token_id", 128002)
    if AUDIO_EOS not in known:
        processor.audio_eos_token_id = config.get("audio_eos_token_id", 128003)
    return processor


@contextmanager
def _quiet() -> Iterator[None]:
    """What transformers logs of tensors that are missing or do not fit is raised as one error instead; the
    rest (layers that are not spread over several GPUs) says nothing to anybody.
    """
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    from transformers.utils import logging as theirs

    shown = theirs.is_progress_bar_enabled()
    theirs.disable_progress_bar()
    try:
        yield
    finally:
        logger.setLevel(level)
        if shown:
            theirs.enable_progress_bar()
