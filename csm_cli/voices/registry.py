"""The registry: voices by name, from the project, the user's folder and the package, nearest first."""

from __future__ import annotations

import difflib
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from csm_cli.audio.files import SAMPLE_RATE, write_wav
from csm_cli.errors import CsmError, MissingError, UsageError
from csm_cli.voices.intake import check_transcript, read_reference
from csm_cli.voices.places import CARD, Layer, voice_layers
from csm_cli.voices.voice import (
    CLIP,
    MAX_SPEAKER,
    NAME,
    Voice,
    card_text,
    check_name,
    load_voice,
)


class Added(NamedTuple):
    """What `VoiceRegistry.add` made, and what is doubtful about it: one line each."""

    voice: Voice
    warnings: tuple[str, ...]


class VoiceRegistry:
    """Voices by name. A name in a nearer layer hides the same name further off, even when it is damaged.

    The folders are read at every call, so nothing goes stale; a registry holds some dozens of voices.

    Args:
        project_dir: the folder of the script; its `voices/` is the project layer. None: no such layer.
    """

    def __init__(self, project_dir: Path | None = None):
        self.layers: tuple[tuple[Layer, Path], ...] = voice_layers(project_dir)

    def get(self, name: str, *, where: str | None = None) -> Voice:
        """The voice of that name.

        Args:
            where: the place that asked for it, such as `file:line:col`, for the error.

        Raises:
            MissingError: there is none; names the nearest and lists all.
            CsmError: it is there, but damaged.
        """
        # A name that cannot be a voice's is never joined to a path.
        if NAME.fullmatch(name):
            for layer, folder in self.layers:
                if _exists(folder / name):
                    return load_voice(folder / name, layer)
        raise self._missing(name, where)

    def all(self) -> tuple[Voice, ...]:
        """Every sound voice, by name. Damaged ones are left out: see `problems`."""
        return self.scan()[0]

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the folders and voices that `all` leaves out: one line each."""
        return self.scan()[1]

    def scan(self) -> tuple[tuple[Voice, ...], tuple[str, ...]]:
        """(`all`, `problems`) of one reading of the folders."""
        folders, problems = self._folders()
        voices = []
        for layer, folder in folders:
            try:
                voices.append(load_voice(folder, layer))
            except CsmError as error:
                problems.append(str(error))
        return tuple(sorted(voices, key=lambda voice: voice.name)), tuple(problems)

    def add(
        self,
        name: str,
        audio: Path | str,
        text: str,
        speaker: int | None = None,
        *,
        project: bool = False,
        force: bool = False,
        licence: str = "",
        note: str = "",
    ) -> Added:
        """Registers a voice, whole or not at all.

        Args:
            audio: the reference clip, 1 to 30 s, of any format.
            text: what the clip says, word for word.
            speaker: its tag; None: that of the voice replaced, else the lowest that no voice has.
            project: into the project's folder, not the user's.
            force: replace the voice of that name, or hide a shipped one.

        Raises:
            UsageError: name, clip, transcript or tag cannot be used, or the name is taken.
            MissingError: no such clip.
            CsmError: the folder cannot be written.
        """
        check_name(name)
        layer: Layer = "project" if project else "user"
        home = self._home(layer)
        voices = self.all()
        taken = next(((at, folder) for at, folder in self._folders()[0] if folder.name == name), None)
        if taken and not force:
            raise UsageError(
                f"a voice named {name!r} exists already ({taken[0]}: {taken[1]})",
                remedy="choose another name, or replace it with --force",
            )
        clip, warnings = read_reference(audio)
        text, doubts = check_transcript(text, clip.size / SAMPLE_RATE)
        others = {voice.speaker: voice.name for voice in voices if voice.name != name}
        if speaker is None:
            old = next((voice.speaker for voice in voices if voice.name == name), None)
            speaker = old if old is not None else _free_tag(others)
        elif not 0 <= speaker <= MAX_SPEAKER:
            raise UsageError(
                f"{speaker} cannot be a speaker tag", where="--speaker", remedy=f"give 0 to {MAX_SPEAKER}"
            )
        elif speaker in others:
            doubts.append(f"speaker {speaker} is also {others[speaker]!r}: do not cast both in one script")
        if taken and taken[0] == "project" and not project:
            doubts.append(f"the project has its own {name!r}, which is used before this one")

        _put(home / name, clip, card_text(name, speaker, text, licence, note))
        return Added(load_voice(home / name, layer), (*warnings, *doubts))

    def remove(self, name: str) -> Voice | None:
        """Removes the nearest voice of that name, damaged or not; a shipped one that it hid shows again.

        Returns:
            the voice removed; None if it was damaged.

        Raises:
            UsageError: it came with csm.
            MissingError: there is none.
            CsmError: the folder cannot be removed.
        """
        found = next(((at, folder) for at, folder in self._folders()[0] if folder.name == name), None)
        if found is None:
            raise self._missing(name)
        layer, folder = found
        if layer == "shipped":
            raise UsageError(
                f"the voice {name!r} came with csm and is not removed",
                remedy="leave it out of the cast, or hide it: csm voices add --force",
            )
        voice = None
        with suppress(CsmError):
            voice = load_voice(folder, layer)
        try:
            grave = _hidden(folder)
            folder.rename(grave)  # gone at once, even if clearing up is cut short
            shutil.rmtree(grave)
        except OSError as error:
            raise _unwritable(folder, error) from error
        return voice

    def _folders(self) -> tuple[list[tuple[Layer, Path]], list[str]]:
        """Voice folders that no nearer layer hides, and the layers that cannot be read, one line each."""
        found: dict[str, tuple[Layer, Path]] = {}
        problems = []
        for layer, home in self.layers:
            try:
                folders = sorted(
                    path for path in home.iterdir() if NAME.fullmatch(path.name) and path.is_dir()
                )
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                problems.append(f"{home}: cannot be read ({error.strerror or error}); check its permissions")
                continue
            for folder in folders:
                found.setdefault(folder.name, (layer, folder))
        return list(found.values()), problems

    def _missing(self, name: str, where: str | None = None) -> MissingError:
        names = sorted(folder.name for _, folder in self._folders()[0])
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}? " if near else ""
        listing = f"voices: {', '.join(names)}" if names else "none is registered yet: csm voices add"
        return MissingError(f"no voice named {name!r}", where=where, remedy=hint + listing)

    def _home(self, layer: Layer) -> Path:
        for at, folder in self.layers:
            if at == layer:
                return folder
        raise UsageError(
            "there is no project folder to put the voice in",
            where="--project",
            remedy="run it where the script is, or leave the option out",
        )


def _free_tag(taken: dict[int, str]) -> int:
    free = next((tag for tag in range(MAX_SPEAKER + 1) if tag not in taken), None)
    if free is None:
        raise UsageError("every speaker tag is taken", where="--speaker", remedy="give one to share")
    return free


def _exists(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a layer without permission is as good as none; `problems` reports it
        return False


def _hidden(folder: Path) -> Path:
    """A name beside `folder` that no registry reads."""
    return folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")


def _put(folder: Path, clip: np.ndarray, card: str) -> None:
    """Makes the voice's folder beside its place, then swaps it in."""
    fresh, old = _hidden(folder), _hidden(folder)
    aside = False
    try:
        fresh.mkdir(parents=True)
        write_wav(fresh / CLIP, clip)
        (fresh / CARD).write_text(card, encoding="utf-8")
        if folder.exists():
            folder.rename(old)
            aside = True
        fresh.rename(folder)
    except OSError as error:
        if aside:
            with suppress(OSError):
                old.rename(folder)
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    if aside:
        shutil.rmtree(old, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> CsmError:
    return CsmError(
        f"cannot be changed ({error.strerror or error})",
        where=str(folder),
        remedy="check its permissions and the free space",
    )
