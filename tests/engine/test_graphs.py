"""A whole frame as one function: as good as the steps, one graph, and refused where it cannot be recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from csm_cli.core.errors import UsageError
from csm_cli.engine import Engine, Sampler, Utterance
from csm_cli.engine.graphs import whole_frame
from csm_cli.engine.linears import Plain
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.state import enter, new_state, read
from csm_cli.engine.weights import Weights, load_weights
from tests.engine.test_slots import SAMPLERS, VOICE, say_all


def test_whole_frames_say_what_steps_say(packed: Engine) -> None:
    lines = [
        Utterance(n, "line", (VOICE,), seed=n, max_frames=5 + n, sampler=SAMPLERS[n % 4]) for n in range(5)
    ]
    scheduler = BatchScheduler(packed.weights, packed.prompter, 2, packed.max_positions, graphs=True)
    for line, speech in zip(lines, say_all(scheduler, lines), strict=True):
        assert np.array_equal(speech.codes, packed.speak([line])[0].codes)


@pytest.fixture(scope="module")
def weights(folder: Path) -> Weights:
    from csm_cli.checkpoints.find import find_checkpoint

    found = find_checkpoint(folder)
    return load_weights(found.config, found.tensors(), torch.device("cpu"), torch.float32, Plain)


@torch.inference_mode()
@pytest.mark.parametrize("sampler", [Sampler(0.9, 8), Sampler(0.0)])
def test_a_frame_is_one_graph(engine: Engine, weights: Weights, sampler: Sampler) -> None:
    """Nothing in it asks the device for a number: torch.compile follows it from end to end."""
    states = [new_state(weights, 2, 128, 0) for _ in range(2)]
    content = engine.prompter.content(Utterance(0, "hello"))
    for state in states:
        for row in range(2):
            hidden = read(state, row, engine.prompter.embed(content, weights), 0)
            nothing = torch.zeros(0, 5, dtype=torch.int16)
            enter(state, row, hidden, len(content), row, sampler, 9, nothing)
    compiled = torch.compile(whole_frame, backend="eager", fullgraph=True, dynamic=False)
    for _ in range(3):
        whole_frame(states[0], 2, 128)
        compiled(states[1], 2, 128)
    assert torch.equal(states[0].spoken, states[1].spoken)
    assert states[0].frames.tolist() == [3, 3]


def test_graphs_are_for_cuda(folder: Path) -> None:
    with pytest.raises(UsageError, match="--graphs"):
        Engine.load(folder, "cpu", graphs=True)
