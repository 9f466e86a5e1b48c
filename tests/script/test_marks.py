"""Markdown beyond the script language: what is spoken of it, what is left out, and what lint says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.lint.script import lint, lint_file
from csm_cli.script import read_screenplay
from csm_cli.script.writers.markdown import write_markdown


def spoken(path) -> list[str]:
    return [f"{line.source.line}:{line.source.column} {line.text}" for line in read_screenplay(path).lines]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("> A quote of\n> two rows.\n>\n> > And one.", ["1:3 A quote of two rows.", "4:5 And one."]),
        ("Said:\n> Quoted\nlazily.", ["1:1 Said:", "2:3 Quoted lazily."]),
        ("- one\n- two\n  goes on\n* three\n+ four", ["1:3 one", "2:3 two goes on", "4:3 three", "5:3 four"]),
        ("So:\n1. one\n2) two", ["1:1 So:", "2:1 1. one", "3:1 2) two"]),
        ("He was born in\n1984. Long ago.", ["1:1 He was born in 1984. Long ago."]),
        ("Tom &amp; Jerry &mdash; &#8217;tis &nosuch; R&D;", ["1:1 Tom & Jerry — ’tis &nosuch; R&D;"]),
        ("A `code` word, ~~struck~~ out, ``quoted''", ["1:1 A code word, struck out, ``quoted''"]),
        ("A note[^1] here[^b].\n\n[^1]: The note\n    goes on.\n\nText.", ["1:1 A note here.", "6:1 Text."]),
        ("One.\n\n```py\nprint()\n\n# no chapter\n```\nTwo.", ["1:1 One.", "8:1 Two."]),
        ("One.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nTwo.", ["1:1 One.", "7:1 Two."]),
        ("See ![a map](map.png) <b>here</b>,<br/> a <laugh>.", ["1:1 See here, a <laugh>."]),
        (r"\> kept \![a](b) \<br> \&amp; \[^1] \~~x~~", ["1:1 > kept !a <br> &amp; [^1] ~~x~~"]),
    ],
)
def test_marks_are_not_spoken_and_places_stay(script, text, lines):
    path = script("a.md", f"{text}\n")
    assert spoken(path) == lines
    again = script("b.md", write_markdown(read_screenplay(path)))
    assert [line.split(" ", 1)[1] for line in spoken(again)] == [line.split(" ", 1)[1] for line in lines]


@pytest.mark.parametrize(
    ("text", "place", "level", "part"),
    [
        ("One.\n\n```\nx = 1\n```\n", "3:1", "warning", "a block of code is not read"),
        ("One.\n\n~~~\nx = 1\n", "3:1", "error", "no closing"),
        ("One.\n\n  | a |\n  | b |\n", "3:3", "warning", "a table is not read"),
        ("One[^1].\n\n[^1]: Two.\n", "3:1", "warning", "a footnote is not read"),
        ("One\n===\n\nText.\n", "2:1", "warning", 'a row of "="'),
        ("So it <b>is</b> and <b>is</b>.\n", "1:7", "warning", "HTML is not read: <b>"),
        ("So ![it](x.png) is.\n", "1:4", "warning", "an image is not read"),
        ("It was ~~not~~ so.\n", "1:8", "warning", "struck out"),
        ("He said **Ben:** there.\n", "1:9", "warning", "begin a row"),
        ("## The Pier\n\nOne.\n\n## The Sea\n\nTwo.\n", "1:1", "note", "its title is not spoken"),
    ],
)
def test_what_is_left_out_is_told_once_and_where(script, text, place, level, part):
    path = script("a.md", text)
    (finding,) = lint(lint_file(path))
    assert (str(finding.source), finding.level) == (f"{path}:{place}", level)
    assert part in finding.message


def test_a_quote_may_be_a_speakers(script):
    play = read_screenplay(script("a.md", "---\nvoices: {Anna: bella}\n---\n> **Anna:** (low) Hi.\n"))
    assert [(line.speaker, line.text, line.notes) for line in play.lines] == [("Anna", "Hi.", ("low",))]


_MARKS = r"word 2020. * ** _ __ ` ``` ~~ ~~~ &amp; & lt; &#42; <br> < b> > - + [^1] [^1]: [ ] ( ) ![ ](x) \ ."
_MARKS += " | === # --- {seed=1} { } <!-- --> **A:** :"
MARKS = [*_MARKS.split(), " ", " ", "[pause 1]", "\u00a0", "- ", "> ", "# ", "1. "]
marked = st.lists(st.sampled_from(MARKS), min_size=1, max_size=9).map("".join)


@given(marked, marked)
def test_any_text_can_be_written_as_markdown(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("marks")
    (folder / "a.txt").write_text(f"{first} so\n\nand {second}\n")
    play = read_screenplay(folder / "a.txt")
    (folder / "a.md").write_text(write_markdown(play))
    again = read_screenplay(folder / "a.md")
    assert [(line.speaker, line.text) for line in again.lines] == [
        (line.speaker, line.text) for line in play.lines
    ]
