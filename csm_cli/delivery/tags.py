"""Tags, chapters and cover of a file, and the parts of them that ffmpeg cannot write."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from csm_cli.core.errors import MissingError, UsageError, remedy_of
from csm_cli.core.reading import read_file

MAX_CHAPTERS_MP3 = 255  # the table of contents counts its entries in one byte
MAX_COVER_BYTES = 16 << 20
MAX_PIXELS = 50_000_000
"""Of a cover: a player unpacks it, four bytes a pixel."""


@dataclass(frozen=True)
class Tags:
    """The tags of a file; empty values are left out.

    Attributes:
        album_artist: the author, in a book.
        composer: the narrator, in a book: players of audiobooks look there.
    """

    title: str = ""
    album: str = ""
    artist: str = ""
    track: int | None = None
    tracks: int | None = None
    comment: str = "AI-narrated"
    album_artist: str = ""
    composer: str = ""
    genre: str = "Audiobook"
    date: str = ""
    language: str = ""
    publisher: str = ""
    copyright: str = ""
    description: str = ""
    subtitle: str = ""
    series: str = ""

    def filled(self) -> dict[str, str]:
        """The tags that are not empty, by ffmpeg's names for them."""
        track = "" if self.track is None else str(self.track)
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "tracks"}
        values["grouping"] = values.pop("series")
        values |= {"track": f"{track}/{self.tracks}" if track and self.tracks else track}
        return {key: value.replace("\0", "") for key, value in values.items() if value}


class Mark(NamedTuple):
    """A chapter within a file: seconds, and its title."""

    start: float
    end: float
    title: str


@dataclass(frozen=True)
class Cover:
    """A picture.

    Attributes:
        mime: image/jpeg or image/png.
        size: (width, height) in pixels.
    """

    path: Path
    mime: str
    size: tuple[int, int]
    data: bytes = field(repr=False)


def read_cover(path: Path | str) -> Cover:
    """Reads a JPEG or PNG.

    Raises:
        MissingError: no such file.
        UsageError: it is something else, damaged, or beyond 16 MB.
    """
    path = Path(path)
    try:
        data = read_file(path, MAX_COVER_BYTES)
    except FileNotFoundError as error:
        raise MissingError("no such picture", where=str(path), remedy="check the path") from error
    except OSError as error:
        raise UsageError(
            f"cannot be read ({error.strerror or error})", where=str(path), remedy=remedy_of(error)
        ) from error
    except ValueError as error:
        raise UsageError(
            f"cannot be read ({error})", where=str(path), remedy="give a JPEG or PNG of at most 16 MB"
        ) from error
    size = _picture_size(data)
    if not size:
        raise UsageError("is no cover", where=str(path), remedy="give a JPEG or PNG of at most 16 MB")
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise UsageError(
            f"is a picture of {size[0]} x {size[1]} pixels",
            where=str(path),
            remedy=f"give one of at most {MAX_PIXELS // 10**6} megapixels, such as 2400 x 2400",
        )
    return Cover(path, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg", size, data)


def ffmetadata(tags: dict[str, str], marks: Sequence[Mark] = ()) -> str:
    """The text of a file in ffmpeg's metadata format."""
    lines = [";FFMETADATA1", *(f"{_escaped(key)}={_escaped(value)}" for key, value in tags.items())]
    for mark in marks:
        lines += [
            "[CHAPTER]",
            "TIMEBASE=1/1000",  # without it, chapters collapse to nothing
            f"START={round(mark.start * 1000)}",
            f"END={round(mark.end * 1000)}",
            f"title={_escaped(mark.title)}",
        ]
    return "\n".join(lines) + "\n"


def chapter_comments(marks: Sequence[Mark]) -> dict[str, str]:
    """Chapters as Vorbis comments, `CHAPTER000=00:00:00.000`."""
    found = {}
    for number, mark in enumerate(marks):
        minutes, seconds = divmod(round(mark.start * 1000) / 1000, 60)
        hours, minutes = divmod(int(minutes), 60)
        found[f"CHAPTER{number:03d}"] = f"{hours:02d}:{minutes:02d}:{seconds:06.3f}"
        found[f"CHAPTER{number:03d}NAME"] = mark.title.replace("\0", "")
    return found


def picture_block(cover: Cover) -> str:
    """A cover as the value of METADATA_BLOCK_PICTURE: ffmpeg puts no picture into Ogg files."""
    mime = cover.mime.encode()
    block = struct.pack(">II", 3, len(mime)) + mime + struct.pack(">I", 0)
    block += struct.pack(">IIIII", *cover.size, 24, 0, len(cover.data)) + cover.data
    return base64.b64encode(block).decode()


def _escaped(text: str) -> str:
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    # ffmpeg takes a backslash before the end of a line, even an escaped one, for an escaped end of line.
    text += " " if text.endswith("\\") else ""
    return re.sub(r"([=;#\\\n])", r"\\\1", text)


def _picture_size(data: bytes) -> tuple[int, int] | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) > 24:
        return struct.unpack(">II", data[16:24])
    position = 2
    while data.startswith(b"\xff\xd8\xff") and position + 9 <= len(data) and data[position] == 0xFF:
        kind, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length
    return None


