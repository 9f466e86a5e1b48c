"""What a client may ask for by name: models and voices, csm's own and those that OpenAI's clients send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csm_cli.core.errors import CsmError, MissingError
from csm_cli.voices.names import FORMER
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.voice import Voice
from csm_cli.web.errors import ApiError

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "csm")
"""All of them stand for the model that is loaded."""

VOICES = {
    "alloy": "heart",
    "ash": "michael",
    "ballad": "fable",
    "cedar": "george",
    "coral": "bella",
    "echo": "michael",
    "marin": "emma",
    "nova": "sarah",
    "onyx": "george",
    "sage": "emma",
    "shimmer": "bella",
    "verse": "fenrir",
}
"""Shipped voices by the names of OpenAI's that are no names of ours (fable is both)."""


class Catalogue:
    """Names, as far as a server answers to them.

    Args:
        model: the name of the model that is loaded.
        project: the folder whose voices come first. Voices are looked up at each request: new ones are there
            at once.
    """

    def __init__(self, model: str, project: Path):
        self.model, self._project = model, project

    def models(self) -> list[dict[str, Any]]:
        """As `/v1/models` lists them, the one that is loaded first."""
        return [_model(name) for name in dict.fromkeys((self.model, *MODELS))]

    def model_called(self, name: str) -> dict[str, Any]:
        """The entry of a model.

        Raises:
            ApiError: there is none of that name.
        """
        # Clients send dated names too, such as gpt-4o-mini-tts-2025-12-15.
        if name not in (self.model, *MODELS) and not name.startswith("gpt-4o-mini-tts-"):
            known = ", ".join(dict.fromkeys((self.model, *MODELS)))
            raise ApiError(
                404, "model_not_found", "there is no such model here", f"use one of {known}", "model"
            )
        return _model(name)

    def voice_called(self, name: str) -> str:
        """The name of the voice that a client means; "" for the default one.

        Raises:
            ApiError: there is no such voice, or it is damaged.
        """
        name = name.strip().lower()
        if name in ("", "default"):
            return ""
        registry = VoiceRegistry(self._project)
        owner, slash, label = name.partition("/")
        try:
            return _full(registry.get(name, where="voice"))
        except MissingError as error:
            if owner in VOICES:
                return self._alias(VOICES[owner] + slash + label)
            raise ApiError(404, "voice_not_found", error.what, error.remedy or "", "voice") from None
        except CsmError:
            raise ApiError(
                500, "voice_damaged", "the files of this voice cannot be read", "choose another", "voice"
            ) from None

    def _alias(self, name: str) -> str:
        try:
            return _full(VoiceRegistry(self._project).get(name, where="voice"))
        except CsmError as error:
            raise ApiError(404, "voice_not_found", str(error), "choose another", "voice") from None

    def voices(self) -> list[dict[str, Any]]:
        """Every voice with its clips, then the aliases: `{id, name, language, description, alias_of}`."""
        voices = VoiceRegistry(self._project).all()
        own = [entry for voice in voices for entry in _entries(voice)]
        there = {entry["id"] for entry in own}
        aliases = [
            {"id": name, "name": f"{name} ({target})", "language": "", "description": "", "alias_of": target}
            for name, target in sorted((VOICES | FORMER).items())
            if name not in there and target in there and name not in FORMER
        ]
        return own + aliases


def _full(voice: Voice) -> str:
    """The name that finds this voice with this clip again."""
    first = voice.clips[0].label if voice.clips else ""
    return f"{voice.name}/{voice.label}" if voice.label and voice.label != first else voice.name


def _entries(voice: Voice) -> list[dict[str, Any]]:
    def entry(name: str) -> dict[str, Any]:
        language = voice.language or "en"
        return {
            "id": name, "name": name, "language": language, "description": voice.note, "alias_of": None
        }  # fmt: skip

    return [entry(voice.name), *(entry(f"{voice.name}/{label}") for label in voice.labels)]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "csm"}
