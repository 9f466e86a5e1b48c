"""`csm render`: scripts become chapter files."""

from __future__ import annotations

import shlex
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.choices import (
    Device,
    DeviceOption,
    DtypeOption,
    EagerOption,
    ModelOption,
    QuantizeOption,
    ReferenceMode,
    ReferenceOption,
    SeedOption,
    TemperatureOption,
    TopKOption,
    VoiceModelOption,
)
from csm_cli.cli.delivering import (
    CoverOption,
    CreditsOption,
    ExtrasOption,
    FormatOption,
    LevelPer,
    LevelPerOption,
    LoudnessOption,
    NarratorOption,
    PauseOption,
    PlayOption,
    SampleOption,
    SplitOption,
    TitlesOption,
    ToneOption,
    WholeOption,
    delivery,
)
from csm_cli.cli.loading import load_if_needed, tell_former
from csm_cli.cli.marking import WatermarkModelOption, WatermarkOption, load_watermark
from csm_cli.cli.playback import check_hearing, check_stream, hearing, was_given
from csm_cli.cli.stores import MaybePlace, TakesOption
from csm_cli.cli.summary import (
    print_other_files,
    print_results,
    print_reviews,
    print_summary,
    store_options,
)
from csm_cli.cli.workers import RayOption, WorkersOption
from csm_cli.core.errors import UsageError

if TYPE_CHECKING:
    from csm_cli.cli.progress import PlainProgress
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.progress import Interrupted


class Verify(StrEnum):
    """What is checked beside codes and sound."""

    asr = "asr"
    voice = "voice"


class Lineage(StrEnum):
    """What becomes of a take when a line that it heard changes."""

    keep = "keep"
    strict = "strict"


