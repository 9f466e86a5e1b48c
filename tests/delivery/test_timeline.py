"""`timeline.json` against its schema and against the sound; sounds and beds in their places."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import csm_cli.delivery
from csm_cli.audio.disk_buffer import BLOCK, DiskBuffer
from csm_cli.audio.level import PRESETS, Loudness, amplitude, db, parse_loudness, rms
from csm_cli.audio.mastering import Mastering, Pauses
from csm_cli.audio.stitch import mix_chapter, stitch_chapter
from csm_cli.audio.timeline import Bed, BedEnd, Gap, Sound, Spoken
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.delivery.book import Book
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import Delivery, check_extras, parse_pauses, parse_tone
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, chapter, line, tone

SCHEMA = json.loads((Path(csm_cli.delivery.__file__).parent / "timeline.schema.json").read_text())
RAW = Mastering(trim=False, loudness=PRESETS["none"], fade_seconds=0, room_tone_db=None)


def samples(segment) -> np.ndarray:
    return np.frombuffer(segment.raw_data, "<i2").astype(np.float32) / 32768


def band(audio: np.ndarray, pitch: float) -> float:
    """The amplitude of a tone within `audio`."""
    time = np.arange(audio.size) / RATE
    return 2 * float(np.abs(np.mean(audio * np.exp(-2j * np.pi * pitch * time))))


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    path = tmp_path / "bell.wav"
    soundfile.write(path, 0.25 * np.sin(2 * np.pi * 2000 * np.arange(2 * RATE) / RATE), RATE)
    return path


def test_it_holds_everything_and_fits_its_schema(tmp_path: Path, bell: Path) -> None:
    parts = [Bed(bell), line(1), Sound(bell), Gap("pause", 0.5), line(2), BedEnd(), Sound(bell, under=True)]
    with BookWriter(Book("Book", "Ann"), tmp_path / "out", Delivery(), RATE, 2) as writer:
        writer.add(1, "One", parts)
        writer.add(2, "Two", chapter())
        writer.write_timeline()
    value = json.loads((tmp_path / "out" / "timeline.json").read_text())
    jsonschema.validate(value, SCHEMA)
    first, second = value["chapters"]
    kinds = [sound["kind"] for sound in first["sounds"]]
    assert sorted(kinds) == ["bed", "sound", "under"]
    assert [pause["kind"] for pause in first["pauses"]] == ["head", "pause", "tail"]
    # Entries one after the other leave no sample out.
    spans = [*first["lines"], *first["pauses"], *(s for s in first["sounds"] if s["kind"] == "sound")]
    spans.sort(key=lambda span: (span["start_sample"], span["end_sample"]))
    assert spans[0]["start_sample"] == 0
    for before, after in pairwise(spans):
        assert before["end_sample"] == after["start_sample"]
    assert second["start_sample"] == first["end_sample"] == first["samples"]
    assert value["samples"] == second["end_sample"]
    for each in value["chapters"]:
        assert soundfile.info(tmp_path / "out" / each["file"]).frames == each["samples"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value | {"surprise": 1}, SCHEMA)


def test_it_reads_back_as_it_was_written(tmp_path: Path, bell: Path) -> None:
    with BookWriter(Book("Büch", "Ann"), tmp_path, Delivery(), RATE, 1) as writer:
        made, _ = writer.add(1, "One", [Sound(bell), *chapter(3)])
        (path,) = writer.write_timeline()
    assert read_timeline(path).chapters == (made,)
    path.write_text('{"schema": 1}')
    with pytest.raises(UsageError, match="no timeline of this version"):
        read_timeline(path)
    path.write_text("[" * 100_000)
    with pytest.raises(UsageError, match="no timeline"):
        read_timeline(path)
    path.unlink()
    with pytest.raises(MissingError, match="no such timeline"):
        read_timeline(path)


def test_a_sound_is_waited_for(bell: Path) -> None:
    segment, (first, second) = stitch_chapter([line(1), Sound(bell, -6), line(2)], RATE, mastering=RAW)
    assert second.start - first.end == pytest.approx(2.0)
    after = samples(segment)[round((first.end + 0.5) * RATE) : round((first.end + 1.5) * RATE)]
    assert db(band(after, 2000)) == pytest.approx(db(0.25) - 6, abs=0.1)


def test_speech_goes_on_over_a_sound_under_it(bell: Path) -> None:
    parts = [Sound(bell, under=True), line(1, 1.0), Gap("pause", 0.2)]
    segment, (only,) = stitch_chapter(parts, RATE, Pauses(head=1, tail=0), mastering=RAW)
    assert only.start == 1.0
    audio = samples(segment)
    assert audio.size == 3 * RATE, "it is played to its end"
    speaking = band(audio[round(1.3 * RATE) : round(1.9 * RATE)], 2000)
    after = band(audio[round(2.96 * RATE) : round(2.98 * RATE)], 2000)
    assert speaking < 0.5 * 0.25 and after > 0.8 * 0.25, "it gives way to speech, and comes back"


def test_a_bed_loops_without_a_seam_ducks_and_ends(bell: Path) -> None:
    bed = Bed(bell, gain_db=-6, duck_db=-12, fade_seconds=0.5)
    parts = [bed, Gap("pause", 4), line(1, 2.0), Gap("pause", 4), BedEnd(), Gap("pause", 1)]
    segment, (only,) = stitch_chapter(parts, RATE, Pauses(head=0, tail=0), mastering=RAW)
    audio = samples(segment)
    level = [band(audio[round(at * RATE) : round((at + 0.2) * RATE)], 2000) for at in np.arange(0, 11, 0.2)]
    full, ducked = 0.25 * amplitude(-6), 0.25 * amplitude(-18)
    assert level[0] < 0.5 * full, "it fades in"
    # Where the loop meets itself two tones of any phase are added: never silence, never much more.
    assert all(0.6 * full < value < 1.5 * full for value in level[5:17])
    speaking = round((only.start + 0.6) / 0.2)
    assert level[speaking] == pytest.approx(ducked, rel=0.2)
    assert level[-1] < 0.001, "it is over"


def test_a_bed_that_is_never_ended_ends_with_the_chapter(bell: Path) -> None:
    segment, _ = stitch_chapter([Bed(bell), line(1)], RATE, mastering=RAW)
    audio = samples(segment)
    assert np.abs(audio[-10:]).max() < 0.001 and np.abs(audio).max() <= 1


def test_sounds_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    for part in (Sound(tmp_path / "no.wav"), Bed(tmp_path / "no.wav")):
        with pytest.raises(MissingError, match=r"no\.wav: no such audio file"):
            stitch_chapter([part, line(1)])
    for part in (Sound(tmp_path / "text.wav"), Bed(tmp_path / "text.wav")):
        with pytest.raises(UsageError, match=r"text\.wav: is not audio"):
            stitch_chapter([part, line(1)])


def test_a_line_with_a_gain_of_its_own() -> None:
    from dataclasses import replace

    parts = [line(1), Gap("line"), replace(line(1), gain_db=-6.0)]
    segment, entries = stitch_chapter(parts, RATE, mastering=RAW)
    audio = samples(segment)
    first, second = (rms(audio[round(e.start * RATE) : round(e.end * RATE)]) for e in entries)
    assert db(second / first) == pytest.approx(-6, abs=0.01)


def test_blocks_do_not_show(tmp_path: Path) -> None:
    """A chapter longer than a block, loud enough to be limited everywhere: as if it were one piece."""
    from csm_cli.audio.level import add_room_tone, limit_peaks
    from csm_cli.audio.mastering import choose_gain, mastered

    random = np.random.default_rng(0)
    sound = (0.3 * random.standard_normal(BLOCK + 70_000)).astype(np.float32)
    mastering = Mastering()
    with DiskBuffer(tmp_path / "buffer") as buffer:
        buffer.write(0, sound)
        gain = choose_gain([buffer], RATE, mastering)
        pieces = np.concatenate(list(mastered(buffer, RATE, mastering, gain)))
    whole = sound * np.float32(gain)
    add_room_tone(whole, RATE, -66.0)
    limit_peaks(whole, RATE, -3.5)
    assert np.abs(pieces - whole).max() < 1e-5
    assert not (tmp_path / "buffer").exists()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), max_size=12), st.integers(0, 800))
def test_a_buffer_is_the_sum_of_what_is_mixed_into_it(pieces: list[tuple[int, int]], size: int) -> None:
    import tempfile

    expected = np.zeros(2000, np.float32)
    with tempfile.TemporaryDirectory() as folder, DiskBuffer(Path(folder) / "buffer") as buffer:
        for number, (position, length) in enumerate(pieces):
            sound = np.full(length, number + 1, np.float32)
            buffer.mix(position, sound)
            expected[position : position + length] += sound
        end = max((position + length for position, length in pieces), default=0)
        assert buffer.size == end
        buffer.resize(size)
        expected[min(size, end) :] = 0
        assert np.array_equal(np.concatenate([*buffer.blocks(7), np.zeros(0)]), expected[:size])
        assert np.array_equal(buffer.read(-50, size + 50)[50:-50], expected[:size])


@pytest.mark.parametrize("level_per", ["chapter", "book"])
def test_one_gain_for_a_chapter_or_for_the_book(tmp_path: Path, level_per) -> None:
    delivery = Delivery(level_per=level_per, loudness=PRESETS["ebu"])
    with BookWriter(Book("Book"), tmp_path, delivery, RATE, 2) as writer:
        made = [writer.add(1, "Soft", chapter(4, 0.8, 0.05)), writer.add(2, "Loud", chapter(4, 0.8, 0.1))]
        files = [file for _, files in made for file in files] or writer.finish()
        writer.write_timeline()
    gains = [each.gain_db for each in read_timeline(tmp_path / "timeline.json").chapters]
    if level_per == "chapter":
        assert [file.lufs for file in files] == pytest.approx([-23, -23], abs=0.3)
        assert gains[0] - gains[1] == pytest.approx(6, abs=0.2)
    else:
        assert gains[0] == gains[1]
        assert files[1].lufs - files[0].lufs == pytest.approx(6, abs=0.3)


def test_chapters_made_at_once_are_as_those_made_one_by_one(tmp_path: Path, bell: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for workers in (1, 4):
        folder = tmp_path / str(workers)
        with BookWriter(Book("Book"), folder, Delivery(("wav", "mp3")), RATE, 6) as writer:
            with ThreadPoolExecutor(workers) as pool:
                parts = [[Bed(bell, -6 - number), *chapter(2, 0.5)] for number in range(6)]
                list(pool.map(writer.add, range(1, 7), "ABCDEF", parts))
            writer.finish()
            writer.write_timeline()
    names = sorted(path.name for path in (tmp_path / "1").glob("[!.]*"))
    assert len(names) == 13
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "4" / name).read_bytes()


def test_silence_is_left_alone(tmp_path: Path) -> None:
    silent = Spoken("l1", "Ann", "…", 0, np.zeros(RATE, np.float32))
    for name in ("podcast", "acx-spec", "none"):
        with BookWriter(Book("Book"), tmp_path / name, Delivery(loudness=PRESETS[name]), RATE, 1) as writer:
            made, (file,) = writer.add(1, "One", [silent])
        assert made.gain_db == 0
        assert file.rms_db == pytest.approx(-66, abs=1)


def test_lines_are_taken_one_by_one(tmp_path: Path) -> None:
    """A generator of lines is never run ahead of: the chapter does not lie in memory."""
    alive: list[int] = []

    def parts():
        import weakref

        for number in range(20):
            sound = tone(0.1)
            alive.append(number)
            weakref.finalize(sound, alive.remove, number)
            yield Spoken(f"l{number}", "Ann", "x", 0, sound)
            del sound
            assert len(alive) <= 2

    with DiskBuffer(tmp_path / "buffer") as buffer:
        assert len(mix_chapter(parts(), buffer, RATE).lines) == 20


def test_loudness_is_read() -> None:
    assert parse_loudness(" EBU ") == PRESETS["ebu"]
    assert parse_loudness("lufs=-18, peak=-1.5dB") == Loudness("custom", None, -18, -1.5)
    assert parse_loudness("rms=-20") == Loudness("custom", -20, None, -1.0)
    assert str(parse_loudness("rms=-20,peak=-3")) == "rms=-20,peak=-3"
    for text in ("loud", "", "lufs=-18,rms=-20", "peak=-1", "lufs=5", "lufs=nan", "lufs=-18;peak=-1"):
        with pytest.raises(UsageError, match="--loudness"):
            parse_loudness(text)


def test_pauses_tone_and_extras_are_read() -> None:
    assert parse_pauses(["scene=2.5, head=1", "tail=4"]) == Pauses(scene=2.5, head=1, tail=4)
    assert parse_tone("none") is None and parse_tone("-70dB") == -70
    assert check_extras(["srt,vtt", "SRT"]) == ("srt", "vtt") and len(check_extras(["all"])) == 8
    for text in ("scene", "scene=x", "dinner=1", "scene=-1", "scene=nan", "scene=61"):
        with pytest.raises(UsageError, match="--pause"):
            parse_pauses([text])
    with pytest.raises(UsageError, match="--room-tone"):
        parse_tone("x")
    with pytest.raises(UsageError, match="--room-tone"):
        Delivery(room_tone_db=-20)
    with pytest.raises(UsageError, match="--with"):
        check_extras(["subtitles"])
    with pytest.raises(UsageError, match="nothing to split"):
        Delivery(split_hours=3)
    with pytest.raises(UsageError, match="--split-hours"):
        Delivery(formats=("m4b",), split_hours=0)
