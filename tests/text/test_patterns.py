"""Regular expressions in a lexicon: groups, scope, faults with their place, and limits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.core.errors import ScriptError, UsageError
from csm_cli.lint.reports import check_lexicon
from csm_cli.lint.script import check_script
from csm_cli.script import read_screenplay
from csm_cli.text import Entry, Lexicon, Normaliser, normaliser_for
from csm_cli.text.lexicon_files import MAX_PATTERNS, add_entry, load_lexicon, read_lexicon, remove_word
from csm_cli.text.patterns import MAX_MADE, OverLimitError, Pattern, PatternError

PLY = Entry(r"(\d+)-ply", r"\1 ply", match=True, case=True)
SLOW = "(?:[ab]*c)?a"
"""Each search goes through the rest of the text."""


def said(text: str, *entries: Entry, **where) -> str:
    return Normaliser(lexicon=Lexicon(entries)).normalise(text, **where)


@pytest.mark.parametrize(
    ("match", "say", "case", "text", "spoken"),
    [
        (r"(\d+)-ply", r"\1 ply", True, "A 3-ply tissue, 4-ply.", "A three ply tissue, four ply."),
        (r"(?P<a>\w+)&(?P<b>\w+)", r"\g<b> then \g<a>", True, "R&B", "B then R"),
        (
            r"v(\d)(\.\d)?",
            r"version \g<1>\2",
            False,
            "V3 and v3.5",
            "version three and version three point five",
        ),
        (r"(\p{L}+)é", r"\1 A", True, "café", "caf A"),
        (r"x", r"a\\b", True, "x", "a b"),
        (r"(a)|b", r"[\1]", True, "a b", "[a] []"),
        (r"z*", "no", True, "abc", "abc"),
    ],
)
def test_groups_go_into_what_is_said(match, say, case, text, spoken):
    if match == "z*":
        with pytest.raises(PatternError, match="matches nothing at all"):
            Pattern(match, say, case)
    else:
        assert said(text, Entry(match, say, match=True, case=case)) == spoken


def test_words_and_patterns_stand_side_by_side_and_nothing_is_replaced_twice():
    entries = [Entry("ply", "plie"), PLY, Entry("3-ply wood", "plywood"), Entry("tissue", "3-ply")]
    assert said("ply, 3-ply, 3-ply wood, tissue", *entries) == "plie, three ply, plywood, three-ply"


def test_patterns_have_scopes():
    entry = Entry(r"(\d+)-ply", r"\1 layers", speakers=("Ann",), chapters=(2,), match=True, case=True)
    assert said("3-ply", PLY, entry, speaker="Ann", chapter=2) == "three layers"
    assert said("3-ply", PLY, entry, speaker="Ben", chapter=2) == "three ply"


def test_files_name_patterns_under_a_label_or_in_a_list(tmp_path):
    path = tmp_path / "lexicon.yaml"
    path.write_text(
        "plies:\n- {match: '(\\d+)-ply', say: '\\1 ply'}\n- {match: x, say: y, case: off}\ngif: jif\n"
    )
    found = read_lexicon(path)
    assert [(entry.word, entry.say, entry.match, entry.case) for entry in found] == [
        (r"(\d+)-ply", r"\1 ply", True, True),
        ("x", "y", True, False),
        ("gif", "jif", False, False),
    ]
    path.write_text("- {match: '(\\d+)-ply', say: '\\1 ply'}\n")
    assert load_lexicon(tmp_path).apply("3-ply") == "3 ply"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "a: {match: '(a', say: b}",
            '1:12: error: "(a" is no regular expression that is known here: missing )',
        ),
        ("a: {match: '(?=a)b', say: b}", "invalid perl operator: (?="),
        ("a: {match: 'a{1001}', say: b}", "invalid repetition size"),
        ("a: {match: '((((x{90}){90}){90}){9}){9}', say: b}", "is no regular expression"),
        (r"a: {match: '(a)', say: '\2 b'}", r"it has 1 groups, and \2 is not one of them"),
        (r"a: {match: '(a)', say: '\g<n> b'}", 'it has no group called "n"'),
        ("a: {match: 'a*', say: b}", "it matches nothing at all"),
        (f"a: {{match: '{'a' * 501}', say: b}}", "is longer than 500 characters"),
        ("a: {match: a, say: b, part: on}", 'unknown key "part"'),
        ("a: {match: [a], say: b}", "needs the words that it is read as"),
        ("a: {match: a}", "needs the words that it is read as"),
    ],
)
def test_what_does_not_compile_is_an_error_with_its_place(tmp_path, row, message):
    path = tmp_path / "lexicon.yaml"
    path.write_text(row)
    with pytest.raises(ScriptError) as caught:
        read_lexicon(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:1:")
    assert message in problem


def test_too_many_patterns_are_an_error(tmp_path):
    rows = "".join(f"- {{match: a{number}b, say: b}}\n" for number in range(MAX_PATTERNS + 1))
    (tmp_path / "lexicon.yaml").write_text(rows)
    with pytest.raises(ScriptError, match=f"lexicon.yaml:{MAX_PATTERNS + 1}:3: error: more than"):
        load_lexicon(tmp_path)


def test_a_pattern_that_takes_too_long_is_named_and_left_out_for_that_line():
    entry = Entry(SLOW, "b", where="lexicon.yaml:3:1", match=True, case=True)
    lexicon = Lexicon([entry, PLY])
    text = "ab" * 50_000
    assert lexicon.apply(f"{text} 3-ply") == f"{text} 3 ply"
    (warning,) = lexicon.over_limit
    assert warning.startswith(f'lexicon.yaml:3:1: warning: "{SLOW}" took longer than 0.5 s for "ababab')
    assert lexicon.apply("xa") == "xb", "in a short line it counts"


def test_a_pattern_that_goes_over_the_limit_again_and_again_is_not_used_any_more():
    lexicon = Lexicon([Entry("(a+)", r"\1" * 200, where="l:1:1", match=True, case=True)])
    for _ in range(3):
        assert lexicon.apply("a" * MAX_MADE) == "a" * MAX_MADE
    assert lexicon.over_limit[0].endswith("it is not used any more")
    assert lexicon.apply("a") == "a"


@pytest.mark.parametrize("match", ["(a+)+b", "(a|aa)+$", "(a*)*b", "(x+x+)+y", "(.*?,){50}P"])
def test_what_is_catastrophic_elsewhere_takes_no_time(match):
    began = time.thread_time()
    try:
        Pattern(match, "b").replacements(",".join(["a" * 5000, "x" * 5000] * 5))
    except OverLimitError:
        pytest.fail("over the limit")
    assert time.thread_time() - began < 0.5


def test_lint_and_the_reports_show_them(tmp_path):
    (tmp_path / "lexicon.yaml").write_text(
        f"ply: {{match: '(\\d+)-ply', say: '\\1 ply'}}\nslow: {{match: '{SLOW}', say: b}}\n"
    )
    path = tmp_path / "a.md"
    path.write_text(f"A 3-ply tissue.\n\n{'ab' * 49_000}.\n")
    found = [str(each) for each in check_script(path)]
    assert any(
        row.startswith(f"{tmp_path}/lexicon.yaml:2:1: warning: ") and "took longer" in row for row in found
    )
    assert not [row for row in found if '"3-ply"' in row], "it has an entry"
    play = read_screenplay(path)
    report = check_lexicon(play, normaliser_for(play))
    assert [times for _, times in report.uses] == [1, 0]
    assert len(report.over_limit) == 1


def test_patterns_are_added_and_removed(tmp_path):
    path = tmp_path / "lexicon.yaml"
    add_entry(path, PLY)
    assert path.read_text() == "(\\d+)-ply: {match: (\\d+)-ply, say: \\1 ply}\n"
    (entry,) = read_lexicon(path)
    assert (entry.word, entry.say, entry.match, entry.case) == (PLY.word, PLY.say, True, True)
    remove_word(path, PLY.word)
    assert path.read_text() == ""
    with pytest.raises(UsageError, match="is no regular expression"):
        add_entry(path, Entry("(", "a", match=True))
    path.write_text("a:\n- {match: x, say: y}\n- {match: z, say: y}\n")
    with pytest.raises(UsageError, match="does not begin a row of its own"):
        remove_word(path, "x")


def test_an_entry_without_a_pattern_keeps_the_digest_of_its_lexicon():
    assert Lexicon([Entry("gif", "jif")]).digest == "e029171d6e889ea974c2"
    assert Lexicon([PLY]).digest != Lexicon([Entry(PLY.word, PLY.say, case=True)]).digest


PIECES = st.sampled_from(
    [
        "(",
        ")",
        "[",
        "]",
        "a",
        "b",
        ".",
        "*",
        "+",
        "?",
        "|",
        "\\d",
        "\\1",
        "{9}",
        "{1,900}",
        "^",
        "$",
        "(?i)",
        "é",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join), st.text("ab1é -", max_size=200))
def test_any_expression_is_told_or_matches_in_time(match, text):
    try:
        pattern = Pattern(match, r"<\g<0>>")
    except PatternError as fault:
        assert str(fault)
        return
    began = time.thread_time()
    found = pattern.replacements(text)
    assert time.thread_time() - began < 0.5
    assert all(made == f"<{text[start:end]}>" for start, end, made in found)
