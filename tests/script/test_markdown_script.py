"""Markdown scripts: lines and their places, markup that is not spoken, errors and warnings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.lint.script import lint, lint_file
from csm_cli.script import Line, Pause, SceneBreak, read_screenplay
from csm_cli.script.writers.markdown import write_markdown

GARDEN = """\
---
title: The Garden
voices:
  narrator: george
  Rose: heart
---
A word *before* the first
chapter.

# The Gate

The gate was __open__. <!-- check -->
**Rose:** You are late,
my *dear*.
**Rose**: Come in.

[pause 1]

<!-- # Not a chapter

**Nobody:** says this. -->
She left.
***
**Rose:** One
[pause: 0.5]
two.

#The End?
"""


def shape(item):
    if isinstance(item, Line):
        return (item.speaker, item.text, item.new_paragraph)
    return item.seconds if isinstance(item, Pause) else type(item)


def test_a_script_is_read_whole(script):
    play = read_screenplay(script("garden.md", GARDEN.replace("#The End?", "")))
    assert (play.title, play.author, list(play.cast)) == ("The Garden", "", ["narrator", "Rose"])
    assert [(c.number, c.title, str(c.source).split(":", 1)[1]) for c in play.chapters] == [
        (1, "The Garden", "7:1"),
        (2, "The Gate", "10:1"),
    ]
    assert list(map(shape, play.chapters[0].items)) == [
        ("narrator", "A word before the first chapter.", True)
    ]
    assert list(map(shape, play.chapters[1].items)) == [
        ("narrator", "The gate was open.", True),
        ("Rose", "You are late, my dear.", False),
        ("Rose", "Come in.", False),
        1.0,
        ("narrator", "She left.", True),
        SceneBreak,
        ("Rose", "One", True),
        0.5,
        ("Rose", "two.", False),
    ]
    assert [line.id for line in play.chapters[1].lines][-1] == "c02-l006"


def test_places_are_those_of_an_editor(script):
    path = script("garden.md", GARDEN.replace("#The End?", ""))
    places = [str(line.source).removeprefix(f"{path}:") for line in read_screenplay(path).lines]
    assert places == ["7:1", "12:1", "13:11", "15:11", "22:1", "24:11", "26:1"]


@pytest.mark.parametrize("text", ["---\ntitle: X\n---", "---\ntitle: X\n..."])
def test_a_script_may_end_with_its_front_matter(faults, text):
    assert faults("a.md", text) == ["1:1: error: nothing to speak: the script has no lines"]


def test_front_matter_may_be_missing(script):
    play = read_screenplay(script("short tale.markdown", "Once.\n\nTwice.\n"))
    assert (play.title, [line.text for line in play.lines]) == ("short tale", ["Once.", "Twice."])


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(script):
    text = GARDEN.replace("#The End?", "")
    plain = read_screenplay(script("a.md", text))
    windows = read_screenplay(script("a.md", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()))
    assert windows == plain


@pytest.mark.parametrize("heading", ["# The *End* ", "# The End ##", "#\tThe  End"])
def test_spellings_of_a_heading(script, heading):
    (chapter,) = read_screenplay(script("a.md", f"{heading}\nOne.\n")).chapters
    assert chapter.title == "The End"


@pytest.mark.parametrize("rule", ["---", "***", "* * *", "___", "- - -", "-----"])
def test_spellings_of_a_scene_break(script, rule):
    play = read_screenplay(script("a.md", f"One.\n{rule}\nTwo.\n"))
    assert list(map(shape, play.chapters[0].items)) == [
        ("narrator", "One.", True),
        SceneBreak,
        ("narrator", "Two.", True),
    ]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("a *b* c", "a b c"),
        ("a _b c_ d", "a b c d"),
        ("**a** and ***b***", "a and b"),
        ("**a *b* c**", "a b c"),
        ("un*believ*able", "unbelievable"),
        ("snake_case_name", "snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        (r"\*a\* \# b\\c", r"*a* # b\c"),
        ("[a link](https://example.org) here", "a link here"),
        ("*over\ntwo rows*", "over two rows"),
        ("a<!-- b -->c", "ac"),
        ("hard\\\nbreak", "hard break"),
    ],
)
def test_marks_are_not_spoken(script, marked, plain):
    (line,) = read_screenplay(script("a.md", f"{marked}\n")).lines
    assert line.text == plain


FAULTS = {
    "unknown speaker": ("**Ros:** Hi", '4:3: error: unknown speaker "Ros"; did you mean "Rose"?'),
    "forgotten stars": (
        "Rose: Hi",
        r'4:1: error: a line of Rose is written "**Rose:** text" (or "\:" if this is no name)',
    ),
    "empty text": ("**Rose:**", '4:10: error: empty text for "Rose"'),
    "no words": ("**Rose:** —", '4:11: error: no word to speak in "—"; silence is written as a pause'),
    "pause within text": (
        "Wait [pause 1] here",
        "4:6: error: a pause stands on a line of its own: [pause 1]",
    ),
    "pause without number": ("[pause]", '4:7: error: a pause is a number of seconds, such as 1.5, not ""'),
    "negative pause": ("[pause -1]", "4:8: error: a pause cannot be negative: -1"),
    "a mark that is no heading": (
        "#Hi",
        r'4:1: error: a chapter begins with "# Title", a scene with "## Title"; '
        r"text that begins with # is written \#",
    ),
    "chapter without lines": ("# One\n\n# Two", '4:1: error: chapter "One" has no lines'),
    "open comment": ("Hi <!-- there", '4:4: error: this comment has no closing "-->"'),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_with_their_place(faults, fault):
    body, message = FAULTS[fault]
    end = "" if fault == "open comment" else "\n\nFine.\n"
    assert faults("a.md", f"---\nvoices: {{Rose: heart}}\n---\n{body}{end}") == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: error: nothing to speak: the script has no lines"),
        ("---\ntitle: X\nHello.\n", '1:1: error: the front matter that begins here has no closing "---"'),
        ("---\ntitel: X\n---\nHi.\n", '2:1: error: unknown key "titel"; did you mean "title"?'),
        (
            "---\n- a\n---\nHi.\n",
            "2:1: error: front matter has keys such as title and voices; this is a list",
        ),
        ("---\ntitle: a\ntitle: b\n---\nHi.\n", '3:1: error: duplicate key "title"; first used on line 2'),
    ],
)
def test_faults_of_the_whole_script(faults, text, message):
    assert faults("a.md", text) == [message]


def test_broken_front_matter_does_not_make_everybody_unknown(faults):
    (problem,) = faults("a.md", "---\nvoices: {Rose: [\n---\n**Rose:** Hi.\n")
    assert "not valid YAML" in problem


def test_a_narrator_with_a_capital_narrates(script):
    text = "---\nvoices: {Narrator: michael}\n---\nOnce.\n"
    (line,) = read_screenplay(script("a.md", text)).lines
    assert line.voice == "michael"


def test_a_named_narrator_is_somebody_like_everybody_else(script):
    path = script("a.md", "---\nvoices: {Narrator: michael}\n---\n**Narrator:** Once.\n")
    assert list(read_screenplay(path).cast) == ["Narrator"]


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
def test_what_is_left_out_is_reported_once_with_its_place(script, text, place, level, part):
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
