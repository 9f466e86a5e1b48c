"""Faults of a take that its codes alone show: cut off, empty, far too short, stuck.

All limits follow from how long a text should take: about 14 characters a second in English.
"""

from __future__ import annotations

import math

from csm_cli.core.types import Codes, Speech

FRAME_SECONDS = 0.08
CHARACTERS_PER_SECOND = 14
SHORT_SECONDS = 1.0
"""Expected length below which a text may be said more quickly than at twice the usual speed."""
LONGEST_CYCLE = 12
"""In frames: about a second; what repeats after a longer time is more likely a refrain."""
STUCK_FRAMES = 25
"""Two seconds of the same: longer than a pause inside a line or a held vowel."""


def expected_seconds(text: str) -> float:
    """How long `text`, in spoken form, should take."""
    return len(text) / CHARACTERS_PER_SECOND


def frame_cap(text: str) -> int:
    """Frames after which a line is cut off: 2.5 times what is expected, and two seconds for a breath."""
    return math.ceil((2.5 * expected_seconds(text) + 2.0) / FRAME_SECONDS)


def problems(speech: Speech, text: str) -> tuple[str, ...]:
    """Why the take should be tried again, in plain words; empty if nothing speaks against it."""
    frames = len(speech.codes)
    if frames < 2:
        return ("ended at once",)
    found = []
    seconds, expected = frames * FRAME_SECONDS, expected_seconds(text)
    shortest = 0.5 if expected >= SHORT_SECONDS else 0.35
    if not speech.ended:
        found.append(f"did not end within {seconds:.1f} s")
    elif seconds < shortest * expected:
        found.append(f"only {seconds:.1f} s long, {expected:.1f} s expected")
    elif seconds > 2.5 * expected and expected >= SHORT_SECONDS:
        found.append(f"{seconds:.1f} s long, {expected:.1f} s expected")
    if (stuck := longest_cycle(speech.codes)) >= STUCK_FRAMES:
        found.append(f"repeats itself for {stuck * FRAME_SECONDS:.1f} s")
    return tuple(found)


def longest_cycle(codes: Codes) -> int:
    """Length in frames of the longest stretch in which the first codebook goes round in a short cycle.

    A stretch counts only if it holds its cycle four times; silence counts like any other repeated frame.
    """
    first = codes[:, 0].tolist()
    longest = 0
    for period in range(1, min(LONGEST_CYCLE, len(first) // 4) + 1):
        run = 0
        for frame in range(period, len(first)):
            run = run + 1 if first[frame] == first[frame - period] else 0
            if run + period >= max(longest + 1, 4 * period):
                longest = run + period
    return longest
