"""Any line of any script, whatever the language has in it, is edited alone or left as it is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from csm_cli.core.errors import CsmError
from csm_cli.review.manuscript import Manuscript
from csm_cli.script.reader import check_screenplay
from csm_cli.script.writers import write_script
from csm_cli.script.writers.yaml import scalar
from tests.script.test_round_trip_scripts import NAMES, SOUNDS, chapters, said

VALUES = st.fixed_dictionaries(
    {},
    optional={
        "speed": st.none() | st.sampled_from([0.5, 1.25, 2.0]),
        "gain": st.none() | st.sampled_from([-60.0, -2.5, 0.0, 20.0]),
        "pause": st.none() | st.sampled_from([0.0, 1.75, 600.0]),
    },
)


def script(folder: Path, parts: list[str], format: str, ends: str) -> Path:
    """A script of these chapters, written by csm in a format."""
    for name in SOUNDS:
        (folder / name).write_bytes(b"")
    (folder / "more parts.md").write_text("More.\n")
    rows = ["variables: {town: Bridge}", "voices:", *(f"  {scalar(name)}: heart" for name in NAMES)]
    path = folder / "first.yaml"
    path.write_text(
        "\n".join([*rows, "chapters:", *(f"- {part.replace('anna/angry', 'bella')}" for part in parts)]),
        encoding="utf-8",
    )
    checked = check_screenplay(path, expand=False)
    assert checked.screenplay is not None and not checked.problems, checked.problems.findings()
    written = folder / {"yaml": "a.yaml", "markdown": "a.md"}[format]
    written.write_bytes(write_script(checked.screenplay, format).replace("\n", ends).encode())
    return written


def lines(manuscript: Manuscript) -> list[tuple]:
    return [(line.speaker, line.text, line.notes, line.settings, line.seed) for line in manuscript.play.lines]


@pytest.mark.parametrize("format", ["yaml", "markdown"])
@given_settings(max_examples=30)
@given(
    parts=st.lists(chapters, min_size=1, max_size=2),
    text=said,
    values=VALUES,
    at=st.integers(0, 10**6),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_any_line_of_any_script_is_edited_alone(format, parts, text, values, at, ends):
    with tempfile.TemporaryDirectory() as folder:
        path = script(Path(folder), parts, format, ends)
        manuscript = Manuscript(path)
        before, bytes_before = lines(manuscript), path.read_bytes()
        at %= len(before)
        line = manuscript.play.lines[at]
        wanted = " ".join(text.split())
        try:
            patch = manuscript.with_text(line, wanted).write()
        except CsmError as error:
            assert error.exit_code in (2, 3)
            twice = manuscript.why_not(line) is not None
            assert twice or wanted.startswith("("), f"refused: {error}"
            return
        now = Manuscript(path)
        after = lines(now)
        assert after[at] == (before[at][0], wanted, *before[at][2:])
        assert after[:at] + after[at + 1 :] == before[:at] + before[at + 1 :]
        patch.undo()
        assert path.read_bytes() == bytes_before
        changed = manuscript.with_settings(line, values)
        if changed.before != changed.after:
            changed.write()
        settings = Manuscript(path).play.lines[at].settings
        for name, value in values.items():
            if value is not None:
                assert getattr(settings, {"pause": "pause_after"}.get(name, name)) == value
