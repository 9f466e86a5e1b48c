"""The shipped voices: their names, and the folders under `voices/` with a card and a reference clip each.

python -m recipes.demo_voice.references --root ROOT

ROOT holds the teacher's files: `kokoro.onnx`, `vocab.json`, `voices/*.bin`, `hibari/`. It needs onnxruntime,
and a few seconds of a CPU core for each voice.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from csm_cli.audio.files import write_wav
from csm_cli.voices.intake import prepare
from csm_cli.voices.store import NewClip, delete, put
from csm_cli.voices.voice import Voice
from recipes.demo_voice.kokoro_onnx import KokoroOnnx
from recipes.demo_voice.phonemes import converter
from recipes.demo_voice.teachers import RATE, SHIPPED, SHIPPED_SPEED, ShippedVoice, Styles

Speak = Callable[[str, ShippedVoice], np.ndarray]
"""A text and the voice that speaks it, to float32 mono `[samples]` at 24 kHz."""
LICENCE = (
    "Made for csm with Kokoro-82M (weights Apache-2.0), its voice {style}. Synthetic: nobody spoke it. "
    "Free to use, Apache-2.0."
)
CLIPS = {
    "heart": (
        "The keeper climbed the stairs and lit the lamp. "
        "Far below, a small boat turned slowly toward the light."
    ),
    "bella": (
        "She left the letter on the kitchen table, put on her coat, and went out into the rain. "
        "Nobody saw her go."
    ),
    "emma": (
        "We walked along the river until it was dark. "
        "Nobody spoke for a long time, but I think that we were both happy."
    ),
    "sarah": (
        "Every morning the baker opens his door at five. "
        "An hour later, the whole street begins to smell of bread."
    ),
    "michael": (
        "It was a long road home that night. The snow had stopped, and the stars were out above the trees."
    ),
    "fenrir": (
        "The men stood by the gate and waited in the cold. "
        "Then the wind turned, and they all heard the horses coming."
    ),
    "george": (
        "The old house had stood empty for years. "
        "Now there was a light in the window, and a chair by the fire."
    ),
    "fable": (
        "Once there was a boy who could not sleep. "
        "So every night he counted the ships that came into the bay."
    ),
}
"""What each shipped voice says in its reference clip, written for csm."""


def write_references(folder: Path, speak: Speak) -> None:
    """Write `NAME/voice.yaml` and `NAME/reference.wav` for each shipped voice, in place of what is there.

    A clip goes the way of any recording that `csm voices add` takes: edges trimmed, level set.

    Args:
        folder: that of the shipped voices.
        speak: the teacher.

    Raises:
        CsmError: a clip is no usable recording, or the folder cannot be written.
    """
    for shipped in SHIPPED:
        text = CLIPS[shipped.name]
        with tempfile.TemporaryDirectory() as scratch:
            recording = Path(scratch) / f"{shipped.name}.wav"
            write_wav(recording, speak(text, shipped), RATE)
            clip = prepare(recording)
        voice = Voice(
            name=shipped.name,
            speaker=shipped.tag,
            text="",
            audio=None,
            licence=LICENCE.format(style=shipped.style),
            note=f"{shipped.note} Synthetic.",
            layer="shipped",
            folder=folder / shipped.name,
            language="en-GB" if shipped.british else "en",
        )
        if voice.folder.exists():
            delete(voice.folder)
        put(voice, [NewClip("", text, clip.audio)])
        print(f"{shipped.tag} {shipped.name}: {clip.audio.size / RATE:.1f} s", flush=True)


def kokoro(root: Path) -> Speak:
    """The teacher on a CPU, from the files in `root`."""
    teacher = KokoroOnnx(root, int(os.environ.get("OMP_NUM_THREADS", "1")))
    styles = Styles(root)

    def speak(text: str, voice: ShippedVoice) -> np.ndarray:
        phonemes = converter(root, voice.british)(text)
        return teacher.speak(phonemes, styles.all[voice.style], SHIPPED_SPEED)

    return speak


def main() -> None:
    """Write the voices into the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="the teacher's files")
    parser.add_argument("--voices", type=Path, default=Path("voices"), help="folder of the shipped voices")
    options = parser.parse_args()
    write_references(options.voices, kokoro(options.root))


if __name__ == "__main__":
    main()
