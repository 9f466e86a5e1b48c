"""lint, cast and convert as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import process
from tests.cli.test_app import modules_after

CLEAN = "---\ntitle: A Book\nvoices:\n  Anna: heart\n---\n\n# One\n\nThe boat came.\n\n**Anna:** At last.\n"


@pytest.fixture
def book(csm) -> Path:
    path = Path("book.md")
    path.write_text(CLEAN)
    return path


def test_lint_is_quiet_about_a_clean_script(csm, book):
    assert csm("lint", book) == (0, "", "csm: nothing to mend in 1 script\n")


def test_lint_prints_all_findings_of_all_scripts_and_exits_3(csm, book):
    Path("bad.yaml").write_text(
        "voices: {Ann: heart, Ben: heart}\nlines:\n- Anna: Hi\n- Ann: XQZ!\n- puase: 3\n"
    )
    result = csm("lint", book, "bad.yaml")
    assert result.code == 3
    assert result.out.splitlines() == [
        'bad.yaml:3:3: error: unknown speaker "Anna"; did you mean "Ann"?',
        'bad.yaml:4:8: note: "XQZ": a word or single letters? write it as it is said',
        'bad.yaml:5:3: error: unknown speaker "puase"; declare it under voices',
    ]
    assert result.err == "csm: 2 errors, 1 note in 2 scripts\n"


def test_lint_strict_fails_on_warnings(csm):
    Path("a.yaml").write_text("voices: {Ann: heart}\nlines:\n- narrator: Hi\n")
    assert csm("lint", "a.yaml").code == 0
    assert csm("lint", "--strict", "a.yaml").code == 3


def test_lint_json_is_a_list_of_findings(csm):
    Path("a.yaml").write_text("lines:\n- Anna: Hi\n")
    result = csm("lint", "--json", "a.yaml")
    (finding,) = json.loads(result.out)
    assert (finding["file"], finding["line"], finding["column"], finding["level"]) == (
        "a.yaml",
        2,
        3,
        "error",
    )


def test_lint_without_a_script_is_a_usage_error(csm):
    result = csm("lint")
    assert result.code == 2 and "SCRIPT" in result.err


def test_cast_lists_who_speaks(csm, book):
    result = csm("cast", book)
    head, *rows = result.out.splitlines()
    assert head.split() == ["character", "voice", "lines", "words", "time", "longest", "line"]
    assert [row.split()[:4] for row in rows] == [
        ["narrator", "(default)", "1", "3"],
        ["Anna", "heart", "1", "2"],
    ]
    assert result.err.startswith("csm: 1 chapter, 2 lines, 5 words, about 0:02")
    assert [part["name"] for part in json.loads(csm("cast", "--json", book).out)] == ["narrator", "Anna"]


@pytest.mark.parametrize("command", [["lint"], ["cast"], ["lint", "--spoken"]])
def test_checking_loads_no_model_and_no_arrays(command, tmp_path):
    path = tmp_path / "book.md"
    path.write_text(CLEAN)
    _, loaded = modules_after(*command, path)
    assert not {"torch", "transformers", "numpy", "pydub"} & loaded


def test_convert_goes_there_and_back(csm, book):
    assert csm("convert", book, "-o", "book.yaml").out == "book.yaml\n"
    assert csm("convert", "book.yaml", "-o", "again.md").code == 0
    assert Path("again.md").read_text() == CLEAN
    assert csm("convert", book, "-o", "-").out == CLEAN


def test_convert_replaces_nothing_unasked_and_knows_two_formats(csm, book):
    Path("there.yaml").write_text("mine")
    result = csm("convert", book, "-o", "there.yaml")
    assert (result.code, Path("there.yaml").read_text()) == (2, "mine")
    assert csm("convert", book, "-o", "there.yaml", "--force").code == 0
    assert csm("convert", book, "-o", "book.docx").code == 2


def test_the_schema_is_printed(csm):
    assert json.loads(csm("lint", "--schema").out)["title"] == "csm script"


def test_a_lexicon_is_added_to_listed_checked_and_heeded(csm, book):
    assert csm("lexicon", "add", "boat", "bote").out == "lexicon.yaml\n"
    assert csm("lexicon", "add", "Anna", "Ahna", "--speaker", "Ben").code == 0
    assert csm("lexicon", "list").out.splitlines()[0].split() == ["boat", "bote", "project"]
    assert [entry["word"] for entry in json.loads(csm("lexicon", "list", "--json").out)] == ["boat", "Anna"]
    result = csm("lexicon", "check", book)
    assert result.out.splitlines() == [
        "lexicon.yaml:1:1: boat -> bote: 1 time",
        "lexicon.yaml:2:1: Anna -> Ahna: unused",
        'lexicon.yaml:2:1: Anna: no character "Ben" in book.md',
    ]
    assert csm("lint", "--spoken", book).out.splitlines() == [
        "book.md:9:1: narrator: The bote came.",
        "book.md:11:11: Anna: At last.",
    ]
    assert json.loads(csm("lint", "--spoken", "--json", book).out)[0]["spoken"] == "The bote came."
    assert csm("say", "--show-spoken", "A boat at 9:30.").out == "A bote at nine thirty.\n"


def test_regular_expressions_are_added_listed_and_checked(csm):
    Path("a.md").write_text("A 3-ply tissue.\n")
    assert csm("lexicon", "add", "--match", r"(\d+)-ply", r"\1 ply").out == "lexicon.yaml\n"
    row = csm("lexicon", "list").out
    assert row.split() == [r"(\d+)-ply", r"\1", "ply", "(regular", "expression)", "project"]
    assert json.loads(csm("lexicon", "list", "--json").out)[0]["match"] is True
    assert csm("lexicon", "check", "a.md").out == "lexicon.yaml:1:1: (\\d+)-ply -> \\1 ply: 1 time\n"
    assert csm("lint", "--spoken", "a.md").out == "a.md:1:1: narrator: A three ply tissue.\n"
    assert csm("lexicon", "add", "--match", "(", "x").err.startswith("csm: error: --match: '(' is no regular")
    assert csm("lexicon", "add", "--match", "--part", "a", "x").code == 2


def test_a_word_is_taken_out_of_the_lexicon_with_all_its_entries(csm):
    Path("lexicon.yaml").write_text("# mine\nlive:\n- {say: lyve, speaker: Anna}\n- liv\ngif: jif\n")
    assert csm("lexicon", "remove", "live").out == "lexicon.yaml\n"
    assert Path("lexicon.yaml").read_text() == "# mine\ngif: jif\n"
    assert 'no entry for "gfi"; did you mean "gif"?' in csm("lexicon", "remove", "gfi").err


def test_a_faulty_lexicon_is_told_by_lint_and_by_render(csm, book):
    Path("lexicon.yaml").write_text("boat: {phoneme: boʊt}\n")
    for command in (["lint"], ["render", "--dry-run"]):
        result = csm(*command, book)
        assert result.code == 3
        assert "lexicon.yaml:1:17: error: phonemes are refused" in result.out + result.err


def test_render_lists_the_errors_that_lint_lists(csm):
    text = (
        "voices: {Ann: heartt, Ben: heart}\nlexicon: none.yaml\n"
        "lines:\n- Ann: Hi\n  sed: 3\n- Bn: Ho!\n- Ann: 1\n  Ben: 2\n"
    )
    Path("bad.yaml").write_text(text)
    linted, rendered = csm("lint", "bad.yaml"), csm("render", "--dry-run", "bad.yaml")
    assert linted.out.splitlines() == rendered.err.splitlines()[:-1]
    assert 'bad.yaml:5:3: error: unknown key "sed"; did you mean "seed"?' in linted.out
    assert 'bad.yaml:8:3: error: "Ben" is a second speaker in one line; begin it with -' in linted.out
    assert linted.err.startswith("csm: 5 errors") and rendered.err.endswith("5 problems in the script\n")


def test_of_many_faults_the_number_is_told(csm):
    Path("many.md").write_text("".join(f"word XQ{number}Z ~~it~~\n\n" for number in range(1200)))
    result = csm("lint", "many.md")
    assert result.err == "csm: 1200 warnings, 1200 notes in 1 script\n"
    told = [row.split(": ", 1) for row in result.out.splitlines() if "more" in row]
    assert [message for _, message in told] == ["warning: and 200 more", "note: and 200 more"]
    assert all(place.startswith("many.md:1999:") for place, _ in told)


@pytest.mark.parametrize("group", ["takes", "voices", "models", "lexicon"])
def test_help_has_whole_sentences(csm, group):
    assert "..." not in csm(group, "--help").out.split("Commands:")[1]


def test_a_script_may_be_piped_in(csm):
    text = "# One\n\nThe boat XQZ came.\n"
    assert process("lint", "-", stdin=None, input=text).stdout.startswith("-:3:10: note: ")
    assert process("lint", "--spoken", "--from", "yaml", "-", stdin=None, input="lines: [narrator: 2]").stdout
    assert csm("render", "-").err.startswith("csm: error: -: a script to render is a file")


def test_lint_for_the_demo_voice_warns_of_tags_that_are_other_voices(csm, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text('{"shipped_speakers": 8}')
    monkeypatch.setattr("csm_cli.checkpoints.find.DEMO_CHECKPOINT", tmp_path)
    Path("a.yaml").write_text(
        "voices: {Ann: {voice: emma, speaker: 2}, Ben: {voice: slt, speaker: 2}}\n"
        "lines:\n- Ann: Hi\n- Ben: Ho\n"
    )
    assert "speaker 2" not in csm("lint", "a.yaml").out
    (told,) = [row for row in csm("lint", "a.yaml", "--model", "demo").out.splitlines() if "speaker 2" in row]
    assert told.startswith("a.yaml:1:42: warning: speaker 2 of Ben is a shipped voice's on this model")
