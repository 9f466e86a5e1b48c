"""What lint finds, and what it leaves in peace."""

from __future__ import annotations

import pytest

from csm_cli.core.errors import ScriptError
from csm_cli.lint.doubts import doubts
from csm_cli.lint.reports import cast_report
from csm_cli.lint.script import check_script, lint, lint_file
from csm_cli.script.reader import read_screenplay


@pytest.fixture
def found(script):
    def run(text: str, name: str = "a.md", **options) -> list[tuple[str, str]]:
        return [(f.level, f.message) for f in lint(lint_file(script(name, text)), **options)]

    return run


def test_a_clean_script_has_no_findings(found):
    assert found("# One\n\nThe boat turned into the wind at 9:30, and 1,984 gulls rose.\n") == []


def test_errors_of_the_reader_and_doubts_come_together_in_file_order(found):
    messages = found("One WXYZ.\n\n**Ana:** Hi.\n\nTwo 12345.\n", voices={"heart"})
    assert [level for level, _ in messages] == ["note", "error", "note"]


@pytest.mark.parametrize(
    ("text", "part", "why"),
    [
        ("on 03/04/2021", "03/04/2021", "day or month"),
        ("at 9.30 a.m.", "9.30", "colon"),
        ("Genesis 12:345", "12:345", "verse"),
        ("he/she came", "he/she", "slash"),
        ("the number 123456", "123456", "digit by digit"),
        ("a B2B deal", "B2B", "letters and figures"),
        ("the WXYZ group", "WXYZ", "single letters"),
        ("act III", "III", "Roman"),
        ("he came (at last)", "(at last)", "brackets"),
        ("GET OUT OF HERE NOW!", "GET OUT OF HERE NOW", "capitals"),
    ],
)
def test_likely_misreadings(text, part, why):
    (doubt,) = doubts(text)
    assert doubt.text == part and why in doubt.why


@pytest.mark.parametrize(
    "text",
    [
        "at 9:30 and 17:05",
        "I saw the BBC on TV",
        "in 1984",
        "1,234,567 sheep",
        "the 21st, the 80s",
        "$12345.50",
        "1/2",
    ],
)
def test_what_is_read_right_is_no_doubt(text):
    assert list(doubts(text)) == []


def test_a_doubt_is_reported_once_and_not_if_the_lexicon_has_it(found):
    assert len(found("WXYZ and WXYZ.\n\nWXYZ.\n")) == 1
    assert found("WXYZ.\n", lexicon={"WXYZ"}) == []


def test_unread_characters_and_endless_stretches_are_warnings(found):
    level, message = found("Tea \U0001f600 or Привет?\n")[0]
    assert level == "warning" and message.startswith("not read aloud: \U0001f600 (U+1F600) П (U+041F)")
    assert found("---\nlanguage: ru\n---\nПривет.\n") == []
    assert found("Café “déjà vu”…\n", alphabet=frozenset(map(chr, range(32, 127)))) == []
    ((level, message),) = found("word " * 60 + ".\n")
    assert level == "warning" and "301 characters without a comma" in message


def test_the_cast_is_looked_at(found):
    text = (
        "---\nvoices: {narrator: heart, Anna: {calm: bella, angry: bellla}, Ben: michael}\n---\n"
        "**Anna:** (calm) Hi.\n"
    )
    assert found(text, voices={"heart", "bella", "michael"}) == [
        ("error", 'no voice named "bellla"; did you mean "bella"?'),
    ]
    assert found(text.replace("bellla", "fenrir")) == [
        ("note", 'no line of Anna is "(angry)"'),
        ("warning", "Ben is cast, but never speaks"),
    ]


def test_a_file_that_is_no_script_is_a_finding(found, script):
    ((level, message),) = found("x", name="a.xyz")
    assert level == "error" and "must end in one of" in message
    (finding,) = lint(lint_file(script("b.md", b"a\nb \xff")))
    assert str(finding).endswith("b.md:2:3: error: byte 0xff is not UTF-8; save the file as UTF-8")


def test_the_cast_report_counts(script):
    text = (
        "voices: {narrator: heart, Anna: {calm: bella, angry: fenrir}, Ben: michael}\nchapters:\n"
        "- lines: [Anna: One two three., narrator: One.]\n- lines: [Anna (angry): Four five.]\n"
    )
    parts = {part.name: part for part in cast_report(read_screenplay(script("a.yaml", text)))}
    assert list(parts) == ["Anna", "narrator", "Ben"]
    anna = parts["Anna"]
    assert (anna.lines, anna.words, anna.chapters, anna.voices) == (2, 5, (1, 2), ("bella", "fenrir"))
    assert anna.longest and anna.longest.id == "c01-l001"
    assert anna.seconds == pytest.approx((len("One two three.") + len("Four five.")) / 14)
    assert (parts["Ben"].lines, parts["Ben"].longest) == (0, None)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("# A\n\nSome text with\n*emphasis* and XQZ there.\n", "4:16"),
        ("One WXYZ\\* [here](x) at\n9.30 p.m. and\non.\n", "1:5 2:1"),
        ("All right.\n\nHe said (at\nlast) no.\n\nEnd.\n", "3:9"),
        ("It was *XQ*Z here.\n\nXQZ is elsewhere.\n", "1:1"),
        (f"So.\n\nHe went, {'on ' * 100}.\n", "3:10"),
        ("Tea, \U0001f600 and so on.\n", "1:6"),
    ],
)
def test_a_finding_stands_where_its_word_stands(script, text, place):
    findings = lint(lint_file(script("a.md", text)))
    assert " ".join(f"{found.source.line}:{found.source.column}" for found in findings) == place


def test_speakers_that_a_person_has_not_checked_are_listed(found):
    header = "---\nvoices: {Anna: bella}\n---\n\n"
    text = f"{header}**Anna:** (who?) Yes.\n\n**narrator:** (who?) “No,” said the boy.\n"
    assert found(text) == [
        ("note", "who says this? guessed Anna; correct it, or take out (who?)"),
        ("note", "who says this? left to the narrator; correct it, or take out (who?)"),
    ]


def test_main_characters_that_share_a_voice_are_listed(found):
    lines = "\n".join(
        f"- {name}: It is {number}." for number in ("one", "two", "three") for name in ("Ann", "Ben")
    )
    shared = f"voices: {{Ann: bella, Ben: bella}}\nlines:\n{lines}\n"
    ((level, message),) = found(shared, "a.yaml")
    assert (level, message) == ("note", 'Ann, Ben all speak in the voice "bella"; give each one of its own')
    assert found(shared.replace("Ben: bella", "Ben: emma"), "a.yaml") == []
    assert found(shared.replace("bella", ""), "a.yaml")[0][1].startswith(
        "Ann, Ben all speak in the default voice"
    )
    assert found(f"{shared.replace('Ben: bella', 'Ben: emma, Cy: bella')}- Cy: No.\n", "a.yaml") == []


def test_a_line_that_is_far_too_long_is_one_error(tmp_path):
    (tmp_path / "a.txt").write_text("9<[1/" * 30_000)
    (found,) = check_script(tmp_path / "a.txt")
    assert "a line of 150000 characters; 100000 are the most" in found.message


def test_a_link_that_leads_nowhere_is_named_as_one(tmp_path):
    (tmp_path / "a.md").symlink_to(tmp_path / "none.md")
    with pytest.raises(ScriptError, match="a symbolic link that leads to no file"):
        read_screenplay(tmp_path / "a.md")
