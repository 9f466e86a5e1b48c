"""The whole model: text table, backbone, head of codebook 0, depth decoder and codec."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Unpack

import torch
from torch import nn
from transformers.generation.configuration_utils import GenerationConfig
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.utils.generic import can_return_tuple

from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE
from csm_cli.checkpoints.tensors import DAMAGED, wrong_shape
from csm_cli.core.errors import MissingError
from csm_cli.model.configuration import CsmConfig
from csm_cli.model.depth_decoder import CsmDepthDecoderForCausalLM
from csm_cli.model.frames import DEPTH
from csm_cli.model.generation import GenerationMixin
from csm_cli.model.merge import merge_prompt
from csm_cli.model.outputs import CsmOutputWithPast, ForwardFlags, backbone_loss, depth_decoder_inputs
from csm_cli.model.transformer import CsmBackboneModel, CsmPreTrainedModel

_log = logging.getLogger(__name__)
_OF_ANY_FORMAT = {"dtype", "torch_dtype", "attn_implementation", "output_loading_info"}


class CsmForConditionalGeneration(CsmPreTrainedModel, GenerationMixin):
    """Text and audio frames in, audio frames out."""

    _tied_weights_keys: ClassVar = {BACKBONE_TABLE: DEPTH_TABLE}
    # Loaded in float32 whatever the dtype is: the codec's quantiser and its convolutions need it.
    _keep_in_fp32_modules_strict: ClassVar = ["codec_model"]

    def __init__(self, config: CsmConfig) -> None:
        super().__init__(config)
        from transformers.models.mimi.modeling_mimi import MimiModel

        self.vocab_size = config.vocab_size
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
        self.backbone_model.embed_tokens = value

    def train(self, mode: bool = True) -> Any:
        """As `Module.train`; the codec is frozen and stays in eval mode."""
        super().train(mode)
        self.codec_model.eval()
        return self

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Any:
        """As `PreTrainedModel.from_pretrained`: a folder or a Hub id, one file or shards.

        Folders in the original format, weight files and LoRA adapters, which are merged, go through
        `from_checkpoint`; `dtype` and `attn_implementation` hold for them. `depth_decoder_…` in
        `generation_config.json` goes to `depth_decoder.generation_config`.
        """
        if _is_foreign(pretrained_model_name_or_path):
            loaded = cls.from_checkpoint(pretrained_model_name_or_path, _dtype_of(kwargs))
            loaded.config._name_or_path = str(pretrained_model_name_or_path)
            if kwargs.get("attn_implementation"):
                loaded.set_attn_implementation(kwargs["attn_implementation"])
            if ignored := kwargs.keys() - _OF_ANY_FORMAT:
                _log.warning("%s: not for a checkpoint of this format", ", ".join(sorted(ignored)))
            return (loaded, {}) if kwargs.get("output_loading_info") else loaded
        loaded = super().from_pretrained(pretrained_model_name_or_path, *args, **kwargs)
        (loaded[0] if isinstance(loaded, tuple) else loaded)._hand_on_depth_settings()
        return loaded

    def _hand_on_depth_settings(self) -> None:
        """What `generation_config.json` says of the depth decoder becomes its own."""
        found: dict[str, Any] = self.generation_config.__dict__
        for name in [name for name in found if name.startswith(DEPTH)]:
            setattr(self.depth_decoder.generation_config, name.removeprefix(DEPTH), found.pop(name))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint | str | Path, dtype: torch.dtype | None = None) -> Any:
        """Build the model with a checkpoint's weights in it, in eval mode, on the CPU.

        Weights that are stored in `dtype` stay in the memory-mapped file until they are written to: a load
        takes no more memory than the file.

        Args:
            checkpoint: or a folder, a weight file or a Hub id.
            dtype: of all but the codec, which is in float32; None: as stored.

        Raises:
            MissingError: a file is missing or damaged, or a tensor is missing or its shape is not the
                config's.
        """
        checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else find_checkpoint(checkpoint)
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
            model.generation_config = GenerationConfig.from_pretrained(path.parent)
            model._hand_on_depth_settings()
        return model

    def save_pretrained(
        self, save_directory: str | Path, is_main_process: bool = True, state_dict: Any = None, **kwargs: Any
    ) -> None:
        """As `PreTrainedModel.save_pretrained`, with `generation_config.json`.

        The audio table is written under both of its names, as csm-1b has it: transformers 5.17 does not tie
        them.
        """
        state = dict(self.state_dict() if state_dict is None else state_dict)
        if DEPTH_TABLE in state and BACKBONE_TABLE in state:
            state[DEPTH_TABLE] = state[DEPTH_TABLE].clone()
        own = self.depth_decoder.generation_config.to_diff_dict().items()
        depth = {DEPTH + k: v for k, v in own if k[0] != "_" and k != "transformers_version"}
        # A loader takes settings marked as the model config's to be its own list, and passes over others.
        self.generation_config.__dict__.update(depth, _from_model_config=False)
        try:
            super().save_pretrained(save_directory, is_main_process, state, **kwargs)
        finally:
            self._hand_on_depth_settings()

    def prepare_inputs_for_generation(
        self, input_ids: Any, next_sequence_length: int | None = None, *, attention_mask: Any = None,
        inputs_embeds: Any = None, is_first_iteration: bool | None = False, **kwargs: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """As the base class; a prompt of text ids is embedded, with its audio."""
        inputs = super().prepare_inputs_for_generation(
            input_ids, next_sequence_length, attention_mask=attention_mask, inputs_embeds=inputs_embeds,
            is_first_iteration=is_first_iteration, **kwargs,
        )  # fmt: skip
        ids = inputs.get("input_ids")
        if ids is not None and ids.ndim == 2 and inputs.get("inputs_embeds") is None:
            audio = {name: inputs.pop(name, None) for name in ("input_values", "input_values_cutoffs")}
            flat = attention_mask is not None and attention_mask.ndim == 2
            mask = attention_mask[:, -ids.shape[1] :] if flat else None
            inputs["inputs_embeds"] = merge_prompt(self, ids, attention_mask=mask, **audio)[0]
            inputs["input_ids"] = None
        return inputs

    @can_return_tuple
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
    ) -> CsmOutputWithPast:
        """Logits of codebook 0 of the frame after each position; with labels, the losses of both decoders.

        Args:
            input_ids: text ids `[B, T]` with placeholders for audio, or codes `[B, T, K]`.
            input_values, input_values_cutoffs, audio_codes: the audio of the placeholders, see
                `merge_prompt`.
            attention_mask: `[B, S]`, 0 for padding; or 4-D, as the attention's implementation takes it.
            position_ids: `[B or 1, T]`.
            past_key_values: a `Cache` of transformers.
            inputs_embeds: `[B, T, H]`, in place of input_ids.
            labels: by kind `[B, T]` with text ids (the placeholder's id: scored, -101: backbone only, -100:
                not), or codes `[B, T, K]` with -100 where nothing is scored.
            use_cache: make a cache if none is given, for both decoders; default: as the config says.
            logits_to_keep: see `_kept`.
            more: see `ForwardFlags`.
        """
        codes = input_ids if input_ids is not None and input_ids.ndim == 3 else None
        if input_ids is not None and input_ids.ndim == 2:
            now = None
            if attention_mask is not None and attention_mask.ndim == 2:
                past = 0 if past_key_values is None else int(past_key_values.get_seq_length())
                now = attention_mask[:, past : past + input_ids.shape[1]]
            inputs_embeds, labels, codes = merge_prompt(
                self,
                input_ids,
                attention_mask=now,
                input_values=input_values,
                input_values_cutoffs=input_values_cutoffs,
                audio_codes=audio_codes,
                labels=labels,
            )
            input_ids = None
        items = more.pop("num_items_in_batch", None)
        backbone = self.backbone_model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            **more,
        )
        hidden = backbone.last_hidden_state
        logits = self.lm_head(_kept(hidden, logits_to_keep))
        scores: dict[str, Any] = {}
        if labels is not None:
            scored = logits if logits.shape[:2] == hidden.shape[:2] else self.lm_head(hidden)
            scores["backbone_loss"] = backbone_loss(scored, labels[:, :, 0], items)
            before, given, frames = depth_decoder_inputs(hidden, labels, codes)
            nothing = hidden.new_zeros(0, self.config.num_codebooks - 1, self.config.vocab_size)
            depth = CausalLMOutputWithPast(loss=hidden.sum() * 0.0, logits=nothing)  # no frame is scored
            if torch.compiler.is_compiling() or len(frames):
                depth = self.depth_decoder(
                    input_ids=torch.nn.functional.pad(given[:, :-1], (1, 0)),
                    backbone_last_hidden_state=before,
                    labels=frames,
                    num_items_in_batch=items,
                    use_cache=use_cache,
                    **more,
                )
            scores |= {f"depth_decoder_{name}": value for name, value in depth.items()}
            scores["loss"] = scores["backbone_loss"] + depth.loss
        return CsmOutputWithPast(
            logits=logits,
            past_key_values=backbone.past_key_values,
            hidden_states=backbone.hidden_states,
            attentions=backbone.attentions,
            **scores,
        )


def _kept(hidden: torch.Tensor, wanted: int | torch.Tensor) -> torch.Tensor:
    """States of the last n positions (0: all), of those numbered `[n]` or `[B, n]`, or of a mask `[B, T]`."""
    if isinstance(wanted, torch.Tensor) and wanted.ndim == 2:
        by_mask = wanted.dtype == torch.bool
        return hidden[wanted] if by_mask else torch.take_along_dim(hidden, wanted[..., None], dim=1)
    return hidden[:, slice(-wanted, None) if isinstance(wanted, int) else wanted]


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
