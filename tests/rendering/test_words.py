"""Word times from the script to the files: written words, the takes' findings, what is delivered."""

from __future__ import annotations

import json
import re
import zipfile
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csm_cli.delivery
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import Delivery
from csm_cli.rendering.master import master_jobs
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.rendering.words import written_times
from csm_cli.text import spoken_text
from csm_cli.text.cues import find_cues, spoken_cues
from csm_cli.verify import Verifier
from tests.rendering.fake_engine import FakeEngine


def timed(text: str, seconds: float = 0.25):
    """The spoken words of a text, one every quarter of a second, and the cues in it."""
    words = spoken_text(spoken_cues(text, ())).split()
    spans = [(number * seconds, (number + 1) * seconds) for number in range(len(words))]
    silent = [(cue.at, cue.at + len(cue.text)) for cue in find_cues(text)]
    return list(zip(words, spans, strict=True)), silent


def said(text: str) -> dict[str, str]:
    """For each written word, what is spoken in its time."""
    spoken, silent = timed(text)
    found = {}
    for first, last, start, end in written_times(text, spoken, silent):
        heard = [word for word, span in spoken if start <= sum(span) / 2 <= end]
        found[text[first:last]] = " ".join(heard)
    return found


def test_a_written_word_has_the_time_of_all_that_is_said_for_it() -> None:
    found = said("On 3 May 1984, Dr. Smith paid $5.50 for 83 apples — [laughs] and the well-known rest.")
    assert found["83"] == "eighty-three"
    assert found["$5.50"] == "five dollars and fifty cents"
    assert found["1984,"] == "nineteen eighty-four,"
    assert found["Dr."] == "Doctor" and found["Smith"] == "Smith"
    assert found["apples — [laughs]"].startswith("apples"), "a dash and a direction stay with the word before"
    assert found["well-known"] == "well-known" and found["rest."] == "rest."
    assert list(said("— “Yes,” she said.")) == ["— “Yes,”", "she", "said."]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 12))
def test_any_text_keeps_its_words_in_order(text: str, missing: int) -> None:
    spoken, silent = timed(text)
    found = written_times(text, spoken[missing:], silent)
    assert all(a.last <= b.first and a.end <= b.start for a, b in pairwise(found))
    assert all(each.first < each.last and each.start <= each.end for each in found)
    if found:
        joined = " ".join(text[each.first : each.last] for each in found)
        assert joined.split() == text.split(), "every written word is in one of them"


TALK = """\
title: Figures
voices: {narrator: ann}
chapters:
  - title: One
    lines:
      - narrator: She counted 83 boats, and then, before the wind turned, another 12.
      - {speaker: narrator, text: "Nobody was surprised at all.", speed: 1.25}
"""


@pytest.fixture
def talk(tmp_path: Path, voices) -> Path:
    path = tmp_path / "talk.yaml"
    path.write_text(TALK)
    return path


class Aligner:
    """Finds a word every tenth of a second, whatever is said."""

    name = "clock"

    def __init__(self):
        self.asked = []

    def transcribe(self, sounds, rate):
        return ["" for _ in sounds]

    def align(self, sounds, rate, texts):
        self.asked += texts
        return [[(n / 10, n / 10 + 0.1) for n in range(len(text.split()))] for text in texts]


def options(folder: Path, **more) -> RenderOptions:
    return RenderOptions(output=folder, delivery=Delivery(words=True, extras=("srt", "vtt", "epub"), **more))


def words_of_line(folder: Path, line: int) -> list[dict]:
    return json.loads((folder / "timeline.json").read_text())["chapters"][0]["lines"][line]["words"]


