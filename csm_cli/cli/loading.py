"""Loading the model, with the one line that says which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from csm_cli.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csm_cli.engine import Engine
    from csm_cli.render.models import Limits
    from csm_cli.render.options import RenderOptions
    from csm_cli.voices.voice import Voice


class LoadedModel(NamedTuple):
    """An engine, and what its model cannot go beyond."""

    engine: Engine
    limits: Limits

    def note_unknown(self, voices: Iterable[Voice]) -> None:
        """Say which voices the model cannot speak in, though a script casts them."""
        from csm_cli.render.cast import stand_in
        from csm_cli.voices.registry import VoiceRegistry

        known = self.limits.speakers
        strangers = [voice for voice in voices if known and voice.speaker not in known]
        if not strangers:
            return
        names = {v.speaker: v.name for v in VoiceRegistry(None).all() if v.layer == "shipped"}
        for voice in strangers:
            tag = stand_in(voice.speaker, known)
            other = names.get(tag, f"speaker {tag}")
            console.note(
                f"the demo model does not know the voice {voice.name}: {other} stands in; for another, "
                "`speaker: N` in the cast, N as `csm voices list` shows"
            )

    def note_reference(self, mode: str) -> None:
        """Say so when clips are to be continued by a model that hears none."""
        if mode == "continue" and self.limits.speakers:
            console.note("the demo model knows its voices by tag and hears no clip: nothing is continued")


def load_model(options: RenderOptions) -> LoadedModel:
    """The engine of the chosen model; says on stderr which that is and how to get the full one."""
    from csm_cli.render.models import choose_model

    choice = choose_model(options.model)
    console.note(choice.note)
    with console.busy("loading the model"):
        engine = choice.load(options, console.note)
    return LoadedModel(engine, choice.limits())
