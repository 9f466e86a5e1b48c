"""The state of a batch on one device, and how lines come and go: prefill, admit, compact, release.

Every tensor keeps its shape and its place in memory for as long as the state lives, and no value is read
back from the device: shapes follow from numbers that the host has (`rows`, `end`), so that a frame can be
recorded as a CUDA graph. S slots, K codebooks, V codes, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import torch
from torch import Tensor

from csm_cli.core.types import Sampler, Utterance
from csm_cli.engine.devices import upload
from csm_cli.engine.layout import StackCache, Weights, new_cache, round_up
from csm_cli.engine.prompt import Position
from csm_cli.engine.steps import decode_stack, embed_prompt, prefill_stack, rms
from csm_cli.model.sampling import RowSampler, frame_noise, seed_keys

_NOISE_NUMBERS = 1 << 18
"""Noise is made for several frames at a time, about this many numbers: fewer and larger operations."""

KV_BUCKET = 64
"""Positions attended to are rounded up to a multiple of this: few shapes, and equal sums at any length."""


class Field(IntEnum):
    """The columns of `State.numbers`."""

    LENGTH = 0
    FRAME = 1
    CAP = 2
    RUNNING = 3
    PENDING = 4
    KEY = 5
    TOP_K = 7


FIELDS = 9
"""Columns of `State.numbers`: `KEY` and `TOP_K` take two each."""


class Status(IntEnum):
    """What became of a slot in a frame."""

    IDLE = 0
    FRAME = 1
    LAST = 2
    EOS = 3


@dataclass
class State:
    """Everything that the slots of a batch hold.

    Attributes:
        cache: of the backbone, at least one position more than a line may have.
        depth_cache: of the depth decoder, written anew in every frame.
        hidden: the backbone's state before the next frame, `[S, H]`, after the final norm.
        codes: the last frame, int64 `[S, K]`.
        numbers: int64 `[S, FIELDS]`: positions in the cache, frames of the line so far, frames after which it
            is cut off, whether the slot generates, whether `codes` is a frame that the backbone has yet to
            decode, the two keys of `seed_keys`, candidates that codebook 0 and the others are drawn from.
        temperatures: of codebook 0 and of the others, float32 `[S, 2]`.
        report: int16 `[S, K + 1]`: the last frame, and its `Status`.
        noise: of this frame and the next ones, `[n, S, K, V]`; the first `noise_used` are used up.
        eos: the code that all codebooks but the last have in an EOS frame.
        positions: prompt and frames of a line together, at most.
        samplers: of each slot's line.
        backbone_sampler, depth_sampler: the same of all, over `numbers` and `temperatures`.
    """

    weights: Weights
    cache: StackCache
    depth_cache: StackCache
    hidden: Tensor
    codes: Tensor
    numbers: Tensor
    temperatures: Tensor
    report: Tensor
    noise: Tensor
    eos: int
    positions: int
    samplers: list[Sampler]
    backbone_sampler: RowSampler
    depth_sampler: RowSampler
    noise_used: int = 0

    @property
    def slots(self) -> int:
        """Lines that it has room for, S."""
        return len(self.numbers)

    def field(self, which: Field, rows: slice = slice(None)) -> Tensor:
        """A column of `numbers`, int64 `[S]`."""
        return self.numbers[rows, which]


@torch.inference_mode()
def new_state(weights: Weights, slots: int, positions: int, eos: int) -> State:
    """A state with all slots idle.

    Args:
        positions: prompt and frames of a line together, at most.
        eos: see `State.eos`.
    """
    device, books, codes = weights.text.device, weights.num_codebooks, weights.codes
    ahead = max(1, _NOISE_NUMBERS // (slots * books * codes))

    def zeros(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
        return torch.zeros(shape, dtype=dtype, device=device)

    numbers, temperatures = zeros(slots, FIELDS), zeros(slots, 2, dtype=torch.float32)
    numbers[:, Field.TOP_K :] = codes
    if device.type == "cuda":
        numbers[:, Field.LENGTH] = positions  # as `release`
    idle = [Sampler(0.0, 0)] * slots
    samplers = _samplers(numbers, temperatures, idle, codes)
    return State(
        weights=weights,
        cache=new_cache(weights.backbone, slots, round_up(positions + 1, KV_BUCKET)),
        depth_cache=new_cache(weights.depth, slots, books),
        hidden=zeros(slots, weights.backbone.hidden, dtype=weights.text.dtype),
        codes=zeros(slots, books),
        numbers=numbers,
        temperatures=temperatures,
        report=zeros(slots, books + 1, dtype=torch.int16),
        noise=zeros(ahead, slots, books, codes, dtype=torch.float32) if device.type == "cpu" else zeros(0),
        eos=eos,
        positions=positions,
        samplers=idle,
        backbone_sampler=samplers[0],
        depth_sampler=samplers[1],
        noise_used=ahead,
    )


def _samplers(
    numbers: Tensor, temperatures: Tensor, samplers: Sequence[Sampler], codes: int
) -> tuple[RowSampler, RowSampler]:
    """Those of codebook 0 and of the others, in the memory of a state."""
    both = (
        RowSampler.of([s.temperature for s in samplers], [s.top_k for s in samplers], codes),
        RowSampler.of([s.depth[0] for s in samplers], [s.depth[1] for s in samplers], codes),
    )
    first, second = (
        replace(
            each,
            temperature=temperatures[:, i : i + 1],
            top_k=numbers[:, Field.TOP_K + i : Field.TOP_K + i + 1],
        )
        for i, each in enumerate(both)
    )
    return first, second


@dataclass(frozen=True)
class Part:
    """What a slot's cache is to be filled with: `content`, the first of which stands at position `start`."""

    row: int
    content: Sequence[Position]
    start: int


