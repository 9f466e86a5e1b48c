"""`speed` in scripts: where it stands, what overrules what, what is refused, and that it is written again."""

from __future__ import annotations

import pytest

from csm_cli.lint.reports import cast_report
from csm_cli.lint.script import check_script
from csm_cli.script import read_screenplay
from tests.script.test_round_trip import check_all_ways, read

YAML = """\
title: Slow and fast
speed: 0.95
voices:
  narrator: heart
  Anna: {voice: bella, speed: 1.2}
  Ben: {calm: michael, pleased: fenrir, speed: 0.8}
  Tom: george
chapters:
  - title: One
    lines:
      - narrator: The script's.
      - Anna: Her own.
      - Anna: The line's.
        speed: 1.5
      - Ben: (pleased) His own, in any style.
  - title: Two
    speed: 0.7
    lines:
      - narrator: The chapter's.
      - Tom: The chapter's, too.
      - Anna: Her own all the same.
      - {speaker: Tom, text: As it was spoken., speed: 1}
"""
MARKDOWN = """\
---
title: Slow and fast
speed: 0.95
voices:
  narrator: heart
  Anna: {voice: bella, speed: 1.2}
  Ben: {calm: michael, pleased: fenrir, speed: 0.8}
  Tom: george
---

# One

The script's.

**Anna:** Her own.
**Anna:** {speed=1.5} The line's.
**Ben:** (pleased) His own, in any style.

# Two {speed=0.7}

The chapter's.

**Tom:** The chapter's, too.

**Anna:** Her own all the same.

**Tom:** {speed=1} As it was spoken.
"""
BOTH = pytest.mark.parametrize(("name", "text"), [("a.yaml", YAML), ("a.md", MARKDOWN)])


@BOTH
def test_a_line_overrules_its_character_that_its_chapter_that_the_script(script, name, text):
    play = read_screenplay(script(name, text))
    assert [line.speed for line in play.lines] == [0.95, 1.2, 1.5, 0.8, 0.7, 0.7, 1.2, 1]
    assert [member.speed for member in play.cast.values()] == [None, 1.2, 0.8, None]
    assert play.cast["Ben"].styles == {"calm": "michael", "pleased": "fenrir"}


@BOTH
def test_it_is_written_again_where_it_stood(script, name, text):
    path = script(name, text)
    check_all_ways(path, read(path))


def test_a_character_that_has_only_a_speed_is_written_again(script):
    path = script("a.yaml", "title: A\nvoices: {narrator: {speed: 0.9}}\nlines:\n  - narrator: Hello.\n")
    check_all_ways(path, play := read(path))
    assert play.lines[0].speed == 0.9


def test_nothing_is_set_where_nothing_is_written(script):
    (line,) = read_screenplay(script("a.md", "Hello.\n")).lines
    assert (line.settings.speed, line.speed) == (None, 1)


def test_an_included_script_takes_the_speeds_of_the_one_that_includes_it(script):
    script("part.md", "One.\n\n**Anna:** Two.\n\n**Anna:** {speed=1.5} Three.\n")
    text = "---\nspeed: 0.9\nvoices: {Anna: {voice: bella, speed: 1.1}}\n---\n\n# All\n\n[include part.md]\n"
    play = read_screenplay(script("a.md", text))
    assert [line.speed for line in play.lines] == [0.9, 1.1, 1.5]


@pytest.mark.parametrize("value", ["0.49", "2.01", "0", "-1", "1e3", "nan", "fast"])
def test_what_is_no_speed_is_an_error_with_its_place(faults, value):
    told = f'error: speed is a number from 0.5 to 2, not "{value}"'
    cast = f"voices: {{Anna: {{voice: bella, speed: {value}}}}}\nlines:\n  - Anna: One.\n"
    assert faults("a.yaml", f"speed: {value}\nlines:\n  - narrator: One.\n") == [f"1:8: {told}"]
    assert faults("b.yaml", f"lines:\n  - narrator: One.\n    speed: {value}\n") == [f"3:12: {told}"]
    assert faults("c.yaml", cast) == [f"1:38: {told}"]
    assert faults("d.md", f"# One {{speed={value}}}\n\nText.\n") == [f"1:14: {told}"]
    assert faults("e.md", f"{{speed={value}}} Text.\n") == [f"1:8: {told}"]


def test_lint_reports_it(script):
    (found,) = check_script(script("a.md", "Hello there.\n\n{speed=3} Text.\n"))
    assert (found.level, found.source.line, found.source.column) == ("error", 3, 8)


def test_the_estimated_minutes_are_those_that_are_heard(script):
    text = "voices: {{Anna: {{voice: bella, speed: {}}}}}\nlines:\n  - Anna: It was a long day at the sea.\n"
    usual, slow = (cast_report(read_screenplay(script("a.yaml", text.format(at))))[0] for at in (1, 0.5))
    assert slow.seconds == pytest.approx(2 * usual.seconds)


def test_front_matter_alone_is_an_empty_script(faults):
    assert faults("a.md", "---\ntitle: A\n---") == ["1:1: error: nothing to speak: the script has no lines"]
