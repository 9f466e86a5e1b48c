"""How well a speaker encoder tells voices apart, by the seconds of speech: what `--verify voice` is set from.

python -m recipes.demo_voice.voice_thresholds CLIPS --takes TAKES

CLIPS/SPEAKER/ holds recordings of a speaker (.wav, .flac): the one named reference, or else the longest, is
what the others are compared with. TAKES/SPEAKER/ holds what a model made of that voice; without --takes the
speaker's other recordings are compared. Silence is left out and the speech cut into pieces of each length:

* own, other: medians of the cosine to the own reference and to the others'.
* EER: the equal error rate of one threshold on that cosine, and where the threshold lies.
* own 1 %: what 1 % of the pieces fall below with their own reference; ahead 99 %: by how much another
  reference is nearer than the own one, in all but 1 % of them.
* flagged: pieces that the bounds in csm_cli.verify.speaker report although they are in their own voice.
* caught: pieces that are reported when another voice should have spoken them, with their speaker in the cast
  and without; "similar": of those whose two references have a cosine of 0.75 and more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from csm_cli.audio.files import read_audio
from csm_cli.verify.speaker import RATE, SpeakerEncoder, bounds_of, foreign, load_encoder, speech_alone

LENGTHS = (1.0, 2.0, 3.0, 5.0, 10.0)
SIMILAR = 0.75


def main() -> None:
    """Print the table, and the same as JSON in the last line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("--takes", type=Path)
    parser.add_argument("--model", type=Path, help="as for csm render --voice-model")
    parser.add_argument("--lengths", type=float, nargs="+", default=LENGTHS, metavar="SECONDS")
    options = parser.parse_args()
    encoder = load_encoder(options.model)
    if encoder is None:
        parser.error("resemblyzer is not installed: pip install --no-deps resemblyzer")
    known, speech = {}, {}
    for folder in sorted(path for path in options.clips.iterdir() if path.is_dir()):
        reference, others = recordings(folder)
        lines = others if options.takes is None else sounds(options.takes / folder.name)
        known[folder.name] = encoder.embed(spoken(reference))
        speech[folder.name] = [spoken(path) for path in lines]
    names = list(known)
    references = np.stack([known[name] for name in names])
    print(f"{encoder.name}: {len(names)} voices")
    print(
        "seconds pieces   own  other    EER     at  own 1 %  ahead 99 %  flagged"
        "  caught: in cast  similar  not in cast  similar"
    )
    found = []
    for seconds in options.lengths:
        owners, cosines = compare(encoder, names, references, speech, seconds)
        if not owners.size:
            continue
        row = {"seconds": seconds, **figures(owners, cosines)}
        row |= rates(encoder.name, seconds, names, references, owners, cosines)
        found.append(row)
        print(
            f"{seconds:7.1f} {row['pieces']:6} {row['own']:5.2f} {row['other']:6.2f} {row['eer']:6.1%} "
            f"{row['threshold']:6.2f} {row['own_low']:8.2f} {row['ahead_high']:11.2f} {row['flagged']:8.1%} "
            f"{row['caught']:16.1%} {row['caught_similar']:8.1%} {row['unknown_caught']:12.1%} "
            f"{row['unknown_caught_similar']:8.1%}",
            flush=True,
        )
    print(json.dumps({"encoder": encoder.name, "voices": names, "lengths": found}))


def recordings(folder: Path) -> tuple[Path, list[Path]]:
    """The reference of a speaker, and the other recordings.

    Raises:
        SystemExit: there are none.
    """
    paths = sounds(folder)
    if not paths:
        raise SystemExit(f"{folder}: no .wav or .flac in it")
    reference = next((path for path in paths if path.stem == "reference"), None)
    reference = reference or max(paths, key=lambda path: read_audio(path, RATE).size)
    return reference, [path for path in paths if path != reference]


def sounds(folder: Path) -> list[Path]:
    """Audio files in a folder, by name; [] where there is none."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".wav", ".flac"))


def spoken(path: Path) -> np.ndarray:
    """The speech in a file, float32 `[samples]` at 16 kHz."""
    return speech_alone(read_audio(path, RATE))


def compare(
    encoder: SpeakerEncoder,
    names: list[str],
    references: np.ndarray,
    speech: dict[str, list[np.ndarray]],
    seconds: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The pieces of one length: whose each is, int `[N]`, and its cosines, `[N, voices]`."""
    owners, vectors = [], []
    for number, name in enumerate(names):
        for piece in pieces(speech[name], seconds):
            owners.append(number)
            vectors.append(encoder.embed(piece))
    cosines = np.stack(vectors) @ references.T if vectors else np.zeros((0, len(names)))
    return np.array(owners, int), cosines


def pieces(speech: list[np.ndarray], seconds: float) -> Iterator[np.ndarray]:
    """Whole pieces of a length; one of at least 0.9 of it counts as well."""
    size = round(seconds * RATE)
    for sound in speech:
        for start in range(0, sound.size, size):
            piece = sound[start : start + size]
            if piece.size >= 0.9 * size:
                yield piece


def figures(owners: np.ndarray, cosines: np.ndarray) -> dict[str, float]:
    """What the cosines say before any bounds."""
    mine = np.zeros(cosines.shape, bool)
    mine[np.arange(owners.size), owners] = True
    own, other = cosines[mine], cosines[~mine]
    eer, threshold = equal_error(own, other)
    nearest = np.where(mine, -1.0, cosines).max(axis=1)
    return {
        "pieces": owners.size,
        "own": float(np.median(own)),
        "other": float(np.median(other)),
        "eer": eer,
        "threshold": threshold,
        "own_low": float(np.percentile(own, 1)),
        "ahead_high": float(np.percentile(nearest - own, 99)),
    }


def equal_error(own: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """(the rate, the threshold) at which as large a share of own voices is refused as of others accepted."""
    places = np.unique(np.concatenate([own, other]))
    refused = np.searchsorted(np.sort(own), places, "left") / own.size
    accepted = 1 - np.searchsorted(np.sort(other), places, "left") / other.size
    at = int(np.argmin(np.abs(refused - accepted)))
    return float((refused[at] + accepted[at]) / 2), float(places[at])


def rates(
    encoder: str,
    seconds: float,
    names: list[str],
    references: np.ndarray,
    owners: np.ndarray,
    cosines: np.ndarray,
) -> dict[str, float]:
    """What the bounds for that length come to; NaN where there was nothing to count."""
    bounds = bounds_of(encoder, seconds)
    alike = references @ references.T >= SIMILAR
    flagged: list[bool] = []
    caught: dict[tuple[bool, bool], list[bool]] = {(a, b): [] for a in (False, True) for b in (False, True)}
    for owner, row in zip(owners, cosines, strict=True):
        near = dict(zip(names, map(float, row), strict=True))
        flagged.append(foreign(names[owner], near, bounds) is not None)
        without = {name: value for name, value in near.items() if name != names[owner]}
        for number, name in enumerate(names):
            if number != owner:
                similar = bool(alike[owner, number])
                caught[True, similar].append(foreign(name, near, bounds) is not None)
                caught[False, similar].append(foreign(name, without, bounds) is not None)
    return {
        "flagged": _share(flagged),
        "caught": _share(caught[True, False] + caught[True, True]),
        "caught_similar": _share(caught[True, True]),
        "unknown_caught": _share(caught[False, False] + caught[False, True]),
        "unknown_caught_similar": _share(caught[False, True]),
    }


def _share(values: list[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")


if __name__ == "__main__":
    main()
