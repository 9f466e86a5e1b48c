"""The codec's training loop, at toy size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MimiModel

from csm_cli.core.errors import MissingError
from csm_cli.training.objective import Budget
from recipes.demo_voice.codec.codec_training import CodecOptions, CodecTrainer
from recipes.demo_voice.codec.mimi import encode_latents
from recipes.demo_voice.codec.pool import SpeechPool

OPTIONS = CodecOptions(
    batch=2, frames=10, judged_frames=4, discriminator_channels=2, ear_width=16, phones=5, log_every=4,
    peak_rate=2e-3, quantise_from=0.2, classifier_from=0.4, adversary_from=0.6,
)  # fmt: skip


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Half a minute of vowels: harmonics under two resonances, with a phone label each 20 ms."""
    rng = np.random.default_rng(0)
    audio, phones = [], []
    for _ in range(60):
        phone = int(rng.integers(1, 5))
        time = np.arange(12000) / 24000
        tone = sum(np.sin(2 * np.pi * 120 * h * time) / (1 + abs(h - 3 * phone)) for h in range(1, 30))
        audio.append(tone * 0.1)
        phones.append(np.full(25, phone))
    folder = tmp_path / "speech"
    folder.mkdir()
    np.savez(
        folder / "000-00000.npz",
        audio=(np.concatenate(audio) * 32767 / 4).astype(np.int16),
        phones=np.concatenate(phones).astype(np.uint8),
    )
    return folder


@pytest.fixture
def trainer(codec: MimiModel, speech: Path) -> CodecTrainer:
    pool = SpeechPool(speech, 0.02, torch.device("cpu"))
    pool.wait(10)
    torch.manual_seed(0)
    trainer = CodecTrainer(codec, pool, OPTIONS, torch.device("cpu"))
    trainer.warm()
    return trainer


def test_every_stage_runs_and_the_spectrum_comes_nearer(trainer: CodecTrainer, tmp_path: Path) -> None:
    first = trainer.step(0.0)["mel"].item()
    trainer.run(Budget(steps=24), OPTIONS.peak_rate, log=lambda _: None)
    last = trainer.step(1.0)
    assert {"hearing", "fool", "match", "phone", "commit"} <= set(last)
    assert last["mel"].item() < 0.97 * first
    assert trainer.semantic.ready
    trainer.save(tmp_path / "codec")
    loaded = MimiModel.from_pretrained(tmp_path / "codec").eval()
    codes = loaded.encode(trainer.pool.crops(1, 19200)[0][:, None]).audio_codes
    assert codes.shape == (1, 5, 10)
    assert codes[:, 0].min() > 0


def test_a_frozen_encoder_keeps_its_codes(trainer: CodecTrainer) -> None:
    trainer.run(Budget(steps=6), OPTIONS.peak_rate, log=lambda _: None)
    trainer.go_on()
    trainer.semantic.store()
    trainer.acoustic.store()
    audio = trainer.pool.crops(2, 19200)[0][:, None]

    def codes() -> torch.Tensor:
        with torch.no_grad():
            return trainer.model.quantizer.encode(encode_latents(trainer.model, audio))

    before = codes()
    decoder = [p.detach().clone() for p in trainer.model.decoder.parameters()]
    trainer.run(Budget(steps=4), OPTIONS.peak_rate, log=lambda _: None)
    assert torch.equal(before, codes())
    changed = [
        not torch.equal(a, b) for a, b in zip(decoder, trainer.model.decoder.parameters(), strict=True)
    ]
    assert any(changed)


def test_a_trained_codec_learns_on_whole_and_quantises_from_the_start(trainer: CodecTrainer) -> None:
    trainer.run(Budget(steps=6), OPTIONS.peak_rate, log=lambda _: None)
    trainer.semantic.store()
    trainer.acoustic.store()
    on = CodecTrainer(trainer.model, trainer.pool, OPTIONS, torch.device("cpu"))
    on.go_on(whole=True)
    books = on.acoustic.embed.clone()
    encoder = [p.detach().clone() for p in on.model.encoder.parameters()]
    losses = on.step(0.0)  # no settling, no k-means: the codebooks move from where they are
    assert {"phone", "hearing", "match"} <= set(losses)
    assert 0 < (on.acoustic.embed - books).square().mean() < 0.5 * books.square().mean()
    assert any(not torch.equal(a, b) for a, b in zip(encoder, on.model.encoder.parameters(), strict=True))


def test_a_pool_without_speech_says_so(tmp_path: Path) -> None:
    pool = SpeechPool(tmp_path, 0.01, torch.device("cpu"))
    with pytest.raises(MissingError, match="0 s of speech after 0 s of waiting, 5 s are needed") as raised:
        pool.wait(5, patience=0.0)
    assert raised.value.where == str(tmp_path) and raised.value.remedy


@pytest.mark.parametrize("shard", ["torn", "codes", "labels"])
def test_a_damaged_shard_is_one_line_that_names_it(speech: Path, shard: str) -> None:
    path = speech / "000-00001.npz"
    if shard == "torn":
        path.write_bytes((speech / "000-00000.npz").read_bytes()[:5000])
    elif shard == "codes":
        np.savez(path, codes=np.zeros((3, 4), np.int16))
    else:
        np.savez(path, audio=np.zeros(960, np.int16), phones=np.zeros(1, np.uint8))
    with pytest.raises(MissingError) as raised:
        SpeechPool(speech, 0.02, torch.device("cpu")).refresh()
    assert str(raised.value).startswith(f"{path}: is no shard of speech, or damaged")
    assert "\n" not in str(raised.value)


def test_a_pool_takes_what_fits(speech: Path) -> None:
    pool = SpeechPool(speech, 10 / 3600, torch.device("cpu"))  # ten seconds of thirty
    pool.refresh()
    assert pool.used == 240_000
    audio, phones = pool.crops(3, 9600)
    assert audio.shape == (3, 9600)
    assert phones.shape == (3, 20)
