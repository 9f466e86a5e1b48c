"""The training pass through Mimi is the library's own pass."""

from __future__ import annotations

import torch
from transformers import MimiModel

from recipes.demo_voice.codec.mimi import decode_latents, encode_latents, scale_to_unit, side_of


def test_codes_are_those_of_the_library(codec: MimiModel) -> None:
    audio = torch.randn(2, 1, 1920 * 7) * 0.1
    scale_to_unit(codec, audio)
    with torch.no_grad():
        wanted = codec.encode(audio).audio_codes
        found = codec.quantizer.encode(encode_latents(codec, audio)).transpose(0, 1)
    assert torch.equal(wanted, found)
    assert len(found.unique()) > 16


def test_audio_is_that_of_the_library(codec: MimiModel) -> None:
    codes = torch.randint(0, 32, (2, 5, 9))
    with torch.no_grad():
        wanted = codec.decode(codes).audio_values
        found = decode_latents(codec, codec.quantizer.decode(codes))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_the_attention_window_is_kept(codec: MimiModel) -> None:
    with torch.no_grad():
        for name, parameter in codec.named_parameters():
            if "layer_scale" in name:
                parameter.fill_(1.0)
    audio = torch.randn(1, 1, 1920 * 20) * 0.1  # 40 steps of the transformer, whose window is 16
    scale_to_unit(codec, audio)
    with torch.no_grad():
        wanted = codec.encode(audio).audio_codes
        latents = encode_latents(codec, audio)
        assert torch.equal(wanted, codec.quantizer.encode(latents).transpose(0, 1))
        side_of(codec, "encoder").transformer.config.sliding_window = 40
        wider = encode_latents(codec, audio)
    assert torch.allclose(latents[..., :8], wider[..., :8], atol=1e-5)
    assert not torch.allclose(latents[..., 8:], wider[..., 8:], atol=1e-5)


def test_scaling_gives_every_convolution_unit_variance(codec: MimiModel) -> None:
    audio = torch.randn(2, 1, 1920 * 6) * 0.1
    scale_to_unit(codec, audio)
    with torch.no_grad():
        latents = encode_latents(codec, audio)
        made = decode_latents(codec, latents)
    assert 0.8 < latents.std() < 1.25
    assert 0.01 < made.std() < 0.25
