"""Generation frame by frame: a backbone step for codebook 0, K-1 depth steps for the others, until EOS.

This is the plain reference; `csm_cli.engine` computes the same faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from csm_cli.model.cache import CompiledDepthStep, KVCache, StaticKVCache
from csm_cli.model.depth_decoder import Processor, finish_frame
from csm_cli.model.generation_settings import GenerationSettings, read_settings
from csm_cli.model.merge import decode_codes, merge_prompt
from csm_cli.model.outputs import CsmGenerateOutput
from csm_cli.model.sampling import draw, frame_noise, nucleus, row_seeds, seed_keys


def is_eos(frames: Tensor, eos: int) -> Tensor:
    """Whether frames `[..., K]` end the speech: bool `[...]`. The last codebook is not compared.

    The same test stops and trims, so that no EOS frame is ever decoded to audio.
    """
    return (frames[..., :-1] == eos).all(dim=-1)


class GenerationMixin:
    """`generate` for `CsmForConditionalGeneration`."""

    @torch.no_grad()
    def generate(
        self: Any,
        input_ids: Tensor | None = None,
        input_values: Tensor | None = None,
        input_values_cutoffs: Tensor | None = None,
        generation_config: Any = None,
        logits_processor: Sequence[Processor] | None = None,
        stopping_criteria: Sequence[Callable[[Tensor, Any], Any]] | None = None,
        streamer: Any = None,
        output_audio: bool = False,
        *,
        attention_mask: Tensor | None = None,
        audio_codes: Tensor | Sequence[Tensor] | None = None,
        seeds: Sequence[int] | int | None = None,
        **settings: Any,
    ) -> Any:
        """Generate frames of codes, and audio of them.

        Args:
            input_ids, input_values, input_values_cutoffs, attention_mask, audio_codes: the prompt, see
                `merge_prompt`; padding on the left only. input_ids may be codes `[B, T, K]` to go on from:
                they are a part of what is returned.
            generation_config: a `GenerationConfig`, or a dict, in place of the model's own settings.
            logits_processor: called with the codes so far `[B, frames, K]` and the scores of codebook 0.
            stopping_criteria: called with the codes so far and the scores of codebook 0; a row stops where
                one is true. `MaxTimeCriteria` is one.
            streamer: `put(frame)` is called with each frame, int64 `[B, K]` on the CPU (rows of
                `codebook_pad_token_id` for lines that have ended), and `end()` behind the last.
            seeds: one per row; an integer is the seed of the first row, the others count on from it. None:
                drawn from torch's generator.
            settings: `inputs_embeds`, the prompt, embedded, `[B, T, H]`, in place of `input_ids`;
                `depth_decoder_logits_processor`, called with the codes of this frame so far `[B, k]` and the
                scores of codebook k; `max_new_tokens` (frames) or `max_length` (prompt included),
                `min_new_tokens` or `min_length`, `do_sample`, `temperature`, `top_k` (0: no limit), `top_p`,
                the last four also as `depth_decoder_…`; `suppress_tokens`; `cache_implementation` "static",
                which compiles a step in one graph (`compile_config`, `disable_compile`);
                `return_dict_in_generate`, `output_scores`, `output_logits`, `output_hidden_states`,
                `output_attentions`. Unset: the model's settings, then sampling at temperature 0.9 from 50
                candidates for at most 125 frames.
            output_audio: decode the codes.

        Returns:
            int64 codes `[B, frames, K]` (see `CsmGenerateOutput.sequences`); with output_audio a list of
            audio `[samples]`, EOS frame cut off; with return_dict_in_generate a `CsmGenerateOutput`.

        Raises:
            ValueError: right padding, an unknown setting, or more positions than the model has.
        """
        codes, inputs_embeds = None, settings.pop("inputs_embeds", None)
        depth_processors = settings.pop("depth_decoder_logits_processor", None)
        if inputs_embeds is None:
            if input_ids is None:
                raise ValueError("give input_ids or inputs_embeds")
            if input_ids.ndim == 3:
                codes, inputs_embeds = input_ids, self.backbone_model.embed_frames(input_ids)
            else:
                inputs_embeds, _ = merge_prompt(
                    self,
                    input_ids,
                    attention_mask=attention_mask,
                    input_values=input_values,
                    input_values_cutoffs=input_values_cutoffs,
                    audio_codes=audio_codes,
                )
        batch, length = inputs_embeds.shape[:2]
        device = inputs_embeds.device
        chosen = read_settings(self, settings, generation_config, batch, length, device)
        if length + chosen.frames > self.config.max_position_embeddings:
            raise ValueError(
                f"{length} prompt positions and {chosen.frames} frames to come exceed the model's "
                f"{self.config.max_position_embeddings} positions"
            )
        run = _Generation(self, chosen, seed_keys(row_seeds(seeds, batch), device), codes)
        run.processors = tuple(logits_processor or ())
        run.depth_processors = tuple(depth_processors or ())
        run.criteria, run.streamer = tuple(stopping_criteria or ()), streamer
        run.run(inputs_embeds, _left_padded(attention_mask, batch, length, device))
        return run.output(output_audio)


class _Generation:
    """The state of one call of `generate`.

    Args:
        keys: of the noise, int64 `[B, 2]`.
        codes: frames to go on from, int64 `[B, T, K]`.
    """

    processors: tuple[Processor, ...] = ()
    depth_processors: tuple[Processor, ...] = ()
    criteria: tuple[Callable[[Tensor, Any], Any], ...] = ()
    streamer: Any = None

    def __init__(self, model: Any, settings: GenerationSettings, keys: Tensor, codes: Tensor | None) -> None:
        self.model, self.config, self.settings, self.keys = model, model.config, settings, keys
        batch = len(keys)
        self.codes = keys.new_zeros(batch, 0, self.config.num_codebooks) if codes is None else codes
        self.ended = torch.zeros(batch, dtype=torch.bool, device=keys.device)
        kept = ("scores", "logits", "hidden_states", "attentions")
        self.kept: dict[str, list[Any]] = {k: [] for k in kept if settings.outputs.get(f"output_{k}")}
        self.cache: KVCache | None = None

    def run(self, embeds: Tensor, mask: Tensor | None) -> None:
        """Generate until every row has ended or the cap is reached.

        Args:
            embeds: the prompt, `[B, T, H]`.
            mask: bool `[B, T]`, False for padding; None: there is none.
        """
        model, settings, (batch, length) = self.model, self.settings, embeds.shape[:2]
        keep = settings.static and not settings.outputs.get("return_dict_in_generate")
        make = StaticKVCache if settings.static else KVCache
        needed = length + settings.frames
        cache = self.cache = (
            _static_cache(model, batch, needed, embeds)
            if keep
            else make.of(self.config, batch, needed, embeds)
        )
        padding = length - mask.sum(1) if mask is not None else torch.zeros_like(self.ended, dtype=torch.long)
        positions = (torch.arange(length, device=embeds.device) - padding[:, None]).clamp(min=0)
        if mask is None and settings.static:
            mask = torch.ones_like(
                positions, dtype=torch.bool
            )  # one graph for prompts with padding and without
        if mask is not None:
            room = cache.capacity - length if settings.static else settings.frames
            mask = torch.cat((mask, mask.new_ones(batch, room)), dim=1)
        step, depth_step = _steps(model, settings)
        stopped = self.ended
        for number in range(settings.frames):
            now = mask if mask is None or settings.static else mask[:, : length + number]
            hidden = self._backbone(step if number else model.backbone_model, embeds, now, positions)
            noise = self._noise(number)
            first = self._first_code(hidden, number, noise)
            frame = finish_frame(
                model.depth_decoder,
                self.config.num_codes,
                hidden,
                first,
                None if noise is None else noise[:, 1:],
                settings.depth,
                self.depth_processors,
                depth_step,
            )
            frame = torch.where(stopped[:, None], self.config.codebook_pad_token_id, frame)
            self.codes = torch.cat((self.codes, frame[:, None]), dim=1)
            if self.streamer is not None:
                self.streamer.put(frame.cpu())
            self.ended = self.ended | (~stopped & is_eos(frame, self.config.codebook_eos_token_id))
            stopped = stopped | self.ended
            for criterion in self.criteria:
                verdict = criterion(self.codes, tuple(self.kept.get("scores", ())) or None)
                stopped = stopped | torch.as_tensor(verdict, device=stopped.device)
            if stopped.all():
                break
            embeds = model.backbone_model.embed_frames(frame.clamp(max=self.config.vocab_size - 1))[:, None]
            positions = positions[:, -1:] + 1
        if self.streamer is not None:
            self.streamer.end()

    def _backbone(self, step: Any, embeds: Tensor, mask: Tensor | None, positions: Tensor) -> Tensor:
        """The state `[B, H]` of the last position, after the final norm."""
        wanted = {f"output_{k}": True for k in ("hidden_states", "attentions") if k in self.kept}
        output = step(
            inputs_embeds=embeds,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self.cache,
            **wanted,
        )
        for name in ("hidden_states", "attentions"):
            if name in self.kept:
                self.kept[name].append(output[name])
        # A copy, with the strides of a tensor of its own: a compiled rest of the frame is compiled for them.
        return output.last_hidden_state[:, -1].clone(memory_format=torch.contiguous_format)

    def _noise(self, number: int) -> Tensor | None:
        """Of frame `number`, `[B, K, V]`; see `frame_noise`."""
        books, limit = self.config.num_codebooks, self.config.num_codes
        counters = (torch.arange(n, device=self.keys.device) for n in (books, limit))
        return frame_noise(
            self.keys, number, self.settings.backbone.sampler, self.settings.depth.sampler, *counters
        )

    def _first_code(self, hidden: Tensor, number: int, noise: Tensor | None) -> Tensor:
        """Codebook 0 of frame `number`, int64 `[B]`."""
        logits, limit = self.model.lm_head(hidden).float(), self.config.num_codes
        scores = logits.clone()
        for processor in self.processors:
            scores = processor(self.codes, scores)
        forbidden = [*self.settings.suppressed]
        if number < self.settings.least:
            forbidden.append(self.config.codebook_eos_token_id)
        scores[:, forbidden] = -torch.inf
        scores = nucleus(scores[:, :limit], self.settings.backbone)
        for name, value in (("logits", logits), ("scores", scores)):
            if name in self.kept:
                self.kept[name].append(value)
        return draw(scores, self.settings.backbone.sampler, None if noise is None else noise[:, 0])

    def output(self, output_audio: bool) -> Any:
        """What `generate` returns: codes, audio or a `CsmGenerateOutput`."""
        audio = None
        if output_audio:
            over = is_eos(self.codes, self.config.codebook_eos_token_id) | (
                self.codes[..., 0] == self.config.codebook_pad_token_id
            )
            lengths = (over.cumsum(1) == 0).sum(1).tolist()
            audio = decode_codes(self.model.codec_model, [self.codes[i, :n] for i, n in enumerate(lengths)])
        if not self.settings.outputs.get("return_dict_in_generate"):
            return audio if output_audio else self.codes
        kept = {name: tuple(values) for name, values in self.kept.items()}
        return CsmGenerateOutput(
            sequences=self.codes, past_key_values=self.cache, audio=audio, ended=self.ended, **kept
        )


_CAPACITY = 256
"""Positions of a static cache: this, or a power of two times it. A step is compiled once for each number."""


def _static_cache(model: Any, batch: int, positions: int, like: Tensor) -> StaticKVCache:
    """A cache for so many positions: that of the last call if it is large enough, as a recorded step goes on
    writing to it.
    """
    kept: StaticKVCache | None = model.__dict__.get("_static_cache")
    if kept is None or not kept.suits(batch, like) or kept.capacity < positions:
        capacity = _CAPACITY << max(0, ((positions - 1) // _CAPACITY).bit_length())
        with torch.inference_mode(False):  # for calls within it and without
            kept = model.__dict__["_static_cache"] = StaticKVCache.of(model.config, batch, capacity, like)
    kept.reset()
    return kept


def _steps(model: Any, settings: GenerationSettings) -> tuple[Any, CompiledDepthStep | None]:
    """A step of the backbone and of the depth decoder, compiled if the settings want it; kept with the model
    for the next call.
    """
    if settings.compile is None:
        return model.backbone_model, None
    key = repr(sorted(settings.compile.items(), key=str))
    made = model.__dict__.setdefault("_compiled_steps", {})
    if key not in made:
        made[key] = (
            torch.compile(model.backbone_model.forward, **settings.compile),
            CompiledDepthStep(settings.compile),
        )
    return made[key]


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
