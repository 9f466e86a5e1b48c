"""YAML scripts: what is read, and what each fault is called and where."""

from __future__ import annotations

import pytest
import yaml

from csm_cli.script import Line, Pause, SceneBreak, read_screenplay

LIGHTHOUSE = """\
title: The Lighthouse
author: A. Writer
voices: {narrator: heart, Anna: {voice: george, speaker: 3}, Ben: }
chapters:
  - title: Arrival
    lines:
      - narrator: The boat turned
          into the wind.
      - Anna: Is that the light?
      - pause: 1.5
      - {speaker: Anna, text: "Hold on!", seed: 7}
      - scene break
      - Ben: |
          Never
          mind.
  - lines:
      - Anna: Home.
        seed: 8
"""


def test_a_script_is_read_whole(script):
    play = read_screenplay(script("a.yaml", LIGHTHOUSE))
    assert (play.title, play.author, play.language) == ("The Lighthouse", "A. Writer", "en")
    assert {(c.name, c.voice, c.speaker) for c in play.cast.values()} == {
        ("narrator", "heart", None),
        ("Anna", "george", 3),
        ("Ben", "", None),
    }
    assert [(c.number, c.title) for c in play.chapters] == [(1, "Arrival"), (2, "Chapter 2")]
    first, second, pause, third, scene, fourth = play.chapters[0].items
    assert isinstance(first, Line) and first.text == "The boat turned into the wind."
    assert (first.id, first.speaker, first.new_paragraph) == ("c01-l001", "narrator", True)
    assert isinstance(second, Line) and (second.id, second.new_paragraph) == ("c01-l002", False)
    assert isinstance(pause, Pause) and pause.seconds == 1.5
    assert isinstance(third, Line) and (third.id, third.text, third.seed) == ("c01-l003", "Hold on!", 7)
    assert isinstance(scene, SceneBreak)
    assert isinstance(fourth, Line) and (fourth.text, fourth.new_paragraph) == ("Never mind.", True)
    (last,) = play.chapters[1].lines
    assert (last.id, last.text, last.seed) == ("c02-l001", "Home.", 8)


def test_places_are_those_of_an_editor(script):
    path = script("a.yaml", LIGHTHOUSE)
    play = read_screenplay(path)
    assert [str(line.source).removeprefix(f"{path}:") for line in play.lines] == [
        *("7:19", "9:15", "11:31", "13:14", "17:15"),
    ]
    assert str(play.cast["Anna"].source) == f"{path}:3:27"


def test_columns_count_characters_behind_any_character(script, faults):
    assert faults("a.yaml", "lines:\n  - {text: 'Ünï 😀 \u2028 a', sed: 1}\n") == [
        '2:25: error: unknown key "sed"; did you mean "seed"?'
    ]


def test_top_level_lines_are_one_chapter_named_as_the_book(script):
    play = read_screenplay(script("tale.yml", "lines:\n  - narrator: Once.\n"))
    assert [(c.number, c.title) for c in play.chapters] == [(1, "tale")]
    assert play.cast["narrator"].voice == ""


@pytest.mark.parametrize("name", ["No", "on", "1", "null", "~x", "1.5", "Yes Man"])
def test_names_and_texts_stay_as_written(script, name):
    play = read_screenplay(
        script("a.yaml", f"voices: {{{name}: heart}}\nlines:\n  - {name}: 042\n  - {name}: no\n")
    )
    assert [(line.speaker, line.text) for line in play.lines] == [(name, "042"), (name, "no")]


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(script):
    plain = read_screenplay(script("a.yaml", LIGHTHOUSE))
    windows = read_screenplay(script("a.yaml", b"\xef\xbb\xbf" + LIGHTHOUSE.replace("\n", "\r\n").encode()))
    assert windows == plain


@pytest.mark.parametrize("spelling", ["scene break", "scene", "---", '"---"'])
def test_spellings_of_a_scene_break(script, spelling):
    play = read_screenplay(script("a.yaml", f"lines:\n- narrator: a\n- {spelling}\n- narrator: b\n"))
    assert isinstance(play.chapters[0].items[1], SceneBreak)