def test_rendered_and_mastered_files_time_each_word(talk: Path, tmp_path: Path) -> None:
    wanted = options(tmp_path / "out")
    render_jobs(read_jobs([talk], wanted), FakeEngine(), wanted)
    rendered = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.srt")}
    timeline = json.loads((tmp_path / "out" / "timeline.json").read_text())
    jsonschema.validate(
        timeline, json.loads((Path(csm_cli.delivery.__file__).parent / "timeline.schema.json").read_text())
    )
    assert read_timeline(tmp_path / "out" / "timeline.json").as_dict() == timeline
    lines = timeline["chapters"][0]["lines"]
    for line in lines:
        assert [word["word"] for word in line["words"]] == line["text"].split()
        times = [line["start"], *(word[at] for word in line["words"] for at in ("start", "end")), line["end"]]
        assert times == sorted(times)
    wanted = options(tmp_path / "mastered")
    master_jobs(read_jobs([talk], wanted), wanted)
    for name, data in rendered.items():
        assert (tmp_path / "mastered" / name).read_bytes() == data, "the same words at the same times"
    vtt = (tmp_path / "mastered" / "01-one.vtt").read_text()
    assert re.search(r"<v narrator>She <00:00:0\d\.\d{3}>counted <00:00:0\d\.\d{3}>83 ", vtt)
    assert "\nboats,\n" in (tmp_path / "mastered" / "01-one.srt").read_text()
    with zipfile.ZipFile(tmp_path / "mastered" / "figures.epub") as book:
        page, overlay = book.read("EPUB/c0001.xhtml").decode(), book.read("EPUB/c0001.smil").decode()
    ids = [each.get("id") for each in ElementTree.fromstring(page).iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    places = [
        each.get("src") for each in ElementTree.fromstring(overlay).iter("{http://www.w3.org/ns/SMIL}text")
    ]
    assert {place.partition("#")[2] for place in places} < set(ids)
    spans = re.findall(r'<span id="([^"]+-w\d+)">', page)
    assert len(spans) == 17 and re.findall(r"xhtml#([^\"]+)", overlay)[1:] == spans
    clips = re.findall(r'clipBegin="([^"]+)" clipEnd="([^"]+)"', overlay)
    assert all(before[1] == after[0] and before[0] < before[1] for before, after in pairwise(clips))


def test_what_a_recogniser_found_is_kept_with_the_take_and_used(talk: Path, tmp_path: Path) -> None:
    aligner, wanted = Aligner(), options(tmp_path / "out")
    verifier = Verifier(aligner, times=True)
    verifier._words = None  # its transcripts are not judged here
    jobs = read_jobs([talk], wanted)
    render_jobs(jobs, FakeEngine(), wanted, verifier=verifier)
    assert len(aligner.asked) == 3, "the first line has two parts"
    sidecars = [json.loads(path.read_text()) for path in jobs[0].takes.glob("??/*.json")]
    assert ["times:clock" in each["checked"] for each in sidecars] == [True, True]
    first = words_of_line(tmp_path / "out", 0)
    steps = np.diff([word["start"] for word in first])
    assert steps[1:5] == pytest.approx([0.1] * 4, abs=0.03)
    assert steps[7:] == pytest.approx([0.1] * len(steps[7:]), abs=0.03)
    assert steps[5] > 1.5, "the second part begins when the first is over"
    second = words_of_line(tmp_path / "out", 1)
    pace = np.diff([word["start"] for word in second])[1:]
    assert pace == pytest.approx([0.08] * len(pace), abs=0.03), "at its speed"
    wanted = options(tmp_path / "again")
    master_jobs(read_jobs([talk], wanted), wanted)
    assert words_of_line(tmp_path / "again", 0) == first, "without the recogniser"
    render_jobs(jobs, FakeEngine(), options(tmp_path / "out"), verifier=verifier)
    assert len(aligner.asked) == 3, "found once"


def test_without_words_nothing_is_timed(talk: Path, tmp_path: Path) -> None:
    plain = RenderOptions(output=tmp_path / "out", delivery=Delivery(extras=("srt",)))
    render_jobs(read_jobs([talk], plain), FakeEngine(), plain)
    assert "words" not in (tmp_path / "out" / "timeline.json").read_text()
    assert "narrator: She counted 83 boats" in (tmp_path / "out" / "01-one.srt").read_text()


def test_the_estimate_is_near_to_what_a_recogniser_finds() -> None:
    """The embedded voice, aligned by pocketsphinx; docs/delivery.md states the figure."""
    pytest.importorskip("pocketsphinx")
    from csm_cli.audio.word_times import word_times
    from csm_cli.engine import Engine, Utterance
    from csm_cli.verify.recognisers import load_recogniser

    texts = [
        "They climbed the stairs slowly, one hand on the cold wall; the lamp had gone out.",
        "Who looks after it now? Nobody has been here for eighty-three years.",
    ]
    engine = Engine.load("demo", "cpu", in_haste=True)
    utterances = [Utterance(number, text, seed=5, max_frames=110) for number, text in enumerate(texts)]
    sounds = engine.decode([speech.codes for speech in engine.speak(utterances)])
    recogniser = load_recogniser("pocketsphinx")
    heard = recogniser.align(sounds, engine.sample_rate, texts)
    assert all(None not in spans for spans in heard)
    guessed = [
        word_times(sound, engine.sample_rate, text.split()) for sound, text in zip(sounds, texts, strict=True)
    ]
    apart = np.abs(np.concatenate(guessed) - np.concatenate(heard))
    assert np.median(apart) < 0.15
    assert recogniser.transcribe(sounds[1:], engine.sample_rate)[0], "it still transcribes"
