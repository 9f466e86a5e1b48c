"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


def typed_name(value: str | None) -> str | None:
    """The name of a voice as it was typed: voices have no capitals, so `ME` is `me`."""
    return None if value is None else value.lower()


def typed_names(values: list[str]) -> list[str]:
    """As `typed_name`, for several."""
    return [value.lower() for value in values]


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the voice.", callback=typed_name)]


class Device(StrEnum):
    """Where the model runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class Dtype(StrEnum):
    """Number types of backbone and depth decoder."""

    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class Quantize(StrEnum):
    """Number types that the layers' products may be rounded to."""

    int8 = "int8"
    fp8 = "fp8"


DtypeOption = Annotated[
    Dtype | None, typer.Option("--dtype", help="Number type. Default: bf16 on CUDA, else fp32.")
]
QuantizeOption = Annotated[
    Quantize | None,
    typer.Option("--quantize", help="Round the layers' products: int8 (CPU, CUDA) or fp8 (CUDA)."),
]
EagerOption = Annotated[
    bool, typer.Option("--eager", help="Turn every speed-up off: the reference, if a fast path fails.")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="A folder, a Hub repository or 'demo'. Default: CSM_MODEL, else csm-1b if already downloaded, "
        "else the demo voice.",
    ),
]
DeviceOption = Annotated[Device, typer.Option("--device", help="Where the model runs.")]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", min=0, metavar="N", help="Another seed gives another reading. Default: 0."),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        metavar="T",
        min=0.0,
        max=5.0,
        help="Liveliness; 0 is always the likeliest. Default: the model's.",
    ),
]
TopKOption = Annotated[
    int | None,
    typer.Option(
        "--top-k", min=0, metavar="N", help="Candidates that are drawn from; 0 for all. Default: the model's."
    ),
]


class ReferenceMode(StrEnum):
    """How a voice's clip is heard."""

    before = "before"
    continue_ = "continue"


ReferenceOption = Annotated[
    ReferenceMode,
    typer.Option(
        "--reference",
        help="How a voice's clip is heard: before all else, as a turn of its own, or continued by the line.",
    ),
]
VoiceModelOption = Annotated[
    Path | None,
    typer.Option(
        "--voice-model",
        metavar="PATH",
        help="What tells voices apart: a folder of an x-vector model, or a GE2E checkpoint (.pt). Default: "
        "resemblyzer's, if installed.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a JSON list.")]


class ScriptFormat(StrEnum):
    """What a script is written in."""

    yaml = "yaml"
    markdown = "markdown"
    fountain = "fountain"
    text = "text"
    json = "json"
    epub = "epub"


FormatOption = Annotated[
    ScriptFormat | None,
    typer.Option("--from", help="Format of the script, if the ending of its name does not say."),
]


_NO_LIMIT = 1000


class Group(TyperGroup):
    """Lists its commands with what they do, on as many rows as that takes; the usual list cuts it off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, it.get_short_help_str(_NO_LIMIT)) for name, it in commands if it and not it.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
