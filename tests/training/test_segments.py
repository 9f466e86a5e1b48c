"""Utterances become rows of segments."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.training.segments import EOS, FRAME, PAD, TEXT, RowShape, SegmentStore, Spoken, pack
from tests.training.conftest import BOOKS, encode


def _spoken(tokens: int, frames: int) -> Spoken:
    return Spoken(0, np.arange(1, tokens + 1, dtype=np.int16), np.full((frames, BOOKS), 7, np.int16))


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4))
def test_a_row_holds_each_segment_whole_and_in_order(sizes: list[tuple[int, int]]) -> None:
    row = [_spoken(*size) for size in sizes]
    rows = pack([row], 80, BOOKS)
    wanted = [kind for t, f in sizes for kind in [TEXT] * t + [FRAME] * f + [EOS]]
    assert rows.kind[0].tolist() == wanted + [PAD] * (80 - len(wanted))
    assert rows.ids[0][rows.kind[0] == TEXT].tolist() == [i + 1 for t, _ in sizes for i in range(t)]
    assert (rows.codes[0][rows.kind[0] == FRAME] == 7).all()
    assert not rows.codes[0][rows.kind[0] != FRAME].any()  # an EOS frame is all zeros


def test_the_first_shard_of_a_worker_is_kept_for_validation(shards: Path) -> None:
    learned, held = SegmentStore(shards, encode), SegmentStore(shards, encode, validation=True)
    learned.refresh()
    held.refresh()
    assert len(learned.all) == 12
    assert len(held.all) == 24
    assert sorted(learned.by_tag) == [0, 1]


def test_a_shard_is_read_once_and_new_ones_are_found(shards: Path) -> None:
    store = SegmentStore(shards, encode)
    store.refresh()
    store.refresh()
    assert len(store.all) == 12
    (shards / "000-00001.npz").rename(shards / "000-00002.npz")
    store.refresh()
    assert len(store.all) == 24


def test_text_and_codes_stay_together(shards: Path) -> None:
    store = SegmentStore(shards, encode)
    store.refresh()
    for spoken in store.all:
        letters = len(spoken.ids) - len(encode(spoken.tag, ""))
        assert len(spoken.codes) == letters


def test_conversations_fit_their_row(shards: Path) -> None:
    store, rng = SegmentStore(shards, encode), random.Random(0)
    store.refresh()
    for _ in range(50):
        row = store.conversation(rng, 60)
        assert sum(map(len, row)) <= 60
    assert any(len({s.tag for s in store.conversation(rng, 60)}) > 1 for _ in range(50))


def test_batches_have_the_shapes_asked_for(shards: Path) -> None:
    store = SegmentStore(shards, encode)
    shapes = (RowShape(24, 0.5, False), RowShape(64, 0.5, True))
    found = store.batches(shapes, 128, BOOKS, seed=3)
    seen = {next(found).codes.shape for _ in range(20)}
    assert seen == {(5, 24, BOOKS), (2, 64, BOOKS)}
