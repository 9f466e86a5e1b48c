"""`csm voices play`, `test` and `compare`: voices to listen to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.options import (
    DeviceOption,
    ModelOption,
    SeedOption,
    VoiceModelOption,
    typed_name,
    typed_names,
)

if TYPE_CHECKING:
    import numpy as np

    from csm_cli.verify.speaker import SpeakerEncoder
    from csm_cli.voices.compare import Alikeness, Sample

SENTENCE = "The boat turned into the wind. Is that the light, far over there?"


def test(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name of the voice; NAME/LABEL for a clip.",
            callback=typed_name,
            autocompletion=completion.voices,
        ),
    ],
    text: Annotated[str, typer.Option("--text", metavar="WORDS", help="What it says.")] = SENTENCE,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: NAME-test.wav, here.")
    ] = None,
    seed: SeedOption = 0,
    model: ModelOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Speak a sentence in a voice."""
    from csm_cli.cli.say import say_text
    from csm_cli.rendering.options import RenderOptions

    path = output or Path(f"{name.replace('/', '-')}-test.wav")
    options = RenderOptions(seed=seed, model=model, device=device)
    say_text(text, name, path, options)


def play(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name of the voice; NAME/LABEL for a clip.",
            callback=typed_name,
            autocompletion=completion.voices,
        ),
    ],
) -> None:
    """Play the recording of a voice. `csm voices test` has it say something else."""
    from csm_cli.audio.files import SAMPLE_RATE, read_audio
    from csm_cli.cli.playback import play_sound
    from csm_cli.core.errors import MissingError
    from csm_cli.voices.names import note_renames, renamed, voice_names
    from csm_cli.voices.registry import VoiceRegistry

    voice = VoiceRegistry(Path.cwd()).get(name)
    note_renames(renamed([name], voice_names(Path.cwd())), console.note)
    if voice.audio is None:
        raise MissingError("has no recording", where=name, remedy=f"hear it speak: csm voices test {name}")
    sound = read_audio(voice.audio)
    otherwise = f"; the recording is {voice.audio}"
    play_sound(sound, SAMPLE_RATE, "csm voices play", f"{name}: {voice.text}", otherwise)


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Two voices or more; NAME/LABEL for a clip.",
            callback=typed_names,
            autocompletion=completion.voices,
        ),
    ],
    say: Annotated[
        str | None,
        typer.Option(
            "--say",
            metavar="WORDS",
            help="Have each voice say this too, after its recording; needs the model.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The sound; the picture lies beside it.")
    ] = Path("voices.wav"),
    voice_model: VoiceModelOption = None,
    seed: SeedOption = 0,
    model: ModelOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Make one file to listen to, voice after voice, and a picture of their spectra (SVG); with a speaker
    encoder, say how much alike they are."""
    from csm_cli.rendering.say import check_output
    from csm_cli.verify.speaker import NO_ENCODER, load_encoder
    from csm_cli.voices.compare import Sample, listening_file, picture
    from csm_cli.voices.names import note_renames, renamed, voice_names
    from csm_cli.voices.registry import VoiceRegistry

    check_output(output)
    former = renamed(names, voice_names(Path.cwd()))
    note_renames(former, console.note)
    names = list(dict.fromkeys(former.get(name, name) for name in names))
    registry = VoiceRegistry(Path.cwd())
    voices = [registry.get(name) for name in names]
    encoder = load_encoder(voice_model)
    spoken: dict[str, np.ndarray] = {}
    if say is not None:
        spoken = _spoken(names, say, seed, model, device)
    with console.busy("comparing"):
        samples = [
            Sample.of(voice, name, spoken.get(name)) for name, voice in zip(names, voices, strict=True)
        ]
        listening_file(samples, output)
        measured = None if encoder is None else _alikeness(samples, encoder)
        drawing = picture(samples, output.with_suffix(".svg"), measured.remarks() if measured else ())
    console.emit(str(output))
    console.emit(str(drawing))
    if encoder is None or measured is None:
        console.note(f"how much alike they are is not measured: {NO_ENCODER}")
        return
    console.note(f"how much alike they are, as cosines by {encoder.name}:")
    for line in measured.table():
        console.aside(line)
    for remark in measured.remarks():
        console.note(remark)


def _alikeness(samples: Sequence[Sample], encoder: SpeakerEncoder) -> Alikeness:
    """How much alike the voices are."""
    from csm_cli.verify.speaker import voice_vector
    from csm_cli.voices.compare import Alikeness

    return Alikeness.of(samples, partial(voice_vector, encoder))


def _spoken(
    names: list[str], text: str, seed: int | None, model: str | None, device: DeviceOption
) -> dict[str, np.ndarray]:
    """What each voice makes of a text, float32 at 24 kHz."""
    import numpy as np

    from csm_cli.audio.resample import resample
    from csm_cli.cli.loading import load_model
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.say import Saying
    from csm_cli.voices.compare import RATE

    options = RenderOptions(seed=seed, model=model, device=device)
    sayings = {name: Saying(text, name) for name in names}
    loaded = load_model(options)
    found = {}
    for name, saying in sayings.items():
        with console.busy(f"{name} speaks"):
            segment, _ = saying.speak(loaded.engine, options, limits=loaded.limits)
        sound = np.frombuffer(segment.raw_data, dtype="<i2").astype(np.float32) / 32768
        found[name] = resample(sound, segment.frame_rate, RATE)
    return found
