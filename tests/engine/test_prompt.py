"""Prompts: ids, user text that looks like special tokens, the EOS frame after context."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.engine import Engine, Sampler, Segment, Utterance
from csm_cli.engine.steps import embed_prompt
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
    found = embed_prompt(engine.weights, engine.prompter.content(utterance))
    text = engine.weights.text[list(engine.prompter.text_ids(0, "a"))]
    rows = engine.weights.audio[engine.weights.offsets]
    assert len(found) == engine.positions(utterance)
    torch.testing.assert_close(found[: len(text)], text)
    torch.testing.assert_close(found[len(text) + 2], rows.sum(0))
    torch.testing.assert_close(found[len(text) + 3], engine.weights.text[BOS])


def test_a_lead_is_one_segment_with_the_line(engine: Engine) -> None:
    codes = np.ones((2, BOOKS), dtype=np.int16)
    utterance = Utterance(3, "b", (Segment(0, "x", codes),), lead=Segment(0, "a", codes))
    content = engine.prompter.content(utterance)
    before = engine.prompter.content(Utterance(0, "x"))
    assert len(content) == engine.positions(utterance)
    own = content[len(before) + 3 :]
    assert own == [*engine.prompter.text_ids(3, "a b"), codes[0].tobytes(), codes[1].tobytes()]


def test_a_line_goes_on_where_its_lead_ends(engine: Engine) -> None:
    greedy = Sampler(0.0)
    (whole,) = engine.speak([Utterance(0, "ab cd", max_frames=8, sampler=greedy)])
    assert len(whole.codes) > 4
    lead = Segment(0, "ab", whole.codes[:3])
    (rest,) = engine.speak([Utterance(0, "cd", max_frames=5, sampler=greedy, lead=lead)])
    np.testing.assert_array_equal(rest.codes, whole.codes[3:])


def test_long_memory_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.prompter._ids.update({str(i): (0,) for i in range(5000)})
    engine.prompter.text_ids(0, "one more")
    assert len(engine.prompter._ids) == 1
