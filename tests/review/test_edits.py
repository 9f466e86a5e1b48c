"""Editing a line in its script: that line changes, and not a byte beside it."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import CsmError, ScriptError, UsageError
from csm_cli.review.edits import ChangedOutsideError
from csm_cli.review.manuscript import Manuscript
from csm_cli.script import read_screenplay

HEADER = "title: T\nvoices: {narrator: heart, Anna: bella, Ben: {calm: michael, angry: fenrir}}\n"
MARKDOWN = f"""\
---
{HEADER}variables: {{town: Bridgeford}}
---

# Arrival {{speed=0.9}}

The boat turned into the wind,
and the *engine* fell <!-- quiet --> silent.

<!-- a
comment --> It rained in {{{{town}}}} and `x` &mdash; so.

**Anna:** (out of breath) Is that the light?
[pause 1.5]
**Anna:** {{seed=7}} Hold on! I see it.
Another row \\
goes on.

---

> Quoted **bold** here
> and there.

- item one
- item (two)

**Ben:** (angry)
No, "never"!

**Anna:** {{gain=-3}} Home: at last.
"""
YAML = f"""\
# A comment
{HEADER}variables: {{town: Bridgeford}}
chapters:
  - title: One  # of one
    speed: 0.9
    lines:
      - narrator: The boat turned   # into the wind
      - Anna: (out of breath) Is that the light?
      - pause: 1.5
      - Anna: "Hold on! I \\"see\\" it."
        seed: 7   # keep
      - Ben: 'It''s {{{{town}}}}.'
      - scene break
      - narrator: >
          A long text
          over rows.

          And more.
      - narrator: |-
          Literal # text
            indented
        gain: -2
      - {{speaker: Anna, text: "Home: at last.", gain: -3}}
      - {{Anna: home, speed: 1.1}}
      - speaker: Ben
        text: A plain text
          that goes on
        note: angry
      # the end
