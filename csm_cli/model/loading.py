"""A `Checkpoint` of any format → a `CsmForConditionalGeneration` or a `CsmProcessor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.checkpoints.tensors import DAMAGED
from csm_cli.core.errors import MissingError
from csm_cli.model.model import CsmForConditionalGeneration


def load_model(checkpoint: Checkpoint | str | Path, dtype: torch.dtype | None = None) -> Any:
    """`CsmForConditionalGeneration.from_checkpoint`, also of a folder, weight file or Hub id.

    Raises:
        MissingError: also if there is no such checkpoint.
    """
    if not isinstance(checkpoint, Checkpoint):
        checkpoint = find_checkpoint(checkpoint)
    return CsmForConditionalGeneration.from_checkpoint(checkpoint, dtype)


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
    vocabulary = tokenizer.get_vocab()
    for token in (BOS, END):
        if token not in vocabulary:
            raise MissingError(
                f"the tokenizer has no {token}",
                where=str(folder),
                remedy="use a checkpoint with CSM's tokens",
            )
    rate = config["codec_config"].get("sampling_rate", 24000)
    processor = CsmProcessor(EncodecFeatureExtractor(sampling_rate=rate), tokenizer)
    # The original release's tokenizer has no audio tokens; their ids are reserved in the config.
    if AUDIO not in vocabulary:
        processor.audio_token_id = config.get("audio_token_id", 128002)
    if AUDIO_EOS not in vocabulary:
        processor.audio_eos_token_id = config.get("audio_eos_token_id", 128003)
    return processor
