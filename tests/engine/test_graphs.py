"""A whole frame as one function: as good as the steps, one graph, and refused where it cannot be recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from csm_cli.core.errors import UsageError
from csm_cli.engine import Engine, Sampler, Utterance
from csm_cli.engine.graphs import whole_frame
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import Plain
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.state import admit, new_state, prefill
from csm_cli.engine.steps import embed_prompt
from csm_cli.engine.weights import load_weights
from tests.engine.test_scheduler import SAMPLERS, VOICE, generate_all


def test_whole_frames_give_the_codes_of_single_steps(onednn: Engine) -> None:
    lines = [
        Utterance(n, "line", (VOICE,), seed=n, max_frames=5 + n, sampler=SAMPLERS[n % 4]) for n in range(5)
    ]
    scheduler = BatchScheduler(onednn.weights, onednn.prompter, 2, onednn.max_positions, graphs=True)
    for line, speech in zip(lines, generate_all(scheduler, lines), strict=True):
        assert np.array_equal(speech.codes, onednn.speak([line])[0].codes)


@pytest.fixture(scope="module")
def weights(folder: Path) -> Weights:
    from csm_cli.checkpoints.find import find_checkpoint

    found = find_checkpoint(folder)
    return load_weights(found.config, found.tensors(), torch.device("cpu"), torch.float32, Plain)


@torch.inference_mode()
@pytest.mark.parametrize("sampler", [Sampler(0.9, 8), Sampler(0.0)])
def test_a_frame_is_one_graph(engine: Engine, weights: Weights, sampler: Sampler) -> None:
    """No value in it is read back from the device: torch.compile makes one graph of it."""
    states = [new_state(weights, 2, 128, 0) for _ in range(2)]
    content = engine.prompter.content(Utterance(0, "hello"))
    for state in states:
        for row in range(2):
            hidden = prefill(state, row, embed_prompt(weights, content), 0)
            line = Utterance(0, "hello", seed=row, max_frames=9, sampler=sampler)
            admit(state, row, hidden, len(content), line, torch.zeros(0, 5, dtype=torch.int16))
    compiled = torch.compile(whole_frame, backend="eager", fullgraph=True, dynamic=False)
    for _ in range(3):
        whole_frame(states[0], 2, 128)
        compiled(states[1], 2, 128)
    assert torch.equal(states[0].output, states[1].output)
    assert states[0].frames.tolist() == [3, 3]


def test_graphs_are_for_cuda(folder: Path) -> None:
    with pytest.raises(UsageError, match="--graphs"):
        Engine.load(folder, "cpu", graphs=True)
