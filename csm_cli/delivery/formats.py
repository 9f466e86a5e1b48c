"""The formats of delivered files: which encoder, at what rate, and what the container can carry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from csm_cli.audio.ffmpeg import encoders, find_ffmpeg
from csm_cli.core.errors import MissingError, UsageError


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: as in `--format`.
        suffix: of its files.
        encoder: ffmpeg's name of it; "" when ffmpeg is not needed.
        arguments: for ffmpeg, after the encoder.
        rate: Hz of the files; None: as rendered.
        whole: it holds a book, never a single chapter.
    """

    name: str
    suffix: str
    encoder: str
    arguments: tuple[str, ...] = ()
    rate: int | None = None
    whole: bool = False

    @property
    def lossy(self) -> bool:
        """Whether encoding moves peaks."""
        return self.name not in ("wav", "flac")


LOUDER = ("-af", "volume=0.2646dB")
MP4 = ("-b:a", "128k", "-movflags", "+faststart")
FORMATS = {
    each.name: each
    for each in (
        Format("wav", ".wav", ""),
        Format("flac", ".flac", "flac", ("-sample_fmt", "s16", "-f", "flac")),
        # Constant bit rate, mono, 44.1 kHz: what audiobook shops take. ID3v2.3, since ffmpeg gets the size
        # of the table of contents wrong in v2.4. At this rate LAME makes all softer by a factor of 0.97.
        Format(
            "mp3",
            ".mp3",
            "libmp3lame",
            (*LOUDER, "-b:a", "192k", "-joint_stereo", "0", "-id3v2_version", "3", "-f", "mp3"),
            44_100,
        ),
        Format("opus", ".opus", "libopus", ("-b:a", "64k", "-f", "opus"), 48_000),
        Format("aac", ".m4a", "aac", (*MP4, "-f", "ipod"), 44_100),
        Format("m4b", ".m4b", "aac", (*MP4, "-f", "ipod"), 44_100, whole=True),
        Format("ogg", ".ogg", "libvorbis", ("-q:a", "6", "-f", "ogg")),
    )
}
NAMES = {each.suffix.lstrip("."): each.name for each in FORMATS.values()}


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """Makes sure, before anything is rendered, that every format can be written.

    Args:
        formats: names or endings: wav, flac, mp3, opus, aac (m4a), m4b.

    Returns:
        the names, each once, in the order given.

    Raises:
        UsageError: an unknown format, or none at all.
        MissingError: ffmpeg, or an encoder in it, is not there.
    """
    choices = ", ".join(FORMATS)
    given = [name.lower().lstrip(".") for name in formats]
    wanted = tuple(dict.fromkeys(NAMES.get(name, name) for name in given))
    if not wanted:
        raise UsageError("no format given", where="--format", remedy=f"choose from {choices}")
    for name in wanted:
        if name not in FORMATS:
            raise UsageError(f"unknown format {name!r}", where="--format", remedy=f"choose from {choices}")
    for name in wanted:
        encoder = FORMATS[name].encoder
        if encoder and encoder not in encoders():
            raise MissingError(
                f"this ffmpeg cannot write {name} (it has no {encoder})",
                where=find_ffmpeg(),
                remedy="install a full ffmpeg, or choose wav",
            )
    return wanted
