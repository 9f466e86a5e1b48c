"""The file to listen to and the picture beside it."""

from __future__ import annotations

import base64
import re
import struct
import xml.etree.ElementTree as xml
import zlib
from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.files import read_audio
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.voices.compare import (
    GAP_SECONDS,
    RATE,
    WITHIN_SECONDS,
    Sample,
    average_spectrum,
    listening_file,
    picture,
    png,
    spectrogram,
)
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.voice import Voice
from tests.voices.sounds import speech


def tone(pitch: float, seconds: float = 1.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_one_voice_after_the_other(tmp_path: Path) -> None:
    listening_file([Sample("a", tone(200), tone(300)), Sample("b", tone(400))], tmp_path / "x.wav")
    sound = read_audio(tmp_path / "x.wav")
    assert sound.size == round((3 + WITHIN_SECONDS + GAP_SECONDS) * RATE)
    assert np.allclose(sound[-RATE:], tone(400), atol=1e-3)
    with pytest.raises(UsageError, match="two or more"):
        listening_file([Sample("a", tone(200))], tmp_path / "x.wav")
    with pytest.raises(UsageError, match=r"end its name in \.wav"):
        listening_file([Sample("a", tone(200))] * 2, tmp_path / "x.mp3")


def test_the_picture_is_whole(tmp_path: Path) -> None:
    path = picture([Sample("a <&>", speech()), Sample("fenrir", speech("fenrir"))], tmp_path / "x.svg")
    root = xml.parse(path).getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("a <&>") == 2 and texts.count("fenrir") == 2
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2
    images = [element.get("href") for element in root.iter("{http://www.w3.org/2000/svg}image")]
    assert len(images) == 2
    widths = [float(element.get("width", 0)) for element in root.iter("{http://www.w3.org/2000/svg}image")]
    lengths = [len(speech()), len(speech("fenrir"))]
    assert widths == pytest.approx([700 * length / max(lengths) for length in lengths], abs=0.1)
    assert "0 s" in texts and "1 s" in texts
    assert not re.search(r'(href|src)="(?!data:)', path.read_text()), "it needs nothing else"
    data = base64.b64decode(str(images[0]).partition(",")[2])
    assert data.startswith(b"\x89PNG")


def test_remarks_stand_below_the_picture(tmp_path: Path) -> None:
    samples = [Sample("a", tone(200)), Sample("b", tone(400))]
    plain = xml.parse(picture(samples, tmp_path / "x.svg")).getroot()
    root = xml.parse(picture(samples, tmp_path / "y.svg", ["a & b: 0.50", "more"])).getroot()
    lines = {text.text: float(text.get("y", 0)) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert (
        float(plain.get("height", 0)) - 14
        < lines["a & b: 0.50"]
        < lines["more"]
        < float(root.get("height", 0))
    )


def test_a_png_holds_its_pixels() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    data = png(image)
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (4, 3)
    at = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[at - 4 : at])
    rows = zlib.decompress(data[at + 4 : at + 4 + length])
    assert rows == b"".join(b"\0" + (255 - row).tobytes() for row in image)


@pytest.mark.parametrize("pitch", [100, 440, 3000, 9000])
def test_spectra_stand_at_their_pitch(pitch: int) -> None:
    wanted = 95 * np.log(pitch / 60) / np.log(12_000 / 60)
    assert abs(int(average_spectrum(tone(pitch)).argmax()) - wanted) < 3
    shade = spectrogram(tone(pitch))
    assert shade.shape[0] == 96 and abs(95 - int(shade[:, 50].argmax()) - wanted) < 3


def test_a_voice_without_a_recording() -> None:
    with pytest.raises(MissingError, match="no recording"):
        Sample.of(Voice("tag", 9, "", None, "", "", "user", Path()), "tag")
    assert Sample.of(VoiceRegistry(None).get("fenrir"), "fenrir").sound.size == speech("fenrir").size
