"""A file that was just encoded: whether it is whole, and whether it came out as it was asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from csm_cli.audio.loudness import Loudness
from csm_cli.audio.measure import Measured, measure
from csm_cli.core.errors import CsmError, UsageError

LONGEST_LOSS_SECONDS = 0.1
LARGEST_MISS_DB = 1.0
NEAR_DB = 1.0


def measured_draft(draft: Path, path: Path, seconds: float) -> Measured:
    """A draft of a file, decoded: what an encoder leaves unfinished without a word is found here.

    Args:
        path: the file's place, named in the error.
        seconds: it has to be long.

    Raises:
        CsmError: it is not whole.
    """
    try:
        measured = measure(draft)
    except UsageError as error:
        raise _unfinished(path) from error
    if measured.seconds < seconds - LONGEST_LOSS_SECONDS:
        raise _unfinished(path)
    return measured


def excess_db(measured: Measured, loudness: Loudness) -> float:
    """How far the highest peak stands above the limit; at most 0 where all is well, or none is set."""
    if loudness.peak_db is None:
        return 0.0
    return (measured.true_peak_db if loudness.true_peak else measured.peak_db) - loudness.peak_db


def misses(measured: Measured, loudness: Loudness, levelled: bool) -> Iterator[str]:
    """Where a file is not what was asked for, for a person to read.

    Args:
        levelled: what is in it was brought to the level asked for.
    """
    name = measured.path.name
    if excess_db(measured, loudness) > 0:
        yield f"{name}: its peak stands over the limit of {loudness.peak_db:g} dB"
    if not levelled or loudness.target is None:
        return
    level, unit = (measured.rms_db, "dB RMS") if loudness.lufs is None else (measured.lufs, "LUFS")
    if math.isfinite(level) and abs(level - loudness.target) <= LARGEST_MISS_DB:
        return
    ceiling = 0.0 if loudness.ceiling_db is None else loudness.ceiling_db
    peaks = measured.true_peak_db > ceiling - NEAR_DB
    reason = (
        "single peaks stand far above the rest" if peaks else "there is next to nothing to be heard in it"
    )
    yield f"{name}: {level:.1f} {unit} in place of {loudness.target:g}: {reason}"


def _unfinished(path: Path) -> CsmError:
    return CsmError("was not written to its end", where=str(path), remedy="check the free space")
