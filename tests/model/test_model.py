"""Logits and losses against transformers, in float32."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import DynamicCache

from csm_cli.model.merge import encode_audio
from csm_cli.model.outputs import expand_labels
from tests.model.tiny import AUDIO, AUDIO_EOS, BOOKS, CODES, PAD, prompt

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture
def codes() -> torch.Tensor:
    return torch.randint(0, CODES, (2, 11, BOOKS), generator=torch.Generator().manual_seed(3))


@pytest.fixture
def sounds() -> tuple[torch.Tensor, torch.Tensor]:
    """Two rows: three frames and a bit, then two frames; one frame and a bit."""
    values = torch.randn(2, 1, 10000, generator=torch.Generator().manual_seed(4)) * 0.3
    return values, torch.tensor([[6000, 9840], [2000, -1]])


@pytest.fixture
def text_prompt() -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask to go with `sounds`, padded on the left."""
    first = prompt(["[0]one"]) + [AUDIO] * 4 + [AUDIO_EOS] + prompt(["[1]two"]) + [AUDIO] * 2 + [AUDIO_EOS]
    second = prompt(["[0]three"]) + [AUDIO] * 2 + [AUDIO_EOS]
    padding = len(first) - len(second)
    ids = torch.tensor([first, [PAD] * padding + second])
    return ids, torch.tensor([[1] * len(first), [0] * padding + [1] * len(second)])


@torch.no_grad()
def test_backbone_logits_of_codes(reference: Any, ours: Any, codes: torch.Tensor) -> None:
    torch.testing.assert_close(ours(codes).logits, reference(codes).logits, **CLOSE)


@torch.no_grad()
def test_backbone_alone_from_embeddings(reference: Any, ours: Any, codes: torch.Tensor) -> None:
    embeds = ours.backbone_model.embed_frames(codes)
    torch.testing.assert_close(embeds, reference.backbone_model.embed_tokens(codes), **CLOSE)
    theirs = reference.backbone_model(inputs_embeds=embeds).last_hidden_state
    torch.testing.assert_close(ours.backbone_model(inputs_embeds=embeds).last_hidden_state, theirs, **CLOSE)


@torch.no_grad()
def test_depth_decoder_logits(reference: Any, ours: Any, codes: torch.Tensor) -> None:
    frames, hidden = codes[0], torch.randn(11, 48, generator=torch.Generator().manual_seed(5))
    inputs = torch.nn.functional.pad(frames[:, :-1], (1, 0))
    theirs = reference.depth_decoder(input_ids=inputs, backbone_last_hidden_state=hidden, labels=frames)
    mine = ours.depth_decoder(input_ids=inputs, backbone_last_hidden_state=hidden, labels=frames)
    torch.testing.assert_close(mine.logits, theirs.logits, **CLOSE)
    torch.testing.assert_close(mine.loss, theirs.loss, **CLOSE)
    torch.testing.assert_close(ours.depth_decoder.frame_logits(hidden, frames), theirs.logits, **CLOSE)


@torch.no_grad()
def test_depth_decoder_step_by_step(ours: Any, codes: torch.Tensor) -> None:
    frames, hidden = codes[0], torch.randn(11, 48, generator=torch.Generator().manual_seed(5))
    decoder = ours.depth_decoder
    cache = DynamicCache()
    first = torch.nn.functional.pad(frames[:, :1], (1, 0))
    steps = [decoder(first, hidden, past_key_values=cache).logits]
    steps += [
        decoder(frames[:, k : k + 1], past_key_values=cache, logits_to_keep=1).logits for k in (1, 2, 3)
    ]
    torch.testing.assert_close(torch.cat(steps, 1), decoder.frame_logits(hidden, frames), **CLOSE)


@torch.no_grad()
def test_text_with_audio(reference: Any, ours: Any, sounds: Any, text_prompt: Any) -> None:
    (values, cutoffs), (ids, mask) = sounds, text_prompt
    inputs = {
        "input_ids": ids,
        "attention_mask": mask,
        "input_values": values,
        "input_values_cutoffs": cutoffs,
    }
    theirs, mine = reference(**inputs).logits, ours(**inputs).logits
    torch.testing.assert_close(mine[mask.bool()], theirs[mask.bool()], **CLOSE)


@torch.no_grad()
def test_codes_in_place_of_audio(ours: Any, sounds: Any, text_prompt: Any) -> None:
    (values, cutoffs), (ids, mask) = sounds, text_prompt
    cuts = [values[0, 0, :6000], values[0, 0, 6000:9840], values[1, 0, :2000]]
    encoded = [encode_audio(ours.codec_model, cut, BOOKS) for cut in cuts]
    assert [len(each) for each in encoded] == [4, 2, 2]
    audio = ours(input_ids=ids, attention_mask=mask, input_values=values, input_values_cutoffs=cutoffs).logits
    for given in (encoded, torch.cat(encoded)):
        assert torch.equal(ours(input_ids=ids, attention_mask=mask, audio_codes=given).logits, audio)
    with pytest.raises(ValueError, match="8 places for audio frames, 4"):
        ours(input_ids=ids, attention_mask=mask, audio_codes=encoded[:1])


