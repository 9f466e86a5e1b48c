"""Fountain: directions that are not spoken, parentheticals, names, what a title page may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.script import Line, SceneBreak, check_screenplay, read_screenplay
from csm_cli.script.readers.fountain_rows import parenthetical, unwrapped


def spoken(script, text):
    """(speaker, text, notes) of every line."""
    play = read_screenplay(script("a.fountain", text))
    return [(line.speaker, line.text, line.notes) for line in play.lines]


DIRECTIONS = """\
Title: T

FADE IN:

INT. ROOM - NIGHT

BEN
*(softly)*
Is it you?

BEN
(looking at Anna,
then away)
It is.

ANNA (V.O.) (CONT'D)
Yes.
(beat)
No.

TITLE: THREE DAYS LATER

SMASH CUT:

FADE TO BLACK.

FADE OUT.

INTERCUT - PHONE CALL

ANNA
...
"""


def test_directions_are_kept_and_not_spoken(script):
    assert spoken(script, DIRECTIONS) == [
        ("BEN", "Is it you?", ("softly",)),
        ("BEN", "It is.", ("looking at Anna, then away",)),
        ("ANNA", "Yes.", ("V.O.",)),
        ("ANNA", "No.", ("beat",)),
        ("narrator", "TITLE: THREE DAYS LATER", ()),
    ]


@pytest.mark.parametrize(
    "row",
    [
        "FADE IN:", "FADE OUT.", "FADE OUT", "Fade out.", "FADE TO BLACK.", "FADE TO WHITE:", "CUT TO:",
        "SMASH CUT:", "SMASH CUT TO:", "CUT TO BLACK.", "DISSOLVE TO:", "MATCH CUT:", "JUMP CUT TO:",
        "CROSSFADE:", "IRIS OUT.", "INTERCUT WITH:", "INTERCUT - PHONE CALL", "END INTERCUT.",
        "> Burn to white.", "_**CUT TO:**_", "ZURÜCK TO:",
    ],
)  # fmt: skip
def test_a_transition_is_not_spoken(script, row):
    assert spoken(script, f"One.\n\n{row}\n\nTwo.\n") == [("narrator", "One.", ()), ("narrator", "Two.", ())]


@pytest.mark.parametrize("row", ["CUT TO:", "FADE IN:", "INTERCUT:"])
def test_a_scene_may_begin_right_behind_a_transition(script, row):
    play = read_screenplay(script("a.fountain", f"{row}\nINT. ROOM\n\nTwo.\n"))
    assert [type(item) for item in play.chapters[0].items] == [SceneBreak, Line]


@pytest.mark.parametrize(
    "row",
    [
        "The lights",
        "Intercut the wires with pliers.",
        "THE END",
        "FADED INTO THE NIGHT",
        "We cut to the harbour.",
    ],
)
def test_a_sentence_is_no_transition(script, row):
    assert spoken(script, f"One.\n\n{row}\n") == [("narrator", "One.", ()), ("narrator", row, ())]


def test_the_words_of_a_transition_within_a_paragraph_are_spoken(script):
    assert spoken(script, "The lights\nfade out.\nSilence.\n")[0][1] == "The lights fade out. Silence."


@pytest.mark.parametrize(
    ("speech", "lines"),
    [
        ("(softly)\nYes.", [("Yes.", ("softly",))]),
        ("_(softly)_\nYes.", [("Yes.", ("softly",))]),
        ("***(softly)***\nYes.", [("Yes.", ("softly",))]),
        ("(*softly*)  \nYes.", [("Yes.", ("softly",))]),
        ("\t (softly)\nYes.", [("Yes.", ("softly",))]),
        ("(a,\nb,\nc)\nYes.", [("Yes.", ("a, b, c",))]),
        ("*(a,\nb)*\nYes.", [("Yes.", ("a, b",))]),
        ("(a (b)\nc)\nYes.", [("Yes.", ("a (b) c",))]),
        ("(softly) Yes.", [("Yes.", ("softly",))]),
        ("One.\n(beat)\nTwo.\n(to)\nB.", [("One.", ()), ("Two.", ("beat",)), ("B.", ("to",))]),
        ("(a)\n(b)\nYes.", [("Yes.", ("a", "b"))]),
        ("(CONT'D)\nYes.\n(MORE)", [("Yes.", ())]),
        ("(What) a day (it was)", [("(What) a day (it was)", ())]),
        ("Some\n(about thirty people) came.", [("Some (about thirty people) came.", ())]),
        ("(never closed\nYes.", [("(never closed Yes.", ())]),
    ],
)  # fmt: skip
def test_parentheticals_in_all_forms(script, speech, lines):
    assert spoken(script, f"ANNA\n{speech}\n") == [("ANNA", text, notes) for text, notes in lines]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("MCAVOY", "MCAVOY"), ("R2D2", "R2D2"), ("É", "É"), ("JOSÉ", "JOSÉ"), ("@McCLANE", "McCLANE"),
        ("ANNA ^", "ANNA"), ("ANNA (O.S.)^", "ANNA"), ("**ANNA**", "ANNA"), ("ANNA:", "ANNA"),
        ("HANS (on the radio)", "HANS"), ("\t\tANNA", "ANNA"), ("МАША", "МАША"),
        ("DR. O'NEIL-SMITH", "DR. O'NEIL-SMITH"), ("**ANNA** (V.O.)", "ANNA"),
    ],
)  # fmt: skip
def test_who_speaks(script, row, name):
    assert [line[:2] for line in spoken(script, f"One.\n\n{row}\nHi.\n")[1:]] == [(name, "Hi.")]


@pytest.mark.parametrize("row", ["23", "McCLANE", "éric", "SUPER: LONDON", "TITLE CARD:"])
def test_who_does_not(script, row):
    assert spoken(script, f"One.\n\n{row}\nHi.\n")[1] == ("narrator", f"{row} Hi.", ())


def test_notes_may_stand_between_a_name_and_its_speech(script):
    text = "ANNA [[a note]]\n[[over\n  \nthree rows]]\nHi [[x]]there.\n"
    assert spoken(script, text) == [("ANNA", "Hi there.", ())]


def test_what_is_not_printed_does_not_end_a_speech(script):
    assert spoken(script, "ANNA\nHi.\n= She smiles.\nBye.\n===\nEnd.\n# Two\n\nAnd.\n") == [
        ("ANNA", "Hi. Bye. End.", ()),
        ("narrator", "And.", ()),
    ]


def test_a_transition_right_behind_a_speech_is_not_part_of_it(script):
    text = "ANNA\nNo!\nSMASH CUT TO:\n\nINT. ROOM\n\nBEN\nI said:\nFADE OUT.\n"
    assert spoken(script, text) == [("ANNA", "No!", ()), ("BEN", "I said: FADE OUT.", ())]


@pytest.mark.parametrize("row", ["(CONTINUED)", "CONTINUED:", "CONTINUED: (2)", "(MORE)"])
def test_what_joins_pages_is_not_spoken(script, row):
    assert spoken(script, f"One.\n\n{row}\n\nTwo.\n") == [("narrator", "One.", ()), ("narrator", "Two.", ())]


def test_emphasis_ends_with_its_row_and_needs_no_figures(script):
    text = "A *wet* and _**cold**_ day, \\*69.\nA 5* hotel\nand a 4* one.\n\n2*3*4.\n"
    assert [line[1] for line in spoken(script, text)] == [
        "A wet and cold day, *69. A 5* hotel and a 4* one.",
        "2*3*4.",
    ]


def test_a_script_without_a_title_page_loses_no_row(script):
    assert spoken(script, "SUPER: 1945\n\nANNA\nHi.\n")[0] == ("narrator", "SUPER: 1945", ())
    play = read_screenplay(script("b.fountain", "Title:\n\t_The Lamp_\n    or so\nINT. ROOM\n\nHi.\n"))
    assert (play.title, len(play.chapters[0].items)) == ("The Lamp or so", 2)


def test_a_boneyard_without_an_end_is_a_warning(script):
    checked = check_screenplay(script("a.fountain", "One.\n\n/* two\n\nThree.\n"))
    (found,) = checked.problems.findings()
    assert (found.level, found.source.line) == ("warning", 3)
    assert [line.text for line in checked.screenplay.lines] == ["One."]


@given(st.text("ab (*_)\n", max_size=60))
def test_a_parenthetical_and_what_is_behind_it_are_all_of_a_row(text):
    if found := parenthetical(text.strip() or "a"):
        letters = [char for char in unwrapped(text.strip()) if char in "ab"]
        assert [char for char in "".join(found) if char in "ab"] == letters
