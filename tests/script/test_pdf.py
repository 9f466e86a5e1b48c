"""PDF: paragraphs rebuilt from rows, page heads and numbers taken out, what cannot be read refused."""

from __future__ import annotations

import builtins

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import MissingError, ScriptError
from csm_cli.script import read_screenplay
from csm_cli.script.importing import read_any_book
from tests.script.documents import chapters_of, make_pdf, set_rows

ROWS = """
The boat turned into the wind and nobody spoke of the
lighthouse, which had been dark since autumn. It was cold.
    “Is that the light?” asked Anna, who stood beside the
mast and looked out.
    “No.”
    They drifted on among the islands without a word, and
the remembered warmth of the kitchen was a torment.
"""
PARAGRAPHS = [
    "The boat turned into the wind and nobody spoke of the lighthouse, which had been dark since autumn. "
    "It was cold.",
    "“Is that the light?” asked Anna, who stood beside the mast and looked out.",
    "“No.”",
    "They drifted on among the islands without a word, and the remembered warmth of the kitchen was a "
    "torment.",
]


def texts(path) -> list[str]:
    return [line.text for line in read_screenplay(path).lines]


def left_out(path) -> list[tuple[str, str]]:
    return [(part.what, part.text) for part in read_any_book(path, None)[0].left_out]


def test_paragraphs_begin_with_an_indent(tmp_path):
    assert texts(make_pdf(tmp_path / "a.pdf", [set_rows(ROWS)])) == PARAGRAPHS


def test_paragraphs_are_set_apart_by_gaps(tmp_path):
    rows = ROWS.replace("    ", "\n")
    assert texts(make_pdf(tmp_path / "a.pdf", [set_rows(rows)])) == PARAGRAPHS


def test_paragraphs_without_indents_and_gaps_end_where_the_next_word_had_its_place(tmp_path):
    rows = """
The boat turned into the wind and nobody spoke of the
lighthouse, which had been dark.
“Is that the light?” asked Anna, who stood by the mast
and looked out. Nobody seemed to hear.
Then, as if they had agreed upon it, all of them went
below.
"""
    assert texts(make_pdf(tmp_path / "a.pdf", [set_rows(rows)])) == [
        "The boat turned into the wind and nobody spoke of the lighthouse, which had been dark.",
        "“Is that the light?” asked Anna, who stood by the mast and looked out. Nobody seemed to hear.",
        "Then, as if they had agreed upon it, all of them went below.",
    ]


def test_a_paragraph_goes_on_over_pages_and_columns(tmp_path):
    rows = ROWS.strip("\n").split("\n")
    for cut in range(1, len(rows)):
        pages = [set_rows("\n".join(rows[:cut])), set_rows("\n".join(rows[cut:]))]
        assert texts(make_pdf(tmp_path / "a.pdf", pages)) == PARAGRAPHS
        columns = [*set_rows("\n".join(rows[:cut])), *set_rows("\n".join(rows[cut:]), x=400)]
        assert texts(make_pdf(tmp_path / "b.pdf", [columns])) == PARAGRAPHS


@pytest.mark.parametrize("columns", [2, 3])
def test_columns_that_are_set_row_by_row_are_read_one_behind_the_other(tmp_path, columns):
    words = [f"w{number}x" for number in range(columns * 8 * 4)]
    rows = [words[at : at + 4] for at in range(0, len(words), 4)]
    placed = [(50, 440, 16, "The Storm and the Sea")]
    for line in range(8):
        for column in range(columns):
            placed.append((40 + 150 * column, 400 - 12 * line, 10, " ".join(rows[column * 8 + line])))
    play = read_screenplay(make_pdf(tmp_path / "a.pdf", [placed]))
    assert " ".join(line.text for line in play.lines).split() == words


def test_a_table_is_read_row_by_row(tmp_path):
    placed = set_rows(ROWS)
    for line in range(6):
        placed += [(50, 300 - 12 * line, 10, f"Salt {line}"), (200, 300 - 12 * line, 10, f"{line} pounds")]
    text = " ".join(texts(make_pdf(tmp_path / "a.pdf", [placed])))
    assert "Salt 0 0 pounds Salt 1 1 pounds" in text


