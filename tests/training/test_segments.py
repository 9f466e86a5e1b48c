"""Utterances become rows of segments."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.training.rows import EOS, FRAME, PAD, TEXT, TrainSegment, pack
from csm_cli.training.segments import GUEST, RowShape, SegmentStore, count_frames
from tests.training.conftest import BOOKS, CODES, encode


def _segment(tokens: int, frames: int) -> TrainSegment:
    return TrainSegment(0, np.arange(1, tokens + 1, dtype=np.int16), np.full((frames, BOOKS), 7, np.int16))


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4))
def test_a_row_holds_each_segment_whole_and_in_order(sizes: list[tuple[int, int]]) -> None:
    row = [_segment(*size) for size in sizes]
    rows = pack([row], 80, BOOKS)
    wanted = [kind for t, f in sizes for kind in [TEXT] * t + [FRAME] * f + [EOS]]
    assert rows.kind[0].tolist() == wanted + [PAD] * (80 - len(wanted))
    assert rows.ids[0][rows.kind[0] == TEXT].tolist() == [i + 1 for t, _ in sizes for i in range(t)]
    assert (rows.codes[0][rows.kind[0] == FRAME] == 7).all()
    assert not rows.codes[0][rows.kind[0] != FRAME].any()  # an EOS frame is all zeros


def lines_of(store: SegmentStore) -> list:
    """(tag, text, codes) of every line with a tag."""
    return [(tag, *line) for tag, lines in store.by_tag.items() for line in lines]


def test_the_first_shard_of_a_worker_is_kept_for_validation(shards: Path) -> None:
    learned, held = SegmentStore(shards, encode), SegmentStore(shards, encode, validation=True)
    learned.refresh()
    held.refresh()
    assert len(lines_of(learned)) == 12
    assert len(lines_of(held)) == 24
    assert sorted(learned.by_tag) == [0, 1]


def test_a_shard_is_read_once_and_new_ones_are_found(shards: Path) -> None:
    store = SegmentStore(shards, encode)
    store.refresh()
    store.refresh()
    assert len(lines_of(store)) == 12
    (shards / "000-00001.npz").rename(shards / "000-00002.npz")
    store.refresh()
    assert len(lines_of(store)) == 24


def test_text_and_codes_stay_together(shards: Path) -> None:
    store = SegmentStore(shards, encode)
    store.refresh()
    for tag, text, codes in lines_of(store):
        assert len(codes) == len(encode(tag, text)) - len(encode(tag, ""))


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


def test_frames_are_counted_without_reading_codes(shards: Path) -> None:
    learned, held = SegmentStore(shards, encode), SegmentStore(shards, encode, validation=True)
    learned.refresh()
    held.refresh()
    frames = [sum(len(codes) for _, _, codes in lines_of(each)) for each in (learned, held)]
    assert count_frames(shards) == tuple(frames)


@pytest.mark.parametrize("left", ["", "000-00000.npz"])
def test_nothing_to_learn_is_an_error(shards: Path, left: str) -> None:
    """With no shards, or with those for validation alone."""
    for path in shards.glob("*.npz"):
        if path.name != left:
            path.unlink()
    for read in (
        lambda: count_frames(shards),
        lambda: next(SegmentStore(shards, encode).batches((RowShape(64, 1.0, True),), 64, BOOKS, seed=1)),
    ):
        with pytest.raises(MissingError, match=r"codes: holds no shards of codes to learn from"):
            read()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _foreign(path: Path) -> None:
    np.savez(path, audio=np.zeros(9, np.int16))


def _changed(path: Path, **parts: np.ndarray) -> None:
    with np.load(path) as shard:
        np.savez(path, **{**shard, **parts})


DAMAGES = {
    "cut off": _cut,
    "empty": lambda path: path.write_bytes(b""),
    "another thing": _foreign,
    "fewer tags than texts": lambda path: _changed(path, tags=np.zeros(3, np.uint8)),
    "fewer frames than in ends": lambda path: _changed(path, codes=np.zeros((3, BOOKS), np.int16)),
    "texts that are none": lambda path: _changed(path, texts=np.frombuffer(b"[1", np.uint8)),
    "fewer codebooks": lambda path: _changed(path, codes=np.load(path)["codes"][:, 1:]),
    "codes of a larger codebook": lambda path: _changed(path, codes=np.load(path)["codes"] + CODES),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_is_named(shards: Path, damage: str) -> None:
    DAMAGES[damage](shards / "000-00001.npz")
    with pytest.raises(MissingError, match=r"000-00001\.npz: is no shard of codes, or damaged") as caught:
        SegmentStore(shards, encode, codebooks=BOOKS, size=CODES).refresh()
    assert len(str(caught.value).splitlines()) == 1


def test_rows_that_are_too_short_for_every_utterance_are_an_error(shards: Path) -> None:
    with pytest.raises(UsageError, match="no utterance fits into 5 positions"):
        next(SegmentStore(shards, encode).batches((RowShape(5, 1.0, False),), 64, BOOKS, seed=1))


def _with_guests(folder: Path, speakers: int = 6, each: int = 5) -> None:
    """A shard of guests alone: the codes of a line are the number of its speaker."""
    numbers = np.repeat(np.arange(speakers) + 1000, each).astype(np.int32)
    texts = [f"line {place}" for place in range(len(numbers))]
    np.savez(
        folder / "010-00001.npz",
        codes=np.repeat((numbers - 1000) % CODES, 3).astype(np.int16)[:, None].repeat(BOOKS, 1),
        ends=(np.arange(len(numbers)) + 1) * 3,
        tags=np.full(len(numbers), GUEST, np.uint8),
        speakers=numbers,
        texts=np.frombuffer(json.dumps(texts).encode(), np.uint8),
    )


def test_a_guest_has_one_tag_in_a_row_and_another_in_the_next(shards: Path) -> None:
    _with_guests(shards)
    store, rng = SegmentStore(shards, encode), random.Random(0)
    store.refresh()
    tags: dict[int, set[int]] = {}
    for _ in range(300):
        voices: dict[int, set[int]] = {}
        seen: list[str] = []
        for segment in store.conversation(rng, 200):
            guest = next((n for n, lines in store.guests.items() if any(c is segment.codes or
                         np.shares_memory(c, segment.codes) for _, c in lines)), None)  # fmt: skip
            if guest is not None:
                voices.setdefault(guest, set()).add(segment.tag)
                seen.append(f"{segment.codes.__array_interface__['data']}")
                tags.setdefault(guest, set()).add(segment.tag)
        assert all(len(found) == 1 for found in voices.values())
        assert len({next(iter(found)) for found in voices.values()}) == len(voices)
        assert len(seen) == len(set(seen)), "a line came twice"
    assert len(tags) == 6
    assert all(len(found) > 3 and min(found) > max(store.by_tag) for found in tags.values())


def test_a_guest_without_a_second_line_is_left_out(shards: Path) -> None:
    for path in shards.glob("*.npz"):
        path.unlink()
    _with_guests(shards, speakers=3, each=1)
    store = SegmentStore(shards, encode)
    store.refresh()
    assert all(len(store.conversation(random.Random(n), 200)) == 1 for n in range(20))
