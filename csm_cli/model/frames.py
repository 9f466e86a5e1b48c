"""How the codes of a frame are drawn, codebook by codebook, and the frames of a call of `generate`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, StaticCache
from transformers.generation import (
    CompileConfig,
    GenerationConfig,
    LogitsProcessorList,
    TemperatureLogitsWarper,
)

from csm_cli.model.sampling import gumbel_noise, row_seeds, seed_keys

Processor = Callable[[Tensor, Tensor], Tensor]
"""(codes so far, scores `[B, vocab]`) → scores, as a `LogitsProcessor` is called."""

DEPTH = "depth_decoder_"
"""What settings of the depth decoder begin with, in a call and in `generation_config.json`."""

_DEFAULTS = {"do_sample": True, "temperature": 0.9, "top_k": 50}


@dataclass
class CallOptions:
    """What a call of `generate` has beside transformers' settings. Kept in its `GenerationConfig`, as `csm`.

    Attributes:
        seeds: of the counted noise, see `row_seeds`; None: codes are drawn with torch's generator.
        num_codes: ids from here on are not drawn; None: all may be.
        least: frames before which codebook 0 is not `eos`.
        begin: ids that codebook 0 of the first frame does not take.
        depth: settings of the depth decoder.
        depth_processors: of its scores.
    """

    seeds: Sequence[int] | int | None = None
    num_codes: int | None = None
    eos: int = 0
    least: int = 0
    begin: Sequence[int] = ()
    depth: Any = None
    depth_processors: Sequence[Processor] = ()


def fill_defaults(config: GenerationConfig, *given: Any) -> None:
    """Sample at temperature 0.9 from 50 candidates where nothing else is said.

    Args:
        config: of a call, complete; changed.
        given: configs and dicts in which a setting that is not None has been said.
    """
    for name, value in _DEFAULTS.items():
        if not is_given(name, *given):
            setattr(config, name, value)


def is_given(name: str, *given: Any) -> bool:
    """Whether one of several configs and dicts has a setting that is not None."""
    said = (each.get(name) if isinstance(each, dict) else getattr(each, name, None) for each in given)
    return any(value is not None for value in said)


class OnlyRealCodes:
    """Rules out ids that the codec lacks, and an end that comes too early."""

    def __init__(self, options: CallOptions) -> None:
        self._options, self._calls = options, 0

    def __call__(self, codes: Tensor, scores: Tensor) -> Tensor:
        """Called once a frame."""
        number, self._calls = self._calls, self._calls + 1
        scores = scores.clone()
        if self._options.num_codes is not None:
            scores[:, self._options.num_codes :] = -torch.inf
        if number == 0 and self._options.begin:
            scores[:, list(self._options.begin)] = -torch.inf
        if number < self._options.least:
            scores[:, self._options.eos] = -torch.inf
        return scores


def with_real_codes(processors: Iterable[Any], options: CallOptions) -> LogitsProcessorList:
    """Processors of a call with `OnlyRealCodes` among them, before the candidates are chosen."""
    kept = list(processors)
    first = next((i for i, each in enumerate(kept) if type(each).__name__.endswith("Warper")), len(kept))
    return LogitsProcessorList([*kept[:first], OnlyRealCodes(options), *kept[first:]])


class AddNoise:
    """Adds Gumbel noise to scores, so that the likeliest id is one drawn (see `sampling.draw`).

    Args:
        noise: `[B, n, V]`, for n calls.
    """

    def __init__(self, noise: Tensor) -> None:
        self._noise, self._calls = noise, 0

    def __call__(self, codes: Tensor, scores: Tensor) -> Tensor:
        noise, self._calls = self._noise[:, self._calls], self._calls + 1
        missing = scores.shape[1] - noise.shape[1]
        return scores + torch.nn.functional.pad(noise, (0, missing), value=-torch.inf)


@dataclass(frozen=True)
class CodeSampler:
    """Draws the codes of one level, the backbone's or the depth decoder's.

    Attributes:
        processors: of its scores, in order.
    """

    processors: Sequence[Processor]
    do_sample: bool
    temperature: float

    @classmethod
    def of(cls, processors: Sequence[Processor], config: GenerationConfig) -> CodeSampler:
        """With the settings of a call."""
        temperature = 1.0 if config.temperature is None else float(config.temperature)
        return cls(processors, bool(config.do_sample), temperature)

    def __call__(self, codes: Tensor, logits: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """(ids int64 `[B]`, scores float32 `[B, vocab]` after all processors).

        Args:
            codes: so far, for the processors.
            logits: float32 `[B, vocab]`.
            noise: standard Gumbel noise of the first V ids, `[B, V]`; None: torch's generator draws.
        """
        scores, warm = logits, None
        for processor in self.processors:
            if isinstance(processor, TemperatureLogitsWarper):
                warm = scores
            scores = processor(codes, scores)
        if not self.do_sample:
            return scores.argmax(dim=-1), scores
        if noise is None:
            return torch.multinomial(scores.softmax(dim=-1), 1)[:, 0], scores
        # Before the division by the temperature, as the engine adds it: the sums are rounded alike.
        count = noise.shape[1]
        base = scores if warm is None else warm.masked_fill(scores == -torch.inf, -torch.inf)
        return (base[:, :count] + self.temperature * noise).argmax(dim=-1), scores


def is_eos(frames: Tensor, eos: int) -> Tensor:
    """Whether frames `[..., K]` end the speech: bool `[...]`. The last codebook is not compared.

    The same test stops and trims, so that no EOS frame is ever decoded to audio.
    """
    return (frames[..., :-1] == eos).all(dim=-1)


def finish_frame(
    decoder: Any,
    hidden: Tensor,
    first: Tensor,
    noise: Tensor | None,
    sampler: CodeSampler,
    compiled: CompiledDepthStep | None = None,
) -> Tensor:
    """A whole frame `[B, K]` from the backbone's state `[B, H]` and codebook 0 `[B]`.

    Args:
        decoder: a `CsmDepthDecoderForCausalLM`, or what wraps one.
        noise: standard Gumbel noise of codebooks 1 … K-1, `[B, K-1, V]`; None: greedy, or drawn by torch.
        sampler: is called with a placeholder and the codes of this frame so far, `[B, 1 + k]`.
        compiled: computes the logits of all codebooks but the first two; None: as they are.
    """
    codes = torch.stack((torch.zeros_like(first), first), dim=1)
    cache = DynamicCache(config=decoder.config) if compiled is None else compiled.cache(decoder, hidden)
    for book in range(1, decoder.config.num_codebooks):
        if book == 1:
            given = {"input_ids": codes, "backbone_last_hidden_state": hidden}
            logits = next_logits(decoder, cache, **given)
        else:
            step = next_logits if compiled is None else compiled.next_logits
            last = codes[:, -1:].clone(memory_format=torch.contiguous_format)  # strides of its own
            logits = step(decoder, cache, input_ids=last)
        drawn = None if noise is None else noise[:, book - 1]
        code, _ = sampler(codes, logits.float(), drawn)
        codes = torch.cat((codes, code[:, None]), dim=1)
    return codes[:, 1:]


def next_logits(decoder: Any, cache: Any, **given: Tensor) -> Tensor:
    """Logits `[B, vocab]` of the codebook behind what is given and in the cache."""
    output = decoder(**given, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return output.logits[:, -1]


class CompiledDepthStep:
    """`next_logits` compiled, and the static caches that it writes to, one for each thread.

    A step, as the compilation of a whole frame takes minutes.

    Args:
        options: of `torch.compile`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._step: Any = torch.compile(next_logits, **options)
        self._kept = threading.local()

    def cache(self, decoder: Any, like: Tensor) -> StaticCache:
        """An empty cache for as many rows as `like` has; the same one as long as they are alike."""
        config, kind = decoder.config, (len(like), like.dtype, like.device)
        if getattr(self._kept, "kind", None) != kind:
            with torch.inference_mode(False):  # for calls within it and without
                cache = StaticCache(config, max_cache_len=config.num_codebooks)
                cache.early_initialization(
                    len(like), config.num_key_value_heads, config.head_dim, like.dtype, like.device
                )
            self._kept.cache, self._kept.kind = cache, kind
        self._kept.cache.reset()
        return self._kept.cache

    def next_logits(self, decoder: Any, cache: StaticCache, input_ids: Tensor) -> Tensor:
        """As the function. A copy: a recorded step writes all of its results to the same place."""
        return self._step(decoder, cache, input_ids=input_ids).clone()


