"""Shards of speech become shards of codes; trained parts become a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MimiConfig, MimiModel

from csm_cli.demo.recipe import shape
from csm_cli.demo.recipe.encode import encode_all
from csm_cli.demo.recipe.produce import write_shard
from csm_cli.demo.recipe.teachers import TEACHERS, Reading
from tests.training.conftest import tiny


@pytest.fixture
def codec_folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    codec = MimiModel(MimiConfig(**tiny.CODEC))
    tiny.randomise(codec)
    codec.save_pretrained(tmp_path / "codec")
    return tmp_path / "codec"


def _reading(text: str, frames: float, teacher: int) -> Reading:
    rng = np.random.default_rng(len(text))
    samples = int(frames * 1920) // 480 * 480
    audio = rng.standard_normal(samples).astype(np.float32) * 0.1
    return Reading(text, TEACHERS[teacher], audio, np.ones(samples // 480, np.uint8))


def test_speech_becomes_codes_with_its_texts_and_speakers(codec_folder: Path, tmp_path: Path) -> None:
    speech, codes = tmp_path / "speech", tmp_path / "codes"
    speech.mkdir()
    readings = [_reading("One.", 3.5, 0), _reading("Two words.", 6, 2), _reading("And three words.", 2, 1)]
    write_shard(speech / "000-00000.npz", readings)
    (speech / "stop").touch()
    encode_all(codec_folder, speech, codes, torch.device("cpu"), seconds=60)
    assert not list(speech.glob("*.npz"))  # what is encoded is cleared away
    with np.load(codes / "000-00000.npz") as shard:
        assert np.diff(shard["ends"], prepend=0).tolist() == [4, 6, 2]
        assert shard["tags"].tolist() == [0, 2, 1]
        assert json.loads(shard["texts"].tobytes()) == [r.text for r in readings]
        found = shard["codes"]
    # As the library encodes the same 16-bit audio alone; the batch around it changes nothing.
    codec = MimiModel.from_pretrained(codec_folder).eval()
    audio = np.pad((np.clip(readings[2].audio, -1, 1) * 32767).astype(np.int16) / 32768, (0, 0))
    with torch.no_grad():
        wanted = codec.encode(torch.tensor(audio, dtype=torch.float32)[None, None]).audio_codes[0].T
    assert found[10:].tolist() == wanted.tolist()


def test_parts_that_do_not_fit_are_refused(tmp_path: Path, codec_folder: Path) -> None:
    from safetensors.torch import save_file

    save_file({"nobody.weight": torch.zeros(1)}, tmp_path / "voice.safetensors")
    with pytest.raises(ValueError, match=r"does not fit the shape: .*nobody"):
        shape.assemble(tmp_path / "out", tmp_path / "voice.safetensors", codec_folder)


def test_the_voice_is_trained_by_the_command_that_trains_any(tmp_path: Path) -> None:
    """The recipe's part, on codes that are there already: from shards to weights that `assemble` takes."""
    import argparse
    import json
    import time

    import numpy as np
    from safetensors.torch import load_file

    from csm_cli.demo.recipe import make, shape
    from csm_cli.model.loading import load_processor

    (tmp_path / "codec-frozen").mkdir()
    (tmp_path / "codec-frozen" / "ready").touch()
    (tmp_path / "codes").mkdir()
    texts = ["Good morning.", "No.", "It rained."] * 4
    codes = (
        np.random.default_rng(0).integers(1, shape.CODES, (9 * len(texts), shape.CODEBOOKS)).astype(np.int16)
    )
    for name in ("000-00000", "000-00001", "001-00000"):
        np.savez(
            tmp_path / "codes" / f"{name}.npz",
            codes=codes,
            ends=np.arange(1, len(texts) + 1) * 9,
            tags=np.zeros(len(texts), np.uint8),
            texts=np.frombuffer(json.dumps(texts).encode(), np.uint8),
        )
    options = argparse.Namespace(
        folder=tmp_path, minutes=0.12, small=True, no_compile=True, device="cpu", checkpoint=None
    )
    make._train_voice(options, time.time())
    written = load_file(tmp_path / "voice.safetensors")
    assert written["lm_head.weight"].dtype == torch.float16
    assert not any(name.startswith("codec_model.") for name in written)
    assert (tmp_path / "voice" / "losses.jsonl").read_text().count("\n") >= 1
    processor = load_processor(tmp_path / "shape")
    for text in (*texts, "é and a tab\t"):
        ids = [processor.bos_id, *processor.text_ids(f"[3]{text}"), processor.end_id]
        assert ids == shape.text_ids(3, text)
