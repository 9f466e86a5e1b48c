"""The user guide of scripts: what it shows is read, and what it tells to type works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from csm_cli.script import problems as script_limits
from csm_cli.script import read_screenplay
from csm_cli.text.lexicon_files import read_lexicon
from tests.script.books import CONTENTS, PAGES, make_epub

PAGE = (Path(__file__).parents[2] / "docs" / "scripts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)( \w+)?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SCRIPTS = [(kind, text) for kind, mark, text in BLOCKS if kind != "sh" and not mark]
ENDINGS = {"yaml": "yaml", "markdown": "md", "fountain": "fountain", "text": "txt", "json": "json"}


def files(folder: Path) -> None:
    for name in ("rain.wav", "door.wav"):
        (folder / name).touch()
    (folder / "parts").mkdir(exist_ok=True)
    (folder / "parts" / "two.md").write_text("More.\n")


def test_every_format_is_shown():
    assert {kind for kind, _ in SCRIPTS} == set(ENDINGS)


@pytest.mark.parametrize(("kind", "text"), SCRIPTS)
def test_snippet(csm, kind, text):
    files(Path())
    path = Path(f"snippet.{ENDINGS[kind]}")
    path.write_text(text, encoding="utf-8")
    assert read_screenplay(path).lines
    result = csm("lint", "--strict", path)
    assert result.code == 0, result.out


def test_the_lexicon_is_one(tmp_path):
    ((_, _, text),) = [block for block in BLOCKS if block[1]]
    path = tmp_path / "lexicon.yaml"
    path.write_text(text, encoding="utf-8")
    assert len(read_lexicon(path)) == 7


def test_the_commands_work_in_their_order(csm):
    make_epub(Path("book.epub"), PAGES, CONTENTS)
    for _, _, text in (block for block in BLOCKS if block[0] == "sh"):
        for row in text.splitlines():
            result = csm(*shlex.split(row)[1:])
            assert result.code == 0, (row, result.err)


def test_the_limits_are_those_of_the_program():
    told = PAGE.split("## Limits")[1]
    for number in (script_limits.MAX_ROWS, script_limits.MAX_LINES, script_limits.MAX_LINE_CHARACTERS):
        assert f"{number:,}" in told
