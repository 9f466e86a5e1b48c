"""The watermark is in the files alone: takes and contexts are as without it."""

from __future__ import annotations

from csm_cli.audio.files import read_audio
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from tests.rendering.fake_engine import FakeEngine


def test_files_are_marked_and_takes_are_not(script, tmp_path) -> None:
    marked: list[int] = []

    def mark(sound, rate):
        marked.append(rate)
        return sound * 0

    def render(name, mark=None):
        engine = FakeEngine()
        options = RenderOptions(output=tmp_path / name)
        render_jobs(read_jobs([script], options), engine, options, watermark=mark)  # type: ignore[arg-type]
        return engine, read_audio(next((tmp_path / name).glob("01*.wav")))

    first, silent = render("marked", mark)
    assert first.asked and set(marked) == {24_000} and abs(silent).max() < 0.01
    second, sound = render("plain")
    assert second.asked == [], "the takes are those of the first rendering"
    assert abs(sound).max() > 0.05, "and they hold no mark"
