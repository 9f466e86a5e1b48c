"""Loading the model, with the one line that says which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from csm_cli.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csm_cli.engine import Engine
    from csm_cli.render.options import RenderOptions
    from csm_cli.voices.voice import Voice


class LoadedModel(NamedTuple):
    """An engine, and the speaker tags that its model knows by themselves (none, but for the demo model)."""

    engine: Engine
    trained: tuple[int, ...]

    def note_unknown(self, voices: Iterable[Voice]) -> None:
        """Say which voices the model cannot speak in, though a script casts them."""
        from csm_cli.render.cast import stand_in

        for voice in voices:
            if self.trained and voice.speaker not in self.trained:
                spoken_by = stand_in(voice.speaker, self.trained)
                console.note(
                    f"the demo model does not know the voice {voice.name}: speaker {spoken_by} stands in"
                )


def load_model(options: RenderOptions) -> LoadedModel:
    """The engine of the chosen model; says on stderr which that is and how to get the full one."""
    from csm_cli.render.models import choose_model
    from csm_cli.voices.registry import VoiceRegistry

    choice = choose_model(options.model)
    console.note(choice.note)
    with console.busy("loading the model"):
        from csm_cli.engine import Engine

        engine = Engine.load(choice.source, options.device)
    if not choice.demo:
        return LoadedModel(engine, ())
    shipped = tuple(voice.speaker for voice in VoiceRegistry().all() if voice.layer == "shipped")
    return LoadedModel(engine, shipped or (0,))
