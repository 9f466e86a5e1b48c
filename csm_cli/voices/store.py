"""Voices on the disk: written whole or not at all, one process at a time, never absent while they change."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from csm_cli.audio.files import CLIP_SECONDS, SAMPLE_RATE, read_audio, sound_file, to_pcm16, write_wav
from csm_cli.core.errors import CsmError, UsageError
from csm_cli.core.files import written
from csm_cli.core.visible import check_text
from csm_cli.voices.names import CARD, Layer, exists
from csm_cli.voices.voice import CLIP, Clip, Voice, card_text, load_voice


def doubts(
    voice: Voice, clips: Sequence[NewClip], others: Mapping[int, str], layers: Iterable[tuple[Layer, Path]]
) -> tuple[str, ...]:
    """Warnings about a registered voice for its owner, one line each.

    Args:
        clips: those of the voice.
        others: names of the other voices by their tags.
        layers: the folders of voices.
    """
    found = []
    if voice.speaker in others:
        found.append(
            f"speaker {voice.speaker} is also {others[voice.speaker]!r}; cast together, one gets another"
        )
    homes = dict(layers)
    other: Layer = "user" if voice.layer == "project" else "project"
    if other in homes and exists(homes[other] / voice.name):
        there = load_or_none(homes[other] / voice.name, other)
        if there is None or not same(there, clips):
            found.append(
                f"the project has its own {voice.name!r}, which is used before this one"
                if other == "project"
                else f"there is another {voice.name!r} among your own voices; here, this one is used"
            )
    return tuple(found)


def load_or_none(folder: Path, layer: Layer) -> Voice | None:
    """The voice in a folder; None if it is damaged."""
    with suppress(CsmError):
        return load_voice(folder, layer)
    return None


LOCK = ".lock"
LOCK_SECONDS = 60.0
PLAIN = "plain"
"""Label of the clip that had none, once others stand beside it."""


@dataclass(frozen=True, eq=False)
class NewClip:
    """A clip that is to be kept.

    Args:
        label: "" for the one plain clip of a voice.
        text: its transcript.
        audio: float32 mono `[samples]` at 24 kHz.
    """

    label: str
    text: str
    audio: np.ndarray


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Holds the one lock of a folder of voices, which is made if need be; waits for it up to a minute.

    Raises:
        CsmError: the folder cannot be written, or another process keeps the lock.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(home / LOCK, timeout=LOCK_SECONDS)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise CsmError(
            "another csm is changing the voices here", where=str(home), remedy="wait for it, then try again"
        ) from error
    except OSError as error:
        raise unwritable(home, error) from error
    try:
        yield
    finally:
        lock.release()


def put(voice: Voice, clips: Sequence[NewClip]) -> Voice:
    """Keeps a voice in its folder, in place of what is there. A reader finds the old or the new, never none.

    The folder of a new voice is made beside its place and renamed. In one that is there, new clips get names
    that are free, then the card is replaced in one step, then clips that it no longer names are deleted.

    Args:
        voice: its card; `clips` and the reference follow from the argument `clips`.

    Raises:
        UsageError: a text holds control characters.
        CsmError: the folder cannot be written; it is as it was.
    """
    for option in ("language", "licence", "consent", "note"):
        check_text(getattr(voice, option), f"--{option}")
    folder = voice.folder
    fresh = not folder.exists()
    target = hidden(folder) if fresh else folder
    made: list[Path] = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        kept = []
        for clip in clips:
            audio = _free_name(target, clip, made)
            if audio not in made and not audio.exists():
                made.append(audio)
                write_wav(audio, clip.audio)
            kept.append(Clip(clip.label, clip.text, audio))
        with written(target / CARD) as temporary:
            temporary.write_text(card_text(replace(voice, clips=tuple(kept))), encoding="utf-8")
        if fresh:
            target.rename(folder)
        else:
            _sweep(folder, {clip.audio.name for clip in kept})
    except BaseException as error:
        for audio in made:
            with suppress(OSError):
                audio.unlink()
        if fresh:
            shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise unwritable(folder, error) from error
        raise
    return load_voice(folder, voice.layer)


def move(voice: Voice, name: str) -> Voice:
    """Gives a voice's folder another name. A crash in between leaves a sound voice of the old or new name.

    Raises:
        CsmError: the folder cannot be written.
    """
    folder = voice.folder.with_name(name)
    try:
        _write_card(voice.folder, card_text(replace(voice, name="")))  # right in any folder
        voice.folder.rename(folder)
        _write_card(folder, card_text(replace(voice, name=name)))
    except OSError as error:
        raise unwritable(folder, error) from error
    return load_voice(folder, voice.layer)


def delete(folder: Path) -> None:
    """Deletes a folder of a voice: gone at once, even if clearing up is cut short.

    Raises:
        CsmError: it cannot be deleted.
    """
    try:
        grave = hidden(folder)
        folder.rename(grave)
        shutil.rmtree(grave)
    except OSError as error:
        raise unwritable(folder, error) from error


def same(voice: Voice, clips: Sequence[NewClip]) -> bool:
    """Whether a voice has just these clips: labels, texts and every sample."""
    return len(voice.clips) == len(clips) and all(
        (old.label, old.text) == (new.label, new.text) and holds(old.audio, new.audio)
        for old, new in zip(voice.clips, clips, strict=True)
    )


def extended(voice: Voice, old: Voice | None, new: Sequence[NewClip]) -> list[NewClip]:
    """The clips of a voice together with new ones; a plain clip is called `plain` beside labelled ones."""
    fresh = {clip.label: clip for clip in new}
    clips = []
    for clip in (old or voice).clips:
        label = clip.label or PLAIN
        again = fresh.pop(label) if label in fresh else None
        clips.append(again or NewClip(label, clip.text, read_audio(clip.audio, SAMPLE_RATE, CLIP_SECONDS)))
    return [*clips, *(replace(clip, label=clip.label or PLAIN) for clip in fresh.values())]


def holds(path: Path, audio: np.ndarray) -> bool:
    """Whether a file holds just the samples that `write_wav` writes for `audio`."""
    import soundfile

    try:
        with sound_file(path) as file:
            alike = file.samplerate == SAMPLE_RATE and file.channels == 1 and file.frames == audio.size
            return alike and np.array_equal(file.read(audio.size, "int16"), to_pcm16(audio))
    except (soundfile.SoundFileError, OSError, UsageError):
        return False


def hidden(folder: Path) -> Path:
    """A name beside `folder` that no registry reads."""
    return folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")


def unwritable(folder: Path, error: OSError) -> CsmError:
    """The error of a folder that cannot be changed."""
    return CsmError(
        f"cannot be changed ({error.strerror or error})",
        where=str(folder),
        remedy="check its permissions and the free space",
    )


def _free_name(folder: Path, clip: NewClip, made: Sequence[Path]) -> Path:
    """A file in `folder` that is this clip already, else a name that is free."""
    stem = clip.label or Path(CLIP).stem
    number = 1
    while True:
        path = folder / (f"{stem}.wav" if number == 1 else f"{stem}-{number}.wav")
        if path not in made and (not path.exists() or holds(path, clip.audio)):
            return path
        number += 1


def _write_card(folder: Path, text: str) -> None:
    with written(folder / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _sweep(folder: Path, named: set[str]) -> None:
    """Deletes the clips that a card no longer names: WAV files alone, for people keep other things there."""
    for path in folder.glob("*.wav"):
        if path.name not in named:
            with suppress(OSError):
                path.unlink()
