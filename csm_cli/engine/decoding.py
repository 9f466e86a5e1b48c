"""Codes of finished lines → audio: in batches, beside the frames of the lines that go on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from csm_cli.core.errors import CsmError, first_line
from csm_cli.core.types import Codes
from csm_cli.engine.codec import Codec
from csm_cli.engine.devices import is_out_of_memory, one_thread
from csm_cli.engine.gpu import fused_decoder
from csm_cli.engine.layout import round_up

Audio = NDArray[np.float32]
"""Mono audio in [-1, 1], float32 `[samples]`, at the codec's sample rate."""

Key = TypeVar("Key")

Decode = Callable[[list[Codes]], list[Audio]]
"""Codes `[frames, K]` of several lines → audio `[samples]` of each."""

_ROOM = 4096
"""Frames that the codec decodes at once, padding included: five minutes of audio, to bound its memory."""

_PRIORITY = -1
"""Of the codec's stream on a GPU: its kernels are small, and a chapter's next line waits for them."""

_ALIKE = 0.25
"""On a GPU, a batch has lines of this share of its length at least: padding costs as much as speech."""


class CodecBatches:
    """Decodes any number of lines with a codec.

    Args:
        fast: on CUDA, by fused kernels on a stream of its own: the codec does not wait for the frames, nor
            they for it.
        half: there in half precision.
        notice: called with a line of text for the user.
    """

    def __init__(
        self,
        codec: Codec,
        fast: bool = True,
        half: bool = False,
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._codec, self._notice = codec, notice
        self._gpu, self._room = codec.device.type != "cpu", _ROOM
        cuda = codec.device.type == "cuda" and fast
        self._stream = torch.cuda.Stream(codec.device, priority=_PRIORITY) if cuda else None
        self._fused: Callable[[Tensor, Sequence[int]], Tensor] | None = None
        self._alone = threading.Lock()
        if self._stream is not None:
            self._fused = fused_decoder(codec, torch.float16 if half else torch.float32)
            self._stream.wait_stream(torch.cuda.current_stream(codec.device))  # the weights are there

    def __call__(self, lines: Sequence[Codes]) -> list[Audio]:
        """Codes `[frames, K]` of each line → its audio `[frames * frame_samples]`.

        Raises:
            CsmError: there is not enough memory for a single line.
        """
        audio: list[Audio] = [np.zeros(0, dtype=np.float32)] * len(lines)
        waiting = [row for row in range(len(lines)) if len(lines[row])]
        waiting.sort(key=lambda row: len(lines[row]))
        while waiting:
            padded, rows = self._batch(lines, waiting)
            try:
                with torch.inference_mode(), one_thread(self._codec.device), self._beside():
                    sounds = self._decode(torch.from_numpy(padded), [len(lines[row]) for row in rows])
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                frames = padded.shape[1]
                if len(rows) == 1:
                    raise CsmError(
                        f"there is not enough memory to decode a line of {len(lines[rows[0]])} frames",
                        remedy="use a smaller --batch, or split the line",
                    ) from error
                self._room = frames * len(rows) // 2
                now = max(1, self._room // frames)
                self._notice(f"out of memory: decoding {now} lines at once from here on")
                continue
            del waiting[-len(rows) :]
            for row, sound in zip(rows, sounds, strict=True):
                audio[row] = sound
        return audio

    def _batch(self, lines: Sequence[Codes], waiting: list[int]) -> tuple[np.ndarray, list[int]]:
        """The longest lines that fit, padded, int64 `[B, frames, K]`, and which they are."""
        frames, count = len(lines[waiting[-1]]), 1
        if self._gpu:
            alike = sum(len(lines[row]) >= _ALIKE * frames for row in waiting)
            count = min(max(1, self._room // frames), alike)
        else:
            # One at a time, which costs nothing there: the shape of a batch changes how sums are rounded, and
            # a line's audio must not depend on the rest of the batch.
            frames = _bucket(frames)
        rows = waiting[-count:]
        padded = np.zeros((count, frames, lines[0].shape[1]), dtype=np.int64)
        for place, row in enumerate(rows):
            padded[place, : len(lines[row])] = lines[row]
        return padded, rows

    def _decode(self, codes: Tensor, lengths: Sequence[int]) -> list[Audio]:
        """Padded codes `[B, frames, K]` of lines of so many frames → their audio."""
        if self._fused is not None:
            try:
                with self._alone:  # recorded passes leave what they give in one place
                    audio = self._fused(codes, lengths)
                    # Asked on the device: it takes threads on the host, which wait long where others compute.
                    whole = bool(audio.isfinite().all())
                    found = audio.cpu().numpy()
            except Exception as error:  # triton's errors are of many kinds
                if is_out_of_memory(error):
                    raise
                self._fused, whole = None, False
                self._notice(f"the codec takes its plain way, which takes longer ({first_line(error)})")
            if whole:
                ends = np.cumsum(lengths) * self._codec.frame_samples
                return [each.copy() for each in np.split(found, ends[:-1])]
            # In half precision a loud enough layer would overflow.
        audio = self._codec.decode(codes).cpu()
        return [
            sound[: length * self._codec.frame_samples].copy()
            for sound, length in zip(audio.numpy(), lengths, strict=True)
        ]

    @contextmanager
    def _beside(self) -> Iterator[None]:
        if self._stream is None:
            yield
            return
        with torch.cuda.stream(self._stream):
            yield


_LINES = 64
"""Lines decoded in one call at most."""

_GATHER = 32
"""Lines that a call on a GPU should have."""

_THREADS = 4
"""Lines decoded at once on a CPU, at most: each takes some hundred megabytes, and the frames want cores."""

_PATIENCE = 0.1
"""Seconds that a line waits for others to be decoded with."""


def _bucket(frames: int) -> int:
    """The next of 16, 20, 24, 28, 32, 40, 48, …: little padding, and few lengths, because on a CPU a line of
    a new one takes twice as long: convolutions are made anew for it.
    """
    frames = max(frames, 16)
    return round_up(frames, 1 << (frames.bit_length() - 3))


class LineDecoder(Generic[Key]):
    """Decodes lines in threads.

    Args:
        decode: `Engine.decode`.
        workers: threads; a single one takes all lines that wait in one call. 0: none, lines are decoded in
            `submit`.
        gather: lines that a call should have, if they come within `_PATIENCE`: on a GPU many take little
            longer than one.
    """

    def __init__(self, decode: Decode, workers: int = 1, gather: int = 1) -> None:
        self._decode, self._workers, self._gather, self._since = decode, workers, gather, 0.0
        self._threads = ThreadPoolExecutor(workers, "csm-decode") if workers else None
        self._waiting: deque[tuple[Key, Codes]] = deque()
        self._done: deque[tuple[Key, np.ndarray]] = deque()
        self._running: list[Future[None]] = []
        self.pending = 0
        """Lines submitted and not yet returned."""
        self.seconds = 0.0
        """That the workers have decoded for, all together."""

    @property
    def beside(self) -> bool:
        """Whether lines are decoded beside whatever else goes on."""
        return self._threads is not None

    def submit(self, lines: Sequence[tuple[Key, Codes]]) -> None:
        """Queue lines, which `finished` returns under their keys."""
        if not self._waiting:
            self._since = time.monotonic()
        self.pending += len(lines)
        self._waiting.extend(lines)
        if self._threads is None:
            self._run()
        self._start()

    def finished(self, patient: bool = False) -> list[tuple[Key, np.ndarray]]:
        """Lines decoded since the last call.

        Args:
            patient: wait for one, if any is pending.

        Raises:
            CsmError: as `Engine.decode`.
        """
        self._start(patient)
        while patient and self._running and not self._done:
            wait(self._running, return_when=FIRST_COMPLETED)
            self._start(patient)
        found = [self._done.popleft() for _ in range(len(self._done))]
        self.pending -= len(found)
        return found

    def _start(self, at_once: bool = False) -> None:
        """Collect what has failed, and set workers on what waits."""
        for ended in [each for each in self._running if each.done()]:
            self._running.remove(ended)
            ended.result()
        few = len(self._waiting) < self._gather and time.monotonic() < self._since + _PATIENCE
        if self._threads is None or (few and not at_once):
            return
        while self._waiting and len(self._running) < self._workers:
            share = -(-len(self._waiting) // self._workers)
            lines = [self._waiting.popleft() for _ in range(min(share, _LINES))]
            self._running.append(self._threads.submit(self._take, lines))

    def _run(self) -> None:
        while self._waiting:
            self._take([self._waiting.popleft()])

    def _take(self, lines: list[tuple[Key, Codes]]) -> None:
        began = time.perf_counter()
        sounds = self._decode([codes for _, codes in lines])
        self.seconds += time.perf_counter() - began
        # All at once, so that the lines of a call are returned together.
        self._done.extend([(key, sound) for (key, _), sound in zip(lines, sounds, strict=True)])


def line_decoder(decode: Decode, device: torch.device) -> LineDecoder[Any]:
    """What suits a device: lines on some cores, or several at a time on a GPU's second stream."""
    if device.type == "cpu":
        return LineDecoder(decode, min(_THREADS, torch.get_num_threads()))
    return LineDecoder(decode, 1, _GATHER)
