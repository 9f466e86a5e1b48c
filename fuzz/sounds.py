"""What is fuzzed of sounds: files of every kind, pictures in them, transcripts, what is delivered."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fuzz import seeds
from fuzz.reader import NotTheSameError, Reader, put


def _audio(folder: Path, data: bytes) -> None:
    from csm_cli.audio.files import audio_seconds, read_audio

    path = put(folder, "sound.wav", data)
    audio_seconds(path)
    read_audio(path)


def _picture(folder: Path, data: bytes) -> None:
    from csm_cli.delivery.tags import read_cover

    read_cover(put(folder, "cover.jpg", data))


def _mpeg(folder: Path, data: bytes) -> None:
    from csm_cli.delivery.check.files import read_frames
    from csm_cli.delivery.tags import mend_chapter_list, mend_comment

    path = put(folder, "book.mp3", data)
    read_frames(path)
    mend_comment(path)
    mend_chapter_list(path)


def _decoded(folder: Path, data: bytes) -> None:
    """What libsndfile does not read: ffmpeg is started for each."""
    from csm_cli.audio.files import read_audio
    from csm_cli.audio.measure import measure
    from csm_cli.audio.recording import read_recording

    name = "sound.aac" if data[:1] == b"\xff" else "sound.m4a"
    path = put(folder, name, data)
    read_audio(path)
    read_recording(path, 30.0)
    measure(path)


def _encoded(folder: Path) -> list[bytes]:
    from csm_cli.audio.ffmpeg import run_ffmpeg

    kinds = (("sound.m4a", "aac"), ("sound.aac", "aac"), ("sound.mka", "libopus"), ("sound.m4a", "alac"))
    found = []
    for name, codec in kinds:
        path = folder / name
        run_ffmpeg(["-i", "pipe:0", "-c:a", codec, str(path)], seeds.sound(0.2), where=name)
        found.append(path.read_bytes())
    return found


def _transcript(folder: Path, data: bytes) -> None:
    """A clip with its transcript becomes a voice, which is read again."""
    from csm_cli.voices.adding import check_belongs, check_transcript, matching_part, read_transcript
    from csm_cli.voices.registry import VoiceRegistry
    from csm_cli.voices.store import NewClip

    path = put(folder, "said.txt", data)
    text, warnings = check_transcript(read_transcript(path), 3.0, str(path))
    said = "is that the light it is anna said nobody came in"
    registry = VoiceRegistry(folder)
    clips = [NewClip("", text, np.full(72_000, 0.1, np.float32))]
    registry.add("anna", clips, project=True, force=True)
    kept = registry.get("anna").text
    if kept != text or any("\n" in each for each in warnings):
        raise NotTheSameError(f"{text!r:.300} became {kept!r:.300}")
    check_belongs(matching_part(text, said, str(path)), said, str(path))


def _transcripts(folder: Path) -> list[bytes]:
    words = "Is that the light? It is, Anna said. Nobody came in. It was 5 p.m. on the 3rd of May – “late”."
    return [words.encode(), words.encode("utf-8-sig"), (words * 50).encode(), b"Yes."]


def _check(folder: Path, data: bytes) -> None:
    """The timeline beside delivered files says what each of them is."""
    from csm_cli.delivery.check import check_files, find_files
    from csm_cli.delivery.check.presets import preset
    from csm_cli.delivery.check.report import as_json, brief, table, write_page

    for name in ("01-one.wav", "02-two.mp3", "book.m4b"):
        put(folder, f"book/{name}", b"no sound")  # refused before ffmpeg is started
    put(folder, "book/timeline.json", data)
    notes: list[str] = []
    checked = check_files(find_files([folder / "book"]), preset("acx-spec"), note=notes.append)
    as_json(checked)
    write_page(checked, folder / "page.html")
    if any("\n" in row for row in (*brief(checked), *table(checked), *notes)):
        raise NotTheSameError("a row of several")


SOUNDS: tuple[Reader, ...] = (
    Reader("audio", seeds.audio, _audio, 0.1),
    Reader("picture", seeds.pictures, _picture, 0.5),
    Reader("mpeg", seeds.mpeg, _mpeg, 0.5),
    Reader("m4a", _encoded, _decoded, 0.02),
    Reader("transcript", _transcripts, _transcript, 0.5),
    Reader("check", seeds.timelines, _check, 0.5),
)
