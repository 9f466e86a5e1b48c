"""Voices compared by an embedding model from a local folder: a tiny random one."""

from pathlib import Path

import numpy as np
import pytest

from csm_cli.core.errors import MissingError
from csm_cli.verify import Candidate, Verifier
from csm_cli.verify.speaker import (
    MEASURED,
    Bounds,
    VoiceLikeness,
    XVectorEncoder,
    bounds_of,
    foreign,
    load_encoder,
)
from csm_cli.voices.registry import VoiceRegistry

RATE = 24_000


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForXVector

    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(16, 16),
        conv_kernel=(20, 10),
        conv_stride=(10, 10),
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        tdnn_dim=(16, 16),
        tdnn_kernel=(3, 1),
        tdnn_dilation=(1, 1),
        xvector_output_dim=8,
    )
    folder = tmp_path_factory.mktemp("speaker") / "tiny"
    Wav2Vec2ForXVector(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def test_a_voice_is_nearest_to_its_own_recording(model):
    voices = {name: VoiceRegistry().get(name).audio for name in ("heart", "fenrir")}
    likeness = VoiceLikeness(XVectorEncoder(model), voices)
    from csm_cli.audio.files import read_audio

    for name, clip in voices.items():
        found = likeness.similarities(read_audio(clip, RATE), RATE)
        assert found[name] == pytest.approx(1.0, abs=1e-3)
        assert found[name] == max(found.values())
    assert likeness.similarities(np.zeros(1000, np.float32), RATE) == {}
    assert likeness.name == "tiny"


def test_a_take_in_another_voice_is_reported():
    assert foreign("heart", {"heart": 0.8, "fenrir": 0.7}) is None
    assert foreign("heart", {"heart": 0.79, "fenrir": 0.8}) is None, "too near to decide"
    assert (
        foreign("heart", {"heart": 0.6, "fenrir": 0.8}) == "sounds more like fenrir (0.80) than heart (0.60)"
    )
    assert foreign("heart", {"heart": 0.1}) == "sounds unlike heart (0.10)"
    assert foreign("heart", {"fenrir": 0.9}) is None, "a voice without a recording cannot be judged"


def test_bounds_widen_for_what_says_little():
    near = {"heart": 0.60, "fenrir": 0.68}
    assert foreign("heart", near, Bounds(0.5, 0.1)) is None
    assert foreign("heart", near, Bounds(0.5, 0.05)) == "sounds more like fenrir (0.68) than heart (0.60)"
    assert foreign("heart", near, Bounds(0.65, 0.1)) == "sounds unlike heart (0.60)"


def test_bounds_tighten_with_the_seconds_of_speech():
    found = [bounds_of("ge2e", seconds) for seconds in (0.7, 1.2, 2.0, 4.0, 8.0, 60.0)]
    assert [each.floor for each in found] == sorted(each.floor for each in found)
    assert [each.margin for each in found] == sorted((each.margin for each in found), reverse=True)
    assert bounds_of("ge2e", 1e9) == MEASURED["ge2e"][-1][1]
    assert bounds_of("some x-vector model", 0.7) == bounds_of("some x-vector model", 60.0) == Bounds()


def test_a_voice_whose_clip_says_too_little_is_not_judged(model, tmp_path):
    from csm_cli.audio.files import read_audio, write_wav

    clip = VoiceRegistry().get("heart").audio
    write_wav(tmp_path / "short.wav", read_audio(clip, RATE)[: RATE // 4])
    likeness = VoiceLikeness(XVectorEncoder(model), {"heart": clip, "short": tmp_path / "short.wav"})
    assert list(likeness.similarities(read_audio(clip, RATE), RATE)) == ["heart"]


def test_the_verifier_uses_it(monkeypatch):
    class Ear:
        name = "ear"

        def similarities(self, sound, rate):
            return {"ann": 0.9, "bob": 0.2}

    time = np.arange(RATE) / RATE
    sound = (0.3 * np.sin(2 * np.pi * 200 * time)).astype(np.float32)
    sound[-600:] = 0
    readings = [Candidate("Hello there, you.", None, True, sound, RATE, voice) for voice in ("ann", "bob")]
    verifier = Verifier(likeness=Ear())
    assert verifier.checks == ("signal", "voice:ear")
    good, bad = verifier.judge(readings)
    assert (good.reasons, good.scores) == ((), {"voice_similarity": 0.9})
    assert bad.reasons == ("sounds more like ann (0.90) than bob (0.20)",)
    assert good.badness < bad.badness


def test_a_missing_model_is_reported_in_one_line(tmp_path):
    with pytest.raises(MissingError, match=r"the speaker model cannot be loaded .*x-vector") as error:
        load_encoder(tmp_path / "none")
    assert "\n" not in str(error.value)
