"""The loop: batches, order, tries, context."""

import pytest

from csm_cli.core.errors import UsageError
from csm_cli.engine import Segment
from csm_cli.rendering.plan import plan_screenplay, take_seed
from csm_cli.script import read_screenplay
from csm_cli.takes import TakeStore
from tests.rendering.fake_engine import FakeEngine, FakeSlots, capped, good_speech, silent
from tests.rendering.speaking import speak_planned

LAMP = "They climbed the stairs slowly, one hand on the cold wall."


def speak(script, engine, *, batch=16, turns=3, references=None):
    chains = plan_screenplay(read_screenplay(script), {"narrator": 0, "Anna": 1})
    return speak_planned(engine, chains, batch=batch, turns=turns, references=references)


def codes(spoken):
    return {
        (chain.chapter.number, line.planned.line.id): line.take.id
        for chain, lines in spoken
        for line in lines
    }


def test_one_line_of_each_chapter_forms_a_batch(script):
    engine = FakeEngine()
    spoken = speak(script, engine)
    assert [len(batch) for batch in engine.batches] == [3, 2, 2]
    assert sorted(chain.chapter.number for chain, _ in spoken) == [1, 2, 3]
    assert [line.planned.line.id for line in {c.chapter.number: s for c, s in spoken}[1]] == [
        "c01-l001",
        "c01-l002",
        "c01-l003",
    ]


def test_a_small_batch_finishes_chapters_in_order_and_fills_up_again(script):
    engine = FakeEngine()
    spoken = speak(script, engine, batch=2)
    assert [len(batch) for batch in engine.batches] == [2, 2, 2, 1]
    assert [chain.chapter.number for chain, _ in spoken] == [1, 2, 3]
    engine = FakeEngine()
    speak(script, engine, batch=1)
    assert [len(batch) for batch in engine.batches] == [1] * 7


def test_nobody_waits_for_the_slowest_line(script, monkeypatch):
    """The first chapter's first line takes longer than all other chapters."""
    order = []

    def advance(scheduler):
        ticket = max(
            scheduler.given, key=lambda each: ("boat turned" not in scheduler.given[each].text, -each)
        )
        utterance = scheduler.given.pop(ticket)
        order.append(utterance.text)
        return [(ticket, good_speech(utterance))]

    monkeypatch.setattr(FakeSlots, "advance", advance)
    spoken = speak(script, FakeEngine())
    assert sorted(chain.chapter.number for chain, _ in spoken) == [1, 2, 3]
    assert order[4].startswith("The boat turned")
    monkeypatch.undo()
    assert codes(spoken) == codes(speak(script, FakeEngine()))


@pytest.mark.parametrize("batch", [1, 2])
def test_the_size_of_the_batch_changes_nothing(script, batch):
    assert codes(speak(script, FakeEngine(), batch=batch)) == codes(speak(script, FakeEngine()))


def test_chains_that_come_later_join_those_being_spoken(script):
    chains = plan_screenplay(read_screenplay(script), {"narrator": 0, "Anna": 1})
    engine = FakeEngine()
    spoken = speak_planned(engine, chains, come=lambda works: [works[0], None, works[1], None, works[2]])
    assert [len(batch) for batch in engine.batches] == [1, 2, 3, 1]
    assert codes(spoken) == codes(speak(script, FakeEngine()))


def test_a_line_hears_the_lines_before_it_in_its_chapter(script):
    engine = FakeEngine()
    speak(script, engine, batch=1)
    assert [[segment.text for segment in asked.context] for asked in engine.asked[:4]] == [
        [],
        ["The boat turned into the wind."],
        ["The boat turned into the wind.", "Is that the light?"],
        [],
    ]
    assert engine.asked[2].seed == 7


def test_references_come_first_and_only_the_speakers_own(script):
    engine = FakeEngine()
    mine = {
        (tag, voice): Segment(tag, f"reference {tag}", [[1, 2, 3, tag]] * 20)
        for tag, voice in enumerate(["ann", "bob"])
    }
    speak(script, engine, turns=0, references=mine)
    for asked in engine.asked:
        assert [segment.text for segment in asked.context] == [f"reference {asked.speaker}"]