@torch.no_grad()
def test_losses_by_kind(reference: Any, ours: Any, sounds: Any, text_prompt: Any) -> None:
    (values, cutoffs), (ids, mask) = sounds, text_prompt
    labels = torch.where((ids == AUDIO) | (ids == AUDIO_EOS), ids, -100)
    labels[0, 9:11] = -101
    assert (ids[0, 9:11] == AUDIO).all()
    inputs = {
        "input_ids": ids,
        "attention_mask": mask,
        "input_values": values,
        "input_values_cutoffs": cutoffs,
    }
    theirs, mine = reference(**inputs, labels=labels), ours(**inputs, labels=labels)
    for name in ("loss", "backbone_loss", "depth_decoder_loss", "depth_decoder_logits"):
        torch.testing.assert_close(getattr(mine, name), getattr(theirs, name), **CLOSE)


def test_a_step_of_training(ours: Any, sounds: Any, text_prompt: Any) -> None:
    (values, cutoffs), (ids, mask) = sounds, text_prompt
    labels = torch.where((ids == AUDIO) | (ids == AUDIO_EOS), ids, -100)
    output = ours(ids, attention_mask=mask, input_values=values, input_values_cutoffs=cutoffs, labels=labels)
    output.loss.backward()
    missing = {n for n, p in ours.named_parameters() if p.grad is None and not n.startswith("codec_model.")}
    assert missing == set()
    assert all(p.grad is None for p in ours.codec_model.parameters())
    ours.zero_grad()


@torch.no_grad()
def test_losses_by_codes(reference: Any, ours: Any, codes: torch.Tensor) -> None:
    labels = codes.clone()
    labels[0, :4], labels[1, 0], labels[1, 5:, 1:] = -100, -100, -100
    theirs, mine = reference(codes, labels=labels), ours(codes, labels=labels)
    torch.testing.assert_close(mine.loss, theirs.loss, **CLOSE)
    last = ours(codes, labels=labels, logits_to_keep=1)
    torch.testing.assert_close(last.loss, theirs.loss, **CLOSE)
    assert last.logits.shape == (2, 1, CODES + 3)


def test_loss_without_frames_for_the_depth_decoder_is_finite(ours: Any, codes: torch.Tensor) -> None:
    labels = codes.clone()
    labels[..., 1:] = -100
    assert ours(codes, labels=labels).depth_decoder_loss.item() == 0.0


def test_labels_that_ignore_a_frame() -> None:
    frames = torch.arange(1, 7).view(2, 3)
    codes = torch.cat((torch.zeros(1, 3, dtype=torch.long), frames))[None]
    labels = expand_labels(torch.tensor([[-100, 9, -100]]), codes, torch.tensor([[False, True, True]]))
    assert labels.tolist() == [[[-100] * 3, [1, 2, 3], [-100] * 3]]


@torch.no_grad()
def test_padding_is_never_looked_up(ours: Any) -> None:
    row = prompt(["[0]hello"])
    mask = torch.tensor([[0] * 3 + [1] * len(row)])
    for pad in (10**6, AUDIO, AUDIO_EOS):
        logits = ours(torch.tensor([[pad] * 3 + row]), attention_mask=mask).logits
        torch.testing.assert_close(logits[:, 3:], ours(torch.tensor([row])).logits, **CLOSE)


@torch.no_grad()
def test_cached_steps_equal_one_pass(ours: Any, codes: torch.Tensor) -> None:
    whole = ours(codes)
    first = ours(codes[:, :7], use_cache=True)
    steps = [first.logits] + [
        ours(codes[:, t : t + 1], past_key_values=first.past_key_values).logits for t in range(7, 11)
    ]
    torch.testing.assert_close(torch.cat(steps, 1), whole.logits, **CLOSE)


def test_training_path_compiles_without_a_break_and_has_gradients(ours: Any, codes: torch.Tensor) -> None:
    def forward(frames: torch.Tensor) -> torch.Tensor:
        hidden = ours.backbone_model(inputs_embeds=ours.backbone_model.embed_frames(frames)).last_hidden_state
        depth = ours.depth_decoder.frame_logits(hidden[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1))
        return ours.lm_head(hidden).square().mean() + depth.square().mean()

    compiled = torch.compile(forward, fullgraph=True, backend="eager")
    loss = compiled(codes)
    torch.testing.assert_close(loss, forward(codes))
    loss.backward()
    table = ours.backbone_model.embed_tokens.embed_audio_tokens.weight
    assert table.grad is not None
    assert table.grad.abs().sum() > 0
    ours.zero_grad()
