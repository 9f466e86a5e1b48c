"""csm.lock as anybody may have written it."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from csm_cli.core.errors import CsmError
from csm_cli.takes.lock import LOCK_NAME, MAX_LOCK_BYTES, read_lock, write_lock

BOMB = "schema: 1\nscripts:\n  s.yaml:\n    a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"    {now}: &{now} [{','.join(['*' + before] * 9)}]\n" for before, now in pairwise("abcdefghijk")
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "line 4: aliases and anchors are not accepted"),
        ("schema: 1\nscripts: " + "[" * 5_000, "line 2: it is nested too deeply"),
        ("schema: 1\n" + "#" * MAX_LOCK_BYTES, "it is larger than 1 MB"),
        ("schema: !!int ''\n", "line 1: tags are not accepted"),
    ],
)
def test_locks_that_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / LOCK_NAME).write_text(text)
    with pytest.raises(CsmError) as raised:
        read_lock(tmp_path)
    assert words in str(raised.value) and str(raised.value).endswith(
        "; restore it, or delete it and render again"
    )


@pytest.mark.skipif(os.name != "posix", reason="needs pipes")
def test_a_pipe_is_no_lock(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK_NAME)
    with pytest.raises(CsmError, match=r"csm\.lock: cannot be read \(it is a pipe, not an ordinary file\)"):
        read_lock(tmp_path)


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    facts = {"seed": 7, "sampler": {"temperature": 0.6, "top_k": 50}, "voices": {"anna": "3f", "no": "12"}}
    write_lock(tmp_path, {"a.yaml": facts, "é: b.md": {"locked": True, "nothing": None}})
    assert read_lock(tmp_path) == {"a.yaml": facts, "é: b.md": {"locked": True, "nothing": None}}


def test_scripts_that_share_their_facts_are_written_in_full(tmp_path: Path) -> None:
    facts = {"model": {"id": "demo"}, "voices": {"anna": "3f"}}
    write_lock(tmp_path, {"a.yaml": facts, "b.yaml": facts | {"model": facts["model"]}})
    assert read_lock(tmp_path) == {"a.yaml": facts, "b.yaml": facts}
