"""Rows, conversations and batches made of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.audio.files import write_wav
from csm_cli.core.errors import UsageError
from csm_cli.training.manifest import Clip
from csm_cli.training.rows import (
    EOS,
    FRAME,
    TEXT,
    ClipData,
    TrainSegment,
    encode_clips,
    make_rows,
    split_rows,
)
from tests.training.conftest import BOOKS, encode


def clip(text: str, conversation: str | None = None, speaker: int = 0) -> Clip:
    return Clip(Path(f"{text}.wav"), text, speaker, conversation, 1)


def codes(frames: int) -> np.ndarray:
    return np.full((frames, BOOKS), frames, np.int16)


def test_conversations_share_rows_until_they_are_full() -> None:
    clips = [
        clip("a", "x"),
        clip("b"),
        clip("c", "x", 1),
        clip("d", "y"),
        clip("e", "x"),
        clip("f" * 90, "x"),
    ]
    rows, dropped = make_rows(clips, [codes(5)] * 6, encode, 30)
    # A segment takes 6 ids ([0] and a letter between BOS and end), 5 frames and one EOS frame.
    assert [[len(segment) for segment in row] for row in rows] == [[12, 12], [12], [12], [12]]
    assert [segment.tag for segment in rows[0]] == [0, 1]
    assert [c.text[0] for c in dropped] == ["f"]


def test_recordings_are_encoded_once(tmp_path: Path, codec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = np.sin(np.arange(48_000) / 30).astype(np.float32) * 0.3
    write_wav(tmp_path / "a.wav", audio, 48_000)  # another rate: it is resampled
    clips = [Clip(tmp_path / "a.wav", "a", 0, None, 1)]
    (first,) = encode_clips(clips, codec, BOOKS, tmp_path / "codes")
    assert first.shape == (13, BOOKS) and first.dtype == np.int16
    monkeypatch.setattr("csm_cli.training.rows.encode_audio", None)
    (again,) = encode_clips(clips, codec, BOOKS, tmp_path / "codes")
    assert (first == again).all()
    write_wav(tmp_path / "a.wav", audio[:24_000], 48_000)
    with pytest.raises(TypeError):  # another recording under the same name
        encode_clips(clips, codec, BOOKS, tmp_path / "codes")


def test_rows_for_validation() -> None:
    rows = [[TrainSegment(0, np.zeros(3, np.int32), codes(n))] for n in range(10)]
    learned, held = split_rows(rows, 0.15, 1)
    assert (len(learned), len(held)) == (8, 2)
    assert sorted(len(r[0].codes) for r in (*learned, *held)) == list(range(10))
    assert split_rows(rows, 0.15, 1)[1] == held
    assert split_rows(rows, 0, 1)[1] == []
    with pytest.raises(UsageError, match="too few"):
        split_rows(rows[:1], 0.05, 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(70, 300), st.integers(0, 30))
def test_every_row_comes_once_an_epoch_and_a_run_goes_on_anywhere(
    lengths: list[int], positions: int, start: int
) -> None:
    rows = [[TrainSegment(0, np.full(3, i, np.int32), codes(n))] for i, n in enumerate(lengths)]
    data = ClipData(rows, positions, BOOKS, seed=5)
    epoch = data.epoch(0)
    assert sorted(i for chosen in epoch for i in chosen) == list(range(len(rows)))
    whole, later = data.batches(), data.batches(start)
    for _ in range(start):
        next(whole)
    for _ in range(3):
        first, second = next(whole), next(later)
        assert (first.ids == second.ids).all() and (first.kind == second.kind).all()
        assert first.kind.size <= positions or len(first.kind) == 1
        for kind, ids in zip(first.kind, first.ids, strict=True):
            frames = lengths[ids[0]]
            assert kind.tolist()[: frames + 4] == [TEXT] * 3 + [FRAME] * frames + [EOS]
