"""Prompts: ids, user text that looks like special tokens, the EOS frame after context."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.checkpoints.find import DEMO_CHECKPOINT, find_checkpoint
from csm_cli.core.errors import CsmError, MissingError
from csm_cli.engine import Engine, Sampler, Segment, Utterance
from csm_cli.engine.prompt import Prompter
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


def split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
TEN = {"type": "Replace", "pattern": {"Regex": "."}, "content": "a" * 10}
LETTER = {"type": "WordLevel", "vocab": {"[": 0, "0": 1, "]": 2, "a": 3}, "unk_token": "?"}


@pytest.fixture
def prompter(tmp_path):
    """Makes one of the embedded voice's tokenizer with parts of it replaced."""

    def make(**parts: Any) -> Prompter:
        value = json.loads((DEMO_CHECKPOINT / "tokenizer.json").read_text())
        file = tmp_path / "tokenizer.json"
        file.write_text(json.dumps(value | parts))
        return Prompter(file, find_checkpoint("demo").config)

    return make


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}, "charsmap"),  # panics
        ({"model": {"type": "BPE", "vocab": {"a": 2, "b": 5}, "merges": [["a", "b"]]}}, ""),
        ({"pre_tokenizer": {"type": "FixedLength", "length": 0}}, "non-zero"),  # panics at the first text
        ({"pre_tokenizer": split("(")}, "parenthesis"),
        ({"model": LETTER | {"vocab": {"a": 0}}}, "UNK"),
        ({"normalizer": {"type": "Sequence", "normalizers": [TEN] * 9}}, "too long"),  # 10^9 times
        ({"normalizer": {"type": "Prepend", "prepend": "a" * 1000}}, "too long"),
        ({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [BYTES] * 40}}, "too long"),
    ],
)
def test_a_tokenizer_that_cannot_be_used_is_refused_in_one_line(prompter, capfd, parts, why) -> None:
    with pytest.raises(MissingError, match=f"cannot be read .*{why}") as found:
        prompter(**parts)
    assert "\n" not in str(found.value) and "tokenizer.json" in str(found.value)
    assert capfd.readouterr().err == ""


def test_a_tokenizer_that_fails_at_a_text_is_named(prompter) -> None:
    known = prompter(model=LETTER, pre_tokenizer=split("[\\s\\S]"))
    assert known.text_ids(0, "a")[1:-1] == (0, 1, 2, 3)
    with pytest.raises(CsmError, match=r"cannot encode '\[0\]b'.*UNK"):
        known.text_ids(0, "b")
    far = LETTER | {"vocab": LETTER["vocab"] | {"a": 100}}  # the embedded voice has 100 texts
    with pytest.raises(CsmError, match="gives id 100, the model has 100"):
        prompter(model=far, pre_tokenizer=split("[\\s\\S]")).text_ids(0, "a")


def test_the_tokenizer_of_csm_1b_is_not_too_long(prompter) -> None:
    """Llama 3's: a pattern, then bytes as letters, each of which has two bytes at most."""
    steps = {"type": "Sequence", "pretokenizers": [split("[\\s\\S]"), BYTES]}
    assert prompter(pre_tokenizer=steps).text_ids(0, "No.")


def test_panics_do_not_end_the_process() -> None:
    """They are no `Exception`; interrupts are none either, and stay what they are."""
    code = """
from csm_cli.core.errors import is_foreign
from tokenizers import Tokenizer
try:
    Tokenizer.from_str('{"model": {"type": "BPE", "vocab": {"a": 2, "b": 5}, "merges": [["a", "b"]]}}')
except BaseException as error:
    print(is_foreign(error), is_foreign(KeyboardInterrupt()), is_foreign(ValueError()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "True False True\n"
