"""`csm check`: a delivery that is right passes, and each of many faults fails on its own line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.ffmpeg import run_ffmpeg
from csm_cli.audio.files import to_pcm16
from csm_cli.audio.level import PRESETS as LEVELS
from csm_cli.audio.level import parse_loudness
from csm_cli.audio.measure import measure
from csm_cli.audio.stitch import stitch_chapter
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.delivery.book import Book
from csm_cli.delivery.check import check_files, find_files, presets
from csm_cli.delivery.check.files import picture, read_frames, tick_seconds
from csm_cli.delivery.check.report import as_json, table, write_page
from csm_cli.delivery.check.run import role_of
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, chapter

ACX = presets.preset("acx-spec")
MP3 = ("-c:a", "libmp3lame", "-b:a", "192k", "-ar", "44100")


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """A chapter as it should be, float32 at 24 kHz."""
    segment, _ = stitch_chapter(chapter(8, 0.7))
    return np.frombuffer(segment.raw_data, "<i2").astype(np.float32) / 32768


def made(path: Path, sound: np.ndarray, *arguments: str, channels: int = 1) -> Path:
    source = ("-f", "s16le", "-ar", str(RATE), "-ac", str(channels), "-i", "pipe:0")
    run_ffmpeg([*source, *(arguments or MP3), str(path)], to_pcm16(sound).tobytes(), where=str(path))
    return path


def failing(*paths: Path, rules=ACX) -> list[str]:
    checked = check_files(paths, rules)
    found = [each.item for file in checked.files for each in file.findings if each.verdict == "fail"]
    found += [each.item for each in checked.together if each.verdict == "fail"]
    assert checked.ok == (not found)
    return found


def test_what_is_right_passes(sound: np.ndarray, tmp_path: Path) -> None:
    assert failing(made(tmp_path / "a.mp3", sound)) == []


def noisy(sound: np.ndarray) -> np.ndarray:
    return sound + 0.003 * np.random.default_rng(0).standard_normal(sound.size).astype(np.float32)


def stereo(sound: np.ndarray) -> np.ndarray:
    return np.stack([sound, np.roll(sound, 40)], axis=1).ravel()


BROKEN: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...], list[str]]] = {
    "too soft": (lambda x: x * 0.5, MP3, ["RMS"]),
    "too loud": (lambda x: np.clip(x * 1.7, -0.7, 0.7), MP3, ["RMS"]),
    "a peak": (lambda x: np.where(np.arange(x.size) // 40 == 900, 0.99, x), MP3, ["peak"]),
    "a noisy room": (noisy, MP3, ["noise floor"]),
    "48 kHz": (lambda x: x, ("-c:a", "libmp3lame", "-b:a", "192k", "-ar", "48000"), ["sample rate"]),
    "too few bits": (lambda x: x, ("-c:a", "libmp3lame", "-b:a", "128k", "-ar", "44100"), ["bit rate"]),
    "variable bits": (lambda x: x, ("-c:a", "libmp3lame", "-q:a", "0", "-ar", "44100"), ["bit rate"]),
    "no head": (lambda x: x[int(0.6 * RATE) :], MP3, ["room tone, head"]),
    "a long head": (lambda x: np.concatenate([x[: RATE // 2], x]), MP3, ["room tone, head"]),
    "no tail": (lambda x: x[: -int(0.9 * RATE)], MP3, ["room tone, tail"]),
    "a long tail": (lambda x: np.concatenate([x, np.tile(x[-RATE:], 4)]), MP3, ["room tone, tail"]),
    "not an MP3": (lambda x: x, ("-c:a", "pcm_s16le", "-ar", "44100", "-f", "wav"), ["codec"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_fails_on_its_line(sound: np.ndarray, tmp_path: Path, name: str) -> None:
    change, arguments, items = BROKEN[name]
    assert failing(made(tmp_path / "a.mp3", change(sound.copy()), *arguments)) == items


def test_joint_stereo_fails_and_plain_stereo_does_not(sound: np.ndarray, tmp_path: Path) -> None:
    joint = made(tmp_path / "joint.mp3", stereo(sound), *MP3, "-joint_stereo", "1", channels=2)
    plain = made(tmp_path / "plain.mp3", stereo(sound), *MP3, "-joint_stereo", "0", channels=2)
    assert failing(joint) == ["channels"]
    assert failing(plain) == []
    assert read_frames(plain).modes == {"stereo"} and "joint stereo" in read_frames(joint).modes
    assert failing(plain, made(tmp_path / "mono.mp3", sound)) == ["channels of all files"]


def test_chapters_of_different_loudness(sound: np.ndarray, tmp_path: Path) -> None:
    files = [made(tmp_path / "1.mp3", sound), made(tmp_path / "2.mp3", sound * np.float32(0.85))]
    assert failing(*files) == ["spread over chapters"]


def test_too_long(sound: np.ndarray, tmp_path: Path) -> None:
    """Two hours of frames, of which only the header is believed: the limit is lowered in place of that."""
    from dataclasses import replace

    path = made(tmp_path / "a.mp3", sound)
    assert failing(path, rules=replace(ACX, minutes=0.1)) == ["duration"]


def test_a_file_that_breaks_off_or_is_none(sound: np.ndarray, tmp_path: Path) -> None:
    whole = made(tmp_path / "a.mp3", sound).read_bytes()
    (tmp_path / "a.mp3").write_bytes(whole[: len(whole) // 2])
    found = failing(tmp_path / "a.mp3")
    assert "decodes" in found
    (tmp_path / "b.mp3").write_bytes(b"This is no sound at all. " * 40)
    (tmp_path / "c.mp3").write_bytes(b"")
    assert failing(tmp_path / "b.mp3") == failing(tmp_path / "c.mp3") == ["decodes"]
    flac = made(tmp_path / "d.flac", sound, "-c:a", "flac")
    data = bytearray(flac.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 900] = bytes(900)
    flac.write_bytes(data)
    assert "decodes" in failing(flac, rules=presets.preset("ebu"))


def test_a_length_that_is_only_guessed_is_no_fault(sound: np.ndarray, tmp_path: Path) -> None:
    """By the bit rate of the silence at its beginning, it would be several times as long."""
    late = np.concatenate([np.zeros(8 * RATE, np.float32), sound])
    variable = ("-c:a", "libmp3lame", "-q:a", "4", "-ar", "44100", "-write_xing", "0")
    assert failing(made(tmp_path / "a.mp3", late, *variable)) == ["room tone, head", "bit rate"]


def test_digital_silence_is_warned_about(sound: np.ndarray, tmp_path: Path) -> None:
    silent = sound.copy()
    silent[-RATE:] = 0
    checked = check_files([made(tmp_path / "a.mp3", silent)], ACX)
    (floor,) = [each for each in checked.files[0].findings if each.item == "noise floor"]
    assert (floor.verdict, floor.shown) == ("warning", "digital silence")


def test_a_sample_of_a_minute_or_of_seconds(sound: np.ndarray, tmp_path: Path) -> None:
    book = made(tmp_path / "01.mp3", np.tile(sound[: -RATE // 2], 9))
    short = made(tmp_path / "retail-sample.mp3", sound)
    assert failing(*find_files([tmp_path]), rules=ACX) == ["duration"]
    assert failing(short, rules=ACX) == [], "of a book that is no longer itself, it is all there is"
    made(short, np.tile(sound[: -RATE // 2], 7))
    assert failing(book, short) == []


@pytest.mark.parametrize("name", ["podcast", "ebu", "acx-spec"])
def test_what_csm_masters_passes_its_own_check(tmp_path: Path, name: str) -> None:
    delivery = Delivery(formats=("mp3",), loudness=LEVELS[name])
    with BookWriter(Book("Book"), tmp_path, delivery, RATE, 2) as writer:
        writer.add(1, "Soft", chapter(6, 0.7, 0.03))
        writer.add(2, "Loud", chapter(6, 0.7, 0.5))
    assert failing(*find_files([tmp_path]), rules=presets.preset(name)) == []
    other = "podcast" if name == "ebu" else "ebu"
    assert "loudness" in failing(*find_files([tmp_path]), rules=presets.preset(other))


def test_peaks_are_limited_in_the_encoded_file(tmp_path: Path) -> None:
    """Clicks and noise, whose peaks an encoder moves: they stay below the limit all the same."""
    random = np.random.default_rng(1)
    from csm_cli.audio.timeline import Spoken

    wild = (0.05 * random.standard_normal(4 * RATE)).astype(np.float32)
    wild[:: RATE // 7] = 0.9
    delivery = Delivery(formats=("mp3", "opus", "aac"), loudness=LEVELS["podcast"])
    with BookWriter(Book("Book"), tmp_path, delivery, RATE, 1) as writer:
        _, files = writer.add(1, "Wild", [Spoken("l1", "Ann", "Crackle.", 0, wild)])
    assert [file.true_peak_db <= -1 for file in files] == [True] * 3


def test_measured_values_are_those_of_the_sound(tmp_path: Path) -> None:
    time = np.arange(4 * RATE) / RATE
    sine = (0.5 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    path = made(tmp_path / "a.wav", sine, "-c:a", "pcm_s16le")
    found = measure(path)
    assert found.rms_db == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.01)
    assert found.peak_db == pytest.approx(20 * math.log10(0.5), abs=0.01)
    assert found.lufs == pytest.approx(-9.03, abs=0.15)  # a 997 Hz sine at 0 dBFS reads -3.01 LUFS
    assert (found.rate, found.channels, found.seconds) == (RATE, 1, 4.0)
    assert found.frames_db.size == 400
    path = made(tmp_path / "b.wav", np.zeros(RATE, np.float32), "-c:a", "pcm_s16le")
    silent = measure(path)
    assert silent.lufs == silent.rms_db == silent.noise_floor_db == -math.inf
    assert silent.room_tone() == (1.0, 1.0)


def test_json_and_the_page(sound: np.ndarray, tmp_path: Path) -> None:
    checked = check_files([made(tmp_path / "<a>.mp3", sound * np.float32(0.3))], ACX)
    value = json.loads(as_json(checked))
    assert (value["ok"], value["fails"]) == (False, 1)
    (rms,) = [each for each in value["files"][0]["findings"] if each["item"] == "RMS"]
    assert rms["verdict"] == "fail" and rms["limit"] == "-23 to -18 dB" and rms["value"] < -23
    assert len(value["files"][0]["levels"]) == pytest.approx(2 * sound.size / RATE, abs=2)
    write_page(checked, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;a&gt;.mp3" in page and "<a>" not in page
    assert len(re.findall(r"<svg ", page)) == 1 and "http" not in page.replace("http-equiv", "")
    points = re.findall(r'points="([^"]+)"', page)[0].split()
    assert all(0 <= float(point.split(",")[1]) <= 160 for point in points) and len(points) > 50
    assert "<rect " in page and "stroke-dasharray" in page, "the limits are drawn in"
    write_page(check_files([tmp_path / "<a>.mp3"], presets.preset("ebu")), tmp_path / "page.html")
    assert "<rect " not in (tmp_path / "page.html").read_text(encoding="utf-8"), "its RMS has no limit"


def test_the_picture_shows_each_level_at_its_time(tmp_path: Path) -> None:
    """Ten seconds of a quiet room, with two of a tone in the third and fourth, and a gap in the eighth."""
    room = np.full(10 * RATE, 0.001, np.float32)
    room[2 * RATE : 4 * RATE] = 0.1
    room[7 * RATE : round(7.6 * RATE)] = 0
    drawn = picture(measure(made(tmp_path / "a.wav", room, "-c:a", "pcm_s16le")), ACX)
    points = [point.split(",") for point in re.findall(r'points="([^"]+)"', drawn)[0].split()]
    ticks = re.findall(r'x="([\d.]+)" y="\d+" text-anchor="middle">0:(\d\d)<', drawn)
    assert [int(second) for _, second in ticks] == list(range(11))
    start, end = float(ticks[0][0]), float(ticks[-1][0])
    at = {round((float(x) - start) / (end - start) * 10, 1): -float(y) / 2 for x, y in points}
    assert min(at) == 0.2 and max(at) == 9.8, "a half second stands at its middle"
    assert at[3.2] == pytest.approx(-20, abs=0.1) and at[5.2] == pytest.approx(-60, abs=0.1)
    assert at[7.2] == -80 and at[7.8] > -65


@pytest.mark.parametrize(
    ("seconds", "step"), [(5, 1), (25, 5), (61, 10), (1800, 300), (7200, 600), (90_000, 7200)]
)
def test_the_times_below_a_picture(seconds: float, step: int) -> None:
    assert tick_seconds(seconds) == step


def test_a_long_picture_keeps_its_peaks_and_its_quietest_places(tmp_path: Path) -> None:
    room = np.full(240 * RATE, 0.01, np.float32)
    room[100 * RATE : round(100.6 * RATE)] = 0.5
    room[200 * RATE : round(200.6 * RATE)] = 0.0001
    drawn = picture(measure(made(tmp_path / "a.flac", room, "-c:a", "flac")), ACX)
    points = re.findall(r'points="([^"]+)"', drawn)[0].split()
    levels = [-float(point.split(",")[1]) / 2 for point in points]
    assert len(points) <= 900
    assert max(levels) == pytest.approx(-6, abs=0.1) and min(levels) < -75


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("00-opening-credits.mp3", "opening credits"),
        ("Closing Credits.mp3", "closing credits"),
        ("book_end_credits.mp3", "closing credits"),
        ("retail-sample.mp3", "sample"),
        ("03-resampled.mp3", "chapter"),
    ],
)
def test_what_a_file_is_by_its_name(name: str, role: str) -> None:
    assert role_of(Path(name)) == role


def test_what_is_not_meant_for_the_shop_is_measured_alone(sound: np.ndarray, tmp_path: Path) -> None:
    """The chapters as MP3, and beside them the book as a whole, and a master."""
    delivery = Delivery(formats=("mp3", "m4b", "opus"))
    with BookWriter(Book("Book"), tmp_path, delivery, RATE, 2) as writer:
        writer.add(1, "The sample", chapter(6, 0.7))
        writer.add(2, "Two", chapter(6, 0.7))
        writer.finish()
        writer.write_timeline()
    made(tmp_path / "master.wav", sound, "-c:a", "pcm_s16le")
    checked = check_files(find_files([tmp_path]), ACX)
    assert checked.ok
    assert {file.path.name: (file.role, file.format_applies) for file in checked.files} == {
        "01-the-sample.mp3": ("chapter", True),
        "01-the-sample.opus": ("chapter", False),
        "02-two.mp3": ("chapter", True),
        "02-two.opus": ("chapter", False),
        "book.m4b": ("whole", False),
        "master.wav": ("chapter", False),
    }
    book = tmp_path / "book.m4b"
    assert failing(book) == ["codec"] and check_files([book], ACX, strict=False).ok
    loud = made(tmp_path / "loud.wav", np.clip(sound * 1.7, -0.7, 0.7), "-c:a", "pcm_s16le")
    assert failing(tmp_path / "02-two.mp3", loud) == ["RMS", "spread over chapters"]


def test_several_books_at_once_are_each_held_to_their_own_limits(sound: np.ndarray, tmp_path: Path) -> None:
    """Two short books on a shelf: a sample is as long as its own book, levels are compared within it."""
    for name, level in (("a", "acx-spec"), ("b", "rms=-19,peak=-3")):
        delivery = Delivery(("mp3", "m4b"), sample=True, loudness=parse_loudness(level))
        with BookWriter(Book("Book"), tmp_path / name, delivery, RATE, 2) as writer:
            for number in (1, 2):
                writer.add(number, "Title", chapter(10, 1.5))
            writer.add(0, "Opening", chapter(7, 1.5), "opening credits")
            writer.add(3, "Closing", chapter(7, 1.5), "closing credits")
            writer.finish()
    shelf = check_files(find_files([tmp_path]), ACX)
    assert [book.folder for book in shelf.books] == [tmp_path / "a", tmp_path / "b"]
    assert shelf.ok, [each for file in shelf.files for each in file.findings if each.verdict == "fail"]
    assert [[each.item for each in book.together] for book in shelf.books] == [
        ["spread over chapters", "channels of all files", "opening credits", "closing credits", "sample"]
    ] * 2
    for folder in ("cd 1", "cd 2"):  # of somebody else: one book in two folders
        (tmp_path / "other" / folder).mkdir(parents=True)
    made(tmp_path / "other" / "cd 1" / "1.mp3", sound)
    made(tmp_path / "other" / "cd 2" / "2.mp3", sound * np.float32(0.85))
    assert failing(*find_files([tmp_path])) == ["spread over chapters"]
    lines = list(table(check_files(find_files([tmp_path]), ACX)))
    assert [line for line in lines if line.startswith("all ")] == [
        f"all files in {tmp_path / 'a'}",
        f"all files in {tmp_path / 'b'}",
        "all other files together",
    ]
    value = json.loads(as_json(shelf))
    assert [len(book["files"]) for book in value["books"]] == [6, 6]


@pytest.mark.parametrize("name", ["mp3", "flac", "opus", "m4a"])
def test_a_book_in_one_file_is_recognised_by_its_chapters(tmp_path: Path, name: str) -> None:
    form = "aac" if name == "m4a" else name
    with BookWriter(Book("Book"), tmp_path, Delivery(formats=(form,), whole=True), RATE, 2) as writer:
        for number in (1, 2):
            writer.add(number, "Title", chapter(3, 0.7))
        writer.finish()
    checked = check_files([tmp_path / f"book.{name}"], ACX)
    assert checked.files[0].role == "whole"
    assert [each.item for each in checked.together] == ["chapters", "sample"], "no word of credits apart"


def test_which_files_are_checked(tmp_path: Path) -> None:
    for name in ("b.mp3", "a.WAV", "notes.txt", ".work-1/x.mp3", "deep/c.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in find_files([tmp_path, tmp_path / "b.mp3"])] == ["a.WAV", "b.mp3", "c.flac"]
    with pytest.raises(MissingError, match="no such file"):
        find_files([tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="no audio files"):
        find_files([made_empty(tmp_path)])
    with pytest.raises(UsageError, match="unknown preset"):
        presets.preset("loud")


def made_empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


@pytest.mark.parametrize("name", ["lighthouse.yaml", "garden.md", "signal.yaml"])
def test_the_example_scripts_pass_for_a_shop(tmp_path: Path, name: str) -> None:
    """Rendered, with tones for voices, as a shop wants them: chapters, credits and a sample."""
    import shutil

    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.project import read_jobs
    from csm_cli.rendering.session import render_jobs
    from tests.rendering.fake_engine import FakeEngine

    examples = Path(__file__).parents[2] / "scripts_examples"
    shutil.copytree(examples, tmp_path / "scripts")
    delivery = Delivery(formats=("mp3",), credits=True, titles=True, sample=True)
    options = RenderOptions(output=tmp_path / "out", delivery=delivery)
    render_jobs(read_jobs([tmp_path / "scripts" / name], options), FakeEngine(), options)
    checked = check_files(find_files([tmp_path / "out"]), ACX)
    assert checked.ok, [each for file in checked.files for each in file.findings if each.verdict == "fail"]
    assert {file.role for file in checked.files} == {
        "chapter",
        "opening credits",
        "closing credits",
        "sample",
    }
    assert {each.verdict for each in checked.together} == {"ok"}


def test_a_damaged_timeline_is_named_and_the_files_are_checked_by_their_names(
    sound: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "timeline.json").write_text('{"schema": 1, "chapters": [NaN]}')
    book = made(tmp_path / "opening credits.mp3", sound * np.float32(0.3))
    said: list[str] = []
    checked = check_files([book], ACX, note=said.append)
    assert checked.files[0].role == "opening credits"
    (text,) = said
    assert text.startswith(f"{tmp_path / 'timeline.json'}: is no timeline of this version (")
    assert text.endswith("; what the files are is told by their names")
