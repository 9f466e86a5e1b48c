"""Frame by frame: a backbone step for codebook 0, K-1 depth steps for the others, until an EOS frame.

This is the plain reference. `csm_cli.engine` does the same at speed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from csm_cli.model.audio import decode_codes
from csm_cli.model.cache import KVCache, StaticKVCache
from csm_cli.model.generation_settings import Level, Settings, read_settings
from csm_cli.model.merge import merge_prompt
from csm_cli.model.outputs import CsmGenerateOutput
from csm_cli.model.sampling import draw, frame_noise, seed_keys

Processor = Callable[[Tensor, Tensor], Tensor]
"""(codes so far, scores `[B, vocab]`) → scores, as transformers' `LogitsProcessor` is called."""


def is_eos(frames: Tensor, eos: int) -> Tensor:
    """Whether frames `[..., K]` end the speech: bool `[...]`. The last codebook is not looked at.

    One test for stopping and for trimming, so that no EOS frame is ever spoken.
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
        inputs_embeds: Tensor | None = None,
        seeds: Sequence[int] | int | None = None,
        depth_decoder_logits_processor: Sequence[Processor] | None = None,
        **settings: Any,
    ) -> Any:
        """Speak.

        Args:
            input_ids, input_values, input_values_cutoffs, attention_mask, audio_codes: the prompt, see
                `merge_prompt`; padding on the left only. input_ids may be codes `[B, T, K]` to go on from:
                they are a part of what is returned.
            inputs_embeds: the prompt, embedded, `[B, T, H]`, in place of those.
            generation_config: a `GenerationConfig`, or a dict, in place of the model's own settings.
            logits_processor: called with the codes so far `[B, frames, K]` and the scores of codebook 0.
            depth_decoder_logits_processor: called with the codes of this frame so far `[B, k]` and the
                scores of codebook k.
            stopping_criteria: called with the codes so far and the scores of codebook 0; a row stops where
                one is true. `MaxTimeCriteria` is one.
            streamer: `put(frame)` is called with each frame, int64 `[B, K]` on the CPU (rows of
                `codebook_pad_token_id` for lines that have ended), and `end()` behind the last.
            seeds: one per row; an integer is the seed of the first row, the others count on from it. None:
                drawn from torch's generator.
            settings: `max_new_tokens` (frames) or `max_length` (prompt included), `min_new_tokens` or
                `min_length`, `do_sample`, `temperature`, `top_k` (0: no limit), `top_p`, the last four also
                as `depth_decoder_…`; `suppress_tokens`; `cache_implementation` "static", which compiles a
                step in one graph (`compile_config`, `disable_compile`); `return_dict_in_generate`,
                `output_scores`, `output_logits`, `output_hidden_states`, `output_attentions`. Unset: the
                model's settings, then sampling at temperature 0.9 from 50 candidates for at most 125 frames.
            output_audio: decode the codes.

        Returns:
            int64 codes `[B, frames, K]` (see `CsmGenerateOutput.sequences`); with output_audio a list of
            audio `[samples]`, EOS frame cut off; with return_dict_in_generate a `CsmGenerateOutput`.

        Raises:
            ValueError: right padding, an unknown setting, or more positions than the model has.
        """
        spoken = None
        if inputs_embeds is None:
            if input_ids is None:
                raise ValueError("give input_ids or inputs_embeds")
            if input_ids.ndim == 3:
                spoken, inputs_embeds = input_ids, self.backbone_model.embed_frames(input_ids)
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
        asked = read_settings(self, settings, generation_config, batch, length, device)
        if length + asked.frames > self.config.max_position_embeddings:
            raise ValueError(
                f"{length} prompt positions and {asked.frames} frames to come exceed the model's "
                f"{self.config.max_position_embeddings} positions"
            )
        speech = _Speech(self, asked, seed_keys(row_seeds(seeds, batch), device), spoken)
        speech.processors = tuple(logits_processor or ())
        speech.depth_processors = tuple(depth_decoder_logits_processor or ())
        speech.criteria, speech.streamer = tuple(stopping_criteria or ()), streamer
        speech.run(inputs_embeds, _left_padded(attention_mask, batch, length, device))
        return speech.output(output_audio)


class _Speech:
    """One call of `generate` on its way."""

    processors: tuple[Processor, ...] = ()
    depth_processors: tuple[Processor, ...] = ()
    criteria: tuple[Callable[[Tensor, Any], Any], ...] = ()
    streamer: Any = None

    def __init__(self, model: Any, asked: Settings, keys: Tensor, spoken: Tensor | None) -> None:
        self.model, self.config, self.asked, self.keys = model, model.config, asked, keys
        batch = len(keys)
        self.codes = keys.new_zeros(batch, 0, self.config.num_codebooks) if spoken is None else spoken
        self.ended = torch.zeros(batch, dtype=torch.bool, device=keys.device)
        kept = ("scores", "logits", "hidden_states", "attentions")
        self.kept: dict[str, list[Any]] = {k: [] for k in kept if asked.outputs.get(f"output_{k}")}
        self.cache: KVCache | None = None

    def run(self, embeds: Tensor, mask: Tensor | None) -> None:
        """Frames until every row has ended or the cap is reached; `mask` is bool `[B, T]` or None."""
        model, asked, (batch, length) = self.model, self.asked, embeds.shape[:2]
        make = StaticKVCache if asked.static else KVCache
        self.cache = make.of(self.config, batch, length + asked.frames, embeds)
        padding = length - mask.sum(1) if mask is not None else torch.zeros_like(self.ended, dtype=torch.long)
        positions = (torch.arange(length, device=embeds.device) - padding[:, None]).clamp(min=0)
        if mask is not None:
            mask = torch.cat((mask, mask.new_ones(batch, asked.frames)), dim=1)
        step, frame_of = _steps(model, asked, plain=not (self.depth_processors or asked.depth.top_p < 1))
        stopped = self.ended
        for number in range(asked.frames):
            seen = length + number
            now = mask if mask is None or asked.static else mask[:, :seen]
            if number == 0:
                hidden = self._backbone(model.backbone_model, embeds, now, positions)
            else:
                hidden = self._backbone(step, embeds, now, positions)
            first = self._first_code(hidden, number)
            noise = self._noise(number)
            frame = frame_of(
                model.depth_decoder,
                self.config.num_codes,
                hidden,
                first,
                None if noise is None else noise[:, 1:],
                asked.depth,
                self.depth_processors,
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
        """The state `[B, H]` behind the last position."""
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
        return output.last_hidden_state[:, -1]

    def _noise(self, number: int) -> Tensor | None:
        books, limit = self.config.num_codebooks, self.config.num_codes
        counters = (torch.arange(n, device=self.keys.device) for n in (books, limit))
        return frame_noise(self.keys, number, self.asked.level.sampler, self.asked.depth.sampler, *counters)

    def _first_code(self, hidden: Tensor, number: int) -> Tensor:
        """Codebook 0, `[B]`."""
        logits, limit = self.model.lm_head(hidden).float(), self.config.num_codes
        scores = logits.clone()
        for processor in self.processors:
            scores = processor(self.codes, scores)
        forbidden = [*self.asked.suppressed]
        if number < self.asked.least:
            forbidden.append(self.config.codebook_eos_token_id)
        scores[:, forbidden] = -torch.inf
        scores = nucleus(scores[:, :limit], self.asked.level)
        for name, value in (("logits", logits), ("scores", scores)):
            if name in self.kept:
                self.kept[name].append(value)
        noise = self._noise(number)
        return draw(scores, self.asked.level.sampler, None if noise is None else noise[:, 0])

    def output(self, output_audio: bool) -> Any:
        """What `generate` returns."""
        audio = None
        if output_audio:
            over = is_eos(self.codes, self.config.codebook_eos_token_id) | (
                self.codes[..., 0] == self.config.codebook_pad_token_id
            )
            lengths = (over.cumsum(1) == 0).sum(1).tolist()
            audio = decode_codes(self.model.codec_model, [self.codes[i, :n] for i, n in enumerate(lengths)])
        if not self.asked.outputs.get("return_dict_in_generate"):
            return audio if output_audio else self.codes
        kept = {name: tuple(values) for name, values in self.kept.items()}
        return CsmGenerateOutput(
            sequences=self.codes, past_key_values=self.cache, audio=audio, ended=self.ended, **kept
        )


def nucleus(scores: Tensor, level: Level) -> Tensor:
    """Leave the likeliest candidates that hold `top_p` of the probability together (Holtzman et al. 2020,
    §3.1).

    Args:
        scores: float32 `[B, V]`; temperature and top-k are counted in, but not applied to what is returned.
    """
    if level.top_p >= 1 or level.temperature == 0:
        return scores
    ordered, order = scores.sort(dim=-1, descending=True)
    if level.top_k:
        ordered = ordered[:, : level.top_k]
    shares = (ordered / level.temperature).softmax(dim=-1)
    # A candidate stays if those before it hold less than top_p: the first always does.
    stays = shares.cumsum(dim=-1) - shares < level.top_p
    kept = torch.zeros_like(scores, dtype=torch.bool).scatter(1, order[:, : stays.shape[1]], stays)
    return scores.masked_fill(~kept, -torch.inf)


def finish_frame(
    decoder: Any,
    limit: int,
    hidden: Tensor,
    first: Tensor,
    noise: Tensor | None,
    level: Level,
    processors: Sequence[Processor] = (),
) -> Tensor:
    """A whole frame `[B, K]` from the backbone's state `[B, H]` and codebook 0 `[B]`.

    Args:
        decoder: a `CsmDepthDecoderForCausalLM`. limit: ids from here on are never said.
        noise: of codebooks 1 … K-1, times temperature, `[B, K-1, V]`; None: greedy.
    """
    books, codes = decoder.config.num_codebooks, [first]
    cache = KVCache.of(decoder.config, len(hidden), books, hidden)
    inputs = torch.stack((hidden, decoder.model.embed(first[:, None])[:, 0].to(hidden.dtype)), dim=1)
    for book in range(1, books):
        state = decoder.model(inputs_embeds=inputs, past_key_values=cache).last_hidden_state[:, -1:]
        scores = decoder.codebooks_head(state, first=book - 1)[:, 0].float()
        for processor in processors:
            scores = processor(torch.stack(codes, dim=1), scores)
        scores = nucleus(scores[:, :limit], level)
        codes.append(draw(scores, level.sampler, None if noise is None else noise[:, book - 1]))
        if book < books - 1:
            inputs = decoder.model.embed(codes[-1][:, None], first=book)
    return torch.stack(codes, dim=1)


def _steps(model: Any, asked: Settings, plain: bool) -> tuple[Any, Any]:
    """(backbone step, rest of a frame), compiled if that was asked for; kept with the model for the next
    call.
    """
    if asked.compile is None:
        return model.backbone_model, finish_frame
    key = repr(sorted(asked.compile.items(), key=str))
    made = model.__dict__.setdefault("_compiled_steps", {})
    if key not in made:
        made[key] = tuple(
            torch.compile(each, **asked.compile) for each in (model.backbone_model.forward, finish_frame)
        )
    step, frame_of = made[key]
    return step, frame_of if plain else finish_frame


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


def row_seeds(seeds: Sequence[int] | int | None, batch: int) -> list[int]:
    if seeds is None:
        return torch.randint(2**62, (batch,)).tolist()
    if isinstance(seeds, int):
        return [seeds + i for i in range(batch)]
    if len(seeds) != batch:
        raise ValueError(f"{batch} rows need {batch} seeds, got {len(seeds)}")
    return [int(seed) for seed in seeds]
