"""The Nero chapter list of an MP4 file, which stores 255 bytes of a title: never half a character."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

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
                position, end = position + begin, position + size
                break
            position += size
        else:
            return 0, 0
    return position, end - position
