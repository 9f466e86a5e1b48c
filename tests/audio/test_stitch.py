"""A chapter is its lines, where the timeline has them, at the target level."""

from __future__ import annotations

import time

import numpy as np
import pytest

from csm_cli.audio.level import PRESETS, amplitude, db, limit_peaks, rms, room_tone_loop, static_gain
from csm_cli.audio.mastering import Mastering, Pauses
from csm_cli.audio.resample import resample
from csm_cli.audio.stitch import stitch_chapter
from csm_cli.audio.timeline import Gap, Spoken
from csm_cli.audio.trim import speech_bounds, trim
from csm_cli.core.errors import UsageError

RATE = 24000
PLAIN = Mastering(trim=False, loudness=PRESETS["none"], fade_seconds=0, room_tone_db=None)


def burst(seconds: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 500 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def line(number: int, audio: np.ndarray) -> Spoken:
    return Spoken(f"c01-l{number:03d}", "Ann", f"Line {number}.", number, audio)


def samples(segment) -> np.ndarray:
    return np.frombuffer(segment.raw_data, "<i2").astype(np.float32) / 32768


def speechlike(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise with the spectrum and the syllables of speech, more or less: a crest factor of about 20 dB."""
    random = np.random.default_rng(seed)
    size = int(seconds * RATE)
    noise = np.convolve(random.standard_normal(size), np.hanning(8) / 4, "same")
    return (0.1 * noise * np.abs(np.sin(np.pi * 3 * np.arange(size) / RATE)) ** 3).astype(np.float32)


def test_plain_chapter_is_the_concatenation() -> None:
    first, second = speechlike(0.5, 1), speechlike(0.7, 2)
    parts = [line(1, first), Gap("speaker"), line(2, second), Gap("pause", 0.25), Gap("scene")]
    segment, entries = stitch_chapter(parts, RATE, chapter=3, mastering=PLAIN)
    expected = np.concatenate(
        [silence(0.75), first, silence(0.5), second, silence(0.25), silence(2.0), silence(1.5)]
    )
    assert (segment.frame_rate, segment.channels, segment.sample_width) == (RATE, 1, 2)
    assert samples(segment).size == expected.size
    assert np.abs(samples(segment) - expected).max() <= 0.5 / 32768
    assert [(e.chapter, e.line_id, e.seed, e.start, e.end) for e in entries] == [
        (3, "c01-l001", 1, 0.75, 1.25),
        (3, "c01-l002", 2, 1.75, 2.45),
    ]


def test_entries_are_sample_exact() -> None:
    random = np.random.default_rng(0)
    sizes = random.integers(1, 5000, 200)
    parts = [line(i, np.ones(size, np.float32)) for i, size in enumerate(sizes)]
    segment, entries = stitch_chapter(parts, RATE, Pauses(head=0, tail=0), mastering=PLAIN)
    ends = np.cumsum(sizes)
    assert [entry.samples(RATE) for entry in entries] == list(zip(ends - sizes, ends, strict=True))
    assert samples(segment).size == ends[-1]


def test_model_silence_is_trimmed_and_pauses_are_exact() -> None:
    padded = np.concatenate([silence(0.8), burst(0.5), silence(1.3)])
    _, entries = stitch_chapter([line(1, padded), Gap("line"), line(2, padded)])
    assert entries[0].start == pytest.approx(0.75, abs=1e-6)
    assert entries[0].end - entries[0].start == pytest.approx(0.5, abs=0.006)
    assert entries[1].start - entries[0].end == pytest.approx(0.35, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("line", 0.35), ("speaker", 0.5), ("paragraph", 0.9), ("scene", 2), ("chapter", 1.5)],
)
def test_pauses_by_kind(kind, seconds: float) -> None:
    assert Pauses().seconds(Gap(kind)) == seconds
    assert Pauses().seconds(Gap(kind, 0.1)) == 0.1
    assert Pauses(**{kind: 3.25}).seconds(Gap(kind)) == 3.25


def test_bad_pauses() -> None:
    with pytest.raises(UsageError, match=r"'scene'.*0 to 60"):
        Pauses(scene=-1)
    with pytest.raises(UsageError):
        Pauses(line=float("nan"))
    with pytest.raises(ValueError):
        Gap("pause")
    with pytest.raises(ValueError):
        Gap("line", float("inf"))
    with pytest.raises(ValueError):
        Spoken("a", "b", "c", 0, np.zeros((2, 10), np.float32))


def test_gaps_hold_room_tone() -> None:
    segment, entries = stitch_chapter([line(1, burst(1)), Gap("scene"), line(2, burst(1))])
    audio = samples(segment)
    for begin, end in ((0, 0.5), (entries[0].end, entries[1].start), (entries[1].end, len(segment) / 1000)):
        tone = audio[round(begin * RATE) : round(end * RATE)]
        assert db(rms(tone)) == pytest.approx(-66, abs=1.5)
        assert np.count_nonzero(tone) > 0.9 * tone.size


def test_the_same_lines_give_the_same_bytes() -> None:
    parts = [line(1, speechlike(1)), Gap("line"), line(2, speechlike(2))]
    assert stitch_chapter(parts)[0].raw_data == stitch_chapter(parts)[0].raw_data


def test_lines_given_are_not_changed() -> None:
    audio = speechlike(1)
    before = audio.copy()
    stitch_chapter([line(1, audio)])
    assert np.array_equal(audio, before)


def test_edges_do_not_click() -> None:
    loud = np.full(RATE, 0.5, np.float32)
    segment, _ = stitch_chapter([line(1, loud), Gap("line"), line(2, loud)])
    assert np.abs(np.diff(samples(segment))).max() < 0.02


@pytest.mark.parametrize(
    "parts", [[], [Gap("scene")], [line(1, np.zeros(0, np.float32))], [line(1, silence(1))]]
)
def test_chapters_without_sound(parts) -> None:
    segment, entries = stitch_chapter(parts)
    assert db(rms(samples(segment))) == pytest.approx(-66, abs=1.5)
    assert len(entries) == sum(isinstance(part, Spoken) for part in parts)


def test_no_head_no_tail_no_gaps() -> None:
    padded = np.concatenate([silence(0.2), burst(0.5), silence(0.2)])
    segment, entries = stitch_chapter([line(1, padded), line(2, padded)], RATE, Pauses(head=0, tail=0))
    assert entries[0].start == 0 and entries[1].start == entries[0].end
    assert samples(segment).size == entries[1].samples(RATE)[1]


def test_time_is_linear() -> None:
    audio = burst(0.2)

    def seconds(lines: int) -> float:
        parts = [part for i in range(lines) for part in (line(i, audio), Gap("line", 0.1))]
        times = []
        for _ in range(3):
            began = time.process_time()
            stitch_chapter(parts)
            times.append(time.process_time() - began)
        return min(times)

    # Four times the lines: about 4 times as long; adding up pydub segments one by one takes 16 times.
    assert seconds(1600) < 10 * seconds(400)


@pytest.mark.parametrize("gain", [0.15, 0.5, 1.0, 3.0])
def test_chapters_reach_one_level_whatever_they_were(gain: float) -> None:
    parts: list[Spoken | Gap] = []
    for number in range(6):
        parts += [line(number, speechlike(3, number) * np.float32(gain)), Gap("line")]
    audio = samples(stitch_chapter(parts)[0])
    assert db(rms(audio)) == pytest.approx(-20.5, abs=0.5)
    assert db(np.abs(audio).max()) <= -3.49
    assert db(np.abs(resample(audio, 1, 4)).max()) < -3.1  # between the samples, too


def test_one_gain_for_all_lines() -> None:
    soft, loud = burst(1, 0.05), burst(1, 0.2)
    segment, (first, second) = stitch_chapter([line(1, soft), Gap("line"), line(2, loud)])
    audio = samples(segment)
    levels = [rms(audio[round(e.start * RATE) + 500 : round(e.end * RATE) - 500]) for e in (first, second)]
    assert levels[1] / levels[0] == pytest.approx(4, rel=0.01)


def test_gain_leaves_silence_alone_and_gives_way_to_clicks() -> None:
    assert static_gain(float("-inf"), 0.0, -20.5, -3) == 1
    assert db(static_gain(-60, 0.5, -20.5, -3) * 0.5) == pytest.approx(6)  # 9 dB above -3, and no more
    assert db(static_gain(-60, 0.001, -20.5, None)) == pytest.approx(30)  # no more than that is made louder


def test_limiter_touches_only_what_is_near_a_peak() -> None:
    audio = burst(2, 0.3)
    audio[RATE] = 0.95
    limited = audio.copy()
    limit_peaks(limited, RATE, -3)
    assert np.abs(limited).max() <= amplitude(-3) + 1e-6
    reach = round(0.0165 * RATE)
    assert np.array_equal(limited[: RATE - reach], audio[: RATE - reach])
    assert np.array_equal(limited[RATE + reach :], audio[RATE + reach :])


def test_trim_never_cuts_speech() -> None:
    """A soft start, 35 dB below the vowels, is kept; silence beyond 30 ms is not."""
    soft, loud = burst(0.1, 0.5 * amplitude(-35)), burst(0.4, 0.5)
    hiss = 0.0002 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    audio = np.concatenate([hiss, soft, loud, soft, hiss])
    start, end = speech_bounds(audio, RATE)
    assert RATE - 120 <= start <= RATE
    assert audio.size - RATE <= end <= audio.size - RATE + 120
    assert trim(audio, RATE).size == end - start + 2 * 720


@pytest.mark.parametrize(
    "audio", [np.zeros(0, np.float32), silence(0.5), burst(0.001), silence(0.5) + 0.0001]
)
def test_trim_gives_silence_back_whole(audio: np.ndarray) -> None:
    assert trim(audio, RATE).size == audio.size


def test_tone_loops_without_a_seam() -> None:
    loop = room_tone_loop(RATE, -66.0)
    assert db(rms(loop)) == pytest.approx(-66, abs=0.01)
    seam = abs(float(loop[0]) - float(loop[-1]))
    assert seam <= np.abs(np.diff(loop)).max()
    assert not np.array_equal(loop, room_tone_loop(RATE, -66.0, seed=1))
