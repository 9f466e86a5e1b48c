"""The GE2E encoder: its arithmetic beside the package's own, and what it makes of real voices."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.files import read_audio
from csm_cli.core.errors import MissingError
from csm_cli.verify import Candidate, Verifier
from csm_cli.verify.ge2e import GE2E, installed_weights, mel_bands
from csm_cli.verify.speaker import RATE, VoiceLikeness, load_encoder, speech_alone
from csm_cli.voices.registry import VoiceRegistry

needs_weights = pytest.mark.skipif(installed_weights() is None, reason="resemblyzer is not installed")


def clips() -> dict[str, Path]:
    return {voice.name: voice.audio for voice in VoiceRegistry().all() if voice.audio}


@pytest.fixture(scope="module")
def encoder() -> GE2E:
    weights = installed_weights()
    assert weights is not None
    return GE2E(weights)


@needs_weights
@pytest.mark.parametrize("seconds", [1.6, 2.0, 3.1, 5.0])
def test_it_computes_what_the_package_computes(encoder, seconds):
    try:
        theirs = importlib.import_module("resemblyzer")
    except ImportError as error:  # it lacks what it depends on, which csm does not need
        pytest.skip(str(error))
    speech = read_audio(next(iter(clips().values())), RATE)[: round(seconds * RATE)]
    bands = theirs.audio.wav_to_mel_spectrogram(speech)
    assert np.abs(mel_bands(speech) - bands).max() < 1e-5 * bands.max()
    expected = theirs.VoiceEncoder("cpu", verbose=False).embed_utterance(speech)
    assert encoder.embed(speech) == pytest.approx(expected, abs=1e-5)


@needs_weights
def test_a_vector_has_length_one_for_speech_of_any_length(encoder):
    speech = read_audio(next(iter(clips().values())), RATE)
    for samples in (1, 400, RATE // 2, RATE, 2 * RATE):
        vector = encoder.embed(speech[:samples])
        assert vector.shape == (256,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@needs_weights
def test_half_of_a_clip_is_nearest_to_the_other_half(encoder):
    halves = {}
    for name, clip in clips().items():
        speech = speech_alone(read_audio(clip, RATE))
        halves[name] = [encoder.embed(part) for part in np.array_split(speech, 2)]
    for name, (first, _) in halves.items():
        assert max(halves, key=lambda other: first @ halves[other][1]) == name


@needs_weights
def test_the_level_of_a_take_and_its_silence_do_not_count():
    clip = next(iter(clips().values()))
    likeness = VoiceLikeness(load_encoder(), {"own": clip})
    sound = read_audio(clip, RATE)
    assert likeness.similarities(sound, RATE)["own"] == pytest.approx(1, abs=1e-4)
    soft = np.concatenate([np.zeros(RATE, np.float32), sound * 0.01, np.zeros(3 * RATE, np.float32)])
    assert likeness.similarities(soft, RATE)["own"] > 0.98
    assert likeness.similarities(sound[: RATE // 2], RATE) == {}, "too short"


@needs_weights
def test_a_take_in_another_voice_of_the_cast_is_reported():
    voices = dict(list(clips().items())[:2])
    verifier = Verifier(likeness=VoiceLikeness(load_encoder(), voices))
    assert verifier.checks == ("signal", "voice:ge2e")
    (first, other), rate = list(voices), 24_000
    sound = read_audio(voices[first], rate)
    good, bad = verifier.judge(
        [Candidate("A text.", None, True, sound, rate, voice) for voice in (first, other)]
    )
    assert not [reason for reason in good.reasons if "sounds" in reason]
    assert [reason for reason in bad.reasons if reason.startswith(f"sounds more like {first}")]


@pytest.mark.parametrize("data", [None, b"", b"no checkpoint"])
def test_weights_that_cannot_be_read_are_one_line(tmp_path, data):
    path = tmp_path / "weights.pt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(MissingError, match=r"weights cannot be read.*pretrained\.pt") as error:
        load_encoder(path)
    assert "\n" not in str(error.value)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    import torch

    torch.save({"model_state": {"lstm.weight_ih_l0": torch.zeros(2, 2)}}, tmp_path / "other.pt")
    with pytest.raises(MissingError, match="weights cannot be read"):
        load_encoder(tmp_path / "other.pt")


def test_silence_is_left_out():
    time = np.arange(RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 200 * time)).astype(np.float32)
    sound = np.concatenate([np.zeros(RATE, np.float32), tone, np.zeros(RATE, np.float32)])
    assert speech_alone(sound).size / RATE == pytest.approx(1.2, abs=0.1)
    assert speech_alone(np.zeros(RATE, np.float32)).size == 0
    assert speech_alone(np.zeros(3, np.float32)).size == 0
    for gain in (0.001, 1):
        level = np.sqrt(np.mean(speech_alone(gain * tone) ** 2))
        assert level == pytest.approx(10 ** (-20 / 20), rel=1e-3)
