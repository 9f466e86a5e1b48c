"""The voice's reference: in every context, to the last line, under the line's own tag."""

from __future__ import annotations

import numpy as np
import pytest

from csm_cli.core.errors import UsageError
from csm_cli.engine import Utterance
from csm_cli.rendering.cast import cast_tags, find_voices, references, with_clips
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import plan_jobs, read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.script import read_screenplay
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.store import NewClip
from tests.rendering.fake_engine import FakeEngine, capped

SECONDS = 8


def clip(label: str = "", text: str = "") -> NewClip:
    sound = np.random.default_rng(len(label)).normal(0, 0.1, SECONDS * 24_000).astype(np.float32)
    return NewClip(label, text or f"What {label or 'it'} says.", sound)


@pytest.fixture
def registry(own_home) -> VoiceRegistry:
    registry = VoiceRegistry(None)
    registry.add("ann", [clip("calm"), clip("angry")], speaker=7)
    registry.add("bob", [clip()], speaker=7)
    return registry


def write(tmp_path, lines, cast="{narrator: bob, Anna: ann, Tom: ann}"):
    path = tmp_path / "long.yaml"
    body = "\n".join(f"      - {line}" for line in lines)
    path.write_text(f"title: T\nvoices: {cast}\nchapters:\n  - title: One\n    lines:\n{body}\n")
    return path


def render(path, engine=None, **options):
    engine = engine or FakeEngine()
    options = RenderOptions(output=path.parent / "out", model="some/model", **options)
    jobs = read_jobs([path], options)
    render_jobs(jobs, engine, options)
    return engine, plan_jobs(jobs, options)[0]


def long_chapter(count: int = 150) -> list[str]:
    who = ("narrator", "Anna", "narrator", "Tom")
    return [f'{who[n % 4]}: "Line number {n}, and the boat went on."' for n in range(count)]


@pytest.mark.parametrize("turns", [0, 3, 40])
def test_every_line_of_a_long_chapter_hears_its_reference(tmp_path, registry, turns) -> None:
    engine, plan = render(write(tmp_path, long_chapter()), context_turns=turns)
    planned = {line.parts[0]: line for chain in plan.chains for line in chain.lines}
    assert len(engine.asked) == len(planned) == 150
    assert engine.encoded == 2, "one for each voice that speaks, once"
    for asked in engine.asked:
        line = planned[asked.text]
        reference = asked.context[0]
        voice = registry.get(line.voice)
        assert (reference.speaker, asked.speaker) == (line.tag, line.tag)
        assert reference.text == voice.text and len(reference.codes) == SECONDS * 12.5
    last = engine.asked[-1]
    assert (
        last.text.startswith("Line number one hundred forty-nine")
        and last.context[0].text == registry.get("ann").text
    )
    if turns == 40:
        used = engine.positions(last.context, last) + last.max_frames
        assert 1700 < used <= engine.max_positions, "the window was full, and only turns were dropped"


def test_the_reference_stays_when_a_line_is_tried_again(tmp_path, registry) -> None:
    def fail(utterance: Utterance):
        return capped(utterance) if "number two," in utterance.text else None

    engine, _ = render(write(tmp_path, long_chapter(4)), FakeEngine(fail))
    assert len(engine.asked) > 6
    assert all(asked.context[0].text in ("What it says.", "What calm says.") for asked in engine.asked)


def test_no_two_characters_share_a_tag(tmp_path, registry) -> None:
    _, plan = render(write(tmp_path, ["narrator: One.", "Anna: Two.", "Tom: Three."]))
    assert len(set(plan.tags.values())) == 3
    play = read_screenplay(write(tmp_path, ["narrator: One.", "Anna: Two.", "Tom: Three."]))
    voices = find_voices(play)
    tags = cast_tags(play, voices)
    heard = references(FakeEngine(), tags, play, voices)  # type: ignore[arg-type]
    assert {(tag, name): segment.speaker for (tag, name), segment in heard.items()} == {
        (tags["narrator"], "bob"): tags["narrator"],
        (tags["Anna"], "ann"): tags["Anna"],
        (tags["Tom"], "ann"): tags["Tom"],
    }


def test_a_delivery_note_chooses_the_clip_of_that_label(tmp_path, registry) -> None:
    lines = [
        "Anna: (angry) Get out!",
        "Anna: (Angry!) Now!",
        "Anna: Please.",
        "narrator: (angry) She was angry.",
        "Tom: (sadly) Oh.",
    ]
    path = write(tmp_path, lines)
    engine, _ = render(path)
    heard = [asked.context[0].text for asked in engine.asked]
    assert heard == [
        "What angry says.",
        "What angry says.",
        "What calm says.",
        "What it says.",
        "What calm says.",
    ]
    tags = [asked.speaker for asked in engine.asked]
    assert tags[0] == tags[1] == tags[2], "the same person"
    assert engine.asked[0].text == "Get out!"


def test_a_style_of_the_script_wins_over_a_label(tmp_path, registry) -> None:
    path = write(tmp_path, ["Anna: (angry) Get out!"], "{Anna: {voice: ann, angry: bob}}")
    engine, _ = render(path)
    assert engine.asked[0].context[0].text == "What it says."
    path = write(tmp_path, ["Anna: Get out!"], "{Anna: ann/angry}")
    engine, _ = render(path)
    assert engine.asked[0].context[0].text == "What angry says."


def test_a_script_without_labels_is_left_as_it_is(tmp_path, registry) -> None:
    play = read_screenplay(write(tmp_path, ["Anna: One.", "Tom: (loudly) Two."]))
    voices = find_voices(play)
    assert with_clips(play, voices) == (play, voices)


def test_lines_that_continue_the_clip(tmp_path, registry) -> None:
    path = write(tmp_path, long_chapter(60))
    engine, _ = render(path, reference="continue", context_turns=40)
    for asked in engine.asked:
        assert asked.lead is not None and asked.lead.speaker == asked.speaker
        assert len(asked.lead.codes) == SECONDS * 12.5
        assert all(turn.text.startswith("Line number") for turn in asked.context), "not heard twice"
        assert engine.positions(asked.context, asked) + asked.max_frames <= engine.max_positions
    again, _ = render(path, reference="continue", context_turns=40)
    assert again.asked == [], "the takes are there"
    other, _ = render(path, context_turns=40)
    assert len(other.asked) == 60, "the other way is another take"


def test_a_clip_that_leaves_no_room_to_continue(tmp_path, registry) -> None:
    engine = FakeEngine()
    engine.max_positions = 120
    with pytest.raises(UsageError, match="leaves no room for the line"):
        render(write(tmp_path, ["Anna: Hello there."]), engine, reference="continue")
