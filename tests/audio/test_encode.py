"""Files as written, decoded again by ffmpeg and soundfile: sound, places, tags, names."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.audio.ffmpeg import audio_segment, find_ffmpeg
from csm_cli.audio.files import read_audio
from csm_cli.audio.level import db, rms
from csm_cli.audio.stitch import stitch_chapter
from csm_cli.audio.timeline import ChapterTimeline, Gap, Spoken, Timeline
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.delivery.book import chapter_stem, slug
from csm_cli.delivery.encode import export_chapter
from csm_cli.delivery.formats import check_formats
from csm_cli.delivery.tags import Tags

RATE = 24000
TAGS = Tags(title="Ankunft; = Ü\\1 #", album="The Book", artist="A. Author", track=3)


def bursts() -> list[Spoken | Gap]:
    """Eight tone bursts with the silence that a model leaves around its lines, and gaps of every kind."""
    random = np.random.default_rng(0)
    parts: list[Spoken | Gap] = []
    for number, kind in enumerate(
        ["chapter", "line", "speaker", "paragraph", "scene", "line", "speaker", "line"]
    ):
        seconds = random.uniform(0.3, 0.8)
        sound = 0.4 * np.sin(2 * np.pi * 600 * np.arange(int(seconds * RATE)) / RATE)
        audio = np.pad(sound, tuple(random.integers(0, 15000, 2))).astype(np.float32)
        parts += [Spoken(f"c01-l{number:03d}", "Ann", "Beep.", number, audio), Gap(kind)]  # type: ignore[arg-type]
    return parts


def sounding(audio: np.ndarray, rate: int) -> list[tuple[float, float]]:
    """(onset, end) in seconds of every stretch of sound, to 5 ms; breaks under 0.1 s do not count."""
    frame = round(0.005 * rate)
    envelope = np.abs(audio[: audio.size // frame * frame]).reshape(-1, frame).max(axis=1)
    loud = np.flatnonzero(envelope > 0.1 * envelope.max())
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > 20) + 1)
    return [(group[0] * frame / rate, (group[-1] + 1) * frame / rate) for group in groups]


@pytest.mark.parametrize(
    ("name", "rate"),
    [("wav", 24000), ("flac", 24000), ("ogg", 24000), ("mp3", 44100), ("opus", 48000), ("aac", 44100)],
)
def test_lines_lie_where_the_timeline_has_them(tmp_path: Path, name: str, rate: int) -> None:
    segment, entries = stitch_chapter(bursts())
    (path,) = export_chapter(segment, tmp_path, "01-beeps", [name], TAGS)
    assert path.stem == "01-beeps"
    audio = read_audio(path, rate)
    assert audio.size / rate == pytest.approx(segment.frame_count() / RATE, abs=0.06)
    spans = sounding(audio, rate)
    assert len(spans) == len(entries)
    for entry, (onset, end) in zip(entries, spans, strict=True):
        assert onset == pytest.approx(entry.start, abs=0.02)
        assert end == pytest.approx(entry.end, abs=0.02)
    assert db(np.abs(audio).max()) < -3
    assert -23 < db(rms(audio)) < -18
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]  # nothing temporary is left


@pytest.mark.parametrize("name", ["flac", "mp3"])
def test_tags_and_stream(tmp_path: Path, name: str) -> None:
    segment, _ = stitch_chapter(bursts()[:2])
    (path,) = export_chapter(segment, tmp_path, "03", [name], TAGS)
    said = subprocess.run(
        [find_ffmpeg(), "-hide_banner", "-i", str(path)], capture_output=True
    ).stderr.decode()
    tags = {key.lower(): value for key, value in re.findall(r"^ {4}(\w+) *: (.*?) *$", said, re.M)}
    assert tags["title"] == TAGS.title and tags["album"] == "The Book" and tags["artist"] == "A. Author"
    assert tags["track"] == "3" and tags["comment"] == "AI-narrated"
    assert ("44100 Hz, mono" in said and "192 kb/s" in said) if name == "mp3" else "24000 Hz, mono" in said


def test_wav_and_flac_hold_the_segment(tmp_path: Path) -> None:
    segment, _ = stitch_chapter(bursts()[:4])
    for path in export_chapter(segment, tmp_path / "new" / "folder", "01", ["wav", "flac"]):
        assert np.array_equal(
            np.rint(read_audio(path) * 32768).astype(np.int16), np.frombuffer(segment.raw_data, np.int16)
        )


def test_other_segments_are_converted(tmp_path: Path) -> None:
    stereo = audio_segment().silent(duration=300, frame_rate=RATE).set_channels(2).set_sample_width(4)
    (path,) = export_chapter(stereo, tmp_path, "01", ["wav"])
    assert read_audio(path).size == 7200


def test_formats_are_checked_before_work() -> None:
    assert check_formats(["WAV", "mp3", ".flac", "wav"]) == ("wav", "mp3", "flac")
    with pytest.raises(UsageError, match="'aiff'; choose from wav, flac, mp3, opus, aac, m4b"):
        check_formats(["wav", "aiff"])
    with pytest.raises(UsageError, match="no format"):
        check_formats([])


def test_ffmpeg_without_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_cli.delivery.formats.encoders", lambda: frozenset({"aac"}))
    with pytest.raises(MissingError, match="libmp3lame"):
        check_formats(["mp3"])
    assert check_formats(["wav"]) == ("wav",)
    assert check_formats(["m4a", "M4B"]) == ("aac", "m4b")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    segment, _ = stitch_chapter([])
    for name in ("wav", "flac", "mp3"):
        with pytest.raises(CsmError, match="cannot be written"):
            export_chapter(segment, tmp_path / "file", "01", [name])


def test_pydub_has_the_converter() -> None:
    assert audio_segment().converter == find_ffmpeg()


def test_timeline_json(tmp_path: Path) -> None:
    segment, entries = stitch_chapter(bursts(), chapter=2)
    duration = segment.frame_count() / RATE
    chapter = ChapterTimeline(2, "Über", "02-uber.wav", duration, tuple(entries), ("02-uber.mp3",))
    path = Timeline("Book", RATE, (chapter,)).write(tmp_path / "timeline.json")
    value = json.loads(path.read_text(encoding="utf-8"))
    assert (value["schema"], value["title"], value["sample_rate"]) == (2, "Book", RATE)
    (written,) = value["chapters"]
    assert written["files"] == ["02-uber.wav", "02-uber.mp3"] and written["title"] == "Über"
    assert written["samples"] == segment.frame_count()
    assert len(written["lines"]) == len(entries)
    for row, entry in zip(written["lines"], entries, strict=True):
        assert set(row) == {
            *("id", "chapter", "speaker", "text", "seed", "start", "end", "start_sample", "end_sample"),
            *("new_paragraph", "takes"),
        }
        assert row["id"] == entry.line_id and row["chapter"] == 2
        assert abs(row["start"] * RATE - row["start_sample"]) < 0.03


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Arrival", "arrival"),
        ("  The Lighthouse-Keeper's Tale! ", "the-lighthouse-keepers-tale"),
        ("Ærøskøbing & Łódź, größer", "aeroskobing-lodz-grosser"),
        ("../../etc/passwd", "etc-passwd"),
        ("第一章", "chapter"),
        ("", "chapter"),
    ],
)
def test_slugs(title: str, name: str) -> None:
    assert slug(title) == name


@given(st.text(max_size=200))
def test_any_title_makes_a_file_name(title: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(title))
    assert len(slug(title)) <= 48


def test_stems_are_unique_and_in_order() -> None:
    stems = [chapter_stem(number, "Same", 120) for number in range(1, 121)]
    assert stems == sorted(set(stems)) and stems[0] == "001-same"
    assert chapter_stem(1, "Arrival") == "01-arrival"
