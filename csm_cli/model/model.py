"""The whole model: text table, backbone, head of codebook 0, depth decoder and codec."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Unpack

import torch
from torch import nn

from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE
from csm_cli.checkpoints.tensors import DAMAGED, wrong_shape
from csm_cli.core.errors import MissingError
from csm_cli.model.configuration import CsmConfig
from csm_cli.model.depth_decoder import CsmDepthDecoderForCausalLM
from csm_cli.model.generation import GenerationMixin
from csm_cli.model.generation_settings import load_generation_config, save_generation_config
from csm_cli.model.merge import merge_prompt
from csm_cli.model.outputs import CsmOutputWithPast, ForwardFlags, backbone_loss, depth_decoder_inputs
from csm_cli.model.transformer import CsmBackboneModel, CsmPreTrainedModel


class CsmForConditionalGeneration(GenerationMixin, CsmPreTrainedModel):
    """Text and audio frames in, audio frames out."""

    _tied_weights_keys: ClassVar = {BACKBONE_TABLE: DEPTH_TABLE}
    # Loaded in float32 whatever the dtype is: the codec's quantiser and its convolutions need it.
    _keep_in_fp32_modules_strict: ClassVar = ["codec_model"]

    def __init__(self, config: CsmConfig) -> None:
        super().__init__(config)
        from transformers.models.mimi.modeling_mimi import MimiModel

        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.embed_text_tokens = nn.Embedding(config.text_vocab_size, config.hidden_size)
        self.backbone_model = CsmBackboneModel(config)
        self.depth_decoder = CsmDepthDecoderForCausalLM(config.depth_decoder_config)
        self.codec_model = MimiModel._from_config(config.codec_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The embedding of audio frames."""
        return self.backbone_model.embed_tokens

    def set_input_embeddings(self, value: Any) -> None:
        """Replace the embedding of audio frames."""
        self.backbone_model.embed_tokens = value

    def train(self, mode: bool = True) -> Any:
        """As `Module.train`; the codec is frozen and stays in eval mode."""
        super().train(mode)
        self.codec_model.eval()
        return self

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Any:
        """As `PreTrainedModel.from_pretrained`: a folder or a Hub id, one file or shards.

        Folders in the original format, weight files and LoRA adapters go through `from_checkpoint`, which has
        no option but `dtype`.

        `generation_config.json` is read too, its `depth_decoder_…` settings into
        `depth_decoder.generation_config`; the audio table may be stored under either of its names, or both.
        """
        if _is_foreign(pretrained_model_name_or_path):
            loaded = cls.from_checkpoint(find_checkpoint(pretrained_model_name_or_path), _dtype_of(kwargs))
            return (loaded, {}) if kwargs.get("output_loading_info") else loaded
        loaded = super().from_pretrained(pretrained_model_name_or_path, *args, **kwargs)
        model = loaded[0] if isinstance(loaded, tuple) else loaded
        load_generation_config(model, pretrained_model_name_or_path, **kwargs)
        return loaded

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, dtype: torch.dtype | None = None) -> Any:
        """Build the model with a checkpoint's weights in it, in eval mode, on the CPU.

        Weights that are stored in `dtype` stay in the memory-mapped file until they are written to: a load
        takes no more memory than the file.

        Args:
            dtype: of all but the codec, which is in float32; None: as stored.

        Raises:
            MissingError: a file is missing or damaged, or a tensor is missing or its shape is not the
                config's.
        """
        tensors = checkpoint.tensors()
        config = CsmConfig.from_dict(checkpoint.config)
        stored = {name: tensors[name] for name in tensors}
        with _quiet():
            model, info = super().from_pretrained(
                None,
                config=config,
                state_dict=stored,
                dtype=dtype or stored["lm_head.weight"].dtype,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
        for name, found, wanted in sorted(info["mismatched_keys"]):
            raise wrong_shape(name, tuple(found), tuple(wanted), tensors.where)
        # The audio table may be stored under one of its names.
        tables = {BACKBONE_TABLE, DEPTH_TABLE}
        spare = tables if tables & stored.keys() else set()
        for name in sorted(set(info["missing_keys"]) - spare):
            raise MissingError(f"the weights lack {name}", where=tensors.where, remedy=DAMAGED)
        if path := checkpoint.file("generation_config.json"):
            checkpoint.generation_config()  # transformers passes over one that is damaged
            load_generation_config(model, path.parent)
        return model

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> None:
        """As `PreTrainedModel.save_pretrained`, with `generation_config.json`.

        The audio table is written under both of its names, as csm-1b has it: transformers 5.17 does not tie
        them.
        """
        state = kwargs.pop("state_dict", None)
        state = dict(self.state_dict() if state is None else state)
        if DEPTH_TABLE in state and BACKBONE_TABLE in state:
            state[DEPTH_TABLE] = state[DEPTH_TABLE].clone()
        super().save_pretrained(save_directory, state_dict=state, **kwargs)
        save_generation_config(self, save_directory)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        input_values: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        input_values_cutoffs: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        audio_codes: torch.Tensor | Sequence[torch.Tensor] | None = None,
        **more: Unpack[ForwardFlags],
    ) -> Any:
        """Logits of codebook 0 of the frame after each position; with labels, the losses of both decoders.

        Args:
            input_ids: text ids `[B, T]` with placeholders for audio, or codes `[B, T, K]`.
            input_values, input_values_cutoffs, audio_codes: the audio of the placeholders, see
                `merge_prompt`.
            attention_mask: `[B, S]`, 0 for padding, on the left.
            position_ids: `[B or 1, T]`.
            past_key_values: a `KVCache`, or a cache of transformers.
            inputs_embeds: `[B, T, H]`, in place of input_ids.
            labels: by kind `[B, T]` with text ids (the placeholder's id: scored, -101: backbone only, -100:
                not), or codes `[B, T, K]` with -100 where nothing is scored.
            use_cache: make a cache if none is given, for both decoders.
            logits_to_keep: 0: all positions; n: the last n; or indices.
            more: see `ForwardFlags`.

        Returns:
            `CsmOutputWithPast`. loss = backbone_loss + depth_decoder_loss.
        """
        if input_ids is not None and input_ids.ndim == 2:
            now = (
                attention_mask
                if attention_mask is None or attention_mask.ndim != 2
                else attention_mask[:, -input_ids.shape[1] :]
            )
            inputs_embeds, labels = merge_prompt(
                self,
                input_ids,
                attention_mask=now,
                input_values=input_values,
                input_values_cutoffs=input_values_cutoffs,
                audio_codes=audio_codes,
                labels=labels,
            )
            input_ids = None
        items = more.get("num_items_in_batch")
        flags = {
            "use_cache": use_cache,
            "output_hidden_states": more.get("output_hidden_states"),
            "output_attentions": more.get("output_attentions"),
        }
        backbone = self.backbone_model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            **flags,
        )
        hidden = backbone.last_hidden_state
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(hidden[:, kept])
        scores: dict[str, Any] = {}
        if labels is not None:
            scored = logits if logits.shape[1] == hidden.shape[1] else self.lm_head(hidden)
            scores["backbone_loss"] = backbone_loss(scored, labels[:, :, 0], items)
            before, frames = depth_decoder_inputs(hidden, labels)
            depth = self.depth_decoder(
                input_ids=torch.nn.functional.pad(frames[:, :-1].clamp(min=0), (1, 0)),
                backbone_last_hidden_state=before,
                labels=frames,
                num_items_in_batch=items,
                **flags,
            )
            scores |= {f"depth_decoder_{name}": value for name, value in depth.items()}
            scores["loss"] = scores["backbone_loss"] + depth.loss
        output = CsmOutputWithPast(
            logits=logits,
            past_key_values=backbone.past_key_values,
            hidden_states=backbone.hidden_states,
            attentions=backbone.attentions,
            **scores,
        )
        return output.to_tuple() if more.get("return_dict") is False else output


def _is_foreign(source: Any) -> bool:
    """Whether a folder or weight file is one that transformers' own loader does not read."""
    if source is None or not Path(source).exists():
        return False
    try:
        checkpoint = find_checkpoint(Path(source))
        return checkpoint.base is not None or Path(source).is_file() or checkpoint.format == "original"
    except MissingError:  # transformers' loader names the fault
        return False


def _dtype_of(options: dict[str, Any]) -> torch.dtype | None:
    """The `dtype` (or `torch_dtype`) among the options of `from_pretrained`; None: as stored."""
    kind = options.get("dtype") or options.get("torch_dtype")
    return getattr(torch, kind, None) if isinstance(kind, str) else kind


@contextmanager
def _quiet() -> Iterator[None]:
    """No log and no progress bar of transformers: faults in the tensors are raised as one error instead."""
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
