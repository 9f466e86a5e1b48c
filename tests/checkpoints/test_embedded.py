"""The embedded voice is a real checkpoint: the library loads it too, and generates the same codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoTokenizer

from csm_cli.audio.files import read_audio
from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.core.types import Sampler, Segment, Utterance
from csm_cli.engine import Engine
from csm_cli.voices.names import shipped_dir
from csm_cli.voices.registry import VoiceRegistry
from recipes.demo_voice.shape import ALPHABET, CODEBOOKS, text_ids

VOICES = shipped_dir() or Path()
TEXT = "Is that the light?"


def test_it_is_small_enough_to_embed() -> None:
    assert sum(path.stat().st_size for path in DEMO_CHECKPOINT.iterdir()) <= 72_000_000


def test_its_card_names_data_licences_recipe_and_figures() -> None:
    card = (DEMO_CHECKPOINT / "README.md").read_text(encoding="utf-8")
    _, front, body = card.split("---\n", 2)
    assert yaml.safe_load(front)["license"] == "apache-2.0"
    for heading in ("Data", "Licences", "Recipe", "Figures", "Limits"):
        assert f"## {heading}\n" in body


def test_no_path_of_the_machine_that_made_it_is_left() -> None:
    for path in DEMO_CHECKPOINT.glob("*.json"):
        assert "/tmp" not in path.read_text() and "/home" not in path.read_text(), path.name


def test_the_tokenizer_is_the_alphabet_it_was_trained_on() -> None:
    tokenizer = AutoTokenizer.from_pretrained(DEMO_CHECKPOINT)
    text = "".join(ALPHABET)
    chat = [{"role": "3", "content": [{"type": "text", "text": text}]}]
    assert tokenizer.apply_chat_template(chat, tokenize=False) == f"<|begin_of_text|>[3]{text}<|end_of_text|>"
    ids = tokenizer(f"<|begin_of_text|>[3]{text}<|end_of_text|>", add_special_tokens=False).input_ids
    assert ids == text_ids(3, text)
    assert tokenizer(f"[3]{text}").input_ids == ids  # as the usages of the field write a prompt


def test_every_shipped_voice_has_a_speaker_of_its_own() -> None:
    cards = [yaml.safe_load(path.read_text()) for path in VOICES.glob("*/voice.yaml")]
    assert len(cards) >= 4
    assert sorted(card["speaker"] for card in cards) == list(range(len(cards)))
    config = json.loads((DEMO_CHECKPOINT / "config.json").read_text())
    assert config["shipped_speakers"] == len(cards), "these tags are kept for them"
    for card in cards:
        assert card["text"] and card["licence"]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(DEMO_CHECKPOINT, device="cpu")


def test_transformers_speaks_the_same_greedy_codes(engine: Engine) -> None:
    from transformers import AutoProcessor, CsmForConditionalGeneration

    model = CsmForConditionalGeneration.from_pretrained(DEMO_CHECKPOINT, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(DEMO_CHECKPOINT)
    chat = [{"role": "1", "content": [{"type": "text", "text": TEXT}]}]
    inputs = processor.apply_chat_template(chat, tokenize=True, return_dict=True, return_tensors="pt")
    greedy = {"do_sample": False, "depth_decoder_do_sample": False, "temperature": None, "top_k": None,
              "depth_decoder_temperature": None, "depth_decoder_top_k": None}  # fmt: skip
    # The codes that the codec lacks: neither is trained on them, and ours cannot sample them.
    model.generation_config.suppress_tokens = [512, 513, 514]
    model.depth_decoder.generation_config.suppress_tokens = [512, 513, 514]
    wanted = model.generate(**inputs, max_new_tokens=24, **greedy)[0]
    codes = engine.speak([Utterance(1, TEXT, (), 0, 24, Sampler(0, 0, 0, 0))])[0].codes
    assert codes.shape[1] == CODEBOOKS
    assert wanted[: len(codes)].tolist() == codes.tolist()
    assert len(codes) >= 10


def test_it_generates_and_stops_alone_and_after_another(engine: Engine) -> None:
    sampler = engine.default_sampler
    zero, one = (
        Segment(voice.speaker, voice.text, engine.encode(read_audio(voice.audio, engine.sample_rate)))
        for voice in sorted(VoiceRegistry().all(), key=lambda voice: voice.speaker)[:2]
        if voice.audio
    )
    first = engine.speak([Utterance(0, "Who is there?", (zero,), 3, 100, sampler)])[0]
    context = (one, Segment(0, "Who is there?", first.codes))
    second = engine.speak([Utterance(1, TEXT, context, 4, 100, sampler)])[0]
    for speech in (first, second):
        assert speech.ended
        assert 6 <= len(speech.codes) <= 40


def test_its_settings_say_how_to_draw_and_how_much_to_read(engine: Engine) -> None:
    settings = json.loads((DEMO_CHECKPOINT / "generation_config.json").read_text())
    assert engine.default_sampler.temperature == settings["temperature"] < 0.9
    assert engine.max_characters <= 280  # the longest text of its training
