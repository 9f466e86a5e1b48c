"""`csm train`, from a manifest to a model that `--model` takes."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch.utils.data import DataLoader, get_worker_info

from csm_cli.audio.files import write_wav
from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.runtime import processes_can_pass_tensors
from csm_cli.engine import Engine, Utterance
from csm_cli.model import CsmConfig, CsmForConditionalGeneration
from csm_cli.training.data import _segment_ids
from csm_cli.training.record import Record, State
from csm_cli.training.run import TrainOptions, _model, train
from csm_cli.training.segments import RowShape
from tests.training.conftest import tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    model = CsmForConditionalGeneration(CsmConfig(**tiny.tiny_config()))
    tiny.randomise(model)
    model.save_pretrained(folder)
    tiny.write_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(0)
    lines = []
    for number in range(12):
        seconds = 0.3 + 0.1 * (number % 4)
        write_wav(
            folder / f"{number}.wav", rng.standard_normal(int(24_000 * seconds)).astype(np.float32) * 0.1
        )
        conversation = {"conversation": number // 3} if number < 6 else {}
        row = {"audio": f"{number}.wav", "text": f"word {number}", "speaker": number % 2, **conversation}
        lines.append(json.dumps(row))
    (folder / "m.jsonl").write_text("\n".join(lines))
    return folder / "m.jsonl"


@pytest.fixture
def options(model: Path, manifest: Path, tmp_path: Path) -> TrainOptions:
    return TrainOptions(
        manifest, tmp_path / "run", str(model), rate=3e-3, steps=8, positions=64, every=4, device="cpu",
        depth_share=0.5, samples=((0, "hello"),), validation=0.2,
    )  # fmt: skip


def weights(model: Any) -> dict[str, torch.Tensor]:
    return CsmForConditionalGeneration.from_checkpoint(model).state_dict()


def losses(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "losses.jsonl").read_text().splitlines()]


def test_all_weights(options: TrainOptions) -> None:
    log: list[str] = []
    folder = train(replace(options, steps=40, every=20), log.append)
    found = losses(options.out)
    assert [entry["step"] for entry in found] == list(range(1, 41))
    first, last = (sum(e["backbone"] + e["depth"] for e in part) for part in (found[:5], found[-5:]))
    assert last < 0.8 * first
    assert [e["step"] for e in found if "validation_depth" in e] == [20, 40]
    assert any("validation" in line for line in log)
    assert sorted(p.name for p in (options.out / "samples").iterdir()) == ["000020-1.wav", "000040-1.wav"]
    assert soundfile.info(options.out / "samples" / "000040-1.wav").samplerate == 24_000
    assert (options.out / "losses.png").read_bytes().startswith(b"\x89PNG")
    engine = Engine.load(folder, "cpu")
    assert len(engine.speak([Utterance(0, "hello", (), seed=1, max_frames=4)])[0].codes) <= 4
    before, after = weights(options.model), weights(folder)
    for name in before:
        if name.startswith("codec_model."):
            assert torch.equal(before[name], after[name]), name
    assert not torch.equal(before["lm_head.weight"], after["lm_head.weight"])


def test_an_adapter(options: TrainOptions) -> None:
    pytest.importorskip("peft")
    folder = train(replace(options, lora=4, rate=None))
    assert not (folder / "config.json").exists()
    assert len({path.stat().st_mode for path in folder.iterdir() if path.is_file()}) == 1
    checkpoint = find_checkpoint(folder)
    assert checkpoint.base is not None
    before, after = weights(options.model), weights(checkpoint)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all("_proj" in name and not name.startswith("codec_model.") for name in changed)
    assert Engine.load(folder, "cpu").model_id == "model"


def test_goes_on_after_a_kill_to_the_same_losses(options: TrainOptions, tmp_path: Path) -> None:
    whole = replace(options, out=tmp_path / "whole", steps=30, every=10, average=0.9, damage=True)
    train(whole)
    command = [
        *(sys.executable, "-m", "csm_cli", "train", str(options.data), "--out", str(options.out)),
        *("--model", options.model, "--rate", "0.003", "--steps", "30", "--positions", "64", "--every", "10"),
        *("--device", "cpu", "--depth-share", "0.5", "--sample", "hello", "--validation", "0.2"),
        *("--average", "0.9", "--damage"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        while not (options.out / "state.pt").exists() or len(losses(options.out)) < 12:
            assert running.poll() is None, running.stderr and running.stderr.read()
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGKILL)
    assert not (options.out / "model").exists()
    kept = torch.load(options.out / "state.pt", weights_only=True)["step"]
    assert 0 < kept < 30
    log: list[str] = []
    train(replace(whole, out=options.out), log.append)
    assert f"going on from update {kept}" in log
    assert losses(options.out) == losses(whole.out)
    first, second = (weights(run / "model") for run in (whole.out, options.out))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_state_is_read_as_weights_only(options: TrainOptions, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "exploded",))

    options.out.mkdir()
    torch.save({"step": Bomb()}, options.out / "state.pt")
    with pytest.raises(MissingError, match=r"state\.pt: cannot be read; delete it"):
        train(options)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "kept",
    [
        *([], {}, {"step": 3}, {"step": "3", "entries": [], "identity": {}, "trainer": {}}),
        {"step": 3, "entries": [{"step": 1, "backbone": "low"}], "identity": {}, "trainer": {}},
        {"step": 3, "entries": {}, "identity": {}, "trainer": {}},
        {"step": 3, "entries": [], "identity": 5, "trainer": {}},
    ],
    ids=str,
)
def test_a_state_of_another_shape_is_one_line(tmp_path: Path, kept: Any) -> None:
    torch.save(kept, tmp_path / "state.pt")
    with pytest.raises(MissingError, match=r"state\.pt: cannot be read; delete it to begin anew"):
        State(tmp_path, {"seed": 1}).load()


def test_losses_that_are_not_finite_are_no_json_figures(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.add({"step": 1, "backbone": float("nan"), "depth": 2.5})
    record.go_back([*record.entries, {"step": 2, "backbone": float("inf"), "depth": 2.0}])
    rows = [json.loads(row, parse_constant=pytest.fail) for row in record.path.read_text().splitlines()]
    assert rows == [{"step": 1, "depth": 2.5}, {"step": 2, "depth": 2.0}]


def test_defaults_of_fine_tuning(options: TrainOptions) -> None:
    """A sixteenth of the frames for the depth decoder; 3e-5 for all weights, 2e-4 for an adapter."""
    import inspect

    from csm_cli.cli.train import train as command

    default = inspect.signature(command).parameters["depth_share"].default
    plain = TrainOptions(options.data, options.out, options.model)
    assert default == plain.depth_share == plain.for_loop().depth_share == 1 / 16
    assert (plain.peak_rate, replace(plain, lora=32).peak_rate) == (3e-5, 2e-4)


def test_the_codec_is_frozen(options: TrainOptions) -> None:
    model = _model(options, find_checkpoint(options.model)).train()
    assert not any(parameter.requires_grad for parameter in model.codec_model.parameters())
    assert not any(module.training for module in model.codec_model.modules())
    assert all(parameter.requires_grad for parameter in model.backbone_model.parameters())


def test_another_run_in_the_same_folder_is_refused(options: TrainOptions) -> None:
    train(replace(options, steps=1))
    with pytest.raises(UsageError, match=r"another rate \(0.003, not 0.1\)"):
        train(replace(options, rate=0.1))
    with pytest.raises(UsageError, match=r"another validation \(0.2, not 0.5\)"):
        train(replace(options, validation=0.5))
    other = options.data.with_name("other.jsonl")
    other.write_text(options.data.read_text().replace("word 3", "word three"))
    options.data.replace(options.data.with_name("kept.jsonl"))
    try:
        other.replace(options.data)
        with pytest.raises(UsageError, match="another data"):
            train(options)
    finally:
        options.data.with_name("kept.jsonl").replace(options.data)
    assert len(losses(options.out)) == 1
    train(options)  # more steps of the same run
    assert len(losses(options.out)) == 8


def test_two_processes_are_one_that_accumulates(options: TrainOptions, tmp_path: Path) -> None:
    alone = replace(options, out=tmp_path / "alone", accumulate=2, depth_share=1.0, steps=5)
    train(alone)
    command = [
        # What `accelerate launch` starts on several GPUs; on CPUs it has other ways.
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "csm_cli", "train", str(options.data), "--out", str(options.out)),
        *("--model", options.model, "--rate", "0.003", "--steps", "5", "--positions", "64", "--every", "4"),
        *("--device", "cpu", "--depth-share", "1", "--sample", "hello", "--validation", "0.2"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    for one, both in zip(losses(alone.out), losses(options.out), strict=True):
        for name in ("backbone", "depth"):
            assert both[name] == pytest.approx(one[name], rel=1e-3), (one, both)
    assert done.stdout.count(str(options.out / "model")) == 1


def test_from_scratch_on_shards_of_codes(
    options: TrainOptions, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way the embedded voice is trained: packed rows, a running average, damaged inputs."""

    class Spawning(DataLoader):  # workers that are spawned are given the dataset pickled
        def __init__(self, dataset: Any, **options: Any) -> None:
            super().__init__(pickle.loads(pickle.dumps(dataset)), **options)

    monkeypatch.setattr("torch.utils.data.DataLoader", Spawning)

    shapes = (RowShape(24, 0.5, False), RowShape(64, 0.5, True))
    scratch = replace(
        options, data=shards, scratch=True, shapes=shapes, positions=256, average=0.9, damage=True, workers=0,
        steps=20, every=20, rate=3e-3,
    )  # fmt: skip
    log: list[str] = []
    shown: list[str] = []
    folder = train(scratch, log.append, shown.append)
    assert log[0] == "0.0 hours of speech to learn, 0.0 for validation"
    assert re.search(r"update 19/20 · .* updates/s · [0-9]+ min left$", shown[-3]), shown
    found = losses(options.out)
    assert found[-1]["backbone"] < 0.8 * found[0]["backbone"]
    assert "validation_backbone" in found[-1]
    assert Engine.load(folder, "cpu").num_codebooks == 5


