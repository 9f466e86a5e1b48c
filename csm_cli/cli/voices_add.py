"""`csm voices add`: recordings become a voice."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.options import DeviceOption, JsonOption, ModelOption, NameArgument
from csm_cli.core.errors import CsmError, UsageError

if TYPE_CHECKING:
    from csm_cli.voices.adding import Prepared, Recording
    from csm_cli.voices.registry import Added
    from csm_cli.voices.voice import Voice


def add(
    name: NameArgument,
    audio: Annotated[
        list[Path],
        typer.Argument(
            metavar="AUDIO",
            help="5 to 15 s of clear speech, in any format; several for several manners of speaking.",
        ),
    ],
    text: Annotated[
        list[str] | None,
        typer.Option(
            "--text", metavar="WORDS", help="What the recording says, word for word; one for each recording."
        ),
    ] = None,
    transcript: Annotated[
        list[Path] | None,
        typer.Option("--transcript", metavar="FILE", help="A file that holds it; one for each recording."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="LABEL",
            help="Its manner, such as calm or angry; one for each recording. Default for several: their "
            "files' names.",
        ),
    ] = None,
    asr: Annotated[
        str | None,
        typer.Option(
            "--asr",
            metavar="MODEL",
            help="Write the transcript down, or check the one given: whisper, whisper:SIZE, a Whisper "
            "checkpoint in a folder or on the Hub, pocketsphinx, or auto.",
            autocompletion=completion.recognisers,
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", help="Longest clip; a longer one is cut at a pause.")
    ] = 30.0,
    pick: Annotated[
        bool, typer.Option("--pick", help="Take the best stretch of a long recording, 5 to 15 s.")
    ] = False,
    licence: Annotated[
        str, typer.Option("--licence", help="On what terms the voice may be used; stated in what it speaks.")
    ] = "",
    consent: Annotated[
        str, typer.Option("--consent", help="Who allowed it, when, and for what; stated in what it speaks.")
    ] = "",
    language: Annotated[str, typer.Option("--language", metavar="TAG", help="What it speaks.")] = "",
    note: Annotated[str, typer.Option("--note", help="A remark for the listing.")] = "",
    speaker: Annotated[
        int | None,
        typer.Option("--speaker", min=0, metavar="N", help="Speaker tag. Default: the lowest free one."),
    ] = None,
    project: Annotated[
        bool,
        typer.Option(
            "--project", help="Keep it in ./voices, beside the scripts here, not in the user's folder."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a voice of that name.")] = False,
    extend: Annotated[
        bool, typer.Option("--extend", help="Add the recordings to the voice of that name.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    as_json: JsonOption = False,
    model: ModelOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Register a voice from recordings and their transcripts."""
    asking = not yes and console.is_terminal(sys.stderr) and sys.stdin.isatty()
    with console.busy("reading the recordings"):
        from csm_cli.voices.adding import prepare_all, with_labels
        from csm_cli.voices.registry import VoiceRegistry

        registry = VoiceRegistry(Path.cwd())
        registry.check_free(name, project=project, force=force, extend=extend)
        recordings = with_labels(_recordings(audio, text or [], transcript or [], label or []))
    recogniser = None
    if asr is not None:
        with console.busy("loading the recogniser"):
            from csm_cli.verify.recognisers import load_recogniser

            recogniser = load_recogniser(asr, language or "en", device, console.note)
    # A question on the screen and a busy line would write over each other.
    with nullcontext() if asking and recogniser else console.busy("listening"):
        prepared = prepare_all(
            recordings,
            seconds=seconds,
            pick=pick,
            recogniser=recogniser,
            confirm=_confirmed if asking else None,
        )
    if not as_json:
        _print_report(recordings, prepared)
    for warning in (warning for each in prepared for warning in each.warnings):
        console.note(f"warning: {warning}")
    if asking and not (licence or consent or extend):
        consent = _asked_for_consent()
    added = registry.add(
        name,
        [each.clip for each in prepared],
        speaker,
        project=project,
        force=force,
        extend=extend,
        language=language,
        licence=licence,
        consent=consent,
        note=note,
    )
    _print_added(added)
    _keep_codes(added.voice, model, device)
    if as_json:
        report = {"changed": added.changed, "reports": [each.quality.as_dict() for each in prepared]}
        console.emit_json([added.voice.as_dict() | report])
    else:
        console.emit(str(added.voice.folder))


def _recordings(
    audio: Sequence[Path], texts: Sequence[str], files: Sequence[Path], labels: Sequence[str]
) -> list[Recording]:
    """Each recording with its transcript and label.

    Raises:
        UsageError: some have one and some have not.
    """
    from csm_cli.voices.adding import Recording, read_transcript

    if texts and files:
        raise UsageError("give the words or a file, not both", where="--text, --transcript")
    words = [*texts, *(read_transcript(file) for file in files)]
    for option, given in (("--transcript" if files else "--text", words), ("--label", labels)):
        if given and len(given) != len(audio):
            raise UsageError(
                f"{len(given)} given for {len(audio)} recording{'s' * (len(audio) != 1)}",
                where=option,
                remedy="give one for each recording, in their order",
            )
    for words_given, option in ((each, "--transcript" if files else "--text") for each in words):
        if not words_given.strip():
            raise UsageError(
                "the transcript is empty", where=option, remedy="write out the words that the clip says"
            )
    return [
        Recording(file, words[place] if words else "", labels[place] if labels else "")
        for place, file in enumerate(audio)
    ]


def _confirmed(file: str, words: str) -> str:
    """The transcript that the person confirms or mends."""
    console.note(f"{file}: this was recognised; mend it, word for word, then press Enter")
    return console.edited("transcript", words)


def _asked_for_consent() -> str:
    console.note("who allowed this voice to be used, and for what? It is stated in what the voice speaks")
    return str(typer.prompt("consent or licence", default="", show_default=False, err=True)).strip()


def _print_report(recordings: Sequence[Recording], prepared: Sequence[Prepared]) -> None:
    for recording, each in zip(recordings, prepared, strict=True):
        label = f" ({recording.label})" if recording.label else ""
        console.note(f"{recording.audio}{label}")
        for what, figure in each.quality.rows():
            console.note(f"  {what:<10} {figure}")
        if not recording.text:
            console.note(f"  {'text':<10} {each.clip.text}")


def _print_added(added: Added) -> None:
    from csm_cli.voices.names import CARD

    voice = added.voice
    for warning in added.warnings:
        console.note(f"warning: {warning}")
    if not (voice.licence or voice.consent):
        console.note(
            "warning: no licence or consent is noted; what it speaks will say so; "
            f"write one into {voice.folder / CARD}"
        )
    if not added.changed:
        console.note(f"the voice {voice.name} is registered already, just so")


def _keep_codes(voice: Voice, model: str | None, device: DeviceOption) -> None:
    """Encode the recordings now, so that the first line spoken need not wait for it."""
    from csm_cli.cli.loading import load_model
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.voices.codes import reference_codes

    try:
        engine = load_model(RenderOptions(model=model, device=device)).engine
        with console.busy("encoding"):
            for clip in voice.clips:
                reference_codes(voice.with_clip(clip.label), engine)
    except CsmError as error:  # the voice is registered all the same
        console.note(f"warning: not encoded yet: {error}")
