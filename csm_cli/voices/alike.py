"""How much alike voices are by a speaker encoder: cosines, and what they say in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from csm_cli.voices.compare import RATE, Sample

SAME, OTHER = 0.80, 0.70
"""Sounds of 5 s and more: from here on likely one person, below there likely two; measured for GE2E."""

Embed = Callable[[np.ndarray, int], np.ndarray | None]
"""Sound and Hz -> a vector of length 1; None for a sound with too little speech."""


@dataclass(frozen=True)
class Alikeness:
    """Voices beside each other; those with too little speech in their clip are left out.

    Attributes:
        names: of the voices, as they were asked for.
        clips: the cosine of every clip to every clip, `[voices][voices]`.
        said: by the voice that said something: its cosine to every clip, `[voices]`.
    """

    names: list[str]
    clips: list[list[float]]
    said: dict[str, list[float]]

    @classmethod
    def of(cls, samples: Sequence[Sample], embed: Embed) -> Alikeness:
        """Measures the voices' clips and what they said."""
        found = [(sample, embed(sample.clip, RATE)) for sample in samples]
        known = {sample.name: vector for sample, vector in found if vector is not None}
        spoken = {sample.name: embed(sample.spoken, RATE) for sample in samples if sample.spoken is not None}

        def beside(vector: np.ndarray) -> list[float]:
            return [float(vector @ other) for other in known.values()]

        said = {name: beside(vector) for name, vector in spoken.items() if vector is not None}
        return cls(list(known), [beside(vector) for vector in known.values()], said)

    def table(self) -> list[str]:
        """Lines of equal width: a head, a row for each clip, a row for what each voice said."""
        rows = dict(zip(self.names, self.clips, strict=True))
        rows |= {f"{name} said": cosines for name, cosines in self.said.items()}
        width = max(map(len, rows), default=0)
        columns = [max(5, len(name)) for name in self.names]
        lines = [" " * width + "".join(f"  {name:>{n}}" for name, n in zip(self.names, columns, strict=True))]
        for label, cosines in rows.items():
            cells = (f"  {value:>{n}.2f}" for value, n in zip(cosines, columns, strict=True))
            lines.append(f"{label:<{width}}{''.join(cells)}")
        return lines

    def remarks(self) -> list[str]:
        """In words: every two clips, and whose clip is nearest to what each voice said."""
        lines = [
            f"{self.names[a]} and {self.names[b]}: {in_words(self.clips[a][b])}"
            for a, b in combinations(range(len(self.names)), 2)
        ]
        for name, cosines in self.said.items() if self.names else ():
            nearest = int(np.argmax(cosines))
            lines.append(
                f"what {name} said is nearest to {self.names[nearest]}: {in_words(cosines[nearest])}"
            )
        return lines


def in_words(cosine: float) -> str:
    """What the cosine of two sounds of 5 s and more says about who spoke them."""
    if cosine >= SAME:
        return f"{cosine:.2f}, likely one person"
    return f"{cosine:.2f}, " + ("likely two people" if cosine < OTHER else "one person, or two alike")
