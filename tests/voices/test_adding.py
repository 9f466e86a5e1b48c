"""Transcripts: given, written by a recogniser, checked by one, cut with the clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.voices.adding import (
    Recording,
    check_transcript,
    matching_part,
    prepare_all,
    read_transcript,
    with_labels,
)
from tests.voices.sounds import RATE, TEXT, speech, written


class FixedRecogniser:
    """A recogniser with a given transcript."""

    name = "fixed"

    def __init__(self, *words: str):
        self.words = list(words)

    def transcribe(self, sounds, rate):
        assert rate == RATE and len(sounds) == len(self.words)
        return self.words


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return written(tmp_path / "clip.wav", speech())


def test_a_transcript_is_put_in_order(clip: Path) -> None:
    (made,) = prepare_all([Recording(clip, f"  {TEXT[:20]}\n\t{TEXT[20:]}\0 ", "calm")])
    assert made.clip.text == f"{TEXT[:20]} {TEXT[20:]}"
    assert made.clip.label == "calm"
    assert [each.partition(": ")[2] for each in made.warnings] == ["control character U+0000 is left out"]
    assert 90 < made.quality.positions < 120


def test_none_given(clip: Path) -> None:
    with pytest.raises(UsageError, match="needs its transcript; give it with --text"):
        prepare_all([Recording(clip)])
    (made,) = prepare_all([Recording(clip)], recogniser=FixedRecogniser("the keeper climbed the stairs"))
    assert made.clip.text == "the keeper climbed the stairs"
    assert "nobody has checked the transcript that fixed wrote" in made.warnings[0]
    confirmed = []
    (made,) = prepare_all(
        [Recording(clip)],
        recogniser=FixedRecogniser("the keeper climb"),
        confirm=lambda file, words: confirmed.append((file, words)) or TEXT,
    )
    assert made.clip.text == TEXT and confirmed == [(str(clip), "the keeper climb")]
    assert made.warnings == ()
    with pytest.raises(UsageError, match="no words were recognised"):
        prepare_all([Recording(clip)], recogniser=FixedRecogniser(" "))


def test_a_transcript_that_does_not_belong(clip: Path) -> None:
    with pytest.raises(UsageError, match="does not seem to belong") as raised:
        prepare_all([Recording(clip, TEXT)], recogniser=FixedRecogniser("she sells sea shells on the shore"))
    assert "sea shells" in str(raised.value) and "--asr" in str(raised.value)
    (made,) = prepare_all([Recording(clip, TEXT)], recogniser=FixedRecogniser(TEXT[:47]))
    assert made.quality.agreement == pytest.approx(9 / 19)
    assert "only 47% of the transcript's words" in made.warnings[0]


def test_a_long_transcript_is_cut_with_its_clip(tmp_path: Path) -> None:
    pause = np.zeros(RATE // 2, np.float32)
    path = written(
        tmp_path / "a.wav", np.concatenate([speech(), pause, speech("michael"), pause, speech("george")])
    )
    whole = f"{TEXT} “Who’s there?” he called, at 9 o'clock. Nobody answered him."
    with pytest.raises(UsageError, match="where its transcript is to be cut cannot be told; add --asr"):
        prepare_all([Recording(path, whole)], seconds=7)
    recogniser = FixedRecogniser(
        "The keeper climb the stairs and lit a lamp far below a small boat turned slowly toward the"
    )
    (made,) = prepare_all([Recording(path, whole)], seconds=7, recogniser=recogniser)
    assert made.clip.text.startswith("The keeper climbed") and made.clip.text.endswith("slowly toward the")
    assert "Who’s" not in made.clip.text


@pytest.mark.parametrize(
    ("transcript", "part"),
    [
        ("one two three", "One, two; three"),
        ("four five six seven", "four - five six. Seven"),
        ("won two three", "One, two; three"),  # the first is misheard
        ("six seven ate", "six. Seven eight!"),  # the last is
    ],
)
def test_the_part_that_was_recognised(transcript: str, part: str) -> None:
    assert matching_part("One, two; three four - five six. Seven eight!", transcript, "a.wav") == part


def test_a_part_that_is_not_there() -> None:
    for transcript in ("nine ten eleven twelve", ""):
        with pytest.raises(UsageError, match="were not found in the transcript"):
            matching_part("One two three four", transcript, "a.wav")


@pytest.mark.parametrize("text", ["", "  \n ", "…!?"])
def test_empty_transcripts(text: str) -> None:
    with pytest.raises(UsageError, match="transcript is empty"):
        check_transcript(text, 3)


@pytest.mark.parametrize(("text", "kind"), [("Hi.", "short"), ("word " * 60, "long")])
def test_transcripts_that_do_not_fit(text: str, kind: str) -> None:
    _, (warning,) = check_transcript(text, 3)
    assert f"too {kind} for 3.0 s" in warning


def test_transcript_files(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffGrüße.\r\n".encode())
    assert read_transcript(path).strip() == "Grüße."
    for data, words in ((b"\xff\xfe\x00", "not UTF-8"), (b"x" * 70_000, "too long")):
        path.write_bytes(data)
        with pytest.raises(UsageError, match=words):
            read_transcript(path)
    with pytest.raises(MissingError):
        read_transcript(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot be read"):
        read_transcript(tmp_path)


def test_labels() -> None:
    one = [Recording("My voice.wav")]
    assert [each.label for each in with_labels(one)] == [""]
    assert [each.label for each in with_labels([Recording("a.wav", label="calm")])] == ["calm"]
    several = [Recording("Very Angry!.wav"), Recording("b/calm.mp3")]
    assert [each.label for each in with_labels(several)] == ["very-angry", "calm"]
    for bad, words in (
        ([], "no recording"),
        ([Recording("a/x.wav"), Recording("b/x.wav")], "two clips would be labelled 'x'"),
        ([Recording("a.wav", label="../x")], "cannot be the label"),
        ([Recording("😀.wav"), Recording("a.wav")], "a clip needs a label"),
    ):
        with pytest.raises(UsageError, match=words):
            with_labels(bad)


def test_a_transcript_keeps_joiners_and_names_what_is_left_out():
    persian = "\u0645\u06cc\u200c\u0631\u0648\u0645 \u062e\u0627\u0646\u0647"
    assert check_transcript(persian, 1) == (persian, [])
    text, doubts = check_transcript("Hi \x1b[31mthere,\u202e you.\n", 1)
    assert text == "Hi [31mthere, you."
    assert doubts == ["--text: control character U+001B is left out (and 1 more)"]
