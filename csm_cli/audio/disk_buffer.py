"""A buffer on the disk: float32 mono samples, read in blocks, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

BLOCK = 1 << 19  # samples: 22 s at 24 kHz, 2 MB


class DiskBuffer:
    """float32 samples in a file. A sample that was never written reads as 0 and takes no room on the disk.

    Args:
        path: of the file; one that exists is overwritten.
    """

    def __init__(self, path: Path):
        self.path = path
        self.size = 0
        self._file = path.open("w+b", buffering=0)

    def __enter__(self) -> DiskBuffer:
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close and remove the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def resize(self, size: int) -> None:
        """Set the length to `size` samples: cut off, or extended by silence."""
        self._file.truncate(4 * size)
        self.size = size

    def mix(self, position: int, audio: np.ndarray) -> None:
        """Add `audio`, float `[samples]`, to the samples from `position` on; extends the buffer if needed."""
        overlap = max(0, min(self.size - position, audio.size))
        if overlap:
            audio = audio.astype(np.float32)
            audio[:overlap] += self.read(position, position + overlap)
        self.write(position, audio)

    def write(self, position: int, audio: np.ndarray) -> None:
        """Overwrite the samples from `position` on with `audio`, float `[samples]`."""
        data = memoryview(np.ascontiguousarray(audio, dtype="<f4").data).cast("B")
        self._file.seek(4 * position)
        try:
            while data:  # an unbuffered file may take less than it is given
                data = data[self._file.write(data) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self.size = max(self.size, position + audio.size)

    def append(self, audio: np.ndarray) -> None:
        """Write `audio`, float `[samples]`, behind the last sample."""
        self.write(self.size, audio)

    def read(self, start: int, end: int) -> np.ndarray:
        """float32 `[end - start]`; zeros before the first sample and after the last."""
        first, last = max(0, start), min(end, self.size)
        if last <= first:
            return np.zeros(max(0, end - start), dtype=np.float32)
        self._file.seek(4 * first)
        audio = np.frombuffer(self._file.read(4 * (last - first)), dtype="<f4")
        return np.pad(audio, (first - start, end - last)) if (first, last) != (start, end) else audio.copy()

    def blocks(self, size: int = BLOCK) -> Iterator[np.ndarray]:
        """All samples in order, at most `size` at a time."""
        for start in range(0, self.size, size):
            yield self.read(start, min(start + size, self.size))
