"""The processor on any text and any length of audio: ids, masks, cut-offs and labels are transformers'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.model import CsmProcessor
from tests.model.test_processor import TEMPLATE
from tests.model.tiny import AUDIO, AUDIO_EOS, BOS, END, SPECIAL

plain = st.text(max_size=30).filter(lambda text: not any(token in text for token in SPECIAL))
lengths = st.one_of(st.integers(1, 9000), st.sampled_from([1919, 1920, 1921, 3840, 3841]))
turns = st.tuples(st.integers(0, 99), plain, st.lists(lengths, max_size=2))
talks = st.lists(st.lists(turns, min_size=1, max_size=3), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def both(folder: Path) -> tuple[Any, Any]:
    theirs = transformers.CsmProcessor.from_pretrained(folder)
    theirs.chat_template = TEMPLATE
    return CsmProcessor.from_pretrained(folder), theirs


def conversation(talk: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "role": str(speaker),
            "content": [
                {"type": "text", "text": text},
                *({"type": "audio", "path": np.full(n, 0.1, np.float32)} for n in samples),
            ],
        }
        for speaker, text, samples in talk
    ]


@settings(max_examples=60, deadline=None)
@given(talks, st.sampled_from([1.0, 0.5, 1 / 16, 0.0]))
def test_fields_are_those_of_transformers(both: Any, several: list[Any], ratio: float) -> None:
    ours, theirs = both
    options = {
        "tokenize": True, "return_dict": True, "output_labels": True, "depth_decoder_labels_ratio": ratio,
    }  # fmt: skip
    given_talks = [conversation(talk) for talk in several]
    fields = []
    for processor in (ours, theirs):
        torch.manual_seed(0)
        fields.append(processor.apply_chat_template(given_talks, **options))
    mine, wanted = fields
    assert mine.keys() == wanted.keys()
    for name in wanted:
        assert torch.equal(mine[name], wanted[name]), name


@settings(max_examples=100, deadline=None)
@given(talks)
def test_lengths_masks_and_labels_add_up(both: Any, several: list[Any]) -> None:
    ours, _ = both
    fields = ours.apply_chat_template(
        [conversation(talk) for talk in several],
        tokenize=True,
        return_dict=True,
        output_labels=True,
        depth_decoder_labels_ratio=0.25,
    )
    for row, talk in enumerate(several):
        mask = fields["attention_mask"][row].bool()
        ids, labels = fields["input_ids"][row][mask], fields["labels"][row][mask]
        samples = [n for _, _, lengths in talk for n in lengths]
        assert (mask.int().diff() >= 0).all()  # padding on the left only
        assert (ids == AUDIO).sum() == sum(-(-n // 1920) for n in samples)
        assert (ids == AUDIO_EOS).sum() == len(samples)
        assert (ids == BOS).sum() == (ids == END).sum() == len(talk)
        assert ((labels != -100) == ((ids == AUDIO) | (ids == AUDIO_EOS))).all()
        assert (labels[ids == AUDIO_EOS] == AUDIO_EOS).all()
        assert (fields["labels"][row][~mask] == -100).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(plain, st.sampled_from(SPECIAL), st.just("<|AUD")), max_size=8).map("".join))
def test_no_text_becomes_a_special_token(both: Any, text: str) -> None:
    ours, _ = both
    ids = ours.text_ids(text)
    assert not {BOS, END, AUDIO, AUDIO_EOS} & set(ids)
    assert len(ids) == len(text)  # the tiny tokenizer has one id for each character