HEADER = 10
COMMENT = b"COMM"
OWN = b"TXXX"
LANGUAGE = b"eng"
# (text encoding, its name for ffmpeg's frame, an empty text in it) of the two that ffmpeg writes in ID3v2.3.
ENCODINGS = (
    (b"\0", b"comment\0", b"\0"),
    (b"\1", b"\xff\xfe" + "comment\0".encode("utf-16-le"), b"\xff\xfe\0\0"),
)


def mend_comment(path: Path) -> None:
    """Turn the frame `TXXX:comment` of an ID3v2.3 tag into `COMM`, in place.

    The frame becomes shorter; what is left over is padding at the end of the tag, so the sound stays where it
    is. Anything unexpected is left as it was.
    """
    with path.open("r+b") as file:
        header = file.read(HEADER)
        if len(header) < HEADER or header[:4] != b"ID3\3" or header[5]:
            return
        size = _synchsafe(header[6:])
        tag = file.read(size)
        frames = [_mended(frame) for frame in _frames(tag)]
        data = b"".join(frames)
        if len(tag) == size and len(data) <= size and any(frame.startswith(COMMENT) for frame in frames):
            file.seek(HEADER)
            file.write(data.ljust(size, b"\0"))


def _frames(tag: bytes) -> Iterator[bytes]:
    """Every frame with its header; what follows the last one is padding."""
    position = 0
    while position + HEADER <= len(tag) and tag[position]:
        end = position + HEADER + int.from_bytes(tag[position + 4 : position + 8], "big")
        yield tag[position:end]
        position = end


def _mended(frame: bytes) -> bytes:
    if frame.startswith(OWN):
        body = frame[HEADER:]
        for encoding, name, empty in ENCODINGS:
            if body.startswith(encoding + name):
                body = encoding + LANGUAGE + empty + body[len(encoding + name) :]
                return COMMENT + len(body).to_bytes(4, "big") + frame[8:HEADER] + body
    return frame


def _synchsafe(size: bytes) -> int:
    """The number in four bytes of seven bits each, ID3's synchsafe integers."""
    value = 0
    for byte in size:
        value = value << 7 | byte & 0x7F
    return value


MAX_TITLE_BYTES = 255
ELLIPSIS = "…".encode()


def mend_chapter_list(path: Path) -> None:
    """Mend, in place, titles that were cut in the middle of a UTF-8 character.

    A cut title ends in an ellipsis, and in spaces for the bytes that are left: no box changes its size.
    The full titles stand in the chapter track, which players that know it prefer.
    """
    with path.open("r+b") as file:
        start, size = _find(file, [b"moov", b"udta", b"chpl"])
        if not size:
            return
        file.seek(start)
        data = bytearray(file.read(size))
        position = 9  # version and flags, four reserved bytes, the number of chapters
        while position + 9 <= len(data):
            length = data[position + 8]
            title = slice(position + 9, position + 9 + length)
            if length == MAX_TITLE_BYTES:
                data[title] = clipped(bytes(data[title]))
            position = title.stop
        file.seek(start)
        file.write(data)


def clipped(title: bytes) -> bytes:
    """255 bytes of a title: as they are, or with an ellipsis when they end within a character."""
    try:
        title.decode()
        return title
    except UnicodeDecodeError:
        kept = title[: MAX_TITLE_BYTES - len(ELLIPSIS)].decode("utf-8", "ignore").encode() + ELLIPSIS
        return kept.ljust(MAX_TITLE_BYTES)


def _find(file: BinaryIO, names: list[bytes]) -> tuple[int, int]:
    """(first byte, size) of what is in the box at the end of a path; (0, 0) when there is none."""
    position, end = 0, file.seek(0, 2)
    for name in names:
        while position + 8 <= end:
            file.seek(position)
            header = file.read(16)
            size, begin = int.from_bytes(header[:4], "big"), 8
            if size == 1:
                size, begin = int.from_bytes(header[8:16], "big"), 16
            if size < begin:
                return 0, 0
            if header[4:8] == name:
                position, end = position + begin, min(position + size, end)
                break
            position += size
        else:
            return 0, 0
    return position, end - position
