"""`csm train`: a model, a manifest (or a folder of code shards) and options → a model for `--model`."""

from __future__ import annotations

import itertools
import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from csm_cli.checkpoints.convert import SMALL_FILES, as_any_file
from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.core.errors import CsmError, UsageError, first_line
from csm_cli.model import CsmForConditionalGeneration
from csm_cli.training.adapters import Adapter, write_sample
from csm_cli.training.data import Data, open_data
from csm_cli.training.devices import Processes
from csm_cli.training.objective import Budget
from csm_cli.training.options import TrainOptions
from csm_cli.training.record import Record, State
from csm_cli.training.trainer import Trainer, check_finite

__all__ = ["TrainOptions", "train"]

Log = Callable[[str], None]


def train(
    options: TrainOptions,
    log: Log = print,
    progress: Log = lambda text: None,
    wait: Callable[[], None] | None = None,
) -> Path | None:
    """Train, or resume an interrupted run.

    Args:
        log: called with each line of the log.
        progress: called with a line about the current state, which the next one replaces.
        wait: called when everything but the data is ready; returns when they are. None: they are ready, and
            read before the layers are compiled.

    Returns:
        The folder of the trained model, `out/model`; None in processes that write nothing.

    Raises:
        MissingError: model, manifest or recordings are missing.
        UsageError: the data or the options cannot be used.
        CsmError: the loss is no longer a number, or a process that makes batches has died.
    """
    transformers_logging.disable_progress_bar()
    processes = Processes.find(options.device)
    if not processes.first:
        log, progress = (lambda text: None), (lambda text: None)
    checkpoint = find_checkpoint(options.model)
    progress("loading the model")
    model = _model(options, checkpoint)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot be made ({error.strerror})", where=str(options.out), remedy="give another --out"
        ) from error
    adapter = Adapter.put_on(model, options.lora, checkpoint) if options.lora else None
    if options.recompute:
        model.gradient_checkpointing_enable()
    trainer = Trainer(model, None, options.for_loop(), processes.device, processes.average)
    opened = partial(open_data, options, checkpoint, model, log, progress, processes)
    if wait is None:
        data = opened()
        _warm(trainer, options, progress)
    else:
        _warm(trainer, options, progress)
        wait()
        data = opened()
    run = _Run(options, checkpoint, trainer, adapter, data, processes, log, progress)
    run.go()
    return run.export()


def _model(options: TrainOptions, checkpoint: Checkpoint) -> Any:
    torch.manual_seed(options.seed)
    model = CsmForConditionalGeneration.from_checkpoint(checkpoint, torch.float32)
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


def _warm(trainer: Trainer, options: TrainOptions, progress: Log) -> None:
    if options.packed and options.compile:
        progress("compiling")
        trainer.warm()


def _of_a_loader(error: RuntimeError) -> bool:
    """Whether an error of torch means that one of its loader's processes or threads has ended."""
    return any(part in str(error) for part in ("DataLoader worker", "Pin memory thread"))


