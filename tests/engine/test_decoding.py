"""Codes to audio: in batches, beside the frames, and when memory runs out."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import CsmError
from csm_cli.engine import Engine
from csm_cli.engine import decoding as module
from csm_cli.engine.decoding import CodecBatches, LineDecoder, _bucket
from csm_cli.model.merge import decode_codes
from tests.engine.test_scheduler import frames


def on_a_gpu(engine: Engine, notices: list[str] | None = None) -> CodecBatches:
    """Batches as on a GPU, computed here."""
    batches = CodecBatches(engine.codec, notice=(notices if notices is not None else []).append)
    batches._gpu = True
    return batches


@pytest.mark.parametrize("room", [4096, 40])
def test_many_lines_are_those_of_the_reference(
    engine: Engine, model: Any, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    # 30 frames are 60 steps of the codec's transformer, whose window is 16.
    lines = [frames(n, n) for n in (3, 0, 30, 11, 1, 29)]
    wanted = decode_codes(model.codec_model, [torch.from_numpy(line) for line in lines])
    monkeypatch.setattr(module, "_ROOM", room)
    for decode in (engine.decode, on_a_gpu(engine)):
        found = decode(lines)
        assert [len(audio) for audio in found] == [len(line) * 1920 for line in lines]
        for audio, reference in zip(found, wanted, strict=True):
            assert audio.dtype == np.float32
            loudest = max(1.0, float(np.abs(reference.numpy()).max(initial=0)))
            np.testing.assert_allclose(audio / loudest, reference.numpy() / loudest, rtol=0, atol=1e-5)
    assert engine.decode([]) == []


def test_a_line_is_the_same_whatever_it_is_decoded_with(engine: Engine) -> None:
    lines = [frames(n, n) for n in (3, 30, 11)]
    together = engine.decode(lines)
    assert all(np.array_equal(engine.decode([a])[0], b) for a, b in zip(lines, together, strict=True))


def test_decoding_goes_on_with_fewer_lines_when_memory_runs_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [frames(n, n) for n in (13, 13, 13, 13, 3)]
    wanted = engine.decode(lines)
    real, sizes, limit = engine.codec.decode, [], [2]

    def small(codes: torch.Tensor) -> torch.Tensor:
        sizes.append(len(codes))
        if len(codes) > limit[0]:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(codes)

    notices: list[str] = []
    monkeypatch.setattr(engine.codec, "decode", small)
    batches = on_a_gpu(engine, notices)
    found = batches(lines)
    assert sizes == [4, 2, 2, 1]
    assert notices == ["out of memory: decoding 2 lines at once from here on"]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4 * np.abs(other).max())
    limit[0] = 0
    with pytest.raises(CsmError, match="not enough memory to decode a line of 13 frames"):
        batches(lines)


def test_in_half_precision_what_overflows_is_decoded_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, line = on_a_gpu(engine), frames(5, 1)
    batches._stream = object()  # type: ignore[assignment]
    monkeypatch.setattr(batches, "_beside", contextlib.nullcontext)
    monkeypatch.setattr(batches, "_fused", lambda codes, lengths: torch.full((5 * 1920,), torch.inf))
    np.testing.assert_allclose(batches([line])[0], engine.decode([line])[0], atol=1e-4)


def test_a_fast_way_that_fails_is_left(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    notices: list[str] = []
    batches, line = on_a_gpu(engine, notices), frames(5, 1)

    def broken(codes: torch.Tensor, lengths: list[int]) -> torch.Tensor:
        raise ValueError("no such instruction\nat some place")

    batches._stream, batches._fused = object(), broken  # type: ignore[assignment]
    monkeypatch.setattr(batches, "_beside", contextlib.nullcontext)
    for _ in range(2):
        np.testing.assert_allclose(batches([line])[0], engine.decode([line])[0], atol=1e-4)
    assert notices == ["the codec takes its plain way, which takes longer (no such instruction)"]


@given(st.integers(1, 5000))
def test_padding_is_little_and_lengths_are_few(number: int) -> None:
    size = _bucket(number)
    assert number <= size <= max(16, 1.25 * number)
    assert _bucket(size) == size


def codes(length: int) -> np.ndarray:
    return np.zeros((length, 4), dtype=np.int16)


def lengths(lines: list[np.ndarray]) -> list[np.ndarray]:
    return [np.full(len(line), 1, dtype=np.float32) for line in lines]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_every_line_comes_back_under_its_key(workers: int) -> None:
    decoder: LineDecoder[int] = LineDecoder(lengths, workers)
    decoder.submit([(n, codes(n)) for n in range(5)])
    decoder.submit([(5, codes(5))])
    found: list[tuple[int, np.ndarray]] = []
    while decoder.pending:
        found += decoder.finished(patient=True)
    assert sorted((key, len(sound)) for key, sound in found) == [(n, n) for n in range(6)]
    assert decoder.finished(patient=True) == []


def test_lines_are_decoded_while_the_caller_goes_on() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(lines: list[np.ndarray]) -> list[np.ndarray]:
        begun.set()
        assert go_on.wait(10)
        return lengths(lines)

    decoder: LineDecoder[str] = LineDecoder(slow)
    decoder.submit([("a", codes(1))])
    assert begun.wait(10)
    decoder.submit([("b", codes(2)), ("c", codes(3))])
    assert decoder.finished() == []
    go_on.set()
    assert [key for key, _ in decoder.finished(patient=True)] == ["a"]
    assert [key for key, _ in decoder.finished(patient=True)] == ["b", "c"]


def test_on_a_gpu_lines_are_gathered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now, calls = [0.0], []
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def counting(lines: list[np.ndarray]) -> list[np.ndarray]:
        calls.append(len(lines))
        return lengths(lines)

    decoder: LineDecoder[int] = LineDecoder(counting, gather=3)
    decoder.submit([(1, codes(1))])
    decoder.submit([(2, codes(1))])
    assert decoder.finished() == []
    now[0] = 1.0
    assert len(decoder.finished(patient=True)) == 2
    decoder.submit([(n, codes(1)) for n in range(3)])
    assert len(decoder.finished(patient=True)) == 3
    decoder.submit([(1, codes(1))])
    assert len(decoder.finished(patient=True)) == 1
    assert calls == [2, 3, 1]


@pytest.mark.parametrize("workers", [0, 2])
def test_what_fails_is_raised_where_lines_are_fetched(workers: int) -> None:
    def broken(lines: list[np.ndarray]) -> list[np.ndarray]:
        raise CsmError("no memory")

    decoder: LineDecoder[int] = LineDecoder(broken, workers)
    with pytest.raises(CsmError, match="no memory"):
        decoder.submit([(1, codes(1))])
        decoder.finished(patient=True)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(0, 12))
@settings(max_examples=25)
def test_pieces_sound_as_they_do_in_the_whole(engine: Engine, sizes: list[int], padding: int) -> None:
    """Lines longer than the codec's window, in any pieces; the last one padded."""
    codes = frames(sum(sizes), sum(sizes))
    stream, pieces, start = engine.decode_stream(), [], 0
    for number, size in enumerate(sizes, 1):
        pieces.append(stream.decode(codes[start : start + size], padding if number == len(sizes) else 0))
        assert len(pieces[-1]) == size * engine.frame_samples
        start += size
    (whole,) = engine.decode([codes])
    loudest = max(1.0, float(np.abs(whole).max()))
    np.testing.assert_allclose(np.concatenate(pieces) / loudest, whole / loudest, rtol=0, atol=3e-6)


def test_streams_have_nothing_in_common(engine: Engine) -> None:
    lines = [frames(12, seed) for seed in range(3)]
    streams = [engine.decode_stream() for _ in lines]
    pieces = [
        [stream.decode(line[at : at + 4]) for stream, line in zip(streams, lines, strict=True)]
        for at in (0, 4, 8)
    ]
    for number, line in enumerate(lines):
        alone = engine.decode_stream()
        wanted = [alone.decode(line[at : at + 4]) for at in (0, 4, 8)]
        for piece, single in zip(pieces, wanted, strict=True):
            assert np.array_equal(piece[number], single)
    assert engine.decode_stream().decode(lines[0][:0]).shape == (0,)
