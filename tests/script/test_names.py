"""Names of characters: which spellings are the same person, in every format."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.rendering.plan import plan_screenplay
from csm_cli.script import read_screenplay
from csm_cli.script.names import Names, name_key
from csm_cli.text import normaliser_for

APART = unicodedata.normalize("NFD", "Zoë")
ZOE = "Zoë"


def speakers(script, name, text):
    return [line.speaker for line in read_screenplay(script(name, text)).lines]


@pytest.mark.parametrize(("declared", "named"), [(ZOE, APART), (APART, ZOE), (APART, APART.upper())])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "---\nvoices: {%s: emma}\n---\n**%s:** Hi.\n"),
        ("a.md", "---\nvoices: {%s: emma}\n---\n**%s (low):** Hi.\n"),
        ("a.yaml", "voices: {%s: emma}\nlines:\n- %s: Hi.\n"),
        ("a.yaml", "voices: {%s: emma}\nlines:\n- {speaker: %s, text: Hi.}\n"),
        ("a.fountain", "Title: T\nVoices:\n    %s: emma\n\n@%s\nHi.\n"),
    ],
)
def test_letters_and_their_parts_are_the_same_name(script, name, text, declared, named):
    (line,) = read_screenplay(script(name, text % (declared, named))).lines
    assert (line.speaker, line.voice) == (declared, "emma")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", f'[["Zoë", "Hi."], ["{APART}", "Ho."], ["ZOË", "Hu."]]'),
        ("a.fountain", f"@Zoë\nHi.\n\n@{APART}\nHo.\n\nZOË\nHu.\n"),
        ("a.txt", f"Zoë: Hi.\n{APART}: Ho.\nZOË: Hu.\n"),
    ],
)
def test_where_nobody_is_declared_the_first_spelling_counts(script, name, text):
    assert speakers(script, name, text) == [ZOE] * 3


def test_capitals_count_where_the_cast_has_both(script, faults):
    cast = "---\nvoices: {Anna: emma, ANNA: bella}\n---\n"
    text = f"{cast}**Anna:** Hi.\n\n**ANNA:** Ho.\n"
    assert speakers(script, "a.md", text) == ["Anna", "ANNA"]
    (problem,) = faults("b.md", f"{cast}**anna:** Hu.\n")
    assert 'unknown speaker "anna"; did you mean' in problem


def test_an_alias_in_capitals_is_the_character_too(script):
    text = "voices: {Anna: {voice: emma, aliases: [Annie]}}\nlines:\n- ANNIE: Hi.\n- NARRATOR: Hu.\n"
    assert speakers(script, "a.yaml", text) == ["Anna", "narrator"]


def test_prose_that_begins_like_a_name_in_small_letters_is_prose(script):
    text = "---\nvoices: {Death: emma}\n---\ndeath: the end of all.\n\n**DEATH:** Me.\n"
    assert speakers(script, "a.md", text) == ["narrator", "Death"]


def test_voices_of_a_chapter_and_speakers_of_a_lexicon_are_names_too(script):
    script("lexicon.yaml", f"gif: {{say: jif, speaker: {APART.upper()}}}\n")
    text = f"---\nvoices: {{Zoë: emma}}\n---\n# One {{voice.{APART}=george}}\n\n**ZOË:** A gif.\n"
    play = read_screenplay(script("a.md", text))
    (line,) = play.lines
    assert line.voice == "george"
    assert normaliser_for(play).normalise(line.text, line.speaker, 1) == "A jif."


def test_an_included_script_shares_the_cast_whatever_its_letters(script):
    script("b.md", f"---\nvoices: {{{APART}: emma}}\n---\n**{APART}:** Hi.\n")
    script("c.txt", "ZOË: Hi.\nZOË: Ho.\n")
    text = "---\nvoices: {Zoë: bella}\n---\n# One\n\n[include b.md]\n\n[include c.txt]\n"
    play = read_screenplay(script("a.md", text))
    assert [(line.speaker, line.voice) for line in play.lines] == [(ZOE, "bella")] * 3
    assert list(play.cast) == [ZOE]


def test_a_character_of_an_included_script_may_speak_behind_it_in_capitals(script):
    script("b.md", "---\nvoices: {Ben: emma}\n---\n**Ben:** Hi.\n")
    path = script("a.md", "---\nvoices: {Zoë: bella}\n---\n# One\n\n[include b.md]\n\n**BEN:** Ho.\n")
    assert [(line.speaker, line.voice) for line in read_screenplay(path).lines] == [("Ben", "emma")] * 2


def test_a_declaration_in_parted_letters_keeps_its_spelling_and_so_its_takes(script):
    play = read_screenplay(script("a.yaml", f"voices: {{{APART}: emma}}\nlines:\n- {APART}: Hi.\n"))
    ((planned,),) = [chain.lines for chain in plan_screenplay(play, {APART: 0})]
    assert planned.request.speaker == APART


def test_the_same_name_twice_in_a_cast_is_an_error(faults):
    (problem,) = faults("a.yaml", f"voices: {{Zoë: emma, {APART}: bella}}\nlines:\n- Zoë: Hi.\n")
    assert "is also a name of" in problem


@given(st.text(max_size=12))
def test_every_spelling_of_a_name_finds_it(name):
    if name.strip():
        names = Names([(name, "it")])
        for form in ("NFC", "NFD"):
            assert names.find(unicodedata.normalize(form, f" {name} ")) == "it"
        assert name_key(name_key(name)) == name_key(name)
