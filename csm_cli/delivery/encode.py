"""Sound into files: streamed through the encoder, tagged, written in one step; the result is measured."""

from __future__ import annotations

import errno
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from csm_cli.audio.ffmpeg import feed_ffmpeg, only
from csm_cli.audio.files import MAX_WAV_BYTES
from csm_cli.audio.level import Loudness
from csm_cli.audio.measure import Measured, measure
from csm_cli.core.errors import CsmError, UsageError
from csm_cli.core.files import written
from csm_cli.delivery.formats import FORMATS, Format, check_formats
from csm_cli.delivery.tags import (
    MAX_CHAPTERS_MP3,
    Cover,
    Mark,
    Tags,
    chapter_comments,
    ffmetadata,
    mend_chapter_list,
    mend_comment,
    picture_block,
)

if TYPE_CHECKING:
    from pydub import AudioSegment

OGG = ("ogg", "opus")
VORBIS_COMMENTS = ("flac", *OGG)
# Frames that ffmpeg writes under their own names alone.
ID3 = {"subtitle": "TIT3", "grouping": "TIT1"}
WAV_TAGS = ("title", "artist", "album", "comment", "copyright", "date", "genre")


def encode(
    blocks: Iterable[np.ndarray],
    samples: int,
    rate: int,
    path: Path,
    kind: Format,
    tags: Tags | None = None,
    marks: Sequence[Mark] = (),
    cover: Cover | None = None,
    where: Path | None = None,
) -> None:
    """Writes one file: encoded once, in one pass over the sound; memory stays flat.

    Args:
        blocks: int16 mono, in order.
        samples: in all the blocks together.
        rate: Hz, of the blocks.
        marks: chapters within the file. A WAV has no place for them; an MP3 takes 255.
        cover: a WAV has no place for it.
        where: the file named in an error; None: `path`.

    Raises:
        CsmError: the file cannot be written; one of that name that was there before stays as it was.
        MissingError: there is no ffmpeg.
    """
    tags, where = tags or Tags(), where or path
    if kind.name == "wav":
        _encode_wav(blocks, samples, rate, path, tags, where)
        return
    with (
        written(path, where) as temporary,
        tempfile.TemporaryDirectory(prefix=".csm-", dir=path.parent) as folder,
    ):
        arguments = ["-loglevel", "error", "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"]
        arguments += _extras(Path(folder), kind, tags, marks, cover)
        arguments += ["-c:a", kind.encoder, "-ar", str(kind.rate or rate), "-ac", "1", *kind.arguments]
        arguments += [f"file:{temporary}"]
        feed_ffmpeg(arguments, (block.astype("<i2").tobytes() for block in blocks), where=str(where))
        if kind.suffix in (".m4a", ".m4b"):
            mend_chapter_list(temporary)
        elif kind.suffix == ".mp3":
            mend_comment(temporary)


def export_chapter(
    segment: AudioSegment,
    folder: Path | str,
    stem: str,
    formats: Iterable[str],
    tags: Tags | None = None,
    cover: Cover | None = None,
) -> list[Path]:
    """Writes a pydub segment as `folder/stem.SUFFIX` for each format, in the order of the formats.

    Args:
        segment: other than 16-bit mono it is converted.
        stem: file name without suffix, as from `book.chapter_stem`.

    Raises:
        UsageError, MissingError: as `check_formats`; a book format (m4b) holds chapters, not one.
        CsmError: a file cannot be written; files of that name that were there before stay as they were.
    """
    if segment.channels != 1 or segment.sample_width != 2:
        segment = segment.set_channels(1).set_sample_width(2)
    pcm = np.frombuffer(segment.raw_data, dtype="<i2")
    paths = []
    for name in check_formats(formats):
        kind = FORMATS[name]
        path = Path(folder) / f"{stem}{kind.suffix}"
        encode([pcm], pcm.size, int(segment.frame_rate), path, kind, tags, cover=cover)
        paths.append(path)
    return paths


