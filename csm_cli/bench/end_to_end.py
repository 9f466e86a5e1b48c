"""Rendering the whole way, as a user's script is: prompts, frames, codec, files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from csm_cli.core.types import Utterance
from csm_cli.engine.decoding import LineDecoder
from csm_cli.engine.devices import Stopwatch
from csm_cli.engine.engine import Engine
from csm_cli.engine.scheduler import BatchScheduler

TEXT = "The boat turned slowly into the wind, and the old man at the helm said nothing at all."


def first_audio(engine: Engine) -> float:
    """Seconds from the request to the first 80 ms of sound, the best of three."""

    def once() -> float:
        began = time.perf_counter()
        line = Utterance(0, TEXT, seed=1, max_frames=2, sampler=engine.default_sampler)
        engine.decode([next(engine.stream(line))])
        return time.perf_counter() - began

    return min(once() for _ in range(3))


@dataclass
class EndToEnd:
    """Lines rendered the whole way: how much, and where the time went.

    Attributes:
        sound: seconds of it.
        seconds: that it took.
        prompts, frames: seconds of the device, one after the other.
        decoding: seconds that the codec took, beside them.
        waiting: seconds in which there were no frames to compute, but lines to decode.
        writing: seconds of writing files.
    """

    sound: float = 0.0
    seconds: float = 0.0
    prompts: float = 0.0
    frames: float = 0.0
    decoding: float = 0.0
    waiting: float = 0.0
    writing: float = 0.0

    @property
    def times_real_time(self) -> float:
        """Seconds of sound in a second."""
        return self.sound / self.seconds

    @property
    def host(self) -> float:
        """Seconds in which nothing of the above went on: the scheduler's own."""
        return max(0.0, self.seconds - self.prompts - self.frames - self.waiting - self.writing)

    def figures(self) -> dict[str, float]:
        """All of it as plain values."""
        return {"times_real_time": self.times_real_time, **asdict(self), "host": self.host}

    def in_words(self) -> str:
        """Shares of the time."""
        parts = {
            "prompts": self.prompts,
            "frames": self.frames,
            "codec alone": self.waiting,
            "files": self.writing,
            "host": self.host,
            "codec in all": self.decoding,
        }
        return ", ".join(f"{name} {part / self.seconds:.0%}" for name, part in parts.items())


def render_lines(
    scheduler: BatchScheduler, decoder: LineDecoder[int], write: Callable[[int, np.ndarray], None]
) -> EndToEnd:
    """Generate what has been submitted, decode it beside, as `csm render` does, and write it.

    Args:
        write: called with ticket and audio `[samples]`.
    """
    found = EndToEnd()
    scheduler.stopwatch = Stopwatch(scheduler.device)
    with _timed(found, "seconds"):
        while scheduler.unfinished or decoder.pending:
            if scheduler.unfinished:
                spoken = scheduler.advance()
                decoder.submit([(ticket, speech.codes) for ticket, speech in spoken if len(speech.codes)])
                decoded = decoder.finished()
            else:
                with _timed(found, "waiting"):
                    decoded = decoder.finished(patient=True)
            with _timed(found, "writing"):
                for ticket, sound in decoded:
                    write(ticket, sound)
    measured = scheduler.stopwatch.seconds()
    found.prompts, found.frames = measured.get("prompts", 0.0), measured.get("frames", 0.0)
    found.decoding = decoder.seconds
    return found


def end_to_end(engine: Engine, batch: int) -> EndToEnd:
    """Render two lines for each slot into files."""
    from csm_cli.audio.files import write_wav

    scheduler, seconds = engine.scheduler(batch), [0.0]
    for seed in range(2 * batch):
        scheduler.submit(Utterance(0, TEXT, seed=seed, max_frames=100, sampler=engine.default_sampler))
    with tempfile.TemporaryDirectory(prefix="csm-bench-") as folder:

        def write(ticket: int, sound: np.ndarray) -> None:
            seconds[0] += len(sound) / engine.sample_rate
            samples = (sound * 32767).clip(-32768, 32767).astype(np.int16)
            with (Path(folder) / f"{ticket}.wav").open("wb") as file:
                write_wav(file, samples, engine.sample_rate)

        found = render_lines(scheduler, engine.line_decoder(), write)
    found.sound = seconds[0]
    return found


@contextmanager
def _timed(found: EndToEnd, name: str) -> Iterator[None]:
    """Add the body's seconds to an attribute."""
    began = time.perf_counter()
    try:
        yield
    finally:
        setattr(found, name, getattr(found, name) + time.perf_counter() - began)
