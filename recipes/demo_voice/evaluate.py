"""How well the demo voice speaks: word errors of a recogniser beside the teacher's, endings and lengths.

    python -m recipes.demo_voice.evaluate --fortunes DIR --wordnet DIR --words FILE [--count 100]
    [--checkpoint DIR]

For each shipped voice: the teacher, the teacher through the codec, and the voice on short lines, on lines
of about 200 characters, and on short lines after three segments of context. All texts are held out of
training.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from csm_cli.demo import DEMO_CHECKPOINT
from recipes.demo_voice.recogniser import Recogniser
from recipes.demo_voice.teachers import TEACHERS, Reading, Teacher, read_aloud
from recipes.demo_voice.texts import Corpus
from csm_cli.engine.engine import Engine
from csm_cli.engine.types import Segment, Utterance


@dataclass
class Score:
    """Sums over lines: word errors and words, lines, lines that ended by themselves, lines of fitting
    length."""

    errors: int = 0
    words: int = 0
    lines: int = 0
    ended: int = 0
    fitting: int = 0
    ratios: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, float]:
        return {
            "wer": round(self.errors / max(1, self.words), 4),
            "lines": self.lines,
            "ended": round(self.ended / max(1, self.lines), 4),
            "length_fits": round(self.fitting / max(1, self.lines), 4),
            "median_length": round(float(np.median(self.ratios)), 3) if self.ratios else 0.0,
        }


def _hear(job: tuple[np.ndarray, str]) -> tuple[int, int]:
    return Recogniser().errors(*job)


def _read(teacher: Teacher, texts: list[str]) -> list[Reading]:
    rng = np.random.default_rng(3)
    return [reading for reading in read_aloud(teacher, texts, rng) if reading]


def _speak(engine: Engine, readings: list[Reading], contexts: list[tuple[Segment, ...]], seed: int) -> list:
    speeches = []
    for at in range(0, len(readings), 16):
        some = readings[at : at + 16]
        speeches += engine.speak(
            [
                Utterance(r.teacher.tag, r.text, context, seed + at + i, int(len(r.audio) / 1920 * 2) + 25,
                          engine.default_sampler)
                for i, (r, context) in enumerate(zip(some, contexts[at : at + 16], strict=True))
            ]
        )  # fmt: skip
    return speeches


def evaluate(engine: Engine, corpus: Corpus, count: int, seed: int, processes: int) -> dict:
    """All figures: `{condition: {voice or "all": Score.as_dict()}}`; conditions end in `_teacher` for the
    teachers."""
    sets = {"short": corpus.evaluation(count), "long": corpus.long_evaluation(max(4, count // 3))}
    scores: dict[str, dict[str, Score]] = {}
    with multiprocessing.get_context("spawn").Pool(processes) as pool:

        def note(
            condition: str, readings: list[Reading], audio: list[np.ndarray], ended: list[bool] | None
        ) -> None:
            heard = pool.map(_hear, [(a, r.text) for a, r in zip(audio, readings, strict=True)])
            for i, ((errors, words), reading) in enumerate(zip(heard, readings, strict=True)):
                for name in (reading.teacher.name, "all"):
                    score = scores.setdefault(condition, {}).setdefault(name, Score())
                    ratio = len(audio[i]) / len(reading.audio)
                    score.errors, score.words, score.lines = (
                        score.errors + errors,
                        score.words + words,
                        score.lines + 1,
                    )
                    score.ended += ended is None or ended[i]
                    score.fitting += 0.8 <= ratio <= 1.25
                    score.ratios.append(ratio)
            print(
                condition,
                readings[0].teacher.name,
                scores[condition][readings[0].teacher.name].as_dict(),
                flush=True,
            )

        for teacher in TEACHERS:
            for name, texts in sets.items():
                readings = _read(teacher, texts)
                note(f"{name}_teacher", readings, [r.audio for r in readings], None)
                codes = [engine.encode(r.audio) for r in readings]
                if name == "short":
                    note("short_codec", readings, engine.decode(codes), None)
                speeches = _speak(engine, readings, [()] * len(readings), seed)
                note(name, readings, engine.decode([s.codes for s in speeches]), [s.ended for s in speeches])
                if name == "short":
                    heard = [Segment(teacher.tag, r.text, c) for r, c in zip(readings, codes, strict=True)]
                    contexts = [
                        tuple(heard[(i + k) % len(heard)] for k in (1, 2, 3)) for i in range(len(heard))
                    ]
                    speeches = _speak(engine, readings, contexts, seed + 1000)
                    note(
                        "context",
                        readings,
                        engine.decode([s.codes for s in speeches]),
                        [s.ended for s in speeches],
                    )
    return {c: {name: score.as_dict() for name, score in by.items()} for c, by in scores.items()}


def main() -> None:
    """Print the figures of every condition, then all of them as one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fortunes", type=Path, required=True)
    parser.add_argument("--wordnet", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100, help="sentences per voice")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="recognisers side by side")
    parser.add_argument("--checkpoint", type=Path, default=DEMO_CHECKPOINT)
    options = parser.parse_args()
    engine = Engine.load(options.checkpoint, device="cpu")
    corpus = Corpus(options.fortunes, options.wordnet, options.words)
    figures = evaluate(engine, corpus, options.count, options.seed, options.processes)
    for condition in ("short", "context", "long"):
        teacher = figures["long_teacher" if condition == "long" else "short_teacher"]["all"]["wer"]
        ours = figures[condition]["all"]
        times = ours["wer"] / teacher
        print(f"{condition:8} word errors {ours['wer']:.3f}, teacher {teacher:.3f}, {times:.2f} times; "
              f"ended {ours['ended']:.1%}, length within 0.8-1.25: {ours['length_fits']:.1%}")  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
