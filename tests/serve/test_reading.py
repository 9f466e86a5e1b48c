"""From a text to sound: as `csm say` speaks it, in both modes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.level import DEFAULT_LOUDNESS, db, rms
from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.core.types import Speech, Utterance
from csm_cli.engine import Engine
from csm_cli.rendering.models import limits_of
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.say import Saying
from csm_cli.serve.app import Service
from csm_cli.serve.reading import Ask
from csm_cli.web.errors import ApiError

TEXT = "It was a bright cold day in April.\n\nThe clocks were striking thirteen, all of them."


@pytest.fixture(scope="module")
def spoken(demo: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The embedded voice, started."""
    service = Service(demo, 2, limits=limits_of(DEMO_CHECKPOINT), project=tmp_path_factory.mktemp("project"))
    service.start()
    yield service
    service.close()


def sound(service: Service, ask: Ask) -> np.ndarray:
    return np.concatenate(list(service.reader.read(ask).blocks()))


def test_checked_is_what_csm_say_says(spoken: Service, demo: Engine, tmp_path: Path) -> None:
    """The same words at the same places; the level follows from the first piece, not from the whole."""
    segment, _ = Saying(TEXT, "george", tmp_path).speak(demo, RenderOptions())
    wanted = np.array(segment.get_array_of_samples()) / 32768
    found = sound(spoken, Ask(TEXT, "george"))
    assert len(found) == pytest.approx(len(wanted), abs=240)
    size = min(len(found), len(wanted))
    assert np.corrcoef(found[:size], wanted[:size])[0, 1] > 0.99
    assert db(rms(found)) == pytest.approx(db(rms(wanted)), abs=1.5)


def test_frames_are_the_same_speech_at_about_the_same_level(
    spoken: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken.reader, "_options", RenderOptions(retries=0))
    checked, frames = (sound(spoken, Ask(TEXT, "emma", mode=mode)) for mode in ("checked", "frames"))
    assert len(frames) == pytest.approx(len(checked), abs=2400)
    assert db(rms(frames)) == pytest.approx(db(rms(checked)), abs=2)
    assert np.abs(frames).max() <= 10 ** (DEFAULT_LOUDNESS.ceiling_db / 20) + 1e-6


def test_frames_come_from_the_fourth_on(spoken: Service) -> None:
    """The first block is there when few of the frames are, and the others follow."""
    reading = spoken.reader.read(Ask(TEXT, mode="frames"))
    before = spoken.thread.frames
    blocks = reading.blocks()
    first = next(blocks)
    assert 0.05 < len(first) / 24_000 < 0.8
    rest = list(blocks)
    assert len(rest) > 6
    assert spoken.thread.frames - before == reading.frames > 40


class Recording:
    """An engine thread in between that notes what it is asked for; the first tries of a text may fail."""

    def __init__(self, thread, fail: int = 0):
        self.thread, self.fail, self.asked = thread, fail, []

    def submit(self, utterance: Utterance, on_frames, on_done):
        self.asked.append(utterance)

        def done(what) -> None:
            if isinstance(what, Speech) and len(self.asked) <= self.fail:
                what = Speech(what.codes[:1], True)
            on_done(what)

        return self.thread.submit(utterance, on_frames, done)

    def cancel(self, job) -> None:
        self.thread.cancel(job)


def test_sentences_have_those_before_them_as_context_after_the_voice(
    spoken: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(spoken.thread)
    monkeypatch.setattr(spoken.reader, "thread", recording)
    sound(spoken, Ask(TEXT + "\n\nThe end.", "sarah", seed=5))
    texts = [[segment.text for segment in each.context] for each in recording.asked]
    voice = texts[0][0]
    assert len(texts[0]) == 1 and "bright" not in voice
    assert texts[1] == [voice, recording.asked[0].text]
    assert texts[2] == [voice, recording.asked[0].text, recording.asked[1].text]
    assert len({each.seed for each in recording.asked}) == 3


def test_a_bad_try_is_spoken_again_and_not_sent(spoken: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    good = sound(spoken, Ask("A bright cold day."))
    recording = Recording(spoken.thread, fail=1)
    monkeypatch.setattr(spoken.reader, "thread", recording)
    again = sound(spoken, Ask("A bright cold day."))
    assert len(recording.asked) >= 2 and recording.asked[0].seed != recording.asked[1].seed
    assert len(again) > 0.6 * len(good) and rms(again) > 0.02


def test_a_request_changes_sampler_and_seed_for_itself_alone(
    spoken: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(spoken.thread)
    monkeypatch.setattr(spoken.reader, "thread", recording)
    for ask in (Ask("Hello there."), Ask("Hello there.", seed=7, temperature=0.1), Ask("Hello there.")):
        sound(spoken, replace(ask, mode="frames"))
    first, second, third = recording.asked
    assert second.sampler.temperature == 0.1 and second.seed != first.seed
    assert (third.seed, third.sampler) == (first.seed, first.sampler)


def test_what_the_model_cannot_say_is_said(spoken: Service) -> None:
    with pytest.raises(ApiError, match="can say nothing of this"):
        spoken.reader.read(Ask("Привет"))
    with pytest.raises(ApiError, match="nothing to say"):
        spoken.reader.read(Ask("…"))
    assert spoken.reader.read(Ask("Hello Мир")).unspoken == "Мир"


def test_a_lexicon_of_the_folder_counts(
    spoken: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lexicon.yaml").write_text("Xyzzy: zizzy\n")
    monkeypatch.setattr(spoken.reader, "project", tmp_path)
    assert spoken.reader.read(Ask("Xyzzy went home.")).chain.lines[0].parts == ("zizzy went home.",)
