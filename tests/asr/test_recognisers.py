"""The recognisers themselves: pocketsphinx on a shipped voice, a tiny random Whisper from a folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csm_cli.asr import agreement, load_recogniser
from csm_cli.audio.files import SAMPLE_RATE, read_audio
from csm_cli.errors import MissingError, UsageError
from csm_cli.voices.registry import VoiceRegistry


@pytest.fixture(scope="module")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper checkpoint as transformers saves one, with random weights and 256 byte tokens."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
    )

    folder = tmp_path_factory.mktemp("whisper")
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"]
    vocabulary = {token: number for number, token in enumerate([*sorted(ByteLevel.alphabet()), *special])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = WhisperTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), pad_token=special[0], eos_token=special[0]
    )
    tokenizer.save_pretrained(folder)
    end, start = vocabulary[special[0]], vocabulary[special[1]]
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_mel_bins=8,
        max_target_positions=24,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config.max_length = 20
    model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=8).save_pretrained(folder)
    return folder


def test_pocketsphinx_understands_a_shipped_voice() -> None:
    voice = VoiceRegistry(None).get("bella")
    assert voice.audio is not None
    recogniser = load_recogniser("pocketsphinx")
    right, nothing = recogniser.hear([read_audio(voice.audio), np.zeros(24_000, np.float32)], SAMPLE_RATE)
    assert agreement(voice.text, right).share > 0.6
    assert agreement(voice.text, nothing).share < 0.2


def test_whisper_from_a_folder(whisper_folder: Path) -> None:
    recogniser = load_recogniser(str(whisper_folder), device="cpu")
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    one, two = recogniser.hear([noise, noise[:24_000]], SAMPLE_RATE)
    assert isinstance(one, str) and isinstance(two, str) and one
    assert recogniser.hear([noise], SAMPLE_RATE) == [one], "no chance in it"
    assert str(whisper_folder) in recogniser.name


def test_a_recogniser_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*arguments: Any, **options: Any) -> None:
        raise AssertionError(f"the network was asked: {arguments}")

    monkeypatch.setattr("socket.getaddrinfo", asked)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("transformers.utils.hub.is_offline_mode", lambda: False)
    with pytest.raises(MissingError, match="recogniser cannot be loaded") as raised:
        load_recogniser(str(tmp_path))
    assert "\n" not in str(raised.value)
    for name, words in (
        ("nope", "no such recogniser"),
        ("no/where", "csm models pull no/where"),
        ("whisper", "csm models pull openai/whisper-small"),
    ):
        with pytest.raises(MissingError, match=words) as raised:
            load_recogniser(name)
        assert "\n" not in str(raised.value)
    with pytest.raises(UsageError, match="English only"):
        load_recogniser("pocketsphinx", "de")
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingError, match=r"csm-cli\[asr\]"):
        load_recogniser("pocketsphinx")
