"""Whether the words of a take are those of its text, by a recogniser's probabilities."""

import numpy as np
import pytest

from csm_cli.verify import Candidate
from csm_cli.verify.word_check import DOUBT, REPEAT, WordCheck

TEXT = "The boat turned to the shore in the evening."


class Recogniser:
    """Transcribes all as `transcript`; every other text is as likely as `likely` says, else far less."""

    name = "recogniser"

    def __init__(self, transcript, likely=None):
        self.transcript, self.likely = transcript, likely or {}
        self.batches = []

    def transcribe(self, sounds, rate):
        return [self.transcript] * len(sounds)

    def weigh(self, sounds, rate, texts):
        self.batches.append(len(sounds))
        weighed = [texts(place, self.transcript) for place in range(len(sounds))]
        weights = {self.transcript: -5.0, **{text: -5.0 + ratio for text, ratio in self.likely.items()}}
        return [(self.transcript, [weights.get(each, -30.0) for each in some]) for some in weighed]


def judge(recogniser, text=TEXT, names=()):
    (verdict,) = WordCheck(recogniser, names).judge(
        [Candidate(text, None, True, np.zeros(100, np.float32), 24000)]
    )
    return verdict


def test_a_transcript_equal_to_the_text_is_good():
    assert judge(Recogniser(TEXT)).reasons == ()
    assert judge(Recogniser(TEXT)).badness == 0


@pytest.mark.parametrize(("ratio", "good"), [(-DOUBT + 0.1, True), (-DOUBT - 0.1, False), (1.0, True)])
def test_a_word_that_differs_is_a_fault_if_the_text_is_far_less_likely(ratio, good):
    transcript = "The boat turn to the shore in the evening."
    verdict = judge(Recogniser(transcript, {TEXT: ratio}))
    assert verdict.reasons == (() if good else (f"heard as {transcript!r}",))
    assert verdict.scores["log_ratio"] == pytest.approx(-ratio)
    assert (verdict.badness > 10) is not good


@pytest.mark.parametrize(
    "transcript", ["The boat turned to shore in the evening.", "The the boat turned to the shore."]
)
def test_a_word_left_out_or_put_in_is_a_fault_in_a_line_of_any_length(transcript):
    assert judge(Recogniser(transcript)).reasons
    assert judge(Recogniser("To shore."), "To the shore.").reasons


def test_a_word_that_may_have_been_said_twice_is_a_fault():
    twice = "The boat turned to the the shore in the evening."
    (reason,) = judge(Recogniser(TEXT, {twice: REPEAT + 0.1})).reasons
    assert reason.startswith("a word may be said twice")
    assert judge(Recogniser(TEXT, {twice: REPEAT - 0.1})).reasons == ()


def test_a_word_transcribed_twice_is_a_fault_though_it_is_no_likelier():
    twice = "The boat turned to the the shore in the evening."
    assert judge(Recogniser(twice, {TEXT: 1.0})).reasons
    assert judge(Recogniser("The boat turned to the big shore in the evening.", {TEXT: 1.0})).reasons == ()


def test_silence_and_texts_without_words():
    assert judge(Recogniser("")).reasons == ("no word was heard",)
    assert judge(Recogniser("Hm."), "…").reasons == ()
    assert WordCheck(Recogniser(TEXT)).judge([]) == []


def test_a_name_may_be_written_in_any_way_that_sounds_like_it():
    text = "They said that Zaphira would come."
    assert judge(Recogniser("They said that Safira would come."), text).reasons == ()
    assert judge(Recogniser("They said that Margaret would come."), text).reasons
    assert (
        judge(Recogniser("We met the man of coil"), "We met the man of quoyle", names=["quoyle"]).reasons
        == ()
    )


def test_lines_are_judged_in_one_batch():
    recogniser = Recogniser(TEXT)
    readings = [Candidate(TEXT, None, True, np.zeros(100, np.float32), 24000)] * 3
    assert len(WordCheck(recogniser).judge(readings)) == 3
    assert recogniser.batches == [3]


@pytest.mark.parametrize(("heard", "good"), [("He was years old.", False), ("He was 83 years old.", True)])
def test_a_figure_of_the_written_line_that_is_neither_read_nor_heard_is_a_fault(heard, good):
    candidate = Candidate("He was years old.", None, True, np.zeros(100, np.float32), 24000, unread=("83",))
    (verdict,) = WordCheck(Recogniser(heard, {"He was years old.": 0.0})).judge([candidate])
    assert any("not read out: 83" in reason for reason in verdict.reasons) is not good
