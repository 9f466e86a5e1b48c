"""docs/api.md: every block runs, and what the page says of the names holds."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

import csm_cli
from csm_cli import CsmError, RenderOptions, render, say
from csm_cli.rendering.progress import Progress
from tests.rendering.fake_engine import FakeEngine, capped

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_every_block_of_the_page_runs(tmp_path, monkeypatch, capsys):
    """In one folder, so that what a block has spoken is there for the next."""
    for script in ("lighthouse.yaml", "signal.yaml"):
        shutil.copy(ROOT / "scripts_examples" / script, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) == 11
    space = {"__name__": "page"}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"docs/api.md block {number}", "exec"), space)
    printed = capsys.readouterr().out
    assert "6 lines, 21 seconds" in printed
    assert "no-such-script.yaml" in printed
    assert "['.mp3', '.srt']" in printed
    assert 'wrong.yaml:3:5: error: unknown speaker "nobody"' in printed
    assert f"{csm_cli.__version__} int16 True" in printed


def test_the_page_has_all_names_with_all_that_they_take_and_give():
    reference = PAGE.partition("## Reference")[2].replace("\\_", "_")
    entries = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", reference, re.DOTALL | re.MULTILINE))
    assert set(entries) == set(csm_cli.__all__)
    code = "\n".join(BLOCKS)
    for name, text in entries.items():
        assert re.search(rf"\b{name}\b", code), f"{name} has no example"
        value = getattr(csm_cli, name)
        if isinstance(value, type) and is_dataclass(value):
            wanted = {each.name for each in fields(value)}
        elif name == "Progress":
            wanted = {each for each in vars(value) if not each.startswith("_")}
        elif name == "Engine":
            wanted = set(inspect.signature(value.load).parameters)
        elif inspect.isfunction(value):
            wanted = set(inspect.signature(value).parameters)
        else:
            continue
        missing = [each for each in wanted if not re.search(rf"`[^`\n]*\b{each}\b[^`\n]*`", text)]
        assert not missing, (name, missing)


def test_the_root_loads_nothing_heavy_and_offers_what_it_lists():
    code = (
        "import sys, csm_cli; heavy = {'torch', 'transformers', 'numpy', 'yaml'} & sys.modules.keys(); "
        "[getattr(csm_cli, name) for name in csm_cli.__all__]; print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "[]\n"
    with pytest.raises(AttributeError):
        csm_cli.nothing  # noqa: B018


def test_render_takes_options_and_an_engine(script, tmp_path):
    options = RenderOptions(seed=3)
    engine = FakeEngine()
    first = render(script, options, engine=engine, model="demo", output=tmp_path / "out")
    assert first.rendered == first.lines == 7
    assert {file.suffix for file in first.files} >= {".wav", ".json", ".html"}
    again = render([script], options, engine=engine, model="demo", output=tmp_path / "out")
    assert again.cached == 7, "the same options find the same takes"
    other = render(script, seed=4, engine=engine, model="demo", output=tmp_path / "out")
    assert other.rendered == 6, "one line has a seed of its own"


def test_render_reports_lines_and_faults(script, tmp_path):
    lines = []

    class Lines(Progress):
        def line(self, line):
            lines.append(line.planned.id)

    def fail(utterance):
        return capped(utterance) if utterance.text == "Hold on!" else None

    report = render(
        script, engine=FakeEngine(fail), model="demo", output=tmp_path / "out", progress=Lines(), retries=0
    )
    assert len(lines) == 7
    assert [review.text for review in report.reviews] == ["Hold on!"]
    with pytest.raises(CsmError, match=r"absent\.yaml"):
        render(tmp_path / "absent.yaml", engine=FakeEngine())
    with pytest.raises(TypeError):
        render(script, engine=FakeEngine(), no_such_option=1)


def test_say_gives_samples(voices, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    audio, rate = say("The boat turned into the wind.", "ann", engine=FakeEngine(), model="demo")
    assert (audio.dtype, audio.ndim, rate) == (np.float32, 1, 24_000)
    assert 1 < audio.size / rate < 4
    assert 0.01 < np.abs(audio).max() <= 1


def test_options_are_taken_as_people_write_them(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = render(script, engine=FakeEngine(), chapters="2-3", output="out", takes="takes", verify=())
    assert report.lines == 4
    assert Path("out").is_dir() and Path("takes").is_dir()
    assert render(script, engine=FakeEngine(), chapters=[1], output="out", takes="takes").lines == 3
    with pytest.raises(CsmError, match="unknown check 'sound'"):
        render(script, engine=FakeEngine(), verify="sound")
    with pytest.raises(CsmError, match="no chapter 9"):
        render(script, engine=FakeEngine(), chapters="9")


def test_say_passes_over_chapters_and_notes_what_needs_review(voices, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notes = []
    options = RenderOptions(chapters=frozenset({2}), retries=0)
    say("Never ending.", "ann", options, engine=FakeEngine(capped), note=notes.append)
    assert len(notes) == 1
    assert notes[0].startswith("needs review: text:1:1")
