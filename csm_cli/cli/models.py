"""`csm models`: the models that are here, and getting, checking and converting them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.help import App, Group
from csm_cli.cli.options import DeviceOption, JsonOption

if TYPE_CHECKING:
    from csm_cli.checkpoints.find import Checkpoint

app = App(
    cls=Group,
    help="List, fetch, check and convert models.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A folder, a weight file, a Hub repository, or 'demo'.",
        autocompletion=completion.models,
    ),
]


class Form(StrEnum):
    """How a checkpoint names its tensors."""

    transformers = "transformers"
    original = "original"


class Kind(StrEnum):
    """Number types of weights."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List the models that need no download, the default one marked with *."""
    from csm_cli.checkpoints.cached import cached_models
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT
    from csm_cli.rendering.models import choose_model

    default = choose_model().source
    size = sum(path.stat().st_size for path in DEMO_CHECKPOINT.rglob("*") if path.is_file())
    rows: list[tuple[str, str, int, str, str | None, bool]] = [
        ("demo", "model", size, str(DEMO_CHECKPOINT), None, default == str(DEMO_CHECKPOINT))
    ]
    rows += [
        (
            found.repository,
            found.kind,
            found.size,
            str(found.folder),
            found.problem,
            default == found.repository,
        )
        for found in cached_models()
    ]
    if as_json:
        names = ("name", "kind", "bytes", "folder", "problem", "default")
        console.emit_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    width = max(len(row[0]) for row in rows)
    for name, kind, size, _, problem, chosen in rows:
        mark = "*" if chosen else " "
        console.emit(f"{mark} {name:<{width}}  {kind:<10} {_bytes(size):>9}  {problem or ''}".rstrip())


@app.command()
def pull(
    model: Annotated[str, typer.Argument(metavar="REPOSITORY", help="On the Hub, such as sesame/csm-1b.")],
    revision: Annotated[str | None, typer.Option("--revision", help="Branch, tag or commit.")] = None,
) -> None:
    """Fetch a model from the Hub, only the files that are needed. Broken off, it goes on where it stopped."""
    from csm_cli.checkpoints import hub

    def say(file: hub.Wanted, number: int, count: int) -> None:
        console.note(f"{number}/{count} {file.name}" + (f" ({_bytes(file.size)})" if file.size else ""))

    folder = hub.pull(model, revision, say)
    console.emit(str(folder))


@app.command()
def path(model: ModelArgument) -> None:
    """Print the folder of a model that is here."""
    console.emit(str(_find(model).folder))


@app.command()
def verify(model: ModelArgument = "demo", device: DeviceOption = "auto") -> None:
    """Check that a model is whole and speaks here as it should.

    csm-1b's prompt is compared with known ids, and, greedily and in float32, its speech with the codes it is
    known to say; every model with the plain implementation beside the fast one. Exit code 5 if they part.
    """
    from csm_cli.engine import self_test as checks

    checkpoint = _find(model)
    console.note(f"{checkpoint.model_id}: {checkpoint.format} format, {len(checkpoint.tensors())} tensors")
    with console.busy("loading the model"):
        from csm_cli.engine import Engine

        engine = Engine.load(model, device, "float32")
    verdicts = []
    with console.busy("speaking"):
        if checks.is_csm_1b(checkpoint):
            verdicts += [checks.against_prompt(engine.prompter.text_ids), checks.against_known(engine)]
        elif checks.has_shape_of_csm_1b(checkpoint):
            console.note("not called csm-1b, so taken for a fine-tune: not compared with what csm-1b says")
        if engine.device.type == "cpu":
            verdicts.append(checks.against_reference(engine, checkpoint))
    for verdict in verdicts:
        console.emit(str(verdict))
    if not all(verdict.good for verdict in verdicts):
        console.note("a parting after many frames may be the hardware; one at the start is a damaged model")
        raise typer.Exit(5)


@app.command()
def convert(
    model: ModelArgument,
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")],
    to: Annotated[Form, typer.Option("--to", help="Format to write.")] = Form.transformers,
    dtype: Annotated[Kind | None, typer.Option("--dtype", help="Number type. Default: as stored.")] = None,
) -> None:
    """Write a model in the other format, in another number type, or with its LoRA adapter merged in."""
    import torch

    from csm_cli.checkpoints import convert as conversion

    kind = None if dtype is None else getattr(torch, dtype.value)
    with console.busy("converting"):
        folder = conversion.convert(_find(model), target, to.value, kind)
    console.emit(str(folder))


def _find(model: str) -> Checkpoint:
    from csm_cli.checkpoints.find import find_checkpoint

    return find_checkpoint(model)


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
