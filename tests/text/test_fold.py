"""Text folded to the letters a model knows."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from csm_cli.text import fold_to

SMALL = frozenset(string.ascii_lowercase + " .,'?")


def test_accents_and_capitals_fold_where_the_alphabet_lacks_them() -> None:
    assert fold_to("Ça va, Zoë? Straße", SMALL) == ("ca va, zoe? strasse", "")


def test_accents_stay_where_the_alphabet_has_them() -> None:
    assert fold_to("Zoë", SMALL | set("Zë")) == ("Zoë", "")


def test_marks_become_ones_the_alphabet_has() -> None:
    assert fold_to("Stop! “Twenty-one” dogs—all… of them; (yes)", SMALL) == (
        "stop. twenty one dogs,all... of them, yes",
        "",
    )


def test_what_has_no_stand_in_is_named_once_in_order() -> None:
    assert fold_to("a日b😀c日", SMALL) == ("abc", "日😀")


def test_a_quote_that_must_go_joins_nothing() -> None:
    assert fold_to('he said "no"', SMALL) == ("he said no", "")


@given(st.text(), st.sets(st.characters(max_codepoint=0x17F)))
def test_only_letters_of_the_alphabet_remain(text: str, letters: set[str]) -> None:
    folded, dropped = fold_to(text, letters | {" "})
    assert set(folded) <= letters | {" "}
    assert len(set(dropped)) == len(dropped)
    assert not set(dropped) & letters


@given(st.text(alphabet=sorted(SMALL)).map(lambda text: " ".join(text.split())))
def test_text_within_the_alphabet_is_kept(text: str) -> None:
    assert fold_to(f"a{text}".replace(" ,", ","), SMALL) == (f"a{text}".replace(" ,", ","), "")