HEAD = "voices: {Anna: heart}\nlines:\n"
FAULTS = {
    "unknown speaker": ("- Ana: Hi", '3:3: error: unknown speaker "Ana"; did you mean "Anna"?'),
    "no such speaker": ("- Zed: Hi", '3:3: error: unknown speaker "Zed"; declare it under voices'),
    "speaker by key": (
        "- {speaker: Ana, text: Hi}",
        '3:13: error: unknown speaker "Ana"; did you mean "Anna"?',
    ),
    "unknown key": ("- {text: Hi, sed: 1}", '3:14: error: unknown key "sed"; did you mean "seed"?'),
    "empty text": ("- Anna:", '3:8: error: empty text for "Anna"'),
    "blank text": ('- Anna: " "', '3:9: error: empty text for "Anna"'),
    "no words": ("- Anna: ...!", '3:9: error: no word to speak in "...!"; silence is written as a pause'),
    "text is a list": ("- Anna: [a]", "3:9: error: text must be text, not a list"),
    "seed is text": (
        "- {text: a, seed: x}",
        '3:19: error: seed must be a whole number from 0 to 9223372036854775807, not "x"',
    ),
    "seed is a fraction": (
        "- {text: a, seed: 1.5}",
        '3:19: error: seed must be a whole number from 0 to 9223372036854775807, not "1.5"',
    ),
    "negative pause": ("- pause: -1", "3:10: error: a pause cannot be negative: -1"),
    "pause is text": (
        "- pause: long",
        '3:10: error: a pause is a number of seconds, such as 1.5, not "long"',
    ),
    "pause is not a number": (
        "- pause: nan",
        '3:10: error: a pause is a number of seconds, such as 1.5, not "nan"',
    ),
    "endless pause": ("- pause: 1e9", "3:10: error: a pause is at most 600 seconds: 1e9"),
    "no speaker": ("- Hello there", '3:3: error: "Hello there" has no speaker; write - narrator: text'),
    "almost a scene break": (
        "- scene brake",
        '3:3: error: "scene brake" has no speaker; did you mean "scene break"?',
    ),
    "two speakers": (
        "- Anna: a\n  narrator: b",
        '4:3: error: "narrator" is a second speaker in one line; begin it with -',
    ),
    "duplicate key": ("- {text: a, text: b}", '3:13: error: duplicate key "text"; first used on line 3'),
    "a tag": (
        "- Anna: !!python/name:os.system Hi",
        '3:9: error: YAML tag "tag:yaml.org,2002:python/name:os.system" is not accepted; '
        "put text that begins with ! in quotes",
    ),
    "an alias": (
        "- Anna: *x",
        "3:9: error: YAML aliases are not accepted; put text that begins with * in quotes",
    ),
    "an anchor": (
        "- Anna: &x Hi",
        "3:9: error: YAML anchors are not accepted; put text that begins with & in quotes",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_with_their_place(faults, fault):
    item, message = FAULTS[fault]
    found = faults("a.yaml", f"{HEAD}{item}\n- Anna: Fine.\n")
    assert found == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: error: nothing to speak: the script is empty"),
        ("# only a comment\n", "1:1: error: nothing to speak: the script is empty"),
        ("title: X\n", "1:1: error: nothing to speak: the script has neither chapters nor lines"),
        ("chapters: []\n", "1:11: error: chapters must be a list of chapters, not an empty one"),
        ("lines: Hello\n", '1:8: error: lines must be a list of lines, not "Hello"'),
        ("- a\n", "1:1: error: a script begins with keys such as title and chapters, not with a list"),
        ("chapters:\n- title: One\n", '2:3: error: chapter "One" has no lines'),
        ("lines:\n- pause: 1\n", '1:1: error: chapter "a" has no lines'),
        (
            "voices: [a]\nlines:\n- Anna: Hi\n",
            "1:9: error: voices is a mapping of characters to voices, not a list",
        ),
        (
            "voices: {text: a}\nlines:\n- narrator: Hi\n",
            '1:10: error: a character cannot be called "text"; the word has a meaning of its own',
        ),
        (
            "language: not a tag\nlines:\n- narrator: Hi\n",
            '1:11: error: language is a tag such as en or pt-BR, not "not a tag"',
        ),
        ("chapters: []\nlines: []\n", "2:8: error: a script has either chapters or lines, not both"),
        ("tite: X\nlines:\n- narrator: Hi\n", '1:1: error: unknown key "tite"; did you mean "title"?'),
    ],
)
def test_faults_of_the_whole_script(faults, text, message):
    assert faults("a.yaml", text) == [message]


def test_yaml_that_does_not_parse_says_where_and_how_to_mend_it(faults):
    (problem,) = faults("a.yaml", 'lines:\n  - narrator: "Hold on!" she said.\n')
    assert problem.startswith("2:26: error: not valid YAML: ") and "put text in quotes" in problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'voices:\n  A: "bella\nlines:\n- A: Hi.\n',
            '2:6: error: not valid YAML: this quote has no end; close it with another "',
        ),
        (
            "voices: {A: bella\nlines:\n- A: Hi.\n",
            "1:9: error: not valid YAML: this { has no end; close it with }",
        ),
        (
            "voices: {A: bella}\nlines: [\n  A: Hi.\nb: c\n",
            "2:8: error: not valid YAML: this [ has no end; close it with ]",
        ),
        ("voices:\n\tA: bella\n", "2:1: error: not valid YAML: a tab; indent with spaces"),
        (
            "title My book\nlines:\n- narrator: Hi\n",
            "1:1: error: not valid YAML: a key without a colon; write key: value",
        ),
        (
            "lines:\n- narrator: Note: hi\n",
            "2:17: error: not valid YAML: a second colon in one line; put text in quotes",
        ),
        (
            "voices:\n  A: bella\n B: heart\n",
            "3:2: error: not valid YAML: indented otherwise than the lines above",
        ),
        ("title: @me\n", "1:8: error: not valid YAML: found character"),
    ],
)
@pytest.mark.parametrize("loader", ["SafeLoader", "CSafeLoader"])
def test_a_syntax_error_is_reported_where_its_cause_begins(faults, monkeypatch, loader, text, message):
    monkeypatch.setattr("csm_cli.script.yaml_nodes._LOADER", getattr(yaml, loader, yaml.SafeLoader))
    assert faults("a.yaml", text)[0].startswith(message)


def test_all_faults_come_at_once_in_file_order(faults):
    found = faults("a.yaml", "tite: X\nlines:\n- Ana: a\n- pause: x\n- narrator:\n")
    assert [problem.split(": error")[0] for problem in found] == ["1:1", "3:3", "4:10", "5:12"]


def test_an_alias_bomb_and_deep_nesting_cost_nothing(faults):
    layers = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert any("aliases are not accepted" in problem for problem in faults("a.yaml", "\n".join(layers)))
    assert "nested more than 16 deep" in faults("a.yaml", "lines: " + "[" * 900)[0]
    assert faults("a.yaml", "[" * 200_000)
    assert faults("a.yaml", "- " * 100_000)