@torch.inference_mode()
def prefill(state: State, part: Part, bucket: int = 0) -> Tensor:
    """Fill a slot's KV cache with a part of a prompt, T positions.

    Args:
        bucket: 0: each position is computed as a decoded frame is, so that the two give the same cache.
            Else they are one sequence, which suits a GPU better, padded on the right to a multiple of this,
            so that there are few shapes.

    Returns:
        The backbone's state after the last of them, `[H]`, after the final norm.
    """
    embeds, row, start = embed_prompt(state.weights, part.content), part.row, part.start
    stack, count, kernels = state.weights.backbone, len(embeds), state.weights.kernels
    if not bucket and kernels is not None:
        hidden = kernels.prefill_stack(embeds, state.cache, row, start)[-1]
    elif not bucket:
        # Padded too: the first product of each number of rows is slow.
        padded = min(round_up(count, 32), state.cache.keys[0].shape[2] - start)
        embeds = torch.nn.functional.pad(embeds, (0, 0, 0, padded - count))
        places = torch.arange(start, start + padded, device=embeds.device)
        end = round_up(start + padded, KV_BUCKET)
        mask = (torch.arange(end, device=embeds.device) <= places[:, None])[:, None, None]
        place = (torch.full_like(places, row), slice(None), places)
        rotation = stack.rotation[places.clamp(max=len(stack.rotation) - 1)][:, None]
        rows = slice(row, row + 1)
        hidden = decode_stack(stack, embeds, state.cache, place, rows, end, rotation, mask)[count - 1]
    else:
        padded = min(round_up(count, bucket), state.positions + 1 - start)
        x = embeds.new_zeros(1, padded, stack.hidden)
        x[0, :count] = embeds
        places = torch.arange(start, start + padded, device=embeds.device)
        mask = (torch.arange(start + padded, device=embeds.device) <= places[:, None])[None, None]
        rotation = stack.rotation[places.clamp(max=len(stack.rotation) - 1)][None, :, None]
        cache = state.cache.rows(slice(row, row + 1))
        hidden = prefill_stack(stack, x, cache, rotation, mask, start)[0, count - 1]
    return rms(hidden, stack.eps) * stack.norm


