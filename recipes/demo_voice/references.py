"""The shipped voices: their names, and the folders under `voices/` with a card and a reference clip each.

python -m recipes.demo_voice.references --root ROOT

ROOT holds the teacher's files: `kokoro.onnx`, `vocab.json`, `voices/*.bin`, `hibari/`. It needs onnxruntime,
and a few seconds of a CPU core for each voice.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from csm_cli.audio.files import write_wav
from csm_cli.voices.intake import prepare
from csm_cli.voices.store import NewClip, delete, put
from csm_cli.voices.voice import Voice

Speak = Callable[[str, "Shipped"], np.ndarray]
"""A text and the voice that speaks it, to float32 mono `[samples]` at 24 kHz."""
SPEED = 0.88
"""The teacher reads fast: 220 to 250 words a minute at 1."""
LICENCE = (
    "Made for csm with Kokoro-82M (weights Apache-2.0), its voice {style}. Synthetic: nobody spoke it. "
    "Free to use, Apache-2.0."
)


class Shipped(NamedTuple):
    """A shipped voice.

    Args:
        name: as a cast names it.
        style: the teacher's name for it.
        who: a description.
        text: of its reference clip, written for csm.
    """

    name: str
    style: str
    who: str
    text: str

    @property
    def british(self) -> bool:
        """Whether it speaks British English; else American."""
        return self.style.startswith("b")


SHIPPED = (
    Shipped(
        "heart",
        "af_heart",
        "A woman, American English; warm, the default voice.",
        "The keeper climbed the stairs and lit the lamp. "
        "Far below, a small boat turned slowly toward the light.",
    ),
    Shipped(
        "bella",
        "af_bella",
        "A woman, American English; lively.",
        "She left the letter on the kitchen table, put on her coat, and went out into the rain. "
        "Nobody saw her go.",
    ),
    Shipped(
        "emma",
        "bf_emma",
        "A woman, British English; even.",
        "We walked along the river until it was dark. "
        "Nobody spoke for a long time, but I think that we were both happy.",
    ),
    Shipped(
        "sarah",
        "af_sarah",
        "A woman, American English; clear.",
        "Every morning the baker opens his door at five. "
        "An hour later, the whole street begins to smell of bread.",
    ),
    Shipped(
        "michael",
        "am_michael",
        "A man, American English; calm.",
        "It was a long road home that night. The snow had stopped, and the stars were out above the trees.",
    ),
    Shipped(
        "fenrir",
        "am_fenrir",
        "A man, American English; strong.",
        "The men stood by the gate and waited in the cold. "
        "Then the wind turned, and they all heard the horses coming.",
    ),
    Shipped(
        "george",
        "bm_george",
        "A man, British English; deep.",
        "The old house had stood empty for years. "
        "Now there was a light in the window, and a chair by the fire.",
    ),
    Shipped(
        "fable",
        "bm_fable",
        "A man, British English; light.",
        "Once there was a boy who could not sleep. "
        "So every night he counted the ships that came into the bay.",
    ),
)
"""In the order of their speaker tags, from 0."""


def write_references(folder: Path, speak: Speak) -> None:
    """Write `NAME/voice.yaml` and `NAME/reference.wav` for each shipped voice, in place of what is there.

    A clip goes the way of any recording that `csm voices add` takes: edges trimmed, level set.

    Args:
        folder: that of the shipped voices.
        speak: the teacher.

    Raises:
        CsmError: a clip is no usable recording, or the folder cannot be written.
    """
    for tag, shipped in enumerate(SHIPPED):
        with tempfile.TemporaryDirectory() as scratch:
            recording = Path(scratch) / f"{shipped.name}.wav"
            write_wav(recording, speak(shipped.text, shipped), 24_000)
            clip = prepare(recording)
        voice = Voice(
            name=shipped.name,
            speaker=tag,
            text="",
            audio=None,
            licence=LICENCE.format(style=shipped.style),
            note=f"{shipped.who} Synthetic.",
            layer="shipped",
            folder=folder / shipped.name,
            language="en-GB" if shipped.british else "en",
        )
        if voice.folder.exists():
            delete(voice.folder)
        put(voice, [NewClip("", shipped.text, clip.audio)])
        print(f"{tag} {shipped.name}: {clip.audio.size / 24_000:.1f} s", flush=True)


def kokoro(root: Path) -> Speak:
    """The teacher on a CPU, from the files in `root`."""
    import onnxruntime

    sys.path.insert(0, str(root))  # for its data folder `hibari`, which is a package without dependencies
    from hibari.g2p import G2P

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    model = onnxruntime.InferenceSession(
        str(root / "kokoro.onnx"), settings, providers=["CPUExecutionProvider"]
    )
    vocabulary = json.loads((root / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    phonemes = {british: G2P(british=british) for british in (False, True)}

    def speak(text: str, voice: Shipped) -> np.ndarray:
        ids = [vocabulary[sign] for sign in phonemes[voice.british](text) if sign in vocabulary]
        styles = np.fromfile(root / "voices" / f"{voice.style}.bin", "<f4").reshape(510, 256)
        asked = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": styles[len(ids) - 1][None],
            "speed": np.array([SPEED], np.float32),
        }
        return np.asarray(model.run(None, asked)[0], np.float32).reshape(-1)

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
