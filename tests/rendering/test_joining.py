"""Very short lines are spoken with a neighbour if the script asks for it, and nothing is lost by that."""

from __future__ import annotations

import pytest

from csm_cli.rendering.plan import plan_screenplay
from csm_cli.script import read_screenplay

HEAD = "voices: {Ann: a, Ben: b}\nlines:\n"


def texts(tmp_path, rows, head="join_short: on\n"):
    path = tmp_path / "a.yaml"
    path.write_text(f"{head}{HEAD}" + "".join(f"- {row}\n" for row in rows))
    play = read_screenplay(path)
    (chain,) = plan_screenplay(play, dict.fromkeys(play.cast, 0))
    return [line.line.text for line in chain.lines]


def test_a_short_line_goes_with_its_neighbour(tmp_path):
    rows = ["Ann: Yes.", "Ann: I will come with you.", "Ann: Now.", "Ben: No.", "Ben: Stay here with me."]
    assert texts(tmp_path, rows) == ["Yes. I will come with you. Now.", "No. Stay here with me."]
    assert len(texts(tmp_path, rows, head="")) == 5


@pytest.mark.parametrize(
    "rows",
    [
        ["Ann: Yes.", "Ben: I will come with you."],
        ["Ann: Yes.", "pause: 1", "Ann: I will come with you."],
        ["Ann: Yes.", "{speaker: Ann, text: I will come., paragraph: on}"],
        ["Ann: Yes.", "{speaker: Ann, text: I will come., seed: 7}"],
        ["Ann: Yes.", "Ann: (later) I will come with you."],
        ["Ann: Yes.", "Ann: Yes."],
        ["Ann: I will come with you.", "Ann: I will not stay here."],
        ["Ann: Yes.", "Ann: " + "word " * 60],
    ],
)
def test_what_is_set_apart_stays_apart(tmp_path, rows):
    assert len(texts(tmp_path, rows)) == 2
