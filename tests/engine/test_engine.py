"""The engine against the plain model: codes, batches, streams, audio."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from csm_cli.core.errors import CsmError
from csm_cli.engine import Engine, Sampler, Segment, Speech, Utterance
from csm_cli.model.merge import encode_audio
from tests.model.tiny import AUDIO, AUDIO_EOS, BOOKS, BOS, CODES, END, LETTERS


def frames(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, CODES, (count, BOOKS)).astype(np.int16)


CONTEXT = (Segment(0, "heard before.", frames(9)), Segment(1, "and this", frames(4, 1)))
LINES = [
    Utterance(0, "hello there.", CONTEXT, seed=5, max_frames=20),
    Utterance(1, "a line without context, which is rather long", (), seed=2**63 + 9, max_frames=12),
    Utterance(0, "greedy", CONTEXT[:1], seed=3, max_frames=16, sampler=Sampler(0.0)),
    Utterance(2, "mixed", CONTEXT[:1], seed=4, max_frames=16, sampler=Sampler(0.6, 7, 0.0, 0)),
    Utterance(2, "wide open", CONTEXT[1:], seed=5, max_frames=16, sampler=Sampler(1.5, 0)),
]


def ids_of(utterance: Utterance) -> tuple[list[int], list[torch.Tensor]]:
    """The prompt as ids with placeholders, written down independently of the engine."""
    ids, codes = [], []

    def add_text(speaker: int, text: str) -> None:
        ids.extend([BOS, *(LETTERS.index(c) for c in f"[{speaker}]{text}"), END])

    for segment in utterance.context:
        add_text(segment.speaker, segment.text)
        ids.extend([AUDIO] * len(segment.codes) + [AUDIO_EOS])
        codes.append(torch.from_numpy(segment.codes))
    add_text(utterance.speaker, utterance.text)
    return ids, codes


def generated_by(model: Any, utterance: Utterance) -> np.ndarray:
    ids, codes = ids_of(utterance)
    temperature, top_k = utterance.sampler.temperature, utterance.sampler.top_k
    depth_temperature, depth_top_k = utterance.sampler.depth
    return model.generate(
        torch.tensor([ids]),
        audio_codes=codes,
        seeds=[utterance.seed],
        max_new_tokens=utterance.max_frames,
        do_sample=temperature > 0,
        temperature=temperature,
        top_k=top_k,
        depth_decoder_do_sample=depth_temperature > 0,
        depth_decoder_temperature=depth_temperature,
        depth_decoder_top_k=depth_top_k,
    )[0].numpy()


@pytest.mark.parametrize("utterance", LINES, ids=lambda u: u.text[:8])
def test_codes_are_those_of_the_model(each: Engine, model: Any, utterance: Utterance) -> None:
    speech = each.speak([utterance])[0]
    assert speech.codes.dtype == np.int16
    assert not speech.ended
    assert np.array_equal(speech.codes, generated_by(model, utterance))


def test_a_batch_gives_each_line_the_codes_it_has_alone(engine: Engine) -> None:
    together = engine.speak(LINES)
    for utterance, speech in zip(LINES, together, strict=True):
        assert speech.codes.shape == (utterance.max_frames, BOOKS)
        assert np.array_equal(speech.codes, engine.speak([utterance])[0].codes)
    turned = engine.speak(LINES[::-1])
    assert all(np.array_equal(a.codes, b.codes) for a, b in zip(together, turned[::-1], strict=True))


def test_seeds_matter_and_repeat(engine: Engine) -> None:
    def speak(seed: int) -> bytes:
        return engine.speak([Utterance(0, "again", seed=seed, max_frames=10)])[0].codes.tobytes()

    assert speak(1) == speak(1) != speak(2)


def test_stream_gives_the_same_frames(engine: Engine) -> None:
    stream = engine.stream(LINES[0])
    pieces = []
    try:
        while True:
            pieces.append(next(stream))
    except StopIteration as stop:
        assert stop.value is False
    assert all(piece.shape == (1, BOOKS) for piece in pieces)
    assert np.array_equal(np.concatenate(pieces), engine.speak([LINES[0]])[0].codes)


def test_frames_are_counted(engine: Engine) -> None:
    seen: list[int] = []
    engine.speak(LINES[1:3], on_frame=seen.append)
    assert seen == list(range(1, 17))
    assert engine.speak([]) == []


def ending(engine: Engine, at: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make frame at[r] of row r an EOS frame, with a last code that is not 0."""
    from csm_cli.engine import frames as module

    real = module.sample_frame
    calls: list[int] = []

    def fake(*given: Any) -> torch.Tensor:
        codes = real(*given).clone()
        codes[:, 0] = codes[:, 0].clamp(min=1)
        for row, frame in enumerate(at):
            if len(calls) == frame:
                codes[row, :-1], codes[row, -1] = 0, 7
        calls.append(1)
        return codes

    monkeypatch.setattr(module, "sample_frame", fake)