def test_a_bad_take_is_tried_again_with_another_seed_beside_the_others_next_lines(script):
    tries = []

    def fail(utterance):
        if utterance.text == LAMP:
            tries.append(utterance.seed)
            return capped(utterance) if len(tries) < 2 else None

    engine = FakeEngine(fail)
    spoken = {chain.chapter.number: lines for chain, lines in speak(script, engine)}
    line = spoken[2][0]
    assert tries == [take_seed(line.planned.seed, attempt) for attempt in range(2)]
    assert line.reasons == ()
    assert line.seed == tries[-1]
    assert [len(batch) for batch in engine.batches[:3]] == [3, 2, 2]


def test_a_line_that_stays_bad_keeps_its_best_take_and_is_heard_by_nobody(script):
    def fail(utterance):
        if utterance.text in LAMP:
            first = utterance.seed % 2 == 0
            return silent(utterance) if first else capped(utterance)

    engine = FakeEngine(fail)
    spoken = {chain.chapter.number: lines for chain, lines in speak(script, engine)}
    line = spoken[2][0]
    tries = [asked for asked in engine.asked if asked.text in LAMP]
    halves = ["They climbed the stairs slowly,", "one hand on the cold wall."]
    assert [asked.text for asked in tries] == [LAMP, LAMP, *halves, *halves], "from the third try on in two"
    assert line.reasons
    assert line.take.tries == 4
    assert not any(segment.text in LAMP for asked in engine.asked for segment in asked.context)
    assert len(spoken[2]) == 3


def test_the_stated_seed_gives_a_split_line_again(tmp_path):
    def render(lines, fail=None):
        path = tmp_path / "long.yaml"
        path.write_text(f"chapters: [{{title: One, lines: [{lines}]}}]")
        chains = plan_screenplay(read_screenplay(path), {"narrator": 0}, max_characters=40)
        engine = FakeEngine(fail)
        store = TakeStore(None)
        ((_, (line,)),) = speak_planned(engine, chains, batch=1, store=store)
        return line, store.codes(line.take)

    text = "One two three four five six seven. Eight nine ten eleven twelve. And then we were done with it."
    plain, _ = render(f'{{speaker: narrator, text: "{text}"}}')
    bad = {part.seed for part in plain.take.parts[:2]}
    first, spoken = render(
        f'{{speaker: narrator, text: "{text}"}}', lambda u: capped(u) if u.seed in bad else None
    )
    assert len(first.take.parts) == 3
    assert first.reasons == ()
    assert first.seed not in bad
    _, again = render(f'{{speaker: narrator, text: "{text}", seed: {first.seed}}}')
    assert [codes.tolist() for codes in again] == [codes.tolist() for codes in spoken]


def test_a_long_chapter_never_asks_for_more_positions_than_there_are(tmp_path, voices):
    path = tmp_path / "long.yaml"
    lines = "".join(f"      - Speaker{n % 9}: {'word ' * 40}number {n}.\n" for n in range(60))
    cast = ", ".join(f"Speaker{n}: ann" for n in range(9))
    path.write_text(f"voices: {{{cast}}}\nchapters:\n  - title: One\n    lines:\n{lines}")
    play = read_screenplay(path)
    chains = plan_screenplay(play, {name: n for n, name in enumerate(play.cast)})
    engine = FakeEngine()
    speak_planned(engine, chains[:1], batch=4, turns=50)
    assert len(engine.asked) == 60
    assert max(engine.positions(asked.context) for asked in engine.asked) > 1000


def test_a_reference_that_leaves_no_room_is_the_users_to_shorten(script):
    endless = {(0, "ann"): Segment(0, "so long", [[1, 2, 3, 4]] * 2000)}
    with pytest.raises(UsageError, match=r"lighthouse\.yaml:6:\d+: .*shorter reference"):
        speak(script, FakeEngine(), references=endless)


def test_what_was_accepted_is_what_is_heard(script):
    engine = FakeEngine()
    speak(script, engine, batch=1)
    (heard,) = engine.asked[1].context
    assert heard.codes.tolist() == good_speech(engine.asked[0]).codes.tolist()
