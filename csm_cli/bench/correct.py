"""The exactness of a fast path: its logits beside those of the reference, on the same given codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from csm_cli.core.types import Sampler, Utterance
from csm_cli.engine.devices import SpeedUps
from csm_cli.engine.gpu import fusable, kernel_fault
from csm_cli.engine.layout import Stack, Weights, new_cache
from csm_cli.engine.state import Admission, Part, State, admit, new_state
from csm_cli.engine.steps import depth_embed, embed_frames, prefill_stack, rms


@dataclass(frozen=True)
class Agreement:
    """Two ways of computing the same.

    Attributes:
        max_logit_error: largest difference of two logits.
        logit_spread: standard deviation of the reference's logits, to compare that with.
        equal_greedy: share of codes of which both find the same one likeliest.
    """

    max_logit_error: float
    logit_spread: float
    equal_greedy: float


@torch.inference_mode()
def teacher_forced(weights: Weights, ids: Tensor, codes: Tensor) -> Tensor:
    """Logits of every code of given frames, float32 `[frames, K, V]`.

    Args:
        ids: of the text before the frames, int64 `[T]`.
        codes: int64 `[frames, K]`.
    """
    stack, device = weights.backbone, weights.text.device
    ids, codes = ids.to(device), codes.to(device)
    x = torch.cat((weights.text[ids], embed_frames(weights, codes)))[None, :-1]
    hidden = _run(weights, stack, x)[0, len(ids) - 1 :] * stack.norm
    parts = [weights.project(hidden)]
    parts += [depth_embed(weights, codes[:, book], book) for book in range(weights.num_codebooks - 1)]
    depth = _run(weights, weights.depth, torch.stack(parts, dim=1))
    logits = [weights.head(hidden)]
    logits += [head(depth[:, book + 1]) for book, head in enumerate(weights.depth_heads)]
    return torch.stack([each.float().cpu() for each in logits], dim=1)


def _run(weights: Weights, stack: Stack, x: Tensor) -> Tensor:
    kernels = weights.kernels
    cache = new_cache(stack, x.shape[0], x.shape[1])
    if kernels is None:
        rotation = stack.rotation[None, : x.shape[1], None]
        return rms(prefill_stack(stack, x, cache, rotation), stack.eps)
    depth = stack is weights.depth
    states = [kernels.prefill_stack(row, cache, number, 0, depth) for number, row in enumerate(x)]
    return rms(torch.stack(states), stack.eps)


def forced_logits(weights: Weights, ids: Tensor, codes: Tensor, speed: SpeedUps) -> Tensor:
    """As `teacher_forced`, computed as the engine computes frames with these speed-ups."""
    fused = speed.fused and fusable(weights) and kernel_fault(weights) is None
    return (fused_logits if fused else teacher_forced)(weights, ids, codes)


@torch.inference_mode()
def fused_logits(weights: Weights, ids: Tensor, codes: Tensor) -> Tensor:
    """As `teacher_forced`, by the kernels of `engine.gpu`, each code replaced by the given one."""
    from csm_cli.engine.gpu.prompts import FusedPrompts

    device = weights.text.device
    state = new_state(weights, 1, len(ids) + len(codes), eos=-1)
    hidden = FusedPrompts(state)([Part(0, ids.tolist(), 0)])
    line = Utterance(0, "", seed=0, max_frames=len(codes) + 1, sampler=Sampler(0.0))
    admit(state, [Admission(0, line, len(ids))], hidden)
    forced = forced_frames(state, codes.to(device))
    for _ in codes:
        forced(1)
    return torch.stack(forced.logits).view(*codes.shape, -1).cpu()


def forced_frames(state: State, codes: Tensor) -> Any:
    """`FusedFrames` that note the logits of a single row, and go on with given codes `[frames, K]`."""
    from csm_cli.engine.gpu.frames import FusedFrames

    class ForcedFrames(FusedFrames):
        def __init__(self) -> None:
            super().__init__(state)
            self.logits: list[Tensor] = []

        def _draw(self, rows: int, book: int, early: bool) -> None:
            super()._draw(rows, book, early)  # the frame's bookkeeping
            weights, depth = state.weights, self.depth
            frame, books = divmod(len(self.logits), weights.num_codebooks)
            assert books == book
            self.logits.append(self._logits[0].clone())
            code = codes[frame, book]
            state.codes[0, book] = code
            assert weights.depth_audio is not None
            if book < weights.num_codebooks - 1:
                depth.x[0] = weights.depth_audio[code + book * weights.vocab]
                depth.squares.parts[0, 0] = depth.x[0].float().square().sum()

    return ForcedFrames()


def agreement(found: Tensor, wanted: Tensor) -> Agreement:
    """Compare logits of `teacher_forced`."""
    same = (found.argmax(-1) == wanted.argmax(-1)).float().mean()
    error = (found - wanted).abs().max()
    return Agreement(float(error), float(wanted.std()), float(same))


def given(weights: Weights, frames: int = 12) -> tuple[Tensor, Tensor]:
    """Text ids int64 `[24]` and codes int64 `[frames, K]` to compare on, random but always the same."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(len(weights.text), (24,), generator=generator)
    return ids, torch.randint(weights.codes, (frames, weights.num_codebooks), generator=generator)