def test_eos_ends_a_line_and_is_cut_off(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ending(engine, [3, 0, 99], monkeypatch)
    seen: list[int] = []
    speeches = engine.speak(LINES[:3], seen.append)
    assert [(len(s.codes), s.ended) for s in speeches] == [(3, True), (0, True), (16, False)]
    assert speeches[1].codes.shape == (0, BOOKS)
    assert len(seen) == 16


def test_a_stream_ends_with_eos(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ending(engine, [2], monkeypatch)
    assert len(list(engine.stream(LINES[0]))) == 2


def test_positions(engine: Engine) -> None:
    for utterance in LINES:
        assert engine.positions(utterance) == len(ids_of(utterance)[0])
        assert engine.positions(utterance.context, utterance) == engine.positions(utterance)
    assert engine.positions(()) == 0
    assert engine.positions(CONTEXT) == engine.positions(LINES[0]) - engine.positions((), LINES[0])


def test_too_long_is_refused_with_numbers(engine: Engine) -> None:
    prompt = engine.positions((), LINES[1])
    for call in (engine.speak, lambda lines: list(engine.stream(lines[0]))):
        with pytest.raises(CsmError, match=f"{prompt} positions and 240 frames .* 256 positions"):
            call([Utterance(1, LINES[1].text, max_frames=240)])
    full = Utterance(1, LINES[1].text, max_frames=256 - prompt)
    assert isinstance(engine.speak([full])[0], Speech)


def test_context_of_another_model_is_refused(engine: Engine) -> None:
    for codes, message in (
        (np.zeros((2, 3)), "3 codebooks, this model has 5"),
        (np.full((1, 5), 32), "code 32"),
    ):
        with pytest.raises(CsmError, match=message):
            engine.speak([Utterance(0, "x", (Segment(0, "y", codes),), max_frames=1)])
        with pytest.raises(CsmError, match=message):
            engine.decode([codes])


@pytest.mark.parametrize("samples", [1, 1919, 1920, 1921, 60001])
def test_encoding_equals_the_reference(engine: Engine, model: Any, samples: int) -> None:
    audio = np.random.default_rng(samples).standard_normal(samples).astype(np.float32) * 0.3
    codes = engine.encode(audio)
    assert codes.shape == (-(-samples // 1920), BOOKS)
    assert np.array_equal(codes, encode_audio(model.codec_model, torch.from_numpy(audio), BOOKS).numpy())


def test_audio_must_be_mono(engine: Engine) -> None:
    assert engine.encode(np.zeros(0, np.float32)).shape == (0, BOOKS)
    with pytest.raises(CsmError, match="mono"):
        engine.encode(np.zeros((2, 100), np.float32))


def test_attributes_of_an_engine(engine: Engine, folder: Path) -> None:
    assert engine.model_id == folder.name
    assert (engine.sample_rate, engine.frame_samples, engine.frame_rate) == (24000, 1920, 12.5)
    assert (engine.num_codebooks, engine.max_positions, engine.max_characters) == (BOOKS, 256, 250)
    assert engine.default_sampler == Sampler(0.7, 10, 0.8, 10)
    assert 0 < engine.seconds_loading < 60
    assert engine.codec_id == Engine.load(folder, "cpu").codec_id
    assert len(engine.codec_id) == 64


def test_a_lazy_engine_does_not_load_torch(folder: Path) -> None:
    code = (
        "import sys; from csm_cli.engine import Utterance; from csm_cli.engine.lazy import LazyEngine; "
        f"e = LazyEngine.of({str(folder)!r}, 'cpu', None, None, None); e.positions((), Utterance(0, 'x')); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_engine_never_loads_transformers(folder: Path) -> None:
    code = (
        "import sys; from csm_cli.engine import Engine, Utterance; "
        f"e = Engine.load({str(folder)!r}, 'cpu'); s = e.speak([Utterance(0, 'x', max_frames=2)]); "
        "e.encode(e.decode([s[0].codes])[0]); sys.exit('transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_bfloat16(folder: Path) -> None:
    engine = Engine.load(folder, "cpu", dtype="bfloat16")
    assert engine.dtype == torch.bfloat16
    assert engine.speak(LINES[:2])[0].codes.shape == (20, BOOKS)
