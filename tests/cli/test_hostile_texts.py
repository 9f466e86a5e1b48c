"""Texts and names from outside: none of them reaches a screen as it is, whatever command shows it."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from csm_cli.cli import console
from csm_cli.cli.app import app
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.core.visible import REFUSED, check_text, described, json_visible, visible, without_refused
from tests.cli.conftest import piped

TITLE = "\x1b]0;pwn\x07"
NAME = "a\x1b[2J\x9b31m\u202eb\u200b[red]\nc"
SHOWN = "a\\x1b[2J\\x9b31m\\u202eb\\u200b[red]\\nc"
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
TEXT = "title: A book\nvoices: {narrator: ann}\nlines:\n  - narrator: Hello there.\n"

linux = pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux alone")


def commands() -> set[str]:
    """All there are, as they are typed."""

    def leaves(command, words):
        children = getattr(command, "commands", None)
        return (
            [leaf for name, child in children.items() for leaf in leaves(child, [*words, name])]
            if children
            else [" ".join(words)]
        )

    return set(leaves(typer.main.get_command(app), []))


S, N = f"{NAME}.yaml", NAME
CALLS = {
    "say": [["Hi.", "-v", N], ["Hi.", "-o", f"{N}.wav"], ["Hi.", "-o", f"{N}/x.wav"], [TITLE], [N]],
    "render": [[S, "--dry-run"], [S], [S, "-o", N, "--with", "all"], [f"{N}.md"], [S, "--cover", N]],
    "review": [[f"{N}.md"], [S, "--host", N]],
    "serve": [["--token-file", N], ["--host", N]],
    "serve-queue": [[f"{N}.absent", "--once"], [f"{N}/q", "--once", "--every", "0.05"]],
    "lint": [[S], [S, "--json"], [S, "--spoken"], [f"{N}.txt"], [f"{N}.nothing"]],
    "cast": [[S], [S, "--json"], [S, "--assign"]],
    "convert": [[S, "-o", f"{N}2.md"], [S, "-o", "-"], [S, "-o", f"{N}.nothing"]],
    "import": [[S, "-o", f"{N}3.md"], [S, "--sections"], [S, "--sections", "--json"], [S, "--skip", N]],
    "master": [[S, "-o", N], [S, "-o", N, "--format", N]],
    "check": [[N], [N, "--json"], [N, "--preset", N], [f"{N}.absent"]],
    "train": [[N, "-o", f"{N}2", "--rate", N]],
    "bench": [["--model", N, "--batch", N]],
    "lexicon add": [[N, "word"], ["word", TITLE]],
    "lexicon remove": [[N]],
    "lexicon list": [[]],
    "lexicon check": [[S], [S, "--json"]],
    "takes list": [[S], [S, "--json"], [S, "--speaker", N]],
    "takes show": [[f"{S}:4"], [f"{S}#{N}"], [N]],
    "takes play": [[f"{S}:4", "-o", f"{N}.wav"], [f"{S}:4", N]],
    "takes reroll": [[f"{S}:4"]],
    "takes pin": [[f"{S}:4"], [f"{S}:4", N]],
    "takes unpin": [[f"{S}:4"]],
    "takes import": [[f"{S}:4", f"{N}.absent"], [f"{S}:4", S]],
    "takes export": [[S, "-o", f"{N}-clips"]],
    "takes import-edits": [[f"{N}-clips", "--script", S], [N]],
    "takes gc": [["--takes", N]],
    "voices add": [[N, f"{N}.wav", "--text", "x"], ["zoe", f"{N}.wav", "--text", "x", "--yes"]],
    "voices list": [[], ["--json"]],
    "voices show": [[N], ["ann"], ["ann", "--json"]],
    "voices play": [[N]],
    "voices rename": [["ann", N], [N, "zoe"]],
    "voices remove": [[N]],
    "voices export": [["ann", "-o", f"{N}.zip"], [N]],
    "voices import": [[f"{N}.zip", "--as", "zed"], [S], [f"{N}.absent"]],
    "voices test": [[N], ["ann", "-o", f"{N}.txt"]],
    "voices compare": [[N, "ann"]],
    "models list": [[], ["--json"]],
    "models pull": [[N]],
    "models path": [[N]],
    "models verify": [[N]],
    "models convert": [[N, f"{N}4"]],
}


def test_every_command_is_tried_below():
    assert set(CALLS) == commands()


@linux
def test_no_command_prints_what_a_screen_obeys(csm, voices, engine, monkeypatch):
    monkeypatch.setattr("csm_cli.checkpoints.find.find_checkpoint", no_checkpoint)
    Path(S).write_text(TEXT)
    Path(N, "q").mkdir(parents=True)
    Path(N, "q", S).write_text(TEXT)
    Path(f"{N}.txt").write_text("Some text.\n")
    Path(f"{N}.wav").write_text("no sound")
    for name, calls in CALLS.items():
        for call in calls:
            done = csm(*name.split(), *call)
            assert not RAW.search(done.out), (name, call, done.out)
            assert not RAW.search(done.err), (name, call, done.err)
            assert "internal" not in done.err and "Traceback" not in done.err, (name, call, done.err)
            if done.code not in (0, 5, 6):
                assert done.err.count("csm: error: ") == 1 or done.code == 3, (name, call, done.err)
    assert Path(N, "q", "done", N, S).exists(), "hostile names are printed harmlessly, and used as they are"


def no_checkpoint(model, *more):
    if model == N:
        raise MissingError("no such checkpoint", where=model)


def test_everything_is_printed_in_one_place():
    package = Path(console.__file__).parents[1]
    own = {"print", "echo", "secho"}
    for path in package.rglob("*.py"):
        for node in (
            ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.name != "console.py" else ()
        ):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                written = ast.unparse(node.func) in ("sys.stdout.write", "sys.stderr.write")
                assert not written and name not in own, f"{path.name}:{node.lineno}"


def test_a_text_to_say_has_its_place(csm, voices, engine, monkeypatch):
    monkeypatch.setattr("sys.stdin", piped(b"One.\n\nTwo\f two\x07.\n"))
    done = csm("say", "-")
    assert (done.code, engine.batches) == (2, [])
    assert "csm: error: -:3:9: control character U+0007 cannot be in a text; remove it" in done.err
    monkeypatch.setattr("sys.stdin", piped(b"One.\fTwo.\n"))
    assert csm("say", "-", "--show-spoken").out == "One.\n\nTwo.\n"


# What is refused, what is shown.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\xe9 \u2014 \u4f60\u597d \U0001f600", None),
        ("\x00\x07\x1b[31m\x7f\x9b", "\\x00\\x07\\x1b[31m\\x7f\\x9b"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\u202eabc\u2066\u2069\u200f\ufeff\xad", "\\u202eabc\\u2066\\u2069\\u200f\\ufeff\\xad"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\udcff\udc80\ud800", "\\xff\\x80\\ud800"),
        ("x\U000e0041\U000e0042y", "x\\U000e0041\\U000e0042y"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", None),
        ("\U0001f468\u200d\U0001f469 \u0645\u06cc\u200c\u062e", None),
        ("An\u200dna\u200c", "An\\u200dna\\u200c"),
        ("[red]bold[/red]", None),
    ],
)
def test_what_a_screen_obeys_is_shown_and_the_rest_left_as_it_is(text, shown):
    assert visible(text) == (text if shown is None else shown)


@given(st.text(st.characters(exclude_categories=())))
@example(NAME)
@example("\U0001f3f4\U000e0067x\U000e0067")
def test_shown_texts_hold_nothing_raw_and_json_means_the_same(text):
    assert not REFUSED.search(visible(text))
    assert visible(visible(text)) == visible(text)
    row = json_visible(json.dumps([text], ensure_ascii=False))
    assert not REFUSED.search(row)
    assert json.loads(row) == json.loads(json.dumps([text]))
    assert not REFUSED.search(without_refused(text))
    if REFUSED.search(text):
        with pytest.raises(UsageError, match="cannot be in a text"):
            check_text(text, "TEXT")
    else:
        assert check_text(text, "TEXT") == text == without_refused(text)


def test_a_refused_character_is_named_with_its_place():
    assert described("\x1b") == "control character U+001B"
    assert described("\u202e") == "invisible character U+202E"
    assert described("\udcff") == "a byte 0xff that is not UTF-8"
    with pytest.raises(
        UsageError, match=r"^--note: control character U\+009B cannot be in a text; remove it$"
    ):
        check_text("x\x9b", "--note")
    with pytest.raises(UsageError, match=r"^TEXT:2:3: "):
        check_text("one\ntw\x07o", "TEXT")


# Streams.


def test_colours_are_csm_s_own(capsys, monkeypatch):
    console.emit("error \x1b[31m", lambda row: f"\x1b[1m{row}\x1b[0m")
    assert capsys.readouterr().out == "\x1b[1merror \\x1b[31m\x1b[0m\n"
    console.emit_rows(["a\nb", "[bold]c"])
    assert capsys.readouterr().out == "a\\nb\n[bold]c\n"
    console.emit_json({"name": NAME})
    out = capsys.readouterr().out
    assert not RAW.search(out)
    assert json.loads(out) == {"name": NAME}


def test_a_command_to_copy_means_the_same_in_a_shell(capsys):
    words = ["csm", "render", "it's \x1b[31m\\.md", "plain.md", "two words.md"]
    console.offer(words)
    line = capsys.readouterr().err
    assert not RAW.search(line)
    assert shlex.split(line.split("$'")[0]) == ["csm", "render"]
    if sys.platform == "linux":
        said = subprocess.run(["bash", "-c", f"printf '%s|' {line.strip()}"], capture_output=True, text=True)
        assert said.stdout.split("|")[:-1] == words


@linux
@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}], ids=["C", "ascii"])
def test_any_name_is_printed_in_any_locale(tmp_path, variables):
    folder = os.fsdecode(bytes(tmp_path) + b"/caf\xe9\xff")
    os.mkdir(folder)
    script = Path(folder, "r\u00e9sum\u00e9.yaml")
    script.write_text("title: \u00c9t\u00e9\nlines:\n  - narrator: Caf\u00e9 \u2014 one.\n", encoding="utf-8")
    code = (
        "import sys; from csm_cli.cli.app import main\n"
        "for line in (['cast'], ['cast', '--json'], ['convert', '-o', '-'], ['lint', '--spoken']):\n"
        "    try: main([line[0], sys.argv[1], *line[1:]])\n"
        "    except SystemExit as end: assert end.code == 0, (line, end.code)\n"
    )
    root = str(Path(console.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, **variables}
    done = subprocess.run([sys.executable, "-c", code, script], env=environment, capture_output=True)
    assert (done.returncode, done.stderr.count(b"internal")) == (0, 0), done.stderr
    out = done.stdout.decode()
    assert "\\xe9\\xff/r" in out
    listed, _ = json.JSONDecoder().raw_decode(out[out.index("[\n") :])
    assert listed[0]["name"] == "narrator"
    assert "\nCaf\u00e9 \u2014 one.\n" in out, "a script is UTF-8 in any locale"
