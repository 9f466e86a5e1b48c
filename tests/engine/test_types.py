"""The values that cross the boundary; torch is not among them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from csm_cli.core.types import sampler_of
from csm_cli.engine import Sampler, Segment, Speech, Utterance


def test_importing_the_types_loads_numpy_only() -> None:
    code = "import sys, csm_cli.core.types; print(*({'torch', 'transformers', 'numpy'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["numpy"]


def test_codes_become_int16_frames() -> None:
    segment = Segment(0, "x", [[1, 2], [3, 4]])  # type: ignore[arg-type]
    assert segment.codes.dtype == np.int16 and segment.codes.shape == (2, 2)
    assert Speech(np.zeros((0, 5)), True).codes.shape == (0, 5)
    for wrong in (np.zeros(3), np.full((1, 2), -1), np.full((1, 2), 40000)):
        with pytest.raises(ValueError, match="codes must"):
            Segment(0, "x", wrong)


def test_depth_settings_follow_the_backbone() -> None:
    assert Sampler(0.5, 7).depth == (0.5, 7)
    assert Sampler(0.5, 7, 0.0, 3).depth == (0.0, 3)
    for wrong in ({"temperature": -1}, {"top_k": -1}, {"depth_temperature": float("nan")}):
        with pytest.raises(ValueError, match="0 or more"):
            Sampler(**wrong)


def test_sampling_that_a_checkpoint_leaves_open() -> None:
    """csm-1b has no top-k for the backbone: that is fifty, not no limit."""
    assert sampler_of({}) == Sampler(0.9, 50, 0.9, 50)
    settings = {
        "do_sample": True,
        "temperature": 0.9,
        "depth_decoder_temperature": 0.9,
        "depth_decoder_top_k": 50,
    }
    assert sampler_of(settings) == Sampler(0.9, 50, 0.9, 50)
    assert sampler_of({"top_k": None, "temperature": 0.7}) == Sampler(0.7, 50, 0.7, 50)
    assert sampler_of({"top_k": 0, "depth_decoder_top_k": 5}) == Sampler(0.9, 0, 0.9, 5)
    assert sampler_of({"do_sample": False}) == Sampler(0.0, 50, 0.0, 50)


def test_a_line_has_room_for_a_frame() -> None:
    with pytest.raises(ValueError, match="max_frames"):
        Utterance(0, "x", max_frames=0)
    assert Utterance(0, "x", [Segment(0, "y", np.zeros((1, 2)))]).context[0].text == "y"  # type: ignore[arg-type]
