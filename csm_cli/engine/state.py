"""Lines being spoken side by side: one state object on one device, and the functions that move it on.

Every tensor keeps its shape and its place in memory for as long as the state lives, and nothing asks the
device what it holds: the host decides by numbers of its own (`rows`, `end`), so that a frame can be recorded
once and played again. S slots, K codebooks, V codes, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from csm_cli.core.types import Sampler
from csm_cli.engine.steps import Cache, embed_frames, new_cache, prefill, rms, speak_frame, step
from csm_cli.engine.weights import Weights
from csm_cli.model.sampling import RowSampler, gumbel_noise, seed_keys

_NOISE_NUMBERS = 1 << 18
"""Noise is made for several frames at a time, about this many numbers: fewer and larger operations."""


PAGE = 64
"""Positions are looked at in steps of this many: few shapes, and equal sums at any length."""


@dataclass
class State:
    """What is known of every slot.

    Attributes:
        cache: of the backbone, `[S, kv heads, positions, D]` a layer, at least one more than a line may have.
        depth_cache: of the depth decoder, written anew in every frame.
        hidden: the backbone's state before the next frame, `[S, H]`, after the final norm.
        codes: the last frame, int64 `[S, K]`.
        heard: bool `[S]`, whether `codes` is a frame that the backbone has yet to hear.
        lengths: positions in the cache, int64 `[S]`.
        frames: frames spoken, int64 `[S]`.
        caps: frames after which a line is cut off, int64 `[S]`.
        running: bool `[S]`; ended: bool `[S]`, whether an EOS frame came.
        spoken: all frames of the line, int16 `[S, positions, K]`.
        keys: of the noise, int64 `[S, 2]`.
        level, depth: samplers of codebook 0 and of the others.
        noise: of this frame and the next ones, `[n, S, K, V]`; the first `noise_used` are used up.
        eos: the code that all codebooks but the last have in an EOS frame.
    """

    weights: Weights
    cache: Cache
    depth_cache: Cache
    hidden: Tensor
    codes: Tensor
    heard: Tensor
    lengths: Tensor
    frames: Tensor
    caps: Tensor
    running: Tensor
    ended: Tensor
    spoken: Tensor
    keys: Tensor
    level: RowSampler
    depth: RowSampler
    noise: Tensor
    eos: int
    samplers: list[Sampler]
    noise_used: int = 0

    @property
    def slots(self) -> int:
        """S."""
        return len(self.lengths)

    @property
    def positions(self) -> int:
        """Positions a slot holds."""
        return self.spoken.shape[1]


@torch.inference_mode()
def new_state(weights: Weights, slots: int, positions: int, eos: int) -> State:
    """A state in which nobody speaks."""
    device, books, codes = weights.text.device, weights.num_codebooks, weights.codes
    in_block = weights.kernels is not None
    ahead = max(1, _NOISE_NUMBERS // (slots * books * codes))

    def zeros(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
        return torch.zeros(shape, dtype=dtype, device=device)

    greedy = RowSampler.of([0.0] * slots, [0] * slots, codes, device)
    return State(
        weights=weights,
        cache=new_cache(weights.backbone, slots, round_up(positions + 1, PAGE), in_block),
        depth_cache=new_cache(weights.depth, slots, books, in_block),
        hidden=zeros(slots, weights.backbone.hidden, dtype=weights.text.dtype),
        codes=zeros(slots, books),
        heard=zeros(slots, dtype=torch.bool),
        lengths=zeros(slots),
        frames=zeros(slots),
        caps=zeros(slots),
        running=zeros(slots, dtype=torch.bool),
        ended=zeros(slots, dtype=torch.bool),
        spoken=zeros(slots, positions, books, dtype=torch.int16),
        keys=zeros(slots, 2),
        level=greedy,
        depth=replace(greedy, temperature=greedy.temperature.clone(), top_k=greedy.top_k.clone()),
        noise=zeros(ahead, slots, books, codes, dtype=torch.float32),
        eos=eos,
        samplers=[Sampler(0.0, 0)] * slots,
        noise_used=ahead,
    )


@torch.inference_mode()
def read(state: State, row: int, embeds: Tensor, start: int, bucket: int = 0) -> Tensor:
    """Put T positions of a prompt, embeddings `[T, H]`, at `start` … of a slot.

    Args:
        bucket: 0: each position is worked out as a spoken frame is, so that it does not matter which way it
            came. Else they are read as one sequence, which suits a GPU better, padded on the right to a
            multiple of this, so that there are few shapes.

    Returns:
        The backbone's state after the last of them, `[H]`, after the final norm.
    """
    stack, count, kernels = state.weights.backbone, len(embeds), state.weights.kernels
    if not bucket and kernels is not None:
        hidden = kernels.read(embeds, state.cache, row, start)[-1]
    elif not bucket:
        # Padded too: a product of a number of rows that has not been seen before is slow to begin.
        padded = min(round_up(count, 32), state.cache.keys[0].shape[2] - start)
        embeds = torch.nn.functional.pad(embeds, (0, 0, 0, padded - count))
        places = torch.arange(start, start + padded, device=embeds.device)
        end = round_up(start + padded, PAGE)
        mask = (torch.arange(end, device=embeds.device) <= places[:, None])[:, None, None]
        place = (torch.full_like(places, row), slice(None), places)
        rotation = stack.rotation[places.clamp(max=len(stack.rotation) - 1)][:, None]
        these = slice(row, row + 1)
        hidden = step(stack, embeds, state.cache, place, these, end, rotation, mask)[count - 1]
    else:
        padded = min(round_up(count, bucket), state.positions + 1 - start)
        x = embeds.new_zeros(1, padded, stack.hidden)
        x[0, :count] = embeds
        places = torch.arange(start, start + padded, device=embeds.device)
        mask = (torch.arange(start + padded, device=embeds.device) <= places[:, None])[None, None]
        rotation = stack.rotation[places.clamp(max=len(stack.rotation) - 1)][None, :, None]
        cache = state.cache.rows(slice(row, row + 1))
        hidden = prefill(stack, x, cache, rotation, mask, start)[0, count - 1]
    return rms(hidden, stack.eps) * stack.norm


@torch.inference_mode()
def enter(
    state: State, row: int, hidden: Tensor, length: int, seed: int, sampler: Sampler, cap: int, spoken: Tensor
) -> None:
    """Let a slot speak a line whose prompt it has read.

    Args:
        hidden, length: of its prompt, frames already spoken included.
        seed, sampler, cap: of the line.
        spoken: frames already spoken, int16 `[n, K]`; most often none.
    """
    state.hidden[row] = hidden
    state.heard[row] = False
    state.lengths[row], state.frames[row], state.caps[row] = length, len(spoken), cap
    state.spoken[row, : len(spoken)] = spoken.to(state.spoken.device)
    state.ended[row] = False
    state.running[row] = len(spoken) < cap
    state.keys[row] = seed_keys([seed], state.keys.device)[0]
    state.samplers[row] = sampler
    deep = [s.depth for s in state.samplers]
    _set(state, "level", [s.temperature for s in state.samplers], [s.top_k for s in state.samplers])
    _set(state, "depth", [t for t, _ in deep], [k for _, k in deep])
    if state.noise_used < len(state.noise):
        _make_noise(state, slice(row, row + 1))


@torch.inference_mode()
def leave(state: State, row: int) -> None:
    """Let a slot idle."""
    state.running[row] = False
    state.heard[row] = False


@torch.inference_mode()
def move(state: State, source: int, target: int, length: int) -> None:
    """Move a line to another slot."""
    for kept in (*state.cache.keys, *state.cache.values):
        kept[target, :, :length] = kept[source, :, :length]
    rows = ("hidden", "codes", "heard", "lengths", "frames", "caps", "running", "ended", "spoken", "keys")
    for name in rows:
        tensor = getattr(state, name)
        tensor[target] = tensor[source]
    for sampler in (state.level, state.depth):
        sampler.temperature[target] = sampler.temperature[source]
        sampler.top_k[target] = sampler.top_k[source]
    state.samplers[target] = state.samplers[source]
    state.noise[:, target] = state.noise[:, source]
    leave(state, source)


def _set(state: State, name: str, temperatures: Sequence[float], top_ks: Sequence[int]) -> None:
    """New samplers in the memory of the old ones."""
    old: RowSampler = getattr(state, name)
    new = RowSampler.of(temperatures, top_ks, state.weights.codes, old.temperature.device)
    old.temperature.copy_(new.temperature)
    old.top_k.copy_(new.top_k)
    setattr(state, name, replace(new, temperature=old.temperature, top_k=old.top_k))


@torch.inference_mode()
def prepare_noise(state: State) -> Tensor | None:
    """The noise of the next frame, temperature times Gumbel, `[S, K, V]`; None if all lines are greedy."""
    if state.level.greedy and state.depth.greedy:
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
        noise = gumbel_noise(state.keys[rows], state.frames[rows] + ahead, all_books, all_codes)
        noise[:, 0] *= state.level.temperature[rows]
        noise[:, 1:] *= state.depth.temperature[rows, :, None]
        state.noise[state.noise_used + ahead, rows] = noise


def hear(state: State, rows: int, end: int) -> None:
    """Let the backbone hear the last frame of the first `rows` slots; positions below `end` are looked at."""
    stack, these = state.weights.backbone, slice(0, rows)
    lengths, heard = state.lengths[these], state.heard[these]
    # Idle slots write where nothing is, or into the scratch position.
    places = lengths.clamp(max=state.positions)
    x = embed_frames(state.weights, state.codes[these])
    if state.weights.kernels is not None:
        hidden = state.weights.kernels.step(x, state.cache, places)
    else:
        number = torch.arange(rows, device=lengths.device)
        rotation = stack.rotation[places.clamp(max=len(stack.rotation) - 1)][:, None]
        mask = (torch.arange(end, device=lengths.device) <= places[:, None])[:, None, None]
        hidden = step(stack, x, state.cache, (number, slice(None), places), these, end, rotation, mask)
    hidden = rms(hidden, stack.eps) * stack.norm
    state.hidden[these] = torch.where(heard[:, None], hidden, state.hidden[these])
    lengths += heard


def speak(state: State, rows: int, noise: Tensor | None) -> None:
    """Speak a frame of the first `rows` slots; those that do not run keep what they have."""
    these = slice(0, rows)
    level, depth = (
        replace(s, temperature=s.temperature[these], top_k=s.top_k[these]) for s in (state.level, state.depth)
    )
    hidden, noise = state.hidden[these], None if noise is None else noise[these]
    codes = speak_frame(state.weights, hidden, state.depth_cache.rows(these), level, depth, noise)
    frames, running = state.frames[these], state.running[these]
    ending = (codes[:, :-1] == state.eos).all(dim=1)
    heard = running & ~ending
    number = torch.arange(rows, device=codes.device)
    last = frames.clamp(max=state.positions - 1)
    state.spoken[number, last] = torch.where(heard[:, None], codes.short(), state.spoken[number, last])
    state.codes[these] = codes
    state.heard[these] = heard
    state.ended[these] |= running & ending
    frames += heard
    running.copy_(heard & (frames < state.caps[these]))


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below a number."""
    return -(-number // multiple) * multiple
