"""The recordings that the evaluation compares with: the teacher on sentences that training never saw.

    python -m recipes.demo_voice.material ROOT FOLDER [--short 100] [--long 40] [--context 40] [--blends 20]
    [--blend-lines 8] [--processes 2] [--texts FILE]

A folder of recordings and `lines.json`. For each shipped voice: short lines (25 to 120 characters), lines of
about 200 characters, lines to be spoken after three turns, and one clip to hear before all of them. For each
unseen blend of styles: one clip of 5 to 10 s, and further lines, the teacher's own word on how near they can
come to it. A run that was ended goes on where it was. `--texts` names a file that the texts are written to,
or read from if it is there: for a machine without the collections that they come from.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import soundfile

from csm_cli.audio.files import read_audio
from csm_cli.core.errors import CsmError, MissingError
from recipes.demo_voice.kokoro_onnx import KokoroOnnx
from recipes.demo_voice.phonemes import converter
from recipes.demo_voice.teachers import RATE, SHIPPED, SHIPPED_SPEED, Styles
from recipes.demo_voice.texts import Corpus

Read = Callable[[str, np.ndarray, float], np.ndarray]
"""A teacher: (phonemes, style float32 `[510, 256]`, speed) → float32 `[samples]` at 24 kHz."""

Set = Literal["short", "long", "context", "clip", "line"]
LIST = "lines.json"
BLEND_SEED = 20_000_000  # of the blends; those of the training are below
CLIP_SECONDS = (5.0, 10.0)
_LEAD_SECONDS, _TAIL_SECONDS = 0.07, 0.16  # kept about the sound, as in training


@dataclass(frozen=True)
class Line:
    """A recording of the teacher.

    Attributes:
        file: its name in the folder.
        voice: of a shipped voice, or of a blend.
        tag: the shipped voice's speaker tag; None for a blend.
        set: what it is for.
        text: what it says.
        british: whether British phonemes were read.
    """

    file: str
    voice: str
    tag: int | None
    set: Set
    text: str
    british: bool


@dataclass(frozen=True)
class Counts:
    """How many lines of each kind a voice has, and how many blends there are."""

    short: int = 100
    long: int = 40
    context: int = 40
    blends: int = 20
    blend_lines: int = 8


@dataclass(frozen=True)
class Texts:
    """Held-out texts: short and long lines, lines for context, clips, and lines of the blends."""

    short: Sequence[str]
    long: Sequence[str]
    context: Sequence[str]
    clips: Sequence[str]
    blend_lines: Sequence[str]


def held_out_texts(
    counts: Counts,
    fortunes: Path = Path("/usr/share/games/fortunes"),
    wordnet: Path = Path("/usr/share/wordnet"),
    words: Path = Path("/usr/share/dict/words"),
    novels: Path | None = None,
    bible: Path | None = None,
) -> Texts:
    """Texts of the corpus that training never reads."""
    corpus = Corpus(fortunes, wordnet, words, novels, bible)
    per_blend = 1 + counts.blend_lines
    return Texts(
        corpus.evaluation(counts.short),
        corpus.long_evaluation(counts.long),
        corpus.evaluation(counts.context, seed=9),
        corpus.evaluation(counts.blends + len(SHIPPED), seed=10, shortest=85, longest=125),
        corpus.evaluation(counts.blends * per_blend, seed=11),
    )


def texts_at(path: Path | None, counts: Counts) -> Texts:
    """The texts of a file; held-out texts, written to it, if it is not there."""
    if path is not None and path.is_file():
        return Texts(**json.loads(path.read_text("utf-8")))
    texts = held_out_texts(counts)
    if path is not None:
        path.write_text(json.dumps(asdict(texts), indent=0) + "\n", "utf-8")
    return texts


def plan(counts: Counts, texts: Texts, styles: Styles) -> list[tuple[Line, np.ndarray]]:
    """Every line of the material with the style that it is spoken in."""
    planned: list[tuple[Line, np.ndarray]] = []

    def add(
        voice: str, tag: int | None, kind: Set, lines: Sequence[str], british: bool, style: np.ndarray
    ) -> None:
        for number, text in enumerate(lines):
            file = f"{voice}/{kind}/{number:03d}.flac"
            planned.append((Line(file, voice, tag, kind, text, british), style))

    for shipped in SHIPPED:
        voice, tag = shipped.name, shipped.tag
        style, british = styles.all[shipped.style], shipped.british
        add(voice, tag, "clip", [texts.clips[tag]], british, style)
        for kind in ("short", "long", "context"):
            lines: Sequence[str] = getattr(texts, kind)
            add(voice, tag, kind, lines, british, style)
    for number in range(counts.blends):
        blend = styles.blend(np.random.default_rng(BLEND_SEED + number))
        voice, at = f"blend{number:02d}", number * counts.blend_lines
        add(voice, None, "clip", [texts.clips[len(SHIPPED) + number]], blend.british, blend.style)
        lines = texts.blend_lines[at : at + counts.blend_lines]
        add(voice, None, "line", lines, blend.british, blend.style)
    return planned


def trimmed(audio: np.ndarray) -> np.ndarray:
    """The sound with a short silence before and behind it, float32."""
    loud = np.flatnonzero(np.abs(audio) > 0.02 * np.abs(audio).max(initial=0.0))
    if not len(loud):
        return audio
    lead, tail = round(_LEAD_SECONDS * RATE), round(_TAIL_SECONDS * RATE)
    padded = np.pad(audio, (lead, tail))
    return np.asarray(padded[loud[0] : loud[-1] + lead + tail], np.float32)


def clip_speed(seconds: float) -> float:
    """The factor that brings a clip of `seconds` into 5 to 10 s, 1 for one that lies there."""
    low, high = CLIP_SECONDS
    if seconds < low:
        return max(0.7, seconds / (low + 0.3))
    return min(1.6, seconds / (high - 0.5)) if seconds > high else 1.0


def _write(read: Read, root: Path, folder: Path, line: Line, style: np.ndarray) -> None:
    path = folder / line.file
    if path.is_file():
        return
    phonemes = converter(root, line.british)(line.text)
    audio = trimmed(read(phonemes, style, SHIPPED_SPEED))
    if line.set == "clip" and (factor := clip_speed(len(audio) / RATE)) != 1:
        audio = trimmed(read(phonemes, style, SHIPPED_SPEED * factor))
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}")
    soundfile.write(half, np.clip(audio, -1, 1), RATE, format="FLAC")
    half.replace(path)


def write_material(root: Path, folder: Path, read: Read, planned: Sequence[tuple[Line, np.ndarray]]) -> None:
    """Speaks all lines that are not there yet, then writes the list of all.

    Args:
        root: the folder that `fetch.py` fills.
        read: the teacher.
        planned: from `plan`.
    """
    for line, style in planned:
        _write(read, root, folder, line, style)
    write_list(folder, [line for line, _ in planned])


def write_list(folder: Path, lines: Sequence[Line]) -> None:
    """Writes `lines.json`."""
    rows = ",\n".join(json.dumps(asdict(line)) for line in lines)
    (folder / LIST).write_text(f"[\n{rows}\n]\n", "utf-8")


def read_material(folder: Path) -> list[Line]:
    """The lines of a folder.

    Raises:
        MissingError: there is no list, or a recording is missing.
        CsmError: the list is damaged.
    """
    path = folder / LIST
    if not path.is_file():
        raise MissingError(
            "is missing", where=str(path), remedy=f"python -m recipes.demo_voice.material ROOT {folder}"
        )
    try:
        lines = [Line(**row) for row in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError) as error:
        raise CsmError(f"is damaged ({error})", where=str(path), remedy="make the material again") from None
    for line in lines:
        if line.set not in get_args(Set):
            raise CsmError(f"names a set {line.set!r}", where=str(path), remedy="make the material again")
        if not (folder / line.file).is_file():
            raise MissingError("is missing", where=str(folder / line.file), remedy="make the material again")
    return lines


def read_line(folder: Path, line: Line) -> np.ndarray:
    """A recording: float32 mono `[samples]` at 24 kHz."""
    return read_audio(folder / line.file, RATE)


def _speak_part(root: Path, folder: Path, counts: Counts, texts: Texts, part: int, parts: int) -> None:
    teacher = KokoroOnnx(root)
    for line, style in plan(counts, texts, Styles(root))[part::parts]:
        _write(teacher.speak, root, folder, line, style)


def main() -> None:
    """Make the material on the CPU."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path)
    parser.add_argument("folder", type=Path)
    for name, value in asdict(Counts()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--texts", type=Path)
    options = parser.parse_args()
    counts = Counts(**{name: getattr(options, name) for name in asdict(Counts())})
    try:
        texts = texts_at(options.texts, counts)
        planned = plan(counts, texts, Styles(options.root))
        options.folder.mkdir(parents=True, exist_ok=True)
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            one = partial(_speak_part, options.root, options.folder, counts, texts, parts=options.processes)
            pool.map(one, range(options.processes))
        write_list(options.folder, [line for line, _ in planned])
        seconds = sum(soundfile.info(options.folder / line.file).duration for line, _ in planned)
    except CsmError as error:
        raise SystemExit(f"error: {error}") from None
    print(f"{len(planned)} lines, {seconds / 60:.1f} minutes: {options.folder}")


if __name__ == "__main__":
    main()
