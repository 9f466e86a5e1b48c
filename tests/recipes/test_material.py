"""The evaluation's recordings: planned, spoken, taken up again, read."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from csm_cli.core.errors import CsmError, MissingError
from recipes.demo_voice import material
from recipes.demo_voice.material import Counts, Line, Texts, plan, read_line, read_material, write_material
from recipes.demo_voice.teachers import SHIPPED, STYLE_SHAPE, Blend

COUNTS = Counts(short=2, long=1, context=1, blends=2, blend_lines=2)


def texts():
    return Texts(
        ["A.", "B."], ["C."], ["D."], [f"Clip {i}." for i in range(10)], [f"Line {i}." for i in range(4)]
    )


class Styles:
    def __init__(self):
        self.all = {name: np.zeros(STYLE_SHAPE, np.float32) for name in (voice.style for voice in SHIPPED)}

    def blend(self, rng):
        return Blend(np.full(STYLE_SHAPE, rng.random(), np.float32), True, ())


@pytest.fixture
def spoken(monkeypatch):
    """A teacher that says every text as a second of sound, and what it was asked."""
    asked = []
    monkeypatch.setattr(
        material, "converter", lambda root, british: lambda text: ("gb " if british else "us ") + text
    )

    def read(phonemes, style, speed):
        asked.append(phonemes)
        return np.full(24_000 * 6, 0.5, np.float32)

    return SimpleNamespace(read=read, asked=asked)


def test_every_voice_and_blend_has_its_lines_and_one_clip():
    lines = [line for line, _ in plan(COUNTS, texts(), Styles())]
    assert len({line.file for line in lines}) == len(lines)
    for tag, voice in enumerate(SHIPPED):
        own = [line for line in lines if line.voice == voice.name]
        assert [line.set for line in own] == ["clip", "short", "short", "long", "context"]
        assert {line.tag for line in own} == {tag}
    blends = [line for line in lines if line.tag is None]
    assert [line.set for line in blends] == ["clip", "line", "line"] * 2
    assert len({line.text for line in blends}) == 6


def test_british_voices_read_british_phonemes(tmp_path, spoken):
    planned = [
        (line, style) for line, style in plan(COUNTS, texts(), Styles()) if line.voice in ("heart", "emma")
    ]
    write_material(Path(), tmp_path, spoken.read, planned)
    assert {asked[:2] for asked in spoken.asked[:5]} == {"us"}
    assert {asked[:2] for asked in spoken.asked[5:]} == {"gb"}


def test_recordings_that_are_there_are_not_spoken_again(tmp_path, spoken):
    planned = plan(COUNTS, texts(), Styles())
    write_material(Path(), tmp_path, spoken.read, planned[:3])
    del spoken.asked[:]
    write_material(Path(), tmp_path, spoken.read, planned)
    assert len(spoken.asked) == len(planned) - 3
    lines = read_material(tmp_path)
    assert lines == [line for line, _ in planned]
    assert len(read_line(tmp_path, lines[0])) == pytest.approx(24_000 * 6, abs=24_000 // 2)


def test_texts_are_read_from_where_they_were_written(tmp_path, monkeypatch):
    monkeypatch.setattr(material, "held_out_texts", lambda counts: texts())
    made = material.texts_at(tmp_path / "texts.json", COUNTS)
    monkeypatch.setattr(material, "held_out_texts", None)
    assert material.texts_at(tmp_path / "texts.json", COUNTS) == made == texts()


def test_a_recording_keeps_a_short_silence_about_its_sound():
    audio = np.concatenate([np.zeros(20_000), np.full(24_000, 0.5), np.zeros(30_000)]).astype(np.float32)
    assert len(material.trimmed(audio)) == pytest.approx(24_000 * 1.23, abs=48)


@pytest.mark.parametrize("seconds", [4.0, 4.9, 5.0, 8.0, 10.0, 10.1, 14.0])
def test_a_clip_comes_to_five_to_ten_seconds(seconds):
    assert 5 <= seconds / material.clip_speed(seconds) <= 10


def write_lines(folder, rows):
    (folder / "lines.json").write_text(json.dumps(rows))


def test_other_formats_and_rates_are_read_too(tmp_path):
    soundfile.write(tmp_path / "a.ogg", np.zeros(48_000), 48_000, format="OGG", subtype="OPUS")
    write_lines(tmp_path, [Line("a.ogg", "heart", 0, "short", "A.", False).__dict__])
    (line,) = read_material(tmp_path)
    assert len(read_line(tmp_path, line)) == 24_000


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        (None, MissingError, "lines.json: is missing"),
        ([{"file": "a.wav"}], CsmError, "is damaged"),
        ([Line("a.wav", "heart", 0, "short", "A.", False).__dict__], MissingError, "a.wav: is missing"),
        ([Line("a.wav", "heart", 0, "shrt", "A.", False).__dict__], CsmError, "names a set 'shrt'"),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_line(tmp_path, rows, error, said):
    if rows is not None:
        write_lines(tmp_path, rows)
    with pytest.raises(error) as raised:
        read_material(tmp_path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
