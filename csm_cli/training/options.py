"""What `csm train` is given, and the training loop's options made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from csm_cli.training.objective import SHAPES, TrainerOptions
from csm_cli.training.segments import RowShape

FULL_RATE, LORA_RATE, SCRATCH_RATE = 3e-5, 2e-4, 1.2e-3


@dataclass(frozen=True)
class TrainOptions:
    """The options of `csm train`.

    Attributes:
        out: folder of the run: states, losses, samples and the model.
        data: a manifest, or a folder of code shards as `recipes.demo_voice.encode` writes them.
        model: folder or Hub id of the checkpoint to start from.
        scratch: keep its shape, codec and tokenizer only; begin with random weights.
        lora: rank of the adapter; 0 trains all weights.
        rate: peak learning rate; None: 2e-4 for an adapter, 3e-5 for all weights, 1.2e-3 from scratch.
        epochs, steps, minutes: how long; minutes, else steps, else epochs.
        until: when it must be over, in seconds since 1970, in place of these.
        positions: of a batch, padding counted.
        accumulate: batches for one update.
        depth_share: share of the frames in the depth loss.
        validation: share of the rows kept out.
        every: updates between validations, with samples, and saved states.
        samples: (speaker, text) of the audio samples; none: two texts of the manifest.
        log_every: updates between losses that are read, which waits for the device.
        graph: on CUDA, record an update for each length of rows and replay it; of shards alone.
        average: decay of a running average of the weights, which is what is kept; 0: none.
        seed: of the order of rows and of all noise.
        device: auto, cpu, cuda or mps.
        half: compute in bfloat16; None: on a GPU.
        recompute: keep fewer activations: slower, in less memory.
        compile: compile the layers first.
        damage: dropout and the damage to inputs that a small model from scratch needs.
    """

    data: Path
    out: Path
    model: str
    scratch: bool = False
    lora: int = 0
    rate: float | None = None
    epochs: float = 5
    steps: int | None = None
    minutes: float | None = None
    until: float | None = None
    positions: int = 4096
    accumulate: int = 1
    depth_share: float = 1 / 16
    average: float = 0.0
    damage: bool = False
    validation: float = 0.05
    every: int = 200
    samples: tuple[tuple[int, str], ...] = ()
    seed: int = 1
    device: str = "auto"
    half: bool | None = None
    recompute: bool = False
    compile: bool = False
    graph: bool = False
    workers: int = 2
    shapes: tuple[RowShape, ...] = SHAPES
    log_every: int = 1

    @property
    def packed(self) -> bool:
        """Whether the data are shards of codes: a small model, long runs, shapes that never change."""
        return self.data.is_dir()

    @property
    def peak_rate(self) -> float:
        """The learning rate after the warm-up."""
        if self.rate is not None:
            return self.rate
        return SCRATCH_RATE if self.scratch else LORA_RATE if self.lora else FULL_RATE

    def for_loop(self) -> TrainerOptions:
        """The options of the training loop that follow from these."""
        undamaged = {"dropout": 0.0, "silenced": 0.0, "shortened": 0.0, "wrong": 0.0}
        warmup = 400 if self.packed else 100
        if self.steps is not None:
            warmup = max(1, min(warmup, self.steps // 10))
        return TrainerOptions(
            positions=self.positions,
            depth_frames=max(1, self.positions // 4),
            peak_rate=self.peak_rate,
            weight_decay=0.1 if self.packed else 0.01,
            warmup=warmup,
            flat=0.4 if self.packed else 0.1,
            average=self.average,
            shapes=self.shapes,
            compile=self.compile,
            graph=self.graph and self.packed,
            lengths_vary=not self.packed,
            workers=self.workers,
            seed=self.seed,
            depth_share=None if self.packed else self.depth_share,
            half=self.half,
            repeatable=not (self.graph and self.packed),  # a recorded update draws its noise from where it is
            **({} if self.damage else undamaged),
        )
