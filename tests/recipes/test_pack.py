"""Packed codes come back as they were."""

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recipes.demo_voice.pack import BITS, pack, pack_codes, unpack, unpack_codes

SHAPES = st.tuples(st.integers(0, 20), st.integers(1, 12))


@given(SHAPES.flatmap(lambda shape: arrays(np.int16, shape, elements=st.integers(0, 2**BITS - 1))))
def test_codes_take_nine_bits_and_come_back(codes: np.ndarray) -> None:
    packed = pack_codes(codes)
    assert packed.nbytes == -(-codes.size * BITS // 8)
    found = unpack_codes(packed, *codes.shape)
    assert found.dtype == np.int16
    assert np.array_equal(found, codes)


def test_shards_come_back_from_several_files(tmp_path: Path) -> None:
    rng, source = np.random.default_rng(0), tmp_path / "codes"
    source.mkdir()
    for number in range(4):
        np.savez(
            source / f"000-{number:05d}.npz",
            codes=rng.integers(0, 512, (500, 12)).astype(np.int16),
            ends=np.array([200, 500]),
            tags=np.array([0, 255], np.uint8),
            speakers=np.array([0, 100_000_007], np.int32),
            texts=np.frombuffer(json.dumps(["One.", f"Number {number}."]).encode(), np.uint8),
        )
    files = pack(source, tmp_path / "packed", megabytes=0.015)
    assert len(files) == 2
    assert sum(unpack(path, tmp_path / "back") for path in files) == 2000
    for path in source.glob("*.npz"):
        with np.load(path) as before, np.load(tmp_path / "back" / path.name) as after:
            assert set(before.files) == set(after.files)
            assert all(np.array_equal(before[name], after[name]) for name in before.files)
