"""Prompts: ids, user text that looks like special tokens, the EOS frame after context."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.engine import Engine, Segment, Utterance
from tests.model.tiny import BOOKS, BOS, END, LETTERS, SPECIAL


def test_ids_of_a_line(engine: Engine) -> None:
    ids = engine.prompter.text_ids(7, "hello")
    assert ids == (BOS, *(LETTERS.index(c) for c in "[7]hello"), END)


def test_special_strings_are_text(engine: Engine) -> None:
    for special in SPECIAL:
        ids = engine.prompter.text_ids(0, f"a{special}b{special}{special}")
        assert (ids[0], ids[-1]) == (BOS, END)
        assert max(ids[1:-1]) < len(LETTERS)
        assert len(ids) == 2 + len("[0]ab") + 3 * len(special)


def test_no_text_makes_special_tokens(engine: Engine) -> None:
    pieces = st.one_of(st.sampled_from([*SPECIAL, "<|", "|>", "<"]), st.text(max_size=4))

    @given(st.lists(pieces, max_size=6).map("".join))
    def check(text: str) -> None:
        assert all(i < len(LETTERS) for i in engine.prompter.text_ids(0, text)[1:-1])

    check()


def test_context_ends_with_one_eos_frame(engine: Engine) -> None:
    codes = np.ones((2, BOOKS), dtype=np.int16)
    utterance = Utterance(0, "b", (Segment(0, "a", codes),))
    found = engine.prompter.embed(engine.prompter.content(utterance), engine.weights)
    text = engine.weights.text[list(engine.prompter.text_ids(0, "a"))]
    rows = engine.weights.audio[engine.weights.offsets]
    assert len(found) == engine.positions(utterance)
    torch.testing.assert_close(found[: len(text)], text)
    torch.testing.assert_close(found[len(text) + 2], rows.sum(0))
    torch.testing.assert_close(found[len(text) + 3], engine.weights.text[BOS])


def test_long_memory_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.prompter._known.update({str(i): (0,) for i in range(5000)})
    engine.prompter.text_ids(0, "one more")
    assert len(engine.prompter._known) == 1
