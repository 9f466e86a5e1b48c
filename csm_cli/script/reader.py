"""From a file to a screenplay, by the ending of its name; other names for its voices."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from csm_cli.core.errors import ScriptError
from csm_cli.script.document import Line, Screenplay
from csm_cli.script.problems import Problems
from csm_cli.script.reading import Reading
from csm_cli.script.source_text import STDIN, SourceText, read_source


def recast(play: Screenplay, names: Mapping[str, str]) -> Screenplay:
    """The script with voices renamed in cast, styles, chapters and lines.

    Args:
        play: the script.
        names: new name by old; voices that it does not hold stay.
    """
    if not names:
        return play

    def new(name: str) -> str:
        return names.get(name, name)

    cast = {
        member.name: replace(
            member,
            voice=new(member.voice),
            styles={style: new(voice) for style, voice in member.styles.items()},
        )
        for member in play.cast.values()
    }
    chapters = tuple(
        replace(
            chapter,
            items=tuple(
                replace(item, voice=new(item.voice)) if isinstance(item, Line) else item
                for item in chapter.items
            ),
            voices={speaker: new(voice) for speaker, voice in chapter.voices.items()},
        )
        for chapter in play.chapters
    )
    return replace(play, cast=cast, chapters=chapters)


ENDINGS = {
    "yaml": (".yaml", ".yml"),
    "markdown": (".md", ".markdown"),
    "fountain": (".fountain", ".spmd"),
    "text": (".txt",),
    "json": (".json",),
    "epub": (".epub",),
}
"""The formats that a script can be rendered from, and how their files end."""
FORMATS = tuple(ENDINGS)


class Checked(NamedTuple):
    """A script as far as it can be read, and all that was found; None: it does not parse."""

    screenplay: Screenplay | None
    problems: Problems


def read_screenplay(path: Path | str, format: str | None = None) -> Screenplay:
    """Read a script.

    Args:
        path: a file in UTF-8, in one of the formats of `ENDINGS`.
        format: one of `FORMATS`; None: by the ending of the name.

    Returns:
        The screenplay; its `path` is `path` as it was given.

    Raises:
        ScriptError: the file is missing, not UTF-8 or faulty; `problems` has every fault, one line each.
    """
    screenplay, problems = check_screenplay(path, format)
    problems.check()
    assert screenplay is not None
    return screenplay


def check_screenplay(
    path: Path | str, format: str | None = None, *, expand: bool = True, encoding: str = "utf-8"
) -> Checked:
    """Read a script as far as it goes.

    Args:
        path: as for `read_screenplay`.
        format: the same.
        encoding: of a text file.
        expand: False: variables and includes stay as they are; for a script that is to be written again.

    Raises:
        ScriptError: the file cannot be read as text at all.
    """
    path = Path(path)
    reading = reading_of(path, expand=expand, encoding=encoding)
    collecting = gc.isenabled()
    gc.disable()  # a book is a hundred thousand small values and no garbage: looking for it doubles the time
    try:
        screenplay = _read(path, reading, format)
    except ScriptError:
        reading.problems.check()  # then these are the same, or more
        raise
    finally:
        if collecting:
            gc.enable()
    return Checked(screenplay, reading.problems)


def reading_of(path: Path, *, expand: bool = True, encoding: str = "utf-8") -> Reading:
    """What reading the script at `path` begins with."""
    return Reading(path.parent, _read, expand=expand, encoding=encoding)


def format_of(path: Path, format: str | None = None) -> str:
    """The format of a script's file; what is piped in is Markdown unless `format` says otherwise.

    Raises:
        ScriptError: there is none of that ending.
    """
    if format:
        return format
    if path == STDIN:
        return "markdown"
    for name, endings in ENDINGS.items():
        if path.suffix.lower() in endings:
            return name
    if path.is_dir():
        raise ScriptError([f"{path}: error: this is a folder; name a script in it{_scripts_in(path)}"])
    accepted = ", ".join(ending for endings in ENDINGS.values() for ending in endings)
    raise ScriptError([f"{path}: error: not a script; the name must end in one of {accepted}"])


def _scripts_in(folder: Path) -> str:
    """The scripts of a folder, for a message."""
    endings = {ending for endings in ENDINGS.values() for ending in endings}
    try:
        names = sorted(
            file.name for file in folder.iterdir() if file.is_file() and file.suffix.lower() in endings
        )
    except OSError:
        return ""
    return f", such as {', '.join(names[:3])}" if names else ""


def _read(path: Path, reading: Reading, format: str | None = None) -> Screenplay | None:
    written_in = format_of(path, format)
    with reading.within(path):
        if written_in == "epub":
            from csm_cli.script.readers.epub import read_epub

            return read_epub(path, reading).screenplay
        return _reader(written_in)(read_source(path, reading.encoding), reading)


def _reader(format: str) -> Callable[[SourceText, Reading], Screenplay | None]:
    if format == "yaml":
        from csm_cli.script.readers.yaml import read_yaml

        return read_yaml
    if format == "fountain":
        from csm_cli.script.readers.fountain import read_fountain

        return read_fountain
    if format == "text":
        from csm_cli.script.readers.text import read_text_script

        return read_text_script
    if format == "json":
        from csm_cli.script.readers.json import read_json

        return read_json
    from csm_cli.script.readers.markdown import read_markdown

    return read_markdown
