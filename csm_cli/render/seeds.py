"""Where a line's chance comes from: its own words, not its place in the script or in a batch.

So a line inserted elsewhere, another batch size or a single chapter rendered alone leaves the seed as it is.
Seeds stay below 2**53, which every JSON reader keeps exactly: copied out of timeline.json into the script, a
seed gives the same take again.
"""

from __future__ import annotations

import hashlib

SEED_LIMIT = 2**53


def derive(*parts: int | str) -> int:
    """A seed in [0, 2**53) from `parts`; any change in any of them gives an unrelated one."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % SEED_LIMIT


def line_seed(script_seed: int, speaker: str, text: str, occurrence: int) -> int:
    """The seed of a line that sets none.

    Args:
        script_seed: of the whole script (`--seed`).
        speaker: the character.
        text: what is said, in spoken form.
        occurrence: how many times this speaker said exactly this before, from 0.
    """
    return derive(script_seed, speaker, text, occurrence)


def take_seed(seed: int, attempt: int) -> int:
    """The seed of try number `attempt` (from 0) at a line; the first try uses the line's own."""
    return derive(seed, "try", attempt) if attempt else seed


def part_seed(first_take: int, part: int) -> int:
    """The seed of part number `part` of a split line, from the seed of the take kept for its first part.

    Hence the one seed that the timeline states for a line gives all of its parts again.
    """
    return derive(first_take, "part", part) if part else first_take
