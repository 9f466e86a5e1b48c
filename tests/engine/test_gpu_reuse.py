"""What a slot's cache holds of the last line is used again by the kernels for GPUs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("triton", reason="there is no triton for this system")

from csm_cli.bench.subject import Prompts, find_subject
from csm_cli.core.types import Sampler, Segment, Utterance
from csm_cli.engine import batch as batch_module
from csm_cli.engine.devices import ALL, Reports, SpeedUps
from csm_cli.engine.gpu.prompts import FusedPrompts
from csm_cli.engine.linears import Plain
from csm_cli.engine.prompt import Position
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.weights import load_weights
from tests.engine.test_gpu import DEVICE
from tests.engine.test_scheduler import generate_all, same

LINES = [Utterance(0, length, seed=7, max_frames=2, sampler=Sampler(0.9, 50)) for length in ("20", "40")]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions of each prompt that is read, as far as they are new."""
    found: list[int] = []
    plain = FusedPrompts.__call__

    def counted(self: FusedPrompts, parts: list) -> torch.Tensor:
        found.extend(len(part.content) for part in parts)
        return plain(self, parts)

    monkeypatch.setattr(FusedPrompts, "__call__", counted)
    return found


class Growing(Prompts):
    """Prompts of as many ids as the text says."""

    def content(self, utterance: Utterance) -> list[Position]:
        return list(self.ids[: int(utterance.text)])


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_a_line_is_the_same_after_another_whose_prompt_it_begins_with(
    monkeypatch: pytest.MonkeyPatch, read: list[int], kind: torch.dtype
) -> None:
    # Frames are left to the steps, which take less time than kernels in triton's interpreter.
    monkeypatch.setattr(batch_module, "fused_parts", lambda state, *_: (None, FusedPrompts(state)))
    subject = find_subject("", "tiny")
    weights = load_weights(subject.config, subject.tensors, DEVICE, kind, Plain)
    prompts: Any = Growing(list(range(60)), weights.num_codebooks)
    alone = [generate_all(BatchScheduler(weights, prompts, 1, 128), [line])[0] for line in LINES]
    assert read == [20, 40]
    read.clear()
    together = generate_all(BatchScheduler(weights, prompts, 1, 128), LINES)
    assert all(same(one, other) for one, other in zip(together, alone, strict=True))
    assert read == [20, 20]


class Turns(Prompts):
    """A line's ids behind the ids and frames of the turns before it."""

    def content(self, utterance: Utterance) -> list[Position]:
        found: list[Position] = []
        for turn in utterance.context:
            found += [*self.ids[:12], *(frame.tobytes() for frame in turn.codes), self.ids[0]]
        return found + list(self.ids[:12])


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_frames_that_a_slot_has_decoded_are_not_read_again(
    monkeypatch: pytest.MonkeyPatch, read: list[int], kind: torch.dtype
) -> None:
    """Three lines, each behind those before it, reports a frame late."""
    monkeypatch.setattr(batch_module, "fused_parts", lambda state, *_: (None, FusedPrompts(state)))
    monkeypatch.setattr(batch_module, "Reports", lambda device: Reports(device, late=True))
    subject = find_subject("", "tiny")
    weights = load_weights(subject.config, subject.tensors, DEVICE, kind, Plain)
    prompts: Any = Turns(list(range(60)), weights.num_codebooks)

    def speak(speed: SpeedUps) -> list[np.ndarray]:
        scheduler = BatchScheduler(weights, prompts, 1, 128, speed=speed)
        turns: list[Segment] = []
        for seed in range(3):
            line = Utterance(0, "", tuple(turns), seed=seed, max_frames=3, sampler=Sampler(0.9, 50))
            turns.append(Segment(0, "", generate_all(scheduler, [line])[0].codes))
        return [turn.codes for turn in turns]

    found = speak(ALL)
    # The last frame before a cap has not been decoded; it, the EOS frame and the text are new.
    assert read == [12, 14, 14]
    read.clear()
    assert all(map(np.array_equal, found, speak(SpeedUps(reuse=False))))
    assert read == [12, 28, 44]
