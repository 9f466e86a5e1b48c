"""Playing what is spoken: on the loudspeaker, or as a WAV on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from csm_cli.cli import console
from csm_cli.core.errors import MissingError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from csm_cli.audio.mastering import Pauses
    from csm_cli.audio.sinks import Sink
    from csm_cli.delivery.options import Delivery
    from csm_cli.rendering.progress import Progress

FOR_FILES = ("formats", "whole", "level_per", "extras", "split_hours", "cover", "sample", "watermark")
"""Options of `csm render` that mean nothing to a stream."""


def check_playback(to_stdout: bool, play: bool) -> None:
    """Make sure, before a model is loaded, that the sound can go where it is wanted.

    Raises:
        UsageError: to both places, or to a terminal.
        MissingError: there is nothing to play it on.
    """
    if to_stdout and play:
        raise UsageError("the sound goes to one place", where="--play", remedy="leave out --play, or -o -")
    if to_stdout and sys.stdout.isatty():
        raise UsageError(
            "audio is not written to a terminal", where="-o -", remedy="send it to a file or a pipe"
        )
    if play:
        from csm_cli.audio.sinks import check_loudspeaker

        check_loudspeaker()


def check_stream(context: typer.Context, scripts: Sequence[Path]) -> None:
    """Make sure that no option is given with a WAV on standard output that only files can honour.

    Raises:
        UsageError: several scripts, or an option that is about files.
    """
    if len(scripts) > 1:
        raise UsageError("one script at a time", where="-o -", remedy="stream them one after the other")
    options = {each.name: each.opts[-1] for each in context.command.params}
    if given := [
        options[name] for name in FOR_FILES if was_given(context, name) and not _as_ever(context, name)
    ]:
        raise UsageError(
            f"the stream is a plain WAV, without {', '.join(given)}",
            where="-o -",
            remedy=f"leave {'it' if len(given) == 1 else 'them'} out, or name a folder",
        )


def _as_ever(context: typer.Context, name: str) -> bool:
    """Whether an option has the value that it has when it is left out."""
    default = next(each.default for each in context.command.params if each.name == name)
    return context.params[name] in (["wav"] if name == "formats" else default, default)


def was_given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line, named as in the command's function."""
    return getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"


@contextmanager
def playing(
    progress: Progress, rate: int, delivery: Delivery, pauses: Pauses, *, to_stdout: bool, play: bool
) -> Iterator[Progress]:
    """The progress to hand on: one that plays the sound, if that is wanted.

    At the end, waits until all of it has been played. Where playing fails, that is said and the rendering
    goes on: its files are what remains.

    Raises:
        MissingError: the loudspeaker is gone.
        CsmError: standard output cannot be written.
    """
    if not (to_stdout or play):
        yield progress
        return
    from csm_cli.audio.sinks import WavStream, open_loudspeaker
    from csm_cli.rendering.live import LiveSound

    sink: Sink = open_loudspeaker(rate) if play else WavStream(sys.stdout.buffer, rate)
    lost = (lambda error: console.note(f"warning: {error}; the speaking goes on")) if play else None
    live = LiveSound(progress, sink, rate, delivery.loudness, pauses, delivery.room_tone_db, lost)
    try:
        yield live
        live.finish()
    finally:
        live.close()


def play_sound(sound: np.ndarray, rate: int, command: str, title: str, otherwise: str) -> None:
    """Play a recording to its end, with its title on stderr.

    Args:
        sound: float32 `[samples]`.
        command: that plays it, for messages.
        otherwise: follows the remedy where there is no player.

    Raises:
        MissingError: there is no player.
    """
    from csm_cli.audio.sinks import open_loudspeaker

    try:
        speaker = open_loudspeaker(rate, command)
    except MissingError as error:
        raise MissingError(error.what, where=command, remedy=f"{error.remedy}{otherwise}") from error
    console.note(title)
    try:
        speaker.write(sound)
        speaker.close()
    except BaseException:
        speaker.stop()
        raise
