"""The take store: codes, audio and sidecars on disk, each written in one step and checked when used.

A sidecar is written last and names the hashes of the other two files: a take without one does not exist, and
one whose files do not agree with it is damaged and is never used.
"""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from csm_cli.audio.files import MAX_SECONDS, to_pcm16
from csm_cli.core.errors import CsmError
from csm_cli.core.types import Codes, as_codes
from csm_cli.takes.files import files_at
from csm_cli.takes.index import SIDECAR, Index
from csm_cli.takes.place import Place
from csm_cli.takes.rows import Row
from csm_cli.takes.take import Take, as_npy, codes_from, flac, flac_size, peaks_of, take_from_json

FOLDER = Path(".csm") / "takes"
CODES, AUDIO = ".npy", ".flac"
THREADS = 4
WAITING = 64
"""Most takes on their way to the disk at once, for the sake of memory."""


def takes_folder(script: Path) -> Path:
    """Where the takes of a script are kept unless another place is named: beside it."""
    return script.parent / FOLDER


class TakeStore:
    """The takes of a project.

    Args:
        folder: where they lie; it need not be there yet. None: in memory, forgotten with the store.
    """

    def __init__(self, folder: Place | None):
        self.folder = folder
        self._files = files_at(folder)
        self._index: Index | None = None
        self._opening = Lock()

    @property
    def index(self) -> Index:
        """The index of all takes. It is built at the first use, which reads the folder."""
        with self._opening:
            if self._index is None:
                self._index = Index(self._files)
            return self._index

    def check_writable(self) -> None:
        """Make sure, before anything is spoken, that takes can be kept.

        Raises:
            CsmError: they cannot.
        """
        self._files.check()

    def load(self, take_id: str) -> Take | None:
        """A take, if it is there and whole: sidecar, codes and audio agree. Else None."""
        take = self._sidecar(take_id)
        if take is None or (CODES not in take.files and any(part.frames for part in take.parts)):
            return None
        audio, samples = self._bytes(take, AUDIO), take.samples
        if audio is None or (samples and flac_size(audio) != (take.rate, samples)):
            return None
        if CODES in take.files:
            codes = self._bytes(take, CODES)
            if codes is None or (read := codes_from(codes)) is None or len(read) != take.frames:
                return None
        return take

    def peek(self, take_id: str) -> Take | None:
        """A take by its sidecar alone, its files unchecked; None if there is none or it is damaged."""
        return self._sidecar(take_id)

    def codes(self, take: Take) -> list[Codes]:
        """Codes int16 `[frames, codebooks]` of each part; empty for a recording that was never encoded.

        Raises:
            CsmError: the file is damaged or gone.
        """
        if CODES not in take.files:
            return []
        data = self._bytes(take, CODES)
        codes = None if data is None else codes_from(data)
        if codes is None or len(codes) != take.frames:
            raise self._damaged(take, CODES)
        ends = np.cumsum([part.frames for part in take.parts])[:-1]
        return [as_codes(part) for part in np.split(codes, ends)]

    def audio(self, take: Take) -> list[np.ndarray]:
        """The sound of each part as it was spoken, untrimmed: float32 mono `[samples]` at `take.rate`.

        Raises:
            CsmError: the file is damaged or gone.
        """
        import soundfile

        data = self._bytes(take, AUDIO)
        if data is None:
            raise self._damaged(take, AUDIO)
        if not take.samples:
            return [np.zeros(0, dtype=np.float32) for _ in take.parts]
        try:  # a hundred kilobytes may hold hours of silence
            with soundfile.SoundFile(io.BytesIO(data)) as file:
                stated = (file.channels, file.samplerate, file.frames)
                if stated != (1, take.rate, take.samples) or take.samples > MAX_SECONDS * take.rate:
                    raise self._damaged(take, AUDIO)
                sound = file.read(take.samples, "float32")
        except soundfile.SoundFileError as error:
            raise self._damaged(take, AUDIO) from error
        if sound.size != take.samples:
            raise self._damaged(take, AUDIO)
        return np.split(sound, np.cumsum([part.samples for part in take.parts])[:-1])

    def audio_path(self, take: Take) -> Path | None:
        """The audio's file; None for a store that is no folder."""
        return self._files.path(take.id + AUDIO)

    def audio_where(self, take: Take) -> str:
        """Where the audio lies: a path, or a URL."""
        return self._files.where(take.id + AUDIO)

    def audio_bytes(self, take: Take) -> bytes:
        """The audio's file as it is, a FLAC.

        Raises:
            CsmError: the file is damaged or gone.
        """
        data = self._bytes(take, AUDIO)
        if data is None:
            raise self._damaged(take, AUDIO)
        return data

    def save(self, take: Take, codes: Sequence[Codes], audio: Sequence[np.ndarray]) -> Take:
        """Keep a take; what is there under its id is replaced.

        Args:
            take: `files` and `peaks` are filled in here.
            codes: int16 `[frames, codebooks]` of each part; none for a recording.
            audio: float `[samples]` of each part.

        Raises:
            CsmError: the disk is full or may not be written. What was there before stays whole.
        """
        sound = np.concatenate([to_pcm16(part) for part in audio]) if len(audio) else np.zeros(0, "<i2")
        files = {AUDIO: flac(sound, take.rate)}
        if len(codes):
            files[CODES] = as_npy(codes)
        for kind, data in files.items():
            self._files.write(take.id + kind, data, sync=False)  # damage shows by the hashes in the sidecar
        described = {kind: _description(data) for kind, data in files.items()}
        return self.update(replace(take, files=described, peaks=peaks_of(sound)))

    def add_codes(self, take: Take, codes: Sequence[Codes]) -> Take:
        """Give a recording its codes, so that it can be in the context of later lines."""
        parts = tuple(replace(part, frames=len(each)) for part, each in zip(take.parts, codes, strict=True))
        data = as_npy(codes)
        self._files.write(take.id + CODES, data)
        files = {**take.files, CODES: _description(data)}
        return self.add_findings(replace(take, parts=parts, files=files))

    def add_findings(self, take: Take) -> Take:
        """Write what has been found out about a take since it was read: its codes, a score.

        Pins and choices stay those on the disk: a person may have made them meanwhile, from another process.

        Raises:
            CsmError: it cannot be written.
        """
        there = self._sidecar(take.id)
        return self.update(take if there is None else replace(take, pins=there.pins, chosen=there.chosen))

    def update(self, take: Take) -> Take:
        """Write a take's sidecar again, with its pins and choices; see also `add_findings`.

        Raises:
            CsmError: it cannot be written.
        """
        self._files.write(take.id + SIDECAR, take.to_json().encode())
        self.index.add(Row.of(take))
        return take

    def remove(self, take_id: str) -> None:
        """Remove a take: the sidecar first, so that it is gone at once.

        Raises:
            CsmError: it cannot be removed.
        """
        for kind in (SIDECAR, CODES, AUDIO):
            self._files.remove(take_id + kind)
        self.index.remove(take_id)

    def size(self, take_id: str) -> int:
        """Bytes that a take takes up."""
        return sum(len(self._files.read(take_id + kind) or b"") for kind in (SIDECAR, CODES, AUDIO))

    def close(self) -> None:
        """Write what makes the next opening quicker."""
        if self._index is not None:
            self._index.close()

    def _sidecar(self, take_id: str) -> Take | None:
        try:
            take = take_from_json(self._files.read(take_id + SIDECAR) or b"")
        except ValueError:
            return None
        if take.id != take_id:
            return None
        if self._index is not None:
            self._index.check(take)
        return take

    def _bytes(self, take: Take, kind: str) -> bytes | None:
        data, description = self._files.read(take.id + kind), take.files.get(kind, {})
        if data is None or hashlib.sha256(data).hexdigest() != description.get("sha256"):
            return None
        return data

    def _damaged(self, take: Take, kind: str) -> CsmError:
        return CsmError(
            "is damaged or gone",
            where=self._files.where(take.id + kind),
            remedy="render again: the line is then spoken anew",
        )


def _description(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


class TakeWriter:
    """Saves takes in the background. Use it as a context: leaving waits for all.

    Args:
        store: where they go.
    """

    def __init__(self, store: TakeStore):
        self.store = store
        self._pool = ThreadPoolExecutor(THREADS, "takes")
        self._waiting: deque[Future[Take]] = deque()

    def save(self, take: Take, codes: Sequence[Codes], audio: Sequence[np.ndarray]) -> None:
        """Begin to save a take.

        Raises:
            CsmError: this or an earlier one cannot be written.
        """
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self.store.save, take, codes, audio))

    def wait(self) -> None:
        """Until all is on the disk.

        Raises:
            CsmError: one cannot be written.
        """
        while self._waiting:
            self._waiting.popleft().result()

    def give_up(self) -> None:
        """Until all that can be is on the disk; what cannot was reported by `save` or `wait`."""
        while self._waiting:
            with suppress(CsmError):
                self.wait()

    def __enter__(self) -> TakeWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            self.wait()
