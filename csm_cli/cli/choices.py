"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Device(StrEnum):
    """Where the model runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


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