class _Run:
    """The state of one call of `train`."""

    def __init__(
        self,
        options: TrainOptions,
        checkpoint: Checkpoint,
        trainer: Trainer,
        adapter: Adapter | None,
        data: Data,
        processes: Processes,
        log: Log,
        progress: Log,
    ) -> None:
        self.options, self.checkpoint, self.trainer, self.adapter = options, checkpoint, trainer, adapter
        self.data, self.processes, self.log, self.progress = data, processes, log, progress
        self.record = Record(options.out)
        self.state = State(options.out, self._identity())
        self.budget = Budget()
        self.losses: dict[str, torch.Tensor] = {}

    def _identity(self) -> dict[str, Any]:
        options = self.options
        names = ("scratch", "lora", "positions", "accumulate", "depth_share", "seed", "average", "damage",
                 "validation")  # fmt: skip
        plain = {name.replace("_", " "): getattr(options, name) for name in names}
        return {
            "model": self.checkpoint.model_id,
            "data": self.data.identity,
            "rate": options.peak_rate,
            "bf16": options.half,
            **plain,
        }

    def go(self) -> None:
        """Train from the last state, if there is one, to the end."""
        options, group = self.options, self.options.accumulate * self.processes.count
        steps, seconds = options.steps, None if options.minutes is None else options.minutes * 60
        if options.until is not None:
            seconds = options.until - time.time()
        if steps is None and seconds is None:
            if self.data.per_epoch is None:
                raise UsageError("shards of codes have no end", remedy="say --steps or --minutes")
            steps = max(1, math.ceil(self.data.per_epoch * options.epochs / group))
            self.trainer.options = replace(options, steps=steps).for_loop()
        self.budget = Budget(steps=steps, seconds=seconds)
        if kept := self.state.load():
            try:
                self.trainer.load_state(kept["trainer"])
            except (ValueError, KeyError) as error:
                raise UsageError(f"holds another run ({error})", where=str(options.out)) from error
            self.budget.step = kept["step"]
            if self.processes.first:
                self.record.go_back(kept["entries"])
            self.log(f"going on from update {kept['step']}")
        elif self.processes.first:
            self.record.go_back([])
        # Speed and time left are computed from here on.
        self.began, self.start, self.fraction = time.monotonic(), self.budget.step, self.budget.fraction()
        try:
            self.trainer.loop(self.budget, self._groups(group), self._after, 0.0 if options.packed else 0.05)
            if self.losses:  # the last ones may be unchecked
                check_finite(self.losses, self.budget.step - 1)
        except FloatingPointError as error:
            raise CsmError(
                f"the run has gone astray: {error}",
                remedy="give a lower --rate and go on from the last state",
            ) from error
        except RuntimeError as error:
            if not _of_a_loader(error):
                raise
            raise CsmError(
                f"a process that makes batches has died ({first_line(error)})",
                where=str(options.data),
                remedy="free some memory and go on from the last state",
            ) from error
        except KeyboardInterrupt:
            self._save(self.budget.step)
            raise
        if not self.record.entries or "validation_backbone" not in self.record.entries[-1]:
            self._sample_and_plot(self.budget.step)
        self._save(self.budget.step)

    def _groups(self, group: int) -> Iterator[list[dict[str, torch.Tensor]]]:
        """The batches of this process for each update."""
        batches = self.data.batches(self.budget.step * group)
        while True:
            share = list(itertools.islice(batches, group))
            yield share[self.processes.number :: self.processes.count]

    def _after(self, done: int, fraction: float, losses: dict[str, torch.Tensor]) -> None:
        self.losses = losses
        due = done % self.options.every == 0
        if done > 1 and done % self.options.log_every and not due:
            return
        losses = self.processes.average_losses(losses)
        backbone, depth = check_finite(losses, done - 1)
        entry: dict[str, Any] = {"step": done, "backbone": backbone, "depth": depth}
        if due:
            entry |= self._validated(done - 1)
        if self.processes.first:
            self.record.add(entry)
        text = f"update {done}" + (f"/{self.budget.steps}" if self.budget.steps else "")
        text += f" · backbone {backbone:.3f} · depth {depth:.3f}"
        text += self._pace(done, fraction)
        self.progress(text)
        if due:
            held = [f"{entry[f'validation_{name}']:.3f}" for name in ("backbone", "depth") if self.data.held]
            self.log(text + (f" · validation {' + '.join(held)}" if held else ""))
            self._sample_and_plot(done)
            self._save(done)

    def _pace(self, done: int, fraction: float) -> str:
        """Updates a second and minutes left, since this process began; samples and validation count."""
        passed, went = time.monotonic() - self.began, fraction - self.fraction
        if not passed or went <= 0:
            return ""
        left = passed * (1 - fraction) / went / 60
        return f" · {(done - self.start) / passed:.2g} updates/s · {left:.0f} min left"

    def _validated(self, step: int) -> dict[str, float]:
        if not self.data.held:
            return {}
        torch.manual_seed(0)
        # Without gradients everything would be compiled once more.
        with torch.compiler.set_stance("force_eager"):
            backbone, depth = self.trainer.validate(self.data.held)
        if not math.isfinite(backbone + depth):  # before the state is saved
            raise FloatingPointError(f"the validation losses are {backbone}, {depth} after step {step}")
        return {"validation_backbone": backbone, "validation_depth": depth}

    def _save(self, done: int) -> None:
        if self.processes.first:
            self.state.save(done, self.record.entries, self.trainer)
        self.processes.wait()

    def _sample_and_plot(self, done: int) -> None:
        """Write audio samples and the plot of the losses."""
        if not self.processes.first:
            return
        self.record.plot()
        if not self.data.texts:
            return
        self.progress("speaking samples")
        self.trainer.swap()
        folder = self.options.out / "samples"
        folder.mkdir(exist_ok=True)
        # A frame has other shapes than a batch: each would be compiled.
        with torch.compiler.set_stance("force_eager"):
            for number, (speaker, text) in enumerate(self.data.texts, 1):
                path = folder / f"{done:06}-{number}.wav"
                write_sample(self.trainer.model, self.checkpoint, speaker, text, path)
        self.trainer.swap()
        self.trainer.model.train()

    def export(self) -> Path | None:
        """Write `out/model`, in the first process."""
        if not self.processes.first:
            return None
        target = self.options.out / "model"
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
            base = self.checkpoint.base
            for folder in (*((base.folder,) if base else ()), self.checkpoint.folder):
                for pattern in SMALL_FILES[2:-1]:
                    for path in folder.glob(pattern):
                        shutil.copyfile(path, target / path.name)
        self.trainer.swap()
        for path in target.glob("*.safetensors"):
            as_any_file(path)
        return target
