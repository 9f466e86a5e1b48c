"""The shipped voices' reference clips, read by the teachers.

python -m recipes.demo_voice.references voices
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import yaml

from csm_cli.audio.files import write_wav
from recipes.demo_voice.teachers import RATE, TEACHERS, read_aloud

TEXT = (
    "The keeper climbed the stairs and lit the lamp. Far below, a small boat turned slowly toward the light."
)
_FLITE = (
    "Made for csm with flite 2.2 (Carnegie Mellon University; free to use, modify and distribute, "
    "with attribution and without warranty)."
)
_LICENCES = {
    "flite": _FLITE,
    "festival": (
        "Made for csm with festival and the voice cmu_us_slt_arctic_hts (Carnegie Mellon University and "
        "the HTS working group; free to use, modify and distribute, with attribution and without warranty)."
    ),
}
_NOTES = {
    "slt": "A woman, American English. Synthetic.",
    "rms": "A man, American English. Synthetic.",
    "awb": "A man, Scottish English. Synthetic.",
    "kal": "A man, American English, the flattest of the five. Synthetic.",
    "eve": "A light, high voice, American English: rms with pitch and formants raised. Synthetic.",
}


def main() -> None:
    """Write one folder for each teacher under the folder named on the command line."""
    target = Path(sys.argv[1])
    for teacher in TEACHERS:
        reading = read_aloud(teacher, [TEXT], np.random.default_rng(0))[0]
        if reading is None:
            raise SystemExit(f"{teacher.name}: the teacher could not read the text")
        folder = target / teacher.name
        folder.mkdir(parents=True, exist_ok=True)
        write_wav(folder / "reference.wav", reading.audio, RATE)
        card = {
            "name": teacher.name,
            "speaker": teacher.tag,
            "language": "en",
            "text": TEXT,
            "audio": "reference.wav",
            "licence": _LICENCES[teacher.engine],
            "note": _NOTES[teacher.name],
        }
        (folder / "voice.yaml").write_text(yaml.safe_dump(card, sort_keys=False, width=100), encoding="utf-8")


if __name__ == "__main__":
    main()