def test_samples_do_not_use_up_the_recompilations(
    options: TrainOptions, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind their limit all the rest would run uncompiled."""
    monkeypatch.setattr("torch.compile", partial(torch.compile, backend="eager"))  # traced, not built
    compiled = replace(
        options, data=shards, scratch=True, shapes=(RowShape(24, 0.5, False), RowShape(64, 0.5, True)),
        positions=128, workers=0, steps=4, every=4, compile=True,
    )  # fmt: skip
    with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
        train(compiled)
    assert len(losses(options.out)) == 4
    torch._dynamo.reset()


def test_what_cannot_be_trained(options: TrainOptions, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no end"):
        train(replace(options, data=shards, steps=None))
    with pytest.raises(UsageError, match="too few"):
        few = tmp_path / "few.jsonl"
        few.write_text(json.dumps({"audio": str(options.data.parent / "0.wav"), "text": "x"}))
        train(replace(options, data=few))
    with pytest.raises(MissingError, match="no such checkpoint"):
        train(replace(options, out=tmp_path / "new", model=str(tmp_path / "nowhere")))
    assert not (tmp_path / "new").exists()
    with pytest.raises(UsageError, match=r"few\.jsonl: cannot be made"):
        train(replace(options, out=tmp_path / "few.jsonl"))
    with pytest.raises(CsmError, match="astray"):
        train(replace(options, out=tmp_path / "wild", rate=1e30, every=100, steps=20))


@pytest.fixture
def packed(options: TrainOptions, shards: Path) -> TrainOptions:
    shapes = (RowShape(24, 0.5, False), RowShape(64, 0.5, True))
    return replace(options, data=shards, shapes=shapes, positions=128, workers=1, samples=())


def test_a_shard_that_a_worker_cannot_use_ends_the_run(packed: TrainOptions) -> None:
    with np.load(packed.data / "000-00001.npz") as shard:
        np.savez(packed.data / "000-00002.npz", **{**shard, "codes": shard["codes"][:, 1:]})
    with pytest.raises(MissingError, match=r"000-00002\.npz: is no shard") as caught:
        train(packed)
    assert len(str(caught.value).splitlines()) == 1
    assert not (packed.out / "model").exists()


def _dying(processor: Any, speaker: int, text: str) -> list[int]:
    if get_worker_info() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return _segment_ids(processor, speaker, text)


@pytest.mark.skipif(not processes_can_pass_tensors(), reason="the path of TMPDIR is too long for sockets")
def test_a_worker_that_is_killed_ends_the_run(packed: TrainOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_cli.training.data._segment_ids", _dying)
    with pytest.raises(
        CsmError, match=r"codes: a process that makes batches has died \(DataLoader worker"
    ) as caught:
        train(packed)
    assert len(str(caught.value).splitlines()) == 1


def test_an_empty_folder_ends_the_run_before_anything_is_compiled(
    packed: TrainOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in packed.data.glob("*.npz"):
        path.unlink()
    monkeypatch.setattr("csm_cli.training.trainer.Trainer.warm", lambda self: pytest.fail("compiled"))
    with pytest.raises(MissingError, match="holds no shards of codes"):
        train(replace(packed, compile=True))


def test_last_losses_are_looked_at(packed: TrainOptions) -> None:
    with pytest.raises(CsmError, match=r"astray: the losses are .* at step 3"):
        train(replace(packed, workers=0, rate=1e30, steps=4, every=100, log_every=100))
    assert not (packed.out / "model").exists() and not (packed.out / "state.pt").exists()


@pytest.mark.parametrize("recompute", [False, True])
def test_bfloat16_and_recomputed_activations(options: TrainOptions, recompute: bool) -> None:
    train(replace(options, half=True, recompute=recompute, steps=3, samples=(), lora=2))
    assert all(np.isfinite(entry["depth"]) for entry in losses(options.out))


def test_with_a_path_that_is_too_long_for_sockets_batches_are_made_here(
    packed: TrainOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csm_cli.training.data.processes_can_pass_tensors", lambda: False)
    monkeypatch.setattr("torch.utils.data.dataloader._MultiProcessingDataLoaderIter", None)
    train(packed)
