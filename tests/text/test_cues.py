"""Cues inside a line: what counts as one, what is left of the text, who is given them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csm_cli.delivery
from csm_cli.audio.timeline import Gap, Spoken
from csm_cli.core.types import cues_of
from csm_cli.delivery.book import Book
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from csm_cli.lint.reports import check_lexicon, spoken_lines
from csm_cli.lint.script import check_script
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import plan_screenplay
from csm_cli.rendering.project import plan_jobs, read_jobs
from csm_cli.rendering.requests import ModelTraits
from csm_cli.script import read_screenplay
from csm_cli.script.writers import write_script
from csm_cli.text import Normaliser
from csm_cli.text.cues import cues, find_cues, spoken_cues
from tests.rendering.fake_engine import FakeEngine

SCHEMA = json.loads((Path(csm_cli.delivery.__file__).parent / "timeline.schema.json").read_text())


@pytest.fixture
def script(tmp_path: Path):
    """Write a script; the result is its path."""

    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("text", "left", "words"),
    [
        ("[laughs] Hello.", "Hello.", ["laughs"]),
        ("I know (sighs) it.", "I know it.", ["sighs"]),
        ("Oh, <laugh> no.", "Oh, no.", ["laughs"]),
        ("Well, *coughs*, I know.", "Well, I know.", ["coughs"]),
        ("*coughs* Sorry.", "Sorry.", ["coughs"]),
        ("I was *sneezes* going.", "I was going.", ["sneezes"]),
        ("_(clears his throat)_ So.", "So.", ["clears throat"]),
        ("No (laughing softly to herself). Yes.", "No. Yes.", ["laughs"]),
        ("Yes. (beat). No.", "Yes. No.", ["beat"]),
        ("I... [LONG PAUSE] ... see.", "I... see.", ["pause"]),
        ("“[laughs] No,” he said.", "“No,” he said.", ["laughs"]),
        ("(laughs) (gasps) Oh!", "Oh!", ["laughs", "gasps"]),
        ("[Laughter.]", "", ["laughs"]),
    ],
)
def test_a_cue_is_no_word(text, left, words):
    assert cues(text) == (left, find_cues(text))
    assert [cue.word for cue in find_cues(text)] == words
    assert all(text[cue.at :].startswith(cue.text) for cue in find_cues(text))


@pytest.mark.parametrize(
    "text",
    [
        "A crowd (about thirty people) came.", "She never *laughs* at me.", "He *coughs* it up.",
        "a [note] b", "*Laughing*, she ran.", "The man *laughs* at us.", "*Sighs* of relief.",
        "laughs (laughs] [laughs)", "see [1]", "(He laughs at it.)", "a_laughs_b",
        "Laughs and sighs.", "She *laughed*.",
    ],
)  # fmt: skip
def test_words_are_words(text):
    assert cues(text) == (text, ())


@given(
    st.lists(st.sampled_from(["[laughs]", "(sighs)", "<laugh>", "a", "b.", ",", "(", "]", "*", "...", " "]))
)
def test_no_letter_of_the_rest_is_lost(pieces):
    text = " ".join(pieces)
    left, found = cues(text)
    assert [char for char in left if char in "ab"] == [piece[0] for piece in pieces if piece[0] in "ab"]
    assert len(found) == sum(len(piece) > 4 for piece in pieces)


def test_a_model_is_given_the_cues_that_it_knows():
    text = "[laughs] Hello (sighs) there, *coughs* you."
    assert spoken_cues(text, ["<laugh>", "sighing"]) == "<laugh> Hello [sighing] there, you."
    assert cues_of({"cues": ["laughs", ""]}) == ("laughs",)
    assert cues_of({"cues": "laughs"}) == cues_of({}) == ()


SCRIPT = """\
# One

Anna came in. [laughs] It rained.

(sighs) I *never* knew. *coughs* Sorry, (so they say) all.

Another one. (Laughing)
"""


def test_a_plan_speaks_known_cues_alone(script):
    play = read_screenplay(script("a.md", SCRIPT))
    ((first, second, third),) = [chain.lines for chain in plan_screenplay(play, {"narrator": 0})]
    assert [line.request.parts for line in (first, second, third)] == [
        ("Anna came in. It rained.",),
        ("I never knew. Sorry, (so they say) all.",),
        ("Another one.",),
    ]
    assert second.line.text == "(sighs) I never knew. *coughs* Sorry, (so they say) all."
    assert [cue.word for cue in second.cues] == ["sighs", "coughs"]
    ((first, *_),) = [chain.lines for chain in plan_screenplay(play, {"narrator": 0}, cues=["laughs"])]
    assert first.request.parts == ("Anna came in. [laughs] It rained.",)
    spoken = [text for _, text in spoken_lines(play, Normaliser())]
    assert spoken[:2] == ["Anna came in. It rained.", "I never knew. Sorry, (so they say) all."]


def test_the_cues_of_an_engine_reach_the_plan(script):
    class Laughing(FakeEngine):
        cues = ("<laugh>",)

    options = RenderOptions()
    jobs = read_jobs([script("a.md", SCRIPT)], options)
    (plan,) = plan_jobs(jobs, options, ModelTraits.of(Laughing()))
    assert plan.chains[0].lines[0].parts == ("Anna came in. <laugh> It rained.",)


@pytest.mark.parametrize("format", ["markdown", "yaml"])
def test_writing_a_script_keeps_its_cues(script, format):
    play = read_screenplay(script("a.md", SCRIPT))
    again = read_screenplay(script("b.dat", write_script(play, format)), format)
    assert [line.text for line in again.lines] == [line.text for line in play.lines]


def test_a_pause_without_a_number_may_stand_within_a_line_of_markdown(script):
    (line,) = read_screenplay(script("a.md", "Well, [pause] yes.\n")).lines
    assert cues(line.text)[0] == "Well, yes."


def test_lint_names_each_kind_of_cue_once_and_no_brackets_of_it(script):
    path = script("a.md", SCRIPT)
    found = [str(finding).removeprefix(f"{path}:") for finding in check_script(path)]
    what = "is a direction that the model does not know: it is not spoken"
    assert [row for row in found if "direction" in row] == [
        f'3:15: note: "[laughs]" {what}',
        f'5:1: note: "(sighs)" {what}',
        f'5:25: note: "*coughs*" {what}',
    ]
    brackets = [row for row in found if "brackets" in row]
    assert brackets == ['5:41: note: "(so they say)": what stands in brackets is spoken']
    assert not [
        word for word, *_ in check_lexicon(read_screenplay(path), Normaliser()).missing if "[" in word
    ]


def test_a_timeline_keeps_them(tmp_path):
    found = find_cues("Oh [laughs] no.")
    spoken = Spoken("l1", "Ann", "Oh [laughs] no.", 0, np.ones(24_000, np.float32) / 9, cues=found)
    plain = replace(spoken, line_id="l2", text="Oh.", cues=())
    with BookWriter(Book("Book"), tmp_path, Delivery(), 24_000, 1) as writer:
        made, _ = writer.add(1, "One", [spoken, Gap("line"), plain])
        (path,) = writer.write_timeline()
    value = json.loads(path.read_text())
    jsonschema.validate(value, SCHEMA)
    first, second = value["chapters"][0]["lines"]
    assert first["cues"] == [{"cue": "laughs", "text": "[laughs]", "at": 3}]
    assert "cues" not in second
    assert read_timeline(path).chapters == (made,)
