"""What holds for every command: help, usage errors, exit codes, streams."""

import os
import re
import subprocess
import sys

import pytest

from tests.cli.conftest import process

HEAVY = {
    "torch",
    "transformers",
    "numpy",
    "pydub",
    "rich",
    "yaml",
    "soundfile",
    "huggingface_hub",
    "hypothesis",
}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["say", "--help"], ["render", "-h"], ["voices", "add", "-h"]]
)
def test_help_loads_nothing_heavy(arguments):
    shown, loaded = modules_after(*arguments)
    assert shown.startswith("Usage: csm")
    assert not HEAVY & loaded


def test_reading_scripts_does_not_load_the_model_code(script):
    shown, loaded = modules_after("render", "--dry-run", script)
    assert "Arrival" in shown
    assert not {"torch", "transformers"} & loaded


def modules_after(*arguments):
    """(what csm prints, the top-level modules that are loaded when it is done)."""
    code = (
        "import sys, contextlib\n"
        "from csm_cli.cli.app import main\n"
        "with contextlib.suppress(SystemExit): main(sys.argv[1:])\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.split())


def test_every_option_is_explained(csm):
    for command in (["say"], ["render"], ["voices"], ["voices", "add"], ["voices", "list"]):
        shown = csm(*command, "--help")
        assert shown.code == 0
        for line in shown.out.splitlines():
            if line.startswith("  -") and len(line.split()) < 3:
                pytest.fail(f"no help for {line}")


def test_version(csm):
    from csm_cli import __version__

    assert csm("--version") == (0, f"csm {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["voices"]])
def test_without_a_command_the_help_is_on_stderr(csm, arguments):
    result = csm(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: csm")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sing"], "No such command 'sing'"),
        (["render"], "Missing argument"),
        (["render", "x.yaml", "--batch", "0"], "--batch"),
        (["render", "x.yaml", "--loud"], "No such option: --loud"),
        (["render", "x.yaml", "--chapters", "one"], "--chapters: 'one' is not a chapter"),
        (["render", "x.yaml", "--format", "amr"], "--format: unknown format 'amr'"),
        (["say", "Hi.", "--device", "tpu"], "--device"),
        (["say", "Hi.", "--temperature", "-1"], "--temperature"),
        (["say", "Hi.", "-o", "voice.amr"], "ends in .amr, which is no format"),
        (["say", "Hi.", "-o", "voice"], "voice: has no ending"),
        (["say", " .. "], "TEXT: there is nothing to say"),
    ],
)
def test_usage_errors_are_one_line_and_exit_2(csm, arguments, words):
    result = csm(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("csm: error: ")
    assert words in result.err
    assert len(result.err.splitlines()) == 1


def test_an_internal_error_is_one_line_that_says_how_to_see_more(csm, engine, monkeypatch):
    engine.speak = lambda utterances: 1 / 0
    result = csm("say", "Hello.")
    assert result.code == 1
    assert result.err.splitlines()[-1] == (
        "csm: error: internal: ZeroDivisionError: division by zero; set CSM_DEBUG=1 to see the traceback"
    )
    assert "Traceback" not in result.err
    monkeypatch.setenv("CSM_DEBUG", "1")
    assert "Traceback" in csm("say", "Hello.").err


def test_a_name_with_control_characters_stays_on_its_line(capsys):
    from csm_cli.cli import console

    console.note("a\nb\x1b[31m.wav (calm)")
    assert capsys.readouterr().err == "csm: a\\nb\\x1b[31m.wav (calm)\n"


def test_python_dash_m_and_exit_codes_of_a_process(tmp_path):
    absent = process("render", tmp_path / "absent.yaml")
    assert absent.returncode == 4
    assert absent.stdout == ""
    assert "absent.yaml" in absent.stderr
    missing = process("voices", "show", "nobody")
    assert missing.returncode == 4
    assert missing.stderr.startswith("csm: error: no voice named 'nobody'")


def test_a_reader_that_goes_away_causes_no_message():
    reader, writer = os.pipe()
    os.close(reader)
    done = process("voices", "list", "--json", capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_names_no_type_of_python_and_one_default(csm):
    pages = [
        ("render",),
        ("say",),
        ("train",),
        ("bench",),
        ("voices", "add"),
        ("voices", "test"),
        ("models", "pull"),
    ]
    for words in pages:
        text = " ".join(csm(*words, "--help").out.split())
        assert not re.search(r"<(int|float|str|path)( range)?>|<list|\{[A-Z.]+\}", text), words
        for option in re.split(r" (?=-{1,2}[a-z])", text):
            assert not ("Default:" in option and "[default:" in option), option
    assert csm("render", "--help").out.startswith("Usage: csm render [OPTIONS] SCRIPT...")
    assert csm("voices", "add", "--help").out.startswith("Usage: csm voices add [OPTIONS] NAME AUDIO...")
