"""Shards of speech become shards of codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MimiConfig, MimiModel

from csm_cli.training.segments import GUEST
from recipes.demo_voice.encode import LATE, LATE_NUMBERS, encode_all
from recipes.demo_voice.produce import Line, write_shard
from recipes.demo_voice.teachers import Speaker
from tests.training.conftest import tiny

STYLE = np.zeros((510, 256), np.float32)


@pytest.fixture
def codec_folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    codec = MimiModel(MimiConfig(**tiny.CODEC))
    tiny.randomise(codec)
    codec.save_pretrained(tmp_path / "codec")
    return tmp_path / "codec"


def _line(text: str, frames: float, number: int, tag: int) -> Line:
    rng = np.random.default_rng(len(text))
    samples = int(frames * 1920) // 480 * 480
    audio = rng.standard_normal(samples).astype(np.float32) * 0.1
    return Line(text, Speaker(number, tag, STYLE, False, 1.0), audio, np.ones(samples // 480, np.uint8))


LINES = [
    _line("One.", 3.5, 0, 0),
    _line("Two words.", 6, 2, 2),
    _line("And three words.", 2.25, 1007, GUEST),
]


def _encode(codec: Path, folder: Path, name: str, keep: bool = False) -> Path:
    speech, codes = folder / "speech", folder / "codes"
    speech.mkdir(exist_ok=True)
    write_shard(speech / name, LINES)
    (speech / "stop").touch()
    encode_all(codec, speech, codes, torch.device("cpu"), seconds=60, keep=keep)
    return codes


def _alone(codec_folder: Path, audio: np.ndarray) -> list[list[int]]:
    """As the library encodes the same 16-bit audio, to whole frames, by itself."""
    codec = MimiModel.from_pretrained(codec_folder).eval()
    audio = np.pad(audio, (0, -len(audio) % 1920))
    rounded = (np.clip(audio, -1, 1) * 32767).astype(np.int16) / 32768
    with torch.no_grad():
        codes = codec.encode(torch.tensor(rounded, dtype=torch.float32)[None, None]).audio_codes
    return codes[0].T.tolist()


def test_speech_becomes_codes_with_its_texts_and_speakers(codec_folder: Path, tmp_path: Path) -> None:
    codes = _encode(codec_folder, tmp_path, "000-00000.npz")
    assert not list((tmp_path / "speech").glob("*.npz"))  # what is encoded is cleared away
    with np.load(codes / "000-00000.npz") as shard:
        ends = shard["ends"]
        assert np.diff(ends, prepend=0).tolist() == [4, 6, 3]
        assert shard["tags"].tolist() == [0, 2, GUEST]
        assert shard["speakers"].tolist() == [0, 2, 1007]
        assert json.loads(shard["texts"].tobytes()) == [line.text for line in LINES]
        # The batch around a line changes nothing.
        assert shard["codes"][ends[1] :].tolist() == _alone(codec_folder, LINES[2].audio)


def test_every_line_is_encoded_half_a_frame_later_too(codec_folder: Path, tmp_path: Path) -> None:
    codes = _encode(codec_folder, tmp_path, "000-00000.npz")
    with np.load(codes / "000-00000-late.npz") as shard:
        ends = shard["ends"]
        assert np.diff(ends, prepend=0).tolist() == [4, 7, 3]
        assert shard["tags"].tolist() == [0, 2, GUEST]
        assert shard["speakers"].tolist() == [0, 2, 1007 + LATE_NUMBERS]
        late = np.pad(LINES[1].audio, (LATE, 0))
        assert shard["codes"][ends[0] : ends[1]].tolist() == _alone(codec_folder, late)


def test_hibari_is_encoded_once_and_audio_can_be_kept(codec_folder: Path, tmp_path: Path) -> None:
    codes = _encode(codec_folder, tmp_path, "500-00000.npz", keep=True)
    assert [path.name for path in codes.iterdir()] == ["500-00000.npz"]
    assert (tmp_path / "speech" / "500-00000.npz").is_file()


def test_encoders_share_the_shards(codec_folder: Path, tmp_path: Path) -> None:
    speech = tmp_path / "speech"
    speech.mkdir()
    names = [f"000-{number:05d}.npz" for number in range(4)]
    for name in names:
        write_shard(speech / name, LINES[:1])
    (speech / "stop").touch()
    device, found = torch.device("cpu"), []
    for part in range(2):
        target = tmp_path / f"codes{part}"
        encode_all(codec_folder, speech, target, device, seconds=60, part=part, parts=2, keep=True)
        found.append({path.name for path in target.iterdir() if "late" not in path.name})
    assert not found[0] & found[1]
    assert found[0] | found[1] == set(names)
