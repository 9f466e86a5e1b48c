"""One voice: a folder with a hand-readable `voice.yaml` and its reference clips; its licence statement."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from csm_cli.audio.files import audio_seconds
from csm_cli.core.data import parse_yaml
from csm_cli.core.errors import CsmError, MissingError, unread
from csm_cli.core.reading import open_file, read_file
from csm_cli.core.visible import REFUSED, described
from csm_cli.voices.names import CARD, NAME, Layer, is_file_name

CLIP = "reference.wav"
MAX_SPEAKER = 999
MAX_CARD_BYTES = 64 << 10
MAX_CLIP_BYTES = 64 << 20
"""Of a clip's file; thirty seconds are 1.4 MB."""


@dataclass(frozen=True)
class Clip:
    """One recording of a voice.

    Attributes:
        label: the manner it is spoken in, such as `angry`; "" for a voice with one plain clip.
        text: its transcript.
        audio: the file, mono.
    """

    label: str
    text: str
    audio: Path

    @property
    def seconds(self) -> float:
        """Its length; 0 if the file is gone."""
        return audio_seconds(self.audio) or 0.0


@dataclass(frozen=True)
class Voice:
    """A registered voice, and the clip of it that is the reference.

    Attributes:
        speaker: its usual tag, the number in the model's prompt, `[speaker]text`.
        text: transcript of the reference clip; empty when there is none.
        audio: the reference clip, mono; None for a voice that is only a speaker tag.
        layer: where it was found.
        folder: its folder.
        clips: all of its clips; the first is the reference unless `with_clip` chooses another.
        label: that of the reference clip.
        language: tag such as `en`; "" if not stated.
        consent: who allowed the voice to be used, and how.
    """

    name: str
    speaker: int
    text: str
    audio: Path | None
    licence: str
    note: str
    layer: Layer
    folder: Path
    clips: tuple[Clip, ...] = field(default=())
    label: str = ""
    language: str = ""
    consent: str = ""

    @property
    def seconds(self) -> float:
        """The length of the reference clip; 0 without one."""
        return (audio_seconds(self.audio) or 0.0) if self.audio else 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its clips, in the order of the card."""
        return tuple(clip.label for clip in self.clips if clip.label)

    def with_clip(self, label: str, *, where: str | None = None) -> Voice:
        """The same voice, with the clip of that label as the reference.

        Args:
            where: the place that names it, for the error.

        Raises:
            MissingError: it has none.
        """
        for clip in self.clips:
            if clip.label == label:
                return replace(self, text=clip.text, audio=clip.audio, label=label)
        have = f"it has {', '.join(self.labels)}" if self.labels else "it has one clip, without a label"
        if self.layer != "shipped" and NAME.fullmatch(label):
            project = " --project" if self.layer == "project" else ""
            have += f"; add one: csm voices add {self.name} RECORDING --label {label} --extend{project}"
        raise MissingError(
            f"the voice {self.name!r} has no clip {label!r}",
            where=where or str(self.folder),
            remedy=have,
        )

    def as_dict(self) -> dict[str, Any]:
        """The voice as plain values, for JSON."""
        return {
            "name": self.name,
            "speaker": self.speaker,
            "language": self.language,
            "text": self.text,
            "seconds": round(self.seconds, 3),
            "layer": self.layer,
            "folder": str(self.folder),
            "audio": str(self.audio) if self.audio else None,
            "clips": [
                {
                    "label": clip.label,
                    "text": clip.text,
                    "audio": str(clip.audio),
                    "seconds": round(clip.seconds, 3),
                }
                for clip in self.clips
            ],
            "licence": self.licence,
            "consent": self.consent,
            "note": self.note,
        }


def load_voice(folder: Path, layer: Layer) -> Voice:
    """Reads the voice in `folder`, which gives it its name.

    Raises:
        CsmError: `voice.yaml` or a clip is missing, unreadable or wrong; one line that names the file.
    """
    card = folder / CARD
    values = _read_card(card)
    name = _words(card, values, "name") or folder.name
    if name != folder.name:
        raise _damaged(card, f"is named {name!r} in a folder named {folder.name!r}")
    speaker = values.get("speaker")
    if not isinstance(speaker, int) or isinstance(speaker, bool) or not 0 <= speaker <= MAX_SPEAKER:
        raise _damaged(card, f"needs `speaker`, a whole number from 0 to {MAX_SPEAKER}")
    clips = _read_clips(card, values)
    first = clips[0] if clips else None
    return Voice(
        name=folder.name,
        speaker=speaker,
        text=first.text if first else _words(card, values, "text"),
        audio=first.audio if first else None,
        licence=_words(card, values, "licence"),
        note=_words(card, values, "note"),
        layer=layer,
        folder=folder,
        clips=clips,
        label=first.label if first else "",
        language=_words(card, values, "language"),
        consent=_words(card, values, "consent"),
    )


def card_text(voice: Voice) -> str:
    """The text of a voice's `voice.yaml`: a plain clip as `text` and `audio`, labelled ones as a list."""
    values: dict[str, Any] = {"name": voice.name} if voice.name else {}
    values["speaker"] = voice.speaker
    if voice.language:
        values["language"] = voice.language
    if len(voice.clips) == 1 and not voice.clips[0].label:
        values |= _clip_values(voice.clips[0])
    elif voice.clips:
        values["clips"] = [{"label": clip.label, **_clip_values(clip)} for clip in voice.clips]
    elif voice.text:
        values["text"] = voice.text
    values |= {"licence": voice.licence, "consent": voice.consent, "note": voice.note}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)


