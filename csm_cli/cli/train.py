"""`csm train`: fine-tune a model on recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.options import DeviceOption


def train(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="MANIFEST",
            help="JSONL or CSV: audio, text, speaker and, for context, conversation. Or a folder of codes.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the run is kept.")] = Path(
        "trained"
    ),
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="What to start from. Default: as for csm say.",
            autocompletion=completion.models,
        ),
    ] = None,
    lora: Annotated[
        int,
        typer.Option("--lora", min=0, metavar="RANK", help="Train an adapter of this rank (32 is usual)."),
    ] = 0,
    scratch: Annotated[
        bool, typer.Option("--scratch", help="Begin with random weights of the model's shape.")
    ] = False,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0, help="Peak learning rate. Default: 3e-5, adapters 2e-4.")
    ] = None,
    epochs: Annotated[float, typer.Option("--epochs", min=0, help="Rounds over all recordings.")] = 5,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Updates, in place of epochs.")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0, help="Time, in place of epochs.")
    ] = None,
    positions: Annotated[
        int, typer.Option("--positions", min=64, help="Of a batch: 12.5 a second of audio, and the text.")
    ] = 4096,
    accumulate: Annotated[int, typer.Option("--accumulate", min=1, help="Batches for one update.")] = 1,
    depth_share: Annotated[
        float, typer.Option("--depth-share", min=0, max=1, help="Frames that the depth decoder learns.")
    ] = 1 / 16,
    average: Annotated[
        float,
        typer.Option(
            "--average", min=0, max=0.99999, help="Keep a running average of the weights, of this decay."
        ),
    ] = 0.0,
    damage: Annotated[
        bool, typer.Option("--damage", help="Dropout and damaged inputs: for training from scratch.")
    ] = False,
    validation: Annotated[
        float, typer.Option("--validation", min=0, max=0.9, help="Share of the recordings kept out.")
    ] = 0.05,
    every: Annotated[
        int, typer.Option("--every", min=1, help="Updates between validation, samples and a saved state.")
    ] = 200,
    sample: Annotated[
        list[str] | None,
        typer.Option("--sample", metavar="TEXT", help="Speak this; [1]TEXT as speaker 1. May be repeated."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another seed gives another order and other noise.")
    ] = 1,
    half: Annotated[
        bool | None, typer.Option("--bf16/--fp32", help="Compute in bfloat16. Default: on a GPU.")
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Keep fewer activations: slower, in much less memory.")
    ] = False,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the layers; worth it for long runs.")
    ] = False,
    device: DeviceOption = "auto",
) -> None:
    """Fine-tune a model on recordings; FOLDER/model is what --model takes.

    A run that was broken off goes on from its last state when the same command is given again.
    """
    from csm_cli.rendering.models import choose_model

    choice = choose_model(model)
    if model is None:
        console.note(choice.note)
    with console.busy("loading"):
        from csm_cli.training.run import TrainOptions
        from csm_cli.training.run import train as run
    options = TrainOptions(
        data=data, out=out, model=choice.source, scratch=scratch, lora=lora, rate=rate,
        epochs=epochs, steps=steps, minutes=minutes,
        positions=positions, accumulate=accumulate, depth_share=depth_share,
        average=average, damage=damage, validation=validation, every=every,
        samples=tuple(_sample(text) for text in sample or ()), seed=seed, device=device, half=half,
        recompute=recompute, compile=compiled,
    )  # fmt: skip

    def say(text: str) -> None:
        console.draw("")
        console.note(text)

    try:
        folder = run(options, say, console.draw)
    except KeyboardInterrupt:
        say(f"the state is kept in {out}: the same command goes on from it")
        raise
    if folder is not None:
        say(f"to hear it: csm say 'Hello.' --model {folder}")
        console.emit(str(folder))


def _sample(text: str) -> tuple[int, str]:
    """(speaker, text) of `[1]text`, or speaker 0."""
    if text.startswith("[") and (end := text.find("]")) > 1 and text[1:end].isdecimal():
        return int(text[1:end]), text[end + 1 :].strip()
    return 0, text
