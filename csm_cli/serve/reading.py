"""A text on its way to sound: sentence after sentence through the slots, those before as context.

What decides how `csm say` speaks a text decides it here: spoken form, lexicon, parts, seeds, caps, checks,
further tries, context.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from csm_cli.audio.files import CLIP_SECONDS, read_audio
from csm_cli.audio.level import DEFAULT_LOUDNESS
from csm_cli.audio.trim import MARGIN_SECONDS, loudest_frame, trim
from csm_cli.core.types import Codes, Speech, Utterance
from csm_cli.rendering.chain import ChainInProgress, SpeakConfig, Work
from csm_cli.rendering.delivered import PART_GAP_SECONDS
from csm_cli.rendering.live import speech_gain
from csm_cli.rendering.models import Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.project import JobPlan
from csm_cli.rendering.requests import ModelTraits
from csm_cli.rendering.say import PAUSES, Saying
from csm_cli.rendering.session import speak_config
from csm_cli.serve.engine_thread import EngineThread, Job
from csm_cli.serve.sound import Shaper
from csm_cli.serve.unkept import KeptSounds, Unkept
from csm_cli.verify import Verifier
from csm_cli.web.errors import ApiError

if TYPE_CHECKING:
    from csm_cli.engine import Engine

Mode = Literal["checked", "frames"]
"""`checked`: each part is sent after its checks and further tries; `frames`: as it comes, unchecked."""

FRAMES_FIRST, FRAMES_MORE, FRAMES_MOST = 4, 4, 16
"""Frames that are decoded and sent together: four at first, four more each time, 16 at most. Where a line is
cut does not depend on the clock: the same request gives the same bytes.
"""


@dataclass(frozen=True)
class Ask:
    """What is to be said, and how.

    Args:
        text: as it is written.
        voice: its name; "" for the default one.
        speed: so many times the tempo.
        seed, temperature: None: as csm's own.
        mode: what is waited for.
    """

    text: str
    voice: str = ""
    speed: float = 1.0
    seed: int | None = None
    temperature: float | None = None
    mode: Mode = "checked"


class Reader:
    """Makes readings for one engine.

    Args:
        engine: the model, loaded.
        thread: that speaks with it.
        decoders: threads in which codes become sound.
        options: of the server; seed and temperature are those of the request.
        limits: of the model.
        project: whose voices and lexicon come first.
    """

    def __init__(
        self,
        engine: Engine,
        thread: EngineThread,
        decoders: Executor,
        options: RenderOptions,
        limits: Limits,
        project: Path,
    ):
        self.engine, self.thread, self.project = engine, thread, project
        self.traits = ModelTraits.of(engine, limits)
        self._decoders, self._options = decoders, options

    def read(self, ask: Ask) -> Reading:
        """Plan a request; nothing is spoken yet.

        Raises:
            MissingError: there is no such voice.
            ApiError: there is nothing to say, or nothing that the model can say.
        """
        if not any(map(str.isalnum, ask.text)):
            raise ApiError(
                422, "nothing_to_say", "there is nothing to say", "give at least one word", "input"
            )
        saying = Saying(ask.text, ask.voice, self.project)
        options = replace(self._options, seed=ask.seed, temperature=ask.temperature)
        plan = saying.plan(options, self.traits)
        if not plan.chains[0].characters:
            what = f"{self.traits.identity.id} can say nothing of this text"
            raise ApiError(422, "nothing_to_say", what, "write it in letters that it has learned", "input")
        retries = options.retries if ask.mode == "checked" else 0
        config = replace(speak_config(options, Verifier(), batch=1), retries=retries)
        return Reading(self, plan, ask, config)

    def decode(self, function: Callable[[], np.ndarray]) -> np.ndarray:
        """Have codes made sound, beside the engine's frames."""
        return self._decoders.submit(function).result()


