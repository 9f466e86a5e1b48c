"""Voice references as codes: encoded once, kept in the cache."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from csm_cli.audio.files import CLIP_SECONDS, read_audio
from csm_cli.core.errors import CsmError, MissingError
from csm_cli.core.files import cache_dir, written
from csm_cli.core.reading import open_file, read_file
from csm_cli.core.stored import read_array
from csm_cli.voices.voice import MAX_CLIP_BYTES, Voice

MOST_BYTES = 1 << 24
"""Of the codes of a clip: half a minute has 24 kB."""


MARK_BYTES = 16


class VoiceEncoder(Protocol):
    """The part of the engine that encodes.

    Attributes:
        codec_id: changes whenever the same audio would give other codes.
        sample_rate: Hz.
    """

    @property
    def codec_id(self) -> str: ...
    @property
    def sample_rate(self) -> int: ...
    def encode(self, audio: np.ndarray, /) -> np.ndarray:
        """float32 mono `[samples]` to int16 `[frames, codebooks]`."""
        ...


def reference_codes(voice: Voice, engine: VoiceEncoder) -> np.ndarray:
    """The codes of a voice's reference clip, from the cache if they are there.

    Returns:
        int16 `[frames, codebooks]`.

    Raises:
        MissingError: the voice has no clip, or it is gone.
        UsageError: the clip cannot be read.
    """
    if voice.audio is None:
        raise MissingError(f"voice {voice.name!r} has no reference clip", where=str(voice.folder))
    try:
        sound = read_file(voice.audio, MAX_CLIP_BYTES)
    except OSError as error:
        raise MissingError(
            f"the reference clip of voice {voice.name!r} cannot be read ({error.strerror or error})",
            where=str(voice.audio),
            remedy="check its permissions, or add the voice again",
        ) from error
    path = codes_path(sound, engine.codec_id)
    if (kept := _read(path)) is not None:
        return kept
    codes = np.ascontiguousarray(
        engine.encode(read_audio(voice.audio, engine.sample_rate, CLIP_SECONDS)), dtype=np.int16
    )
    # A cache that cannot be written costs time at the next run, not this one its result.
    with suppress(CsmError), written(path) as temporary, temporary.open("wb") as file:
        np.save(file, codes, allow_pickle=False)
        file.write(_mark(codes))
    return codes


def codes_path(sound: bytes, codec_id: str) -> Path:
    """Where the codes of a clip, given as the bytes of its file, are kept for a codec."""
    key = hashlib.sha256(hashlib.sha256(sound).digest() + codec_id.encode()).hexdigest()
    return cache_dir() / "codes" / f"{key}.npy"


def _read(path: Path) -> np.ndarray | None:
    """The codes kept at `path`; None if there are none, or the file is damaged."""
    try:
        with open_file(path) as file:
            codes = read_array(file, "int16", MOST_BYTES)
            mark = file.read(MARK_BYTES + 1)
    except (OSError, ValueError):
        return None
    whole = codes.ndim == 2 and codes.size and mark == _mark(codes)
    return codes if whole and codes.min() >= 0 else None


def _mark(codes: np.ndarray) -> bytes:
    """What stands behind the codes in a file: a hash, which tells damage."""
    return hashlib.sha256(repr(codes.shape).encode() + codes.tobytes()).digest()[:MARK_BYTES]
