"""The store: what is kept comes back, what is damaged does not."""

import json
import os
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import CsmError
from csm_cli.takes import TakeStore
from csm_cli.takes.take import take_from_json
from tests.takes.conftest import REQUEST, keep, make_take, sounds_of

TWO = replace(REQUEST, parts=("One.", "Two."), line="two4567")


def file_of(store, take, suffix):
    return store.folder / take.id[:2] / f"{take.id}{suffix}"


@pytest.mark.parametrize("where", ["disk", "memory"])
def test_a_take_comes_back_with_its_codes_and_its_sound(store, where):
    store = store if where == "disk" else TakeStore(None)
    take = keep(store, make_take(TWO))
    codes, audio = sounds_of(take)
    again = store if where == "memory" else TakeStore(store.folder)
    loaded = again.load(take.id)
    assert loaded == take
    assert [part.tolist() for part in again.codes(loaded)] == [part.tolist() for part in codes]
    for kept, spoken in zip(again.audio(loaded), audio, strict=True):
        assert np.abs(kept - spoken).max() < 2 / 32768
    assert len(take.peaks) == 160


def test_a_take_of_no_frames_can_be_kept(store):
    take = keep(store, make_take(frames=0))
    assert store.audio(store.load(take.id))[0].size == 0
    assert len(store.codes(take)[0]) == 0


@pytest.mark.parametrize("suffix", [".json", ".npy", ".flac"])
@pytest.mark.parametrize("damage", ["gone", "cut", "changed", "empty"])
def test_a_damaged_take_is_never_used(store, suffix, damage):
    take = keep(store, make_take())
    path = file_of(store, take, suffix)
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "changed":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2 if damage == "cut" else 0])
    again = TakeStore(store.folder)
    assert again.load(take.id) is None
    if suffix == ".json" and damage != "gone":
        assert again.index.damaged == [str(path)]
    if suffix == ".flac":
        with pytest.raises(CsmError, match="damaged or gone; render again"):
            again.audio(take)
    assert keep(again, make_take()).id == take.id
    assert again.load(take.id) is not None


def test_what_is_found_out_undoes_no_pin_of_another_process(store):
    take = keep(store, make_take())
    other = TakeStore(store.folder)
    pinned = other.update(replace(other.load(take.id), pins=(take.asked.place,), chosen={"here": "now"}))
    found = store.add_findings(replace(take, checked=("signal", "asr:ear")))
    for each in (found, TakeStore(store.folder).load(take.id)):
        assert (each.pins, each.chosen) == (pinned.pins, pinned.chosen)
        assert each.checked == ("signal", "asr:ear")
    recoded = store.add_codes(take, sounds_of(take)[0])
    assert recoded.pins == pinned.pins


@given(data=st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_sidecar(data):
    with pytest.raises(ValueError):
        take_from_json(data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_changed_bit_of_a_sidecar_is_noticed_or_harmless(store, place, bit):
    take = make_take()
    text = bytearray(take.to_json().encode())
    text[place % len(text)] ^= 1 << bit
    with suppress(ValueError):
        assert take_from_json(bytes(text)) == take  # white space between values


@pytest.mark.parametrize("damage", ["gone", "nonsense", "wrong types", "of another time"])
def test_the_index_is_made_again_from_the_sidecars(store, damage):
    takes = [keep(store, make_take(replace(REQUEST, seed=seed))) for seed in range(5)]
    store.close()
    cache = store.folder / "index.json"
    assert len(json.loads(cache.read_text())["takes"]) == 5
    if damage == "gone":
        cache.unlink()
    elif damage == "nonsense":
        cache.write_bytes(b"\x00\xff{{")
    elif damage == "wrong types":
        cache.write_text(json.dumps({"schema": 1, "takes": {f"{takes[0].id}.json": [1, 2, {}]}}))
    else:
        keep(store, make_take(replace(REQUEST, seed=9)))
        store.remove(takes[0].id)
    again = TakeStore(store.folder)
    assert [row.id for row in again.index.rows()] == [row.id for row in store.index.rows()]
    assert again.index.in_slot(takes[1].asked.slot)[0].id == takes[1].id
    assert again.index.answering(takes[2].key)[0].id == takes[2].id


def test_an_unchanged_index_is_believed_and_a_changed_sidecar_is_not(store):
    take = keep(store, make_take())
    store.close()
    assert TakeStore(store.folder).index.get(take.id) == store.index.get(take.id)
    other = TakeStore(store.folder)
    other.update(replace(take, pins=(REQUEST.place,)))
    assert TakeStore(store.folder).index.get(take.id).pins == (REQUEST.place,)


def test_a_pin_that_another_process_set_is_in_the_index_that_this_one_writes(store):
    old, new = keep(store, make_take()), make_take(replace(REQUEST, seed=9))
    store.close()
    rendering, pinning = TakeStore(store.folder), TakeStore(store.folder)
    keep(rendering, new)
    for take in (old, rendering.load(new.id)):
        pinning.update(replace(take, pins=(REQUEST.place,)))
    rendering.close()
    index = TakeStore(store.folder).index
    assert [index.get(take.id).pins for take in (old, new)] == [(REQUEST.place,)] * 2


def test_a_file_that_goes_while_the_folder_is_listed_is_passed_over(store):
    takes = [keep(store, make_take(replace(REQUEST, seed=seed))) for seed in range(3)]
    for shard in {take.id[:2] for take in takes}:  # a name without a file, as a listing may still have it
        (store.folder / shard / "gone.json").symlink_to("nowhere")
    assert len(TakeStore(store.folder).index.rows()) == 3


def test_a_removed_take_is_gone_from_the_disk_and_the_index(store):
    take = keep(store, make_take())
    store.remove(take.id)
    assert store.load(take.id) is None
    assert store.index.at(REQUEST.place) == []
    assert list(file_of(store, take, "").parent.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_a_folder_that_is_a_file_is_reported_in_one_line(tmp_path):
    blocked = tmp_path / "takes"
    blocked.write_text("")
    with pytest.raises(CsmError, match=r"takes cannot be kept here .*--takes") as error:
        TakeStore(blocked / "inner").check_writable()
    assert "\n" not in str(error.value)
