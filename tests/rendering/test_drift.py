"""Drift of a voice over a chapter."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.report.rows import drifts
from csm_cli.rendering.session import render_jobs
from csm_cli.verify import Verifier
from tests.browser import _context, browser, watched
from tests.rendering.conftest import voices
from tests.rendering.fake_engine import FakeEngine

__all__ = ["_context", "browser", "voices", "watched"]


def line(voice, start, *scores):
    return {
        "voice": voice,
        "start": start,
        "take": {"scores": [{"voice_similarity": each} for each in scores]},
    }


def test_each_voice_from_first_to_last() -> None:
    falling = [0.9, 0.88, 0.8, 0.75, 0.7, 0.6]
    lines = [line("ann", place, value) for place, value in enumerate(falling)]
    lines[1:1] = [line("bob", 0.5, 0.8, 0.6), {"voice": "bob", "start": 3, "take": None}]
    lines.append({"voice": "ann", "start": 9, "take": {"scores": [{"words": 3}]}})
    ann, bob = drifts(lines)
    assert (ann["voice"], bob["voice"]) == ("ann", "bob")
    assert ann["drift"] == pytest.approx(0.65 - 0.89) and ann["drifted"]
    assert ann["points"][0] == [0, 0.9] and len(ann["points"]) == 6
    assert (bob["mean"], bob["drift"], bob["drifted"]) == (0.7, None, False)


def test_nothing_measured_is_nothing_told() -> None:
    assert drifts([{"voice": "ann", "start": 0, "take": {"scores": []}}, line("ann", None, 0.5)]) == []


@given(st.floats(-1, 1), st.integers(4, 40))
def test_a_steady_voice_does_not_drift(value, count) -> None:
    (found,) = drifts([line("ann", place, value) for place in range(count)])
    assert found["drift"] == pytest.approx(0, abs=1e-4) and not found["drifted"]


class Ear:
    """Hears every voice less and less."""

    name = "ear"

    def __init__(self):
        self.likeness = 1.0

    def similarities(self, sound, rate):
        self.likeness -= 0.05
        return {"ann": self.likeness}


def test_the_report_shows_it(tmp_path, voices, watched) -> None:
    path = tmp_path / "long.yaml"
    lines = "\n".join(
        f'  - narrator: "Here is another line, the {place}th of them."' for place in range(5, 13)
    )
    path.write_text(f"title: T\nvoices: {{narrator: ann}}\nlines:\n{lines}\n")
    options = RenderOptions(output=tmp_path / "out")
    verifier = Verifier(likeness=Ear())
    render_jobs(read_jobs([path], options), FakeEngine(), options, verifier=verifier)  # type: ignore[arg-type]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (found,) = report["chapters"][0]["likeness"]
    assert found["voice"] == "ann" and len(found["points"]) == 8 and found["drifted"]
    shown = watched.open((tmp_path / "out" / "report.html").as_uri())
    assert len(shown.locator("polyline").get_attribute("points").split()) == 8
    told = shown.locator(".why").first.text_content()
    assert "it drifts" in told and "−0.3" in told
