"""No word of a plain text is lost without being said, and none is read twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from csm_cli.script.books import ReadingOptions, count_words
from csm_cli.script.problems import SourceText
from csm_cli.script.reader import parse_state
from csm_cli.script.readers.text import book_of

HEADINGS = (
    *(
        "Chapter 1",
        "CHAPTER I",
        "Chapter Two",
        "Chapter 3. The Sea",
        "PART ONE",
        "1",
        "2",
        "I.",
        "II.",
        "III",
    ),
    *("I. THE KEEPER", "2. The Sea", "THE KEEPER", "THE SEA", "Prologue", "CONTENTS", "LETTER 1", "ACT II"),
    *("The Keeper", "by Mary Hale", "# Salt", "Title: Salt", "THE END", "FOOTNOTES", "chapter.001", "1871"),
    *(
        "Transcriber's Note",
        "Part one of the plan was simple.",
        "--- Chapter 4 ---",
        "* * *",
        "=====",
        "- 5 -",
    ),
)
PIECES = (
    *(
        "It was cold.",
        "Nobody came",
        "and the",
        "light-",
        "house",
        "“Who?”",
        "ANNA: Hello.",
        "BEN: No.",
        "[S1] One",
    ),
    *(
        "[1]",
        "[1] A note.",
        "[Illustration: A lamp]",
        "[Footnote 2: One",
        "more.]",
        "{12}",
        "[Pg 3]",
        "_so_",
        "--",
    ),
    *(
        "sea,",
        "Anna",
        "was",
        "She",
        "…",
        "1. oil",
        "2. wick",
        "VII",
        "well-",
        "known",
        "[Illustration",
        "]",
        "12",
    ),
    *(
        "Produced by A. Reader",
        "*** START OF THE PROJECT GUTENBERG EBOOK X ***",
        "*** END OF THE PROJECT GUTENBERG EBOOK X ***",
        "o0o",
    ),
)
rows = st.one_of(
    st.sampled_from(HEADINGS),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(" ".join),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(lambda pieces: "    " + " ".join(pieces)),
)
texts = st.lists(
    st.tuples(rows, st.sampled_from(["\n", "\n\n", "\n\n", "\n\n\n\n", "\n\f", "\f"])), max_size=24
).map(lambda parts: "".join(row + gap for row, gap in parts))


def book(tmp_path_factory, text, options=ReadingOptions()):
    path = tmp_path_factory.getbasetemp() / "a.txt"
    state = parse_state(path)
    found = book_of(SourceText(str(path), text), state, options)
    return found, state.problems


def spoken(found) -> str:
    titles = [chapter.title for chapter in found.screenplay.chapters if not chapter.untitled]
    return "\n".join([*titles, *(line.text for line in found.screenplay.lines)])


@given(texts, st.booleans(), st.sampled_from(["skip", "inline", "end"]))
def test_every_word_is_read_or_said_to_be_left_out(tmp_path_factory, text, front_matter, notes):
    found, problems = book(tmp_path_factory, text, ReadingOptions(notes=notes, front_matter=front_matter))
    if problems:
        assert not found.screenplay.chapters  # there is nothing to speak, and no other fault
        return
    lines = sum(count_words(line.text) for line in found.screenplay.lines)
    assert found.words == lines + found.headings + sum(part.words for part in found.left_out)
    assert found.headings == sum(
        count_words(chapter.title) for chapter in found.screenplay.chapters if not chapter.untitled
    )


@given(texts)
def test_no_letter_is_read_twice(tmp_path_factory, text):
    found, _ = book(tmp_path_factory, text)
    assert not Counter(filter(str.isalnum, spoken(found))) - Counter(filter(str.isalnum, text))
