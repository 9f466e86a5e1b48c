"""`csm master`: other files from the same takes, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
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
    SampleOption,
    SplitOption,
    TitlesOption,
    ToneOption,
    WholeOption,
    delivery,
)
from csm_cli.cli.loading import tell_former
from csm_cli.cli.stores import TakesOption
from csm_cli.cli.summary import print_results


def master(
    scripts: Annotated[list[Path], typer.Argument(metavar="SCRIPT", help="Scripts that have been rendered.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of the files, as for csm render."),
    ] = None,
    chapters: Annotated[
        str | None, typer.Option("--chapters", metavar="1-3,5", help="These chapters only.")
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
    takes: TakesOption = None,
) -> None:
    """Make deliverables again from existing takes; no model is loaded."""
    with console.busy("reading"):
        from csm_cli.rendering.master import master_jobs
        from csm_cli.rendering.options import RenderOptions, parse_chapters
        from csm_cli.rendering.project import read_jobs

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
            takes=takes,
        )
        jobs = read_jobs(scripts, options)
    tell_former(jobs)

    from csm_cli.cli.progress import choose_progress

    progress = choose_progress()
    try:
        report = master_jobs(jobs, options, progress)
    finally:
        progress.close()
    print_results(report, takes, page=False)
