"""Faults planted in texts, and the shares that are counted of them."""

import math
import random

import numpy as np
import pytest

from csm_cli.verify.alignment import align, words_of
from csm_cli.verify.candidate import Verdict
from recipes.demo_voice.faults import KINDS, Substitutes, plant, sample_kinds
from recipes.demo_voice.planted_faults import (
    GOOD,
    Judged,
    best_thresholds,
    judge,
    read_kept,
    shares,
    table,
    wilson,
)

TEXTS = [
    "The keeper climbed the stairs and lit the lamp.",
    "Far below, a boat turned toward it in the evening.",
    "Who was it that walked home so late?",
    "They carried water, bread and candles.",
    "She counted the lights twice.",
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kind", "longer"), [("wrong", 0), ("missing", -1), ("repeated", 1)])
def test_a_fault_is_one_word(kind, longer, seed):
    substitutes = Substitutes(TEXTS)
    for text in TEXTS:
        altered = plant(text, kind, substitutes, random.Random(seed))
        before, after = words_of(text), words_of(altered)
        assert len(after) - len(before) == longer
        assert align(before, after).errors == 1


def test_kinds_take_turns_and_a_text_too_short_for_one_gets_another():
    planted = sample_kinds(["Go.", *TEXTS, *TEXTS], Substitutes(TEXTS), random.Random(1))
    assert all(plant("Go.", "missing", Substitutes(TEXTS), random.Random(seed)) is None for seed in range(5))
    assert planted[0][1] not in ("", "Go.", ".")
    assert {kind for kind, _ in planted} == set(KINDS)


def judged(kind, errors=0, ratio=None, repeat=-9.0, flagged=False):
    return Judged(0, kind, "heart", "text", "said", "heard", errors, ratio, repeat, flagged, None)


def test_shares_follow_the_thresholds():
    rows = [judged(GOOD)] * 98 + [judged(GOOD, 1, 1.0), judged(GOOD, 0, None, -1.0)]
    rows += (
        [judged("wrong", 1, 5.0)] * 9 + [judged("wrong", 1, 0.7)] + [judged("repeated", 0, None, -0.5)] * 2
    )
    assert shares(rows, 2.0, -2.0) == {
        GOOD: (1, 100),
        "faulty": (11, 12),
        "wrong": (9, 10),
        "missing": (0, 0),
        "repeated": (2, 2),
    }
    assert shares(rows, 0.5, math.inf)[GOOD] == (1, 100)
    doubt, repeat = best_thresholds(rows)
    found = shares(rows, doubt, repeat)
    assert found[GOOD][0] < 2 and found["faulty"][0] == 12
    assert "1 of  100" in table(rows, 2.0, -2.0)[0]


def test_the_interval_of_a_share():
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_line_that_was_broken_off_is_judged_again(tmp_path):
    path = tmp_path / "kept.jsonl"
    path.write_text('{"number": 3, "kind": "good", "voi')
    assert read_kept(path) == []
    assert read_kept(tmp_path / "none") == []


def test_a_doubtful_good_line_is_spoken_again_and_a_faulty_one_is_not():
    class Voice:
        voices = ("one",)

        def speak(self, texts, voices, seeds):
            return [np.full(10, seed, np.float32) for seed in seeds]

    class Check:
        """Finds fault with what is said wrong, and with the first two takes of line 1."""

        def judge(self, readings):
            doubtful = [r.audio[0] not in (0, np.float32(1 + 2 * 1_000_003)) for r in readings]
            scores = {"heard": "", "word_errors": 0}
            return [Verdict(("a word",) if doubt else (), scores=scores) for doubt in doubtful]

    todo = [(0, GOOD, "a"), (1, GOOD, "b"), (1, "wrong", "c"), (2, GOOD, "d")]
    rows = list(judge(todo, ["a", "b", "d"], Voice(), Check(), None, retries=3))
    assert [row.takes for row in rows] == [1, 3, 1, 0]
    (row,) = judge([(2, GOOD, "d")], ["a", "b", "d"], Voice(), Check(), None)
    assert row.takes is None
