"""A batch of lines, spoken frame by frame: one state object, one function that moves it on by a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from csm_cli.engine.steps import Cache, embed_frames, new_cache, prefill, rms, speak_frame, step
from csm_cli.engine.types import Sampler
from csm_cli.engine.weights import Weights
from csm_cli.model.sampling import RowSampler, frame_noise, seed_keys

_NOISE_NUMBERS = 1 << 18
"""Noise is made for several frames at a time, about this many numbers: fewer and larger operations."""


@dataclass
class Decoding:
    """A batch being spoken.

    Attributes:
        hidden: the backbone's state before the next frame, `[B, H]`, after the final norm.
        lengths: prompt lengths, int64 `[B]`, or None if all are the same: then nothing is padded.
        longest: the longest prompt; frame n is position longest + n of the cache.
        mask: bool `[B, 1, 1, all positions]`, False where a prompt is padded; None if none is.
        frame: frames spoken.
        noise: of the frames noise_from … , `[n, B, K, codes]`; None if all rows are greedy.
    """

    weights: Weights
    cache: Cache
    depth_cache: Cache
    hidden: Tensor
    lengths: Tensor | None
    longest: int
    mask: Tensor | None
    keys: Tensor
    level: RowSampler
    depth: RowSampler
    frames: int
    frame: int = 0
    codes: Tensor | None = None
    noise: Tensor | None = None
    noise_from: int = field(default=0)


@torch.inference_mode()
def start(
    weights: Weights,
    prompts: Sequence[Tensor],
    seeds: Sequence[int],
    samplers: Sequence[Sampler],
    frames: int,
) -> Decoding:
    """Read the prompts.

    Args:
        prompts: embeddings `[positions, H]` per row; shorter ones are padded on the left.
        seeds, samplers: one per row.
        frames: the most frames that `next_frame` will be called for.
    """
    stack, batch = weights.backbone, len(prompts)
    device = weights.text.device
    sizes = [len(prompt) for prompt in prompts]
    longest = max(sizes)
    x = prompts[0].new_zeros(batch, longest, stack.hidden)
    for row, prompt in enumerate(prompts):
        x[row, longest - sizes[row] :] = prompt
    # The last frame is never heard: one position less than prompt and frames.
    cache = new_cache(stack, batch, longest + frames - 1)
    lengths = mask = causal = None
    if min(sizes) == longest:
        rotation = stack.rotation[None, :longest, None]
    else:
        lengths = torch.tensor(sizes, device=device)
        place = torch.arange(longest, device=device)
        padding = longest - lengths
        rotation = stack.rotation[(place - padding[:, None]).clamp(min=0)][:, :, None]
        real = place >= padding[:, None]
        # A padded position sees itself alone: a softmax over nothing would be undefined.
        causal = ((place[:, None] >= place) & real[:, None] | (place[:, None] == place))[:, None]
        mask = torch.cat((real, real.new_ones(batch, frames)), dim=1)[:, None, None]
    hidden = prefill(stack, x, cache, rotation, causal)[:, -1]
    temperatures, top_ks = [s.temperature for s in samplers], [s.top_k for s in samplers]
    deep = [s.depth for s in samplers]
    return Decoding(
        weights=weights,
        cache=cache,
        depth_cache=new_cache(weights.depth, batch, weights.num_codebooks),
        hidden=rms(hidden, stack.eps) * stack.norm,
        lengths=lengths,
        longest=longest,
        mask=mask,
        keys=seed_keys(seeds, device),
        level=RowSampler.of(temperatures, top_ks, weights.codes, device),
        depth=RowSampler.of([t for t, _ in deep], [k for _, k in deep], weights.codes, device),
        frames=frames,
    )


@torch.inference_mode()
def next_frame(state: Decoding) -> Tensor:
    """Speak one frame of every row, int64 `[B, K]`, and move the state on.

    Rows that have ended go on like the others; what they say is to be thrown away.
    """
    if state.codes is not None:
        _hear(state, state.codes)
    noise = _noise(state)
    state.codes = speak_frame(state.weights, state.hidden, state.depth_cache, state.level, state.depth, noise)
    state.frame += 1
    return state.codes


def _hear(state: Decoding, codes: Tensor) -> None:
    """Put the last frame into the cache and compute the state before the next."""
    stack, place = state.weights.backbone, state.longest + state.frame - 1
    if state.lengths is None:
        rotation = stack.rotation[None, place : place + 1]
    else:
        rotation = stack.rotation[state.lengths + (state.frame - 1)][:, None]
    mask = None if state.mask is None else state.mask[..., : place + 1]
    hidden = step(stack, embed_frames(state.weights, codes), state.cache, place, rotation, mask)
    state.hidden = rms(hidden, stack.eps) * stack.norm


def _noise(state: Decoding) -> Tensor | None:
    if state.level.greedy and state.depth.greedy:
        return None
    if state.noise is None or state.frame - state.noise_from >= len(state.noise):
        weights, batch = state.weights, len(state.keys)
        books, codes = weights.num_codebooks, weights.codes
        count = max(1, min(state.frames - state.frame, _NOISE_NUMBERS // (batch * books * codes)))
        device = state.keys.device
        all_books, all_codes = torch.arange(books, device=device), torch.arange(codes, device=device)
        made = [
            frame_noise(state.keys, number, state.level, state.depth, all_books, all_codes)
            for number in range(state.frame, state.frame + count)
        ]
        state.noise = torch.stack([noise for noise in made if noise is not None])
        state.noise_from = state.frame
    return state.noise[state.frame - state.noise_from]