def _extras(
    folder: Path, kind: Format, tags: Tags, marks: Sequence[Mark], cover: Cover | None
) -> Iterator[str]:
    """ffmpeg's arguments for tags, chapters and cover; long texts travel in a file."""
    texts = tags.filled()
    if kind.name == "m4b":
        texts["media_type"] = "2"  # an audiobook, for players that separate books from music
    if kind.name == "mp3":
        marks = marks[:MAX_CHAPTERS_MP3]
        texts = {ID3.get(key, key): value for key, value in texts.items()}
    if kind.name in VORBIS_COMMENTS:
        # ffmpeg writes no chapters into FLAC, and versions of it get the seconds wrong in Ogg.
        texts |= chapter_comments(marks)
        marks = ()
        if "description" in texts:  # which is also what it makes of a comment
            texts["comment"] = f"{texts.pop('description')}\n\n{texts['comment']}"
    if kind.name in OGG and cover:
        texts["METADATA_BLOCK_PICTURE"] = picture_block(cover)
        cover = None
    description = folder / "metadata.txt"
    description.write_text(ffmetadata(texts, marks), encoding="utf-8", newline="\n")
    yield from ("-f", "ffmetadata", "-i", f"file:{description}")
    if cover:
        # Without patterns a name with %03d in it is that of a file.
        codec = "png" if cover.mime == "image/png" else "mjpeg"
        yield from (*only("image2"), "-pattern_type", "none", "-c:v", codec)
        yield from ("-i", f"file:{cover.path}", "-map", "0:a", "-map", "2:v", "-c:v", "copy")
        yield from ("-disposition:v:0", "attached_pic", "-metadata:s:v", "comment=Cover (front)")
    else:
        yield from ("-map", "0:a")
    yield from ("-map_metadata", "1", "-map_chapters", "1" if marks else "-1")


def _encode_wav(
    blocks: Iterable[np.ndarray], samples: int, rate: int, path: Path, tags: Tags, where: Path
) -> None:
    """WAV, or RF64 where the sizes of a WAV, 32 bits, do not suffice."""
    import soundfile

    kind = "RF64" if 2 * samples > MAX_WAV_BYTES - 65_536 else "WAV"
    with written(path, where) as temporary:
        try:
            with soundfile.SoundFile(_native(temporary), "w", rate, 1, "PCM_16", format=kind) as file:
                for key, value in tags.filled().items():
                    if key in WAV_TAGS:
                        setattr(file, key, value)
                for block in blocks:
                    file.write(block)
                _check_written(file.frames, samples, where)
        except soundfile.SoundFileError as error:
            # libsndfile's message is "System error" and no more.
            full = shutil.disk_usage(path.parent).free < 1 << 16
            raise CsmError(
                f"cannot be written ({os.strerror(errno.ENOSPC) if full else error})",
                where=str(where),
                remedy="check the folder, its permissions and the free space",
            ) from error


def _check_written(frames: int, samples: int, path: Path) -> None:
    if frames != samples:  # libsndfile may take a full disk without a word
        raise CsmError(
            f"cannot be written ({frames} of {samples} samples fitted)",
            where=str(path),
            remedy="check the free space",
        )


LONGEST_LOSS_SECONDS = 0.1
LARGEST_MISS_DB = 1.0
NEAR_DB = 1.0


def measured_draft(draft: Path, path: Path, seconds: float) -> Measured:
    """A draft of a file, decoded: what an encoder leaves unfinished without a word is found here.

    Args:
        path: the file's place, named in the error.
        seconds: it has to be long.

    Raises:
        CsmError: it is not whole.
    """
    try:
        measured = measure(draft)
    except UsageError as error:
        raise _unfinished(path) from error
    if measured.seconds < seconds - LONGEST_LOSS_SECONDS:
        raise _unfinished(path)
    return measured


def excess_db(measured: Measured, loudness: Loudness) -> float:
    """How far the highest peak stands above the limit; at most 0 where all is well, or none is set."""
    if loudness.peak_db is None:
        return 0.0
    return (measured.true_peak_db if loudness.true_peak else measured.peak_db) - loudness.peak_db


def misses(measured: Measured, loudness: Loudness, levelled: bool) -> Iterator[str]:
    """Messages on where a file misses its loudness target or peak limit.

    Args:
        levelled: what is in it was brought to the target level.
    """
    name = measured.path.name
    if excess_db(measured, loudness) > 0:
        yield f"{name}: its peak stands over the limit of {loudness.peak_db:g} dB"
    if not levelled or loudness.target is None:
        return
    level, unit = (measured.rms_db, "dB RMS") if loudness.lufs is None else (measured.lufs, "LUFS")
    if math.isfinite(level) and abs(level - loudness.target) <= LARGEST_MISS_DB:
        return
    ceiling = 0.0 if loudness.ceiling_db is None else loudness.ceiling_db
    peaks = measured.true_peak_db > ceiling - NEAR_DB
    reason = (
        "single peaks stand far above the rest" if peaks else "there is next to nothing to be heard in it"
    )
    yield f"{name}: {level:.1f} {unit} in place of {loudness.target:g}: {reason}"


def _unfinished(path: Path) -> CsmError:
    return CsmError("was not written to its end", where=str(path), remedy="check the free space")


def _native(path: Path) -> bytes | str:
    """A file's name as libsndfile's wrapper takes it: whole even where it is not valid Unicode."""
    return str(path) if os.name == "nt" else os.fsencode(path)
