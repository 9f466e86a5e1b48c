"""The pages: every link leads somewhere, every page is in the site, every command on them can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated

import pytest
import typer
import yaml

from csm_cli.cli.app import app
from csm_cli.core import __version__
from tools.commands import Node, command_page, program, rows_of
from tools.man import flowing, manual_page, pages

ROOT = Path(__file__).parents[1]
TOP = [path for path in sorted(ROOT.glob("*.md")) if path.name != "CHANGELOG.md"]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *TOP]
COMMAND = re.compile(r"(?:^|(?<=[\s`(]))csm (?=[a-z-])[^`\n]*")


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings_that_are_there(page):
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match("[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in headings(file.read_text(encoding="utf-8")), target


def test_every_page_is_in_the_site_once():
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- .*: ([\w-]+\.md)$", site, re.MULTILINE)
    there = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert sorted(listed) == sorted(there | {"index.md", "changelog.md", "commands.md"})
    assert yaml.safe_load(site)["strict"] is True


def commands_of(text: str) -> list[list[str]]:
    """The words of every `csm …` on a page, in prose and in blocks, without what a shell does with them."""
    found = []
    for line in COMMAND.findall(text):
        line = re.split(r" #| \|| &|[;…>]|\$\(|\.\.\.", line.replace("\\|", "/"))[0]
        lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
        lexer.whitespace_split, lexer.commenters = True, ""
        try:
            found.append(list(lexer)[1:])
        except ValueError:  # a quote that the prose closes elsewhere
            found.append(line.split()[1:])
    return found


def test_commands_are_found_on_pages():
    page = "`csm takes reroll LINE -n 3`, or:\n\n    csm render a.md -o b  # note\n    x | csm say - | y\n"
    assert commands_of(page) == [
        ["takes", "reroll", "LINE", "-n", "3"],
        ["render", "a.md", "-o", "b"],
        ["say", "-"],
    ]
    assert sum(len(commands_of(page.read_text(encoding="utf-8"))) for page in PAGES) > 250


def options_of(command) -> set[str]:
    context = typer.Context(command)
    parameters = command.get_params(context)
    names = {name for each in parameters for name in (*each.opts, *each.secondary_opts)}
    return {name for name in names if name.startswith("-")} | {"--help", "-h"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_on_a_page_have_the_options_that_they_are_given(page):
    """`csm serve-queue` takes those of `csm render`; a list such as `list, show` names several commands."""
    group = typer.main.get_command(app)
    for words in commands_of(page.read_text(encoding="utf-8")):
        if not words or words[0].rstrip(",.:") not in group.commands:
            continue  # the word csm in a sentence
        name = words[0].rstrip(",.:")
        command, rest = group.commands[name], words[1:]
        known = options_of(command) | (
            options_of(group.commands["render"]) if name == "serve-queue" else set()
        )
        if getattr(command, "commands", None) and rest and re.fullmatch("[a-z-]+", rest[0]):
            assert rest[0] in command.commands, (page.name, words)
            known = options_of(command.commands[rest[0]])
        for word in rest:
            word = word.strip("[],.:)")
            if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word):
                assert word.partition("=")[0] in known, (page.name, words, word)


def test_the_recipes_are_whole_commands():
    """Every line of a block on the page parses as it stands, with all arguments that the command wants."""
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("csm ")]
    assert len(lines) > 30
    group = typer.main.get_command(app)
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        command, context = group, typer.Context(group, info_name="csm")
        while getattr(command, "commands", None):
            command = command.commands[words.pop(0)]
        command.make_context(line, words, parent=context)


def test_there_is_a_manual_page_for_each_command_with_all_that_its_help_says():
    made = pages(date="2027-01-31")
    nodes = program().all
    assert len(nodes) == len(made) > 40
    for node in nodes:
        name = "-".join(node.words)
        head, _, text = made[f"{name}.1"].replace("\\-", "-").partition("\n")
        assert head == f'.TH "{name.upper()}" "1" "2027-01-31" "csm {__version__}" "csm"'
        for option in options_of(node.command) - {"--install-completion", "--show-completion"}:
            assert f"\\fB{option}\\fR" in text, (name, option)
        for child in node.children:
            assert f"\\fB{'-'.join(child.words)}\\fR(1)" in text


def test_the_site_has_every_option_of_every_command():
    page = command_page()
    for node in program().all:
        section = page.partition(f"## {' '.join(node.words)}\n")[2].partition("\n## ")[0]
        for option in options_of(node.command) - {"--install-completion", "--show-completion"}:
            row = rf"^\| `[^`\n]*(?<![\w-]){option}(?![\w-])"
            assert re.search(row, section, re.MULTILINE), (node.words, option)


def test_options_that_the_help_puts_into_groups_stay_in_them():
    small = typer.Typer()

    @small.command()
    def say(
        loud: Annotated[bool, typer.Option("--loud", rich_help_panel="Sound")] = False,
        text: Annotated[str, typer.Option("--text", help="What | to *say*.")] = "",
        soft: Annotated[bool, typer.Option("--soft", rich_help_panel="Sound")] = False,
    ) -> None:
        """Say it."""

    command = typer.main.get_command(small)
    node = Node(("x",), command, typer.Context(command, info_name="x"))
    assert [each.panel for each in node.options if each.names in ("--loud", "--soft")] == ["Sound", "Sound"]
    text = manual_page(node, "2027-01-31").replace("\\-", "-")
    before, _, group = text.partition(".SS Sound\n")
    assert "--text" in before and "--loud" not in before
    assert "--loud" in group and "--soft" in group and "--text" not in group
    page = "\n".join(rows_of(node))
    before, _, group = page.partition("**Sound**\n\n| option | |\n")
    assert r"What \| to \*say\*." in before and "--loud" not in before
    assert "| `--loud` |" in group and "| `--soft` |" in group


def test_a_manual_page_prints_what_is_meant():
    """No row of a text may be a request of roff, and no character one of its escapes."""
    for name, text in pages(date="2027-01-31").items():
        assert text.isascii(), name
        for row in text.splitlines():
            if row.startswith((".", "'")):
                assert re.match(r"\.(TH|SH|SS|TP|PP)\b", row), (name, row)
    assert flowing(".wav 'a' — \\n\n\nb-c") == "\\&.wav \\(aqa\\(aq \\[u2014] \\en\n.PP\nb\\-c"
