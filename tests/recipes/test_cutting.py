"""A paragraph is cut into its lines, with phone labels."""

import numpy as np
import pytest

from recipes.demo_voice.cutting import cut, phone_labels, trim
from recipes.demo_voice.kokoro_torch import FRAME
from recipes.demo_voice.teachers import RATE, STEP

LABELS = {"a": 1, "b": 2, "s": 3}
LINES = ["aba.", "sa."]


def test_marks_take_the_sound_they_belong_to() -> None:
    assert phone_labels("ˈab", LABELS).tolist() == [1, 1, 2]
    assert phone_labels("aː b.", LABELS).tolist() == [1, 1, 0, 2, 0]
    assert phone_labels("ˈ a", LABELS).tolist() == [0, 0, 1]


def _paragraph(pause: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Sounds of ±0.5, silence where the marks and the space are, and at both ends."""
    symbols = " ".join(LINES)
    durations = np.array([8, *(10 if symbol in LABELS else 8 for symbol in symbols), 8])
    levels = np.concatenate([[0], [0.5 if symbol in LABELS else pause for symbol in symbols], [0]])
    audio = np.repeat(levels, durations * FRAME)
    audio[::2] *= -1
    return audio.astype(np.float32), durations


def test_lines_are_cut_at_their_pauses_and_labelled() -> None:
    audio, durations = _paragraph()
    pieces = cut(audio, durations, LINES, LABELS, np.random.default_rng(0))
    for piece, sounds, order in zip(pieces, (3, 2), ([0, 1, 2, 1, 0], [0, 3, 1, 0]), strict=True):
        assert piece is not None
        sound, phones = piece
        assert len(sound) == len(phones) * STEP
        assert (np.abs(sound) > 0.1).sum() == pytest.approx(sounds * 10 * FRAME, abs=STEP)
        changes = phones[np.flatnonzero(np.diff(phones, prepend=255))]
        assert changes.tolist() == order


def test_lines_without_a_pause_between_them_are_left_out() -> None:
    audio, durations = _paragraph(pause=0.4)
    assert cut(audio, durations, LINES, LABELS, np.random.default_rng(0)) == [None, None]


def test_the_silence_at_the_ends_is_short_and_varies() -> None:
    sound = np.concatenate([np.zeros(RATE), np.full(RATE, 0.5), np.zeros(RATE)]).astype(np.float32)
    leads = set()
    for seed in range(30):
        found = trim(sound, np.zeros(0, np.uint8), 0, np.random.default_rng(seed))
        assert found is not None
        loud = np.flatnonzero(found[0])
        assert 0.03 - 0.02 <= loud[0] / RATE <= 0.11 + 0.02
        assert 0.12 - 0.02 <= (len(found[0]) - loud[-1]) / RATE <= 0.20 + 0.02
        assert len(found[0]) == len(found[1]) * STEP
        leads.add(loud[0])
    assert len(leads) >= 3


def test_silence_that_is_lacking_is_added() -> None:
    found = trim(np.full(RATE, 0.5, np.float32), np.full(41, 2, np.uint8), 0, np.random.default_rng(0))
    assert found is not None
    sound, phones = found
    assert sound[0] == sound[-1] == 0
    assert phones[0] == phones[-1] == 0
    assert (phones == 2).sum() == RATE // STEP


@pytest.mark.parametrize("samples", [0, 100, RATE])
def test_a_silent_piece_is_no_line(samples: int) -> None:
    assert trim(np.zeros(samples, np.float32), np.zeros(9, np.uint8), 0, np.random.default_rng(0)) is None
