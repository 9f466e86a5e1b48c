"""A frame of every slot, step by step: `engine.gpu.frames` does the same with fewer and larger kernels."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from csm_cli.engine.state import Field, State, Status, make_noise, noise_of
from csm_cli.engine.steps import decode_stack, embed_frames, rms, sample_frame


def whole_frame(state: State, rows: int, end: int) -> None:
    """Decode the pending frame of the first `rows` slots and sample the next, without a value that the host
    has to wait for.

    Args:
        end: cached positions attended to, as `decode_backbone`.
    """
    decode_backbone(state, rows, end)
    greedy = state.backbone_sampler.greedy and state.depth_sampler.greedy
    decode_frame(state, rows, None if greedy else noise_of(state, slice(0, rows)))


@torch.inference_mode()
def prepare_noise(state: State) -> Tensor | None:
    """The noise of the next frame, temperature times Gumbel, `[S, K, V]`; None if all lines are greedy."""
    if state.backbone_sampler.greedy and state.depth_sampler.greedy:
        return None
    if not len(state.noise):
        return noise_of(state, slice(None))
    if state.noise_used >= len(state.noise):
        state.noise_used = 0
        make_noise(state, slice(None))
    state.noise_used += 1
    return state.noise[state.noise_used - 1]


def decode_backbone(state: State, rows: int, end: int) -> None:
    """Run the pending frames of the first `rows` slots through the backbone.

    Args:
        end: cached positions attended to, the new one included; at least as many as any of the rows has.
    """
    stack, first = state.weights.backbone, slice(0, rows)
    lengths, pending = state.field(Field.LENGTH, first), state.field(Field.PENDING, first)
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
    state.hidden[first] = torch.where(pending[:, None] > 0, hidden, state.hidden[first])
    lengths += pending


def decode_frame(state: State, rows: int, noise: Tensor | None) -> None:
    """Sample a frame of the first `rows` slots, and say in `State.report` what became of each.

    Args:
        noise: of `prepare_noise`.
    """
    first, compiled = slice(0, rows), state.weights.kernels is not None
    backbone_sampler, depth_sampler = (
        replace(s, temperature=s.temperature[first], top_k=s.top_k[first])
        for s in (state.backbone_sampler, state.depth_sampler)
    )
    hidden, noise = state.hidden[first], None if noise is None else noise[first]
    # Compiled loops take whole arrays: parts of one would be of another kind.
    cache = state.depth_cache if compiled else state.depth_cache.rows(first)
    state.codes[first] = sample_frame(state.weights, hidden, cache, backbone_sampler, depth_sampler, noise)
    close_frame(state, rows)


def close_frame(state: State, rows: int) -> None:
    """Count the frames in `codes`, stop at an EOS frame or at the cap, and report both."""
    first = slice(0, rows)
    codes, frames = state.codes[first], state.field(Field.FRAME, first)
    running = state.field(Field.RUNNING, first) > 0
    is_eos = (codes[:, :-1] == state.eos).all(dim=1)
    accepted = running & ~is_eos
    frames += accepted
    goes_on = accepted & (frames < state.field(Field.CAP, first))
    state.numbers[first, Field.PENDING] = accepted.long()
    state.numbers[first, Field.RUNNING] = goes_on.long()
    # Status: 0 idle, 1 goes on, 2 the last frame, 3 an EOS frame.
    status = torch.where(is_eos, Status.EOS, Status.LAST - goes_on.short()) * running
    state.report[first, :-1] = codes.short()
    state.report[first, -1] = status.short()
