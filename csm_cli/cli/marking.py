"""The options that mark what is delivered with a watermark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.choices import Device
from csm_cli.core.errors import MissingError

if TYPE_CHECKING:
    from csm_cli.audio.watermark import Watermark

WatermarkOption = Annotated[
    str | None,
    typer.Option(
        "--watermark", metavar="KEY", help="Mark the files, inaudibly, with this key (silentcipher)."
    ),
]
WatermarkModelOption = Annotated[
    Path | None,
    typer.Option("--watermark-model", metavar="DIR", help="Its 44.1 kHz checkpoint. Default: from the Hub."),
]


def load_watermark(key: str | None, folder: Path | None, device: Device) -> Watermark | None:
    """What marks; None if none is asked for, or, which is said, if it is not there."""
    if key is None:
        return None
    from csm_cli.audio.watermark import Watermark

    try:
        with console.busy("loading the watermark"):
            return Watermark(key, folder, "cuda" if device is Device.cuda else "cpu")
    except MissingError as error:
        console.note(f"warning: the files will NOT carry a watermark: {error}")
        return None
