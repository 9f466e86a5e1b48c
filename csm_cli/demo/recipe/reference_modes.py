"""How a voice's clip is best heard: not at all, as a turn before the line, or continued by it.

python -m csm_cli.demo.recipe.reference_modes --count 24

Speaks lines of the example scripts in every shipped voice and has pocketsphinx write them down.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from csm_cli.audio.files import read_audio
from csm_cli.demo import DEMO_CHECKPOINT
from csm_cli.demo.recipe.recogniser import Recogniser
from csm_cli.engine import Segment, Utterance
from csm_cli.engine.engine import Engine
from csm_cli.screenplay import read_screenplay
from csm_cli.speech import spoken_text
from csm_cli.verify.codes import expected_seconds, frame_cap
from csm_cli.voices.registry import VoiceRegistry

EXAMPLES = Path(__file__).parents[3] / "scripts_examples"
SHORTEST, LONGEST = 25, 110  # characters


def main() -> None:
    """Print word errors, lines that ended by themselves, and length against the expected one, by mode."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=24, help="lines in each voice")
    options = parser.parse_args()
    engine = Engine.load(DEMO_CHECKPOINT, device="cpu")
    scripts = sorted(
        path for path in EXAMPLES.iterdir() if path.suffix in (".md", ".yaml") and "README" not in path.name
    )
    texts = [spoken_text(line.text) for script in scripts for line in read_screenplay(script).lines]
    texts = [text for text in texts if SHORTEST <= len(text) <= LONGEST and text.isascii()][: options.count]
    voices = [voice for voice in VoiceRegistry().all() if voice.layer == "shipped"]
    recogniser = Recogniser()
    for mode in ("none", "before", "continue"):
        errors = words = ended = 0
        ratios = []
        for voice in voices:
            assert voice.audio is not None
            codes = engine.encode(read_audio(voice.audio, engine.sample_rate))
            clip = Segment(voice.speaker, voice.text, codes)
            asked = [
                Utterance(
                    voice.speaker,
                    text,
                    (clip,) if mode == "before" else (),
                    seed=number,
                    max_frames=frame_cap(text),
                    sampler=engine.default_sampler,
                    lead=clip if mode == "continue" else None,
                )
                for number, text in enumerate(texts)
            ]
            speeches = engine.speak(asked)
            for text, speech, sound in zip(
                texts, speeches, engine.decode([each.codes for each in speeches]), strict=True
            ):
                wrong, count = recogniser.errors(sound, text)
                errors, words, ended = errors + wrong, words + count, ended + speech.ended
                ratios.append(len(sound) / engine.sample_rate / expected_seconds(text))
        lines = len(ratios)
        print(
            f"{mode:9} {lines} lines, word errors {errors / words:.3f}, ended {ended / lines:.1%}, "
            f"length {np.median(ratios):.2f} of expected (5 % under {np.percentile(ratios, 5):.2f}, "
            f"5 % over {np.percentile(ratios, 95):.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
