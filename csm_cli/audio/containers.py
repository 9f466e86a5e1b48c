"""What a sound file is, by its first bytes and its name: one kind, which is what ffmpeg is to read it as; and
what its header may state.

Left to itself, ffmpeg goes by content alone, and some of what it takes for sound is a list of other files:
playlists, `concat` scripts, manifests of streams, numbered pictures. None of these is here.
"""

from __future__ import annotations

from pathlib import Path

from csm_cli.core.errors import UsageError

REMEDY = "give a file with sound in it, such as WAV, FLAC or MP3"
HEAD_BYTES = 4096
MIN_RATE, MAX_RATE, MAX_CHANNELS = 1_000, 768_000, 64
_ID3_HEADER = 10
_STARTS = {
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"RF64": "wav",
    b"BW64": "wav",
    b"riff\x2e\x91\xcf\x11": "w64",
    b"caff": "caf",
    b".snd": "au",
    b"\x1aE\xdf\xa3": "matroska",
    b"0&\xb2u\x8ef\xcf\x11": "asf",
    b"#!AMR": "amr",
    b"wvpk": "wv",
    b"MAC ": "ape",
    b"TTA1": "tta",
    b"Creative Voice File\x1a": "voc",
    b"NIST_1A": "nistsphere",
    b"\x0bw": "ac3",
}
_FORMS = {
    b"RIFFWAVE": "wav",
    b"RIFXWAVE": "wav",
    b"RIFFAVI ": "avi",
    b"FORMAIFF": "aiff",
    b"FORMAIFC": "aiff",
}
_MOVIE_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_BY_NAME = {".mp3": "mp3", ".mp2": "mp3", ".mpga": "mp3", ".aac": "aac", ".ac3": "ac3"}
"""Of kinds that may begin with anything, and are recognised by their frames."""
_PLAYLISTS = (
    b"#EXTM3U",
    b"ffconcat",
    b"[playlist]",
    b"<smil",
    b"<?wpl",
    b"<asx",
    b"#EXTINF",
    b"v=0\r\n",
    b"v=0\n",
)


def container_of(head: bytes, path: Path) -> str:
    """ffmpeg's name of the demuxer for a file.

    Args:
        head: its first `HEAD_BYTES`.
        path: its name decides where the bytes do not, for kinds without a mark at their beginning.

    Raises:
        UsageError: it is text, such as a playlist, or no kind of sound that is read.
    """
    inner = _behind_id3(head)
    if found := _by_bytes(inner):
        return found
    suffix = path.suffix.lower()
    if inner is not head:
        return _BY_NAME.get(suffix, "mp3")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(tuple(map(bytes.lower, _PLAYLISTS))):
        raise not_audio(path, "a list of other files")
    if _is_text(head):
        raise not_audio(path, "text")
    if suffix in _BY_NAME:
        return _BY_NAME[suffix]
    raise not_audio(path)


def not_audio(path: Path, kind: str = "") -> UsageError:
    """The error about a file that has no sound in it; `kind` is what it is instead."""
    found = f" (it is {kind})" if kind else ""
    return UsageError(f"is not audio, or is damaged{found}", where=str(path), remedy=REMEDY)


def too_long(path: Path, most: float) -> UsageError:
    """The error about a sound that lasts longer than it may."""
    limit = f"{most / 60:.0f} minutes" if most >= 120 else f"{most:.0f} seconds"
    return UsageError(f"lasts longer than {limit}", where=str(path), remedy="give a shorter one")


def check_header(path: Path, rate: int, channels: int) -> None:
    """Checks what a file states of its sound before memory is taken for it.

    Raises:
        UsageError: no recording is like that.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise UsageError(
            f"states a sample rate of {rate} Hz, not {MIN_RATE} to {MAX_RATE}",
            where=str(path),
            remedy="export it again at 44100 or 48000 Hz",
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise UsageError(
            f"has {channels} channels, not 1 to {MAX_CHANNELS}",
            where=str(path),
            remedy="export it again in mono",
        )


def _by_bytes(head: bytes) -> str:
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    if found := _FORMS.get(head[:4] + head[8:12]):
        return found
    if head[4:8] in _MOVIE_BOXES:
        return "mov"
    if len(head) > 2 and head[0] == 0xFF and head[1] >= 0xE0:  # a frame of MPEG audio; layer 0 is AAC's ADTS
        return "mp3" if head[1] & 0x06 else "aac"
    return ""


def _behind_id3(head: bytes) -> bytes:
    """What follows an ID3 tag; nothing where that is longer than `head`, and `head` where there is none."""
    if not head.startswith(b"ID3") or len(head) < _ID3_HEADER:
        return head
    size = 0
    for byte in head[6:_ID3_HEADER]:
        size = size << 7 | byte & 0x7F
    return head[_ID3_HEADER + size :]


def _is_text(head: bytes) -> bool:
    """Whether there are only printable characters, in UTF-8 but for a last one that is cut."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start < len(head) - 3:
            return False
        text = head[: fault.start].decode("utf-8")
    return all(character.isprintable() or character in "\r\n\t\f" for character in text)