_STEPS: WeakKeyDictionary[Any, dict[str, CompiledDepthStep]] = WeakKeyDictionary()


def compiled_depth_step(decoder: Any, config: CompileConfig | None) -> CompiledDepthStep:
    """A compiled step of a depth decoder, the same for every call."""
    options = (config or CompileConfig()).to_dict()
    key = repr(sorted(options.items(), key=str))
    made = _STEPS.setdefault(decoder, {})
    if key not in made:
        made[key] = CompiledDepthStep(options)
    return made[key]


class Frames:
    """The frames of a call of `generate`.

    Args:
        input_ids: of the call; codes `[B, T, K]` are gone on from.

    Attributes:
        codes: all so far.
        number: how many were generated.
        ended: rows in which an EOS frame came, bool `[B]`.
        stopped: rows that are not continued.
        depth: draws the codes of the depth decoder.
    """

    def __init__(self, model: Any, options: CallOptions, input_ids: Tensor) -> None:
        self._config, self._limit = model.config, options.num_codes or model.config.vocab_size
        rows, device = len(input_ids), input_ids.device
        empty = torch.zeros(rows, 0, model.config.num_codebooks, dtype=torch.long, device=device)
        self.codes, self.number = input_ids if input_ids.ndim == 3 else empty, 0
        self.ended = self.stopped = torch.zeros(rows, dtype=torch.bool, device=device)
        self._keys = None if options.seeds is None else seed_keys(row_seeds(options.seeds, rows), device)
        decoder, config = model.depth_decoder, options.depth
        decoder._prepare_special_tokens(config, True, device=device)
        config.min_length = config.max_length = model.config.num_codebooks + 1
        processors = decoder._get_logits_processor(
            config,
            input_ids_seq_length=2,
            logits_processor=[
                lambda codes, scores, each=each: each(codes[:, 1:], scores)
                for each in options.depth_processors
            ],
            device=device,
        )
        self.depth = CodeSampler.of(processors, config)

    def noise(self) -> Tensor | None:
        """Standard Gumbel noise of the next frame, `[B, K, V]`; None if torch's generator draws."""
        if self._keys is None:
            return None
        counters = (
            torch.arange(n, device=self._keys.device) for n in (self._config.num_codebooks, self._limit)
        )
        return gumbel_noise(self._keys, self.number, *counters)

    def add(self, frame: Tensor) -> Tensor:
        """Append a frame `[B, K]`; returns it with the rows that had stopped filled up."""
        frame = frame.to(self.codes.device)
        frame = torch.where(self.stopped[:, None], self._config.codebook_pad_token_id, frame)
        self.codes, self.number = torch.cat((self.codes, frame[:, None]), dim=1), self.number + 1
        self.ended = self.ended | (~self.stopped & is_eos(frame, self._config.codebook_eos_token_id))
        self.stop(self.ended)
        return frame

    def stop(self, rows: Any) -> None:
        """Do not go on with some rows, bool `[B]`."""
        self.stopped = self.stopped | torch.as_tensor(rows, device=self.stopped.device)
