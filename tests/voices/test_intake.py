"""From recordings to clips: cut, trimmed, levelled, measured; refused where nobody speaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.ffmpeg import run_ffmpeg
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.voices.intake import LEVEL_DB, MARGIN_SECONDS, PEAK_DB, prepare, warnings
from csm_cli.voices.quality import SQUARE, clipped_share, reverberation, squareness
from csm_cli.voices.speech_detection import voice_activity
from tests.voices.sounds import RATE, echoing, music, noise, speech, speech_at, written


@pytest.mark.parametrize("gain", [0.02, 0.5, 2.5])
def test_the_level_is_always_the_same(tmp_path: Path, gain: float) -> None:
    clip = prepare(written(tmp_path / "a.wav", speech() * gain + 0.01, subtype="FLOAT"))
    assert voice_activity(clip.audio, RATE).speech_db == pytest.approx(LEVEL_DB, abs=0.3)
    assert np.abs(clip.audio).max() <= 10 ** (PEAK_DB / 20) + 1e-4
    assert abs(clip.audio.mean()) < 1e-4
    assert clip.audio.dtype == np.float32 and clip.audio.ndim == 1


def test_the_edges_are_trimmed_and_the_rest_is_left(tmp_path: Path) -> None:
    silence = np.zeros(2 * RATE, np.float32)
    clip = prepare(written(tmp_path / "a.wav", np.concatenate([silence, speech(), silence])))
    begin, end = voice_activity(speech(), RATE).bounds()
    assert clip.audio.size / RATE == pytest.approx((end - begin) / 100 + 2 * MARGIN_SECONDS, abs=0.1)
    assert clip.audio[0] == clip.audio[-1] == 0
    assert not clip.shortened and clip.notes == ()


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000, 96_000])
def test_any_rate_comes_out_as_the_same_voice(tmp_path: Path, rate: int) -> None:
    clip = prepare(written(tmp_path / "a.wav", speech_at(rate), rate))
    wanted = prepare(written(tmp_path / "b.wav", speech()))
    assert abs(clip.audio.size - wanted.audio.size) < 0.05 * RATE
    assert ("Hz" in " ".join(warnings(clip))) == (rate < 16_000)
    low = (
        np.abs(np.fft.rfft(clip.audio, 1 << 18))[: (1 << 18) // 8],
        np.abs(np.fft.rfft(wanted.audio, 1 << 18))[: (1 << 18) // 8],
    )
    assert np.corrcoef(*low)[0, 1] > 0.98


def test_too_long_is_cut_within_a_pause(tmp_path: Path) -> None:
    pause = np.zeros(RATE // 2, np.float32)
    parts = [
        part for name in ("heart", "michael", "george", "fenrir", "bella") for part in (speech(name), pause)
    ]
    path = written(tmp_path / "a.wav", np.concatenate(parts))
    two = sum(part.size for part in parts[:3]) / RATE
    clip = prepare(path, seconds=two + 0.4)
    assert clip.shortened
    assert clip.audio.size / RATE == pytest.approx(two, abs=0.3)
    assert "of it are used, from 0.0 s" in clip.notes[0]
    assert prepare(path).audio.size / RATE <= 30
    picked = prepare(path, pick=True)
    assert 5 <= picked.audio.size / RATE <= 15.1 and picked.shortened


def test_the_best_stretch_is_picked(tmp_path: Path) -> None:
    pause = np.zeros(RATE // 2, np.float32)
    noisy = speech("michael") + noise(speech("michael").size / RATE, 0.03)
    driven = np.clip(speech("george") * 12, -0.4, 0.4)
    path = written(tmp_path / "a.wav", np.concatenate([noisy, pause, driven, pause, speech("heart")]))
    picked = prepare(path, seconds=7, pick=True)
    wanted = prepare(written(tmp_path / "b.wav", speech("heart")))
    assert abs(picked.audio.size - wanted.audio.size) < 0.3 * RATE
    assert picked.quality.clipped == 0 and picked.quality.speech_to_noise_db > 25


def test_without_a_pause_it_is_cut_all_the_same_and_said(tmp_path: Path) -> None:
    voiced = speech()[voice_activity(speech(), RATE).active.repeat(240)[: speech().size]]
    clip = prepare(written(tmp_path / "a.wav", np.tile(voiced, 3)), seconds=4)
    assert clip.audio.size <= 4 * RATE
    assert any("no pause" in note for note in clip.notes)


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (speech()[:12_000], "0.50 s long, under 1 s"),
        (np.zeros(2 * RATE, np.float32), "is silent"),
        (np.full(2 * RATE, 0.25, np.float32), "is silent"),  # a constant is no sound either
        (np.concatenate([np.zeros(3 * RATE), speech()[4000:16_000], np.zeros(3 * RATE)]), "of speech, under"),
        (noise(5), "no speech"),
        *((music(kind), "no speech") for kind in ("chord", "tune", "song", "hum")),
    ],
)
def test_refused(tmp_path: Path, sound: np.ndarray, words: str) -> None:
    path = written(tmp_path / "a.flac", sound)
    with pytest.raises(UsageError, match=words) as raised:
        prepare(path)
    assert str(raised.value).startswith(f"{path}: ") and "\n" not in str(raised.value)


def test_missing_broken_and_out_of_bounds(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such audio file"):
        prepare(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("words, not sound")
    with pytest.raises(UsageError, match="not audio"):
        prepare(tmp_path / "text.wav")
    for seconds in (0.5, 31, float("nan")):
        with pytest.raises(UsageError, match="--seconds"):
            prepare(written(tmp_path / "a.wav", speech()), seconds=seconds)


@pytest.mark.parametrize("name", ["heart", "michael", "george", "fenrir", "bella"])
def test_a_good_clip_has_no_warnings(tmp_path: Path, name: str) -> None:
    assert warnings(prepare(written(tmp_path / "a.wav", speech(name)))) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda sound: sound + noise(sound.size / RATE, 0.008)[: sound.size], "noisy"),
        (lambda sound: np.clip(sound * 8, -0.5, 0.5), "overdriven"),
        (lambda sound: echoing(sound, 0.9), "the room is heard"),
        (lambda sound: sound * 0.05, "recorded very low"),
        (lambda sound: sound[: 2 * RATE], "only 2.0 s long"),
        (lambda sound: sound + noise(sound.size / RATE, 0.03)[: sound.size], "hardly a pause"),
        (lambda sound: np.concatenate([sound, np.zeros(8 * RATE), sound]), "of it is speech"),
    ],
)
def test_warnings(tmp_path: Path, change, words: str) -> None:
    clip = prepare(written(tmp_path / "a.wav", change(speech()).astype(np.float32), subtype="FLOAT"))
    assert any(words in warning for warning in warnings(clip)), warnings(clip)


def test_reverberation_grows_with_the_room() -> None:
    found = [reverberation(echoing(speech(), seconds), RATE) or 9 for seconds in (0.1, 0.4, 0.8, 1.6)]
    assert found == sorted(found)
    assert found[0] < 0.35 < 0.45 < found[2]
    assert reverberation(np.zeros(RATE), RATE) is None


def test_clipping_is_distinguished_from_a_loud_voice() -> None:
    assert clipped_share(speech()) == 0
    assert clipped_share(speech() * 30) == 0, "a float recording beyond full scale can be turned down"
    assert clipped_share(np.clip(speech() * 8, -0.5, 0.5)) > 0.05
    assert clipped_share(np.zeros(0)) == clipped_share(np.zeros(9)) == 0


@pytest.mark.parametrize("name", ["heart", "michael", "george", "bella"])
def test_what_was_overdriven_is_found_after_coding(tmp_path: Path, name: str) -> None:
    driven = (np.clip(speech(name) * 12, -0.9, 0.9) * 20_000).astype("<i2").tobytes()
    path = tmp_path / "a.mp3"
    source = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0", "-b:a", "64k"]
    run_ffmpeg([*source, f"file:{path}"], driven, where=str(path))
    clip = prepare(path)
    assert clip.quality.clipped == 0 and "squared off" in dict(clip.quality.rows())["clipping"]
    assert any("overdriven before" in warning for warning in warnings(clip))
    pressed = np.tanh(2 * speech(name) / np.abs(speech(name)).max())
    assert squareness(pressed, RATE) < SQUARE, "a strong compressor is not taken for it"


def test_a_gated_recording_does_not_hide_its_noise(tmp_path: Path) -> None:
    pause = np.zeros(RATE // 2, np.float32)
    noisy = speech("michael") + noise(speech("michael").size / RATE, 0.02)
    path = written(tmp_path / "a.wav", np.concatenate([noisy, pause, speech("michael"), pause, noisy]))
    picked = prepare(path, seconds=8, pick=True)
    assert picked.quality.speech_to_noise_db > 22, picked.notes


def test_only_the_beginning_of_a_very_long_recording_is_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("csm_cli.voices.intake.LOOKED_AT_SECONDS", 12.0)
    clip = prepare(written(tmp_path / "a.wav", np.tile(speech(), 6)), seconds=10)
    assert "only the first" in clip.notes[0]
    assert clip.quality.source_seconds == pytest.approx(6 * speech().size / RATE, abs=0.1)
    with pytest.raises(CsmError):
        prepare(written(tmp_path / "b.wav", np.concatenate([np.zeros(13 * RATE), speech()])))


def test_what_breaks_off_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path / "a.flac", np.tile(speech(), 2))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip = prepare(path)
    assert clip.quality.seconds < 7
    assert f"of its {2 * speech().size / RATE:.1f} s can be read" in clip.notes[0]
