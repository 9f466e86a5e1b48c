"""`csm render`: scripts become chapter files."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from csm_cli.cli import console
from csm_cli.cli.faults import end_without, name_scripts, report_batch
from csm_cli.cli.loading import load_if_needed, load_watermark, note_former_names, render_on_workers
from csm_cli.cli.options import DeliveryOptions, Fields, PlayOption, SpeakFields, TakesOption, expanded
from csm_cli.cli.playback import check_playback, check_stream, playing, was_given
from csm_cli.cli.summary import (
    STRICT,
    print_other_files,
    print_results,
    print_reviews,
    print_summary,
    store_options,
)
from csm_cli.core.errors import CsmError, UsageError
from csm_cli.rendering.options import DEFAULT_BATCH, RenderOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from csm_cli.cli.options import MaybePlace
    from csm_cli.cli.progress import PlainProgress
    from csm_cli.rendering.progress import Interrupted, RenderReport
    from csm_cli.rendering.project import Job


SCRIPTS_HELP = (
    "Scripts: .md, .yaml, .fountain, .json, .txt; books: .epub, .docx, .odt, .fb2, .html, .pdf. Several make "
    "a folder each."
)


@dataclass(frozen=True)
class WatermarkOptions:
    """A mark in what is delivered."""

    watermark: Annotated[
        str | None,
        typer.Option(
            "--watermark", metavar="KEY", help="Mark the files, inaudibly, with this key (silentcipher)."
        ),
    ] = None
    watermark_model: Annotated[
        Path | None,
        typer.Option(
            "--watermark-model", metavar="DIR", help="Its 44.1 kHz checkpoint. Default: from the Hub."
        ),
    ] = None


@dataclass(frozen=True)
class WorkerOptions:
    """Where several engines speak."""

    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=0,
            metavar="N",
            help="Render with N engines side by side, one on each GPU, or on a share of the cores; 0: as "
            "many as there is room for. Needs the extra 'ray'.",
        ),
    ] = None
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Render on the Ray cluster there, or 'auto' for the one this machine belongs to.",
        ),
    ] = None


@expanded
def render(
    *,
    context: typer.Context,
    scripts: Annotated[list[Path], typer.Argument(metavar="SCRIPT", help=SCRIPTS_HELP)],
    files: Annotated[dict[str, Any], Fields(RenderOptions, "output", "chapters")],
    delivery: DeliveryOptions,
    play: PlayOption = False,
    speaking: Annotated[dict[str, Any], Fields(RenderOptions, "batch", "context_turns", "reference")],
    takes: TakesOption = None,
    finding: Annotated[
        dict[str, Any],
        Fields(RenderOptions, "lineage", "fresh", "retries", "verify", "asr", "voice_model"),
    ],
    mark: WatermarkOptions,
    locked: Annotated[dict[str, Any], Fields(RenderOptions, "locked")],
    model: SpeakFields,
    fleet: WorkerOptions,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="A script in a language that the model does not speak is an error."),
    ] = False,
    stop: Annotated[
        bool,
        typer.Option(
            "--stop", help="Render nothing if any of the scripts has an error; else the others are."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check the scripts and print what is cached, what is new, and the time and disk that takes.",
        ),
    ] = False,
) -> None:
    """Render scripts into chapter files and a timeline.json."""
    to_stdout = str(files["output"]) == "-"
    check_playback(to_stdout, play)
    if to_stdout:
        check_stream(context, scripts)
        folder = context.with_resource(tempfile.TemporaryDirectory(prefix="csm-"))
        files = {**files, "output": Path(folder)}
    if (to_stdout or play) and speaking["batch"] == DEFAULT_BATCH:
        speaking = {**speaking, "batch": 1}  # chapters side by side would make the first one wait
    with console.busy("reading"):
        from csm_cli.rendering.batch import read_batch

        options = RenderOptions(
            **files, delivery=delivery.checked(), **speaking, takes=takes, **finding, **locked, **model
        )
        batch = read_batch(scripts, options, strict=strict)
    faults, jobs = report_batch(batch, stop), batch.jobs
    note_former_names(jobs)
    if dry_run:
        from csm_cli.cli.dry_run import print_plan

        print_plan(jobs, options)
        end_without(faults, batch.faults, "not in this plan")
        return

    from csm_cli.cli.progress import choose_progress
    from csm_cli.rendering.progress import Interrupted

    on_workers = fleet.workers is not None or fleet.ray is not None
    if on_workers and (to_stdout or play):
        raise UsageError(
            "what several workers speak cannot be listened to as it comes",
            where="--workers, --ray",
            remedy="leave out -o - and --play, or render without workers",
        )
    progress = choose_progress()

    broken: list[Path] = []

    def failed(job: Job, error: CsmError) -> None:
        faults.report(error)
        broken.append(Path(job.screenplay.path))

    apart = failed if len(scripts) > 1 and not to_stdout and not play else None
    try:
        if on_workers:
            report = render_on_workers(jobs, options, fleet.workers, fleet.ray, progress)
        else:
            report = _render_here(jobs, options, mark, progress, apart, to_stdout=to_stdout, play=play)
    except Interrupted as stop:
        _print_stopped(context, stop, progress, takes)
        raise typer.Exit(stop.exit_code) from None
    finally:
        progress.close()
    again = [*_command(context, without=("fresh", "lineage")), *STRICT]
    if to_stdout:
        print_summary(report, store_options(takes), again)
    elif report.lines or not broken:
        print_results(report, takes, again)
    name_scripts(broken, "not rendered to the end")
    end_without(faults, batch.faults, "not rendered")
    if report.reviews:
        raise typer.Exit(5)


def _render_here(
    jobs: Sequence[Job],
    options: RenderOptions,
    mark: WatermarkOptions,
    progress: PlainProgress,
    failed: Callable[[Job, CsmError], None] | None,
    *,
    to_stdout: bool,
    play: bool,
) -> RenderReport:
    """Render with one engine in this process; `failed` as for `render_jobs`."""
    from csm_cli.rendering.estimate import note_speed
    from csm_cli.rendering.session import render_jobs
    from csm_cli.rendering.verifying import make_verifier

    with console.busy("loading the checks"):
        verifier = make_verifier(jobs, options, console.note)
    watermark = load_watermark(mark.watermark, mark.watermark_model, options.device)
    loaded = load_if_needed(jobs, options)
    engine, delivery = loaded.engine, options.delivery
    with playing(
        progress, engine.sample_rate, delivery, delivery.pauses, to_stdout=to_stdout, play=play
    ) as listened:
        report = render_jobs(
            jobs,
            engine,
            _unwritten(options) if to_stdout else options,
            listened,
            limits=loaded.limits,
            plans=loaded.plans,
            verifier=verifier,
            watermark=watermark,
            note=console.note,
            failed=failed,
        )
    note_speed(engine, report.spoken_seconds, report.seconds)
    return report


def _unwritten(options: RenderOptions) -> RenderOptions:
    """The same without files: the sound has gone to standard output."""
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
    console.note("to continue:")  # finished takes are found; --fresh would begin anew
    console.offer(_command(context, without=("fresh",)))


def _command(context: typer.Context, without: Collection[str]) -> list[str]:
    """The words of the command as it was given, but for some options."""
    words = ["csm", "render"]
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in without or not was_given(context, name):
            continue
        value = context.params[name]
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, bool):
                words.append(parameter.opts[-1])
            else:
                named = [] if parameter.name == "scripts" else [parameter.opts[-1]]
                words += [*named, str(item)]
    return words
