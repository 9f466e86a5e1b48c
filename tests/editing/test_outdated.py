"""What has changed since a take was spoken, found without the model that spoke it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.outdated import CONTEXT, READING, VOICE, Outdated, changed_contexts
from csm_cli.rendering.project import plan_job, read_jobs
from csm_cli.rendering.requests import ModelTraits
from csm_cli.takes import ModelIdentity, Take, TakeStore
from csm_cli.text.characters import ASCII
from tests.editing.test_takes_command import book, listed, row

__all__ = ["book"]
LIGHT, BOAT = "Is that the light?", "The boat turned into the wind."
MODEL = ModelTraits(ModelIdentity("m", "r", "float32"))


def states(csm):
    return {each["text"]: (each["state"], each["changes"]) for each in listed(csm) if each["state"] != "ok"}


def test_lines_that_are_read_otherwise_are_stale(csm, book, engine):
    before = states(csm)
    Path("lexicon.yaml").write_text("boat: bote\nnobody: no one\n")
    assert states(csm) == {BOAT: ("stale", [READING]), "Nobody.": ("stale", [READING])}
    assert [each["text"] for each in listed(csm, "--stale")] == [BOAT, "Nobody."]
    assert "  stale     [is read otherwise by now] The boat" in csm("takes", "list").out
    assert "stale: is read otherwise by now" in csm("takes", "show", "book.yaml:6").out.splitlines()
    result = csm("master", book)
    assert "narrator: is read otherwise by now" in result.err
    assert "2 to review" in result.err
    csm("takes", "pin", "book.yaml:6")
    assert states(csm)[BOAT] == ("pinned", []), "what a person wants is not judged"
    csm("takes", "unpin", "book.yaml:6")
    assert csm("render", book).code == 0
    assert [asked.text for asked in engine.asked] == ["The bote turned into the wind.", "no one."]
    assert states(csm) == {
        LIGHT: ("stale", [CONTEXT]),
        "Hold on!": ("stale", [CONTEXT]),
    }
    Path("lexicon.yaml").unlink()
    assert csm("render", book).code == 5
    assert states(csm) == before, "the earlier reading has its takes again"


def test_lines_in_another_voice_are_stale(csm, book):
    text = Path(book).read_text()
    Path(book).write_text(text.replace("Anna: bob", "Anna: ann"))
    assert states(csm) == {
        LIGHT: ("stale", [VOICE]),
        "Hold on!": ("stale", [VOICE]),
        "Who looks after it now?": ("stale", [VOICE]),
        "Nobody.": ("review", []),
    }
    Path(book).write_text(text)
    assert set(states(csm)) == {"Nobody."}


def test_contexts_are_those_of_now(csm, book):
    """Nothing is rendered between: what a line uses now counts, in its chapter."""
    (first,) = row(csm, BOAT)["takes"]
    csm("takes", "reroll", "book.yaml:6")
    later = {LIGHT: ("stale", [CONTEXT]), "Hold on!": ("stale", [CONTEXT])}
    assert states(csm) == later | {"Nobody.": ("review", [])}
    csm("takes", "pin", "book.yaml:6", first["name"])
    assert states(csm) == {BOAT: ("pinned", []), "Nobody.": ("review", [])}
    Path(book).write_text(Path(book).read_text().replace(LIGHT, "Is this the light?"))
    assert states(csm)["Hold on!"] == ("stale", [CONTEXT])
    assert csm("master", book, "--chapters", "2").err.count("stale") == 0


@pytest.fixture
def job(script):
    return read_jobs([script], RenderOptions())[0]


def said(job, text, model):
    """(a line as it is planned without a model, a take that this model has spoken of it)."""
    chapters = tuple(
        chapter.with_lines(lambda line: replace(line, text=text)) for chapter in job.screenplay.chapters[:1]
    )
    job = replace(job, screenplay=replace(job.screenplay, chapters=chapters))
    (then,), (now,) = (
        [chain.lines[0] for chain in plan_job(job, RenderOptions(), traits).chains]
        for traits in (model, ModelTraits())
    )
    return job, now, Take("t", "spoken", then.request, (), ())


WORDS = st.sampled_from(
    [
        "[laughs]",
        "(sighs)",
        "Dr. Müller",
        "naïve",
        "“quoted”",
        "…",
        "3.50 €",
        "Привет",
        "ß",
        "😀",
        "x" * 90,
        "–",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.lists(WORDS | st.text(max_size=12), min_size=1).map(" ".join),
    alphabet=st.sampled_from([None, ASCII]),
    longest=st.integers(20, 200),
    cues=st.sampled_from([(), ("laughs",), ("laughs", "sighs")]),
)
def test_a_line_that_nobody_changed_is_never_stale(job, text, alphabet, longest, cues):
    model = replace(MODEL, alphabet=alphabet, max_characters=longest, cues=cues)
    job, line, take = said(job, text, model)
    assume(take.asked.parts)  # without any there is no take
    outdated = Outdated(job)
    outdated.learn(take)
    assert outdated.changes(line, 1, take) == ()


@pytest.mark.parametrize(
    "then, now", [("Miller", "Müller"), ("Muller", "Miller"), ("cat", "cats"), ("a", "a b")]
)
def test_other_letters_are_another_reading(job, then, now):
    job, line, _ = said(job, f"I saw {now}.", MODEL)
    _, _, take = said(job, f"I saw {then}.", MODEL)
    assert Outdated(job).changes(line, 1, take) == (READING,)


def test_a_clip_is_compared_by_its_sound_and_read_once(job, tmp_path, monkeypatch):
    clip = tmp_path / "ann.wav"
    clip.write_bytes(b"one")
    job = replace(job, voices=job.voices | {"ann": replace(job.voices["ann"], audio=clip, text="Hello.")})
    job, line, take = said(job, "Hello there.", MODEL)
    assert Outdated(job).changes(line, 1, take) == ()
    continued = replace(take.asked.voice, hash=f"{take.asked.voice.hash}, continued")
    continued = replace(take, asked=replace(take.asked, voice=continued))
    assert Outdated(job).changes(line, 1, continued) == ()
    clip.write_bytes(b"two")
    outdated = Outdated(job)
    assert outdated.changes(line, 1, take) == (VOICE,)
    clip.unlink()
    assert outdated.changes(line, 1, take) == (VOICE,), "it is not read for every line"
    assert Outdated(job).changes(line, 1, take) == (), "what cannot be read is for the rendering to say"
    assert outdated.changes(line, 1, replace(take, origin="imported")) == ()


def test_parts_of_takes_are_in_a_context(job, tmp_path):
    _, _, take = said(job, "Hello.", MODEL)
    first, second = replace(take, id="a"), replace(take, id="b", context=("a/1", "a/2"))
    store = TakeStore(tmp_path / "takes")
    assert changed_contexts(store, [first, None, second]) == [(), (), ()]
    assert changed_contexts(store, [None, second]) == [(), (CONTEXT,)]
