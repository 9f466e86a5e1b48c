"""`Engine`: a loaded model. Utterances in, codes out; audio to codes and back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.core.errors import CsmError
from csm_cli.core.types import (
    DEFAULT_MAX_CHARACTERS,
    Codes,
    Segment,
    Speech,
    Utterance,
    as_codes,
    cues_of,
    sampler_of,
)
from csm_cli.engine.codec import Codec
from csm_cli.engine.codec_stream import CodecStream
from csm_cli.engine.decoding import Audio, CodecBatches, LineDecoder, line_decoder
from csm_cli.engine.devices import (
    ALL,
    NONE,
    one_thread,
    pick_device,
    pick_dtype,
    use_cpu_threads,
)
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import choose_linear
from csm_cli.engine.prompt import Prompter
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.weights import load_weights

_log = logging.getLogger(__name__)


class Engine:
    """A CSM on one device. Make one with `Engine.load`.

    Attributes:
        model_id: a Hub id or the folder's name.
        files: of its checkpoint; its output depends on them, prompt, sampler and seed alone.
        device, dtype: of backbone and depth decoder; the codec is in float32.
        sample_rate: samples a second (24000).
        frame_samples: samples a frame (1920).
        frame_rate: frames a second (12.5).
        num_codebooks: codes a frame.
        max_positions: prompt and frames together cannot exceed this.
        max_characters: longest text that the model is good at (`max_characters` in config.json, else 250).
        shipped_speakers: shipped voices that it was trained on, under the tags from 0 (`shipped_speakers` in
            config.json, else 0).
        cues: such as "laughs", that it has learned to utter (`cues` in config.json, else none).
        default_sampler: of `generation_config.json`; see `core.types.sampler_of`.
        seconds_loading: how long `load` took.
        quantize: `int8` or `fp8`, what weights and activations of the layers are rounded to; or None.
        eager: every speed-up is turned off.
        notice: called with a line of text for the user.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        weights: Weights,
        codec: Codec,
        prompter: Prompter,
        seconds_loading: float = 0.0,
        *,
        quantize: str | None = None,
        eager: bool = False,
        notice: Callable[[str], None] = _log.warning,
    ) -> None:
        config = checkpoint.config
        self.model_id, self.files = checkpoint.model_id, checkpoint.identity_files
        self.weights, self.codec, self.prompter = weights, codec, prompter
        self.device, self.dtype = weights.text.device, weights.text.dtype
        self.sample_rate: int = codec.sample_rate
        self.frame_samples: int = codec.frame_samples
        self.frame_rate: float = codec.sample_rate / codec.frame_samples
        self.num_codebooks: int = config["num_codebooks"]
        self.max_positions: int = config["max_position_embeddings"]
        self.max_characters: int = config.get("max_characters", DEFAULT_MAX_CHARACTERS)
        self.shipped_speakers: int = config.get("shipped_speakers", 0)
        self.cues: tuple[str, ...] = cues_of(config)
        self.default_sampler = sampler_of(checkpoint.generation_config())
        self.seconds_loading = seconds_loading
        self.quantize, self.eager, self.notice = quantize, eager, notice
        half = weights.text.dtype != torch.float32
        self._lines = CodecBatches(codec, fast=not eager, half=half, notice=notice)

    @classmethod
    def load(
        cls,
        model: str | Path,
        device: str = "auto",
        dtype: str | torch.dtype | None = None,
        revision: str | None = None,
        *,
        quantize: str | None = None,
        eager: bool = False,
        in_haste: bool = False,
        notice: Callable[[str], None] = _log.warning,
    ) -> Engine:
        """Load a checkpoint.

        Args:
            model: a folder, a weight file, "demo", or a Hub id whose files are in the Hub cache; transformers
                format, original format, or a LoRA adapter.
            device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
            dtype: of backbone and depth decoder; None: bfloat16 on cuda, else float32.
            revision: of a Hub id.
            quantize: round the layers' weights and what goes into them to `int8` (CPU, CUDA) or `fp8` (CUDA).
            eager: turn every speed-up off; the reference for all others.
            in_haste: for a line or two: do not spend seconds on compiling loops, which pays for a book only.
            notice: called with a line of text for the user, as when memory runs out.

        Raises:
            MissingError: checkpoint or device is missing, or a file is damaged.
            UsageError: no such kind of device or number type, or options that exclude each other.
        """
        began = time.perf_counter()
        where = pick_device(device)
        kind = pick_dtype(dtype, where)
        if where.type == "cpu":
            use_cpu_threads()
        linear = choose_linear(where, kind, quantize, eager)
        checkpoint = find_checkpoint(model, revision)
        prompter = Prompter(checkpoint.tokenizer_file, checkpoint.config)
        tensors = checkpoint.tensors()
        weights = load_weights(checkpoint.config, tensors, where, kind, linear, compile_loops=not in_haste)
        if weights.kernels is not None:
            weights.kernels.warm(notice)
        codec = Codec(checkpoint.config["codec_config"], tensors, checkpoint.config["num_codebooks"], where)
        return cls(
            checkpoint,
            weights,
            codec,
            prompter,
            time.perf_counter() - began,
            quantize=quantize,
            eager=eager,
            notice=notice,
        )

    def positions(self, context: Sequence[Segment] | Utterance, utterance: Utterance | None = None) -> int:
        """Positions a prompt takes; with `max_frames` more, `max_positions` may not be exceeded.

        Args:
            context: segments; or an utterance, which stands for its context and itself.
            utterance: whose own text follows; its context is not counted.
        """
        if isinstance(context, Utterance):
            return self.prompter.positions(context.context, context)
        return self.prompter.positions(context, utterance)

    def speak(
        self, utterances: Sequence[Utterance], on_frame: Callable[[int], None] | None = None
    ) -> list[Speech]:
        """Generate lines in one batch. Each has its own seed and does not depend on the others.

        In float32 a line's codes are those it has alone, as long as two candidates do not tie to within the
        rounding of a matrix product (about 1e-6).

        Args:
            on_frame: called after each frame with the number of frames so far.

        Returns:
            one `Speech` for each utterance, in order.

        Raises:
            CsmError: a prompt with its `max_frames` exceeds `max_positions`, or a context is not of this
                model.
        """
        scheduler = self.scheduler(max(1, len(utterances)))
        tickets = [scheduler.submit(utterance) for utterance in utterances]
        done: dict[int, Speech] = {}
        frames = 0
        while scheduler.unfinished:
            done |= scheduler.advance()
            frames += 1
            if on_frame is not None:
                on_frame(frames)
        return [done[ticket] for ticket in tickets]

    def scheduler(self, count: int) -> BatchScheduler:
        """A scheduler that decodes at most `count` lines side by side."""
        return BatchScheduler(
            self.weights,
            self.prompter,
            count,
            self.max_positions,
            speed=NONE if self.eager else ALL,
            notice=self.notice,
        )

    def line_decoder(self) -> LineDecoder[Any]:
        """What decodes lines while the frames of others are generated; with `eager`, in turn."""
        return LineDecoder(self.decode, 0) if self.eager else line_decoder(self.decode, self.device)

    def stream(self, utterance: Utterance) -> Generator[Codes, None, bool]:
        """Generate one line, frame by frame: int16 `[1, codebooks]` each, as soon as it is sampled.

        Returns (as the generator's value) whether an EOS frame came. Same codes as `speak`, same errors.
        """
        scheduler = self.scheduler(1)
        ticket = scheduler.submit(utterance)
        yielded = 0
        while scheduler.unfinished:
            done = dict(scheduler.advance())
            frames = done[ticket].codes if ticket in done else scheduler.output(ticket)
            for frame in frames[yielded:]:
                yield frame[None]
            yielded = len(frames)
            if ticket in done:
                return done[ticket].ended
        return False

    @property
    def codec_id(self) -> str:
        """A hexadecimal digest; two engines with the same one encode audio to the same codes."""
        return self.codec.identity

    def encode(self, audio: Audio) -> Codes:
        """Audio `[samples]` at `sample_rate` → codes int16 `[ceil(samples / frame_samples), codebooks]`.

        Raises:
            CsmError: the audio is not one-dimensional.
        """
        audio = np.asarray(audio, dtype=np.float32)
        if audio.ndim != 1:
            raise CsmError(f"audio must be mono, one-dimensional; its shape is {audio.shape}")
        if audio.size == 0:
            return np.zeros((0, self.num_codebooks), dtype=np.int16)
        with one_thread(self.device):
            codes = self.codec.encode(torch.from_numpy(np.ascontiguousarray(audio))[None])[0]
        return codes.cpu().numpy().astype(np.int16)

    def decode(self, codes: Sequence[Codes]) -> list[Audio]:
        """Codes `[frames, codebooks]` of any number of lines → audio `[frames * frame_samples]` each.

        Raises:
            CsmError: the codes are not of this model, or there is not enough memory for a single line.
        """
        lines = [as_codes(line) for line in codes]
        for line in lines:
            self.prompter.check_codes(line)
        return self._lines(lines)

    def decode_stream(self) -> CodecStream:
        """What decodes one line piece by piece, while it is being generated; by one thread at a time."""
        return CodecStream(self.codec)
