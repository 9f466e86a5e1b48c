"""What a shell offers behind an option: voices, models, formats, characters, lines. No model is loaded.

A completion prints nothing of its own and has no errors: where something cannot be read, it offers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from csm_cli.editing import ScriptTakes

Offer = tuple[str, str]
"""A word, and what is shown beside it where the shell shows such things."""
_WORDS = 60


def _quiet(function: Callable[..., Iterable[Offer]]) -> Callable[..., list[Offer]]:
    """The completion, which offers nothing in place of an error."""

    @wraps(function)
    def offers(*arguments: Any, **named: Any) -> list[Offer]:
        try:
            return list(function(*arguments, **named))
        except (Exception, SystemExit):
            return []

    return offers


@_quiet
def voices(incomplete: str) -> Iterable[Offer]:
    """Voices that a script here can cast; behind `NAME/` its clips."""
    from csm_cli.voices.registry import VoiceRegistry

    found, _ = VoiceRegistry(Path.cwd()).scan()
    for voice in found:
        if "/" in incomplete:
            yield from ((f"{voice.name}/{label}", voice.note) for label in voice.labels)
        else:
            yield voice.name, voice.note


@_quiet
def models(incomplete: str) -> Iterable[Offer]:
    """The embedded voice, models in the Hub's cache, and folders with a checkpoint."""
    from csm_cli.checkpoints.cached import cached_models
    from csm_cli.checkpoints.find import DEMO

    yield DEMO, "the embedded demo voice"
    with suppress(Exception):
        there = [each.repository for each in cached_models() if each.kind in ("model", "adapter")]
        yield from ((repository, "in the Hub's cache") for repository in there)
    yield from ((folder, "a folder") for folder in _folders(incomplete))


def _folders(incomplete: str) -> Iterable[str]:
    """Folders that begin so; those with a config.json end without a slash."""
    head, _, _ = incomplete.rpartition("/")
    parent = Path(f"{head}/" if head or incomplete.startswith("/") else ".").expanduser()
    for each in sorted(parent.iterdir()):
        if each.is_dir() and not each.name.startswith("."):
            name = f"{head}/{each.name}" if "/" in incomplete else each.name
            yield name if (each / "config.json").is_file() else f"{name}/"


@_quiet
def formats(incomplete: str) -> Iterable[Offer]:
    """Formats of the files that are made."""
    from csm_cli.delivery.formats import FORMATS

    for each in FORMATS.values():
        yield each.name, f"{each.suffix}{', the book in one file' if each.whole else ''}"


@_quiet
def loudness(incomplete: str) -> Iterable[Offer]:
    """Presets of loudness."""
    from csm_cli.audio.level import PRESETS

    for each in PRESETS.values():
        unit = "dB RMS" if each.lufs is None else "LUFS"
        yield each.name, "unchanged" if each.target is None else f"{each.target:g} {unit}"


@_quiet
def presets(incomplete: str) -> Iterable[Offer]:
    """Presets of `csm check`."""
    from csm_cli.delivery.check.presets import AUTO, PRESETS

    yield from ((name, "") for name in (AUTO, *PRESETS))


@_quiet
def extras(incomplete: str) -> Iterable[Offer]:
    """Files beside the sound; also behind a comma."""
    from csm_cli.delivery.options import EXTRAS

    head, comma, _ = incomplete.rpartition(",")
    yield from ((f"{head}{comma}{name}", "") for name in (*EXTRAS, "all") if name not in head.split(","))


@_quiet
def pauses(incomplete: str) -> Iterable[Offer]:
    """Kinds of pauses, each with its usual length."""
    from dataclasses import asdict

    from csm_cli.audio.mastering import Pauses

    yield from ((f"{kind}={seconds:g}", "seconds") for kind, seconds in asdict(Pauses()).items())


@_quiet
def recognisers(incomplete: str) -> Iterable[Offer]:
    """Recognisers."""
    from csm_cli.verify.recognisers.whisper_models import REPOSITORIES

    yield from (("auto", "whisper if it is there"), ("whisper", "base"), ("pocketsphinx", "English"))
    yield from ((f"whisper:{size}", "") for size in REPOSITORIES)


@_quiet
def tones(incomplete: str) -> Iterable[Offer]:
    """Levels of room tone."""
    yield from (("none", "digital silence"), ("-66", "the usual level, dB"))


@_quiet
def speakers(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """The characters of the script."""
    yield from ((name, "") for name in _script(ctx).job.screenplay.cast)


@_quiet
def lines(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """The lines of the script, by ids; behind `SCRIPT:` by rows. Of several scripts, `SCRIPT#`."""
    from csm_cli.takes.record import rendered_scripts

    mark = next((each for each in "#:" if each in incomplete), "")
    head = incomplete.rpartition(mark)[0] if mark else ""
    place = ctx.params.get("takes")
    if not mark and not ctx.params.get("script") and len(scripts := rendered_scripts(place)) > 1:
        # bash parts words at colons, and leaves this mark alone
        yield from ((f"{script}#", "a script that was rendered") for script in scripts)
        return
    for line in _script(ctx, head).lines:
        name = str(line.planned.line.source.line) if mark == ":" else line.planned.id
        yield f"{head}{mark}{name}", f"{line.planned.line.speaker}: {line.planned.line.text}"[:_WORDS]


@_quiet
def takes(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """The takes of the line, by number."""
    from csm_cli.editing.lines import ScriptTakes, split_name

    path, rest = split_name(ctx.params["line"], ctx.params.get("script"), ctx.params.get("takes"))
    script = ScriptTakes(path, ctx.params.get("takes"))
    for number, take in enumerate(script.takes_of(script.find(rest)), 1):
        yield str(number), f"{take.origin}, {take.seconds:.1f} s"


def _script(ctx: typer.Context, named: str = "") -> ScriptTakes:
    """The script that the command is about, with its takes."""
    from csm_cli.editing.lines import ScriptTakes
    from csm_cli.takes.record import only_script

    place = ctx.params.get("takes")
    # Behind an option without its value, arguments are not read yet.
    before = next((each for each in ctx.args if Path(each).is_file()), None)
    script = named or ctx.params.get("script") or before or only_script(place)
    return ScriptTakes(Path(script), place)
