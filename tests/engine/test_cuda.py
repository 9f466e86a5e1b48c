"""The engine on a real GPU beside itself on the CPU; skipped where there is none.

TRITON_INTERPRET=0 pytest tests/engine/test_cuda.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from csm_cli.core.types import Sampler, Segment, Utterance
from csm_cli.engine import Engine
from csm_cli.engine.devices import ALL, SpeedUps
from csm_cli.engine.scheduler import BatchScheduler
from tests.engine.test_engine import frames
from tests.engine.test_scheduler import VOICE, generate_all, same

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def cuda(request: pytest.FixtureRequest, folder: Path) -> Engine:
    return Engine.load(folder, "cuda", dtype=request.param)


def line(seed: int, *turns: Segment, most: int = 12) -> Utterance:
    return Utterance(0, "hello there", (VOICE, *turns), seed=seed, max_frames=most, sampler=Sampler(0.9, 50))


def test_lines_that_are_given_up_leave_the_others_as_they_are(cuda: Engine) -> None:
    """As many slots as lines, so that no row count changes: the codes are those of lines left in peace."""
    lines = [line(seed) for seed in range(4)]
    wanted = generate_all(cuda.scheduler(4), lines)
    scheduler = cuda.scheduler(4)
    tickets = [scheduler.submit(each) for each in lines]
    done: dict[int, Any] = dict(scheduler.advance())
    for _ in range(3):
        done |= dict(scheduler.advance())
    scheduler.cancel(tickets[1])
    scheduler.cancel(tickets[1])
    again = scheduler.submit(lines[1])  # into the slot that was left
    while taken := scheduler.poll():
        done |= dict(taken)
    assert done.keys() == {tickets[0], tickets[2], tickets[3], again}
    for ticket, speech in zip(tickets, wanted, strict=True):
        assert ticket == tickets[1] or same(done[ticket], speech)
    assert same(done[again], wanted[1])


def test_what_a_slot_has_spoken_is_not_read_again(cuda: Engine) -> None:
    """A chapter, each line behind those before it; in float32 the codes are the same without reuse."""

    def speak(speed: SpeedUps) -> list[Any]:
        scheduler = BatchScheduler(cuda.weights, cuda.prompter, 2, cuda.max_positions, speed=speed)
        turns: list[Segment] = []
        for seed in range(4):
            (speech,) = generate_all(scheduler, [line(seed, *turns, most=9)])
            turns.append(Segment(0, "hello there", speech.codes))
        return [turn.codes for turn in turns]

    one, other = speak(ALL), speak(SpeedUps(reuse=False))
    assert np.array_equal(one[0], other[0])
    if cuda.weights.text.dtype == torch.float32:
        assert all(map(np.array_equal, one, other))


def test_lines_sound_as_on_the_cpu_however_often_a_size_comes(cuda: Engine, engine: Engine) -> None:
    """As it is, recorded, and from the recording; pieces as the whole."""
    for numbers in ((3, 30, 11), (29, 10, 4), (12, 3, 28), (5,), (6,), (4,)):
        lines = [frames(n, n) for n in numbers]
        for found, wanted in zip(cuda.decode(lines), engine.decode(lines), strict=True):
            error = 10 * np.log10(np.mean((found - wanted) ** 2) / np.mean(wanted**2))
            assert found.shape == wanted.shape and error < -40
    codes = frames(30, 30)
    stream, (whole,) = cuda.decode_stream(), engine.decode([codes])
    pieces = np.concatenate([stream.decode(codes[at : at + 7]) for at in range(0, 30, 7)])
    assert 10 * np.log10(np.mean((pieces - whole) ** 2) / np.mean(whole**2)) < -50
