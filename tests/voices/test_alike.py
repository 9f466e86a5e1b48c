"""How much alike voices are, in figures and words, by an encoder with given vectors."""

from __future__ import annotations

import numpy as np
import pytest

from csm_cli.voices.compare import OTHER, SAME, Alikeness, Sample, in_words


def embed(sound: np.ndarray, rate: int) -> np.ndarray | None:
    """A vector whose angle is the sound's first sample, in degrees; None for a negative one."""
    angle = np.deg2rad(sound[0])
    return None if sound[0] < 0 else np.array([np.cos(angle), np.sin(angle)])


def sound(angle: float) -> np.ndarray:
    return np.full(10, angle, np.float32)


def test_every_clip_and_what_was_said_beside_every_clip():
    samples = [Sample("a", sound(0), sound(10)), Sample("benno", sound(60)), Sample("c", sound(0), sound(80))]
    found = Alikeness.of(samples, embed)
    assert found.table() == [
        "            a  benno      c",
        "a        1.00   0.50   1.00",
        "benno    0.50   1.00   0.50",
        "c        1.00   0.50   1.00",
        "a said   0.98   0.64   0.98",
        "c said   0.17   0.94   0.17",
    ]
    assert found.remarks() == [
        "a and benno: 0.50, likely two people",
        "a and c: 1.00, likely one person",
        "benno and c: 0.50, likely two people",
        "what a said is nearest to a: 0.98, likely one person",
        "what c said is nearest to benno: 0.94, likely one person",
    ]


def test_sounds_with_too_little_speech_are_left_out():
    samples = [Sample("a", sound(0), sound(-1)), Sample("b", sound(-1)), Sample("c", sound(0))]
    assert Alikeness.of(samples, embed).remarks() == ["a and c: 1.00, likely one person"]
    alone = Alikeness.of([Sample("a", sound(-1), sound(5))], embed)
    assert alone.remarks() == []


@pytest.mark.parametrize(
    ("cosine", "words"),
    [(SAME, "one person"), (SAME - 0.01, "one person, or two alike"), (OTHER - 0.01, "two people")],
)
def test_it_is_said_in_words(cosine, words):
    assert in_words(cosine).endswith(words)
