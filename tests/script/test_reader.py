"""Any file at all: a screenplay comes out, or a ScriptError; never anything else."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.core.errors import ScriptError
from csm_cli.script import read_screenplay

EXAMPLES = Path(__file__).parents[2] / "scripts_examples"
ENDINGS = st.sampled_from([".yaml", ".md"])

# Words, in any order, that the two formats give a meaning to.
_FRAGMENTS = [
    "title",
    "voices",
    "chapters",
    "lines",
    "narrator",
    "Anna",
    "pause",
    "speaker",
    "text",
    "seed",
    "1.5",
]
_FRAGMENTS += [
    ": ",
    ":",
    "- ",
    "\n",
    "\n  ",
    "\n\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "'",
    "|",
    ">",
    "&a ",
    "*a",
]
_FRAGMENTS += [
    "!!str ",
    "---",
    "\n---\n",
    "...",
    "? ",
    "# ",
    "**",
    "**Anna:** ",
    "[pause ",
    "<!--",
    "-->",
    "\\",
    "_",
]
_FRAGMENTS += ["\ufeff", "\x85", "\u2028", "\t", "é", "😀", "%YAML 1.1", "<<"]
scripts = st.one_of(
    st.binary(),
    st.text().map(str.encode),
    st.lists(st.sampled_from(_FRAGMENTS)).map(lambda parts: "".join(parts).encode()),
)


def read_bytes(data: bytes, ending: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"script{ending}"
        path.write_bytes(data)
        return read_screenplay(path)


@given(scripts, ENDINGS)
def test_any_bytes_give_a_screenplay_or_a_script_error(data, ending):
    try:
        play = read_bytes(data, ending)
    except ScriptError as error:
        assert error.problems
        assert all("\n" not in problem and ": error: " in problem for problem in error.problems)
    else:
        assert play.lines and all(line.text.strip() and line.speaker in play.cast for line in play.lines)
        assert len({line.id for line in play.lines}) == len(play.lines)


prose = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "))
texts = st.lists(
    prose.map(lambda text: " ".join(text.split())).filter(lambda text: any(map(str.isalnum, text))),
    min_size=1,
)


@given(texts)
def test_every_text_survives_yaml(lines):
    texts = [text.replace("'", "''").replace("{{", "\\{{") for text in lines]
    quoted = [f"  - {{speaker: Anna, text: '{text}'}}\n" for text in texts]
    play = read_bytes(f"voices: {{Anna: heart}}\nlines:\n{''.join(quoted)}".encode(), ".yaml")
    assert [line.text for line in play.lines] == lines


@given(texts)
def test_every_text_survives_markdown(lines):
    marks = {mark: f"\\{mark}" for mark in map(chr, range(33, 127)) if not mark.isalnum()}
    escaped = [f"**Anna:** {text.translate(str.maketrans(marks))}\n" for text in lines]
    play = read_bytes(f"---\nvoices: {{Anna: heart}}\n---\n{''.join(escaped)}".encode(), ".md")
    assert [line.text for line in play.lines] == lines


@pytest.mark.parametrize("name", ["lighthouse.yaml", "garden.md", "signal.yaml"])
def test_the_examples_are_read(name):
    play = read_screenplay(EXAMPLES / name)
    shipped = {"heart", "michael", "george", "fenrir", "bella"}
    assert {member.voice for member in play.cast.values()} <= shipped
    assert {line.speaker for line in play.lines} == set(play.cast)


@pytest.mark.parametrize(
    "row", ["# " + " " * 50_000 + "a", "**" + " " * 50_000 + "a", "*a" * 50_000, "[" * 50_000]
)
def test_rows_made_to_be_slow_are_not(script, row):
    began = time.perf_counter()
    read_screenplay(script("a.md", f"Hi.\n{row}\nHo.\n"))
    assert time.perf_counter() - began < 2


def test_the_path_is_kept_as_it_was_given(script, monkeypatch, tmp_path):
    script("a.md", "Hi.\n")
    monkeypatch.chdir(tmp_path)
    assert read_screenplay("a.md").path == "a.md"
    assert str(read_screenplay(Path("a.md")).lines[0].source) == "a.md:1:1"


def test_other_endings_are_refused_with_those_accepted(tmp_path):
    with pytest.raises(ScriptError, match=r"must end in one of \.yaml, \.yml, \.md, \.markdown, \.fountain"):
        read_screenplay(tmp_path / "script.xyz")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ScriptError, match=r"none\.yaml: error: no such file"):
        read_screenplay(tmp_path / "none.yaml")
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(ScriptError, match=r"folder\.md: error: this is a folder"):
        read_screenplay(tmp_path / "folder.md")
    (tmp_path / "one.yaml").touch()
    with pytest.raises(ScriptError, match=r"this is a folder; name a script in it, such as one\.yaml"):
        read_screenplay(tmp_path)
    with pytest.raises(ScriptError, match="cannot be read"):
        read_screenplay("nul\0byte.md")


def test_a_byte_that_is_not_utf8_has_a_place(faults):
    data = b"\xef\xbb\xbfOne.\r\n\r\n\xc3\xa9t\xc3\xa9 caf\xe9 au lait\n"
    assert faults("a.md", data) == ["3:8: error: byte 0xe9 is not UTF-8; save the file as UTF-8"]


def test_control_characters_have_a_place(faults):
    assert faults("a.yaml", b"lines:\n- narrator: a\x00b\n") == [
        "2:14: error: control character U+0000; remove it"
    ]


def test_reading_a_script_loads_nothing_heavy():
    code = (
        "import sys; from csm_cli.script import read_screenplay; from csm_cli import text;"
        f"read_screenplay({str(EXAMPLES / 'garden.md')!r});"
        "print([m for m in ('torch', 'numpy', 'transformers', 'pydub') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
