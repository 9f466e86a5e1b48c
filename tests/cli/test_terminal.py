"""What a person sees on a terminal of 80 columns."""

import re

import pytest

from csm_cli.cli.console import cut, folded
from tests.cli.terminal import on_terminal, screen


def test_paths_stand_alone_under_a_live_line(csm, engine, script):
    assert csm("render", script).code == 0
    code, shown = on_terminal("master", script, "--format", "m4b", "--with", "srt", "-o", "book")
    assert code == 0, shown
    assert re.search(r"[0-9]+/7 lines", shown), "the live line was there"
    lines = screen(shown)
    assert "book/the-lighthouse.m4b" in lines and "book/the-lighthouse.srt" in lines
    assert not any("/7 lines" in line for line in lines), lines


def test_messages_break_between_words_and_colours_mark_errors(csm, tmp_path):
    (tmp_path / "here" / "x.md").write_text(
        "---\nvoices: {narrator: heart}\nauthour: X\n---\n# One\n\n**Anna:** Hi.\n"
    )
    code, shown = on_terminal("render", "x.md", "--dry-run", columns=40)
    assert code == 3
    assert all(len(line) <= 40 for line in screen(shown)), screen(shown)
    assert "\x1b[1;31merror\x1b[0m: unknown key" in shown
    _, plain = on_terminal("render", "x.md", "--dry-run", columns=40, NO_COLOR="1")
    assert "\x1b[1;31m" not in plain and screen(plain) == screen(shown)


def test_what_is_shown_while_waiting_leaves_no_trace(csm):
    code, shown = on_terminal("say", "Hello there.", "--show-spoken")
    assert code == 0 and "loading" in shown
    assert screen(shown) == ["Hello there.", ""]


def test_a_list_fits_the_screen_and_names_its_columns(csm):
    code, shown = on_terminal("voices", "list")
    assert code == 0
    first, *rows = screen(shown)
    assert first.split() == ["name", "tag", "layer", "clip"]
    assert all(len(row) <= 80 for row in rows)
    assert csm("voices", "list").out.startswith("bella "), "a shell loop meets names alone"


@pytest.mark.parametrize("width", [20, 40, 79])
def test_folding_keeps_every_word_and_commands_whole(width):
    text = "csm: no such model; to get it: `csm models pull sesame/csm-1b`, then say  it again"
    lines = folded(text, width).split("\n")
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())
    assert any("`csm models pull sesame/csm-1b`" in line for line in lines)
    assert all(len(line) <= width or len(line.split("`")[0].split()) == 0 for line in lines)
    assert folded(text, None) == folded(text, 200) == text


def test_cutting():
    assert cut("abcdef", None) == cut("abcdef", 6) == "abcdef"
    assert cut("abcdef", 4) == "abc…"
