"""`csm takes`: working with what was spoken."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from csm_cli.cli import completion, console
from csm_cli.cli.console import clock, count, cut, size
from csm_cli.cli.help import App, Group
from csm_cli.cli.options import (
    DeviceOption,
    JsonOption,
    LineArgument,
    MaybePlace,
    ModelOption,
    NoResidentOption,
    TakeArgument,
    TakesOption,
)
from csm_cli.cli.summary import note_render
from csm_cli.core.errors import UsageError

if TYPE_CHECKING:
    from csm_cli.editing import ScriptLine, ScriptTakes
    from csm_cli.review.marks import Mark

app = App(
    cls=Group,
    help="List, hear, choose and speak again the takes of a script's lines.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

ScriptArgument = Annotated[
    Path | None,
    typer.Argument(metavar="SCRIPT", help="Default: the script rendered here."),
]
ScriptOption = Annotated[
    Path | None, typer.Option("--script", metavar="SCRIPT", help="The script that LINE is in.")
]
SpeakerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--speaker",
        metavar="NAME",
        help="Lines of this character; repeatable.",
        autocompletion=completion.speakers,
    ),
]
ChapterOption = Annotated[
    str | None, typer.Option("--chapter", "--chapters", metavar="1-3,5", help="Lines of these chapters.")
]
ReviewOption = Annotated[bool, typer.Option("--needs-review", help="Lines that need review.")]
MarkedOption = Annotated[
    Literal["heard", "good", "bad"] | None,
    typer.Option("--marked", help="Lines that were marked so in csm review, in the take that they use."),
]


@app.command("list")
def list_takes(
    script: ScriptArgument = None,
    needs_review: ReviewOption = False,
    speaker: SpeakerOption = None,
    chapter: ChapterOption = None,
    marked: MarkedOption = None,
    stale: Annotated[bool, typer.Option("--stale", help="Lines that have become stale.")] = False,
    as_json: JsonOption = False,
    takes: TakesOption = None,
) -> None:
    """List the lines of a script with the takes that they use."""
    from csm_cli.editing.choosing import chosen_lines
    from csm_cli.editing.lines import line_row
    from csm_cli.review.marks import MarkFile

    script_takes = _script_takes(script, takes)
    lines = chosen_lines(script_takes, needs_review, speaker, chapter)
    lines = [line for line in lines if line.stale or not stale]
    file = MarkFile(script_takes.job.takes, script_takes.job.script, console.note)
    marks = {line.planned.id: file.get(line.planned.id, line.take.id) for line in lines if line.take}
    if marked is not None:
        lines = [line for line in lines if (mark := marks.get(line.planned.id)) and mark.mark == marked]
    if as_json:
        rows = [line_row(script_takes, line) for line in lines]
        for each in rows:
            mark = marks.get(each["name"])
            each |= {"mark": mark and mark.mark, "fault": mark and mark.fault}
        console.emit_json(rows)
        return
    width = max((len(line.planned.line.speaker) for line in lines), default=0)
    for line in lines:
        planned = line.planned
        seconds = f"{line.take.seconds:.1f} s" if line.take else "-"
        row = (
            f"{planned.id}  {line.source}  {planned.line.speaker:<{width}}  {seconds:>7}  "
            f"{len(script_takes.takes_of(line))}  {line.state:<8}  "
            f"{_shown(marks.get(planned.id), line.outdated)}{planned.line.text}"
        )
        console.emit(cut(row, console.columns(sys.stdout)))
    spoken = [line.take.seconds for line in lines if line.take]
    review = sum(bool(line.reasons) for line in lines)
    console.note(f"{count(len(lines), 'line')}, {clock(sum(spoken))} of speech, {review} to review")


@app.command()
def show(
    line: LineArgument, script: ScriptOption = None, as_json: JsonOption = False, takes: TakesOption = None
) -> None:
    """Show a line and all of its takes."""
    from csm_cli.editing.lines import line_row

    script_takes, found = _line(line, script, takes)
    row = line_row(script_takes, found)
    if as_json:
        console.emit_json([row])
        return
    console.emit(f"{row['name']}  {row['source']}  {row['speaker']}  {row['state']}")
    console.emit_rows([row["text"], *(f"stale: {change}" for change in row["changes"])])
    for number, take in enumerate(row["takes"], 1):
        mark = "*" if take["in_use"] else " "
        faults = "; ".join(take["reasons"]) or "good"
        console.emit(
            f"{mark}{number:>3}  {take['name'][:10]}  {take['origin']:<8}  seed {take['seed']}  "
            f"{take['seconds']:.1f} s  {'pinned  ' if take['pinned'] else ''}{faults}"
        )


@app.command()
def play(
    line: LineArgument,
    take: TakeArgument = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write a WAV instead of playing.")
    ] = None,
    script: ScriptOption = None,
    takes: TakesOption = None,
) -> None:
    """Play a take, or write it to a file."""
    script_takes, found = _line(line, script, takes)
    chosen = script_takes.find_take(found, take)
    import numpy as np

    sound = np.concatenate(script_takes.store.audio(chosen))
    if output is not None:
        from csm_cli.audio.files import write_wav

        write_wav(output, sound, chosen.rate)
        console.emit(str(output))
        return
    from csm_cli.cli.playback import play_sound

    title = f"{found.planned.id} {found.planned.line.speaker}: {found.planned.line.text}"
    otherwise = f", or write a file with -o; the take is {script_takes.store.audio_where(chosen)}"
    play_sound(sound, chosen.rate, "csm takes play", title, otherwise)


@app.command()
def reroll(
    line: LineArgument,
    number: Annotated[int, typer.Option("-n", min=1, max=64, metavar="N", help="Takes to make.")] = 1,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="N", help="Of the first take. Default: a new one.")
    ] = None,
    script: ScriptOption = None,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    no_resident: NoResidentOption = False,
    takes: TakesOption = None,
) -> None:
    """Speak a line again; the best new take is used from now on, the others are kept beside it."""
    from csm_cli.cli.loading import load_model
    from csm_cli.editing.reroll import options_of
    from csm_cli.editing.reroll import reroll as speak_again
    from csm_cli.rendering.verifying import make_verifier

    script_takes, found = _line(line, script, takes, speaks=True)
    if found.pinned:
        raise UsageError("the line is pinned", where=found.source, remedy=f"csm takes unpin {line}")
    options = options_of(script_takes, model=model, device=device)
    with console.busy("loading the checks"):
        verifier = make_verifier([script_takes.job], options, console.note)
    loaded = load_model(options, resident=not no_resident)
    with console.busy("speaking"):
        made = speak_again(
            script_takes,
            found,
            loaded.engine,
            loaded.limits,
            options,
            count=number,
            seed=seed,
            verifier=verifier,
        )
    script_takes.close()
    numbers = {take.id: number for number, take in enumerate(script_takes.takes_of(found), 1)}
    for place, each in enumerate(made):
        used = "used" if place == 0 else "kept"
        faults = "; ".join(each.reasons) or "good"
        console.emit(f"{each.id}  {used}  take {numbers[each.id]}  {each.seconds:.1f} s  {faults}")
    console.note(f"{found.source}: take {numbers[made[0].id]} is used from now on")
    note_render(script_takes)
    if made[0].reasons:
        raise typer.Exit(5)


@app.command()
def pin(
    line: LineArgument, take: TakeArgument = None, script: ScriptOption = None, takes: TakesOption = None
) -> None:
    """Pin a take: every rendering uses it, whatever changes around it."""
    from csm_cli.editing.pinning import pin as pin_take

    script_takes, found = _line(line, script, takes)
    pinned = pin_take(script_takes, found, script_takes.find_take(found, take))
    script_takes.close()
    number = [each.id for each in script_takes.takes_of(found)].index(pinned.id) + 1
    console.note(f"{found.source}: {found.planned.id} is pinned to take {number} ({pinned.id[:10]})")
    note_render(script_takes)


@app.command()
def unpin(line: LineArgument, script: ScriptOption = None, takes: TakesOption = None) -> None:
    """Let a pinned line go again."""
    from csm_cli.editing.pinning import unpin as unpin_line

    script_takes, found = _line(line, script, takes)
    freed = unpin_line(script_takes, found)
    script_takes.close()
    console.note(f"{found.source}: {found.planned.id} {'is free again' if freed else 'was not pinned'}")


@app.command("import")
def import_take(
    line: LineArgument,
    audio: Annotated[Path, typer.Argument(metavar="AUDIO", help="A recording of the line, in any format.")],
    script: ScriptOption = None,
    takes: TakesOption = None,
) -> None:
    """Make a recording, or an edited clip, the pinned take of a line."""
    from csm_cli.editing.pinning import import_recording

    script_takes, found = _line(line, script, takes, speaks=True)
    take, doubts = import_recording(script_takes, found, audio)
    script_takes.close()
    for doubt in doubts:
        console.note(f"warning: {audio}: {doubt}")
    console.emit(take.id)
    note_render(script_takes)


@app.command()
def export(
    script: ScriptArgument = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the clips.")
    ] = Path("clips"),
    needs_review: ReviewOption = False,
    speaker: SpeakerOption = None,
    chapter: ChapterOption = None,
    takes: TakesOption = None,
) -> None:
    """Write the takes in use as clips, one a line, with Audacity labels and a list of files to open."""
    from csm_cli.editing.choosing import chosen_lines
    from csm_cli.editing.exchange import export_clips

    script_takes = _script_takes(script, takes)
    for path in export_clips(
        script_takes, chosen_lines(script_takes, needs_review, speaker, chapter), output
    ):
        console.emit(str(path))


@app.command("import-edits")
def import_edits(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where csm takes export wrote the clips.")],
    script: Annotated[
        Path | None,
        typer.Argument(metavar="SCRIPT", help="Default: the script rendered here."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; change nothing.")
    ] = False,
    takes: TakesOption = None,
) -> None:
    """Take edited clips back: those that changed become the pinned takes of their lines."""
    from csm_cli.editing.exchange import import_edits as take_back

    script_takes = _script_takes(script, takes, speaks=True)
    found: dict[str, int] = {}
    for edit in take_back(script_takes, folder, dry_run=dry_run):
        found[edit.what] = found.get(edit.what, 0) + 1
        if edit.what in ("imported", "changed"):
            console.emit(f"{edit.line}  {edit.clip}")
        elif edit.what != "unchanged":
            reason = {"missing": "is not there", "gone": "its line is in the script no more"}
            console.note(
                f"warning: {edit.clip}: {reason.get(edit.what) or '; '.join(edit.doubts)}; left alone"
            )
        for doubt in edit.doubts if edit.what == "imported" else ():
            console.note(f"warning: {edit.clip}: {doubt}")
    script_takes.close()
    console.note(", ".join(f"{number} {what}" for what, number in found.items()) or "no clips")


@app.command()
def gc(
    project: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the scripts. Default: this one.")
    ] = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, say what would be.")] = False,
    takes: TakesOption = None,
) -> None:
    """Remove takes that no line uses any more and nobody pinned or chose."""
    from csm_cli.editing.garbage import collect

    found = collect(project, takes, console.note, dry_run=dry_run)
    for take in found.takes:
        console.emit(take)
    verb = "would be removed" if dry_run else "removed"
    leftovers = f" and {count(len(found.leftovers), 'leftover file')}" if found.leftovers else ""
    console.note(
        f"{count(len(found.takes), 'take')}{leftovers} {verb}, {size(found.bytes)}; {found.kept} kept"
    )


def _shown(mark: Mark | None, outdated: tuple[str, ...]) -> str:
    """What a person said of a line, and what has changed in it, in front of its text."""
    said = [] if mark is None else [f"{mark.mark}{f': {mark.fault}' if mark.fault else ''}"]
    return "".join(f"[{each}] " for each in (*said, *outdated))


def _script_takes(script: Path | None, takes: MaybePlace, speaks: bool = False) -> ScriptTakes:
    from csm_cli.editing.lines import ScriptTakes
    from csm_cli.takes.record import only_script

    return ScriptTakes(script or only_script(takes), takes, note=console.note, speaks=speaks)


def _line(
    name: str, script: Path | None, takes: MaybePlace, speaks: bool = False
) -> tuple[ScriptTakes, ScriptLine]:
    from csm_cli.editing.lines import ScriptTakes, split_name

    path, rest = split_name(name, script, takes)
    script_takes = ScriptTakes(path, takes, note=console.note, speaks=speaks)
    return script_takes, script_takes.find(rest)