def test_heads_and_numbers_of_pages_are_taken_out_and_reported(tmp_path):
    pages = []
    for number in range(1, 7):
        head = "THE LAMP" if number % 2 else f"A. WRITER {number}"
        rows = set_rows(f"Page {number} has words of its own, and some more of them\nthat end here.")
        pages.append([(150, 470, 9, head), (170, 30, 9, f"– {number} –"), *rows])
    path = make_pdf(tmp_path / "a.pdf", pages)
    assert texts(path) == [
        f"Page {n} has words of its own, and some more of them that end here." for n in range(1, 7)
    ]
    found = left_out(path)
    assert [text for what, text in found if what == "page number"] == [f"– {n} –" for n in range(1, 7)]
    assert sum(what == "page header" for what, _ in found) == 6


def test_numbers_of_chapters_at_the_top_of_pages_stay(tmp_path):
    pages = []
    for chapter in ("1", "2", "3"):
        pages.append(
            [(170, 450, 11, chapter), *set_rows(f"Chapter {chapter} begins in the night, and then\nit ends.")]
        )
        pages.append(set_rows("It went on for long, and nobody spoke of it, until\nit was over."))
    words = " ".join(
        chapter.title for chapter in read_screenplay(make_pdf(tmp_path / "a.pdf", pages)).chapters
    )
    whole = f"{words} {' '.join(texts(tmp_path / 'a.pdf'))}".split()
    assert all(number in whole for number in "123")


@pytest.mark.parametrize("gap", [1, 3])
def test_headings_of_chapters_in_the_size_of_the_text_are_no_heads_of_pages(tmp_path, gap):
    pages = []
    for chapter in (1, 2, 3, 4):
        pages += [[(50, 440, 10, f"Chapter {chapter}"), *set_rows(ROWS)], *[set_rows(ROWS)] * (gap - 1)]
    play = read_screenplay(make_pdf(tmp_path / "a.pdf", pages))
    assert [chapter.title for chapter in play.chapters] == [f"Chapter {n}" for n in (1, 2, 3, 4)]


def test_a_chapter_is_seen_without_a_gap_and_in_one_size(tmp_path):
    rows = "Chapter 1\nIt was cold that day in the small town.\nChapter 2\nNobody came on the day after that."
    play = read_screenplay(make_pdf(tmp_path / "a.pdf", [set_rows(rows)]))
    assert chapters_of(play) == [
        ("Chapter 1", ["It was cold that day in the small town."]),
        ("Chapter 2", ["Nobody came on the day after that."]),
    ]


def test_a_reference_to_a_chapter_is_none(tmp_path):
    rows = (
        "It is said at some length, and with all its reasons, in\nchapter 2\n"
        "and nowhere else in this long and winding book, they say."
    )
    (text,) = texts(make_pdf(tmp_path / "a.pdf", [set_rows(rows)]))
    assert "in chapter 2 and nowhere else" in text


def test_the_head_of_two_pages_is_taken_out(tmp_path):
    pages = [[(50, 470, 10, "The Lamp"), (170, 30, 10, str(n)), *set_rows(ROWS)] for n in (1, 2)]
    assert " ".join(texts(make_pdf(tmp_path / "a.pdf", pages))) == " ".join(PARAGRAPHS * 2)


def test_heads_of_pages_with_chapter_and_page_are_taken_out(tmp_path):
    pages = [[(50, 440, 10, f"Chapter {n // 3 + 1}: The Sea {n}"), *set_rows(ROWS)] for n in range(1, 9)]
    path = make_pdf(tmp_path / "a.pdf", pages)
    assert sum(what == "page header" for what, _ in left_out(path)) == 8


def test_words_divided_at_the_end_of_rows_are_joined_and_compounds_are_kept(tmp_path):
    rows = """
The well-known keeper of the light had an extraordi-
nary voice, and the song that he sang was a well-
known one, which every sailor on the coast remem-\u00ad
bered.
"""
    (text,) = texts(make_pdf(tmp_path / "a.pdf", [set_rows(rows.replace("-\u00ad", "-"))]))
    assert "an extraordinary voice" in text
    assert "was a well-known one" in text
    assert "remembered." in text