class Reading:
    """One request; `blocks` is used once, in a thread of its own.

    Args:
        reader: that made it.
        plan: what there is to speak, one chain.
        ask: the request.
        config: how it is spoken.
    """

    def __init__(self, reader: Reader, plan: JobPlan, ask: Ask, config: SpeakConfig):
        self._reader, self._plan, self._ask, self._config = reader, plan, ask, config
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._given_up = False
        self._frames = 0
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        gain, self._loudest = self._level()
        self._shaper = Shaper(reader.engine.sample_rate, ask.speed, gain)

    @property
    def chain(self) -> Chain:
        """The lines, one a paragraph."""
        return self._plan.chains[0]

    @property
    def unspoken(self) -> str:
        """Characters of the text that the model cannot say, each once."""
        return "".join(sorted({each for line in self.chain.lines for each in line.unspoken}))

    @property
    def seconds(self) -> float:
        """Expected length of the sound, pauses left out."""
        return self.chain.seconds / self._ask.speed

    @property
    def sent_seconds(self) -> float:
        """Of sound so far."""
        return self._shaper.seconds

    @property
    def frames(self) -> int:
        """That were generated so far, further tries among them."""
        return self._frames

    def cancel(self) -> None:
        """Give it up, from any thread: `blocks` ends with a CancelledError."""
        with self._lock:
            self._given_up, job = True, self._job
        if job is not None:
            self._reader.thread.cancel(job)

    def blocks(self) -> Iterator[np.ndarray]:
        """The sound, float32 `[samples]` each, as it is spoken.

        Raises:
            CancelledError: it was given up, or the server ends.
            CsmError: it cannot be spoken.
        """
        engine, kept = self._reader.engine, KeptSounds()
        work = Work(self.chain, self._plan.references(engine), Unkept(self._config.verifier.checks), kept)
        chain = ChainInProgress(work, engine, self._config)
        pieces = self._streamed if self._ask.mode == "frames" else self._checked
        speed = self._ask.speed
        edge = MARGIN_SECONDS / speed  # of its own silence that speech keeps; pauses count from what sounds
        opening = [self._shaper.quiet(PAUSES.head - edge)]  # kept until there is something to follow it
        before: int | None = None
        while True:
            for _ in chain.advance():
                pass
            if chain.done:
                break
            line = len(chain.lines)
            breath = PART_GAP_SECONDS / speed
            gap = 0.0 if before is None else breath if line == before else PAUSES.paragraph - 2 * edge
            for block in pieces(chain, kept, gap):
                if block.size:
                    yield np.concatenate([*opening, block])
                    opening, before = [], line
        yield np.concatenate([*opening, self._shaper.quiet(PAUSES.tail - edge), self._shaper.finish()])

    def _checked(self, chain: ChainInProgress, kept: KeptSounds, gap: float) -> Iterator[np.ndarray]:
        """Speak the next piece; give what is kept for good by that."""
        self._settle(chain, list(self._sounds(chain.utterance())))
        for sound in kept.taken():
            yield self._shaper.quiet(gap)
            yield self._shaper.piece(sound)
            gap = PART_GAP_SECONDS / self._ask.speed

    def _streamed(self, chain: ChainInProgress, kept: KeptSounds, gap: float) -> Iterator[np.ndarray]:
        """Speak the next piece, and give it while it is spoken."""
        stream, sounds = self._shaper.stream(self._loudest), []
        yield self._shaper.quiet(gap)
        for sound in self._sounds(chain.utterance()):
            sounds.append(sound)
            yield stream.feed(sound)
        yield stream.finish()
        self._settle(chain, sounds)
        kept.taken()

    def _sounds(self, utterance: Utterance) -> Iterator[np.ndarray]:
        """The sound of a piece, decoded while it is generated; sets `_speech` at the end."""
        codec = self._reader.engine.decode_stream()
        self._submit(utterance)
        for codes, size in self._cut():
            yield self._reader.decode(partial(codec.decode, codes, size))

    def _settle(self, chain: ChainInProgress, sounds: list[np.ndarray]) -> None:
        """Have what was spoken judged."""
        self._frames += len(self._speech.codes)
        chain.receive(self._speech, np.concatenate([np.zeros(0, dtype=np.float32), *sounds]))
        candidates = chain.candidates()
        chain.judged(candidates, self._config.verifier.judge(candidates))
        chain.report_sounds()

    def _cut(self) -> Iterator[tuple[Codes, int]]:
        """Frames as they come, some at a time, with how many the codec takes; sets `_speech` at the end."""
        waiting: list[Codes] = []
        size = FRAMES_FIRST if self._ask.mode == "frames" else FRAMES_MOST
        while True:
            found = self._inbox.get()
            if isinstance(found, BaseException):
                raise found
            if isinstance(found, Speech):
                break
            waiting += [found[row : row + 1] for row in range(len(found))]
            while len(waiting) >= size:
                yield np.concatenate(waiting[:size]), size
                del waiting[:size]
                size = min(size + FRAMES_MORE, FRAMES_MOST)
        if waiting:
            yield np.concatenate(waiting), -(-len(waiting) // FRAMES_MORE) * FRAMES_MORE
        self._speech = found

    def _submit(self, utterance: Utterance) -> None:
        job = self._reader.thread.submit(utterance, self._inbox.put, self._inbox.put)
        with self._lock:
            self._job, given_up = job, self._given_up
        if given_up:
            self._reader.thread.cancel(job)

    def _level(self) -> tuple[float | None, float]:
        """(gain, loudest 5 ms) as far as they are foreseen: in frames those of the voice's clip."""
        rate = self._reader.engine.sample_rate
        if self._ask.mode == "checked":
            return None, 0.0
        for voice in self._plan.job.voices.values():
            if voice.audio is not None:
                clip = trim(read_audio(voice.audio, rate, CLIP_SECONDS), rate)
                return speech_gain(clip, rate, DEFAULT_LOUDNESS), loudest_frame(clip, rate)
        return 1.0, 0.0
