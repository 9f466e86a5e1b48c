"""A whole frame as one function: as good as the steps, one graph, and computed where it cannot be
recorded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from csm_cli.engine import Engine, Sampler, Utterance
from csm_cli.engine import batch as batch_module
from csm_cli.engine.frames import whole_frame
from csm_cli.engine.graphs import FrameGraphs
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import Plain
from csm_cli.engine.state import Admission, Field, Part, State, admit, new_state, prefill
from csm_cli.engine.weights import load_weights
from tests.engine.test_scheduler import SAMPLERS, VOICE, generate_all


def test_frames_that_cannot_be_recorded_are_computed_and_that_is_said_once(
    onednn: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no CUDA here; the codes are those of single steps."""
    lines = [
        Utterance(n, "line", (VOICE,), seed=n, max_frames=5 + n, sampler=SAMPLERS[n % 4]) for n in range(5)
    ]
    wanted = [onednn.speak([line])[0] for line in lines]
    notices: list[str] = []

    class Recorded(batch_module.Batch):
        def __init__(self, *given: object, **more: object) -> None:
            super().__init__(*given, **more)  # type: ignore[arg-type]
            state = self._state
            self._frame = FrameGraphs(
                state, lambda rows, end: whole_frame(state, rows, end), False, notices.append
            )

    monkeypatch.setattr("csm_cli.engine.scheduler.Batch", Recorded)
    for speech, alone in zip(generate_all(onednn.scheduler(2), lines), wanted, strict=True):
        assert np.array_equal(speech.codes, alone.codes)
    assert len(notices) == 1
    assert "cannot be recorded" in notices[0]


@pytest.fixture(scope="module")
def weights(folder: Path) -> Weights:
    from csm_cli.checkpoints.find import find_checkpoint

    found = find_checkpoint(folder)
    return load_weights(found.config, found.tensors(), torch.device("cpu"), torch.float32, Plain)


def started(engine: Engine, weights: Weights, sampler: Sampler) -> State:
    """A state with two lines."""
    state = new_state(weights, 2, 128, 0)
    content = engine.prompter.content(Utterance(0, "hello"))
    hidden = torch.stack([prefill(state, Part(row, content, 0)) for row in range(2)])
    lines = [Utterance(0, "hello", seed=row, max_frames=9, sampler=sampler) for row in range(2)]
    admit(state, [Admission(row, line, len(content)) for row, line in enumerate(lines)], hidden)
    return state


@torch.inference_mode()
@pytest.mark.parametrize("sampler", [Sampler(0.9, 8), Sampler(0.0)])
def test_a_frame_is_one_graph(engine: Engine, weights: Weights, sampler: Sampler) -> None:
    """No value in it is read back from the device: torch.compile makes one graph of it."""
    one, other = (started(engine, weights, sampler) for _ in range(2))
    compiled = torch.compile(whole_frame, backend="eager", fullgraph=True, dynamic=False)
    for _ in range(3):
        whole_frame(one, 2, 128)
        compiled(other, 2, 128)
        assert torch.equal(one.report, other.report)
    assert one.numbers[:, Field.FRAME].tolist() == [3, 3]
