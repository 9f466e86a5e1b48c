"""What a clip must be to become a voice reference: length, level, transcript."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csm_cli.audio.files import SAMPLE_RATE, audio_seconds, read_audio
from csm_cli.audio.level import amplitude
from csm_cli.errors import UsageError

MIN_SECONDS, MAX_SECONDS = 1.0, 30.0
SILENT_DB = -50.0  # peak, dBFS
QUIET_DB = -20.0  # peak, dBFS
CLIPPED = 0.999  # of full scale
LEVEL_DB = -3.0  # peak, dBFS, of a clip that had to be brought into range
CHARACTERS_PER_SECOND = (3, 40)  # of any speech; about 14 is usual


def read_reference(path: Path | str) -> tuple[np.ndarray, list[str]]:
    """Reads and checks a reference clip.

    A constant offset is taken out. The level stays as recorded, unless the clip clips or is too quiet.

    Returns:
        (float32 mono `[samples]` at 24 kHz, warnings: one line each).

    Raises:
        MissingError: no such file.
        UsageError: not audio, silent, shorter than 1 s or longer than 30 s.
    """
    where = str(path)
    # The header is asked first: nobody should wait while a whole audiobook is read to be refused.
    _check_length(audio_seconds(path), where, longest_only=True)
    audio = read_audio(path, SAMPLE_RATE)
    _check_length(audio.size / SAMPLE_RATE, where)
    clipped = bool(np.abs(audio).max() >= CLIPPED)
    audio = (audio - audio.mean(dtype=np.float64)).astype(np.float32)
    peak = float(np.abs(audio).max())
    if peak < amplitude(SILENT_DB):
        raise UsageError("is silent", where=where, remedy="give a clip in which somebody speaks")
    warnings = []
    if clipped:
        warnings.append(f"{where}: the clip is overdriven; a cleaner recording makes a cleaner voice")
    if peak < amplitude(QUIET_DB):
        warnings.append(f"{where}: the clip is quiet and was made louder, its noise with it")
    if clipped or peak < amplitude(QUIET_DB):
        audio *= np.float32(amplitude(LEVEL_DB) / peak)
    return audio, warnings


def check_transcript(text: str, seconds: float) -> tuple[str, list[str]]:
    """The transcript with its white space put in order, and a warning if it cannot fit the clip's length.

    Raises:
        UsageError: there is no letter or digit in it.
    """
    text = " ".join(text.split())
    if not any(character.isalnum() for character in text):
        raise UsageError(
            "the transcript is empty", where="--text", remedy="write out the words that the clip says"
        )
    rate = len(text) / seconds
    slowest, fastest = CHARACTERS_PER_SECOND
    if slowest <= rate <= fastest:
        return text, []
    kind = "short" if rate < slowest else "long"
    return text, [
        f"the transcript is too {kind} for {seconds:.1f} s of speech ({rate:.0f} characters a second); "
        "it should hold every word of the clip and no more"
    ]


def _check_length(seconds: float | None, where: str, longest_only: bool = False) -> None:
    if seconds is None:
        return
    if seconds > MAX_SECONDS:
        raise UsageError(
            f"is {seconds:.1f} s long, over {MAX_SECONDS:.0f} s",
            where=where,
            remedy="cut out one clear stretch of 5 to 15 s",
        )
    if seconds < MIN_SECONDS and not longest_only:
        raise UsageError(
            f"is {seconds:.2f} s long, under {MIN_SECONDS:.0f} s",
            where=where,
            remedy="give 5 to 15 s of clear speech",
        )
