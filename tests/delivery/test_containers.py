"""Every container, read back by other programs: chapters, titles, cover, tags, and the sound in its place."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.flac import Picture

from csm_cli.audio.ffmpeg import feed_ffmpeg, find_ffmpeg
from csm_cli.audio.files import read_audio
from csm_cli.audio.level import PRESETS
from csm_cli.audio.measure import measure
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.delivery.book import Book
from csm_cli.delivery.encode import encode
from csm_cli.delivery.formats import FORMATS
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.tags import Mark, Tags, clipped, ffmetadata, mend_comment, read_cover
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, TITLES, chapter, onsets, png

BOOK = Book(
    "A; b = c # d \\ e\nnew 🎉",
    "Ann Author",
    "Nora Rator",
    description="Long = text; # \\",
    date="2024",
    subtitle="A tale; of = tides",
    series="Coast Tales # 2",
)
TITLE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=40)
SUFFIXES = ["wav", "flac", "mp3", "ogg", "opus", "m4a", "m4b"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same book of three chapters in every container."""
    folder = tmp_path_factory.mktemp("whole")
    cover = read_cover(png(folder / "cover.png"))
    delivery = Delivery(formats=tuple(FORMATS), whole=True, cover=cover)
    with BookWriter(BOOK, folder, delivery, RATE, 3) as writer:
        for number, title in enumerate(TITLES, 1):
            writer.add(number, title, chapter())
        writer.finish()
        writer.write_timeline()
    return folder


def the(folder: Path, suffix: str) -> Path:
    (path,) = folder.glob(f"a*.{suffix}")
    return path


def starts(folder: Path) -> list[float]:
    return [chapter.offset for chapter in read_timeline(folder / "timeline.json").chapters]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_line_lies_where_the_timeline_has_it(whole: Path, suffix: str) -> None:
    timeline = read_timeline(whole / "timeline.json")
    spans = onsets(read_audio(the(whole, suffix), 48_000), 48_000)
    lines = [(c.offset + e.start, c.offset + e.end) for c in timeline.chapters for e in c.entries]
    assert len(spans) == len(lines) == 12
    for (start, end), (onset, stop) in zip(lines, spans, strict=True):
        assert onset == pytest.approx(start, abs=0.02)
        assert stop == pytest.approx(end, abs=0.02)
    assert the(whole, suffix).name in timeline.files


def values(file: mutagen.FileType, *names: str) -> list[str]:
    return [
        str(file.tags[name][0] if isinstance(file.tags[name], list) else file.tags[name]) for name in names
    ]


def test_mp4_read_by_mutagen(whole: Path) -> None:
    for suffix in ("m4a", "m4b"):
        file = mutagen.File(the(whole, suffix))
        expected = [BOOK.title, BOOK.title, "Ann Author", "Nora Rator", "Audiobook", "AI-narrated"]
        assert values(file, "©nam", "©alb", "©ART", "©wrt", "©gen", "©cmt") == expected
        assert file.tags["©grp"] == [BOOK.series]
        assert file.tags["desc"][0].strip() == BOOK.description and file.tags["©day"] == ["2024"]
        assert bytes(file.tags["covr"][0]) == (whole / "cover.png").read_bytes()
        assert file.tags.get("stik") == ([2] if suffix == "m4b" else None)
        assert [mark.start for mark in file.chapters] == pytest.approx(starts(whole), abs=0.002)
        short = [mark.title for mark in file.chapters]
        assert short[:2] == TITLES[:2]
        # 255 bytes, and not half a character: the list of Nero has no more room.
        assert short[2].rstrip() == "ü" * 126 + "…"


