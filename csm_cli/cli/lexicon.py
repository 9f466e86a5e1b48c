"""`csm lexicon`: how certain words are to be said."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import count
from csm_cli.cli.help import App, Group
from csm_cli.cli.options import JsonOption, ScriptFormatOption
from csm_cli.core.errors import UsageError

app = App(
    cls=Group,
    help="How certain words are to be said.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def add(
    word: Annotated[str, typer.Argument(metavar="WORD", help="One word or several, as written.")],
    say: Annotated[str, typer.Argument(metavar="SAY", help="What is read in its place, in plain letters.")],
    speaker: Annotated[
        list[str] | None,
        typer.Option("--speaker", metavar="NAME", help="For this character alone; may be repeated."),
    ] = None,
    chapter: Annotated[
        list[int] | None,
        typer.Option("--chapter", metavar="N", min=1, help="In this chapter alone; may be repeated."),
    ] = None,
    case: Annotated[
        bool | None,
        typer.Option("--case/--any-case", help="Whether capitals count. Default: if WORD has one."),
    ] = None,
    part: Annotated[bool, typer.Option("--part", help="Inside longer words as well.")] = False,
    match: Annotated[
        bool, typer.Option("--match", help=r"WORD is a regular expression; \1 in SAY is its first group.")
    ] = False,
    user: Annotated[
        bool, typer.Option("--user", help="For all projects, in the user's folder, not in ./lexicon.yaml.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what the file says of WORD.")] = False,
) -> None:
    """Add a word to the lexicon of the scripts in this folder."""
    from csm_cli.text.lexicon import Entry, default_case
    from csm_cli.text.lexicon_files import add_entry, project_file, user_file

    if match and part:
        raise UsageError("does not go with --match", where="--part", remedy="leave it out")
    exact = (match or default_case(word)) if case is None else case
    speakers, chapters = tuple(speaker or ()), tuple(chapter or ())
    entry = Entry(word, say, speakers=speakers, chapters=chapters, case=exact, part=part, match=match)
    path = user_file() if user else project_file(Path())
    add_entry(path, entry, force=force)
    console.emit(str(path))


@app.command()
def remove(
    word: Annotated[str, typer.Argument(metavar="WORD", help="As it stands in the lexicon.")],
    user: Annotated[
        bool, typer.Option("--user", help="From the user's lexicon, not from ./lexicon.yaml.")
    ] = False,
) -> None:
    """Take a word, with all that is said of it, out of the lexicon of this folder."""
    from csm_cli.text.lexicon_files import project_file, remove_word, user_file

    path = user_file() if user else project_file(Path())
    remove_word(path, word)
    console.emit(str(path))


@app.command("list")
def list_entries(as_json: JsonOption = False) -> None:
    """List the entries that hold for scripts in this folder."""
    from csm_cli.text.lexicon_files import load_lexicon

    entries = load_lexicon(Path()).entries
    if as_json:
        console.emit_json([entry.as_dict() for entry in entries])
        return
    width = max((len(entry.word) for entry in entries), default=0)
    for entry in entries:
        scope = [*entry.speakers, *(f"chapter {number}" for number in entry.chapters)]
        scope += ["regular expression"] if entry.match else []
        scope += ["exact case"] if entry.case and not entry.match else []
        scope += ["any case"] if entry.match and not entry.case else []
        scope += ["part of words"] if entry.part else []
        shown = f"  ({', '.join(scope)})" if scope else ""
        console.emit(f"{entry.word:<{width}}  {entry.say}{shown}  {entry.layer}")


@app.command()
def check(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A script.")],
    as_json: JsonOption = False,
    format: ScriptFormatOption = None,
) -> None:
    """Show which entries a script uses, and which of its words may need one."""
    from csm_cli.lint.reports import check_lexicon
    from csm_cli.script import read_screenplay
    from csm_cli.text.normaliser import normaliser_for

    play = read_screenplay(script, format.value if format else None)
    found = check_lexicon(play, normaliser_for(play))
    if as_json:
        used = [{**entry.as_dict(), "used": times} for entry, times in found.uses]
        missing = [{"word": word, "why": why, "place": str(at)} for word, why, at in found.missing]
        unknown = [{**entry.as_dict(), "problem": what} for entry, what in found.unknown]
        shown = {"entries": used, "unknown": unknown, "missing": missing}
        console.emit_json(shown)
        return
    for entry, times in found.uses:
        console.emit(
            f"{entry.where}: {entry.word} -> {entry.say}: {count(times, 'time') if times else 'unused'}"
        )
    for entry, what in found.unknown:
        console.emit(f"{entry.where}: {entry.word}: {what}")
    for word, why, at in found.missing:
        console.emit(f'{at}: "{word}" has no entry: {why}')
    for warning in found.over_limit:
        console.note(warning)
    unused = sum(not times for _, times in found.uses)
    console.note(
        f"entries: {len(found.uses)}, unused: {unused}, doubtful words without one: {len(found.missing)}"
    )