def test_larger_rows_are_headings_and_a_title_page_is_none(tmp_path):
    pages = [[(100, 350, 24, "*The Lamp"), (120, 310, 10, "by A. Writer")]]
    for number, title in (("1", "The Storm"), ("2", "The Land")):
        pages.append([(170, 450, 18, number), (140, 420, 14, f"*{title}"), *set_rows(ROWS)])
    path = make_pdf(tmp_path / "a.pdf", pages)
    play = read_screenplay(path)
    assert chapters_of(play) == [("1: The Storm", PARAGRAPHS), ("2: The Land", PARAGRAPHS)]
    assert play.title == "The Lamp"
    assert ("title page", "by A. Writer") in left_out(path)


def test_bookmarks_say_where_chapters_begin(tmp_path):
    pages = [[(50, 440, 10, f"The {name}"), *set_rows(ROWS)] for name in ("Storm", "Land")]
    outline = (
        "<< /First 1001 0 R /Last 1002 0 R /Count 2 >>\n"
        "<< /Title (The Storm) /Parent 1000 0 R /Next 1002 0 R /Dest [10 0 R /Fit] >>\n"
        "<< /Title (The Land) /Parent 1000 0 R /Prev 1001 0 R /Dest [12 0 R /Fit] >>"
    )
    play = read_screenplay(make_pdf(tmp_path / "a.pdf", pages, outline=outline))
    assert chapters_of(play) == [("The Storm", PARAGRAPHS), ("The Land", PARAGRAPHS)]


def test_a_drop_cap_joins_its_word(tmp_path):
    rows = [
        (50, 388, 30, "T"),
        *set_rows("he boat turned into the wind and nobody spoke of\nthe light.", x=70),
    ]
    assert texts(make_pdf(tmp_path / "a.pdf", [rows])) == [
        "The boat turned into the wind and nobody spoke of the light."
    ]


def test_footnotes_do_not_break_a_paragraph_that_goes_on_behind_them(tmp_path):
    first = [
        (50, 112, 10, "He looked at the rocks"),
        (140, 116, 6, "1"),
        (143, 112, 10, " for a long time, and the silence"),
        (50, 60, 7, "1 A rock is a large stone."),
    ]
    path = make_pdf(tmp_path / "a.pdf", [first, set_rows("of the sea understood him.")])
    assert texts(path) == [
        "He looked at the rocks for a long time, and the silence of the sea understood him."
    ]


def test_a_page_with_a_table_of_contents_is_left_out(tmp_path):
    contents = set_rows("Contents\n\nThe Storm . . . . . . . 1\nThe Land . . . . . . . 4\nHome . . . . . . 9")
    assert texts(make_pdf(tmp_path / "a.pdf", [contents, set_rows(ROWS)])) == PARAGRAPHS


def test_a_row_that_is_set_twice_to_look_bold_is_read_once(tmp_path):
    rows = [(50, 450, 18, "Storm"), (50.4, 450, 18, "Storm"), *set_rows(ROWS)]
    assert chapters_of(read_screenplay(make_pdf(tmp_path / "a.pdf", [rows]))) == [("Storm", PARAGRAPHS)]


def test_a_scene_break_is_one(tmp_path):
    rows = [*set_rows(ROWS), (170, 290, 10, "* * *"), *set_rows("Later it was dark.", top=270)]
    (chapter,) = chapters_of(read_screenplay(make_pdf(tmp_path / "a.pdf", [rows])))
    assert chapter[1] == [*PARAGRAPHS, "---", "Later it was dark."]


def test_a_place_is_the_number_of_a_page(tmp_path):
    path = make_pdf(tmp_path / "a.pdf", [set_rows("One."), set_rows("Two.")])
    assert [line.source.line for line in read_screenplay(path).lines] == [1, 2]


def encrypted(path, password: str):
    writer = pypdf.PdfWriter(clone_from=str(path))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    writer.write(str(path))
    return path


