"""The recipe's parts: the voice learns from shards of codes, a failure ends the run, the parts become one."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import MimiConfig, MimiModel

from csm_cli.model import CsmProcessor
from csm_cli.training.segments import GUEST
from recipes.demo_voice import make, shape
from tests.recipes.jobs import fail, wait_for

TEXTS = ["Good morning.", "No.", "It rained."] * 4


def _write_shards(folder: Path) -> None:
    """Three shards of random codes, half of the lines by guests."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number, name in enumerate(("000-00000", "000-00001", "001-00000")):
        guests = np.arange(len(TEXTS)) % 2 == 1
        np.savez(
            folder / f"{name}.npz",
            codes=rng.integers(1, shape.CODES, (9 * len(TEXTS), shape.CODEBOOKS)).astype(np.int16),
            ends=np.arange(1, len(TEXTS) + 1) * 9,
            tags=np.where(guests, GUEST, 0).astype(np.uint8),
            speakers=np.where(guests, 1000 + number, 0).astype(np.int32),
            texts=np.frombuffer(json.dumps(TEXTS).encode(), np.uint8),
        )


def test_the_voice_part_writes_what_assemble_takes(tmp_path: Path) -> None:
    _write_shards(tmp_path / "codes")
    options = make._arguments(
        ["--root", str(tmp_path), "--folder", str(tmp_path), "--parts", "voice", "--small", "--device", "cpu",
         "--no-compile", "--no-graph", "--minutes", "0.08"]
    )  # fmt: skip
    make._train_voice(options)
    written = load_file(tmp_path / "voice.safetensors")
    assert {value.dtype for value in written.values()} == {torch.float16}
    assert not any(name.startswith("codec_model.") for name in written)
    assert all(value.isfinite().all() for value in written.values())
    processor = CsmProcessor.from_checkpoint(tmp_path / "shape")
    for text in (*TEXTS, "é and a tab\t"):
        ids = [processor.bos_id, *processor.text_ids(f"[3]{text}"), processor.end_id]
        assert ids == shape.text_ids(3, text)


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    MimiModel(MimiConfig(**shape.codec_config().to_dict())).save_pretrained(tmp_path / "codec")
    save_file({"nobody.weight": torch.zeros(1)}, tmp_path / "voice.safetensors")
    with pytest.raises(ValueError, match=r"does not fit the shape: .*nobody"):
        shape.assemble(tmp_path / "out", tmp_path / "voice.safetensors", tmp_path / "codec")


def test_processes_beside_go_on_until_they_are_told(tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    make.run("speech", [partial(os.getpid)], [partial(wait_for, stop)], stop.touch)
    assert stop.exists()


@pytest.mark.parametrize("where", ["jobs", "beside"])
def test_a_process_that_fails_ends_all_at_once(tmp_path: Path, where: str) -> None:
    endless = partial(wait_for, tmp_path / "never")
    jobs, beside = ([fail, endless], [endless]) if where == "jobs" else ([endless], [fail])
    with pytest.raises(SystemExit, match="codes: a process failed"):
        make.run("codes", jobs, beside)


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make._arguments(["--root", "r", "--folder", "f", "--parts", "speech,voise"])
    assert "'voise' is none of speech, codec, voice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ([], ["speech", "codec", "codes", "voice"]),
        (["--codec", "trained", "--whole-codec"], ["speech", "codec", "codes", "voice"]),
        (["--codec", "trained"], ["speech+", "codec", "voice"]),
    ],
)
def test_the_parts_follow_each_other_and_old_codes_go(tmp_path, monkeypatch, options, parts):
    ran = []

    def run(name, jobs, beside=(), when_done=lambda: None):
        ran.append(name + "+" * bool(beside))
        if name == "codes":
            assert not (tmp_path / "codes").exists(), "they are of another codec"
            assert (tmp_path / "speech" / "stop").exists(), "no more speech will come"

    monkeypatch.setattr(make, "run", run)
    (tmp_path / "codes").mkdir()
    make.main(["--root", "r", "--folder", str(tmp_path), *options])
    assert ran == parts
    assert (tmp_path / "codes").exists() == ("codes" not in parts)


def test_a_whole_codec_must_be_named(capsys):
    with pytest.raises(SystemExit):
        make._arguments(["--root", "r", "--folder", "f", "--whole-codec"])
    assert "--codec" in capsys.readouterr().err