def _clip_values(clip: Clip) -> dict[str, str]:
    return {"text": clip.text, "audio": clip.audio.name}


def _read_card(card: Path) -> dict[Any, Any]:
    try:
        values = parse_yaml(read_file(card, MAX_CARD_BYTES))
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise _damaged(card, "is far too large for a voice's card") from error
        raise unread(error, card) from error
    except UnicodeDecodeError as error:
        raise _damaged(card, "is not UTF-8 text") from error
    except ValueError as error:
        raise _damaged(card, f"is not YAML that is read here ({error})") from error
    if not isinstance(values, dict):
        raise _damaged(card, "does not hold `key: value` lines")
    return values


def _read_clips(card: Path, values: dict[Any, Any]) -> tuple[Clip, ...]:
    listed = values.get("clips")
    if listed is None:
        clip = _read_clip(card, values, "")
        return (clip,) if clip else ()
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise _damaged(card, "needs a list for `clips`, each with `label`, `audio` and `text`")
    clips: dict[str, Clip] = {}
    for item in listed:
        label = _words(card, item, "label")
        if not NAME.fullmatch(label) and (label or len(listed) > 1):
            raise _damaged(card, f"has a clip labelled {label!r}, which is no label")
        if label in clips:
            raise _damaged(card, f"has two clips labelled {label!r}")
        clip = _read_clip(card, item, label)
        if clip is None:
            raise _damaged(card, f"has a clip {label!r} without `audio`")
        clips[label] = clip
    return tuple(clips.values())


def _read_clip(card: Path, values: dict[Any, Any], label: str) -> Clip | None:
    name, text = _words(card, values, "audio"), _words(card, values, "text")
    if not name:
        return None
    if not is_file_name(name):
        raise _damaged(card, f"names a clip outside its folder ({_shown(name)})")
    audio = card.parent / name
    try:
        open_file(audio).close()
    except FileNotFoundError as error:
        raise _damaged(card, f"names a clip that is not there ({name!r})") from error
    except PermissionError:
        pass  # its reader says so; what needs the card alone goes on
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _damaged(card, f"names a clip that cannot be read ({name!r}: {reason})") from error
    if not text:
        raise _damaged(card, "needs `text`, the words that the clip says")
    return Clip(label, text, audio)


def _words(card: Path, values: dict[Any, Any], key: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _damaged(card, f"needs text for `{key}`, not {_shown(value)}")
    if refused := REFUSED.search(value):
        raise _damaged(card, f"holds {described(refused[0])} in `{key}`")
    return " ".join(value.split())


def _shown(value: object) -> str:
    """A wrong value, for the error. Lists are not written out: a few lines of YAML can hold a billion."""
    if isinstance(value, list | tuple | dict | set):
        return "a list" if isinstance(value, list) else "more `key: value` lines"
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _damaged(card: Path, what: str) -> CsmError:
    return CsmError(what, where=str(card), remedy="mend it, or remove the folder and add the voice again")


NOTHING_NOTED = "no licence or consent noted"
MAX_CHARACTERS = 240
"""Of what is said of one voice: a tag is no place for a contract."""


def statement(voices: Iterable[Voice]) -> str:
    """The voices of a rendering with licence and consent, each person once; "" if none has a name.

    For example: "Voices: anna (for this book alone; Anna Berg agreed, March 2026), zoe (CC0)".
    """
    said = {}
    for voice in voices:
        if voice.name and voice.audio is not None:
            terms = "; ".join(part.rstrip(" .;") for part in (voice.licence, voice.consent) if part.strip())
            said[voice.name] = f"{voice.name} ({_short(terms) or NOTHING_NOTED})"
    return f"Voices: {', '.join(said[name] for name in sorted(said))}" if said else ""


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1].rstrip() + "…"
