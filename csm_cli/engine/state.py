"""The state of a batch on one device, and the functions that change it: prefill, admit, decode, release.

Every tensor keeps its shape and its place in memory for as long as the state lives, and no value is read
back from the device: shapes follow from numbers that the host has (`rows`, `end`), so that a frame can be
recorded as a CUDA graph. S slots, K codebooks, V codes, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from csm_cli.core.types import Sampler, Utterance
from csm_cli.engine.layout import StackCache, Weights, new_cache
from csm_cli.engine.steps import decode_stack, embed_frames, prefill_stack, rms, sample_frame
from csm_cli.model.sampling import RowSampler, gumbel_noise, seed_keys

_NOISE_NUMBERS = 1 << 18
"""Noise is made for several frames at a time, about this many numbers: fewer and larger operations."""

KV_BUCKET = 64
"""Positions attended to are rounded up to a multiple of this: few shapes, and equal sums at any length."""


@dataclass
class State:
    """Everything that the slots of a batch hold.

    Attributes:
        cache: of the backbone, `[S, kv heads, positions, D]` a layer, at least one more than a line may have.
        depth_cache: of the depth decoder, written anew in every frame.
        hidden: the backbone's state before the next frame, `[S, H]`, after the final norm.
        codes: the last frame, int64 `[S, K]`.
        pending: bool `[S]`, whether `codes` is a frame that the backbone has yet to decode.
        lengths: positions in the cache, int64 `[S]`.
        frames: frames of the line so far, int64 `[S]`.
        caps: frames after which a line is cut off, int64 `[S]`.
        running: bool `[S]`, whether the slot generates.
        ended: bool `[S]`, whether an EOS frame came.
        output: all frames of the line, int16 `[S, positions, K]`.
        noise_keys: of `seed_keys`, int64 `[S, 2]`.
        backbone_sampler, depth_sampler: of codebook 0 and of the others.
        noise: of this frame and the next ones, `[n, S, K, V]`; the first `noise_used` are used up.
        eos: the code that all codebooks but the last have in an EOS frame.
        samplers: of each slot's line.
    """

    weights: Weights
    cache: StackCache
    depth_cache: StackCache
    hidden: Tensor
    codes: Tensor
    pending: Tensor
    lengths: Tensor
    frames: Tensor
    caps: Tensor
    running: Tensor
    ended: Tensor
    output: Tensor
    noise_keys: Tensor
    backbone_sampler: RowSampler
    depth_sampler: RowSampler
    noise: Tensor
    eos: int
    samplers: list[Sampler]
    noise_used: int = 0

    @property
    def slots(self) -> int:
        """Lines that it has room for, S."""
        return len(self.lengths)

    @property
    def positions(self) -> int:
        """Positions a slot holds."""
        return self.output.shape[1]


@torch.inference_mode()
def new_state(weights: Weights, slots: int, positions: int, eos: int) -> State:
    """A state with all slots idle.

    Args:
        positions: prompt and frames of a line together, at most.
        eos: see `State.eos`.
    """
    device, books, codes = weights.text.device, weights.num_codebooks, weights.codes
    in_block = weights.kernels is not None
    ahead = max(1, _NOISE_NUMBERS // (slots * books * codes))

    def zeros(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
        return torch.zeros(shape, dtype=dtype, device=device)

    greedy = RowSampler.of([0.0] * slots, [0] * slots, codes, device)
    return State(
        weights=weights,
        cache=new_cache(weights.backbone, slots, round_up(positions + 1, KV_BUCKET), in_block),
        depth_cache=new_cache(weights.depth, slots, books, in_block),
        hidden=zeros(slots, weights.backbone.hidden, dtype=weights.text.dtype),
        codes=zeros(slots, books),
        pending=zeros(slots, dtype=torch.bool),
        lengths=zeros(slots),
        frames=zeros(slots),
        caps=zeros(slots),
        running=zeros(slots, dtype=torch.bool),
        ended=zeros(slots, dtype=torch.bool),
        output=zeros(slots, positions, books, dtype=torch.int16),
        noise_keys=zeros(slots, 2),
        backbone_sampler=greedy,
        depth_sampler=replace(greedy, temperature=greedy.temperature.clone(), top_k=greedy.top_k.clone()),
        noise=zeros(ahead, slots, books, codes, dtype=torch.float32),
        eos=eos,
        samplers=[Sampler(0.0, 0)] * slots,
        noise_used=ahead,
    )


@torch.inference_mode()
def prefill(state: State, row: int, embeds: Tensor, start: int, bucket: int = 0) -> Tensor:
    """Fill a slot's KV cache with T positions of a prompt, which stand at `start` … start+T-1.

    Args:
        embeds: `[T, H]`.
        bucket: 0: each position is computed as a decoded frame is, so that the two give the same cache.
            Else they are one sequence, which suits a GPU better, padded on the right to a multiple of this,
            so that there are few shapes.

    Returns:
        The backbone's state after the last of them, `[H]`, after the final norm.
    """
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


@torch.inference_mode()
def admit(state: State, row: int, hidden: Tensor, length: int, utterance: Utterance, output: Tensor) -> None:
    """Start a line in a slot whose cache holds its prompt.

    Args:
        hidden, length: what `prefill` returned for its prompt (frames already generated included), and its
            positions.
        output: frames already generated, int16 `[n, K]`; most often none.
    """
    state.hidden[row] = hidden
    state.pending[row] = False
    state.lengths[row], state.frames[row] = length, len(output)
    state.caps[row] = utterance.max_frames
    state.output[row, : len(output)] = output.to(state.output.device)
    state.ended[row] = False
    state.running[row] = len(output) < utterance.max_frames
    state.noise_keys[row] = seed_keys([utterance.seed], state.noise_keys.device)[0]
    state.samplers[row] = utterance.sampler
    depth = [s.depth for s in state.samplers]
    temperatures, top_ks = [s.temperature for s in state.samplers], [s.top_k for s in state.samplers]
    state.backbone_sampler = _overwritten(state, state.backbone_sampler, temperatures, top_ks)
    temperatures, top_ks = [t for t, _ in depth], [k for _, k in depth]
    state.depth_sampler = _overwritten(state, state.depth_sampler, temperatures, top_ks)
    if state.noise_used < len(state.noise):
        _make_noise(state, slice(row, row + 1))


@torch.inference_mode()
def release(state: State, row: int) -> None:
    """Let a slot idle; its cache stays."""
    state.running[row] = False
    state.pending[row] = False


@torch.inference_mode()
def compact(state: State, source: int, target: int, length: int) -> None:
    """Move a line and the first `length` positions of its cache to another slot; `source` idles."""
    for kept in (*state.cache.keys, *state.cache.values):
        kept[target, :, :length] = kept[source, :, :length]
    for rows in (state.hidden, state.codes, state.pending, state.lengths, state.frames, state.caps,
                 state.running, state.ended, state.output, state.noise_keys):  # fmt: skip
        rows[target] = rows[source]
    for sampler in (state.backbone_sampler, state.depth_sampler):
        sampler.temperature[target] = sampler.temperature[source]
        sampler.top_k[target] = sampler.top_k[source]
    state.samplers[target] = state.samplers[source]
    state.noise[:, target] = state.noise[:, source]
    release(state, source)


def _overwritten(
    state: State, old: RowSampler, temperatures: Sequence[float], top_ks: Sequence[int]
) -> RowSampler:
    """A new sampler in the memory of the old one, to which a recorded CUDA graph points."""
    new = RowSampler.of(temperatures, top_ks, state.weights.codes, old.temperature.device)
    old.temperature.copy_(new.temperature)
    old.top_k.copy_(new.top_k)
    return replace(new, temperature=old.temperature, top_k=old.top_k)


@torch.inference_mode()
def prepare_noise(state: State) -> Tensor | None:
    """The noise of the next frame, temperature times Gumbel, `[S, K, V]`; None if all lines are greedy."""
    if state.backbone_sampler.greedy and state.depth_sampler.greedy:
        return None
    if state.noise_used >= len(state.noise):
        state.noise_used = 0
        _make_noise(state, slice(None))
    state.noise_used += 1
    return state.noise[state.noise_used - 1]


def _make_noise(state: State, rows: slice) -> None:
    """Fill in what is left of `state.noise` for some rows."""
    books, codes = state.noise.shape[2:]
    device = state.noise.device
    all_books, all_codes = torch.arange(books, device=device), torch.arange(codes, device=device)
    for ahead in range(len(state.noise) - state.noise_used):
        noise = gumbel_noise(state.noise_keys[rows], state.frames[rows] + ahead, all_books, all_codes)
        noise[:, 0] *= state.backbone_sampler.temperature[rows]
        noise[:, 1:] *= state.depth_sampler.temperature[rows, :, None]
        state.noise[state.noise_used + ahead, rows] = noise


def decode_backbone(state: State, rows: int, end: int) -> None:
    """Run the pending frames of the first `rows` slots through the backbone.

    Args:
        end: cached positions attended to, the new one included; at least as many as any of the rows has.
    """
    stack, first = state.weights.backbone, slice(0, rows)
    lengths, pending = state.lengths[first], state.pending[first]
    # Idle slots write behind their last position, or into the scratch position.
    places = lengths.clamp(max=state.positions)
    x = embed_frames(state.weights, state.codes[first])
    if state.weights.kernels is not None:
        hidden = state.weights.kernels.decode_stack(x, state.cache, places)
    else:
        number = torch.arange(rows, device=lengths.device)
        rotation = stack.rotation[places.clamp(max=len(stack.rotation) - 1)][:, None]
        mask = (torch.arange(end, device=lengths.device) <= places[:, None])[:, None, None]
        place = (number, slice(None), places)
        hidden = decode_stack(stack, x, state.cache, place, first, end, rotation, mask)
    hidden = rms(hidden, stack.eps) * stack.norm
    state.hidden[first] = torch.where(pending[:, None], hidden, state.hidden[first])
    lengths += pending


def decode_frame(state: State, rows: int, noise: Tensor | None) -> None:
    """Sample a frame of the first `rows` slots; those that do not run keep what they have.

    Args:
        noise: of `prepare_noise`.
    """
    first = slice(0, rows)
    backbone_sampler, depth_sampler = (
        replace(s, temperature=s.temperature[first], top_k=s.top_k[first])
        for s in (state.backbone_sampler, state.depth_sampler)
    )
    hidden, noise = state.hidden[first], None if noise is None else noise[first]
    cache = state.depth_cache.rows(first)
    codes = sample_frame(state.weights, hidden, cache, backbone_sampler, depth_sampler, noise)
    frames, running = state.frames[first], state.running[first]
    is_eos = (codes[:, :-1] == state.eos).all(dim=1)
    accepted = running & ~is_eos
    number = torch.arange(rows, device=codes.device)
    last = frames.clamp(max=state.positions - 1)
    state.output[number, last] = torch.where(accepted[:, None], codes.short(), state.output[number, last])
    state.codes[first] = codes
    state.pending[first] = accepted
    state.ended[first] |= running & is_eos
    frames += accepted
    running.copy_(accepted & (frames < state.caps[first]))


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below a number."""
    return -(-number // multiple) * multiple
