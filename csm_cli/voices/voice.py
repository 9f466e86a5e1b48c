"""One voice: a folder with a hand-readable `voice.yaml` and the reference clip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from csm_cli.audio.files import audio_seconds
from csm_cli.errors import CsmError, UsageError
from csm_cli.voices.places import CARD, Layer

CLIP = "reference.wav"
MAX_NAME = 40
NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{MAX_NAME - 1}}}")
MAX_SPEAKER = 999


@dataclass(frozen=True)
class Voice:
    """A registered voice.

    Attributes:
        speaker: the number that stands for it in the model's prompt, `[speaker]text`.
        text: what the reference clip says; empty when there is no clip.
        audio: the clip, mono; None for a voice that is only a speaker tag.
        layer: where it was found.
        folder: its folder.
    """

    name: str
    speaker: int
    text: str
    audio: Path | None
    licence: str
    note: str
    layer: Layer
    folder: Path

    @property
    def seconds(self) -> float:
        """The length of the reference clip; 0 without one."""
        return (audio_seconds(self.audio) or 0.0) if self.audio else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The voice as plain values, for JSON."""
        return {
            "name": self.name,
            "speaker": self.speaker,
            "text": self.text,
            "seconds": round(self.seconds, 3),
            "layer": self.layer,
            "folder": str(self.folder),
            "audio": str(self.audio) if self.audio else None,
            "licence": self.licence,
            "note": self.note,
        }


def check_name(name: str) -> str:
    """`name`, if it can be a voice's: lower-case ASCII letters, digits, `-` and `_`, at most 40.

    It becomes the name of a folder, so nothing else is let through: no separators, no dots, no capitals
    (which some file systems do not tell apart).

    Raises:
        UsageError: it cannot; the remedy proposes one that can.
    """
    if NAME.fullmatch(name):
        return name
    proposal = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:MAX_NAME] or "narrator"
    raise UsageError(
        f"{name!r} cannot be the name of a voice",
        remedy=f"use up to {MAX_NAME} of a-z, 0-9, - and _, such as {proposal!r}",
    )


def load_voice(folder: Path, layer: Layer) -> Voice:
    """Reads the voice in `folder`, which gives it its name.

    Raises:
        CsmError: `voice.yaml` or the clip is missing, unreadable or wrong; one line that names the file.
    """
    card = folder / CARD
    try:
        values = yaml.safe_load(card.read_text(encoding="utf-8"))
    except OSError as error:
        raise _damaged(card, f"cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise _damaged(card, "is not UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark else ""
        raise _damaged(card, f"is not YAML{place}") from error
    if not isinstance(values, dict):
        raise _damaged(card, "does not hold `key: value` lines")

    if values.get("name", folder.name) != folder.name:
        raise _damaged(card, f"is named {values['name']!r} in a folder named {folder.name!r}")
    speaker = values.get("speaker")
    if not isinstance(speaker, int) or isinstance(speaker, bool) or not 0 <= speaker <= MAX_SPEAKER:
        raise _damaged(card, f"needs `speaker`, a whole number from 0 to {MAX_SPEAKER}")
    text = _words(card, values, "text")
    clip = _words(card, values, "audio")
    if clip and Path(clip).name != clip:
        raise _damaged(card, f"names a clip outside its folder ({clip!r})")
    audio = folder / clip if clip else None
    if audio and not audio.is_file():
        raise _damaged(card, f"names a clip that is not there ({clip!r})")
    if audio and not text:
        raise _damaged(card, "needs `text`, the words that the clip says")
    return Voice(
        name=folder.name,
        speaker=speaker,
        text=text,
        audio=audio,
        licence=_words(card, values, "licence"),
        note=_words(card, values, "note"),
        layer=layer,
        folder=folder,
    )


def card_text(name: str, speaker: int, text: str, licence: str = "", note: str = "") -> str:
    """The text of a `voice.yaml` whose clip is `reference.wav`."""
    values = {
        "name": name,
        "speaker": speaker,
        "text": text,
        "audio": CLIP,
        "licence": licence,
        "note": note,
    }
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)


def _words(card: Path, values: dict[Any, Any], key: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _damaged(card, f"needs text for `{key}`, not {value!r}")
    return " ".join(value.split())


def _damaged(card: Path, what: str) -> CsmError:
    return CsmError(what, where=str(card), remedy="mend it, or remove the folder and add the voice again")
