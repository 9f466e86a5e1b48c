"""The whole model: text table, backbone, head of codebook 0, depth decoder and codec."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from csm_cli.model.backbone import CsmBackboneModel
from csm_cli.model.configuration import CsmConfig
from csm_cli.model.depth_decoder import CsmDepthDecoderForCausalLM
from csm_cli.model.generation import GenerationMixin
from csm_cli.model.generation_settings import load_generation_config, save_generation_config
from csm_cli.model.loading import dtype_of, is_foreign, load_model
from csm_cli.model.merge import merge_prompt
from csm_cli.model.outputs import CsmOutputWithPast, backbone_loss, depth_decoder_inputs
from csm_cli.model.transformer import CsmPreTrainedModel

_BACKBONE_TABLE = "backbone_model.embed_tokens.embed_audio_tokens.weight"
_DEPTH_TABLE = "depth_decoder.model.embed_tokens.weight"


class CsmForConditionalGeneration(GenerationMixin, CsmPreTrainedModel):
    """Text and audio frames in, audio frames out."""

    _tied_weights_keys: ClassVar = {_BACKBONE_TABLE: _DEPTH_TABLE}
    # Loaded in float32 whatever dtype is asked for: the codec's quantiser and its convolutions need it.
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

        Folders in the original format, weight files and LoRA adapters go through `load_model`, which knows
        `dtype` and no other option.

        `generation_config.json` is read too, its `depth_decoder_…` settings into
        `depth_decoder.generation_config`; the audio table may be stored under either of its names, or both.
        """
        if is_foreign(pretrained_model_name_or_path):
            loaded = load_model(pretrained_model_name_or_path, dtype_of(kwargs))
            return (loaded, {}) if kwargs.get("output_loading_info") else loaded
        loaded = super().from_pretrained(pretrained_model_name_or_path, *args, **kwargs)
        model = loaded[0] if isinstance(loaded, tuple) else loaded
        load_generation_config(model, pretrained_model_name_or_path, **kwargs)
        return loaded

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> None:
        """As `PreTrainedModel.save_pretrained`, with `generation_config.json`.

        The audio table is written under both of its names, as csm-1b has it: transformers 5.17 does not tie
        them.
        """
        state = kwargs.pop("state_dict", None)
        state = dict(self.state_dict() if state is None else state)
        if _DEPTH_TABLE in state and _BACKBONE_TABLE in state:
            state[_DEPTH_TABLE] = state[_DEPTH_TABLE].clone()
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
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        num_items_in_batch: int | torch.Tensor | None = None,
        return_dict: bool | None = None,
        **unused: Any,
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
            output_hidden_states, output_attentions: see `run_layers`; of both decoders.
            num_items_in_batch: what both losses are divided by, for a batch that is a part of a larger one.
            return_dict: False: a tuple of the fields that are set.

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
        asked = {
            "use_cache": use_cache,
            "output_hidden_states": output_hidden_states,
            "output_attentions": output_attentions,
        }
        backbone = self.backbone_model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            **asked,
        )
        hidden = backbone.last_hidden_state
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(hidden[:, kept])
        scores: dict[str, Any] = {}
        if labels is not None:
            scored = logits if logits.shape[1] == hidden.shape[1] else self.lm_head(hidden)
            scores["backbone_loss"] = backbone_loss(scored, labels[:, :, 0], num_items_in_batch)
            before, frames = depth_decoder_inputs(hidden, labels)
            depth = self.depth_decoder(
                input_ids=torch.nn.functional.pad(frames[:, :-1].clamp(min=0), (1, 0)),
                backbone_last_hidden_state=before,
                labels=frames,
                num_items_in_batch=num_items_in_batch,
                **asked,
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
        return output.to_tuple() if return_dict is False else output
