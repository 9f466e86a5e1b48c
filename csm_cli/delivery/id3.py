"""The comment of an MP3: ffmpeg writes it where no player looks, into a frame of its own making."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
        size = _unsynchronised(header[6:])
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


def _unsynchronised(size: bytes) -> int:
    """The number in four bytes of seven bits."""
    value = 0
    for byte in size:
        value = value << 7 | byte & 0x7F
    return value