"""
SCRIPTS = {"book.md": MARKDOWN, "book.yaml": YAML}
FORMS = [
    (name, at) for name, lines in (("book.md", 9), ("book.yaml", 9)) for at in range(lines)
]  # every way in which a line may be written


def texts(path: Path) -> list[str]:
    return [line.text for line in read_screenplay(path).lines]


def write(folder: Path, name: str, ends: str = "\n", mark: str = "") -> Manuscript:
    path = folder / name
    path.write_bytes((mark + SCRIPTS[name].replace("\n", ends)).encode())
    return Manuscript(path)


def rows_that_differ(before: bytes, after: bytes) -> tuple[list[bytes], list[bytes]]:
    old, new = before.split(b"\n"), after.split(b"\n")
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return old, new


def test_the_forms_are_all_there(tmp_path):
    for name in SCRIPTS:
        assert len(write(tmp_path, name).play.lines) == sum(form[0] == name for form in FORMS)


@pytest.mark.parametrize("name, at", FORMS)
def test_every_form_of_a_line_takes_another_word_and_another_text(tmp_path, name, at):
    manuscript = write(tmp_path, name)
    line = manuscript.play.lines[at]
    old = manuscript.contents[manuscript.path]
    first, *rest = line.text.split()
    for text in (
        " ".join(["Quick", *rest]),
        f"{line.text} More.",
        'Anew: a #text [pause 1] {a=b} *x* "y" \\z',
    ):
        manuscript.with_text(line, text).write()
        found = texts(manuscript.path)
        assert found.pop(at) == text
        assert found == [each.text for each in manuscript.play.lines if each is not line]
        gone, come = rows_that_differ(old, manuscript.path.read_bytes())
        if text.startswith("Quick"):
            assert len(gone) == len(come) == 1
            assert gone[0].replace(first.encode(), b"Quick") == come[0] or first not in gone[0].decode()
        manuscript.path.write_bytes(old)


def test_marks_variables_and_comments_beside_a_changed_word_stay(tmp_path):
    manuscript = write(tmp_path, "book.md")
    boat, rain, *_ = manuscript.play.lines
    edit = manuscript.with_text(boat, boat.text.replace("silent", "still").replace("turned", "went"))
    assert b"The boat went into the wind,\nand the *engine* fell <!-- quiet --> still.\n" in edit.after
    edit = manuscript.with_text(rain, rain.text.replace("rained", "snowed"))
    assert b"comment --> It snowed in {{town}} and `x` &mdash; so.\n" in edit.after
    edit = manuscript.with_text(boat, "All is new.")
    assert b"All is new. <!-- quiet -->" in edit.after, "a comment stays even where all words go"
    edit = write(tmp_path, "book.yaml").with_text(
        write(tmp_path, "book.yaml").play.lines[0], "The ship: lost"
    )
    assert b'- narrator: "The ship: lost"   # into the wind\n' in edit.after


@pytest.mark.parametrize("name", SCRIPTS)
def test_line_ends_byte_order_mark_and_permissions_stay(tmp_path, name):
    manuscript = write(tmp_path, name, "\r\n", "\ufeff")
    manuscript.path.chmod(0o640)
    link = tmp_path / f"link-{name}"
    link.symlink_to(manuscript.path)
    line = manuscript.play.lines[4]
    before = manuscript.path.read_bytes()
    linked = Manuscript(link)
    linked.with_text(linked.play.lines[4], f"{line.text} More.").write()
    after = manuscript.path.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf")
    assert after.count(b"\r\n") == after.count(b"\n") == before.count(b"\n")
    assert link.is_symlink()
    assert stat.S_IMODE(manuscript.path.stat().st_mode) == 0o640
    assert texts(manuscript.path)[4] == f"{line.text} More."
    assert sorted(os.listdir(tmp_path)) == sorted([name, link.name])


@pytest.mark.parametrize("name, at", [form for form in FORMS if form != ("book.md", 1)])
def test_settings_come_change_and_go(tmp_path, name, at):
    manuscript = write(tmp_path, name)
    old = manuscript.path.read_bytes()
    own = manuscript.own_settings(manuscript.play.lines[at])
    manuscript.with_settings(manuscript.play.lines[at], {"speed": 1.25, "gain": -4.5, "pause": 0.0}).write()
    now = Manuscript(manuscript.path)
    line = now.play.lines[at]
    assert (line.settings.speed, line.settings.gain, line.settings.pause_after) == (1.25, -4.5, 0.0)
    assert now.own_settings(line) == {"speed": 1.25, "gain": -4.5, "pause": 0.0}
    assert texts(manuscript.path) == [each.text for each in manuscript.play.lines]
    now.with_settings(line, own).write()
    back = Manuscript(manuscript.path)
    assert back.play.lines[at].settings == manuscript.play.lines[at].settings
    if all(value is None for value in own.values()):
        assert manuscript.path.read_bytes() == old


def test_a_comment_on_the_row_of_a_setting_stays(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "voices: {A: heart}\nlines:\n  - A: One.\n    speed: 0.9 # slower\n    gain: 2\n  - A: Two.\n"
    )
    manuscript = Manuscript(path)
    manuscript.with_settings(manuscript.play.lines[0], {"speed": None, "gain": None}).write()
    assert path.read_text() == "voices: {A: heart}\nlines:\n  - A: One.\n     # slower\n  - A: Two.\n"


@pytest.mark.parametrize("text", ["", "   ", "...", "—"])
def test_a_line_keeps_a_word(tmp_path, text):
    manuscript = write(tmp_path, "book.md")
    with pytest.raises(ScriptError, match=r"book.md:9:1: error"):
        manuscript.with_text(manuscript.play.lines[0], text)


def test_lint_speaks_before_anything_is_written(tmp_path):
    manuscript = write(tmp_path, "book.yaml")
    before = manuscript.path.read_bytes()
    with pytest.raises(ScriptError, match=r"speed is a number from 0\.5 to 2"):
        manuscript.with_settings(manuscript.play.lines[0], {"speed": 3.0})
    assert manuscript.path.read_bytes() == before


def test_what_is_not_safe_is_refused_with_a_remedy(tmp_path):
    manuscript = write(tmp_path, "book.yaml")
    with pytest.raises(UsageError, match=r"delivery note.*; edit the file itself"):
        manuscript.with_text(manuscript.play.lines[1], "(aside) Is it?")
    play = tmp_path / "play.fountain"
    play.write_text("Title: P\n\nADA\nWho put it out?\n")
    other = Manuscript(play)
    assert "csm import" in str(other.why_not(other.play.lines[0]))
    joined = tmp_path / "joined.yaml"
    joined.write_text("join_short: on\nlines:\n  - narrator: Yes.\n  - narrator: Come in now, please.\n")
    script = Manuscript(joined)
    line = replace(script.play.lines[0], text="Yes. Come in now, please.")
    assert "join_short" in str(script.why_not(line))


def test_a_line_of_an_included_script_is_edited_in_its_own_file(tmp_path):
    (tmp_path / "part.md").write_text("One here.\n\nTwo here.\n")
    (tmp_path / "main.md").write_text("# A\n\nFirst.\n\n[include part.md]\n")
    manuscript = Manuscript(tmp_path / "main.md")
    edit = manuscript.with_text(manuscript.play.lines[2], "Two there.")
    edit.write()
    assert edit.file == tmp_path / "part.md"
    assert texts(tmp_path / "main.md") == ["First.", "One here.", "Two there."]
    (tmp_path / "main.md").write_text("# A\n\n[include part.md]\n\n[include part.md]\n")
    twice = Manuscript(tmp_path / "main.md")
    assert "included several times" in str(twice.why_not(twice.play.lines[0]))


def test_a_file_changed_outside_is_never_overwritten(tmp_path):
    manuscript = write(tmp_path, "book.md")
    edit = manuscript.with_text(manuscript.play.lines[0], "Mine.")
    manuscript.path.write_text("# Theirs\n\nTheirs.\n")
    assert not manuscript.is_current()
    with pytest.raises(ChangedOutsideError):
        edit.write()
    assert manuscript.path.read_text() == "# Theirs\n\nTheirs.\n"
    assert os.listdir(tmp_path) == ["book.md"]


def test_undo_gives_every_byte_back(tmp_path):
    manuscript = write(tmp_path, "book.yaml", "\r\n")
    before = manuscript.path.read_bytes()
    edit = manuscript.with_text(manuscript.play.lines[4], "Another.")
    patch = edit.write()
    assert len(patch.old) < 60, "not the whole file"
    patch.undo()
    assert manuscript.path.read_bytes() == before
    patch = edit.write()
    manuscript.path.write_bytes(before + b"# more")
    with pytest.raises(ChangedOutsideError):
        patch.undo()
    assert manuscript.path.read_bytes() == before + b"# more"


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"))
    | st.sampled_from(" *_#[]{}()\"'\\:-&<>|`!~.1"),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.sampled_from(FORMS), text=WORDS, keep=st.integers(0, 3), ends=st.sampled_from(["\n", "\r\n"]))
def test_whatever_is_typed_becomes_that_line_or_is_refused(tmp_path, form, text, keep, ends):
    name, at = form
    manuscript = write(tmp_path, name, ends)
    line = manuscript.play.lines[at]
    wanted = " ".join(" ".join([*line.text.split()[:keep], text]).split())
    try:
        edit = manuscript.with_text(line, wanted)
    except CsmError as error:
        assert error.exit_code in (2, 3)
        return
    edit.write()
    found = texts(manuscript.path)
    assert found.pop(at) == wanted
    others = [each.text for each in manuscript.play.lines]
    del others[at]
    assert found == others
