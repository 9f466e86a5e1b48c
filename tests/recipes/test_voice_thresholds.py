"""The figures of the script that measures how well voices are told apart."""

import numpy as np
import pytest

from csm_cli.verify.speaker import RATE
from recipes.demo_voice.voice_thresholds import equal_error, figures, pieces, rates


def test_equal_errors():
    assert equal_error(np.array([0.8, 0.9]), np.array([0.1, 0.2]))[0] == 0
    rate, threshold = equal_error(np.array([0.3, 0.7, 0.8, 0.9]), np.array([0.1, 0.2, 0.4, 0.75]))
    assert rate == pytest.approx(0.25) and 0.4 < threshold <= 0.75


def test_pieces_are_whole_or_nearly():
    sizes = [piece.size / RATE for piece in pieces([np.zeros(round(2.95 * RATE)), np.zeros(RATE // 2)], 1.0)]
    assert sizes == pytest.approx([1, 1, 0.95])


def test_what_is_flagged_and_caught():
    references = np.eye(2)
    owners, cosines = np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.3, 0.6], [0.1, 0.9]])
    found = rates("another", 3.0, ["a", "b"], references, owners, cosines)
    assert found["flagged"] == pytest.approx(1 / 3), "the second is nearer to b"
    assert found["caught"] == pytest.approx(2 / 3), "the second passes for b"
    assert np.isnan(found["caught_similar"])
    assert figures(owners, cosines)["ahead_high"] == pytest.approx(0.3, abs=0.05)
