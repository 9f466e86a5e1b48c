"""The registry: voices by name, from the project, the user's folder and the package, nearest first."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.voices.names import FORMER, NAME, Layer, check_name, exists, voice_layers, whole
from csm_cli.voices.store import NewClip, delete, doubts, extended, load_or_none, locked, move, put, same
from csm_cli.voices.voice import MAX_SPEAKER, Voice, card_text, load_voice


class Added(NamedTuple):
    """What `VoiceRegistry.add` made, what is doubtful about it (one line each), and whether that is new."""

    voice: Voice
    warnings: tuple[str, ...]
    changed: bool


class NameTakenError(UsageError):
    """Another voice has the name, and neither it may be replaced nor a shipped one hidden."""

    def __init__(self, name: str, layer: Layer, folder: Path):
        super().__init__(
            f"a voice named {name!r} exists already ({layer}: {folder})",
            remedy="choose another name, or hide it with --force"
            if layer == "shipped"
            else "choose another name, replace it with --force, or add clips to it with --extend",
        )


class VoiceRegistry:
    """Voices by name. A name in a nearer layer hides the same name further off, even when it is damaged.

    The folders are read at every call, so nothing goes stale; a registry holds some dozens of voices.

    Args:
        project_dir: the folder of the script; its `voices/` is the project layer. None: no such layer.
    """

    def __init__(self, project_dir: Path | None = None):
        self.layers: tuple[tuple[Layer, Path], ...] = voice_layers(project_dir)

    def get(self, name: str, *, where: str | None = None) -> Voice:
        """The voice of that name; `anna/angry` is Anna with her clip `angry` as the reference.

        A name that only earlier versions had gives the voice of today, which has another name.

        Args:
            where: the place that names it, such as `file:line:col`, for the error.

        Raises:
            MissingError: there is none, or it has no such clip; names the nearest and lists all.
            CsmError: it is there, but damaged.
        """
        if "/" in name:
            owner, _, label = name.partition("/")
            return self.get(owner, where=where).with_clip(label, where=where)
        # A name that cannot be a voice's is never joined to a path.
        if NAME.fullmatch(name):
            for layer, folder in self.layers:
                if exists(folder / name):
                    return load_voice(folder / name, layer)
        if name in FORMER:
            return self.get(FORMER[name], where=where)
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
        clips: Sequence[NewClip],
        speaker: int | None = None,
        *,
        usual: int | None = None,
        project: bool = False,
        force: bool = False,
        extend: bool = False,
        language: str = "",
        licence: str = "",
        consent: str = "",
        note: str = "",
    ) -> Added:
        """Registers a voice, whole or not at all. The same voice a second time changes nothing.

        Args:
            clips: from `prepare_all`; none makes a voice that is a speaker tag and no more.
            speaker: its tag; None: that of the voice replaced, else `usual`, else the lowest free one.
            usual: the tag it has elsewhere, which it keeps where no other voice has it.
            project: into the project's folder, not the user's; each may have a voice of that name.
            force: replace the voice of that name, or hide a shipped one.
            extend: add the clips to the voice of that name; one of the same label is replaced.
            language, licence, consent, note: "" keeps what the voice replaced or extended has.

        Raises:
            UsageError: name or tag cannot be used.
            NameTakenError: another voice has the name.
            MissingError: there is no voice to extend.
            CsmError: the folder cannot be written.
        """
        check_name(name)
        if speaker is not None and not 0 <= speaker <= MAX_SPEAKER:
            raise UsageError(
                f"{speaker} cannot be a speaker tag", where="--speaker", remedy=f"give 0 to {MAX_SPEAKER}"
            )
        layer: Layer = "project" if project else "user"
        home = self._home(layer)
        with locked(home):
            voices = self.all()
            own = home / name
            old = load_or_none(own, layer) if exists(own) else None
            if extend:
                clips = extended(self._to_extend(name, own), old, clips)
            others = {voice.speaker: voice.name for voice in voices if voice.name != name}
            hidden = old or next((voice for voice in voices if voice.name == name), None)
            if speaker is None and old is None and usual is not None and usual not in others:
                speaker = usual
            if speaker is None:
                speaker = hidden.speaker if hidden else _free_tag(others)
            voice = Voice(
                name=name,
                speaker=speaker,
                text="",
                audio=None,
                licence=licence or (old.licence if old else ""),
                note=note or (old.note if old else ""),
                layer=layer,
                folder=own,
                language=language or (old.language if old else ""),
                consent=consent or (old.consent if old else ""),
            )
            if old and same(old, clips) and card_text(replace(voice, clips=old.clips)) == card_text(old):
                return Added(old, doubts(old, clips, others, self.layers), False)
            if not (force or extend):
                self._check_not_taken(name, layer)
            voice = put(voice, clips)
            return Added(voice, doubts(voice, clips, others, self.layers), True)

    def check_free(
        self, name: str, *, project: bool = False, force: bool = False, extend: bool = False
    ) -> None:
        """Finds out, before recordings are read, what is wrong with a name.

        Whether a voice of that name in the same folder is another one, only the recordings show.

        Raises:
            UsageError: it cannot be a voice's, or there is no folder for it.
            NameTakenError: it would hide a shipped voice.
            MissingError: there is no voice to extend.
        """
        check_name(name)
        layer: Layer = "project" if project else "user"
        home = self._home(layer)
        if extend:
            self._to_extend(name, home / name)
        elif not force and not exists(home / name):
            self._check_not_taken(name, layer)

    def rename(self, name: str, new: str) -> Voice:
        """Gives a voice of the project or the user another name.

        Raises:
            UsageError: it came with csm, or is a clip; the new name cannot be used or is taken.
            MissingError: there is none.
            CsmError: it is damaged, or its folder cannot be written.
        """
        voice = self.get(whole(name))
        check_name(new)
        if voice.layer == "shipped":
            raise UsageError(
                f"the voice {name!r} came with csm and is not renamed",
                remedy=f"copy it: csm voices export {name}, then csm voices import {name}.zip --as {new}",
            )
        with locked(voice.folder.parent):
            for layer, folder in self._folders()[0]:
                if folder.name == new and new != name:
                    raise UsageError(
                        f"a voice named {new!r} exists already ({layer}: {folder})",
                        remedy="choose another name",
                    )
            return move(voice, new) if new != name else voice

    def remove(self, name: str) -> Voice | None:
        """Removes the nearest voice of that name, damaged or not; a shipped one that it hid shows again.

        Returns:
            the voice removed; None if it was damaged.

        Raises:
            UsageError: it came with csm, or is a clip.
            MissingError: there is none.
            CsmError: the folder cannot be removed.
        """
        folders = self._folders()[0]
        found = next(((at, folder) for at, folder in folders if folder.name == name), None)
        if found is None:
            if name.partition("/")[0] in {folder.name for _, folder in folders}:
                whole(name)
            raise self._missing(name)
        layer, folder = found
        if layer == "shipped":
            raise UsageError(
                f"the voice {name!r} came with csm and is not removed",
                remedy="leave it out of the cast, or hide it: csm voices add --force",
            )
        voice = load_or_none(folder, layer)
        with locked(folder.parent):
            delete(folder)
        return voice

    def _check_not_taken(self, name: str, layer: Layer) -> None:
        """A voice is neither replaced by accident, nor is a shipped one hidden so."""
        here = [at for at, _ in self.layers].index(layer)
        places = [(at, home / name) for at, home in self.layers[here:] if exists(home / name)]
        if places and places[0][0] in (layer, "shipped"):
            raise NameTakenError(name, *places[0])

    def _to_extend(self, name: str, own: Path) -> Voice:
        places = [(at, home / name) for at, home in self.layers if exists(home / name)]
        for layer, folder in places:
            if folder == own:
                return load_voice(own, layer)
        if not places:
            raise self._missing(name)
        layer, folder = places[0]
        raise UsageError(
            f"the voice {name!r} is not in this folder of voices ({layer}: {folder})",
            where="--extend",
            remedy={
                "project": "extend it with --project",
                "user": "extend it without --project",
                "shipped": "a shipped voice cannot be extended: choose another name",
            }[layer],
        )

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
