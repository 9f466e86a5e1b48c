"""Voices in a zip file: NAME/voice.yaml and its clips, and nothing else."""

from __future__ import annotations

import io
import lzma
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from csm_cli.audio.files import SAMPLE_RATE, audio_seconds, read_audio
from csm_cli.audio.level import amplitude
from csm_cli.core.data import open_zip
from csm_cli.core.errors import CsmError, MissingError, UsageError, remedy_of
from csm_cli.core.files import written
from csm_cli.core.reading import open_file, read_file
from csm_cli.voices import intake
from csm_cli.voices.names import CARD, is_file_name
from csm_cli.voices.registry import Added, NameTakenError, VoiceRegistry
from csm_cli.voices.store import NewClip
from csm_cli.voices.voice import MAX_CARD_BYTES, MAX_CLIP_BYTES, Clip, Voice, card_text, load_voice

MAX_FILES = 64
MAX_BYTES = 64 << 20  # unpacked; thirty seconds are 1.4 MB
EPOCH = (1980, 1, 1, 0, 0, 0)


def export_voice(voice: Voice, path: Path | str) -> Path:
    """Writes a voice to a zip file; the same voice gives the same bytes.

    Of a voice that did not come with csm no file may be a link: what it leads to is not the voice's.

    Raises:
        CsmError: a clip cannot be read, or the file cannot be written.
    """
    path = Path(path)
    inside = None if voice.layer == "shipped" else voice.folder
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, f"{voice.name}/{CARD}", card_text(voice).encode())
        for clip in voice.clips:
            try:
                sound = read_file(clip.audio, MAX_CLIP_BYTES, inside)
            except OSError as error:
                raise CsmError(
                    f"cannot be read ({error.strerror or error})",
                    where=str(clip.audio),
                    remedy=remedy_of(error),
                ) from error
            _write(archive, f"{voice.name}/{clip.audio.name}", sound)
    with written(path) as temporary:
        temporary.write_bytes(data.getvalue())
    return path


def import_voice(
    registry: VoiceRegistry,
    path: Path | str,
    *,
    name: str | None = None,
    project: bool = False,
    force: bool = False,
) -> Added:
    """Registers the voice of a zip file. Only its card and the clips that the card names are looked at.

    Args:
        name: another name for it.

    Raises:
        MissingError: no such file.
        UsageError: not a zip of one voice, damaged, larger than any voice, or with a path that leaves its
            folder; a clip is silent or of a length that no clip has; or the name is taken by another voice.
    """
    where = str(path)
    try:
        with (
            open_file(path) as file,
            open_zip(file, MAX_FILES * 4) as archive,
            tempfile.TemporaryDirectory(prefix="csm-") as folder,
        ):
            home = Path(folder) / _unpack(archive, Path(folder), where)
            voice = load_voice(home, "user")
            clips = [_checked(clip, where) for clip in voice.clips]
            return registry.add(
                name or voice.name,
                clips,
                usual=voice.speaker,
                project=project,
                force=force,
                language=voice.language,
                licence=voice.licence,
                consent=voice.consent,
                note=voice.note,
            )
    except NameTakenError as error:
        raise UsageError(
            error.what,
            where=where,
            remedy="import it under another name with --as, or in its place with --force",
        ) from error
    except FileNotFoundError as error:
        raise MissingError("no such file", where=where, remedy="check the path") from error
    except OSError as error:
        raise UsageError(
            f"cannot be read ({error.strerror or error})", where=where, remedy=remedy_of(error)
        ) from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError) as error:
        raise _bad(where, f"is not a zip file that can be read ({error})") from error
    except (NotImplementedError, RuntimeError, EOFError, ValueError, IndexError) as error:
        raise _bad(where, f"is not a zip file that can be read ({error})") from error
    except CsmError as error:
        # Inside the zip: the path of a temporary folder helps nobody.
        if error.where and "csm-" in error.where and tempfile.gettempdir() in error.where:
            raise _bad(where, f"{Path(error.where).name} {error.what}") from error
        raise


def _unpack(archive: zipfile.ZipFile, folder: Path, where: str) -> str:
    """Writes the one voice of a zip into `folder`; returns the name of its own folder."""
    if not all(entry.filename for entry in archive.infolist()):
        raise _bad(where, "holds a file without a name")
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise _bad(where, f"is larger than a voice (over {MAX_FILES} files or {MAX_BYTES >> 20} MB)")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _bad(where, "is locked with a password")
    for entry in entries:
        parts = entry.filename.split("/")
        if len(parts) != 2 or not all(map(is_file_name, parts)) or entry.external_attr >> 28 == 0xA:
            raise _bad(where, f"holds {entry.filename!r}, which is not a file of a voice")
    names = {entry.filename.split("/")[0] for entry in entries}
    if len(names) != 1 or f"{next(iter(names))}/{CARD}" not in archive.namelist():
        raise _bad(where, f"does not hold one voice: NAME/{CARD} and its clips")
    if len({entry.filename.lower() for entry in entries}) != len(entries):
        raise _bad(where, "holds a file twice")
    (name,) = names
    (folder / name).mkdir()
    left = MAX_BYTES
    for entry in entries:
        limit = MAX_CARD_BYTES if entry.filename.endswith(f"/{CARD}") else left
        with archive.open(entry) as packed:
            data = packed.read(limit + 1)  # the size in a header need not be right
        if len(data) > limit:
            raise _bad(where, f"holds {entry.filename!r}, which is larger than it may be")
        left -= len(data)
        (folder / entry.filename).write_bytes(data)
    return name


def _checked(clip: Clip, where: str) -> NewClip:
    """A clip that can be a reference: an archive need not come from `export_voice`."""
    most = intake.MAX_SECONDS + 1
    seconds = audio_seconds(clip.audio) or 0.0
    if seconds <= most:  # else a megabyte may hold hours of silence
        audio = read_audio(clip.audio, SAMPLE_RATE, most)
        seconds = audio.size / SAMPLE_RATE
    if not intake.MIN_SECONDS <= seconds <= most:
        raise UsageError(
            f"{clip.audio.name} is {seconds:.1f} s long, not {intake.MIN_SECONDS:.0f} to "
            f"{intake.MAX_SECONDS:.0f} s",
            where=where,
            remedy="make a voice of the recording with csm voices add",
        )
    if float(np.ptp(audio)) / 2 < amplitude(intake.SILENT_DB):
        raise UsageError(f"{clip.audio.name} is silent", where=where, remedy="ask for another copy")
    return NewClip(clip.label, clip.text, audio)


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def _bad(where: str, what: str) -> UsageError:
    return UsageError(what, where=where, remedy="give a file that csm voices export wrote")
