"""Generation frame by frame: a backbone step for codebook 0, K-1 depth steps for the others, until EOS.

This is the plain reference; `csm_cli.engine` computes the same faster. What is not the matter of a CSM
(settings, caches, masks, prompts) is transformers' `GenerationMixin`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor
from transformers import generation as theirs

from csm_cli.model.configuration import num_codes
from csm_cli.model.frames import (
    DEPTH,
    CallOptions,
    CodeSampler,
    Frames,
    Processor,
    compiled_depth_step,
    fill_defaults,
    finish_frame,
    is_eos,
    is_given,
    with_real_codes,
)
from csm_cli.model.merge import decode_codes, merge_prompt
from csm_cli.model.outputs import CsmGenerateOutput

_log = logging.getLogger(__name__)

_OF_TEXT = theirs.EosTokenCriteria | theirs.StopStringCriteria | theirs.ConfidenceCriteria
_OF_IDS = (
    theirs.MinLengthLogitsProcessor
    | theirs.MinNewTokensLengthLogitsProcessor
    | theirs.SuppressTokensAtBeginLogitsProcessor
)

_FRAMES = 125
"""Frames generated at most, if nobody says how many: ten seconds."""

_CAPACITY = 256
"""Positions of a static cache: this, or a power of two times it. A step is compiled once for each number."""


class GenerationMixin(theirs.GenerationMixin):
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
        synced_gpus: bool | None = None,
        streamer: Any = None,
        output_audio: bool | None = False,
        *,
        audio_codes: Tensor | Sequence[Tensor] | None = None,
        seeds: Sequence[int] | int | None = None,
        **settings: Any,
    ) -> Any:
        """Generate frames of codes, and audio of them.

        Args:
            input_ids, input_values, input_values_cutoffs, audio_codes: the prompt, see `merge_prompt`; padded
                on the left. Codes `[B, T, K]` to go on from are a part of what is returned. None: the prompt
                is `bos_token_id`.
            generation_config: a `GenerationConfig` or a dict.
            logits_processor, stopping_criteria: called with the codes so far `[B, frames, K]` and the scores
                of codebook 0; a row stops where a criterion is true.
            streamer: `put(frame)` is called with the prompt and with each frame, int64 `[B, K]` on the CPU
                (`codebook_pad_token_id` for lines that have ended), and `end()` behind the last.
            output_audio: decode the codes.
            seeds: one per row; an integer is the seed of the first row, the others count on from it. A row's
                codes depend on its seed and prompt alone. None: torch's generator draws.
            settings: all of transformers' `generate`; those that begin with `depth_decoder_` are the depth
                decoder's, `depth_decoder_logits_processor` among them, which is called with the codes of this
                frame so far `[B, k]`. `any_code`: draw codes that the codec lacks, too. Unset: the model's
                settings, then sampling at temperature 0.9 from 50 candidates for at most 125 frames.
                `do_sample` holds for both decoders, unless there is one for the depth decoder.

        Returns:
            int64 codes `[B, frames, K]` (see `CsmGenerateOutput`); with output_audio a list of audio
            `[samples]`, EOS frame cut off; with return_dict_in_generate a `CsmGenerateOutput`.

        Raises:
            ValueError: an unknown setting, or one that a CSM does not have, such as beams.
        """
        if isinstance(generation_config, dict):
            generation_config = theirs.GenerationConfig(**generation_config)
        if audio_codes is not None and input_ids is not None:
            mask = settings.get("attention_mask")
            if mask is None:
                mask = settings["attention_mask"] = self._left_padded(input_ids)
            merged = merge_prompt(self, input_ids, attention_mask=mask, audio_codes=audio_codes)
            settings["inputs_embeds"], input_ids = merged[0], None
        limit = None if settings.pop("any_code", False) else num_codes(self.config)
        options = CallOptions(seeds, limit, eos=self.config.codebook_eos_token_id)
        options.depth_processors = settings.pop(DEPTH + "logits_processor", None) or ()
        found = super().generate(
            input_ids=input_ids,
            input_values=input_values,
            input_values_cutoffs=input_values_cutoffs,
            generation_config=generation_config,
            logits_processor=logits_processor,
            stopping_criteria=stopping_criteria,
            synced_gpus=synced_gpus,
            streamer=streamer,
            csm=options,
            **settings,
        )
        if not output_audio:
            return found
        codes = found if isinstance(found, Tensor) else found.sequences
        over = is_eos(codes, self.config.codebook_eos_token_id) | (
            codes == self.config.codebook_pad_token_id
        ).all(-1)
        lengths = (over.cumsum(1) == 0).sum(1).tolist()
        audio = decode_codes(self.codec_model, [codes[i, :n] for i, n in enumerate(lengths)])
        if isinstance(found, Tensor):
            return audio
        found.audio = audio
        return found

    def _prepare_generation_config(self: Any, generation_config: Any, *args: Any, **settings: Any) -> Any:
        """As the base class; settings of the depth decoder go to `config.csm.depth`."""
        options = settings.pop("csm", None) or CallOptions()
        every = {**getattr(generation_config, "__dict__", {}), **settings}
        depth = {name.removeprefix(DEPTH): each for name, each in every.items() if name.startswith(DEPTH)}
        settings = {name: value for name, value in settings.items() if not name.startswith(DEPTH)}
        if isinstance(settings.get("compile_config"), dict):
            compiling = {"dynamic": False, "fullgraph": True, **settings["compile_config"]}
            settings["compile_config"] = theirs.CompileConfig(**compiling)
            settings["compile_config"]._compile_all_devices = True
        config, rest = super()._prepare_generation_config(generation_config, *args, **settings)
        said = (settings, generation_config, self.generation_config)
        fill_defaults(config, *said)
        if not is_given("max_length", *said) and not is_given("max_new_tokens", *said):
            config.max_new_tokens = _FRAMES
        if is_given("do_sample", settings, generation_config):
            depth.setdefault("do_sample", config.do_sample)
        options.depth = self._depth_config({**depth, "csm": CallOptions(num_codes=options.num_codes)})
        config.csm = options
        return config, rest

    def _validate_generation_mode(self: Any, mode: Any, *args: Any) -> None:
        _check_mode(mode)
        super()._validate_generation_mode(mode, *args)

    def _prepare_attention_mask_for_generation(self: Any, inputs: Tensor, *args: Any) -> Tensor:
        """As the base class, unless the id of padding is also that of audio frames, as csm-1b has it."""
        if inputs.ndim == 2 and self.config.pad_token_id == self.config.audio_token_id:
            return self._left_padded(inputs)
        return super()._prepare_attention_mask_for_generation(inputs, *args)

    def _left_padded(self: Any, ids: Tensor) -> Tensor:
        """0 for what fills the rows of a prompt on the left, int64 `[B, T]`."""
        pad = self.config.pad_token_id
        return torch.ones_like(ids) if pad is None else ((ids != pad).cumsum(1) > 0).long()

    def _depth_config(self: Any, settings: dict[str, Any]) -> theirs.GenerationConfig:
        """The depth decoder's settings of a call."""
        rest = self.config.num_codebooks - 1
        config, unused = self.depth_decoder._prepare_generation_config(None, **settings)
        if unused:
            raise ValueError(f"generate does not know {', '.join(DEPTH + name for name in sorted(unused))}")
        _check_mode(config.get_generation_mode())
        for name in ("min_new_tokens", "max_new_tokens"):
            if (value := getattr(config, name)) not in (None, rest):
                raise ValueError(f"{DEPTH}{name} cannot be {value}: a frame has {rest} of its codes")
            setattr(config, name, rest)
        return config

    def _prepare_cache_for_generation(self: Any, config: Any, *args: Any) -> Any:
        """Static caches have few sizes: each is a graph of its own."""
        *others, length = args
        if config.cache_implementation in ("static", "offloaded_static"):
            length = _CAPACITY << max(0, ((length - 1) // _CAPACITY).bit_length())
            # Older versions of transformers keep the cache, which inference mode may have made unusable.
            if self.__dict__.get("_cache") is not None and not torch.is_inference_mode_enabled():
                del self._cache
        return super()._prepare_cache_for_generation(config, *others, length)

    def _get_logits_processor(self: Any, generation_config: Any, *args: Any, **more: Any) -> Any:
        """Without those that look for text ids, which `OnlyRealCodes` stands for."""
        found = super()._get_logits_processor(generation_config, *args, **more)
        kept = (each for each in found if not isinstance(each, _OF_IDS))
        return with_real_codes(kept, generation_config.csm)

    def _get_stopping_criteria(self: Any, *args: Any, **more: Any) -> Any:
        """Without those that compare text ids."""
        found = super()._get_stopping_criteria(*args, **more)
        if left_out := [type(each).__name__ for each in found if isinstance(each, _OF_TEXT)]:
            _log.warning("a CSM has no text ids to stop at: %s is left out", ", ".join(left_out))
        return theirs.StoppingCriteriaList(each for each in found if not isinstance(each, _OF_TEXT))

    def _sample(
        self: Any,
        input_ids: Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        synced_gpus: bool = False,
        streamer: Any = None,
        **model_kwargs: Any,
    ) -> Any:
        """What `GenerationMixin.generate` calls when all is prepared."""
        config, options = generation_config, generation_config.csm
        kept = ("scores", "logits", "hidden_states", "attentions")
        outputs: dict[str, list[Any]] = {}
        if config.return_dict_in_generate:
            outputs = {name: [] for name in kept if getattr(config, f"output_{name}")}
        # Text is not a part of what is returned, and its length not of the frames'.
        text = input_ids.shape[1] if input_ids.ndim == 2 else 0
        criteria = theirs.StoppingCriteriaList(_without(text, each) for each in stopping_criteria)
        options.least = config.min_new_tokens or max(0, (config.min_length or 0) - input_ids.shape[1])
        options.begin = config.begin_suppress_tokens or ()
        frames = Frames(self, options, input_ids)
        first_level = CodeSampler.of(logits_processor, config)

        compiled = self._valid_auto_compile_criteria(model_kwargs, config)
        forward = self.get_compiled_call(config.compile_config) if compiled else self.__call__
        depth_step = compiled_depth_step(self.depth_decoder, config.compile_config) if compiled else None
        model_kwargs["output_hidden_states"] = True  # the last is what the depth decoder begins with
        if not model_kwargs.get("use_cache", True) and text and model_kwargs.get("inputs_embeds") is None:
            # Without a cache the prompt is read again with each frame.
            given = self.prepare_inputs_for_generation(input_ids, is_first_iteration=True, **model_kwargs)
            model_kwargs["inputs_embeds"] = given["inputs_embeds"]
        found = self._prefill(input_ids, config, model_kwargs, is_first_iteration=True)
        finished = False
        while self._has_unfinished_sequences(finished, synced_gpus, device=input_ids.device):
            if frames.number:
                found = forward(**self._next_inputs(frames, model_kwargs), return_dict=True)
            model_kwargs = self._update_model_kwargs_for_generation(found, model_kwargs)
            if synced_gpus and finished:
                continue
            logits = found.logits[:, -1].to(copy=True, dtype=torch.float32, device=input_ids.device)
            # A copy with strides of its own, which a compiled step of the depth decoder is compiled for.
            hidden = found.hidden_states[-1][:, -1].clone(memory_format=torch.contiguous_format)
            noise = frames.noise()
            first, scores = first_level(frames.codes, logits, None if noise is None else noise[:, 0])
            rest = None if noise is None else noise[:, 1:]
            frame = finish_frame(
                self.depth_decoder, hidden, first.to(hidden.device), rest, frames.depth, depth_step
            )
            for name, values in outputs.items():
                values.append({"scores": scores, "logits": logits}.get(name, found.get(name)))
            frame = frames.add(frame)
            if streamer is not None:
                streamer.put(frame.cpu())
            frames.stop(criteria(frames.codes, tuple(outputs.get("scores", ())) or None))
            finished = bool(frames.stopped.all())
            del found
        if streamer is not None:
            streamer.end()
        if not config.return_dict_in_generate:
            return frames.codes
        return CsmGenerateOutput(
            sequences=frames.codes,
            past_key_values=model_kwargs.get("past_key_values"),
            ended=frames.ended,
            **{name: tuple(values) for name, values in outputs.items()},  # type: ignore[arg-type]
        )

    def _next_inputs(self: Any, frames: Frames, model_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Of the next pass through the backbone: the last frame, or all there is if nothing is cached."""
        codes = frames.codes.clamp(max=self.config.vocab_size - 1)  # what fills up ended rows may lie above
        if model_kwargs.get("use_cache", True):
            return self.prepare_inputs_for_generation(codes, next_sequence_length=1, **model_kwargs)
        prompt = model_kwargs.get("inputs_embeds")
        if prompt is None:
            return self.prepare_inputs_for_generation(codes, **model_kwargs)
        embeds = torch.cat((prompt, self.backbone_model.embed_frames(codes[:, -frames.number :])), dim=1)
        return self.prepare_inputs_for_generation(
            codes, is_first_iteration=True, **(model_kwargs | {"inputs_embeds": embeds})
        )


def _check_mode(mode: Any) -> None:
    if mode not in (theirs.GenerationMode.GREEDY_SEARCH, theirs.GenerationMode.SAMPLE):
        raise ValueError(f"a CSM cannot generate by {mode.value.replace('_', ' ')}")


def _without(text: int, criterion: Any) -> Any:
    """A stopping criterion for frames alone, where one for text and frames is given."""
    if text and isinstance(criterion, theirs.MaxLengthCriteria):
        criterion = copy(criterion)
        criterion.max_length -= text
    return criterion
