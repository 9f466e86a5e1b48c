"""Rows of an evaluation: kept as they come, taken up again, never mixed."""

import pytest

from csm_cli.core.errors import CsmError
from recipes.demo_voice.results import Results

SUBJECT = {"checkpoint": "a", "seed": 1}


def row(file, condition="short", **more):
    return {"condition": condition, "file": file, "voice": "heart"} | more


def test_rows_are_there_in_the_next_run(tmp_path):
    path = tmp_path / "out" / "rows.jsonl"
    Results(path, SUBJECT).add([row("0"), row("1"), row("0", "long")])
    again = Results(path, SUBJECT)
    assert again.done("short") == {"0", "1"}
    assert again.done("long") == {"0"}
    again.add([row("2")])
    assert [each["file"] for each in Results(path, SUBJECT).rows] == ["0", "1", "0", "2"]


@pytest.mark.parametrize("cut", [1, 10])
def test_the_half_line_of_a_killed_run_is_dropped(tmp_path, cut):
    path = tmp_path / "rows.jsonl"
    Results(path, SUBJECT).add([row("0"), row("1", heard="“voilà”")])
    path.write_bytes(path.read_bytes()[:-cut])
    again = Results(path, SUBJECT)
    assert again.done("short") == {"0"}
    again.add([row("1")])
    assert Results(path, SUBJECT).done("short") == {"0", "1"}


def test_a_run_killed_before_its_first_line_was_whole_begins_anew(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"subj')
    Results(path, SUBJECT).add([row("0")])
    assert Results(path, SUBJECT).done("short") == {"0"}


def test_figures_of_another_checkpoint_are_not_mixed_in(tmp_path):
    path = tmp_path / "rows.jsonl"
    Results(path, SUBJECT).add([row("0")])
    with pytest.raises(CsmError, match="another checkpoint"):
        Results(path, SUBJECT | {"seed": 2})
    assert Results(path, SUBJECT).done("short") == {"0"}


def test_a_damaged_file_is_named_in_one_line(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("no figures\n")
    with pytest.raises(CsmError, match=r"rows\.jsonl: is damaged; .*"):
        Results(path, SUBJECT)