def render(
    context: typer.Context,
    scripts: Annotated[list[Path], typer.Argument(metavar="SCRIPT", help="YAML or Markdown scripts.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Folder of the chapter files; several scripts get a folder each in it. "
            "Default: a folder named like the script, here. - streams a WAV of one script instead.",
        ),
    ] = None,
    chapters: Annotated[
        str | None, typer.Option("--chapters", metavar="1-3,5", help="Render these chapters only.")
    ] = None,
    formats: FormatOption = None,
    whole: WholeOption = False,
    loudness: LoudnessOption = None,
    level_per: LevelPerOption = LevelPer.chapter,
    pauses: PauseOption = None,
    room_tone: ToneOption = "-66",
    extras: ExtrasOption = None,
    split_hours: SplitOption = None,
    cover: CoverOption = None,
    sample: SampleOption = False,
    narrator: NarratorOption = "",
    credits: CreditsOption = False,
    titles: TitlesOption = False,
    play: PlayOption = False,
    batch: Annotated[
        int, typer.Option("--batch", min=1, metavar="N", help="Most chapters spoken side by side.")
    ] = 16,
    context_turns: Annotated[
        int,
        typer.Option(
            "--context-turns", min=0, metavar="N", help="Earlier lines of each speaker that a line hears."
        ),
    ] = 3,
    reference: ReferenceOption = ReferenceMode.before,
    takes: TakesOption = None,
    lineage: Annotated[
        Lineage,
        typer.Option(
            "--lineage",
            help="When a line changes, what heard it is kept and marked stale, or (strict) spoken again.",
        ),
    ] = Lineage.keep,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Speak every line again, save those with a pinned take.")
    ] = False,
    retries: Annotated[
        int, typer.Option("--retries", min=0, max=9, metavar="N", help="Further tries of a faulty line.")
    ] = 3,
    verify: Annotated[
        list[Verify] | None,
        typer.Option(
            "--verify",
            help="Beside codes and sound, check the words (asr) or the voice (voice); may be repeated.",
        ),
    ] = None,
    asr: Annotated[
        str,
        typer.Option(
            "--asr",
            metavar="MODEL",
            help="The recogniser: whisper, whisper:SIZE, a Whisper checkpoint, or pocketsphinx. Default: "
            "whisper if it is installed and fetched, else pocketsphinx.",
        ),
    ] = "auto",
    voice_model: VoiceModelOption = None,
    watermark: WatermarkOption = None,
    watermark_model: WatermarkModelOption = None,
    locked: Annotated[
        bool,
        typer.Option("--locked", help="Stop if csm.lock says that lines would come out differently."),
    ] = False,
    seed: SeedOption = None,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    model: ModelOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = None,
    quantize: QuantizeOption = None,
    eager: EagerOption = False,
    workers: WorkersOption = None,
    ray: RayOption = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check the scripts and print what is cached, what is new, and the time and disk that takes.",
        ),
    ] = False,
) -> None:
    """Render scripts into chapter files and a timeline.json."""
    to_stdout = str(output) == "-"
    check_hearing(to_stdout, play)
    if to_stdout:
        check_stream(context, scripts)
        output = Path(context.with_resource(tempfile.TemporaryDirectory(prefix="csm-")))
    if (to_stdout or play) and not was_given(context, "batch"):
        batch = 1  # chapters side by side would make the first one wait
    with console.busy("reading"):
        from csm_cli.rendering.options import RenderOptions, parse_chapters
        from csm_cli.rendering.project import read_jobs
        from csm_cli.rendering.session import render_jobs
        from csm_cli.rendering.speed import note_speed

        options = RenderOptions(
            output=output,
            chapters=None if chapters is None else parse_chapters(chapters),
            delivery=delivery(
                formats,
                whole,
                loudness,
                level_per,
                pauses,
                room_tone,
                extras,
                split_hours,
                cover,
                sample,
                narrator,
                credits,
                titles,
            ),
            batch=batch,
            context_turns=context_turns,
            seed=seed,
            temperature=temperature,
            top_k=top_k,
            model=model,
            device=device.value,
            dtype=dtype.value if dtype else None,
            quantize=quantize.value if quantize else None,
            eager=eager,
            takes=takes,
            lineage=lineage.value,
            fresh=fresh,
            retries=retries,
            verify=frozenset(each.value for each in verify or ()),
            asr=asr,
            voice_model=voice_model,
            locked=locked,
            reference=reference.value,
        )
        jobs = read_jobs(scripts, options)
    tell_former(jobs)
    if dry_run:
        from csm_cli.cli.plan import print_plan

        print_plan(jobs, options)
        return

    from csm_cli.cli.progress import choose_progress
    from csm_cli.rendering.progress import Interrupted

    if workers is not None or ray is not None:
        from csm_cli.cli.workers import render_on_workers

        if to_stdout or play:
            raise UsageError(
                "what several workers speak cannot be listened to as it comes",
                where="--workers, --ray",
                remedy="leave out -o - and --play, or render without workers",
            )
        progress = choose_progress()
        try:
            report = render_on_workers(jobs, options, workers, ray, progress)
        except Interrupted as stop:
            _print_stopped(context, stop, progress, takes)
            raise typer.Exit(stop.exit_code) from None
        finally:
            progress.close()
        print_results(report, takes)
        raise typer.Exit(5 if report.reviews else 0)

    from csm_cli.rendering.checks import make_verifier

    with console.busy("loading the checks"):
        verifier = make_verifier(jobs, options, console.note)
    mark = load_watermark(watermark, watermark_model, device)
    model_to_use = load_if_needed(jobs, options)
    progress = choose_progress()
    engine, heard = model_to_use.engine, options.delivery
    try:
        with hearing(
            progress, engine.sample_rate, heard, heard.pauses, to_stdout=to_stdout, play=play
        ) as listening:
            report = render_jobs(
                jobs,
                engine,
                _unwritten(options) if to_stdout else options,
                listening,
                limits=model_to_use.limits,
                verifier=verifier,
                mark=mark,
                note=console.note,
            )
    except Interrupted as stop:
        _print_stopped(context, stop, progress, takes)
        raise typer.Exit(stop.exit_code) from None
    finally:
        progress.close()
    note_speed(engine, report.spoken_seconds, report.seconds)
    if to_stdout:
        print_summary(report, store_options(takes), page=False)
    else:
        print_results(report, takes)
    if report.reviews:
        raise typer.Exit(5)


def _unwritten(options: RenderOptions) -> RenderOptions:
    """The same without files: the sound has gone to standard output."""
    from dataclasses import replace

    from csm_cli.audio.level import PRESETS

    nothing = replace(options.delivery, formats=(), extras=(), sample=False, loudness=PRESETS["none"])
    return replace(options, delivery=nothing)


def _print_stopped(
    context: typer.Context, stop: Interrupted, progress: PlainProgress, takes: MaybePlace
) -> None:
    """What a rendering that was broken off leaves, and how to go on."""
    progress.close()
    print_other_files(stop.report)
    print_reviews(stop.report.reviews, store_options(takes))
    console.note(progress.kept())
    _print_continuation(context)


def _print_continuation(context: typer.Context) -> None:
    """The command that goes on: the same again, for finished takes are found; --fresh would begin anew."""
    words: list[str] = []
    for parameter in context.command.params:
        value = context.params[parameter.name or ""]
        if parameter.name == "fresh" or not was_given(context, parameter.name or ""):
            continue
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, bool):
                words.append(parameter.opts[-1])
            else:
                named = [] if parameter.name == "scripts" else [parameter.opts[-1]]
                words += [*named, str(item)]
    console.note("to continue:")
    console.offer(shlex.join(["csm", "render", *words]))
