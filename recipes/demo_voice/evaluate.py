"""How well the demo voice speaks, beside its teacher and its codec, and what it had to reach.

    python -m recipes.demo_voice.evaluate --root ROOT --material DIR [--checkpoint DIR] [--out FILE]
    [--voices heart,emma] [--conditions short,context] [--short N] [--long N] [--context N] [--blends N]
    [--turns own|teacher] [--temperature T] [--top-k K] [--depth-temperature T] [--depth-top-k K]

ROOT is filled by `fetch.py`, the material is made by `material.py`. For each shipped voice: the teacher, the
teacher through the codec, and the model on short lines, on lines of about 200 characters, and on lines after
three turns, always with the voice's reference clip first, as csm renders; `alone` is without it. For each
unseen blend: registered as `csm voices add` does, from one clip. Rows are written as they come, and an ended
run goes on from them; those of the teacher and of the codec are kept beside the material and serve every
checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from csm_cli.core.errors import CsmError, UsageError
from csm_cli.core.types import Sampler
from csm_cli.engine.engine import Engine
from recipes.demo_voice.conditions import Model
from recipes.demo_voice.fetch import sha256
from recipes.demo_voice.figures import goal_table, summary, voice_table
from recipes.demo_voice.material import LIST, read_material
from recipes.demo_voice.measuring import CONDITIONS, Evaluation, Selection, start_judge
from recipes.demo_voice.results import Results


def _sampler(options: argparse.Namespace, default: Sampler) -> Sampler:
    given = {name: value for name in asdict(default) if (value := getattr(options, name, None)) is not None}
    return Sampler(**(asdict(default) | given))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder that fetch.py fills")
    parser.add_argument("--material", type=Path, required=True, help="folder that material.py makes")
    parser.add_argument("--checkpoint", type=Path, help="default: the embedded one")
    parser.add_argument("--out", type=Path, default=Path("evaluation.jsonl"), help="rows; figures beside it")
    parser.add_argument("--voices", help="names, with commas between; default: all of the material")
    parser.add_argument("--conditions", default=",".join(CONDITIONS), help="default: all")
    for name in ("short", "long", "context", "blends"):
        parser.add_argument(f"--{name}", type=int, default=1000, help="at most so many")
    parser.add_argument("--blend-lines", dest="line", type=int, default=1000, help="at most so many")
    parser.add_argument(
        "--turns", choices=("own", "teacher"), default="own", help="whose turns stand before a line"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="judges side by side")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--depth-temperature", type=float)
    parser.add_argument("--depth-top-k", type=int)
    return parser


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT

    conditions = frozenset(options.conditions.split(","))
    if unknown := conditions - set(CONDITIONS):
        raise UsageError(
            f"there is no condition {sorted(unknown)[0]!r}",
            where="--conditions",
            remedy=f"choose from {', '.join(CONDITIONS)}",
        )
    lines = read_material(options.material)
    shipped = list(dict.fromkeys(line.voice for line in lines if line.tag is not None))
    voices = shipped if options.voices is None else [name for name in options.voices.split(",") if name]
    engine = Engine.load(options.checkpoint or DEMO_CHECKPOINT, device="cpu")
    sampler = _sampler(options, engine.default_sampler)
    material = {"material": hashlib.sha256((options.material / LIST).read_bytes()).hexdigest()}
    subject = material | {
        "checkpoint": [sha256(file) for file in engine.files],
        "sampler": asdict(sampler),
        "seed": options.seed,
        "turns": options.turns,
    }
    results = {
        "teacher": Results(options.material / "teacher.jsonl", material),
        "codec": Results(
            options.material / f"codec-{engine.codec_id[:12]}.jsonl", material | {"codec": engine.codec_id}
        ),
        "model": Results(options.out, subject),
    }
    counts = {name: getattr(options, name) for name in ("short", "long", "context", "blends", "line")}
    select = Selection(conditions, counts, options.turns == "own")
    model = Model(engine, sampler, options.seed, options.material)
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.processes, start_judge, (options.root,)) as pool:
        evaluation = Evaluation(model, lines, pool, options.root, results, select)
        evaluation.run(voices)
    rows = [row for each in results.values() for row in each.rows]
    figures = summary(rows, voices, [clip.voice for clip in evaluation.clips])
    return {"subject": subject} | figures


def main() -> None:
    """Print a table of the voices, one of the means beside the goals, and write both as JSON."""
    options = _parser().parse_args()
    try:
        figures = _evaluate(options)
    except CsmError as error:
        raise SystemExit(f"error: {error}") from None
    path = options.out.with_suffix(".json")
    path.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(voice_table(figures))
    print()
    print(goal_table(figures))
    print(f"\n{path}")


if __name__ == "__main__":
    main()