def test_an_encrypted_pdf_is_refused_and_one_that_only_forbids_printing_is_read(tmp_path):
    path = make_pdf(tmp_path / "a.pdf", [set_rows(ROWS)])
    assert texts(encrypted(path, "")) == PARAGRAPHS
    path = make_pdf(tmp_path / "b.pdf", [set_rows(ROWS)])
    with pytest.raises(ScriptError, match=r"is encrypted; save it without a password"):
        read_screenplay(encrypted(path, "secret"))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"%PDF-1.4\nnothing", "not a PDF that can be read"),
        (b"nothing", "not a PDF that can be read"),
        (b"", "not a PDF that can be read"),
    ],
)
def test_what_is_no_pdf_is_refused_in_one_line(tmp_path, data, fault):
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises(ScriptError, match=fault) as error:
        read_screenplay(tmp_path / "a.pdf")
    assert len(error.value.problems) == 1


def test_a_pdf_of_pictures_or_of_unknown_letters_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(ScriptError, match=r"has no text, only pictures; recognise its text first"):
        read_screenplay(make_pdf(tmp_path / "a.pdf", [[]]))
    with pytest.raises(ScriptError, match=r"letters have no known code; recognise its text first"):
        read_screenplay(make_pdf(tmp_path / "b.pdf", [set_rows("#$%& &%$# a")]))


def test_pages_of_pictures_between_others_are_named(tmp_path):
    path = make_pdf(tmp_path / "a.pdf", [set_rows("One."), [], set_rows("Two."), []])
    _, findings = read_any_book(path, None)
    assert len(findings) == 1
    assert findings[0].startswith(f"{path}:2:1: note: 2 pages have a picture and no text")


def test_without_pypdf_the_command_that_installs_it_is_said(tmp_path, monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "pypdf":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    path = make_pdf(tmp_path / "a.pdf", [set_rows(ROWS)])
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingError, match=r"needs pypdf; pip install 'csm-cli\[formats\]'"):
        read_screenplay(path)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=4), st.randoms(use_true_random=False))
def test_a_damaged_pdf_is_read_or_refused_and_never_a_traceback(tmp_path, pieces, random):
    data = bytearray(make_pdf(tmp_path / "a.pdf", [set_rows(ROWS)]).read_bytes())
    for piece in pieces:
        at = random.randrange(len(data))
        data[at : at + len(piece)] = piece
    (tmp_path / "b.pdf").write_bytes(data)
    try:
        read_screenplay(tmp_path / "b.pdf")
    except ScriptError as error:
        assert error.problems


words = st.text("abcdefghij", min_size=2, max_size=9)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(40, 300), st.sampled_from([7, 10, 14]), st.lists(words, min_size=1, max_size=6)
            ),
            max_size=12,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_word_is_read_or_reported_wherever_it_stands(tmp_path, pages):
    placed = [
        [(x, 450 - 20 * number, size, " ".join(row)) for number, (x, size, row) in enumerate(page)]
        for page in pages
    ]
    whole = [word for page in pages for _, _, row in page for word in row]
    if not whole:
        return
    path = make_pdf(tmp_path / "a.pdf", placed)
    try:
        book, _ = read_any_book(path, None)
    except ScriptError as error:  # nothing but headings
        assert "no lines" in str(error) or "nothing to speak" in str(error)
        return
    assert book.words == len(whole)


def test_an_encryption_that_pypdf_cannot_undo_alone_is_said_to_be_one(tmp_path, monkeypatch):
    path = encrypted(make_pdf(tmp_path / "a.pdf", [set_rows(ROWS)]), "")

    def refuse(*_: object) -> None:
        raise pypdf.errors.DependencyError("cryptography>=3.1 is required for AES algorithm")

    monkeypatch.setattr(pypdf, "PdfReader", refuse)
    with pytest.raises(ScriptError, match=r"is encrypted; save it .*, or `pip install cryptography`"):
        read_screenplay(path)


@pytest.mark.parametrize("size", [0, 0.01, -10, 10**30, "-."])
@pytest.mark.parametrize("place", [50, 10**30, -(10**30)])
def test_sizes_and_places_that_no_page_has_do_not_lose_the_text(tmp_path, size, place):
    rows = [(place, 400, size, "Is that the light?"), (place, 388, size, "It is, Anna said.")]
    path = make_pdf(tmp_path / "a.pdf", [rows])
    said = " ".join(texts(path))
    assert "Is that the light?" in said and "It is, Anna said." in said
