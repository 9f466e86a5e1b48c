"""`Engine`: a loaded voice. Utterances in, codes out; audio to codes and back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.core.errors import CsmError
from csm_cli.core.types import Codes, Sampler, Segment, Speech, Utterance, as_codes, sampler_of
from csm_cli.engine.codec import Codec
from csm_cli.engine.devices import is_out_of_memory, one_thread, pick_device, pick_dtype, use_cpu_threads
from csm_cli.engine.graphs import check_graphs
from csm_cli.engine.linears import choose_linear
from csm_cli.engine.prompt import Prompter
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.weights import Weights, load_weights

Audio = NDArray[np.float32]
"""Mono audio in [-1, 1], float32 `[samples]`, at `Engine.sample_rate`."""

_log = logging.getLogger(__name__)

_DECODE_FRAMES = 3000
"""Frames that the codec decodes at once, padding included: four minutes of audio, for the sake of memory."""


class Engine:
    """A CSM on one device. Make one with `Engine.load`.

    Attributes:
        model_id: what it was loaded as: a Hub id or the folder's name.
        files: of its checkpoint: what decides, with prompt, sampler and seed, what it says.
        device, dtype: where backbone and depth decoder run, and in what; the codec is in float32.
        sample_rate: samples a second (24000).
        frame_samples: samples a frame (1920).
        frame_rate: frames a second (12.5).
        num_codebooks: codes a frame.
        max_positions: prompt and frames together cannot exceed this.
        max_characters: longest text that the model reads well (`max_characters` in config.json, else 250).
        shipped_speakers: shipped voices that it was trained on, under the tags from 0 (`shipped_speakers` in
            config.json, else 0).
        default_sampler: what `generation_config.json` says; temperature 0.9 and top-k 50 where it says
            nothing.
        seconds_loading: how long `load` took.
        quantize: what the layers' products are rounded to; None: nothing is.
        eager: every speed-up is turned off.
        graphs: whole frames are recorded on CUDA.
        notice: told, in a line, what the user should know.
    """

    def __init__(
        self,
        model_id: str,
        config: dict[str, Any],
        weights: Weights,
        codec: Codec,
        prompter: Prompter,
        default_sampler: Sampler = Sampler(),
        seconds_loading: float = 0.0,
        files: tuple[Path, ...] = (),
        *,
        quantize: str | None = None,
        eager: bool = False,
        graphs: bool = False,
        notice: Callable[[str], None] = _log.warning,
    ) -> None:
        self.model_id, self.files = model_id, files
        self.weights, self.codec, self.prompter = weights, codec, prompter
        self.device, self.dtype = weights.text.device, weights.text.dtype
        self.sample_rate: int = codec.sample_rate
        self.frame_samples: int = codec.frame_samples
        self.frame_rate: float = codec.sample_rate / codec.frame_samples
        self.num_codebooks: int = config["num_codebooks"]
        self.max_positions: int = config["max_position_embeddings"]
        self.max_characters: int = config.get("max_characters", 250)
        self.shipped_speakers: int = config.get("shipped_speakers", 0)
        self.default_sampler = default_sampler
        self.seconds_loading = seconds_loading
        self.quantize, self.eager, self.graphs, self.notice = quantize, eager, graphs, notice

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
        graphs: bool = False,
        in_haste: bool = False,
        notice: Callable[[str], None] = _log.warning,
    ) -> Engine:
        """Load a checkpoint.

        Args:
            model: a folder, a weight file, or a Hub id whose files are in the Hub cache; transformers format,
                original format, or a LoRA adapter.
            device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
            dtype: of backbone and depth decoder; None: bfloat16 on cuda, else float32.
            revision: of a Hub id.
            quantize: round the layers' weights and what goes into them to `int8` (CPU, CUDA) or `fp8` (CUDA).
            eager: turn every speed-up off; the reference for all others.
            graphs: on CUDA, record whole frames and play them again. Never yet run on a GPU.
            in_haste: for a line or two: do not spend seconds on compiling what only a book is faster with.
            notice: told, in a line, what the user should know, as when memory runs out.

        Raises:
            MissingError: checkpoint or device is not there, or a file is damaged.
            UsageError: no such kind of device or number type.
        """
        began = time.perf_counter()
        where = pick_device(device)
        kind = pick_dtype(dtype, where)
        if where.type == "cpu":
            use_cpu_threads()
        linear = choose_linear(where, kind, quantize, eager)
        check_graphs(where, graphs, eager)
        checkpoint = find_checkpoint(model, revision)
        prompter = Prompter(checkpoint.tokenizer_file, checkpoint.config)
        tensors = checkpoint.tensors()
        weights = load_weights(checkpoint.config, tensors, where, kind, linear, compile_loops=not in_haste)
        if weights.kernels is not None:
            weights.kernels.warm(notice)
        codec = Codec(checkpoint.config["codec_config"], tensors, checkpoint.config["num_codebooks"], where)
        return cls(
            checkpoint.model_id,
            checkpoint.config,
            weights,
            codec,
            prompter,
            sampler_of(checkpoint.generation_config()),
            time.perf_counter() - began,
            checkpoint.identity_files,
            quantize=quantize,
            eager=eager,
            graphs=graphs,
            notice=notice,
        )

    def positions(self, heard: Sequence[Segment] | Utterance, utterance: Utterance | None = None) -> int:
        """Positions a prompt takes; with `max_frames` more, `max_positions` may not be exceeded.

        Args:
            heard: segments; or an utterance, which stands for its context and itself.
            utterance: whose own text follows; its context is not counted.
        """
        if isinstance(heard, Utterance):
            return self.prompter.positions(heard.context, heard)
        return self.prompter.positions(heard, utterance)

    def speak(
        self, utterances: Sequence[Utterance], on_frame: Callable[[int], None] | None = None
    ) -> list[Speech]:
        """Speak lines together. Each has its own seed and does not depend on the others.

        In float32 a line's codes are those it has alone, as long as two candidates do not tie to within the
        rounding of a matrix product (about 1e-6).

        Args:
            utterances: the lines; none gives none.
            on_frame: called with the number of frames done after each.

        Raises:
            CsmError: a prompt with its `max_frames` exceeds `max_positions`, or a context is not of this
                model.
        """
        scheduler = self.scheduler(max(1, len(utterances)))
        tickets = [scheduler.submit(utterance) for utterance in utterances]
        spoken: dict[int, Speech] = {}
        frames = 0
        while scheduler.unfinished:
            spoken |= scheduler.advance()
            frames += 1
            if on_frame is not None:
                on_frame(frames)
        return [spoken[ticket] for ticket in tickets]

    def scheduler(self, count: int) -> BatchScheduler:
        """Speak lines side by side, at most `count` at once; see `BatchScheduler`."""
        return BatchScheduler(
            self.weights,
            self.prompter,
            count,
            self.max_positions,
            eager=self.eager,
            graphs=self.graphs,
            notice=self.notice,
        )

    def stream(self, utterance: Utterance) -> Generator[Codes, None, bool]:
        """Speak one line, frame by frame: int16 `[1, codebooks]` each, as soon as it is there.

        Returns (as the generator's value) whether an EOS frame came. Same codes as `speak`, same errors.
        """
        scheduler = self.scheduler(1)
        ticket = scheduler.submit(utterance)
        given = 0
        while scheduler.unfinished:
            done = dict(scheduler.advance())
            frames = done[ticket].codes if ticket in done else scheduler.spoken(ticket)
            for frame in frames[given:]:
                yield frame[None]
            given = len(frames)
            if ticket in done:
                return done[ticket].ended
        return False

    @property
    def codec_id(self) -> str:
        """Changes whenever the same audio would give other codes; hexadecimal."""
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
        audio: list[Audio] = [np.zeros(0, dtype=np.float32)] * len(lines)
        waiting = sorted(
            (row for row in range(len(lines)) if len(lines[row])), key=lambda row: len(lines[row])
        )
        room = _DECODE_FRAMES
        while waiting:
            longest = len(lines[waiting[-1]])
            # On the CPU one at a time, which costs nothing there: the shape of a batch changes how sums are
            # rounded, and a line's sound must not depend on what is decoded beside it.
            count = 1 if self.device.type == "cpu" else max(1, room // longest)
            batch = waiting[-count:]
            padded = np.zeros((len(batch), longest, self.num_codebooks), dtype=np.int64)
            for place, row in enumerate(batch):
                padded[place, : len(lines[row])] = lines[row]
            try:
                with one_thread(self.device):
                    decoded = self.codec.decode(torch.from_numpy(padded)).cpu().numpy()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise CsmError(
                        f"there is not enough memory to decode a line of {longest} frames",
                        remedy="use a smaller --batch, or split the line",
                    ) from error
                room = longest * len(batch) // 2
                self.notice(f"out of memory: decoding {max(1, room // longest)} lines at once from here on")
                continue
            del waiting[-count:]
            for place, row in enumerate(batch):
                audio[row] = decoded[place, : len(lines[row]) * self.frame_samples].copy()
        return audio
