"""The text files around the audio: what they say, when, and that nothing in a title breaks them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import zipfile
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csm_cli.audio.ffmpeg import find_ffmpeg
from csm_cli.audio.measure import measure
from csm_cli.audio.timeline import ChapterTimeline, TimelineEntry
from csm_cli.audio.word_times import WordTime
from csm_cli.delivery.book import Book, Unit
from csm_cli.delivery.chapter import split_volumes
from csm_cli.delivery.formats import FORMATS
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import EXTRAS, Delivery
from csm_cli.delivery.sidecars import (
    CUE_CHARACTERS,
    cue_sheet,
    description,
    labels,
    lrc,
    pieces_of,
    plain,
    podcast_chapters,
    srt,
    vtt,
)
from csm_cli.delivery.tags import read_cover
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, TITLES, chapter, png

BOOK = Book(
    'The "Book"',
    "Ann <Author>",
    "Nora",
    description="All & about it.",
    source="book.md",
    subtitle="A tale",
    series="Tales",
    translator="Tim & Co",
    identifier="978-3-16-148410-0",
    genre="Adventure",
    voices="Voices: bella (made for this)",
)
SECONDS = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{3})")


def unit(*texts: str, speaker: str = "Anna", title: str = "One") -> Unit:
    lines = tuple(
        TimelineEntry(1, f"l{number}", speaker, text, 0, 2.0 * number, 2.0 * number + 1.5)
        for number, text in enumerate(texts)
    )
    one = ChapterTimeline(1, title, "01-one.mp3", 2.0 * len(texts) + 1, lines)
    return Unit("01-one", title, ("01-one.mp3",), ((0.0, one), (one.duration, one)))


def timed(*texts: str, seconds: float = 6.0) -> Unit:
    """Lines whose words share their time."""
    lines = []
    for number, text in enumerate(texts):
        found = [match.span() for match in re.finditer(r"\S+", text)]
        start, step = (seconds + 1) * number, seconds / max(1, len(found))
        words = tuple(
            WordTime(*span, start + step * place, start + step * (place + 0.9))
            for place, span in enumerate(found)
        )
        line = TimelineEntry(1, f"l{number}", "Anna", text, 0, start, start + seconds, words=words)
        lines.append(line)
    one = ChapterTimeline(1, "One", "01-one.mp3", (seconds + 1) * len(texts), tuple(lines))
    return Unit("01-one", "One", ("01-one.mp3",), ((0.0, one),))


def times(text: str) -> list[float]:
    return [int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms in SECONDS.findall(text)]


def test_subrip() -> None:
    text = srt(unit("Hello.", "1 --> 2"))
    blocks = text.strip().split("\n\n")
    assert blocks[0] == "1\n00:00:00,000 --> 00:00:01,500\nAnna: Hello."
    assert blocks[1].endswith("Anna: 1 → 2") and len(blocks) == 4
    assert times(blocks[2])[0] == 5.0, "the second chapter begins after the first"


def test_webvtt() -> None:
    text = vtt(unit("<b> & --> c", speaker="Mr. <X>"))
    assert text.startswith(
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n<v Mr. &lt;X&gt;>&lt;b&gt; &amp; --&gt; c"
    )


def test_speakers_are_named_once_or_not_at_all() -> None:
    made = unit("Anna: is it you?", "A long line " * 12)
    assert "Anna: is it you?" in srt(made) and "Anna: Anna" not in srt(made)
    blocks = srt(made).strip().split("\n\n")
    assert all(block.count("Anna") == 1 for block in blocks) and len(blocks) == 6, "once a cue"
    assert "Anna: A" not in srt(made, names=False) and "<v" not in vtt(made, names=False)
    assert srt(unit("Hello."), names=False).startswith("1\n00:00:00,000 --> 00:00:01,500\nHello.\n")
    assert labels(unit("Hello."), names=False).startswith("0.000000\t1.500000\tHello.\n")
    assert "Anna" not in labels(unit("Hello."), names=False)


def test_timed_words_in_subrip_and_webvtt() -> None:
    made = timed("Wait — <b> & go.")
    assert srt(made).split("\n\n")[0] == "1\n00:00:00,000 --> 00:00:01,080\nWait"
    assert srt(made).split("\n\n")[2] == "3\n00:00:02,400 --> 00:00:03,480\n<b>"
    assert vtt(made).endswith(
        "00:00:00.000 --> 00:00:06.000\n<v Anna>Wait <00:00:01.200>— <00:00:02.400>&lt;b&gt; "
        "<00:00:03.600>&amp; <00:00:04.800>go.\n"
    )


@example("0" * 83 + " 0")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_timed_text(text: str) -> None:
    made = timed(text, "Next one.", seconds=30.0)
    found = times(srt(made))
    assert found == sorted(found), "in order, never overlapping"
    if all(len(word) <= CUE_CHARACTERS for word in text.split()):
        cues_in_vtt = [
            block.strip("\n").split("\n") for block in vtt(made).split("\n\n")[1:] if block.strip()
        ]
        for clock, said in cues_in_vtt:
            start, end = times(clock)
            inside = times(said)
            assert inside == sorted(set(inside)) and all(start < time < end for time in inside)
            assert "\x00" not in said and len(re.sub("<[^>]*>", "", said)) <= 6 * CUE_CHARACTERS
        shown = re.sub(r"<[^>]*>", "", " ".join(said for _, said in cues_in_vtt))
        assert unescape(shown).split() == [*plain(text).split(), "Next", "one."]


def test_lrc() -> None:
    rows = lrc(unit("Hello.", "There."), BOOK).splitlines()
    assert "[ti:One]" in rows and "[ar:Ann <Author>]" in rows and "[length:00:10]" in rows
    assert rows[-1] == "[00:07.00]There."


@pytest.mark.parametrize("kind", ["srt", "webvtt"])
def test_ffmpeg_reads_the_subtitles(tmp_path: Path, kind: str) -> None:
    long = "A long line, with — dashes, “quotes” and 🎉, that goes on and on " * 4
    made = unit(long, "Short & <sweet>.")
    path = tmp_path / f"a.{kind}"
    path.write_text(srt(made) if kind == "srt" else vtt(made), encoding="utf-8")
    command = [find_ffmpeg(), "-v", "error", "-f", kind, "-i", str(path), "-f", "srt", "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    found = times(text)
    assert found == sorted(found) and found[0] == 0.0 and found[-1] == pytest.approx(8.5, abs=0.002)
    assert text.count("-->") == len(srt(made).split("-->")) - 1


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=500))
def test_any_text_in_any_sidecar(text: str) -> None:
    made = unit(text, "Next.", speaker=text or "x", title=text or "x")
    joined = "".join(pieces_of(" ".join(text.split())))
    assert joined.replace(" ", "") == "".join(text.split())
    assert all(len(piece) <= CUE_CHARACTERS for piece in pieces_of(" ".join(text.split())))
    blocks = [block for block in vtt(made).split("\n\n")[1:] if block.strip()]
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n", block) for block in blocks)
    assert all(block.count("-->") == 1 for block in blocks)
    assert all(row.count("\t") == 2 for row in labels(made).split("\n")[:-1])
    assert len(labels(made).split("\n")) == 5
    assert len(json.loads(podcast_chapters(made, BOOK))["chapters"]) == 2
    sheet = cue_sheet([made], Book(text or "x", text))
    assert all(row.count('"') in (0, 2) for row in sheet.split("\n"))


def test_podcast_chapters_cue_labels_description() -> None:
    made = unit("Hello.", title="Chapter A")
    value = json.loads(podcast_chapters(made, BOOK))
    assert value["version"] == "1.2.0"
    assert [each["startTime"] for each in value["chapters"]] == [0, 3]
    assert cue_sheet([made], BOOK).splitlines() == [
        'PERFORMER "Ann <Author>"',
        "TITLE \"The 'Book'\"",
        'FILE "01-one.mp3" MP3',
        "  TRACK 01 AUDIO",
        '    TITLE "Chapter A"',
        "    INDEX 01 00:00:00",
        "  TRACK 02 AUDIO",
        '    TITLE "Chapter A"',
        "    INDEX 01 00:03:00",
    ]
    assert labels(made).splitlines()[0] == "0.000000\t1.500000\tAnna: Hello."
    text = description([made], BOOK)
    assert "By Ann <Author>" in text and "(AI-narrated)" in text and "00:00:03 Chapter A" in text
    assert "All & about it." in text and text.endswith("\n\nVoices: bella (made for this)\n")
    for row in ("A tale", "Translated by Tim & Co", "Series: Tales", "Genre: Adventure"):
        assert row in text.split("\n\n")[0].splitlines()


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40), st.integers(1, 6000))
def test_volumes_hold_every_chapter_in_order(lengths: list[int], limit: int) -> None:
    chapters = [Piece(length) for length in lengths]
    parts = split_volumes(chapters, 1, limit / 3600)
    assert [each for part in parts for each in part.chapters] == chapters
    for part in parts:
        assert sum(each.samples for each in part.chapters) <= limit or len(part.chapters) == 1
    greedy, room = 0, 0
    for length in lengths:
        if length > room:
            greedy, room = greedy + 1, limit
        room -= length
    assert len(parts) == greedy
    assert len(split_volumes(chapters, 1, None)) == 1


class Piece:
    def __init__(self, samples: int):
        self.samples = samples


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivered")
    cover = read_cover(png(folder / "cover.png"))
    with BookWriter(BOOK, folder, Delivery(("mp3",), extras=EXTRAS, cover=cover), RATE, 3) as writer:
        for number, title in enumerate(TITLES, 1):
            writer.add(number, title, chapter(3))
        writer.finish()
        writer.write_timeline()
    return folder


def test_all_agree_with_the_timeline(delivered: Path) -> None:
    timeline = read_timeline(delivered / "timeline.json")
    for each in timeline.chapters:
        stem = Path(each.file).stem
        wanted = [time for line in each.entries for time in (line.start, line.end)]
        for suffix in (".srt", ".vtt"):
            found = times((delivered / f"{stem}{suffix}").read_text(encoding="utf-8"))
            assert found == pytest.approx(wanted, abs=0.001)
        rows = (delivered / f"{stem}.labels.txt").read_text(encoding="utf-8").splitlines()
        found = [float(value) for row in rows for value in row.split("\t")[:2]]
        assert found == pytest.approx(wanted, abs=0.00001)
        stamps = re.findall(r"^\[(\d+):([\d.]+)\]", (delivered / f"{stem}.lrc").read_text(), re.M)
        assert [int(m) * 60 + float(s) for m, s in stamps] == pytest.approx(wanted[::2], abs=0.006)
    marks = json.loads((delivered / "the-book.chapters.json").read_text(encoding="utf-8"))["chapters"]
    assert [mark["startTime"] for mark in marks] == pytest.approx(
        [each.offset for each in timeline.chapters], abs=0.001
    )
    assert [mark["title"] for mark in marks] == TITLES
    assert (delivered / "the-book.cue").read_text(encoding="utf-8").count("FILE ") == 3


OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
SMIL = "{http://www.w3.org/ns/SMIL}"
XHTML = "{http://www.w3.org/1999/xhtml}"


def test_the_epub_by_the_rules_of_epubcheck(delivered: Path, tmp_path: Path) -> None:
    """The rules of epubcheck for such a book, one by one; epubcheck itself runs where it is installed."""
    timeline = read_timeline(delivered / "timeline.json")
    with zipfile.ZipFile(delivered / "the-book.epub") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip" and not first.extra
        trees = {
            name: ElementTree.fromstring(archive.read(name))
            for name in archive.namelist()
            if name.endswith((".opf", ".xhtml", ".smil", ".xml"))
        }
        package = trees["EPUB/package.opf"]
        items = {item.get("id"): item for item in package.iter(f"{OPF}item")}
        listed = {f"EPUB/{item.get('href')}" for item in items.values()}
        assert listed == set(archive.namelist()) - {"mimetype", "META-INF/container.xml", "EPUB/package.opf"}
        assert [item.get("properties") for item in items.values() if item.get("properties")] == [
            "nav",
            "cover-image",
        ]
        facts = {child.get("id") or child.tag: child.text for child in package.find(f"{OPF}metadata")}
        assert [facts[name] for name in ("title", "subtitle", "author", "translator", "series")] == [
            *(BOOK.title, BOOK.subtitle, BOOK.author, BOOK.translator, BOOK.series)
        ]
        assert (facts[f"{DC}subject"], facts[f"{DC}source"]) == (BOOK.genre, BOOK.identifier)
        refined = {
            (meta.get("refines"), meta.get("property")): meta.text for meta in package.iter(f"{OPF}meta")
        }
        assert refined["#translator", "role"] == "trl" and refined["#subtitle", "title-type"] == "subtitle"
        assert refined["#series", "collection-type"] == "series"
        durations = {
            meta.get("refines"): times(meta.text)[0]
            for meta in package.iter(f"{OPF}meta")
            if meta.get("property") == "media:duration"
        }
        assert durations.pop(None) == pytest.approx(sum(durations.values()), abs=0.01)
        for reference, each in zip(package.iter(f"{OPF}itemref"), timeline.chapters, strict=True):
            page = items[reference.get("idref")]
            overlay = items[page.get("media-overlay")]
            tree = trees[f"EPUB/{page.get('href')}"]
            ids = [element.get("id") for element in tree.iter() if element.get("id")]
            assert len(ids) == len(set(ids))
            pairs = list(trees[f"EPUB/{overlay.get('href')}"].iter(f"{SMIL}par"))
            texts = [pair.find(f"{SMIL}text").get("src").split("#")[1] for pair in pairs]
            assert texts == [i for i in ids if i != "text"], "in the order of the page"
            clips = [pair.find(f"{SMIL}audio") for pair in pairs]
            begins = [times(clip.get("clipBegin"))[0] for clip in clips]
            assert begins[1:] == pytest.approx([line.start for line in each.entries][1:], abs=0.001)
            audio = archive.extract(f"EPUB/{clips[0].get('src')}", tmp_path)
            assert times(clips[-1].get("clipEnd"))[0] <= measure(audio).seconds + 0.05
            heading = next(tree.iter(f"{XHTML}h1"))
            assert "".join(heading.itertext()) == " ".join(each.title.split())
        nav = trees["EPUB/nav.xhtml"]
        links = [f"EPUB/{link.get('href')}" for link in nav.iter(f"{XHTML}a")]
        assert len(links) == 3 and set(links) <= set(archive.namelist())


@pytest.mark.skipif("EPUBCHECK_JAR" not in os.environ, reason="EPUBCHECK_JAR names no epubcheck")
def test_epubcheck_itself(delivered: Path) -> None:
    command = ["java", "-jar", os.environ["EPUBCHECK_JAR"], str(delivered / "the-book.epub")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_format_has_a_place_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text(encoding="utf-8")
    assert [name for name in (*FORMATS, *EXTRAS) if f"`{name}`" not in page and name not in page] == []
