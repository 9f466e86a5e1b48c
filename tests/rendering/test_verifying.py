"""Checks by ear in a rendering: rounds of retries, takes from before, what is listed in the end."""

import numpy as np
import pytest

from csm_cli.core.errors import MissingError
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.rendering.verifying import make_verifier
from csm_cli.takes import TakeStore
from csm_cli.verify import Candidate, Verifier
from csm_cli.verify.speaker import NO_ENCODER
from tests.rendering.fake_engine import FakeEngine
from tests.rendering.test_incremental import NUMBERS, Book


@pytest.fixture
def book(tmp_path, voices):
    return Book(tmp_path).write([f"narrator: This is line {name} of the whole book." for name in NUMBERS])


class Ear:
    """Hears what was asked for, save for the texts it is told to mishear; counts its batches."""

    name = "ear"

    def __init__(self, engine, mishear=lambda utterance: False):
        self.engine, self.mishear = engine, mishear
        self.batches: list[int] = []

    def transcribe(self, sounds, rate):
        self.batches.append(len(sounds))
        asked = {
            self._key(self.engine.decode([codes])[0]): utterance for utterance, codes in self.engine.spoken
        }
        found = [asked[self._key(sound)] for sound in sounds]
        return ["something else" if self.mishear(each) else each.text for each in found]

    def _key(self, sound):
        return np.rint(sound * 32768).astype(np.int16).tobytes()


class Speaking(FakeEngine):
    """Whose sounds can be told apart, so that an ear can know what was said."""

    def __init__(self, before=()):
        super().__init__()
        self.spoken = list(before)

    def speak(self, utterances):
        speeches = super().speak(utterances)
        self.spoken += [(each, speech.codes) for each, speech in zip(utterances, speeches, strict=True)]
        return speeches

    def _tone(self, codes):
        tone = super()._tone(codes)
        tone[5000:5032] += np.repeat(codes[:2].ravel(), 4)[:32].astype(np.float32) / 8192
        return tone


def render(book, engine, ear=None, **options):
    chosen = RenderOptions(output=book.folder / "out", **options)
    verifier = Verifier(ear) if ear else Verifier()
    return render_jobs(read_jobs([book.script], chosen), engine, chosen, verifier=verifier)


def takes(book):
    store = TakeStore(book.folder / ".csm" / "takes")
    return [store.peek(row.id) for row in store.index.rows()]


def test_a_misheard_line_is_tried_again_and_the_scores_are_kept(book):
    engine = Speaking()
    tried = []

    def mishear(utterance):
        if "seven" in utterance.text and utterance.seed not in tried:
            tried.append(utterance.seed)
        return "seven" in utterance.text and len(tried) < 2

    report = render(book, engine, Ear(engine, mishear))
    assert (report.retried, report.reviews) == (1, [])
    (take,) = [take for take in takes(book) if "seven" in take.asked.written]
    assert take.checked == ("signal", "asr:ear")
    assert take.parts[0].tries == 2
    assert take.parts[0].scores["heard"] == take.parts[0].text


def test_a_line_that_stays_misheard_is_listed_with_what_was_heard(book):
    engine = Speaking()
    ear = Ear(engine, lambda utterance: "seven" in utterance.text)
    report = render(book, engine, ear, retries=1)
    (review,) = report.reviews
    assert review.reasons == ("heard as 'something else'",)
    assert not any("seven" in each.text for asked in engine.asked for each in asked.context)
    again = Speaking(engine.spoken)
    report = render(book, again, Ear(again, lambda utterance: "seven" in utterance.text), retries=1)
    assert again.asked == []
    assert len(report.reviews) == 1
    old = {utterance.seed for utterance, _ in engine.spoken}
    report = render(book, again, Ear(again, lambda utterance: utterance.seed in old), retries=2)
    assert len(again.asked) == 1, "one more try is granted"
    assert report.reviews == []


def test_takes_from_before_are_heard_and_only_bad_ones_spoken_again(book):
    first = Speaking()
    render(book, first)
    assert {take.checked for take in takes(book)} == {("signal",)}
    second = Speaking(first.spoken)
    old = {utterance.seed for utterance, _ in first.spoken}
    ear = Ear(second, lambda utterance: "seven" in utterance.text and utterance.seed in old)
    report = render(book, second, ear)
    assert [asked.text for asked in second.asked] == ["This is line seven of the whole book."]
    assert second.asked[0].seed not in old, "the try before counts"
    assert (report.cached, report.rendered, report.reviews) == (9, 1, [])
    third = Speaking(second.spoken)
    ear = Ear(third)
    render(book, third, ear)
    assert (third.asked, ear.batches) == ([], []), "what was heard once is not heard again"


def test_chapters_are_heard_together(tmp_path, script):
    engine = Speaking()
    ear = Ear(engine)
    options = RenderOptions(output=tmp_path / "out")
    render_jobs(read_jobs([script], options), engine, options, verifier=Verifier(ear))
    assert ear.batches == [len(batch) for batch in engine.batches] == [3, 2, 2]


def test_checks_that_cannot_be_made(book, monkeypatch):
    monkeypatch.setattr("csm_cli.verify.ge2e.installed_weights", lambda: None)
    notes = []
    options = RenderOptions(verify=frozenset({"voice"}))
    assert make_verifier(read_jobs([book.script], options), options, notes.append).checks == ("signal",)
    assert notes == [f"--verify voice is off: {NO_ENCODER}"]
    assert "pip install --no-deps resemblyzer" in NO_ENCODER
    options = RenderOptions(verify=frozenset({"asr"}), asr=str(book.folder / "nothing"))
    with pytest.raises(MissingError, match=r"--verify asr: .*no such recogniser"):
        make_verifier(read_jobs([book.script], options), options, notes.append)


def test_words_of_the_lexicon_may_be_heard_in_any_spelling(book, monkeypatch):
    """Who listens writes down the names that it knows, which sound much like those of the lexicon."""

    class Listener:
        name = "listener"

        def transcribe(self, sounds, rate):
            return ["merlin and garrett walk to the marine gate"]

    monkeypatch.setattr("csm_cli.verify.recognisers.load_recogniser", lambda *given: Listener())
    (book.folder / "lexicon.yaml").write_text("Myfanwy: myrrin\nGareth: gahrik\n")
    options = RenderOptions(output=book.folder / "out", verify=("asr",))
    jobs = read_jobs([book.script], options)
    text = jobs[0].normaliser.normalise("Myfanwy and Gareth walk to the marine gate.", "narrator", 1)
    sound = (0.1 * np.hanning(60000) * np.sin(np.arange(60000) / 20)).astype(np.float32)
    reading = Candidate(text, None, True, sound, 24000, "ann")
    (with_names,) = make_verifier(jobs, options, print).judge([reading])
    (without,) = Verifier(Listener()).judge([reading])
    assert (with_names.reasons, with_names.scores["word_errors"]) == ((), 1)
    assert without.reasons == ("heard as 'merlin and garrett walk to the marine gate'",)
