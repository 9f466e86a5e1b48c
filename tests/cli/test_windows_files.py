"""The commands on files that behave as those of Windows do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.windows_files import as_on_windows
from tests.voices.sounds import TEXT, speech, written

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc says which files are open")


@pytest.fixture
def failed(monkeypatch):
    return as_on_windows(monkeypatch)


def test_the_files_are_those_of_windows(failed, tmp_path):
    from csm_cli.core.files import written as whole

    path = tmp_path / "a.txt"
    with whole(path) as temporary:
        temporary.write_text("one")
    with path.open() as held, pytest.raises(Exception, match="as on Windows"), whole(path) as temporary:
        temporary.write_text("two")
    assert held.closed and path.read_text() == "one"
    assert failed == [f"replaced while it is open {path}"]
    os.replace(path, tmp_path / "b.txt")  # by others than csm nothing is refused


def test_a_script_is_rendered_mastered_and_changed(csm, engine, script, failed, monkeypatch):
    monkeypatch.chdir(script.parent)
    options = ["--chapters", "1", "-o", "out", "--format", "mp3", "--format", "m4b", "--with", "srt,epub"]
    assert csm("render", script, *options).code == 0
    script.write_text(script.read_text().replace("Hold on!", "Hold on to me!"))
    assert csm("render", script, *options).code == 0
    assert csm("master", script, "--chapters", "1", "-o", "out").code == 0
    ids = [row.split()[0] for row in csm("takes", "list", script).out.splitlines()]
    for command in (
        ("takes", "reroll", ids[1], "--script", script, "-n", 2),
        ("takes", "pin", ids[1], "1", "--script", script),
        ("takes", "unpin", ids[1], "--script", script),
        ("takes", "export", script, "-o", "clips"),
        ("takes", "import-edits", "clips"),
        ("takes", "gc"),
        ("lexicon", "add", "boat", "bote"),
        ("lexicon", "remove", "boat"),
        ("convert", script, "-o", "copy.md"),
        ("convert", script, "-o", "copy.md", "--force"),
    ):
        done = csm(*command)
        assert done.code == 0, (command, done.err)
    assert not failed
    assert not [path for path in Path("out").rglob("*") if path.name.startswith(".work")]


def test_voices_come_change_and_go(csm, engine, voices, failed, tmp_path):
    clip = written(tmp_path / "a.wav", speech())
    other = written(tmp_path / "b.wav", speech("bella"))
    for command in (
        ("voices", "add", "anna", clip, "--text", TEXT),
        ("voices", "add", "anna", other, "--text", TEXT, "--force"),
        ("voices", "add", "anna", clip, "--text", TEXT, "--label", "calm", "--extend"),
        ("voices", "export", "anna", "-o", "anna.zip"),
        ("voices", "rename", "anna", "berta"),
        ("voices", "import", "anna.zip"),
        ("voices", "remove", "anna"),
    ):
        done = csm(*command)
        assert done.code == 0, (command, done.err)
    assert not failed


def test_a_watched_folder(csm, engine, voices, failed):
    folder = Path("queue")
    folder.mkdir()
    script = "voices: {narrator: ann}\nlines:\n  - narrator: Hello there.\n"
    for _ in range(2):
        (folder / "one.yaml").write_text(script)
        (folder / "bad.yaml").write_text("lines: 7\n")
        assert csm("serve-queue", folder, "--once", "--every", "0.1").code == 3
    assert (folder / "done" / "one-2" / "timeline.json").exists()
    assert not failed
