"""Between YAML and Markdown and back: nothing is lost, and the second writing is the first to the byte."""

from __future__ import annotations

import dataclasses
import pprint
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csm_cli.script import Screenplay, Source, check_screenplay
from csm_cli.script.writers.markdown import write_markdown
from csm_cli.script.writers.yaml import write_yaml

EXAMPLES = Path(__file__).parents[2] / "scripts_examples"
WRITERS = {".md": write_markdown, ".yaml": write_yaml}
NOWHERE = Source("", 0, 0)


def bare(node):
    """A node without its places and paths."""
    if isinstance(node, Source):
        return None
    if dataclasses.is_dataclass(node):
        fields = {f.name: bare(getattr(node, f.name)) for f in dataclasses.fields(node)}
        return type(node).__name__, {k: v for k, v in fields.items() if k not in ("source", "path")}
    if isinstance(node, dict):
        return {key: bare(value) for key, value in node.items()}
    return [bare(item) for item in node] if isinstance(node, (tuple, list)) else node


def flat(value) -> list[str]:
    """One row for each leaf, so that a difference can be seen."""
    return pprint.pformat(value, width=200, sort_dicts=False).splitlines()


def read(path: Path) -> Screenplay:
    play, problems = check_screenplay(path, expand=False)
    assert not problems, problems.findings()
    return play


def check_all_ways(path: Path, play: Screenplay) -> None:
    first = {}
    for ending, write in WRITERS.items():
        copy = path.with_name(f"copy{ending}")
        copy.write_text(write(play), encoding="utf-8")
        again = read(copy)
        assert flat(bare(again)) == flat(bare(play))
        first[ending] = write(play)
    for ending in WRITERS:  # through the other format and back
        through = read(path.with_name(f"copy{ending}"))
        for other, write in WRITERS.items():
            assert write(through) == first[other]


FULL = """\
title: "The Lighthouse: a play"
author: A. Writer
language: en-GB
publisher: No. 9 Press
description: "Long: and # odd"
seed: 5
temperature: 0.8
variables: {town: Bridgeford}
voices:
  narrator: heart
  Anna: {voice: bella, speaker: 3, aliases: [Annie, Miss Hill]}
  Ben: {calm: michael, very angry: fenrir, speed: 1.1}
  "Old: Tom": george
  No:
chapters:
  - title: "#1 {odd}"
    seed: 9
    gain: -2.5
    speed: 0.95
    pause_before: 2
    voices: {Anna: heart, "Old: Tom": fenrir}
    lines:
      - scene: The kitchen
      - narrator: The boat turned at {{town}}, not \\{{town}}.
      - Annie: (softly) Is that the light?
      - Ben (very angry): "(not a note) yes: no # yes"
        temperature: 1.2
        speed: 0.8
      - {speaker: Ben, note: [calm, "to (her)self"], text: "*Stars* and _lines_ \\\\ <!-- and [links](a)"}
      - narrator: "Anna: she said."
        paragraph: on
      - {text: "# no heading", pause_before: 0.5, pause_after: 1, context: off, voice: fenrir}
      - "Old: Tom": "[pause 1]"
      - pause: 1.5
      - No: "no"
      - bed: rain.wav
        duck: 3
      - {sound: "my door.wav", gain: -6, over: on}
      - scene break
      - narrator: "{seed=7} is no setting."
      - bed end
      - narrator: "--- 1. First"
  - lines:
      - narrator: "{{town}}"
      - include: more.md
"""


def test_everything_survives(tmp_path):
    for name in ("rain.wav", "my door.wav"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "more.md").write_text("More.\n")
    path = tmp_path / "full.yaml"
    path.write_text(FULL)
    check_all_ways(path, read(path))


@pytest.mark.parametrize("name", ["lighthouse.yaml", "garden.md", "signal.yaml"])
def test_the_examples_survive(tmp_path, name):
    path = tmp_path / name
    path.write_bytes((EXAMPLES / name).read_bytes())
    check_all_ways(path, read(path))


words = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=["C", "Z"]),
        st.sampled_from(string.punctuation + " aA1\u200b"),
    ),
    min_size=1,
).map(lambda text: " ".join(text.split()))
texts = words.filter(lambda text: any(map(str.isalnum, text)) and "{{" not in text)
names = words.filter(lambda name: name and not name.endswith(")"))


@given(
    st.lists(st.tuples(names, texts, st.booleans(), st.lists(texts, max_size=1)), min_size=1, max_size=5),
    texts,
)
@example([("`0`", "0", False, []), ("~~a~~", "b", False, ["`c`"]), ("&amp;", "<b>", True, [])], "`0`")
@example([("[^0]", "0", False, [])], "0")
@example([("<!--", "a-->", False, ["<!--a"]), ("a<!--b-->", "<!--0", True, [])], "<!--0-->")
def test_any_text_survives(lines, title):
    from csm_cli.script.header import RESERVED
    from csm_cli.script.writers.yaml import scalar

    rows = [f"title: {scalar(title)}", "voices:"]
    rows += [
        f"  {scalar(name, flow=True)}:"
        for name in dict.fromkeys(n for n, *_ in lines)
        if name not in RESERVED
    ]
    rows += ["chapters:", f"- title: {scalar(title)}", "  lines:"]
    for name, text, begins, notes in lines:
        rows.append(f"  - speaker: {scalar(name if name not in RESERVED else 'narrator')}")
        rows.append(f"    text: {scalar(text)}")
        rows += ["    paragraph: on"] if begins else []
        rows += [f"    note: {scalar(notes[0])}"] if notes else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_text("\n".join(rows), encoding="utf-8")
        check_all_ways(path, read(path))
