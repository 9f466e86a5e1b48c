"""What the frames of an MP3 say: bit rates and stereo modes (ISO/IEC 11172-3), which no decoder tells."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from pathlib import Path

# kbit/s of Layer III by the four bits of the header: MPEG-1, then MPEG-2 and 2.5.
BIT_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
RATES = (44_100, 48_000, 32_000)
MODES = ("stereo", "joint stereo", "dual channel", "mono")
MPEG1 = 3


@dataclass
class Frames:
    """What was found in the frames, the one with the encoder's own notes left out.

    Attributes:
        bit_rates: kbit/s, each once.
        modes: of `MODES`, each once.
        declared: how many frames the encoder says there are; None if it does not say.
    """

    count: int = 0
    bit_rates: set[int] = field(default_factory=set)
    modes: set[str] = field(default_factory=set)
    declared: int | None = None


def read_frames(path: Path) -> Frames:
    """Walk through the frames of a file; what is none is skipped."""
    found = Frames()
    with path.open("rb") as file:
        if not path.stat().st_size:
            return found
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            position = _after_id3(data)
            while position + 4 <= len(data):
                size = _frame(data, position, found)
                if size:
                    position += size
                else:
                    position = data.find(b"\xff", position + 1)
                    if position < 0:
                        break
    return found


def _frame(data: mmap.mmap, position: int, found: Frames) -> int:
    """Notes the frame that begins here; returns its size, 0 where there is none."""
    header = int.from_bytes(data[position : position + 4], "big")
    version, layer = header >> 19 & 3, header >> 17 & 3
    bits, rate = header >> 12 & 15, header >> 10 & 3
    if header >> 21 != 0x7FF or version == 1 or layer != 1 or bits in (0, 15) or rate == 3:
        return 0
    kilobits = BIT_RATES[version != MPEG1][bits]
    hertz = RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    size = (144_000 if version == MPEG1 else 72_000) * kilobits // hertz + (header >> 9 & 1)
    mode = MODES[header >> 6 & 3]
    notes = data[position + 4 : position + 48]
    tag = (
        next((tag for tag in (b"Xing", b"Info", b"VBRI") if tag in notes), None) if not found.count else None
    )
    if tag and found.declared is None:
        place = position + 4 + notes.index(tag)
        if tag != b"VBRI" and data[place + 7] & 1:
            found.declared = int.from_bytes(data[place + 8 : place + 12], "big")
        return size
    found.count += 1
    found.bit_rates.add(kilobits)
    found.modes.add(mode)
    return size


def _after_id3(data: mmap.mmap) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size
