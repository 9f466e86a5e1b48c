"""Many lines through the codec at once, each as if alone."""

from __future__ import annotations

from typing import Any

import torch

from csm_cli.model.merge import decode_codes, encode_audio
from tests.model.tiny import BOOKS, CODES


def test_lines_of_several_lengths_decode_as_alone(ours: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    # 20 frames are 40 steps of the codec's transformer, whose window is 16.
    lines = [torch.randint(0, CODES, (n, BOOKS), generator=generator) for n in (1, 0, 20, 7)]
    together = decode_codes(ours.codec_model, lines)
    assert [len(audio) for audio in together] == [len(line) * 1920 for line in lines]
    for line, audio in zip(lines, together, strict=True):
        if len(line):
            alone = ours.codec_model.decode(line.T[None]).audio_values[0, 0]
            torch.testing.assert_close(audio, alone, rtol=1e-4, atol=1e-5)
    assert decode_codes(ours.codec_model, []) == []


def test_encoding_uses_as_many_codebooks_as_are_asked_for(ours: Any) -> None:
    audio = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    codes = encode_audio(ours.codec_model, audio, BOOKS)
    assert codes.shape == (3, BOOKS)
    assert torch.equal(encode_audio(ours.codec_model, audio, BOOKS - 2), codes[:, :-2])
