"""The teachers: flite's voices and festival's HTS voice, each with the phones it speaks.

`eve` is flite's rms with a raised pitch, spoken slower and played faster by one factor: a smaller vocal
tract, another person. (The same done to flite's slt was not understood by the recogniser: 50–80 % word
errors.)
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

RATE = 24000
PHONE_STEP = RATE // 50  # one phone label every 20 ms
PHONES = """
pau aa ae ah ao aw ax axr ay b ch d dh dx eh el em en er ey f g hh hv ih ix iy jh k l m n ng ow oy p r s sh
t th uh uw v w y z zh
""".split()  # noqa: SIM905
_PHONE_ID = {phone: i for i, phone in enumerate(PHONES)}


@dataclass(frozen=True)
class Teacher:
    """A voice to learn from.

    Attributes:
        name: the shipped voice's name. tag: its speaker tag in prompts.
        engine: "flite" or "festival". voice: the engine's own name.
        gain: static gain that brings the voice to a common level.
        pitch: factor on the pitch alone. shift: factor on formants and pitch together.
    """

    name: str
    tag: int
    engine: str
    voice: str
    gain: float = 1.0
    pitch: float = 1.0
    shift: float = 1.0


TEACHERS = (
    Teacher("slt", 0, "festival", "cmu_us_slt_arctic_hts", gain=0.95),
    Teacher("rms", 1, "flite", "rms", gain=0.66),
    Teacher("awb", 2, "flite", "awb", gain=0.59),
    Teacher("kal", 3, "flite", "kal16", gain=1.52),
    Teacher("eve", 4, "flite", "rms", gain=0.66, pitch=1.7, shift=1.06),
)


@dataclass(frozen=True)
class Reading:
    """A text read by a teacher: audio float32 [samples] at 24 kHz, phones uint8 [samples // 480], one per
    20 ms."""

    text: str
    teacher: Teacher
    audio: np.ndarray
    phones: np.ndarray


def _flite(teacher: Teacher, text: str, folder: Path) -> tuple[Path, list[tuple[float, str]]]:
    path = folder / "flite.wav"
    command = [os.environ.get("FLITE", "flite"), "-voice", teacher.voice, "-psdur"]
    if teacher.shift != 1.0:
        command += ["--setf", f"duration_stretch={teacher.shift}"]
    if teacher.pitch != 1.0:
        command += ["--setf", f"f0_shift={teacher.pitch}"]
    out = subprocess.run(
        [*command, "-t", text, "-o", str(path)], capture_output=True, text=True, check=True
    ).stdout
    ends, offset, last = [], 0.0, 0.0
    for phone, end in re.findall(r"(\w+):([\d.]+)", out):
        if float(end) < last:  # each sentence starts again at zero
            offset += last
        last = float(end)
        ends.append((offset + last, phone))
    return path, ends


def _festival_script(teacher: Teacher, texts: list[str], folder: Path) -> str:
    lines = [f"(voice_{teacher.voice})"]
    for i, text in enumerate(texts):
        quoted = text.replace("\\", " ").replace('"', "'")
        lines.append(f'(set! u (utt.synth (Utterance Text "{quoted}")))')
        lines.append(
            f'(utt.save.wave u "{folder}/{i}.wav" (quote riff))(utt.save.segs u "{folder}/{i}.segs")'
        )
    return "\n".join(lines)


def _festival(
    teacher: Teacher, texts: list[str], folder: Path
) -> list[tuple[Path, list[tuple[float, str]]] | None]:
    script = folder / "read.scm"
    script.write_text(_festival_script(teacher, texts, folder))
    command = [*os.environ.get("FESTIVAL", "festival").split(), "-b", str(script)]
    subprocess.run(command, capture_output=True, check=False)
    found: list[tuple[Path, list[tuple[float, str]]] | None] = []
    for i in range(len(texts)):
        wav, segs = folder / f"{i}.wav", folder / f"{i}.segs"
        if not (wav.exists() and segs.exists()):  # a text that festival could not read
            found.append(None)
            continue
        rows = [row.split() for row in segs.read_text().splitlines() if len(row.split()) == 3]
        found.append((wav, [(float(end), phone) for end, _, phone in rows]))
    return found


def _finish(
    teacher: Teacher, text: str, wav: Path, ends: list[tuple[float, str]], rng: np.random.Generator
) -> Reading | None:
    rate, samples = wavfile.read(wav)
    audio = samples.astype(np.float32) / 32768 * teacher.gain
    source = round(rate * teacher.shift / 100)
    audio = resample_poly(audio, RATE // 100, source).astype(np.float32)
    phones = np.zeros(len(audio) // PHONE_STEP + 1, np.uint8)
    start = 0
    for end, phone in ends:
        stop = min(round(end / teacher.shift * 50), len(phones))
        phones[start:stop] = _PHONE_ID.get(phone, 0)
        start = stop
    loud = np.flatnonzero(np.abs(audio) > 0.02 * np.abs(audio).max(initial=0.0))
    if len(loud) < RATE // 20:
        return None
    # A random lead makes the 80 ms frames fall on other phases of the speech each time.
    first = (loud[0] - int(rng.uniform(0.03, 0.11) * RATE)) // PHONE_STEP
    last = (loud[-1] + int(rng.uniform(0.12, 0.20) * RATE)) // PHONE_STEP
    lead, tail = max(0, -first), max(0, last - len(audio) // PHONE_STEP)
    audio = np.pad(audio, (lead * PHONE_STEP, tail * PHONE_STEP))
    phones = np.pad(phones[: len(audio) // PHONE_STEP - lead - tail], (lead, tail))
    first, last = first + lead, last + lead
    phones = phones[first:last]
    return Reading(
        text, teacher, audio[first * PHONE_STEP : last * PHONE_STEP][: len(phones) * PHONE_STEP], phones
    )


def read_aloud(teacher: Teacher, texts: list[str], rng: np.random.Generator) -> list[Reading | None]:
    """Each text read by the teacher, edges trimmed to short silences; None where the engine failed."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("CSM_RECIPE_TMP")) as name:
        folder = Path(name)
        if teacher.engine == "festival":
            found = _festival(teacher, texts, folder)
            return [f and _finish(teacher, t, *f, rng) for f, t in zip(found, texts, strict=True)]
        readings = []
        for text in texts:
            try:
                readings.append(_finish(teacher, text, *_flite(teacher, text, folder), rng))
            except (subprocess.CalledProcessError, ValueError):
                readings.append(None)
        return readings
