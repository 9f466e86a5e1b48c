"""Frame by frame: a backbone step for codebook 0, K-1 depth steps for the others, until an EOS frame.

This is the plain reference. `csm_cli.engine` does the same at speed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from csm_cli.model.cache import KVCache
from csm_cli.model.codec import decode_codes
from csm_cli.model.merge import merge_prompt
from csm_cli.model.outputs import CsmGenerateOutput
from csm_cli.model.sampling import RowSampler, draw, frame_noise, seed_keys

GENERATION_DEFAULTS: dict[str, Any] = {
    "do_sample": True,
    "temperature": 0.9,
    "top_k": 50,
    "max_new_tokens": 125,
    "depth_decoder_do_sample": None,
    "depth_decoder_temperature": None,
    "depth_decoder_top_k": None,
}
"""What is used where neither the call nor `generation_config.json` says anything; None: as the backbone."""


def read_generation_config(model: str | Path, **hub: Any) -> dict[str, Any]:
    """The settings in the checkpoint's `generation_config.json`; empty if it has none.

    Args:
        model: a folder or a Hub id.
        hub: `revision`, `cache_dir`, `local_files_only`, `token` and `subfolder` are passed on.
    """
    path: str | None = str(Path(model) / (hub.get("subfolder") or "") / "generation_config.json")
    if not Path(model).is_dir():
        from transformers.utils.hub import cached_file

        names = ("revision", "cache_dir", "local_files_only", "token", "subfolder")
        passed = {name: hub[name] for name in names if hub.get(name) is not None}
        path = cached_file(
            str(model), "generation_config.json", _raise_exceptions_for_missing_entries=False, **passed
        )
    if path is None or not Path(path).is_file():
        return {}
    return json.loads(Path(path).read_text(encoding="utf-8"))


def is_eos(frames: Tensor, eos: int) -> Tensor:
    """Whether frames `[..., K]` end the speech: bool `[...]`. The last codebook is not looked at.

    One test for stopping and for trimming, so that no EOS frame is ever spoken.
    """
    return (frames[..., :-1] == eos).all(dim=-1)


class GenerationMixin:
    """`generate` for `CsmForConditionalGeneration`."""

    generation_settings: dict[str, Any] | None = None

    def save_generation_config(self: Any, folder: str | Path) -> None:
        """Write `generation_config.json`: the settings the checkpoint was loaded with, or the defaults."""
        settings = self.generation_settings
        if not settings:
            settings = {k: v for k, v in GENERATION_DEFAULTS.items() if v is not None}
            for key in ("do_sample", "temperature", "top_k"):
                settings[f"depth_decoder_{key}"] = settings[key]
        text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
        (Path(folder) / "generation_config.json").write_text(text, encoding="utf-8")

    @torch.inference_mode()
    def generate(
        self: Any,
        input_ids: Tensor | None = None,
        input_values: Tensor | None = None,
        input_values_cutoffs: Tensor | None = None,
        attention_mask: Tensor | None = None,
        *,
        audio_codes: Tensor | Sequence[Tensor] | None = None,
        inputs_embeds: Tensor | None = None,
        seeds: Sequence[int] | int | None = None,
        output_audio: bool = False,
        return_dict_in_generate: bool = False,
        **settings: Any,
    ) -> Any:
        """Speak a batch of prompts.

        Args:
            input_ids: text ids `[B, T]`, padded on the left.
            attention_mask: `[B, T]`, 0 for padding.
            input_values, input_values_cutoffs, audio_codes: the audio of the prompt, see `merge_prompt`.
            inputs_embeds: `[B, T, H]`, in place of all these.
            seeds: one integer per row, or one for row 0 that counts up; None: random. A row's codes depend on
                its own seed alone.
            settings: `max_new_tokens` (frames), `do_sample`, `temperature`, `top_k` (0: no limit), and
                `depth_decoder_…` of the last three. Unset: `generation_config.json`, then
                `GENERATION_DEFAULTS`.
            output_audio: decode the codes.
            return_dict_in_generate: return a `CsmGenerateOutput`.

        Returns:
            int64 codes `[B, frames, K]` (see `CsmGenerateOutput.sequences`); with output_audio a list of
            audio `[samples]`, EOS frame cut off.

        Raises:
            ValueError: right padding, an unknown setting, or more positions than the model has.
        """
        if inputs_embeds is None:
            if input_ids is None:
                raise ValueError("give input_ids or inputs_embeds")
            inputs_embeds, _ = merge_prompt(
                self,
                input_ids,
                attention_mask=attention_mask,
                input_values=input_values,
                input_values_cutoffs=input_values_cutoffs,
                audio_codes=audio_codes,
            )
        batch, length = inputs_embeds.shape[:2]
        level, depth, frames = _settings(self, settings, batch, inputs_embeds.device)
        if length + frames > self.config.max_position_embeddings:
            raise ValueError(
                f"{length} prompt positions and {frames} frames to come exceed the model's "
                f"{self.config.max_position_embeddings} positions"
            )
        mask = _left_padded(attention_mask, batch, length, inputs_embeds.device)
        keys = seed_keys(_seeds(seeds, batch), inputs_embeds.device)
        codes, ended = _decode(self, inputs_embeds, mask, keys, level, depth, frames)
        if not output_audio and not return_dict_in_generate:
            return codes
        audio = None
        if output_audio:
            eos = is_eos(codes, self.config.codebook_eos_token_id) | (
                codes[..., 0] == self.config.codebook_pad_token_id
            )
            lengths = (eos.cumsum(1) == 0).sum(1).tolist()
            audio = decode_codes(self.codec_model, [codes[i, :n] for i, n in enumerate(lengths)])
        return (
            CsmGenerateOutput(sequences=codes, ended=ended, audio=audio) if return_dict_in_generate else audio
        )


def _decode(
    model: Any,
    embeds: Tensor,
    mask: Tensor | None,
    keys: Tensor,
    level: RowSampler,
    depth: RowSampler,
    frames: int,
) -> tuple[Tensor, Tensor]:
    config = model.config
    batch, length = embeds.shape[:2]
    cache = KVCache.of(config, batch, length + frames, embeds)
    ended = torch.zeros(batch, dtype=torch.bool, device=embeds.device)
    padding = length - mask.sum(1) if mask is not None else torch.zeros_like(ended, dtype=torch.long)
    positions = (torch.arange(length, device=embeds.device) - padding[:, None]).clamp(min=0)
    if mask is not None:
        mask = torch.cat((mask, mask.new_ones(batch, frames)), dim=1)
    spoken: list[Tensor] = []
    for number in range(frames):
        seen = cache.length + embeds.shape[1]
        now = None if mask is None else mask[:, :seen]
        hidden = model.backbone_model(
            inputs_embeds=embeds, attention_mask=now, position_ids=positions, past_key_values=cache
        ).last_hidden_state[:, -1]
        frame = _frame(model, hidden, keys, number, level, depth)
        spoken.append(torch.where(ended[:, None], config.codebook_pad_token_id, frame))
        ended = ended | is_eos(frame, config.codebook_eos_token_id)
        if ended.all():
            break
        embeds = model.backbone_model.embed_frames(frame)[:, None]
        positions = positions[:, -1:] + 1
    return torch.stack(spoken, dim=1), ended


def _frame(
    model: Any, hidden: Tensor, keys: Tensor, number: int, level: RowSampler, depth: RowSampler
) -> Tensor:
    """One frame `[B, K]` from the backbone's hidden state `[B, H]`."""
    books, limit = model.config.num_codebooks, model.config.num_codes
    all_books, ids = (torch.arange(n, device=hidden.device) for n in (books, limit))
    noise = frame_noise(keys, number, level, depth, all_books, ids)
    codes = [draw(model.lm_head(hidden).float()[:, :limit], level, None if noise is None else noise[:, 0])]
    decoder = model.depth_decoder
    cache = KVCache.of(decoder.config, len(hidden), books, hidden)
    inputs = torch.stack((hidden, decoder.model.embed(codes[0][:, None])[:, 0].to(hidden.dtype)), dim=1)
    for book in range(1, books):
        state = decoder.model(inputs_embeds=inputs, past_key_values=cache).last_hidden_state[:, -1:]
        logits = decoder.codebooks_head(state, first=book - 1)[:, 0, :limit].float()
        codes.append(draw(logits, depth, None if noise is None else noise[:, book]))
        if book < books - 1:
            inputs = decoder.model.embed(codes[-1][:, None], first=book)
    return torch.stack(codes, dim=1)


