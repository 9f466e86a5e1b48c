"""The recognisers themselves: pocketsphinx on a shipped voice, a tiny random Whisper from a folder, and the
real one in the folder that the environment variable CSM_WHISPER names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csm_cli.audio.files import SAMPLE_RATE, read_audio
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.verify.recognisers import Aligning, Weighing, agreement, load_recogniser
from csm_cli.verify.recognisers.whisper_models import text_tokenizer
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
        max_target_positions=448,
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
    right, nothing = recogniser.transcribe(
        [read_audio(voice.audio), np.zeros(24_000, np.float32)], SAMPLE_RATE
    )
    assert agreement(voice.text, right).share > 0.6
    assert agreement(voice.text, nothing).share < 0.2


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)


def test_whisper_from_a_folder(whisper_folder: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recogniser = load_recogniser(str(whisper_folder), device="cpu")
    sounds = [noise(2), noise(12, 1), noise(1, 2)]
    found = recogniser.transcribe(sounds, SAMPLE_RATE)
    assert all(isinstance(text, str) for text in found) and any(found)
    assert recogniser.transcribe(sounds, SAMPLE_RATE) == found, "no chance in it"
    assert recogniser.transcribe(sounds[1:2], SAMPLE_RATE) == found[1:2], "each sound keeps its place"
    assert recogniser.transcribe([], SAMPLE_RATE) == []
    assert str(whisper_folder) in recogniser.name

    def again(*given: Any) -> None:
        raise AssertionError("converted a second time")

    monkeypatch.setattr("csm_cli.verify.recognisers.whisper_models._convert", again)
    assert load_recogniser(str(whisper_folder), device="cpu").transcribe(sounds, SAMPLE_RATE) == found


@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_whisper_finds_the_words_of_a_text(whisper_folder: Path, own_home: Path, seconds: float) -> None:
    recogniser = load_recogniser(str(whisper_folder), device="cpu")
    text = "Two words - and more"
    sounds = [noise(seconds), noise(2, 1), noise(1)]
    found = recogniser.align(sounds, SAMPLE_RATE, [text, "", "word " * 500])
    assert isinstance(recogniser, Aligning)
    assert [len(spans) for spans in found] == [5, 0, 500]
    assert found[0][2] is None and found[2] == [None] * 500, "no letters; more than it can read"
    spans = [span for span in found[0] if span is not None]
    assert len(spans) == 4
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= seconds


def test_pocketsphinx_finds_the_words_of_a_text() -> None:
    voice = VoiceRegistry(None).get("bella")
    assert voice.audio is not None
    sound, recogniser = read_audio(voice.audio), load_recogniser("pocketsphinx")
    (spans,) = recogniser.align([sound], SAMPLE_RATE, [voice.text])
    assert len(spans) == len(voice.text.split()) and None not in spans
    edges = [edge for span in spans for edge in span]
    assert all(edges[each] <= edges[each + 1] + 0.011 for each in range(len(edges) - 1))
    assert 0 <= edges[0] < 1 and edges[-1] <= sound.size / SAMPLE_RATE + 0.2
    unknown, silent, nothing = recogniser.align(
        [sound[: 2 * SAMPLE_RATE], sound[:SAMPLE_RATE], sound[:200]],
        SAMPLE_RATE,
        ["zzyzx quixotrix - dzhug", "... 83", "far too many words for so little sound"],
    )
    assert [span is None for span in unknown] == [False, False, True, False]
    assert silent == [None, None] and nothing == [None] * 8
    assert agreement(voice.text, recogniser.transcribe([sound], SAMPLE_RATE)[0]).share > 0.6


def test_no_library_under_the_gpl_is_loaded(whisper_folder: Path, own_home: Path) -> None:
    program = (
        "import sys; from csm_cli.verify.recognisers import load_recogniser; "
        f"load_recogniser({str(whisper_folder)!r}, device='cpu'); "
        "assert 'faster_whisper' in sys.modules and 'av' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_texts_are_weighed_by_the_sound(whisper_folder: Path, own_home: Path) -> None:
    recogniser = load_recogniser(str(whisper_folder), device="cpu")
    assert isinstance(recogniser, Weighing)
    calls = []

    def texts(place: int, transcript: str) -> list[str]:
        calls.append((place, transcript))
        return ["ab", "abc", "ab"] if place else []

    (first, none), (second, weights) = recogniser.weigh([noise(1), noise(2)], SAMPLE_RATE, texts)
    assert calls == [(0, first), (1, second)] and none == []
    assert weights[0] == pytest.approx(weights[2], abs=1e-4)
    assert max(weights) < 0 and weights[1] != pytest.approx(weights[0], abs=1e-3)


@pytest.mark.skipif("CSM_WHISPER" not in os.environ, reason="CSM_WHISPER names no folder of a real Whisper")
def test_a_real_whisper_prefers_what_was_said() -> None:
    voice = next(voice for voice in VoiceRegistry(None).all() if voice.audio is not None)
    recogniser = load_recogniser(os.environ["CSM_WHISPER"], device="cpu")
    assert isinstance(recogniser, Weighing) and voice.audio is not None
    words = voice.text.split()
    wrong = " ".join(["Mountain", *words[1:]])
    twice = " ".join([*words[:2], *words[1:]])

    def texts(place: int, transcript: str) -> list[str]:
        return [voice.text, wrong, twice, voice.text]

    ((transcript, (said, replaced, repeated, _)),) = recogniser.weigh(
        [read_audio(voice.audio)], SAMPLE_RATE, texts
    )
    assert agreement(voice.text, transcript).share > 0.8
    assert said > replaced + 2 and said > repeated + 2


def test_without_whisper_pocketsphinx_is_the_fallback(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(own_home / "hub"))
    notes: list[str] = []
    assert load_recogniser("auto", note=notes.append).name == "pocketsphinx"
    assert "poor judge of some accents" in notes[0]
    assert "csm models pull Systran/faster-whisper-base" in notes[0]
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    assert load_recogniser("auto", note=notes.append).name == "pocketsphinx"
    assert "pip install 'csm-cli[asr]'" in notes[1]
    with pytest.raises(MissingError, match="faster-whisper is not installed"):
        load_recogniser("whisper")
    with pytest.raises(MissingError, match="faster-whisper is not installed"):
        load_recogniser("auto", "de")


def test_a_recogniser_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError(f"the network was used: {arguments}")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("transformers.utils.hub.is_offline_mode", lambda: False)
    with pytest.raises(MissingError, match="recogniser cannot be loaded") as raised:
        load_recogniser(str(tmp_path))
    assert "\n" not in str(raised.value)
    for name, words in (
        ("nope", "no such recogniser"),
        ("no/where", "csm models pull no/where"),
        ("whisper", "csm models pull Systran/faster-whisper-base"),
        ("whisper:small.en", "csm models pull Systran/faster-whisper-small.en"),
        ("whisper:huge", "no such size of Whisper"),
    ):
        with pytest.raises(MissingError, match=words) as raised:
            load_recogniser(name)
        assert "\n" not in str(raised.value)
    with pytest.raises(UsageError, match="English only"):
        load_recogniser("pocketsphinx", "de")
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingError, match=r"csm-cli\[asr\]"):
        load_recogniser("pocketsphinx")


@pytest.mark.parametrize(
    ("transcript", "seconds", "wanted"),
    [
        ("Kept under pressure. Kept under pressure.", 1.0, "Kept under pressure."),
        ("One two three, one two three one two three", 1.2, "One two three,"),
        ("No, no.", 1.0, "No, no."),  # slow enough to have been said
        ("Kept under pressure. Kept under water.", 1.0, "Kept under pressure. Kept under water."),
        ("", 1.0, ""),
    ],
)
def test_a_transcript_that_begins_again_is_taken_once(transcript: str, seconds: float, wanted: str) -> None:
    from csm_cli.verify.recognisers.whisper import without_loop

    assert without_loop(transcript, seconds) == wanted


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": {"vocab": {}, "merges": 3}}', "NaN"])
def test_a_damaged_tokenizer_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(
        MissingError, match=r"tokenizer\.json: cannot be read \(.*\); fetch the recogniser again"
    ):
        text_tokenizer(tmp_path)
