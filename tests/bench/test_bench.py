"""The benchmark: both contenders on the same weights, with the correctness beside."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from csm_cli.bench.correct import agreement, given, teacher_forced
from csm_cli.bench.run import Plan, _seconds_a_frame, frame_bytes, measure
from csm_cli.bench.subject import Peer, RandomTensors, Subject, find_subject, tensor_shapes
from csm_cli.cli.app import main
from csm_cli.core.errors import UsageError
from csm_cli.engine.linears import Int8, OneDnnLinear, Plain, _runs
from csm_cli.engine.weights import load_weights
from tests.engine.conftest import folder, model  # noqa: F401
from tests.model.tiny import BOOKS, CODES

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def subject(folder: Path) -> Subject:  # noqa: F811
    return find_subject(folder)


def test_teacher_forced_logits_are_those_of_the_model(subject: Subject, model: object) -> None:  # noqa: F811
    weights = load_weights(subject.config, subject.tensors, CPU, torch.float32)
    ids, codes = given(weights, 5)
    found = teacher_forced(weights, ids, codes)
    assert found.shape == (5, BOOKS, CODES)
    with torch.no_grad():
        embeds = torch.cat((model.embed_text_tokens(ids), model.backbone_model.embed_frames(codes)))  # type: ignore[attr-defined]
        hidden = model.backbone_model(inputs_embeds=embeds[None]).last_hidden_state[0, len(ids) - 1 : -1]  # type: ignore[attr-defined]
        first = model.lm_head(hidden)[:, :CODES]  # type: ignore[attr-defined]
        rest = model.depth_decoder.frame_logits(hidden, codes)[..., :CODES]  # type: ignore[attr-defined]
    torch.testing.assert_close(found, torch.cat((first[:, None], rest), dim=1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("linear", "allowed"), [(OneDnnLinear, 1e-3), (Int8, 0.5)])
def test_fast_products_stay_near(subject: Subject, linear: type, allowed: float) -> None:
    if not _runs(linear):
        pytest.skip("not on this processor")
    plain = load_weights(subject.config, subject.tensors, CPU, torch.float32, Plain)
    fast = load_weights(subject.config, subject.tensors, CPU, torch.float32, linear)
    ids, codes = given(plain)
    found = agreement(teacher_forced(fast, ids, codes), teacher_forced(plain, ids, codes))
    assert found.max_logit_error < allowed * found.logit_spread
    assert found.equal_greedy > (0.85 if linear is Int8 else 0.999)
    assert frame_bytes(fast) <= frame_bytes(plain)


def test_a_whole_measurement(subject: Subject) -> None:
    plan = Plan(batches=(1, 3), frames=2, rounds=1, context=16, against=True)
    report = measure(subject, plan, "cpu")
    assert [(row.name, row.batch) for row in report.rows] == [
        ("csm", 1),
        ("transformers", 1),
        ("csm", 3),
        ("transformers", 3),
    ]
    assert all(row.ms_per_frame > 0 for row in report.rows)
    for row in report.rows:
        assert row.times_real_time == pytest.approx(row.batch * 80 / row.ms_per_frame)
    assert report.rows[0].agreement is not None
    assert report.rows[0].agreement.equal_greedy > 0.99
    assert report.first_audio_ms is not None
    assert set(report.end_to_end) == {1, 3}
    for found in report.end_to_end.values():
        assert found.times_real_time > 0
        assert 0 < found.prompts + found.frames + found.waiting + found.writing + found.host <= found.seconds
    assert json.loads(json.dumps(report.as_dict()))["rows"][0]["gb_per_second"] > 0


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    with pytest.raises(SystemExit) as stopped:
        main(
            [
                "bench",
                "--model",
                str(folder),
                "--batch",
                "1",
                "--frames",
                "2",
                "--rounds",
                "1",
                "--eager",
                "--json",
            ]
        )
    assert stopped.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1])["eager"] is True
    assert any("equal greedy codes 100.0%" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--batch", "many"], "--batch"),
        (["--shape", "cube"], "csm-1b"),
        (["--eager", "--quantize", "int8"], "--eager"),
        (["--device", "cpu", "--quantize", "fp8"], "fp8"),
    ],
)
def test_what_cannot_be_measured_is_said(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["bench", "--model", "demo", *words])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_transformers_takes_random_weights_too() -> None:
    peer = Peer(find_subject("unused", "tiny"), CPU, torch.float32, compiled=False)
    offsets = peer.model.backbone_model.embed_tokens.audio_tokens_offsets
    assert offsets.tolist() == [0, 67, 134, 201]
    seconds, _, frames = peer.seconds(torch.arange(8), 2, 3)
    assert seconds > 0 and 1 <= frames <= 3


def test_random_weights_of_the_real_shape() -> None:
    subject = find_subject("unused", "csm-1b")
    shapes = tensor_shapes(subject.config)
    numbers = sum(torch.Size(shape).numel() for shape in shapes.values())
    assert 1.5e9 < numbers < 1.8e9
    small = RandomTensors({"a": (3, 4), "b": (5,)})
    assert torch.equal(small["a"], small["a"])
    assert dict(small).keys() == {"a", "b"}
    with pytest.raises(UsageError, match="no such shape"):
        find_subject("unused", "cube")


def test_a_peer_that_other_programs_hold_up_has_no_frames_of_less_than_nothing() -> None:
    runs = [(0.5, 0.4, 10), (0.9, 0.5, 2), (0.9, 0.5, 10), (0.1, 0.1, 2)]
    peer: Any = SimpleNamespace(seconds=lambda prompt, batch, frames: runs.pop(0))
    assert _seconds_a_frame(peer, torch.zeros(1), 1, 8) == (0.05, 0.04)
    assert _seconds_a_frame(peer, torch.zeros(1), 1, 8) == pytest.approx((0.1, 0.05))
