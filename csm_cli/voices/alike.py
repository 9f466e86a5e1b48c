"""How much alike voices are by a speaker encoder: cosines, and what they say in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from csm_cli.voices.compare import RATE, Sample

SAME, OTHER = 0.80, 0.70
"""Clips of 5 s and more: from here on likely one person, below there likely two; measured for GE2E."""

Embed = Callable[[np.ndarray, int], np.ndarray | None]
"""Sound and Hz -> a vector of length 1; None for a sound that says too little."""


@dataclass(frozen=True)
class Alike:
    """Two sounds beside each other.

    Attributes:
        first, second: whose they are.
        cosine: of their vectors.
    """

    first: str
    second: str
    cosine: float

    def __str__(self) -> str:
        words = "likely one person" if self.cosine >= SAME else "likely two people"
        if OTHER <= self.cosine < SAME:
            words = "one person or two alike: it cannot be told"
        return f"{self.first} and {self.second}: {self.cosine:.2f}, {words}"


def alike(samples: Sequence[Sample], embed: Embed) -> list[Alike]:
    """Every pair of clips, then what each voice said beside every clip, its own first.

    Sounds that say too little about a voice are left out.
    """
    clips = list(_vectors([(sample.name, sample.clip) for sample in samples], embed))
    found = [Alike(a, b, float(u @ v)) for (a, u), (b, v) in combinations(clips, 2)]
    spoken = [(sample.name, sample.spoken) for sample in samples if sample.spoken is not None]
    for name, vector in _vectors(spoken, embed):
        own_first = sorted(clips, key=lambda clip, name=name: clip[0] != name)  # type: ignore[misc]
        found += [Alike(f"what {name} said", other, float(vector @ clip)) for other, clip in own_first]
    return found


def _vectors(sounds: Sequence[tuple[str, np.ndarray]], embed: Embed) -> Iterator[tuple[str, np.ndarray]]:
    for name, sound in sounds:
        vector = embed(sound, RATE)
        if vector is not None:
            yield name, vector
