"""Chapter files: WAV, FLAC and MP3, each written in one step and tagged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from csm_cli.audio.atomic import written
from csm_cli.audio.ffmpeg import encoders, find_ffmpeg, run_ffmpeg
from csm_cli.audio.files import write_wav
from csm_cli.errors import CsmError, MissingError, UsageError

if TYPE_CHECKING:
    from pydub import AudioSegment

MP3_BITRATE = "192k"  # constant, mono, 44.1 kHz: what audiobook shops take
MP3_RATE = 44_100


@dataclass(frozen=True)
class Tags:
    """What a chapter file says about itself; empty values are left out. A WAV carries none."""

    title: str = ""
    album: str = ""
    artist: str = ""
    track: int | None = None
    comment: str = "AI-narrated"

    def filled(self) -> dict[str, str]:
        """The tags that say something, by ffmpeg's names for them."""
        values = {
            "title": self.title,
            "album": self.album,
            "artist": self.artist,
            "track": "" if self.track is None else str(self.track),
            "comment": self.comment,
        }
        return {key: value.replace("\0", "") for key, value in values.items() if value}


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """Makes sure, before anything is rendered, that every format can be written.

    Returns:
        the formats in lower case, each once, in the order given.

    Raises:
        UsageError: an unknown format, or none at all.
        MissingError: ffmpeg, or an encoder in it, is not there.
    """
    wanted = tuple(dict.fromkeys(name.lower().lstrip(".") for name in formats))
    known = ", ".join(WRITERS)
    if not wanted:
        raise UsageError("no format given", where="--format", remedy=f"choose from {known}")
    for name in wanted:
        if name not in WRITERS:
            raise UsageError(f"unknown format {name!r}", where="--format", remedy=f"choose from {known}")
    if "mp3" in wanted and "libmp3lame" not in encoders():
        raise MissingError(
            "this ffmpeg cannot write MP3 (it has no libmp3lame)",
            where=find_ffmpeg(),
            remedy="install a full ffmpeg, or choose wav or flac",
        )
    return wanted


def export_chapter(
    segment: AudioSegment, folder: Path | str, stem: str, formats: Iterable[str], tags: Tags | None = None
) -> list[Path]:
    """Writes a chapter as `folder/stem.FORMAT` for each format, in the order of the formats.

    Args:
        segment: pydub segment; other than 16-bit mono it is converted.
        stem: file name without suffix, as from `names.chapter_stem`.
        formats: of wav, flac, mp3.

    Raises:
        UsageError, MissingError: as `check_formats`.
        CsmError: a file cannot be written; files of that name that were there before stay as they were.
    """
    if segment.channels != 1 or segment.sample_width != 2:
        segment = segment.set_channels(1).set_sample_width(2)
    pcm = np.frombuffer(segment.raw_data, dtype="<i2")
    paths = []
    for name in check_formats(formats):
        path = Path(folder) / f"{stem}.{name}"
        WRITERS[name](path, pcm, int(segment.frame_rate), tags or Tags())
        paths.append(path)
    return paths


def _write_wav(path: Path, pcm: np.ndarray, rate: int, tags: Tags) -> None:
    write_wav(path, pcm, rate)


def _write_flac(path: Path, pcm: np.ndarray, rate: int, tags: Tags) -> None:
    import soundfile

    names = {"track": "tracknumber"}
    try:
        with (
            written(path) as temporary,
            soundfile.SoundFile(str(temporary), "w", rate, 1, "PCM_16", format="FLAC") as file,
        ):
            for key, value in tags.filled().items():
                setattr(file, names.get(key, key), value)
            file.write(pcm)
    except soundfile.SoundFileError as error:
        raise CsmError(f"cannot be written ({error})", where=str(path)) from error


def _write_mp3(path: Path, pcm: np.ndarray, rate: int, tags: Tags) -> None:
    source = ["-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0", "-map_metadata", "-1"]
    codec = ["-codec:a", "libmp3lame", "-b:a", MP3_BITRATE, "-ar", str(MP3_RATE), "-ac", "1"]
    labels = [part for key, value in tags.filled().items() for part in ("-metadata", f"{key}={value}")]
    with written(path) as temporary:
        target = ["-id3v2_version", "3", "-f", "mp3", f"file:{temporary}"]
        run_ffmpeg([*source, *codec, *labels, *target], pcm.tobytes(), where=str(path))


WRITERS: dict[str, Callable[[Path, np.ndarray, int, Tags], None]] = {
    "wav": _write_wav,
    "flac": _write_flac,
    "mp3": _write_mp3,
}
