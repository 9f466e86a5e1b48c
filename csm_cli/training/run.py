"""`csm train`: a model, a manifest (or a folder of code shards) and options → a model that `--model`
takes.
"""

from __future__ import annotations

import itertools
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from csm_cli.checkpoints.convert import SMALL_FILES
from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.errors import CsmError, UsageError
from csm_cli.model.loading import load_model, load_processor
from csm_cli.training.clips import ClipData, encode_clips, make_rows, split_rows
from csm_cli.training.lora import Adapter
from csm_cli.training.manifest import read_manifest
from csm_cli.training.processes import Processes
from csm_cli.training.record import Record, State
from csm_cli.training.schedule import Budget
from csm_cli.training.segments import RowShape, SegmentStore
from csm_cli.training.voice import SHAPES, VoiceOptions, VoiceTrainer, as_tensors, check_finite

FULL_RATE, LORA_RATE = 3e-5, 2e-4


@dataclass(frozen=True)
class TrainOptions:
    """What `csm train` is asked.

    Attributes:
        data: a manifest, or a folder of code shards as `csm_cli.demo.recipe.encode` writes them.
        model: folder or Hub id of the checkpoint to start from.
        scratch: keep its shape, codec and tokenizer only; begin with random weights.
        lora: rank of the adapter; 0 trains all weights.
        rate: peak learning rate; None: 2e-4 for an adapter, 3e-5 for all weights, 1.2e-3 from scratch.
        epochs, steps, minutes: how long; the first that is set of minutes, steps, epochs.
        positions: of a batch, padding counted. accumulate: batches for one update.
        depth_share: share of the frames that the depth decoder learns.
        validation: share of the rows kept out. every: updates between validations, with samples, and saved
            states.
        samples: (speaker, text) to speak; none: two texts of the validation rows.
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
    workers: int = 2
    shapes: tuple[RowShape, ...] = field(default=SHAPES)

    @property
    def peak_rate(self) -> float:
        """The learning rate behind the warm-up."""
        if self.rate is not None:
            return self.rate
        return 1.2e-3 if self.scratch else LORA_RATE if self.lora else FULL_RATE


Say = Callable[[str], None]


def train(options: TrainOptions, say: Say = print, progress: Say = lambda text: None) -> Path:
    """Train, or go on with a run that was broken off.

    Args:
        say: takes a line worth keeping. progress: takes the state of things, to be overwritten by the next.

    Returns:
        The folder of the trained model, `out/model`.

    Raises:
        MissingError: model, manifest or recordings are not there.
        UsageError: the data or the options cannot be used.
        CsmError: the loss is no longer a number.
    """
    processes = Processes.find(options.device)
    if not processes.first:
        say, progress = (lambda text: None), (lambda text: None)
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = find_checkpoint(options.model)
    progress("loading the model")
    model = _model(options, checkpoint)
    adapter = Adapter.put_on(model, options.lora, checkpoint) if options.lora else None
    if options.recompute:
        model.gradient_checkpointing_enable()
    model.to(processes.device)
    data = _open_data(options, checkpoint, model, say, progress, processes)
    trainer = VoiceTrainer(model, None, data.settings, processes.device, processes.average)
    run = _Run(options, checkpoint, trainer, adapter, data, processes, say, progress)
    run.go()
    return run.export()


def _model(options: TrainOptions, checkpoint: Checkpoint) -> Any:
    torch.manual_seed(options.seed)
    model = load_model(checkpoint, torch.float32)
    if options.scratch:
        fresh = type(model)(model.config)
        fresh.codec_model = model.codec_model
        fresh.generation_config = model.generation_config
        fresh.depth_decoder.generation_config = model.depth_decoder.generation_config
        model = fresh
    for parameter in model.parameters():
        # Off the mapped file: an optimiser writes to every page of it.
        parameter.data = parameter.data.clone()
    model.codec_model.requires_grad_(False).eval()
    return model


@dataclass(frozen=True)
class _Data:
    """Where batches come from.

    Attributes:
        batches: batches from a number on; `step` of every `stride` is this process's.
        per_epoch: batches in one round of all data; None: there is no such thing.
        held: batches for validation. texts: (speaker, text) to speak.
    """

    settings: VoiceOptions
    batches: Callable[[int], Iterator[dict[str, torch.Tensor]]]
    per_epoch: int | None
    held: list[dict[str, torch.Tensor]]
    texts: Sequence[tuple[int, str]]
    identity: str


def _open_data(
    options: TrainOptions, checkpoint: Checkpoint, model: Any, say: Say, progress: Say, processes: Processes
) -> _Data:
    processor = load_processor(checkpoint)

    def encode(speaker: int, text: str) -> list[int]:
        return [processor.bos_id, *processor.text_ids(f"[{speaker}]{text}"), processor.end_id]

    if options.data.is_dir():
        return _from_shards(options, model, encode)
    clips = read_manifest(options.data)
    books, longest = model.config.num_codebooks, min(options.positions, model.config.max_position_embeddings)
    with processes.one_by_one():  # the first encodes, the others find the files
        codes = encode_clips(
            clips, model.codec_model, books, options.out / "codes",
            lambda done, whole: progress(f"encoding {done}/{whole} recordings"),
        )  # fmt: skip
    rows, dropped = make_rows(clips, codes, encode, longest)
    if dropped:
        say(f"warning: {len(dropped)} recordings are too long for {longest} positions and left out, "
            f"the first is {dropped[0].audio}")  # fmt: skip
    rows, held = split_rows(rows, options.validation, options.seed)
    frames = sum(len(spoken.codes) for row in rows for spoken in row)
    say(f"{len(rows)} rows to learn ({frames / 12.5 / 60:.1f} minutes), {len(held)} for validation")
    source = ClipData(rows, options.positions, books, options.seed)
    quiet = ClipData(held, options.positions, books, 0)
    return _Data(
        _settings(options, options.depth_share),
        lambda start: (as_tensors(batch) for batch in source.batches(start)),
        len(source.epoch(0)),
        [as_tensors(quiet.packed(chosen)) for chosen in sorted(quiet.epoch(0))] if held else [],
        options.samples or [(c.speaker, c.text) for c in clips[:: max(1, len(clips) // 2)][:2]],
        f"{options.data.resolve()} {len(clips)}",
    )


def _from_shards(options: TrainOptions, model: Any, encode: Callable[[int, str], list[int]]) -> _Data:
    """Shards of codes, packed into rows of a few fixed lengths: for millions of positions, on compiled
    steps.
    """
    from torch.utils.data import DataLoader

    from csm_cli.training.voice import Batches

    settings, books = _settings(options, None), model.config.num_codebooks
    store = SegmentStore(options.data, encode)
    held = SegmentStore(options.data, encode, validation=True)
    held.refresh()
    single = next(shape for shape in options.shapes if not shape.conversation)
    found = held.batches((single,), options.positions, books, seed=5) if held.all else iter(())

    def batches(start: int) -> Iterator[dict[str, torch.Tensor]]:
        loader: Any = DataLoader(
            Batches(store, settings, books, start),
            batch_size=None,
            num_workers=settings.workers,
            prefetch_factor=8 if settings.workers else None,
            pin_memory=torch.cuda.is_available(),
        )
        return iter(loader)

    return _Data(
        settings,
        batches,
        None,
        [as_tensors(rows) for rows in itertools.islice(found, 3)],
        options.samples,
        str(options.data.resolve()),
    )


def _settings(options: TrainOptions, depth_share: float | None) -> VoiceOptions:
    damage = {} if options.damage else {"dropout": 0.0, "silenced": 0.0, "shortened": 0.0, "wrong": 0.0}
    return VoiceOptions(
        positions=options.positions,
        depth_frames=max(1, options.positions // 4),
        peak_rate=options.peak_rate,
        weight_decay=0.1 if options.scratch else 0.01,
        average=options.average,
        shapes=options.shapes,
        compile=options.compile,
        workers=options.workers,
        seed=options.seed,
        depth_share=depth_share,
        half=options.half,
        repeatable=True,
        **damage,
    )


class _Run:
    """One call of `train` on its way."""

    def __init__(
        self,
        options: TrainOptions,
        checkpoint: Checkpoint,
        trainer: VoiceTrainer,
        adapter: Adapter | None,
        data: _Data,
        processes: Processes,
        say: Say,
        progress: Say,
    ) -> None:
        self.options, self.checkpoint, self.trainer, self.adapter = options, checkpoint, trainer, adapter
        self.data, self.processes, self.say, self.progress = data, processes, say, progress
        self.record = Record(options.out)
        self.state = State(options.out, self._identity())
        self.began = time.monotonic()
        self.budget = Budget()

    def _identity(self) -> dict[str, Any]:
        options = self.options
        names = ("scratch", "lora", "positions", "accumulate", "depth_share", "seed", "average", "damage")
        said = {name.replace("_", " "): getattr(options, name) for name in names}
        return {
            "model": self.checkpoint.model_id,
            "data": self.data.identity,
            "rate": options.peak_rate,
            **said,
        }

    def go(self) -> None:
        """Go on from the last state, if there is one, to the end."""
        options, group = self.options, self.options.accumulate * self.processes.count
        steps = options.steps
        if steps is None and options.minutes is None:
            if self.data.per_epoch is None:
                raise UsageError("shards of codes have no end", remedy="say --steps or --minutes")
            steps = max(1, math.ceil(self.data.per_epoch * options.epochs / group))
        self.budget = Budget(steps=steps, seconds=None if options.minutes is None else options.minutes * 60)
        if kept := self.state.load():
            try:
                self.trainer.load_state(kept["trainer"])
            except (ValueError, KeyError) as error:
                raise UsageError(f"holds another run ({error})", where=str(options.out)) from error
            self.budget.step = kept["step"]
            if self.processes.first:
                self.record.go_back(kept["entries"])
            self.say(f"going on from update {kept['step']}")
        elif self.processes.first:
            self.record.go_back([])
        warmup = min(self.trainer.options.warmup, max(1, (steps or 10_000) // 10))
        self.trainer.options = _with_warmup(self.trainer.options, warmup)
        try:
            self.trainer.loop(self.budget, self._groups(group), self._after, floor=0.05)
        except FloatingPointError as error:
            raise CsmError(
                f"the run has gone astray: {error}",
                remedy="give a lower --rate and go on from the last state",
            ) from error
        except KeyboardInterrupt:
            self._keep(self.budget.step)
            raise
        if not self.record.entries or "validation_backbone" not in self.record.entries[-1]:
            self._look(self.budget.step)
        self._keep(self.budget.step)

    def _groups(self, group: int) -> Iterator[list[dict[str, torch.Tensor]]]:
        """For each update the batches of this process."""
        batches = self.data.batches(self.budget.step * group)
        while True:
            share = list(itertools.islice(batches, group))
            yield share[self.processes.number :: self.processes.count]

    def _after(self, done: int, fraction: float, losses: dict[str, torch.Tensor]) -> None:
        losses = self.processes.average_losses(losses)
        backbone, depth = check_finite(losses, done - 1)
        entry: dict[str, Any] = {"step": done, "backbone": backbone, "depth": depth}
        due = done % self.options.every == 0
        if due:
            entry |= self._validated()
        if self.processes.first:
            self.record.add(entry)
        left = (time.monotonic() - self.began) * (1 - fraction) / max(fraction, 1e-6)
        text = f"update {done}" + (f"/{self.budget.steps}" if self.budget.steps else "")
        text += f" · backbone {backbone:.3f} · depth {depth:.3f}"
        self.progress(f"{text} · {left / 60:.0f} min left")
        if due:
            held = [f"{entry[f'validation_{name}']:.3f}" for name in ("backbone", "depth") if self.data.held]
            self.say(text + (f" · validation {' + '.join(held)}" if held else ""))
            self._look(done)
            self._keep(done)

    def _validated(self) -> dict[str, float]:
        if not self.data.held:
            return {}
        torch.manual_seed(0)
        backbone, depth = self.trainer.validate(self.data.held)
        return {"validation_backbone": backbone, "validation_depth": depth}

    def _keep(self, done: int) -> None:
        if self.processes.first:
            self.state.save(done, self.record.entries, self.trainer)
        self.processes.wait()

    def _look(self, done: int) -> None:
        """Samples and plots."""
        if not self.processes.first:
            return
        from csm_cli.training.samples import speak

        self.record.plot()
        if not self.data.texts:
            return
        self.progress("speaking samples")
        self.trainer.swap()
        folder = self.options.out / "samples"
        folder.mkdir(exist_ok=True)
        for number, (speaker, text) in enumerate(self.data.texts, 1):
            speak(self.trainer.model, self.checkpoint, speaker, text, folder / f"{done:06}-{number}.wav")
        self.trainer.swap()
        self.trainer.model.train()

    def export(self) -> Path:
        """Write `out/model`."""
        target = self.options.out / "model"
        if not self.processes.first:
            return target
        self.trainer.swap()
        if self.adapter is not None:
            self.adapter.save(target)
        else:
            model = self.trainer.model
            kind = self.checkpoint.tensors()["lm_head.weight"].dtype
            state = {
                name: value.to(kind)
                if value.is_floating_point() and not name.startswith("codec_model.")
                else value
                for name, value in model.state_dict().items()
            }
            model.save_pretrained(target, state_dict=state)
            for pattern in SMALL_FILES[2:-1]:
                for path in self.checkpoint.folder.glob(pattern):
                    shutil.copyfile(path, target / path.name)
        self.trainer.swap()
        return target


def _with_warmup(settings: VoiceOptions, warmup: int) -> VoiceOptions:
    from dataclasses import replace

    return replace(settings, warmup=warmup, flat=settings.flat if settings.weight_decay > 0.05 else 0.1)
