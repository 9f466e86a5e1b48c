"""How much alike voices are, in words, by an encoder whose vectors are known."""

from __future__ import annotations

import numpy as np
import pytest

from csm_cli.voices.alike import OTHER, SAME, Alike, alike
from csm_cli.voices.compare import Sample


def embed(sound: np.ndarray, rate: int) -> np.ndarray | None:
    """A vector whose angle is the sound's first sample, in degrees; None for silence."""
    angle = np.deg2rad(sound[0])
    return None if sound[0] < 0 else np.array([np.cos(angle), np.sin(angle)])


def sound(angle: float) -> np.ndarray:
    return np.full(10, angle, np.float32)


def test_every_two_clips_and_what_was_said_beside_every_clip():
    samples = [Sample("a", sound(0), sound(10)), Sample("b", sound(90)), Sample("c", sound(0), sound(80))]
    found = [(pair.first, pair.second, round(pair.cosine, 2)) for pair in alike(samples, embed)]
    assert found == [
        ("a", "b", 0.0),
        ("a", "c", 1.0),
        ("b", "c", 0.0),
        ("what a said", "a", 0.98),
        ("what a said", "b", 0.17),
        ("what a said", "c", 0.98),
        ("what c said", "c", 0.17),
        ("what c said", "a", 0.17),
        ("what c said", "b", 0.98),
    ]


def test_sounds_that_say_too_little_are_left_out():
    samples = [Sample("a", sound(0), sound(-1)), Sample("b", sound(-1)), Sample("c", sound(0))]
    assert [(pair.first, pair.second) for pair in alike(samples, embed)] == [("a", "c")]


@pytest.mark.parametrize(
    ("cosine", "words"),
    [
        (SAME + 0.01, "likely one person"),
        (SAME - 0.01, "cannot be told"),
        (OTHER - 0.01, "likely two people"),
    ],
)
def test_it_is_said_in_words(cosine, words):
    said = str(Alike("anna", "ben", cosine))
    assert said.startswith(f"anna and ben: {cosine:.2f}, ") and words in said