def test_mp4_has_its_index_in_front(whole: Path) -> None:
    data = the(whole, "m4b").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_book_is_encoded_once_from_its_buffers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never joined from chapters that were encoded before: that would lose twice."""
    calls = []

    def counting(arguments, blocks, **named):
        calls.append(arguments)
        return feed_ffmpeg(arguments, blocks, **named)

    monkeypatch.setattr("csm_cli.delivery.encode.feed_ffmpeg", counting)
    delivery = Delivery(formats=("m4b",), loudness=PRESETS["none"])
    with BookWriter(Book("Book"), tmp_path, delivery, RATE, 3) as writer:
        for number in (1, 2, 3):
            writer.add(number, "Title", chapter(2))
        writer.finish()
    ((*command,),) = calls
    assert command[command.index("-f") + 1] == "s16le", "from samples"
    assert command.count("-c:a") == 1 and command[command.index("-c:a") + 1] == "aac"


@pytest.mark.parametrize("name", ["mp3", "ogg", "opus", "aac", "flac"])
def test_an_encoder_leaves_the_level_as_it_is(tmp_path: Path, name: str) -> None:
    """LAME turns down what it encodes."""
    path = tmp_path / f"a{FORMATS[name].suffix}"
    sine = (8000 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE)).astype(np.int16)
    encode([sine], sine.size, RATE, path, FORMATS[name])
    assert measure(path).rms_db == pytest.approx(20 * np.log10(8000 / 32768 / np.sqrt(2)), abs=0.03)


def test_mp3_read_by_mutagen(whole: Path) -> None:
    file = mutagen.File(the(whole, "mp3"))
    expected = [BOOK.title, BOOK.title, "Ann Author", "Nora Rator", "Audiobook"]
    assert values(file, "TIT2", "TALB", "TPE1", "TCOM", "TCON") == expected
    assert values(file, "TIT3", "TIT1") == [BOOK.subtitle, BOOK.series]
    chapters = sorted(file.tags.getall("CHAP"), key=lambda each: each.start_time)
    assert [each.start_time / 1000 for each in chapters] == pytest.approx(starts(whole), abs=0.002)
    assert [str(each.sub_frames["TIT2"]) for each in chapters] == TITLES
    (contents,) = file.tags.getall("CTOC")
    assert contents.child_element_ids == [each.element_id for each in chapters]
    assert file.tags.version[:2] == (2, 3)
    assert file.tags.getall("APIC")[0].data == (whole / "cover.png").read_bytes()
    assert (file.info.mode, file.info.bitrate, file.info.sample_rate) == (3, 192_000, 44_100)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus"])
def test_vorbis_comments_read_by_mutagen(whole: Path, suffix: str) -> None:
    file = mutagen.File(the(whole, suffix))
    expected = [BOOK.title, BOOK.title, "Ann Author", "Nora Rator", "Audiobook"]
    assert values(file, "title", "album", "artist", "composer", "genre") == expected
    assert values(file, "subtitle", "grouping") == [BOOK.subtitle, BOOK.series]
    assert "AI-narrated" in file["description"][0] and BOOK.description in file["description"][0]
    for number, (start, title) in enumerate(zip(starts(whole), TITLES, strict=True)):
        clock = file[f"chapter{number:03d}"][0]
        hours, minutes, seconds = clock.split(":")
        assert int(hours) * 3600 + int(minutes) * 60 + float(seconds) == pytest.approx(start, abs=0.002)
        assert file[f"chapter{number:03d}name"] == [title]
    if suffix == "flac":
        picture = file.pictures[0]
    else:
        picture = Picture(base64.b64decode(file["metadata_block_picture"][0]))
        assert (picture.width, picture.height, picture.mime) == (64, 64, "image/png")
    assert picture.data == (whole / "cover.png").read_bytes()


def test_wav_says_who_and_what(whole: Path) -> None:
    with soundfile.SoundFile(the(whole, "wav")) as file:
        assert (file.format, file.title, file.artist) == ("WAV", BOOK.title, "Ann Author")
        assert file.comment == "AI-narrated"


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg", "opus", "m4a", "m4b"])
def test_ffmpeg_finds_the_chapters(whole: Path, suffix: str, tmp_path: Path) -> None:
    """What ffmpeg itself reads back, written out in its own format; ffprobe is not needed."""
    listing = tmp_path / "listing"
    command = [find_ffmpeg(), "-v", "error", "-i", str(the(whole, suffix)), "-f", "ffmetadata", str(listing)]
    subprocess.run(command, check=True)
    text = listing.read_text(encoding="utf-8")
    if suffix != "flac":
        assert text.count("[CHAPTER]") == 3
        assert "title=" + "ü" * 301 in text, "the chapter track has the full title"
    assert "title=One \\= two\\; \\# three \\\\ four" in text or suffix == "flac"


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="no ffprobe on PATH")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ffprobe_agrees(whole: Path, suffix: str) -> None:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_chapters", "-of", "json"]
    done = subprocess.run([*command, str(the(whole, suffix))], capture_output=True, check=True)
    found = json.loads(done.stdout)
    tags = {key.lower(): value for key, value in found["format"].get("tags", {}).items()}
    if suffix in ("ogg", "opus"):
        tags = {key.lower(): value for key, value in found["streams"][0]["tags"].items()}
    assert tags["title"] == BOOK.title and tags["artist"] == "Ann Author"
    if suffix not in ("wav", "flac"):
        assert [float(each["start_time"]) for each in found["chapters"]] == pytest.approx(
            starts(whole), abs=0.002
        )
        assert [each["tags"]["title"] for each in found["chapters"]] == TITLES
    kinds = [(stream["codec_type"], stream["disposition"]["attached_pic"]) for stream in found["streams"]]
    assert kinds[0] == ("audio", 0)
    assert (("video", 1) in kinds) == (suffix in ("flac", "mp3", "m4a", "m4b", "ogg", "opus"))


def test_books_are_split_between_chapters(tmp_path: Path) -> None:
    delivery = Delivery(formats=("m4b",), split_hours=10 / 3600)  # ten seconds; a chapter has about six
    with BookWriter(Book("Long"), tmp_path, delivery, RATE, 3) as writer:
        for number in (1, 2, 3):
            writer.add(number, f"Chapter {number}", chapter())
        done = writer.finish()
        writer.write_timeline()
    assert [each.path.name for each in done] == [f"long-part-{number}.m4b" for number in (1, 2, 3)]
    files = [mutagen.File(each.path) for each in done]
    assert [[mark.title for mark in file.chapters] for file in files] == [
        [f"Chapter {number}"] for number in (1, 2, 3)
    ]
    assert [file.tags["trkn"] for file in files] == [[(1, 3)], [(2, 3)], [(3, 3)]]


@pytest.mark.parametrize("comment", ["AI-narrated", "AI-narrated. Voices: Zoë (made for this 🎉)"])
def test_the_comment_of_an_mp3_stands_where_players_look(tmp_path: Path, comment: str) -> None:
    cover = read_cover(png(tmp_path / "cover.png"))
    tags = Tags("Title", comment=comment, description="About it", copyright="© Zoë")
    sound = (3000 * np.sin(np.arange(2 * RATE) / 9)).astype(np.int16)
    marks = [Mark(0, 1, "One"), Mark(1, 2, "Two")]
    path = tmp_path / "a.mp3"
    encode([sound], sound.size, RATE, path, FORMATS["mp3"], tags, marks, cover)
    file = mutagen.File(path)
    assert [(each.desc, each.text) for each in file.tags.getall("COMM")] == [("", [comment])]
    assert "TXXX:comment" not in file.tags and file.tags["TIT2"] == "Title"
    assert len(file.tags.getall("CHAP")) == 2 and file.tags.getall("APIC")[0].data == cover.data
    assert str(file.tags["TCOP"]) == "© Zoë" and file.info.length == pytest.approx(2, abs=0.06)
    assert np.abs(read_audio(path)).max() == pytest.approx(3000 / 32768, rel=0.05)
    before = path.read_bytes()
    mend_comment(path)
    assert path.read_bytes() == before, "nothing is left to mend"


@given(
    st.binary(max_size=120),
    st.sampled_from([b"", b"ID3\3", b"ID3\3\0\0\0\0\0\x40", b"ID3\3\0\0\0\0\0\x40TXXX"]),
)
def test_a_tag_of_any_kind_is_left_alone(data: bytes, head: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp3"
        path.write_bytes(head + data)
        mend_comment(path)
        assert path.read_bytes() == head + data


def test_three_hundred_chapters(tmp_path: Path) -> None:
    """All of them, with whatever is in their titles, but for the two lists that count in one byte."""
    titles = [f"{i} = one; # two \\ three\n🎉" for i in range(300)]
    marks = [Mark(i * 0.05, i * 0.05 + 0.05, title) for i, title in enumerate(titles)]
    sound = np.zeros(15 * RATE, np.int16)
    files = {}
    for name in ("mp3", "m4b", "ogg", "opus", "flac"):
        path = tmp_path / f"a.{name}"
        encode([sound], sound.size, RATE, path, FORMATS[name], Tags(), marks)
        files[name] = mutagen.File(path)
    frames = sorted(files["mp3"].tags.getall("CHAP"), key=lambda each: each.start_time)
    assert [str(each.sub_frames["TIT2"]) for each in frames] == titles[:255]
    assert [mark.title for mark in files["m4b"].chapters] == titles[:255]
    for name in ("ogg", "opus", "flac"):
        assert [files[name][f"chapter{i:03d}name"] for i in range(300)] == [[title] for title in titles]
        assert files[name]["chapter299"] == ["00:00:14.950"]
    command = [find_ffmpeg(), "-v", "error", "-i", str(tmp_path / "a.m4b"), "-f", "ffmetadata", "-"]
    listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert listing.count("[CHAPTER]") == 300, "only the list of Nero stops at 255"
    assert "title=299 \\= one\\; \\# two \\\\ three\\\n🎉" in listing


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=90, max_size=400))
def test_a_cut_title_is_always_text(title: str) -> None:
    data = title.encode()[:255]
    if len(data) == 255:
        assert len(clipped(data)) == 255
        shown = clipped(data).decode().rstrip().rstrip("…")
        assert title.startswith(shown) or clipped(data) == data


def test_rf64_where_a_wav_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_cli.delivery.encode.MAX_WAV_BYTES", 100_000)
    sound = (np.arange(RATE) % 999).astype(np.int16)
    encode([sound, sound], 2 * RATE, RATE, tmp_path / "long.wav", FORMATS["wav"])
    encode([sound[:9000]], 9000, RATE, tmp_path / "short.wav", FORMATS["wav"])
    data = (tmp_path / "long.wav").read_bytes()
    assert data[:4] == b"RF64" and data[12:16] == b"ds64"
    assert struct.unpack("<Q", data[20:28])[0] == len(data) - 8
    assert (tmp_path / "short.wav").read_bytes()[:4] == b"RIFF"
    back, _ = soundfile.read(tmp_path / "long.wav", dtype="int16")
    assert np.array_equal(back, np.concatenate([sound, sound]))
    command = [find_ffmpeg(), "-v", "error", "-i", str(tmp_path / "long.wav"), "-f", "s16le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    assert raw == back.tobytes()


def test_what_is_no_cover(tmp_path: Path) -> None:
    path = tmp_path / "cover.jpg"
    with pytest.raises(MissingError, match="no such picture"):
        read_cover(path)
    path.write_bytes(b"GIF89a" + bytes(100))
    with pytest.raises(UsageError, match="JPEG or PNG"):
        read_cover(path)
    assert read_cover(png(path, 8)).mime == "image/png", "what it is counts, not how it is called"


@pytest.mark.parametrize("size", [(50_000, 50_000), (0, 10), (2**31 - 1, 1)])
def test_a_cover_has_pixels_that_a_player_can_hold(tmp_path: Path, size: tuple[int, int]) -> None:
    path = png(tmp_path / "cover.png", 8)
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", *size)
    path.write_bytes(data)
    with pytest.raises(UsageError, match=rf"cover\.png: is a picture of {size[0]} x {size[1]} pixels; give"):
        read_cover(path)


@pytest.mark.skipif(os.name != "posix", reason="needs pipes")
def test_a_pipe_is_no_cover(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "cover.png")
    with pytest.raises(UsageError, match="it is a pipe, not an ordinary file"):
        read_cover(tmp_path / "cover.png")


@pytest.mark.parametrize("name", ["cover%03d.png", "-c.png", "a:b.png", "cover.jpg"])
@pytest.mark.parametrize("kind", ["mp3", "m4b"])
def test_a_cover_of_any_name(tmp_path: Path, name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cover = read_cover(png(Path(name), 8))
    sound = np.zeros(RATE, np.int16)
    encode([sound], sound.size, RATE, tmp_path / f"a.{kind}", FORMATS[kind], Tags(), [], cover)
    assert cover.data in (tmp_path / f"a.{kind}").read_bytes()


def test_what_has_to_be_there_before_rendering() -> None:
    assert Delivery(("m4b",), sample=True).needed_formats == ("m4b", "mp3")
    assert Delivery(("wav",), extras=("epub",)).needed_formats == ("wav", "aac")
    assert Delivery(("mp3",), extras=("epub",), sample=True).needed_formats == ("mp3",)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=40), min_size=1, max_size=8
    )
)
def test_any_title_survives_ffmpegs_own_format(titles: list[str]) -> None:
    """Written here, read and written by ffmpeg, read again: each as it was, and none has eaten the next."""
    marks = [Mark(number, number + 1, title) for number, title in enumerate(titles)]
    text = ffmetadata({"title": titles[0], "album": titles[-1]}, marks)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").write_text(text, encoding="utf-8", newline="\n")
        command = [find_ffmpeg(), "-v", "error", "-f", "ffmetadata", "-i", f"{folder}/in"]
        subprocess.run([*command, "-f", "ffmetadata", f"{folder}/out"], check=True)
        back = (Path(folder) / "out").read_text(encoding="utf-8")
    _, *sections = re.split(r"^\[CHAPTER\]$", back, flags=re.M)
    found = [re.search(r"^title=((?:[^\\\n]|\\.)*)$", each, re.M | re.S) for each in sections]
    shown = [re.sub(r"\\(.)", r"\1", each[1], flags=re.S) if each else "" for each in found]
    assert [title.rstrip(" ") for title in shown] == [title.rstrip(" ") for title in titles]
