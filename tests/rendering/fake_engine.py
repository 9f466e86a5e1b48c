"""An engine without a model: what it says follows from the seed, how it fails is up to the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csm_cli.engine import Sampler, Segment, Speech, Utterance
from csm_cli.engine.decoding import LineDecoder

CODEBOOKS = 4


class FakeEngine:
    """Speaks 14 characters a second, as a sine whose pitch follows from the speaker's tag.

    Args:
        fail: asked before each line is spoken; what it returns is said instead.
        interrupt_at: number of the batch (from 0) in which Ctrl-C is pressed.
    """

    sample_rate = 24_000
    max_positions = 2048
    max_characters = 80
    shipped_speakers = 0
    cues: tuple[str, ...] = ()
    default_sampler = Sampler(0.6, 20)
    codec_id = "fake"
    model_id, files, dtype = "fake", (), "float32"
    device = "cpu"
    quantize = None

    def __init__(
        self, fail: Callable[[Utterance], Speech | None] | None = None, interrupt_at: int | None = None
    ):
        self.fail, self.interrupt_at = fail, interrupt_at
        self.batches: list[list[Utterance]] = []
        self.encoded = 0

    @property
    def asked(self) -> list[Utterance]:
        return [utterance for batch in self.batches for utterance in batch]

    def positions(self, segments: tuple[Segment, ...], utterance: Utterance | None = None) -> int:
        heard = sum(len(segment.text) + 4 + len(segment.codes) + 1 for segment in segments)
        if utterance and utterance.lead:
            heard += len(utterance.lead.text) + 1 + len(utterance.lead.codes)
        return heard + (len(utterance.text) + 4 if utterance else 0)

    def scheduler(self, count: int) -> FakeSlots:
        return FakeSlots(self)

    def speak(self, utterances: list[Utterance]) -> list[Speech]:
        if len(self.batches) == self.interrupt_at:
            raise KeyboardInterrupt
        self.batches.append(list(utterances))
        for utterance in utterances:
            used = self.positions(utterance.context, utterance) + utterance.max_frames
            assert used <= self.max_positions, f"{used} positions asked for"
        return [(self.fail and self.fail(each)) or good_speech(each) for each in utterances]

    def encode(self, audio: np.ndarray) -> np.ndarray:
        self.encoded += 1
        return np.full((len(audio) // 1920, CODEBOOKS), 7, dtype=np.int16)

    def line_decoder(self) -> LineDecoder[Any]:
        return LineDecoder(self.decode, workers=0)  # what comes first follows from the lines alone

    def decode(self, codes: list[np.ndarray]) -> list[np.ndarray]:
        return [self._tone(each) for each in codes]

    def _tone(self, codes: np.ndarray) -> np.ndarray:
        if not len(codes):
            return np.zeros(0, dtype=np.float32)
        time = np.arange(len(codes) * 1920) / self.sample_rate
        pitch = 200 + 50 * int(codes[0, -1])
        tone = (0.3 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)
        tone[:600] = tone[-600:] = 0
        return tone


class FakeSlots:
    """All that was given is spoken by the next `advance`, in one batch."""

    def __init__(self, engine: FakeEngine):
        self.engine = engine
        self.given: dict[int, Utterance] = {}
        self.tickets = 0

    def submit(self, utterance: Utterance) -> int:
        self.tickets += 1
        self.given[self.tickets] = utterance
        return self.tickets

    def cancel(self, ticket: int) -> None:
        self.given.pop(ticket, None)

    @property
    def unfinished(self) -> int:
        return len(self.given)

    def advance(self) -> list[tuple[int, Speech]]:
        given, self.given = self.given, {}
        return list(zip(given, self.engine.speak(list(given.values())), strict=True))


def good_speech(utterance: Utterance) -> Speech:
    """As long as its text should take, nothing repeated."""
    frames = max(4, round(len(utterance.text) / 14 * 12.5))
    random = np.random.default_rng(utterance.seed)
    codes = random.integers(0, 512, (frames, CODEBOOKS))
    codes[:, -1] = utterance.speaker
    return Speech(codes, ended=True)


def capped(utterance: Utterance) -> Speech:
    """It never stops."""
    random = np.random.default_rng(utterance.seed)
    return Speech(random.integers(0, 512, (utterance.max_frames, CODEBOOKS)), ended=False)


def silent(utterance: Utterance) -> Speech:
    """It ends before it begins."""
    return Speech(np.zeros((0, CODEBOOKS)), ended=True)