@dataclass(frozen=True)
class Admission:
    """A line to be started in a slot whose cache holds its prompt.

    Attributes:
        length: positions of its prompt, frames already generated included.
        frames: how many of those there are; most often none.
    """

    row: int
    utterance: Utterance
    length: int
    frames: int = 0

    def numbers(self, keys: Sequence[int], codes: int) -> list[int]:
        """What stands in `State.numbers`; `keys`: of `seed_keys`; `codes`: V."""
        line, running = self.utterance, self.frames < self.utterance.max_frames
        kept = [min(k, codes) or codes for k in (line.sampler.top_k, line.sampler.depth[1])]
        return [self.length, self.frames, line.max_frames, int(running), 0, *keys, *kept]


@torch.inference_mode()
def admit(state: State, lines: Sequence[Admission], hidden: Tensor) -> None:
    """Start lines.

    Args:
        hidden: what `prefill` returned for each, `[lines, H]`.
    """
    device, codes = state.numbers.device, state.weights.codes
    keys = seed_keys([line.utterance.seed for line in lines]).tolist()
    numbers = torch.tensor(
        [[line.row, *line.numbers(pair, codes)] for line, pair in zip(lines, keys, strict=True)]
    )
    temperatures = torch.tensor(
        [[line.utterance.sampler.temperature, line.utterance.sampler.depth[0]] for line in lines],
        dtype=torch.float32,
    )
    numbers, temperatures = upload(numbers, device), upload(temperatures, device)
    rows = numbers[:, 0]
    state.numbers.index_copy_(0, rows, numbers[:, 1:])
    state.temperatures.index_copy_(0, rows, temperatures)
    state.hidden.index_copy_(0, rows, hidden)
    for line in lines:
        state.samplers[line.row] = line.utterance.sampler
    state.backbone_sampler, state.depth_sampler = _samplers(
        state.numbers, state.temperatures, state.samplers, codes
    )
    # What has been made ahead for these rows is the noise of the lines before.
    for line in lines if state.noise_used < len(state.noise) else ():
        make_noise(state, slice(line.row, line.row + 1))


@torch.inference_mode()
def release(state: State, row: int) -> None:
    """Let a slot idle; its cache stays."""
    numbers = state.numbers[row]
    numbers[Field.RUNNING : Field.PENDING + 1].fill_(0)
    if numbers.device.type == "cuda":
        # Frames go on computing idle rows, and write beside a prompt that is read meanwhile. An assignment
        # to a single number would wait for all that runs there.
        numbers[Field.LENGTH].fill_(state.positions)


@torch.inference_mode()
def compact(state: State, source: int, target: int, length: int) -> None:
    """Move a line and the first `length` positions of its cache to another slot; `source` idles."""
    state.cache.block[:, :, target, :, :length] = state.cache.block[:, :, source, :, :length]
    for rows in (state.hidden, state.codes, state.numbers, state.temperatures):
        rows[target] = rows[source]
    state.samplers[target] = state.samplers[source]
    if len(state.noise):
        state.noise[:, target] = state.noise[:, source]
    release(state, source)


def make_noise(state: State, rows: slice) -> None:
    """Fill in what is left of `State.noise` for some rows."""
    for ahead in range(len(state.noise) - state.noise_used):
        state.noise[state.noise_used + ahead, rows] = noise_of(state, rows, ahead)


def noise_of(state: State, rows: slice, ahead: int = 0) -> Tensor:
    """Temperature times Gumbel noise of the frame that is `ahead` of the next one, `[rows, K, V]`."""
    device, samplers = state.numbers.device, (state.backbone_sampler, state.depth_sampler)
    first, others = (replace(each, temperature=each.temperature[rows], greedy=False) for each in samplers)
    counters = (torch.arange(n, device=device) for n in (state.weights.num_codebooks, state.weights.codes))
    keys, frame = state.numbers[rows, Field.KEY : Field.KEY + 2], state.field(Field.FRAME, rows) + ahead
    noise = frame_noise(keys, frame, first, others, *counters)
    assert noise is not None
    return noise
