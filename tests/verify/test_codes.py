"""Faults that the codes of a take show."""

import numpy as np
import pytest

from csm_cli.engine import Speech
from csm_cli.verify.codes import frame_cap, longest_cycle, problems

TEXT = "The boat turned into the wind, and the old engine fell silent."


def speech(first_codebook, ended=True):
    first = np.asarray(first_codebook)
    return Speech(np.stack([first, np.arange(len(first)) % 500], axis=1), ended)


def varied(frames):
    return np.random.default_rng(1).integers(0, 512, frames)


def test_a_take_of_usual_length_is_good():
    assert problems(speech(varied(56)), TEXT) == ()


@pytest.mark.parametrize("frames", [0, 1])
def test_a_take_that_ends_at_once(frames):
    assert problems(speech(varied(frames)), TEXT) == ("ended at once",)


def test_a_take_cut_off_by_the_cap():
    (reason,) = problems(speech(varied(frame_cap(TEXT)), ended=False), TEXT)
    assert reason.startswith("did not end within")


def test_a_take_far_too_short_for_its_text():
    (reason,) = problems(speech(varied(12)), TEXT)
    assert reason.startswith("only 1.0 s long")


@pytest.mark.parametrize("period", [1, 2, 3, 7])
def test_a_take_that_goes_round_in_a_cycle(period):
    stuck = np.concatenate([varied(20), np.tile(np.arange(period) + 600, 40)[:40]])
    (reason,) = problems(speech(stuck), TEXT)
    assert reason.startswith("repeats itself")


def test_a_second_of_silence_is_no_repetition():
    pause = np.concatenate([varied(25), np.full(13, 3), varied(25)])
    assert problems(speech(pause), TEXT) == ()


def test_short_words_may_take_their_time():
    assert problems(speech(varied(6)), "Hm.") == ()
    assert frame_cap("Hm.") >= 25
    assert problems(speech(varied(20)), "No.") == ()


def test_longest_cycle_needs_four_rounds():
    assert longest_cycle(speech([1, 2, 3, 1, 2, 3, 1, 2, 3, 9]).codes) == 0
    assert longest_cycle(speech([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 9]).codes) == 12
    assert longest_cycle(speech([5]).codes) == 0
