"""The context window, by its properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.engine import Segment
from csm_cli.rendering.context import choose_context, drop_oldest


def segment(speaker, frames):
    return Segment(speaker, "text", np.zeros((frames, 2)))


def cost(each):
    return len(each.codes) + 6


segments = st.builds(segment, st.integers(0, 3), st.integers(1, 60))
histories = st.lists(segments, max_size=30)


@given(st.none() | segments, histories, st.integers(0, 2000), st.integers(0, 5))
def test_window(reference, heard, budget, turns):
    if reference is not None and cost(reference) > budget:
        with pytest.raises(ValueError, match="positions"):
            choose_context(reference, heard, cost, budget, turns)
        return
    chosen = choose_context(reference, heard, cost, budget, turns)
    assert sum(map(cost, chosen)) <= budget
    if reference is not None:
        assert chosen[0] is reference
        chosen = chosen[1:]
    places = [next(i for i, each in enumerate(heard) if each is one) for one in chosen]
    assert places == sorted(set(places)), "script order, none twice"
    for speaker in range(4):
        mine = [i for i, each in enumerate(heard) if each.speaker == speaker]
        kept = [i for i in places if heard[i].speaker == speaker]
        assert len(kept) <= turns
        assert kept == mine[len(mine) - len(kept) :], "the latest of each speaker"


@given(histories, st.integers(0, 5))
def test_with_room_enough_every_speaker_has_the_whole_quota(heard, turns):
    chosen = choose_context(None, heard, cost, 10**6, turns)
    for speaker in range(4):
        there = sum(each.speaker == speaker for each in heard)
        assert sum(each.speaker == speaker for each in chosen) == min(there, turns)


@given(histories, st.integers(0, 600))
def test_what_is_dropped_is_older_than_all_that_is_kept(heard, budget):
    chosen = choose_context(None, heard, cost, budget, most=100)
    assert [id(each) for each in chosen] == [id(each) for each in heard[len(heard) - len(chosen) :]]
    if len(chosen) < len(heard):
        assert sum(map(cost, chosen)) + cost(heard[-len(chosen) - 1]) > budget


def test_a_budget_below_zero_leaves_nothing():
    assert choose_context(None, [segment(0, 5)], cost, -3) == ()


@given(histories, st.integers(0, 6))
def test_turns_are_kept_until_a_speaker_has_too_many_and_then_the_latest_half(heard, most):
    kept = drop_oldest(heard, most)
    per_speaker = [sum(each.speaker == speaker for each in heard) for speaker in range(4)]
    limit = most if max(per_speaker) <= most else (most + 1) // 2
    assert kept == list(choose_context(None, heard, cost, 10**6, limit))


@given(st.lists(segments, min_size=1, max_size=60), st.integers(1, 6))
def test_most_windows_begin_with_all_of_the_one_before(heard, most):
    turns, cuts, since = [], [], 0
    for each in heard:
        before, turns = turns, drop_oldest([*turns, each], most)
        since += 1
        if turns != [*before, each]:
            cuts.append(since)
            since = 0
    assert all(cut > most // 2 for cut in cuts), "at least half of the turns come anew before the next cut"