def _settings(
    model: Any, given: dict[str, Any], batch: int, device: Any
) -> tuple[RowSampler, RowSampler, int]:
    stored = {k: v for k, v in (model.generation_settings or {}).items() if k in GENERATION_DEFAULTS}
    if unknown := sorted(set(given) - set(GENERATION_DEFAULTS)):
        raise ValueError(f"generate does not know {', '.join(unknown)}")
    chosen = GENERATION_DEFAULTS | {k: v for k, v in stored.items() if v is not None}
    if "do_sample" in given and given["do_sample"] is not None:
        # Asked for greedy, or for sampling: that means both levels unless the call says otherwise.
        chosen["depth_decoder_do_sample"] = None
    chosen |= {k: v for k, v in given.items() if v is not None}

    def sampler(prefix: str) -> RowSampler:
        values = {}
        for name in ("do_sample", "temperature", "top_k"):
            value = chosen[prefix + name]
            values[name] = chosen[name] if value is None else value
        temperature = float(values["temperature"]) if values["do_sample"] else 0.0
        return RowSampler.of(
            [temperature] * batch, [int(values["top_k"])] * batch, model.config.num_codes, device
        )

    return sampler(""), sampler("depth_decoder_"), int(chosen["max_new_tokens"])


def _left_padded(mask: Tensor | None, batch: int, length: int, device: Any) -> Tensor | None:
    """The mask as bool `[B, T]`, None if nothing is padded."""
    if mask is None or bool(mask.all()):
        return None
    mask = mask.to(device).bool()
    if mask.shape != (batch, length):
        raise ValueError(f"attention_mask must be [{batch}, {length}], got {tuple(mask.shape)}")
    if not bool(mask[:, -1].all()) or bool((mask[:, 1:] < mask[:, :-1]).any()):
        raise ValueError("prompts must be padded on the left only")
    return mask


def _seeds(seeds: Sequence[int] | int | None, batch: int) -> list[int]:
    if seeds is None:
        return torch.randint(2**62, (batch,)).tolist()
    if isinstance(seeds, int):
        return [seeds + i for i in range(batch)]
    if len(seeds) != batch:
        raise ValueError(f"{batch} rows need {batch} seeds, got {len(seeds)}")
    return [int(seed) for seed in seeds]
