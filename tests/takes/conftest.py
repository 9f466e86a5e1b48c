"""Takes to keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csm_cli.engine import Sampler
from csm_cli.takes import LineRequest, ModelIdentity, Part, Take, TakeStore, VoiceIdentity
from csm_cli.takes.keys import spoken_take_id
from csm_cli.takes.take import now
from tests.rendering.conftest import script, voices

__all__ = ["script", "voices"]

REQUEST = LineRequest(
    script="book.yaml",
    line="abc1234",
    speaker="Anna",
    written="Is that the light?",
    parts=("Is that the light?",),
    voice=VoiceIdentity("bob", "v1", 1),
    model=ModelIdentity("fake", "r1", "float32"),
    sampler=Sampler(),
    seed=5,
    occurrence=0,
    turns=3,
)


def make_take(request=REQUEST, context=(), frames=10, reasons=(), **changes) -> Take:
    parts = tuple(
        Part(text, request.seed, frames, frames * 1920, context, 1, True, reasons) for text in request.parts
    )
    name = spoken_take_id(request, [(part.text, part.seed, part.heard) for part in parts])
    return replace(Take(name, "spoken", request, tuple(context), parts, ("signal",), now()), **changes)


def sounds_of(take: Take):
    random = np.random.default_rng(int(take.id, 16))
    codes = [random.integers(0, 512, (part.frames, 4)).astype(np.int16) for part in take.parts]
    audio = [random.uniform(-0.5, 0.5, part.samples).astype(np.float32) for part in take.parts]
    return codes, audio


def keep(store: TakeStore, take: Take) -> Take:
    return store.save(take, *sounds_of(take))


@pytest.fixture
def store(tmp_path) -> TakeStore:
    return TakeStore(tmp_path / "takes")
